//! The fidelity table's rows, each with a test that is named after it.
//!
//! `table` maps every row that binds (it was read in Stripe's documentation or seen in real
//! traffic) to its test; a row without one fails.

mod billing;
mod checkout;
mod delivery;
mod events;
mod money;
mod table;

use super::tests::{NOW, world};
use super::{Event, EventKind, Stripe};
use crate::{AccountId, CustomerId};
use serde_json::Value;

fn account() -> AccountId {
    AccountId::new("6f2c1d34-8a5b-4c7e-9f10-2b3a4c5d6e7f")
}

/// A world with a customer.
fn shop() -> (Stripe, CustomerId) {
    let mut stripe = world();
    let customer = stripe.create_customer(&account());
    (stripe, customer)
}

fn body(event: &Event) -> Value {
    serde_json::from_slice(event.body()).unwrap()
}

fn object(event: &Event) -> Value {
    body(event)["data"]["object"].take()
}

/// The latest event of a type.
fn last(stripe: &Stripe, kind: EventKind) -> &Event {
    let mut events = stripe.events().iter().rev();
    events.find(|event| event.kind == kind).unwrap()
}

/// The types of what was told since, in order.
fn told_since(stripe: &Stripe, before: usize) -> Vec<&'static str> {
    let events = stripe.events()[before..].iter();
    events.map(|event| event.kind.as_str()).collect()
}

fn count(stripe: &Stripe) -> usize {
    stripe.events().len()
}
