//! Replies in words, as a person reads them in a lane.

use crate::target::{Charge, Grant, LedgerError, Refund, Reply, Reserve};

/// A reply in a word or two.
#[must_use]
pub fn says(reply: &Reply) -> String {
    match reply {
        Reply::Done => "done".to_owned(),
        Reply::Reserve(reply) => match reply {
            Reserve::Reserved => "reserved",
            Reserve::Insufficient => "insufficient",
            Reserve::Conflict => "conflict",
            Reserve::Settled => "settled",
        }
        .to_owned(),
        Reply::Charge(reply) => match reply {
            Charge::Charged => "charged",
            Charge::Unknown => "unknown",
            Charge::Conflict => "conflict",
            Charge::Refunded => "refunded",
        }
        .to_owned(),
        Reply::Refund(reply) => match reply {
            Refund::Refunded => "refunded",
            Refund::Unknown => "unknown",
            Refund::Charged => "charged",
        }
        .to_owned(),
        Reply::Grant(reply) => match reply {
            Grant::Granted => "granted",
            Grant::Conflict => "conflict",
        }
        .to_owned(),
        Reply::Sweep(jobs) if jobs.is_empty() => "nothing to refund".to_owned(),
        Reply::Sweep(jobs) if jobs.len() == 1 => "refunded 1 job".to_owned(),
        Reply::Sweep(jobs) => format!("refunded {} jobs", jobs.len()),
        Reply::Swept(0) => "nothing to refund".to_owned(),
        Reply::Swept(1) => "refunded 1 job".to_owned(),
        Reply::Swept(count) => format!("refunded {count} jobs"),
        Reply::Either { said, .. } => said.clone(),
        Reply::Webhook(status) => format!("HTTP {}", status.code()),
        Reply::Balance(balance) => format!("spendable {}", balance.spendable),
        Reply::Entries(rows) => format!("{} rows", rows.len()),
        Reply::Error(LedgerError::NotOffered) => "not offered".to_owned(),
        Reply::Error(LedgerError::Again(_)) => "again".to_owned(),
        Reply::Error(LedgerError::Refused(why)) => format!("refused: {why}"),
        Reply::Error(LedgerError::Failed(why) | LedgerError::Mistaken(why)) => {
            format!("error: {why}")
        }
    }
}
