//! The world: what was sold, paid and given back so far, and the events about it.

use super::charge::Charge;
use super::error::StripeError;
use super::event::{Event, EventKind, Request, Snapshot};
use super::id::Ids;
use super::invoice::Invoice;
use super::session::Session;
use super::subscription::Subscription;
use crate::{AccountId, Catalogue, CustomerId, EventId, FactId, Offer, OfferKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A stateful Stripe with a virtual clock.
#[derive(Clone, Debug)]
pub struct Stripe {
    pub(super) ids: Ids,
    catalogue: Catalogue,
    pub(super) now: i64,
    /// Each price's product.
    pub(super) products: BTreeMap<String, String>,
    pub(super) customers: BTreeMap<CustomerId, AccountId>,
    pub(super) sessions: BTreeMap<FactId, Arc<Session>>,
    pub(super) subscriptions: BTreeMap<(CustomerId, String), Subscription>,
    pub(super) invoices: BTreeMap<FactId, Arc<Invoice>>,
    /// By the sale that each pays.
    pub(super) charges: BTreeMap<FactId, Arc<Charge>>,
    events: Vec<Event>,
}

/// What a sale was of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sold {
    /// The price id.
    pub price: String,
    /// A pack, or a plan's period.
    pub kind: OfferKind,
    /// Of a plan: the paid period's first second and the second after its last, Unix time.
    pub period: Option<(i64, i64)>,
}

impl Stripe {
    /// An empty world at `now` (Unix seconds). `run` goes into every id, so that schedules that
    /// share a database never meet; the same run makes the same ids.
    #[must_use]
    pub fn new(run: u64, catalogue: Catalogue, now: i64) -> Self {
        let mut ids = Ids::new(run);
        let products = catalogue
            .offers
            .iter()
            .map(|offer| (offer.price.clone(), ids.short("prod_")))
            .collect();
        Self {
            ids,
            catalogue,
            now,
            products,
            customers: BTreeMap::new(),
            sessions: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            invoices: BTreeMap::new(),
            charges: BTreeMap::new(),
            events: Vec::with_capacity(16),
        }
    }

    /// The virtual time in Unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Moves the clock to `now`; it never goes back (T4).
    pub fn advance_to(&mut self, now: i64) {
        self.now = self.now.max(now);
    }

    /// Every event, in the order emitted.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The event with this id.
    #[must_use]
    pub fn event(&self, id: &EventId) -> Option<&Event> {
        // A schedule's world holds dozens of events, and the latest are asked for most.
        self.events.iter().rev().find(|event| event.id == *id)
    }

    /// What a sale was of.
    #[must_use]
    pub fn sold(&self, fact: &FactId) -> Option<Sold> {
        let pack = self.sessions.get(fact).map(|session| Sold {
            price: session.price.clone(),
            kind: OfferKind::Pack,
            period: None,
        });
        pack.or_else(|| {
            let invoice = self.invoices.get(fact)?;
            Some(Sold {
                price: invoice.price.clone(),
                kind: OfferKind::Plan,
                period: Some((invoice.service.start, invoice.service.end)),
            })
        })
    }

    /// Tells what happened, now.
    pub(super) fn emit(
        &mut self,
        kind: EventKind,
        snapshot: Snapshot,
        request: Option<Request>,
    ) -> EventId {
        let id = EventId::new(self.ids.long("evt_", snapshot.lead()));
        self.events
            .push(Event::new(id.clone(), kind, self.now, snapshot, request));
        id
    }

    /// What is sold at this price, if it is of this kind and costs something.
    pub(super) fn offer(&self, price: &str, kind: OfferKind) -> Result<Offer, StripeError> {
        let offer = self
            .catalogue
            .offer(price)
            .ok_or_else(|| StripeError::NoSuchPrice(price.to_owned()))?;
        if offer.kind != kind {
            return Err(match kind {
                OfferKind::Pack => StripeError::NotAPack(price.to_owned()),
                OfferKind::Plan => StripeError::NotAPlan(price.to_owned()),
            });
        }
        if offer.amount.minor() < 1 {
            return Err(StripeError::Free(price.to_owned()));
        }
        Ok(offer.clone())
    }

    /// Whose customer this is.
    pub(super) fn account_of(&self, customer: &CustomerId) -> Result<&AccountId, StripeError> {
        self.customers
            .get(customer)
            .ok_or_else(|| StripeError::NoSuchCustomer(customer.clone()))
    }
}
