//! # The event that came too late
//!
//! **Story.** Events may come out of order, so the handler keeps the time of the latest and drops what
//! is older. For a status that is right. For a purchase it isn't.
//!
//! **Source.** Stripe's webhook guide: "Stripe doesn't guarantee the delivery of events in the order
//! that they're generated"; `created` is in whole seconds.
//!
//! **What it breaks.** `reconciliation`: a purchase whose delivery was delayed is dropped if another
//! overtook it.
//!
//! **The founder's cost.** After every outage of his own: what was retried is what is lost.
//!
//! **The cure.** Each sale is a fact of its own, and its order to others doesn't matter. For what is
//! current, ask the API.

use crate::webhooks::Habit;

/// The specimen's habit.
pub struct LatestWins;

impl Habit for LatestWins {
    fn is_timely(created: i64, latest: i64) -> bool {
        created >= latest
    }
}
