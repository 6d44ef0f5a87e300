//! What a ledger may decide for itself. A policy that isn't declared allows either way.

use super::Credits;
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
    /// A charge may cost more than was held.
    pub overcharge: bool,
    /// A reserve may take spendable below zero.
    pub overdraft: bool,
    /// What a reserve does that spendable doesn't cover.
    pub shortfall: Option<Shortfall>,
    /// What a renewal does to what is left of the last period.
    pub renewal: Option<Renewal>,
    /// What a charge spends.
    pub charge: Option<ChargeWhat>,
    /// The least that a charge costs.
    pub min_cost: Option<Credits>,
    /// When a delivery that was answered with 2xx is applied.
    pub applies: Option<Applies>,
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

/// A reserve that spendable doesn't cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shortfall {
    /// It takes nothing, and says so.
    Refuse,
    /// It takes what is there.
    Partial,
}

/// A plan's next period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewal {
    /// Its credits are added.
    Add,
    /// The balance begins anew; what was left is gone.
    Reset,
}

/// What a charge spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChargeWhat {
    /// The job's cost; the rest of the hold is released.
    Cost,
    /// The whole hold, whatever the job cost.
    Whole,
}

/// When a delivery is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applies {
    /// Before it is answered.
    AtSuccess,
    /// From a durable queue, soon after.
    Later,
}
