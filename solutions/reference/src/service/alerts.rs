//! Low balances: somebody is told once a threshold, and again only after the balance has been
//! higher. The database remembers, so that two instances don't both tell.

use crate::Reference;
use simulator::AccountId;

/// The thresholds, in credits.
pub(super) struct Alerts {
    thresholds: Vec<i64>,
}

impl Alerts {
    pub(super) fn new(thresholds: Vec<i64>) -> Self {
        Self { thresholds }
    }

    /// The thresholds that an account has fallen below since it was last told.
    pub(super) async fn after(&self, ledger: &Reference, account: &AccountId) -> Vec<i64> {
        if self.thresholds.is_empty() {
            return Vec::new();
        }
        // An alert that couldn't be asked for is late, not lost: the next movement asks again.
        let low = ledger.low_balance(account, &self.thresholds).await;
        low.unwrap_or_default()
    }
}
