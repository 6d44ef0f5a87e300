//! **Claim.** Every reply is one that the model could have given in some order consistent with
//! real time.
//!
//! **For a founder.** What the system tells the customer is true: "reserved" means that the
//! credits are held, "not enough" means that there weren't enough.
//!
//! **Judged from** all replies together: there must be an order of all requests, in which none
//! comes before one that was over when it was sent, that makes each definite reply one that the
//! model allows (*linearizability*, Herlihy and Wing, 1990). A lost or an `error` reply is a
//! "maybe": it may have taken effect at any time after its call, or never. A sweep is as many
//! refunds as it tells. **It cannot see** what holds between accounts, nor an order that the model
//! has too many of to look at: it then says that it doesn't know.

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
