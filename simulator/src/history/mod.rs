//! What happened: requests and replies in order, with the money that was seen, as data.

mod name;
mod say;
mod trespass;

pub use name::Names;
pub use say::says;
pub use trespass::{Answer, Boundary, Effect, Reading, Stand, Trespassed};

use crate::model::Deed;
use crate::storm::Strike;
use crate::target::{AccountId, Balance, Call, Entry, LedgerError, Operation, Policy, Reply};
use std::collections::BTreeSet;

/// Everything that one schedule did to a ledger.
#[derive(Clone, Debug)]
pub struct History {
    /// The accounts, in the order that steps count them; the last is the bystander.
    pub parties: Vec<Party>,
    /// What this ledger was found to offer.
    pub offers: BTreeSet<Operation>,
    /// The choices that it declares.
    pub policy: Policy,
    /// What happened, in order.
    pub happenings: Vec<Happening>,
}

/// One account and what it opened with.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its id.
    pub account: AccountId,
    /// What it had before the storm; `None` where the ledger doesn't tell.
    pub opening: Option<Balance>,
    /// Its rows before the storm; `None` where the ledger doesn't tell.
    pub rows: Option<Vec<Entry>>,
}

/// One thing that happened, at its virtual second.
#[derive(Clone, Debug)]
pub struct Happening {
    /// Virtual seconds since the storm began.
    pub at: u32,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// Something in the business; no request yet.
    Business {
        /// Whose.
        account: usize,
        /// In words.
        said: String,
        /// What a ledger learns of it that asks Stripe; nothing for one that never does.
        knows: Vec<Deed>,
    },
    /// A request to the ledger.
    Request(Request),
    /// Requests inside one another.
    Duel {
        /// All of them, with how they went.
        requests: Vec<Request>,
        /// When each was under way.
        spans: Vec<Span>,
        /// Their statements, in the order in which they moved.
        moves: Vec<Move>,
    },
    /// Something went wrong inside the request that stands before it.
    Struck {
        /// On which instance.
        instance: usize,
        /// What, and when.
        strike: Strike,
        /// At which statement, in one line, or at which call to Stripe; empty right after a reply.
        sql: String,
        /// Whether that statement commits.
        commits: bool,
    },
    /// A process died and was opened again.
    Crash {
        /// Which instance.
        instance: usize,
    },
    /// The database's clock went forward.
    Travel {
        /// By so many seconds.
        seconds: u32,
    },
    /// The database died and was started again; the processes lived.
    ServerCrash,
    /// The balance was read while nothing was under way.
    Balance {
        /// Whose.
        account: usize,
        /// What the ledger showed.
        read: Result<Balance, LedgerError>,
    },
    /// The rows were read while nothing was under way.
    Entries {
        /// Whose.
        account: usize,
        /// What the ledger showed.
        read: Result<Vec<Entry>, LedgerError>,
    },
    /// A request got no definite answer however often it was retried.
    GaveUp(Request),
    /// The weather is over and every request has its answer.
    Calm,
    /// A sweep found nothing more to refund: no hold is open.
    Swept,
    /// Clients came to the ledger's boundary.
    Boundary(Boundary),
    /// One of them made an attempt, which was undone.
    Trespass(Box<Trespassed>),
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose business it is; `None` for a sweep, which is everybody's.
    pub account: Option<usize>,
    /// To which instance it was sent.
    pub instance: usize,
    /// What was sent.
    pub call: Call,
    /// What it means.
    pub deed: Deed,
    /// In words, such as `deliver checkout.session.completed evt_1`.
    pub said: String,
    /// Counted from 1.
    pub attempt: u32,
    /// How it went.
    pub outcome: Outcome,
}

/// When a request of a duel was under way. The clock counts begins and ends alone, in the order in
/// which they happened: it says what came before what, not how long anything took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// When it was sent.
    pub begins: u32,
    /// When its sender heard how it went; `None` if they never did.
    pub ends: Option<u32>,
}

impl Span {
    /// Whether it was over when the other was sent, so that it can't have taken effect after it.
    #[must_use]
    pub fn is_before(self, other: Span) -> bool {
        self.ends.is_some_and(|end| end < other.begins)
    }
}

/// One mark on a lane of a duel: a statement that moved, or what befell one that had moved before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Whose: the place of its request.
    pub actor: usize,
    /// The statement in one line: SQL; `(starts)` where the call begins only now; a write inside a
    /// call that is under way, such as `· update wallets`. Empty for what
    /// befell an earlier one.
    pub sql: String,
    /// What came of it: a command tag such as `UPDATE 1`, an error's message, `waits for A`. What
    /// befell an earlier statement says so itself: `wakes: UPDATE 1`, `dies`.
    pub said: String,
    /// Its number on its line.
    pub number: u64,
}

/// How a request went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Replied(Reply),
    /// It was answered, and nobody heard it.
    ReplyLost(Reply),
    /// It never reached the ledger.
    NeverArrived,
    /// The process died while it was at it.
    Died,
    /// It did not end within so many seconds.
    Hung(u64),
}

impl Happening {
    /// The requests that were made there.
    #[must_use]
    pub fn requests(&self) -> &[Request] {
        match &self.what {
            What::Request(request) => std::slice::from_ref(request),
            What::Duel { requests, .. } => requests,
            _ => &[],
        }
    }
}

impl Outcome {
    /// The answer that the sender heard.
    #[must_use]
    pub fn heard(&self) -> Option<&Reply> {
        match self {
            Outcome::Replied(reply) => Some(reply),
            Outcome::ReplyLost(_) | Outcome::NeverArrived | Outcome::Died | Outcome::Hung(_) => {
                None
            }
        }
    }

    /// Whether the sender knows how it went and needn't ask again.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        match self.heard() {
            Some(Reply::Webhook(status)) => status.is_success(),
            Some(reply) if reply.may_be_an_error() => false,
            Some(_) => true,
            None => false,
        }
    }
}

impl History {
    /// Whether the ledger offers an operation.
    #[must_use]
    pub fn offers(&self, operation: Operation) -> bool {
        self.offers.contains(&operation)
    }

    /// Every request, with its place; those of a duel have one place.
    pub fn requests(&self) -> impl Iterator<Item = (usize, &Request)> {
        self.happenings
            .iter()
            .enumerate()
            .flat_map(|(place, happening)| {
                let requests = happening.requests().iter();
                requests.map(move |request| (place, request))
            })
    }
}
