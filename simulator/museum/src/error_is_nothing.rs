//! # The error that meant nothing to do
//!
//! **Story.** The handler believes no event: it fetches the session from Stripe and grants what that
//! says is paid. Where the fetch fails there is no paid session, so there is nothing to do, and the
//! event is answered with 200.
//!
//! **Source.** Stripe's docs: Checkout fulfillment, retrieve the session and check its
//! `payment_status`; rate limits, 429; advanced error handling, treat a 500 as indeterminate.
//!
//! **What it breaks.** `reconciliation`: the sale is paid, the event counts as delivered, and nobody
//! tells it again.
//!
//! **The founder's cost.** Nothing for months. Then a sale's first hour meets the rate limit, and the
//! busiest hour's customers are the ones who get nothing.
//!
//! **The cure.** No answer isn't a no: answer 5xx, and Stripe delivers the event again.

use crate::webhooks::{Habit, Unanswered};

/// The specimen's habit.
pub struct ErrorIsNothing;

impl Habit for ErrorIsNothing {
    fn asks_stripe() -> Option<Unanswered> {
        Some(Unanswered::IsNothing)
    }
}
