//! **Claim.** A client role can raise no balance (its own neither), lower no other's, and read
//! only its own, by table, function, view, search path, or temporary-table shadowing.
//!
//! **For a founder.** A customer with a browser's console can't give themselves credits.
//!
//! **Judged from** nothing yet: no schedule makes the attempts so far, so it always says
//! `unchecked`. **It cannot see** anything until then; `migrations/verify/boundary.sql` looks at
//! the reference ledger's rights on a deployed database.

use super::{Evidence, Finding};

pub(super) const CLAIM: &str =
    "a client role can raise no balance, lower no other's, and read only its own";
pub(super) const MEANING: &str =
    "a customer with a browser's console can't give themselves credits";

pub(super) fn judge(_evidence: &Evidence<'_>) -> Finding {
    Finding::Unchecked
}
