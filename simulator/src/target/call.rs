//! An operation and its answer as data: what is scheduled, recorded, and judged.

use super::reply::{Balance, Charge, Delivery, Entry, Grant, LedgerError, Refund, Reserve, Status};
use super::{AccountId, Credits, CustomerId, EventId, FactId, JobId, OfferKind};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One call to a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// The account exists from now on.
    Open {
        /// Whose.
        account: AccountId,
    },
    /// Stripe's customer is this account's.
    Link {
        /// Whose.
        account: AccountId,
        /// Stripe's customer.
        customer: CustomerId,
    },
    /// Hold credits for a job.
    Reserve {
        /// Who pays.
        account: AccountId,
        /// For what.
        job: JobId,
        /// How much, at most.
        amount: Credits,
    },
    /// The job succeeded.
    Charge {
        /// Which job.
        job: JobId,
        /// What it cost.
        cost: Credits,
    },
    /// The job failed.
    Refund {
        /// Which job.
        job: JobId,
    },
    /// Refund what nobody ended.
    Sweep {
        /// Holds younger than this stay.
        older_than: Duration,
    },
    /// Add bought credits, for ledgers without a webhook endpoint.
    Grant {
        /// Whose.
        account: AccountId,
        /// What was paid.
        fact: FactId,
        /// How many credits.
        amount: Credits,
        /// What Stripe says beside that.
        sale: Sale,
    },
    /// A Checkout Session was made: nothing is paid yet.
    Checkout {
        /// Whose.
        account: AccountId,
        /// The Session.
        fact: FactId,
        /// How many credits it will be worth.
        amount: Credits,
        /// What Stripe says beside that.
        sale: Sale,
    },
    /// Let time pass for all that the ledger keeps, for ledgers that can't be given a clock.
    Age {
        /// How much.
        by: Duration,
    },
    /// Hand over a Stripe event.
    Webhook(Delivery),
    /// Read the balance.
    Balance {
        /// Whose.
        account: AccountId,
    },
    /// Read the rows.
    Entries {
        /// Whose.
        account: AccountId,
    },
}

/// What Stripe says of a sale beside its fact and its credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The event that tells it now. A twin tells the same fact under another id.
    pub event: EventId,
    /// Stripe's customer.
    pub customer: CustomerId,
    /// The price id of what was bought.
    pub price: String,
    /// A pack, or a plan's period.
    pub kind: OfferKind,
    /// Of a plan, the paid period: its first second and the second after its last, Unix time.
    pub period: Option<(i64, i64)>,
}

impl Call {
    /// The operation's name, as DESIGN and reports write it.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self {
            Call::Open { .. } => Operation::Open,
            Call::Link { .. } => Operation::Link,
            Call::Reserve { .. } => Operation::Reserve,
            Call::Charge { .. } => Operation::Charge,
            Call::Refund { .. } => Operation::Refund,
            Call::Sweep { .. } => Operation::Sweep,
            Call::Grant { .. } => Operation::Grant,
            Call::Checkout { .. } => Operation::Checkout,
            Call::Age { .. } => Operation::Age,
            Call::Webhook(_) => Operation::Webhook,
            Call::Balance { .. } => Operation::Balance,
            Call::Entries { .. } => Operation::Entries,
        }
    }
}

/// The operations that a ledger may offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Operation {
    Open,
    Link,
    Reserve,
    Charge,
    Refund,
    Sweep,
    Grant,
    Checkout,
    Age,
    Webhook,
    Balance,
    Entries,
}

impl Operation {
    /// Its name, as files and reports write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Operation::Open => "open",
            Operation::Link => "link",
            Operation::Reserve => "reserve",
            Operation::Charge => "charge",
            Operation::Refund => "refund",
            Operation::Sweep => "sweep",
            Operation::Grant => "grant",
            Operation::Checkout => "checkout",
            Operation::Age => "age",
            Operation::Webhook => "webhook",
            Operation::Balance => "balance",
            Operation::Entries => "entries",
        }
    }
}

impl Reply {
    /// Whether its sender has to ask again: nothing is sure yet.
    #[must_use]
    pub fn may_be_an_error(&self) -> bool {
        match self {
            Reply::Error(error) => {
                !matches!(error, LedgerError::Refused(_) | LedgerError::NotOffered)
            }
            Reply::Either { replies, .. } => replies.iter().any(Reply::may_be_an_error),
            _ => false,
        }
    }
}

/// What came back from a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// To what has no answer of its own: open, link, checkout, age.
    Done,
    /// To a reserve.
    Reserve(Reserve),
    /// To a charge.
    Charge(Charge),
    /// To a refund.
    Refund(Refund),
    /// To a sweep: the jobs that it refunded.
    Sweep(Vec<JobId>),
    /// To a sweep that only counts: how many jobs it refunded.
    Swept(u64),
    /// To a grant.
    Grant(Grant),
    /// To a delivery.
    Webhook(Status),
    /// To a balance.
    Balance(Balance),
    /// To entries.
    Entries(Vec<Entry>),
    /// One of these, and the ledger doesn't say which.
    Either {
        /// The word or words that the contract file has for it.
        said: String,
        /// What it may mean.
        replies: Vec<Reply>,
    },
    /// No answer of the operation's own.
    Error(LedgerError),
}
