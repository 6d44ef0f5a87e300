//! The business moves: what buyers, banks, billing and support do, and the events that follow.
//!
//! A move emits all that Stripe tells about its fact: one refund is four events. What of it says
//! anything about credits, each event's [`Meaning`](super::Meaning) tells.

mod billing;
mod checkout;
mod clocks;
mod customers;
mod disputes;
mod invoicing;
mod payments;
mod refunds;

pub(super) use billing::Due;
pub(super) use checkout::Order;
pub(super) use customers::{NewCustomer, NewPrice};

use super::error::StripeError;
use super::event::{EventKind, Meaning, Snapshot, Told};
use super::world::{Sale, Stripe};
use crate::{EventId, FactId};

/// What a business move made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The sale that it was about: name it to refund it.
    pub fact: FactId,
    /// The events that tell it, in the order emitted. Stripe may deliver them in any other.
    pub events: Vec<EventId>,
}

/// A move under way: its sale, and what was told of it so far.
struct Telling {
    sale: Sale,
    at: i64,
    events: Vec<EventId>,
}

impl Telling {
    fn of(sale: Sale, at: i64) -> Self {
        let events = Vec::new();
        Self { sale, at, events }
    }

    /// Tells something that says nothing about credits.
    fn mention(&mut self, world: &mut Stripe, kind: EventKind, object: impl Into<Snapshot>) {
        self.tell(world, kind, object, Told::Nothing);
    }

    fn tell(
        &mut self,
        world: &mut Stripe,
        kind: EventKind,
        object: impl Into<Snapshot>,
        told: Told,
    ) {
        let meaning = Meaning {
            account: self.sale.account.clone(),
            fact: self.sale.fact.clone(),
            told,
        };
        self.events.push(world.emit(self.at, kind, object, meaning));
    }

    fn done(self) -> Emitted {
        Emitted {
            fact: self.sale.fact,
            events: self.events,
        }
    }
}

impl Stripe {
    /// A second Event with an id of its own about the same object, as it was then (D5).
    ///
    /// # Errors
    /// No such event.
    pub fn twin(&mut self, event: &EventId) -> Result<EventId, StripeError> {
        let first = self
            .event(event)
            .ok_or_else(|| StripeError::NoSuchEvent(event.clone()))?;
        let (kind, meaning) = (first.kind, first.meaning.clone());
        let (snapshot, request) = (first.snapshot.clone(), first.request.clone());
        let cause = std::mem::replace(&mut self.cause, request);
        let twin = self.emit(self.now, kind, snapshot, meaning);
        self.cause = cause;
        Ok(twin)
    }
}
