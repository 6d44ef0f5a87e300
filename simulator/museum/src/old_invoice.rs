//! # The field that moved
//!
//! **Story.** `invoice.subscription` tells a renewal from other invoices. The account's API version is
//! moved to a newer one for something else.
//!
//! **Source.** Stripe's changelog, 2025-03-31.basil: `subscription` is removed from the Invoice, and
//! stands in `parent.subscription_details`.
//!
//! **What it breaks.** `reconciliation`: no invoice looks like a subscription's, and no renewal is
//! granted.
//!
//! **The founder's cost.** All subscribers on one day. The handler answers 200 throughout.
//!
//! **The cure.** An endpoint has an API version of its own: move it on purpose, with a second endpoint
//! beside it. Read what that version has.

use crate::webhooks::{Event, Habit, Right};

/// The specimen's habit.
pub struct OldInvoice;

impl Habit for OldInvoice {
    fn paid_fact(event: &Event) -> Option<String> {
        if event.kind() == "invoice.paid" {
            event.text("/subscription")?;
        }
        Right::paid_fact(event)
    }
}
