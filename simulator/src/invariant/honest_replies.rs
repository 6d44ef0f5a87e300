//! **Claim.** Every reply is one that the model could have given in some order consistent with
//! real time.
//!
//! **For a founder.** What the system tells the customer is true: "reserved" means that the
//! credits are held, "not enough" means that there weren't enough.
//!
//! **Judged from** each definite reply against the set that the model allows at that moment; a
//! lost reply counts as "maybe". Two calls that ran inside one another may have taken effect in either
//! order. **It cannot see** three of them: no schedule runs so many at once so far.

use super::audit::Wrong;
use super::{Evidence, Finding};

pub(super) const CLAIM: &str =
    "every reply is one that could have been given in some order consistent with real time";
pub(super) const MEANING: &str = "what the system tells the customer is true";

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    evidence.judge(evidence.audit.replies > 0, |found| {
        matches!(found.wrong, Wrong::Reply { .. })
    })
}
