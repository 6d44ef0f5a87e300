//! # A refusal is no farewell
//!
//! **Story.** An invoice of an unknown customer is kept until somebody finds out whose it is, and
//! answered 400, so that Stripe stops. Stripe doesn't stop.
//!
//! **Source.** Stripe's webhook guide: everything but a 2xx is retried, a 4xx too, for up to three
//! days.
//!
//! **What it breaks.** `reconciliation`: each attempt is kept, and all are granted once the customer
//! is known.
//!
//! **The founder's cost.** New customers begin with three months for one, and the list of strangers
//! is full of the same invoice.
//!
//! **The cure.** What is kept is done: answer 2xx. And keep it under the invoice's id, so that it
//! can be kept once only.

use crate::webhooks::{Habit, Stranger};

/// The specimen's habit.
pub struct ParkedAgain;

impl Habit for ParkedAgain {
    fn meets_a_stranger() -> Stranger {
        Stranger::IsKeptAndRefused
    }

    fn remembers_what_it_refused() -> bool {
        true
    }
}
