//! What a ledger can answer, one closed enum an operation.

use super::{Credits, JobId};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use thiserror::Error;

/// The answer to a reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reserve {
    /// The amount is held for the job.
    Reserved,
    /// Spendable doesn't cover it; nothing is held, and it may succeed later.
    Insufficient,
    /// The same job was reserved for another account or amount.
    Conflict,
    /// The job has ended: nothing is held.
    Settled,
}

/// The answer to a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Charge {
    /// The cost is spent and the rest released.
    Charged,
    /// No such job.
    Unknown,
    /// Already charged another cost, or the cost is above what was held.
    Conflict,
    /// The job was refunded before; nothing moves.
    Refunded,
}

/// The answer to a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refund {
    /// The whole hold is released.
    Refunded,
    /// No such job.
    Unknown,
    /// The job succeeded; nothing moves.
    Charged,
}

/// The answer to a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grant {
    /// The credits are there, whether added now or before.
    Granted,
    /// The same fact was granted before with another account or amount.
    Conflict,
}

/// What an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Balance {
    /// What can be reserved now.
    pub spendable: Credits,
    /// What open jobs hold; `None` where the ledger doesn't tell.
    pub held: Option<Credits>,
    /// What was clawed back and couldn't be taken yet; `None` where the ledger doesn't tell.
    pub owed: Option<Credits>,
}

/// One row of an account's history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// By how much the row moves the balance.
    pub delta: Credits,
    /// What the ledger calls this movement, such as `grant`.
    pub kind: String,
    /// The job that it belongs to, if any.
    pub job: Option<JobId>,
}

/// The one header of a delivery that a ledger needs.
pub const SIGNATURE_HEADER: &str = "Stripe-Signature";

/// One HTTP attempt to hand an event over, as the endpoint sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Header names and values, in the order sent. Most are the same in every delivery.
    pub headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    /// The raw body: sign and verify these bytes, not a parsed copy. Every delivery of an event
    /// shares them.
    pub body: Bytes,
}

impl Delivery {
    /// The value of a header; names are compared without case, as HTTP does.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    /// The `Stripe-Signature` header's value.
    #[must_use]
    pub fn signature(&self) -> Option<&str> {
        self.header(SIGNATURE_HEADER)
    }
}

/// The HTTP status that an endpoint answers a delivery with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Status(u16);

impl Status {
    /// Done, or nothing to do.
    pub const OK: Status = Status(200);
    /// Refused: the delivery isn't genuine or makes no sense. Stripe will retry all the same.
    pub const BAD_REQUEST: Status = Status(400);
    /// Try again later.
    pub const UNAVAILABLE: Status = Status(503);

    /// Any status code.
    #[must_use]
    pub const fn new(code: u16) -> Self {
        Self(code)
    }

    /// The code.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Whether Stripe counts the delivery as done: 200 to 299.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 >= 200 && self.0 < 300
    }

    /// Whether the endpoint refused: 400 to 499.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        self.0 >= 400 && self.0 < 500
    }
}

/// Why an operation has no answer of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum LedgerError {
    /// The ledger has no such operation.
    #[error("not offered")]
    NotOffered,
    /// Nothing moved; ask again, for instance after a serialization failure.
    #[error("nothing moved, try again: {0}")]
    Again(String),
    /// A definite no: nothing moved, and asking again won't help.
    #[error("refused: {0}")]
    Refused(String),
    /// Something went wrong, and it *maybe* moved.
    #[error("{0}")]
    Failed(String),
    /// The ledger was called in a way, or answered in a way, that its contract file doesn't
    /// describe: the file's mistake, with what to change in it.
    #[error("{0}")]
    Mistaken(String),
}

impl LedgerError {
    /// A definite no, with its reason.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }

    /// Anything that went wrong, with what is known about it.
    #[expect(clippy::needless_pass_by_value, reason = "`map_err` hands errors over")]
    pub fn failed(reason: impl ToString) -> Self {
        Self::Failed(reason.to_string())
    }
}

/// Lets `?` carry a database error out of a ledger. A serialization failure (40001) and a
/// deadlock's victim (40P01) moved nothing; whatever else fails may have moved.
impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        // PostgreSQL's own words: the driver adds the line of PostgreSQL's source to them.
        let said = error
            .as_database_error()
            .map_or_else(|| error.to_string(), |error| error.message().to_owned());
        match code.as_deref() {
            Some("40001" | "40P01") => Self::Again(said),
            _ => Self::Failed(said),
        }
    }
}
