//! What a ledger may decide for itself. A policy that isn't declared allows either way.

use serde::{Deserialize, Serialize};

/// The declared choices of a ledger. `None` means undeclared: the model then allows every
/// answer that some reasonable ledger would give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// What a success does that comes after the job's refund.
    pub late_success: Option<LateSuccess>,
    /// What happens to credits that are clawed back when they are already spent.
    pub clawback: Option<Clawback>,
    /// What a retried reserve hears once the job has ended.
    pub retry_answer: Option<RetryAnswer>,
    /// Whether a charge may cost less than was held.
    pub partial_charge: Option<bool>,
    /// What the entries' deltas sum to.
    pub entries_sum: Option<EntriesSum>,
}

/// A success that comes after the refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LateSuccess {
    /// Replies `refunded`; nothing moves.
    Reject,
    /// Spends again if spendable covers it, else replies `refunded` and nothing moves.
    Recollect,
}

/// Credits to take back that spendable cannot cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clawback {
    /// The rest becomes `owed`, and whatever raises spendable pays it first.
    Owed,
    /// Spendable goes below zero.
    Negative,
    /// Spendable stops at zero; the rest is forgiven.
    Floor,
    /// Refunded money takes no credits back.
    None,
}

/// The answer to a reserve that is told again after its job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryAnswer {
    /// What is true now: `settled`.
    Now,
    /// What was said first, as Stripe's own idempotency keys do.
    First,
}

/// What the sum of an account's rows equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntriesSum {
    /// The sum is spendable: a hold writes a row when it takes credits.
    Spendable,
    /// The sum is spendable and held together: only what is spent writes a row.
    WithHolds,
}
