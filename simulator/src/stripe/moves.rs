//! The business moves: what buyers, banks, billing and support do, and the events that follow.

use super::charge::{Charge, ChargeStatus};
use super::error::StripeError;
use super::event::{EventKind, Request, Snapshot};
use super::invoice::{BillingReason, Invoice};
use super::session::{PaymentMethod, Session};
use super::subscription::Subscription;
use super::world::Stripe;
use crate::{AccountId, CustomerId, EventId, FactId, OfferKind};
use std::sync::Arc;

/// What a business move made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The sale that it was about: name it to refund it.
    pub fact: FactId,
    /// The events that tell it, in the order emitted. Stripe may deliver them in any other.
    pub events: Vec<EventId>,
}

impl Stripe {
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
        let session = Arc::new(Session {
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
        });
        let charge = Charge {
            id: self.ids.long(method.charge_prefix(), '3'),
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
        self.charges.insert(session.id.clone(), Arc::new(charge));
        self.sessions
            .insert(session.id.clone(), Arc::clone(&session));
        Ok(self.tell(
            EventKind::CheckoutCompleted,
            Snapshot::Session(session),
            None,
        ))
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
        let paid = answer == ChargeStatus::Succeeded;
        Arc::make_mut(charge).status = answer;
        Arc::make_mut(session).paid = paid;
        let snapshot = Snapshot::Session(Arc::clone(session));
        let kind = if paid {
            EventKind::CheckoutAsyncPaymentSucceeded
        } else {
            EventKind::CheckoutAsyncPaymentFailed
        };
        Ok(self.tell(kind, snapshot, None))
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
        let key = (customer.clone(), offer.price.clone());
        let latest = self
            .subscriptions
            .remove(&key)
            .filter(|_| reason == BillingReason::SubscriptionCycle);
        let mut subscription = latest.unwrap_or_else(|| {
            let (id, item) = (self.ids.long("sub_", '1'), self.ids.short("si_"));
            Subscription::starting(id, item, self.now)
        });
        let look_back = subscription.go_on(reason);
        self.subscriptions.insert(key, subscription.clone());

        let invoice = Arc::new(Invoice {
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
        });
        let charge = Charge {
            id: self.ids.long(PaymentMethod::Card.charge_prefix(), '3'),
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
        self.charges.insert(invoice.id.clone(), Arc::new(charge));
        self.invoices
            .insert(invoice.id.clone(), Arc::clone(&invoice));
        Ok(self.tell(EventKind::InvoicePaid, Snapshot::Invoice(invoice), None))
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
        Arc::make_mut(charge).refund(minor)?;
        let charge = Arc::clone(charge);
        let request = Request {
            id: self.ids.short("req_"),
            idempotency_key: format!("refund-{}-{}", charge.id, charge.refunded),
        };
        let snapshot = Snapshot::Refund { charge, before };
        Ok(self.tell(EventKind::ChargeRefunded, snapshot, Some(request)))
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

    /// Emits the one event of a move.
    fn tell(&mut self, kind: EventKind, object: Snapshot, request: Option<Request>) -> Emitted {
        let fact = object.fact().clone();
        let events = vec![self.emit(kind, object, request)];
        Emitted { fact, events }
    }
}
