//! **Claim.** Once Stripe is quiet, credits granted are the credits paid for less those clawed
//! back; forged, stale or altered deliveries move nothing; no paid event is lost.
//!
//! **For a founder.** What customers paid for is what they have, and nobody can post
//! themselves credits.
//!
//! **Judged from** the balance after the calm against what Stripe was paid, and around every
//! refused delivery. **It cannot see** a ledger without a webhook endpoint: there is nothing
//! to reconcile.

use super::{Breach, Evidence, Finding};
use crate::history::{Request, What};
use crate::model::{Deed, Standing};
use crate::target::{FactId, Operation, Reply};

pub(super) const CLAIM: &str = "credits granted are the credits paid for less those clawed back; what isn't Stripe's moves nothing";
pub(super) const MEANING: &str =
    "what customers paid for is what they have, and nobody can post themselves credits";

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    if !evidence.history.offers(Operation::Webhook) {
        return Finding::Unchecked;
    }
    if let Some(breach) = lost(evidence) {
        return Finding::Broken(breach);
    }
    let delivery = |request: &Request| fact(&request.deed).is_some();
    let looked = evidence
        .history
        .requests()
        .any(|(_, request)| matches!(request.outcome.heard(), Some(Reply::Webhook(_))));
    evidence.judge(looked, |found| match found.standing {
        Some(Standing::Tampered | Standing::Clawback) => true,
        Some(Standing::First) => evidence.behind(found).any(delivery) && !found.by_crash,
        _ => false,
    })
}

fn fact(deed: &Deed) -> Option<&FactId> {
    match deed {
        Deed::Paid { fact, .. }
        | Deed::Echoed { fact, .. }
        | Deed::Free { fact, .. }
        | Deed::Withdrawn { fact, .. }
        | Deed::Reinstated { fact, .. }
        | Deed::Repaid { fact, .. }
        | Deed::Unpaid { fact } => Some(fact),
        _ => None,
    }
}

/// A paid or repaid fact that the endpoint never took, however often Stripe told it.
fn lost(evidence: &Evidence<'_>) -> Option<Breach> {
    let taken = |request: &Request| matches!(request.outcome.heard(), Some(Reply::Webhook(status)) if status.is_success());
    evidence
        .history
        .happenings
        .iter()
        .enumerate()
        .find_map(|(place, happening)| {
            let What::GaveUp(request) = &happening.what else {
                return None;
            };
            let says = &request.deed;
            let matters = matches!(
                says,
                Deed::Paid { .. }
                    | Deed::Echoed { .. }
                    | Deed::Withdrawn { .. }
                    | Deed::Reinstated { .. }
                    | Deed::Repaid { .. }
            );
            let told = evidence.history.requests().any(|(_, other)| {
                taken(other)
                    && std::mem::discriminant(&other.deed) == std::mem::discriminant(says)
                    && fact(&other.deed) == fact(says)
            });
            (matters && !told).then(|| Breach {
                account: request.account,
                place,
                cause: None,
                nth: None,
                wanted: None,
                wrong: format!(
                    "{} was never taken: {} attempts, none answered with 2xx",
                    request.said, request.attempt
                ),
            })
        })
}
