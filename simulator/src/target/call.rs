//! An operation and its answer as data: what is scheduled, recorded, and judged.

use super::reply::{Balance, Charge, Delivery, Entry, Grant, LedgerError, Refund, Reserve, Status};
use super::{AccountId, Credits, CustomerId, FactId, JobId};
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
    Webhook,
    Balance,
    Entries,
}

/// What came back from a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// To open and link.
    Done,
    /// To a reserve.
    Reserve(Reserve),
    /// To a charge.
    Charge(Charge),
    /// To a refund.
    Refund(Refund),
    /// To a sweep: the jobs that it refunded.
    Sweep(Vec<JobId>),
    /// To a grant.
    Grant(Grant),
    /// To a delivery.
    Webhook(Status),
    /// To a balance.
    Balance(Balance),
    /// To entries.
    Entries(Vec<Entry>),
    /// No answer of the operation's own.
    Error(LedgerError),
}
