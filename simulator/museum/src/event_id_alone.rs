//! # The same sale under another id
//!
//! **Story.** Stripe may send an event twice, so the ids of processed events are kept in a table. The
//! grant's own key is that id too.
//!
//! **Source.** Stripe's webhook guide: "in some cases, two separate Event objects are generated and
//! sent. To identify these duplicates, use the ID of the object in `data.object` along with the
//! `event.type`."
//!
//! **What it breaks.** `exactly-once`: a second Event about one sale grants it again.
//!
//! **The founder's cost.** Rare and at random: a customer has twice what the receipt says, and the
//! table shows two events that look unrelated.
//!
//! **The cure.** Keep the table of events, and key the grant on the Checkout Session or the Invoice.

use crate::webhooks::{Event, Habit, Right};

/// The specimen's habit.
pub struct EventIdAlone;

impl Habit for EventIdAlone {
    fn paid_fact(event: &Event) -> Option<String> {
        Right::paid_fact(event).map(|_| event.id().to_owned())
    }
}
