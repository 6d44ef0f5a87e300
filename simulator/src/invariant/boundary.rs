//! **Claim.** A client role can raise no balance (its own neither), lower no other's, and read
//! only its own, by table, function, view, search path, or temporary-table shadowing.
//!
//! **For a founder.** A customer with a browser's console can't give themselves credits.
//!
//! **Judged from** attempts: once a run, clients of the roles that the ledger declares write its
//! tables, call its functions, put tables of their own in the way of both, and read whatever
//! shows rows, each in a transaction that is undone. What they may do isn't judged, but what it
//! does: the ledger's own balances and rows with the attempt and without it, as whom a client's
//! own code ran, and whether what was shown is another's money: a job, a sale or a figure of
//! theirs. To be told that an account exists is none. A client may spend and hold its own.
//!
//! **It cannot see** anything where no client role is declared, or none is in the database. It
//! guesses arguments by name and type, a bounded number of them, and makes one attempt at a time:
//! what takes two steps, or a trigger of the owner's, stays hidden. Figures of fewer than three digits prove nothing.

use super::offence::offence;
use super::{Breach, Evidence, Finding};
use crate::history::What;

pub(super) const CLAIM: &str =
    "a client role can raise no balance, lower no other's, and read only its own";
pub(super) const MEANING: &str =
    "a customer with a browser's console can't give themselves credits";

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    let happenings = &evidence.history.happenings;
    let visit = happenings.iter().find_map(|it| match &it.what {
        What::Boundary(boundary) => Some(boundary),
        _ => None,
    });
    let Some(boundary) = visit else {
        return Finding::Unchecked;
    };
    let places = happenings.iter().enumerate();
    let attempts = places.filter_map(|(place, happening)| match &happening.what {
        What::Trespass(trespassed) => Some((place, trespassed)),
        _ => None,
    });
    let attempts: Vec<_> = attempts.collect();
    let offences = attempts.iter().filter_map(|(place, trespassed)| {
        offence(boundary, trespassed).map(|offence| (*place, offence))
    });
    // Who takes is worse than who looks.
    if let Some((place, offence)) = offences.min_by_key(|(_, offence)| offence.looks_only) {
        return Finding::Broken(Breach {
            account: Some(offence.account),
            place,
            cause: None,
            nth: None,
            wrong: offence.wrong,
            wanted: None,
        });
    }
    let told = boundary.stands.iter().any(|it| it.reading.balance.is_ok());
    if boundary.unfinished.is_some() {
        Finding::Unknown
    } else if !attempts.is_empty() && told {
        Finding::Held
    } else {
        Finding::Unchecked
    }
}
