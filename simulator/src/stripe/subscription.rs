//! A Subscription: which period of a plan was paid last.

use super::invoice::BillingReason;

/// A plan's period. Stripe's months have 28 to 31 days; which, no ledger should care.
const PERIOD_SECONDS: i64 = 30 * 24 * 60 * 60;

/// A stretch of time in Unix seconds, from `start` up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// A customer's latest subscription to a plan.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) item: String,
    /// The period that was paid last.
    pub(super) period: Period,
}

impl Subscription {
    /// One whose first period starts at `now`: as if the period before had been paid.
    pub(super) fn starting(id: String, item: String, now: i64) -> Self {
        let period = Period {
            start: now - PERIOD_SECONDS,
            end: now,
        };
        Self { id, item, period }
    }

    /// Goes on to the next period. Returns what its invoice looks back on: the period before, or
    /// for a first invoice no time at all (I12).
    pub(super) fn go_on(&mut self, reason: BillingReason) -> Period {
        let before = self.period;
        self.period = Period {
            start: before.end,
            end: before.end + PERIOD_SECONDS,
        };
        match reason {
            BillingReason::SubscriptionCycle => before,
            BillingReason::SubscriptionCreate => Period {
                start: before.end,
                end: before.end,
            },
        }
    }
}
