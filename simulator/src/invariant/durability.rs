//! **Claim.** What was acknowledged survives a crash of the process and of the database.
//!
//! **For a founder.** When the system said "done", it was done, whatever dies next.
//!
//! **Judged from** the balance around each death of a process and of the database; and where
//! something else is wrong after a death, from the same schedule without it: if nothing is wrong
//! then, the death is why. **It cannot see** what a disk loses: a crash here leaves all that the
//! operating system was handed, and a server that is lent isn't taken down at all.

use super::{Evidence, Finding};

pub(super) const CLAIM: &str =
    "what was acknowledged survives a crash of the process and of the database";
pub(super) const MEANING: &str = "when the system said \"done\", it was done, whatever dies next";

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    evidence.judge(evidence.audit.died_after_acknowledging, |found| {
        found.by_crash && !found.after_sweep
    })
}
