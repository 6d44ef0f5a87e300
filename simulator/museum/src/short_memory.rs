//! # Forgotten too soon
//!
//! **Story.** The keys of what was granted are kept for as long as Stripe retries, and thrown away
//! then, to keep the table small. Here that is the last three of them.
//!
//! **Source.** Stripe's docs, process undelivered events: an event can be sent again by hand for
//! weeks, and that doesn't stop the automatic retries.
//!
//! **What it breaks.** `exactly-once`: what comes after its key is gone is granted again.
//!
//! **The founder's cost.** Somebody cleans up the Dashboard's failed deliveries, and a month of
//! sales is granted twice.
//!
//! **The cure.** The key is part of the grant: keep it as long as the row.

use crate::webhooks::Habit;

/// The specimen's habit.
pub struct ShortMemory;

impl Habit for ShortMemory {
    fn remembers() -> Option<i64> {
        Some(3)
    }
}
