//! The world: what was sold, paid and given back so far, and the events about it.

use super::error::StripeError;
use super::event::{Event, EventKind, Meaning, Request, Snapshot, Told};
use super::id::Ids;
use super::object::{
    Charge, Customer, Dispute, Endpoint, Invoice, Mode, PaymentIntent, Price, Product, Recurring,
    Refund, Session, Subscription, TestClock,
};
use super::shape::Metadata;
use super::shelf::Shelf;
use crate::{AccountId, Catalogue, CustomerId, EventId, FactId, OfferKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long an event can be asked for (E7).
const EVENT_LIFE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// A stateful Stripe with a virtual clock.
#[derive(Clone, Debug)]
pub struct Stripe {
    pub(super) ids: Ids,
    pub(super) now: i64,
    pub(super) products: Shelf<Product>,
    pub(super) prices: Shelf<Price>,
    pub(super) customers: Shelf<Customer>,
    pub(super) sessions: Shelf<Session>,
    pub(super) intents: Shelf<PaymentIntent>,
    pub(super) charges: Shelf<Charge>,
    pub(super) refunds: Shelf<Refund>,
    pub(super) disputes: Shelf<Dispute>,
    pub(super) subscriptions: Shelf<Subscription>,
    pub(super) invoices: Shelf<Invoice>,
    pub(super) clocks: Shelf<TestClock>,
    pub(super) endpoints: Shelf<Endpoint>,
    /// The latest charge of each sale.
    pub(super) paid_by: BTreeMap<FactId, String>,
    events: Vec<Event>,
    /// Drafts whose `invoice.created` somebody has yet to answer, or since when everybody has (D15).
    pub(super) gates: BTreeMap<FactId, Option<i64>>,
    /// The API call under way, which causes what is told meanwhile (E3).
    pub(super) cause: Option<Request>,
}

/// What a business move is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sale {
    pub(super) account: AccountId,
    pub(super) fact: FactId,
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
    /// A world at `now` (Unix seconds) that sells this catalogue. `run` goes into every id, so
    /// that schedules that share a database never meet; the same run makes the same ids.
    #[must_use]
    pub fn new(run: u64, catalogue: Catalogue, now: i64) -> Self {
        let mut world = Self {
            ids: Ids::new(run),
            now,
            products: Shelf::default(),
            prices: Shelf::default(),
            customers: Shelf::default(),
            sessions: Shelf::default(),
            intents: Shelf::default(),
            charges: Shelf::default(),
            refunds: Shelf::default(),
            disputes: Shelf::default(),
            subscriptions: Shelf::default(),
            invoices: Shelf::default(),
            clocks: Shelf::default(),
            endpoints: Shelf::default(),
            paid_by: BTreeMap::new(),
            events: Vec::with_capacity(16),
            gates: BTreeMap::new(),
            cause: None,
        };
        for offer in catalogue.offers {
            let product = Product {
                id: world.ids.short("prod_"),
                name: format!("{} credits", offer.credits),
                description: None,
                metadata: Metadata::new(),
                created: now,
            };
            let price = Price {
                id: offer.price.clone(),
                product: product.id.clone(),
                amount: offer.amount,
                credits: offer.credits,
                recurring: (offer.kind == OfferKind::Plan).then_some(Recurring::Month),
                metadata: Metadata::new(),
                created: now,
            };
            world.products.put(&product.id.clone(), product);
            world.prices.put(&offer.price, price);
        }
        world
    }

    /// The virtual time in Unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Moves the clock to `now`; it never goes back (T4). Nothing renews or expires meanwhile:
    /// that is [`Stripe::run_until`]'s.
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
        if let Some(session) = self.sessions.get(fact.as_str())
            && session.mode == Mode::Payment
        {
            return Some(Sold {
                price: session.items.first()?.price.id.clone(),
                kind: OfferKind::Pack,
                period: None,
            });
        }
        let invoice = self.invoices.get(fact.as_str())?;
        // What a change of plan costs or gives back is no period.
        let line = invoice.lines.iter().find(|line| !line.proration)?;
        Some(Sold {
            price: line.price.id.clone(),
            kind: OfferKind::Plan,
            period: Some((line.period.start, line.period.end)),
        })
    }

    /// The events that can still be asked for (E7), the newest first.
    pub(super) fn kept_events(&self) -> impl Iterator<Item = &Event> {
        let oldest = self.now - EVENT_LIFE_SECONDS;
        let events = self.events.iter().rev();
        events.filter(move |event| event.created >= oldest)
    }

    /// Tells what happened, at this time.
    pub(super) fn emit(
        &mut self,
        at: i64,
        kind: EventKind,
        snapshot: impl Into<Snapshot>,
        meaning: Meaning,
    ) -> EventId {
        let snapshot = snapshot.into();
        let id = EventId::new(self.ids.long("evt_", snapshot.object.lead()));
        let cause = self.cause.clone();
        self.events
            .push(Event::new(id.clone(), kind, at, snapshot, cause, meaning));
        id
    }

    /// Tells something that moves no credits, about nobody's sale.
    pub(super) fn mention(&mut self, kind: EventKind, object: impl Into<Snapshot>) -> EventId {
        let about = Meaning {
            account: AccountId::new(""),
            fact: FactId::new(""),
            told: Told::Nothing,
        };
        self.emit(self.now, kind, object, about)
    }

    /// What is sold at this price, if it is of this kind and costs something.
    pub(super) fn offer(&self, price: &str, kind: OfferKind) -> Result<Arc<Price>, StripeError> {
        let found = self
            .prices
            .get(price)
            .ok_or_else(|| StripeError::NoSuchPrice(price.to_owned()))?;
        if found.recurring.is_some() != (kind == OfferKind::Plan) {
            return Err(match kind {
                OfferKind::Pack => StripeError::NotAPack(price.to_owned()),
                OfferKind::Plan => StripeError::NotAPlan(price.to_owned()),
            });
        }
        if found.amount.minor() < 1 {
            return Err(StripeError::Free(price.to_owned()));
        }
        Ok(Arc::clone(found))
    }

    /// The first price that was ever set, once or each period.
    pub(super) fn price_of(&self, plan: bool) -> Result<String, StripeError> {
        let prices = self.prices.newest();
        let first = prices
            .filter(|price| price.recurring.is_some() == plan)
            .last();
        first
            .map(|price| price.id.clone())
            .ok_or(StripeError::NothingToSell)
    }

    /// Whose customer this is.
    pub(super) fn account_of(&self, customer: &CustomerId) -> Result<&AccountId, StripeError> {
        self.customers
            .get(customer.as_str())
            .map(|customer| &customer.account)
            .ok_or_else(|| StripeError::NoSuchCustomer(customer.clone()))
    }

    /// What time it is for a customer: that of its test clock, if it has one.
    pub(super) fn time_of(&self, customer: Option<&CustomerId>) -> i64 {
        customer
            .and_then(|customer| self.customers.get(customer.as_str()))
            .and_then(|customer| customer.test_clock.as_deref())
            .and_then(|clock| self.clocks.get(clock))
            .map_or(self.now, |clock| clock.frozen_time)
    }
}
