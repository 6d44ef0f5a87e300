//! # The customer who paid too early
//!
//! **Story.** An invoice arrives for a customer whom the database doesn't have yet. The handler notes
//! the event as processed, looks the customer up, and answers 400. Stripe tries again, as it should,
//! and is told that the event was processed.
//!
//! **Source.** Stripe's webhook guide: event ordering isn't guaranteed, and everything but a 2xx is
//! retried for three days.
//!
//! **What it breaks.** `reconciliation`: the invoice is paid and never granted.
//!
//! **The founder's cost.** New customers, in their first minute: those who were quickest to pay.
//!
//! **The cure.** Note the event in the transaction of what it did, and only if it did it; or keep the
//! payment and grant it when the customer is linked.

use crate::webhooks::{Habit, Stranger};

/// The specimen's habit.
pub struct ForgottenStranger;

impl Habit for ForgottenStranger {
    fn meets_a_stranger() -> Stranger {
        Stranger::IsRefused
    }

    fn remembers_what_it_refused() -> bool {
        true
    }
}
