//! # Each delivery is news
//!
//! **Story.** The handler adds what the event says. Every test sends each event once, and so does
//! Stripe, nearly always.
//!
//! **Source.** Stripe's webhook guide: "webhook endpoints might occasionally receive the same event
//! more than once".
//!
//! **What it breaks.** `exactly-once`: an event that comes again is granted again.
//!
//! **The founder's cost.** An endpoint that was slow once is retried; whoever bought in that minute
//! has twice what the receipt says.
//!
//! **The cure.** Note the sale under its own id in the transaction that grants it, and grant only
//! what is new there.

use crate::webhooks::Habit;

/// The specimen's habit.
pub struct EveryDelivery;

impl Habit for EveryDelivery {
    fn knows_what_it_did() -> bool {
        false
    }
}
