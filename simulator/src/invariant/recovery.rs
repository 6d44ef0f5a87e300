//! **Claim.** After crash and sweep no hold is stuck; a sweep refunds no job that succeeded
//! and none that is still young.
//!
//! **For a founder.** Credits that a lost worker held come back by themselves, before anyone
//! writes to support.
//!
//! **Judged from** what sweeps say that they refunded, and from the balance once a sweep finds
//! nothing more. Holds are young unless the database's clock is moved (`time-travel`); then the
//! calm's sweep asks by age. **It cannot see** that an old hold goes where the ledger tells ages
//! by another clock than the database's: only that a young one stays.

use super::{Evidence, Finding};
use crate::model::Standing;
use crate::target::Operation;

pub(super) const CLAIM: &str = "after crash and sweep no hold is stuck; a sweep refunds no job that succeeded and none still young";
pub(super) const MEANING: &str =
    "credits held by a lost worker come back before anyone writes to support";

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    if !evidence.history.offers(Operation::Sweep) {
        return Finding::Unchecked;
    }
    evidence.judge(evidence.audit.left_a_hold, |found| {
        found.after_sweep || found.standing == Some(Standing::Sweep)
    })
}
