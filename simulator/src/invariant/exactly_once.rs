//! **Claim.** One business fact moves the balance once, however many events, deliveries and
//! requests tell it.
//!
//! **For a founder.** A pack that was paid once is granted once; a click that was sent twice
//! costs once.
//!
//! **Judged from** the balance against the facts that were told, and from the replies to
//! repeats. **It cannot see** a ledger whose operations carry no key: what can't be told
//! twice isn't sent twice.

use super::{Evidence, Finding};
use crate::history::Request;
use crate::model::{Deed, Standing};

pub(super) const CLAIM: &str = "one business fact moves the balance once, however many events, deliveries and requests tell it";
pub(super) const MEANING: &str =
    "a pack that was paid once is granted once, and a double click costs once";

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    let looked = evidence.audit.seen.contains(&Standing::Repeat);
    let grant = |request: &Request| matches!(request.deed, Deed::Grant { .. });
    evidence.judge(looked, |found| match found.standing {
        // Who forgets a job tells a lie about it, and moves nothing twice.
        Some(Standing::Repeat) => !found.by_crash && !found.wrong.forgets(),
        // The same fact told with another amount, or told once and moved more or less than that.
        Some(Standing::Mismatch) => evidence.behind(found).any(grant),
        Some(Standing::First) => evidence.behind(found).any(grant) && !found.by_crash,
        _ => false,
    })
}
