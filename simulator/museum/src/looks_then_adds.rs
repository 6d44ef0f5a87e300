//! # Both looked, neither saw
//!
//! **Story.** Before it grants, the handler looks whether the sale was granted. Two deliveries of
//! one event come at once, and two processes look.
//!
//! **Source.** Stripe's guide to fulfillment: the function "may be called multiple times, possibly
//! concurrently, for the same Checkout Session".
//!
//! **What it breaks.** `exactly-once`: both find nothing and both add.
//!
//! **The founder's cost.** It shows with the second process, in the week of the launch.
//!
//! **The cure.** Don't look: insert under a unique key, and grant if the insert was the first.

use crate::webhooks::Habit;

/// The specimen's habit.
pub struct LooksThenAdds;

impl Habit for LooksThenAdds {
    fn looks_first() -> bool {
        true
    }
}
