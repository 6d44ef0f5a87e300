//! # Two names for one payment
//!
//! **Story.** Somebody reads that `invoice.paid` is the event to act on, somebody else that it is
//! `invoice.payment_succeeded`. Both handlers stay, each remembers what it has granted, and the two
//! don't know of each other.
//!
//! **Source.** Stripe's event types: a payment fires both, and `invoice.paid` also when an invoice is
//! marked as paid by hand. stripe-cli, pull request 821, lists both for one renewal.
//!
//! **What it breaks.** `exactly-once`: every renewal is granted twice.
//!
//! **The founder's cost.** Every subscriber gets double, from the first month, and nobody complains.
//!
//! **The cure.** Act on one of them (`invoice.paid`), and key the grant on the invoice, whatever event
//! tells it.

use crate::webhooks::{Event, Habit, Right};

/// The specimen's habit.
pub struct InvoiceTwice;

impl Habit for InvoiceTwice {
    fn paid_fact(event: &Event) -> Option<String> {
        if event.kind() == "invoice.payment_succeeded" && event.number("/amount_paid") > 0 {
            return Some(format!("payment of {}", event.text("/id")?));
        }
        Right::paid_fact(event)
    }
}
