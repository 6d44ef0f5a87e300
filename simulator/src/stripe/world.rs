//! The world: what was sold, paid and given back so far, and the events about it.

use super::charge::{Charge, ChargeStatus};
use super::error::StripeError;
use super::event::{Event, EventKind, Request, Snapshot};
use super::id::Ids;
use super::invoice::{BillingReason, Invoice, Period};
use super::session::{PaymentMethod, Session};
use crate::{AccountId, Catalogue, CustomerId, EventId, FactId, Offer, OfferKind};
use std::collections::HashMap;

/// A plan's period. Stripe's months have 28 to 31 days; which, no ledger should care.
const PERIOD_SECONDS: i64 = 30 * 24 * 60 * 60;

/// A stateful Stripe with a virtual clock.
#[derive(Clone, Debug)]
pub struct Stripe {
    ids: Ids,
    catalogue: Catalogue,
    now: i64,
    /// Each price's product.
    products: HashMap<String, String>,
    customers: HashMap<CustomerId, AccountId>,
    sessions: HashMap<FactId, Session>,
    subscriptions: HashMap<(CustomerId, String), Subscription>,
    invoices: HashMap<FactId, Invoice>,
    /// By the sale that each pays.
    charges: HashMap<FactId, Charge>,
    events: Vec<Event>,
    places: HashMap<EventId, usize>,
}

/// What a business move made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The sale that it was about: name it to refund it.
    pub fact: FactId,
    /// The events that tell it, in the order emitted. Stripe may deliver them in any other.
    pub events: Vec<EventId>,
}

#[derive(Clone, Debug)]
struct Subscription {
    id: String,
    item: String,
    period: Period,
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
            customers: HashMap::new(),
            sessions: HashMap::new(),
            subscriptions: HashMap::new(),
            invoices: HashMap::new(),
            charges: HashMap::new(),
            events: Vec::new(),
            places: HashMap::new(),
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
        self.places.get(id).map(|place| &self.events[*place])
    }

    /// A new customer, who is this account's from now on. Linking it in the ledger is the
    /// workload's business.
    pub fn create_customer(&mut self, account: &AccountId) -> CustomerId {
        let customer = CustomerId::new(self.ids.short("cus_"));
        self.customers.insert(customer.clone(), account.clone());
        customer
    }

    /// The account buys a pack in Checkout: `checkout.session.completed`, which is `paid` by card
    /// and `unpaid` by bank debit (C14). Only a passed customer stands in the session (C5).
    ///
    /// # Errors
    /// An unknown price or customer, a plan, a free pack, or another account's customer.
    pub fn checkout(
        &mut self,
        account: &AccountId,
        customer: Option<&CustomerId>,
        price: &str,
        method: PaymentMethod,
    ) -> Result<Emitted, StripeError> {
        let offer = self.offer(price, OfferKind::Pack)?;
        if let Some(customer) = customer
            && self.account_of(customer)? != account
        {
            return Err(StripeError::NotTheirCustomer {
                customer: customer.clone(),
                account: account.clone(),
            });
        }
        let session = Session {
            id: FactId::new(self.ids.session()),
            account: account.clone(),
            customer: customer.cloned(),
            price: offer.price,
            amount: offer.amount,
            credits: offer.credits,
            method,
            payment_intent: self.ids.long("pi_", '3'),
            created: self.now,
            paid: method == PaymentMethod::Card,
        };
        let charge = Charge {
            id: self.ids.long(charge_prefix(method), '3'),
            pays: session.id.clone(),
            account: account.clone(),
            customer: customer.cloned(),
            amount: session.amount,
            refunded: 0,
            method,
            payment_intent: session.payment_intent.clone(),
            payment_method: self.ids.long("pm_", '1'),
            balance_transaction: self.ids.long("txn_", '3'),
            created: self.now,
            status: match method {
                PaymentMethod::Card => ChargeStatus::Succeeded,
                PaymentMethod::BankDebit => ChargeStatus::Pending,
            },
        };
        let fact = session.id.clone();
        self.charges.insert(fact.clone(), charge);
        self.sessions.insert(fact.clone(), session.clone());
        let snapshot = Snapshot::Session(session);
        let event = self.emit(EventKind::CheckoutCompleted, snapshot, None);
        Ok(Emitted {
            fact,
            events: vec![event],
        })
    }

    /// The bank sends the money of a Checkout: `checkout.session.async_payment_succeeded`, now
    /// `paid` (C14).
    ///
    /// # Errors
    /// No such sale, or its debit isn't processing.
    pub fn bank_debit_clears(&mut self, sale: &FactId) -> Result<Emitted, StripeError> {
        self.bank_answers(sale, ChargeStatus::Succeeded)
    }

    /// The bank refuses a Checkout's debit: `checkout.session.async_payment_failed`, still
    /// `unpaid` (C14).
    ///
    /// # Errors
    /// No such sale, or its debit isn't processing.
    pub fn bank_debit_fails(&mut self, sale: &FactId) -> Result<Emitted, StripeError> {
        self.bank_answers(sale, ChargeStatus::Failed)
    }

    fn bank_answers(
        &mut self,
        sale: &FactId,
        answer: ChargeStatus,
    ) -> Result<Emitted, StripeError> {
        let charge = self
            .charges
            .get_mut(sale)
            .ok_or_else(|| StripeError::NoSuchSale(sale.clone()))?;
        let session = self
            .sessions
            .get_mut(sale)
            .filter(|_| charge.status == ChargeStatus::Pending)
            .ok_or_else(|| StripeError::NotProcessing(sale.clone()))?;
        charge.status = answer;
        session.paid = answer == ChargeStatus::Succeeded;
        let kind = if session.paid {
            EventKind::CheckoutAsyncPaymentSucceeded
        } else {
            EventKind::CheckoutAsyncPaymentFailed
        };
        let snapshot = Snapshot::Session(session.clone());
        let event = self.emit(kind, snapshot, None);
        Ok(Emitted {
            fact: sale.clone(),
            events: vec![event],
        })
    }

    /// The customer pays for a period of a plan: `invoice.paid`.
    ///
    /// `SubscriptionCreate` begins a subscription now. `SubscriptionCycle` goes on with the
    /// customer's latest to that price, or with one that began a period before this world did.
    /// Every period starts where the one before ended, whatever the clock says, so that two
    /// renewals are never for the same period.
    ///
    /// # Errors
    /// An unknown price or customer, a pack, or a free plan.
    pub fn renew(
        &mut self,
        customer: &CustomerId,
        price: &str,
        reason: BillingReason,
    ) -> Result<Emitted, StripeError> {
        let offer = self.offer(price, OfferKind::Plan)?;
        let account = self.account_of(customer)?.clone();
        let (subscription, look_back) = self.next_period(customer, price, reason);
        let invoice = Invoice {
            id: FactId::new(self.ids.long("in_", '1')),
            number: format!("BADAI-{:04}", self.invoices.len() + 1),
            account: account.clone(),
            customer: customer.clone(),
            price: offer.price,
            product: self.products[price].clone(),
            amount: offer.amount,
            credits: offer.credits,
            reason,
            subscription: subscription.id,
            subscription_item: subscription.item,
            line: self.ids.long("il_", '1'),
            payment: self.ids.long("inpay_", '1'),
            payment_intent: self.ids.long("pi_", '3'),
            created: self.now,
            service: subscription.period,
            look_back,
        };
        let charge = Charge {
            id: self.ids.long(charge_prefix(PaymentMethod::Card), '3'),
            pays: invoice.id.clone(),
            account,
            customer: Some(customer.clone()),
            amount: invoice.amount,
            refunded: 0,
            method: PaymentMethod::Card,
            payment_intent: invoice.payment_intent.clone(),
            payment_method: self.ids.long("pm_", '1'),
            balance_transaction: self.ids.long("txn_", '3'),
            created: self.now,
            status: ChargeStatus::Succeeded,
        };
        let fact = invoice.id.clone();
        self.charges.insert(fact.clone(), charge);
        self.invoices.insert(fact.clone(), invoice.clone());
        let event = self.emit(EventKind::InvoicePaid, Snapshot::Invoice(invoice), None);
        Ok(Emitted {
            fact,
            events: vec![event],
        })
    }

    /// Moves a subscription to the period that is paid now, and says which one the invoice looks
    /// back on: the period before, or for a first invoice none, its start twice (I12).
    fn next_period(
        &mut self,
        customer: &CustomerId,
        price: &str,
        reason: BillingReason,
    ) -> (Subscription, Period) {
        let key = (customer.clone(), price.to_owned());
        let now = self.now;
        let latest = self
            .subscriptions
            .remove(&key)
            .filter(|_| reason == BillingReason::SubscriptionCycle);
        let mut subscription = latest.unwrap_or_else(|| Subscription {
            id: self.ids.long("sub_", '1'),
            item: self.ids.short("si_"),
            period: Period {
                start: now - PERIOD_SECONDS,
                end: now,
            },
        });
        let look_back = match reason {
            BillingReason::SubscriptionCreate => Period {
                start: now,
                end: now,
            },
            BillingReason::SubscriptionCycle => subscription.period,
        };
        subscription.period = Period {
            start: subscription.period.end,
            end: subscription.period.end + PERIOD_SECONDS,
        };
        self.subscriptions.insert(key, subscription.clone());
        (subscription, look_back)
    }

    /// Gives `minor` units of a sale back: `charge.refunded`, with the running total (R1). The
    /// refund is made through the API, so the event names its request (E3).
    ///
    /// # Errors
    /// No such sale, not paid, not an amount, or more than what is left (R5).
    pub fn refund(&mut self, sale: &FactId, minor: i64) -> Result<Emitted, StripeError> {
        let charge = self
            .charges
            .get_mut(sale)
            .ok_or_else(|| StripeError::NoSuchSale(sale.clone()))?;
        let before = charge.refunded;
        charge.refund(minor)?;
        let charge = charge.clone();
        let request = Request {
            id: self.ids.short("req_"),
            idempotency_key: format!("refund-{}-{}", charge.id, charge.refunded),
        };
        let snapshot = Snapshot::Refund { charge, before };
        let event = self.emit(EventKind::ChargeRefunded, snapshot, Some(request));
        Ok(Emitted {
            fact: sale.clone(),
            events: vec![event],
        })
    }

    /// A second Event with an id of its own about the same object, as it was then (D5).
    ///
    /// # Errors
    /// No such event.
    pub fn twin(&mut self, event: &EventId) -> Result<EventId, StripeError> {
        let first = self
            .event(event)
            .ok_or_else(|| StripeError::NoSuchEvent(event.clone()))?;
        let (kind, snapshot, request) = (first.kind, first.snapshot.clone(), first.request.clone());
        Ok(self.emit(kind, snapshot, request))
    }

    fn emit(&mut self, kind: EventKind, snapshot: Snapshot, request: Option<Request>) -> EventId {
        let id = EventId::new(self.ids.long("evt_", snapshot.lead()));
        self.places.insert(id.clone(), self.events.len());
        self.events
            .push(Event::new(id.clone(), kind, self.now, snapshot, request));
        id
    }

    fn offer(&self, price: &str, kind: OfferKind) -> Result<Offer, StripeError> {
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

    fn account_of(&self, customer: &CustomerId) -> Result<&AccountId, StripeError> {
        self.customers
            .get(customer)
            .ok_or_else(|| StripeError::NoSuchCustomer(customer.clone()))
    }
}

/// Bank charges have a prefix of their own (section 9).
fn charge_prefix(method: PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::Card => "ch_",
        PaymentMethod::BankDebit => "py_",
    }
}
