//! # The buyer without a customer
//!
//! **Story.** Accounts are found by Stripe's customer, which every subscriber has. Packs are sold
//! to whoever comes by.
//!
//! **Source.** Stripe's API reference, the Checkout Session: `customer` is null in payment mode
//! unless one was passed or asked for by `customer_creation`.
//!
//! **What it breaks.** `reconciliation`: a pack is paid and belongs to nobody.
//!
//! **The founder's cost.** First purchases fail, those of customers with a plan go well: the
//! founder's own account has one.
//!
//! **The cure.** Send our own id along, in `client_reference_id`, and find the account by it; the
//! customer is for what has no session, such as a renewal.

use crate::webhooks::{Event, Habit};

/// The specimen's habit.
pub struct GuestCheckout;

impl Habit for GuestCheckout {
    fn account(_: &Event) -> Option<&str> {
        None
    }
}
