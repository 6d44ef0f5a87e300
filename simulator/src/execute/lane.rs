//! What one affair has made in the world so far: a sale with its events, or a job.

use crate::stripe::{Emitted, Stripe};
use crate::target::{EventId, FactId, JobId};

/// One affair under way.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    /// The job that it is about, if it is about one.
    pub(super) job: JobId,
    /// The sale that it is about, once it was made.
    pub(super) fact: Option<FactId>,
    /// The events that told it to a ledger's endpoint, in order.
    pub(super) events: Vec<EventId>,
    /// The events about the same business that the endpoint needn't know.
    pub(super) beside: Vec<EventId>,
    price: i64,
    given_back: i64,
}

impl Lane {
    pub(super) fn new(job: JobId) -> Self {
        Self {
            job,
            fact: None,
            events: Vec::new(),
            beside: Vec::new(),
            price: 0,
            given_back: 0,
        }
    }

    pub(super) fn sold(&mut self, stripe: &Stripe, sale: &Emitted, price: i64) {
        self.fact = Some(sale.fact.clone());
        self.heard(stripe, sale);
        self.price = price;
    }

    /// More was told about it.
    pub(super) fn heard(&mut self, stripe: &Stripe, told: &Emitted) {
        for id in &told.events {
            let needed = stripe.event(id).is_some_and(|event| event.kind.is_needed());
            let into = if needed {
                &mut self.events
            } else {
                &mut self.beside
            };
            into.push(id.clone());
        }
    }

    /// How much a refund of so many percent gives back: at least one unit, never above what is
    /// left; `None` once all is given back.
    pub(super) fn give_back(&mut self, percent: u8) -> Option<(FactId, i64)> {
        let fact = self.fact.clone()?;
        let left = self.price - self.given_back;
        let minor = (self.price * i64::from(percent) / 100).max(1).min(left);
        self.given_back += minor;
        (minor > 0).then_some((fact, minor))
    }
}
