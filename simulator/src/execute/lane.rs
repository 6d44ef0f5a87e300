//! What one affair has made in the world so far: a sale with its events, or a job.

use crate::stripe::Emitted;
use crate::target::{EventId, FactId, JobId};

/// One affair under way.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    /// The job that it is about, if it is about one.
    pub(super) job: JobId,
    /// The sale that it is about, once it was made.
    pub(super) fact: Option<FactId>,
    /// The events that told it, in order.
    pub(super) events: Vec<EventId>,
    price: i64,
    given_back: i64,
}

impl Lane {
    pub(super) fn new(job: JobId) -> Self {
        Self {
            job,
            fact: None,
            events: Vec::new(),
            price: 0,
            given_back: 0,
        }
    }

    pub(super) fn sold(&mut self, sale: &Emitted, price: i64) {
        self.fact = Some(sale.fact.clone());
        self.events.extend(sale.events.iter().cloned());
        self.price = price;
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
