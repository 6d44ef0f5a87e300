//! # Completed isn't paid
//!
//! **Story.** `checkout.session.completed` sounds final, and with cards it is. Then bank debits are
//! switched on in the Dashboard, which takes no deployment.
//!
//! **Source.** Stripe's guide to fulfillment: look at the Checkout Session's `payment_status`; with
//! delayed methods it is `unpaid` at first, and the money comes days later or never.
//!
//! **What it breaks.** `reconciliation`: credits are there and the money never came.
//!
//! **The founder's cost.** Whoever gives a bank account without cover renders for nothing, and can do
//! it again tomorrow.
//!
//! **The cure.** Grant when `payment_status` is `paid`, on `completed` or `async_payment_succeeded`,
//! whichever comes.

use crate::webhooks::{Event, Habit, Right};

/// The specimen's habit.
pub struct UnpaidSession;

impl Habit for UnpaidSession {
    fn paid_fact(event: &Event) -> Option<String> {
        if event.is_checkout() && event.text("/mode") == Some("payment") {
            return event.text("/id").map(str::to_owned);
        }
        Right::paid_fact(event)
    }
}
