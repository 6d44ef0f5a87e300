//! **Claim.** Charged is final, refunded is final but for a declared recollect, and the net is
//! the cost or nothing, whatever order success, failure, cancel, time-out and retries arrive in.
//!
//! **For a founder.** A job ends once. Whoever reports last doesn't win.
//!
//! **Judged from** the replies to whatever comes after a job's end, and from the balance.
//! **It cannot see** every race of two ends inside database functions: their writes are held, their
//! reads aren't.

use super::{Evidence, Finding};
use crate::model::Standing;

pub(super) const CLAIM: &str = "charged is final, refunded is final but for a declared recollect, in whatever order ends arrive";
pub(super) const MEANING: &str = "a job ends once: whoever reports last doesn't win";

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    let looked = evidence.audit.seen.contains(&Standing::Contrary);
    evidence.judge(looked, |found| {
        found.standing == Some(Standing::Contrary) && !found.by_crash
    })
}
