//! The choices that a ledger may make for itself, resolved: one of each.

use crate::target::{ChargeWhat, Clawback, Credits, LateSuccess, Policy, RetryAnswer, Shortfall};

/// One complete set of choices. A declared policy leaves one; an undeclared one leaves all
/// that reasonable ledgers make, and the history decides which of them still fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choices {
    /// A success after the refund.
    pub late_success: LateSuccess,
    /// Credits to take back that spendable cannot cover.
    pub clawback: Clawback,
    /// A reserve told again after its job's end.
    pub retry_answer: RetryAnswer,
    /// Whether a charge may cost less than was held.
    pub partial_charge: bool,
    /// Whether a charge may cost more than was held.
    pub overcharge: bool,
    /// Whether a reserve may take spendable below zero.
    pub overdraft: bool,
    /// Whether a reserve takes what is there where spendable doesn't cover it.
    pub partial_reserve: bool,
    /// Whether a charge spends the whole hold.
    pub whole_charge: bool,
    /// The least that a charge costs.
    pub min_cost: i64,
}

impl Choices {
    /// Every set that the policy allows.
    #[must_use]
    pub fn allowed_by(policy: &Policy) -> Vec<Self> {
        let late = one_or(
            policy.late_success,
            &[LateSuccess::Reject, LateSuccess::Recollect],
        );
        let clawbacks = one_or(
            policy.clawback,
            &[
                Clawback::Owed,
                Clawback::Negative,
                Clawback::Floor,
                Clawback::None,
            ],
        );
        let partial = one_or(policy.partial_charge, &[true, false]);
        // Undeclared means `now`: a job that has ended pays for no more work.
        let retry_answer = policy.retry_answer.unwrap_or(RetryAnswer::Now);
        let mut all = Vec::new();
        for &late_success in &late {
            for &clawback in &clawbacks {
                for &partial_charge in &partial {
                    all.push(Self {
                        late_success,
                        clawback,
                        retry_answer,
                        partial_charge,
                        // These are nobody's default: what isn't declared isn't allowed.
                        overcharge: policy.overcharge,
                        overdraft: policy.overdraft,
                        partial_reserve: policy.shortfall == Some(Shortfall::Partial),
                        whole_charge: policy.charge == Some(ChargeWhat::Whole),
                        min_cost: policy.min_cost.map_or(0, Credits::get),
                    });
                }
            }
        }
        all
    }
}

fn one_or<T: Copy>(declared: Option<T>, all: &[T]) -> Vec<T> {
    declared.map_or_else(|| all.to_vec(), |one| vec![one])
}
