//! # A subscription that is bought twice
//!
//! **Story.** Packs are granted when Checkout is completed, renewals when an invoice is paid. Then
//! subscriptions are sold through Checkout too, and the first month arrives by both ways.
//!
//! **Source.** Stripe's guide to subscriptions with Checkout: `checkout.session.completed` and
//! `invoice.paid` both come for the first payment.
//!
//! **What it breaks.** `exactly-once`: the first month is granted twice.
//!
//! **The founder's cost.** Everybody who subscribes, cancels and subscribes again gets a month for
//! nothing each time.
//!
//! **The cure.** A session in mode `subscription` grants nothing: its first invoice tells the same
//! payment, and names it for refunds too.

use crate::webhooks::{Event, Habit, Right};

/// The specimen's habit.
pub struct SubscriptionTwice;

impl Habit for SubscriptionTwice {
    fn paid_fact(event: &Event) -> Option<String> {
        let paid = event.is_checkout() && event.text("/payment_status") == Some("paid");
        if paid {
            return event.text("/id").map(str::to_owned);
        }
        Right::paid_fact(event)
    }
}
