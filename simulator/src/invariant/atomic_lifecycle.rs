//! **Claim.** No reserve takes more than was spendable when it took effect, spendable never
//! goes below zero (clawbacks by policy aside), and reserve, then charge or refund, moves
//! exactly its amounts.
//!
//! **For a founder.** Nobody spends credits that they don't have, and nobody pays for work
//! that failed.
//!
//! **Judged from** replies, and from spendable after the calm. **It cannot see** what happens
//! between two reads inside one database function: only its writes are held.

use super::{Evidence, Finding};
use crate::history::Request;
use crate::model::{Deed, Standing};

pub(super) const CLAIM: &str = "no reserve takes more than was spendable, and reserve → charge or refund moves exactly its amounts";
pub(super) const MEANING: &str =
    "nobody spends credits that they don't have, and nobody pays for work that failed";

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    let about_a_job = |request: &Request| {
        matches!(
            request.deed,
            Deed::Reserve { .. } | Deed::Charge { .. } | Deed::Refund { .. }
        )
    };
    let looked = evidence
        .history
        .requests()
        .any(|(_, request)| about_a_job(request) && request.outcome.heard().is_some());
    evidence.judge(looked, |found| {
        evidence.behind(found).any(about_a_job)
            && !found.by_crash
            && matches!(
                found.standing,
                Some(
                    Standing::First
                        | Standing::Overdraw
                        | Standing::Nonsense
                        | Standing::Unfounded
                        | Standing::Mismatch
                )
            )
    })
}
