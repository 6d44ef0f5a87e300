//! **Claim.** Every call ends, no deadlock outlives its retry, and a retried event is applied
//! in the end.
//!
//! **For a founder.** Nothing hangs forever; what failed once works when it is tried again.
//!
//! **Judged from** whether the calm is reached: each request has a definite answer within the
//! retries that Stripe and a patient client make; where a no is due, an error will do.
//! **It cannot see** how long is too long for your customers: only a call that exceeds a generous
//! limit counts as hung.

use super::{Breach, Evidence, Finding};
use crate::history::{Outcome, Request, What};
use crate::model::Deed;
use crate::target::Reply;

pub(super) const CLAIM: &str =
    "every call ends, and what is retried succeeds or is refused in the end";
pub(super) const MEANING: &str =
    "nothing hangs forever, and what failed once works when it is tried again";

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    let stuck = evidence
        .history
        .happenings
        .iter()
        .enumerate()
        .find_map(|(place, happening)| {
            let What::GaveUp(request) = &happening.what else {
                return None;
            };
            if evidence.audit.refusable.contains(&place)
                && !matches!(request.outcome, Outcome::Hung(_))
            {
                return None;
            }
            told(request, evidence).map(|wrong| Breach {
                account: request.account,
                place,
                cause: None,
                nth: None,
                wanted: None,
                wrong,
            })
        });
    match stuck {
        Some(breach) => Finding::Broken(breach),
        None if evidence.history.requests().next().is_some() => Finding::Held,
        None => Finding::Unchecked,
    }
}

/// What is wrong with a request that never got a definite answer; a delivery that the endpoint
/// refuses each time is a definite no, and whether that was right is another claim's business.
fn told(request: &Request, evidence: &Evidence<'_>) -> Option<String> {
    let attempts = format!(
        "{} gave no definite answer in {} attempts",
        request.said, request.attempt
    );
    match &request.outcome {
        Outcome::Hung(seconds) => Some(format!("{} did not end within {seconds} s", request.said)),
        Outcome::Replied(Reply::Webhook(status)) if status.is_refusal() => None,
        Outcome::Replied(Reply::Error(_)) if is_unfounded(request, evidence) => None,
        Outcome::Replied(Reply::Error(error)) => Some(format!("{attempts}; the last: {error}")),
        Outcome::Replied(Reply::Webhook(status)) => {
            Some(format!("{attempts}; the last: HTTP {}", status.code()))
        }
        _ => Some(attempts),
    }
}

/// The end of a job that nobody reserved: an error is as good a no as any.
fn is_unfounded(request: &Request, evidence: &Evidence<'_>) -> bool {
    let (Deed::Charge { job, .. } | Deed::Refund { job }) = &request.deed else {
        return false;
    };
    !evidence.history.requests().any(
        |(_, other)| matches!(&other.deed, Deed::Reserve { job: reserved, .. } if reserved == job),
    )
}
