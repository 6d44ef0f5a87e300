//! # The renewal that resets
//!
//! **Story.** A plan has fifty credits a month, so on renewal day the balance becomes fifty. Packs are
//! added to the shop later.
//!
//! **Source.** Stripe's own billing credits are grants with an amount and an expiry each, not one
//! balance that is set.
//!
//! **What it breaks.** `reconciliation`: what was bought in packs is gone.
//!
//! **The founder's cost.** The best customers, those who subscribe and buy more, lose the most.
//!
//! **The cure.** Grants add. What should lapse is a grant with an end, in rows of its own.

use crate::webhooks::Habit;

/// The specimen's habit.
pub struct RenewalSets;

impl Habit for RenewalSets {
    fn renewal_sets() -> bool {
        true
    }
}
