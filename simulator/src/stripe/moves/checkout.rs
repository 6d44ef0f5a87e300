//! Checkout: a session is opened, gone through or left, and paid at once or by a bank's leave.

use super::super::error::StripeError;
use super::super::event::{EventKind, Told};
use super::super::object::{
    ChargeStatus, Item, Mode, Object, PaymentMethod, PaymentStatus, Price, Session, SessionStatus,
};
use super::super::shape::Metadata;
use super::super::world::{Sale, Stripe};
use super::customers::NewCustomer;
use super::payments::Bill;
use super::{Emitted, Telling};
use crate::{AccountId, CustomerId, FactId, Money, OfferKind};
use std::sync::Arc;

/// C9: a session lives for a day unless told otherwise.
const LIFETIME_SECONDS: i64 = 24 * 60 * 60;

/// What a new session is told.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) mode: Mode,
    pub(crate) items: Vec<(Arc<Price>, i64)>,
    /// Whose purchase it is in the ledger under test, if somebody knows.
    pub(crate) account: Option<AccountId>,
    pub(crate) client_reference: Option<String>,
    pub(crate) customer: Option<CustomerId>,
    pub(crate) creates_customer: bool,
    pub(crate) email: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) intent_metadata: Metadata,
    pub(crate) subscription_metadata: Metadata,
    pub(crate) trial_days: i64,
    pub(crate) method: PaymentMethod,
    pub(crate) success_url: Option<String>,
    pub(crate) cancel_url: Option<String>,
    pub(crate) expires_at: Option<i64>,
}

impl Order {
    /// An order in this mode of nothing yet.
    pub(crate) fn new(mode: Mode) -> Self {
        Self {
            mode,
            items: Vec::new(),
            account: None,
            client_reference: None,
            customer: None,
            creates_customer: false,
            email: None,
            metadata: Metadata::new(),
            intent_metadata: Metadata::new(),
            subscription_metadata: Metadata::new(),
            trial_days: 0,
            method: PaymentMethod::Card,
            success_url: None,
            cancel_url: None,
            expires_at: None,
        }
    }

    /// What the workload's buyers order: the account in `client_reference_id`, the price in
    /// `metadata`.
    fn of(account: &AccountId, price: &Arc<Price>, mode: Mode) -> Self {
        Self {
            items: vec![(Arc::clone(price), 1)],
            account: Some(account.clone()),
            client_reference: Some(account.as_str().to_owned()),
            metadata: Metadata::from([("price".to_owned(), price.id.clone())]),
            success_url: Some("https://example.com/success".to_owned()),
            ..Self::new(mode)
        }
    }
}

impl Stripe {
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
        let price = self.offer(price, OfferKind::Pack)?;
        self.check_owner(account, customer)?;
        let order = Order {
            customer: customer.cloned(),
            method,
            ..Order::of(account, &price, Mode::Payment)
        };
        let session = self.open_session(order)?;
        self.complete_session(&session.id)
    }

    /// The account subscribes in Checkout: its completion and its first invoice tell one payment
    /// (I15). The fact is the invoice.
    ///
    /// # Errors
    /// An unknown price or customer, a pack, a free plan, or another account's customer.
    pub fn subscribe(
        &mut self,
        account: &AccountId,
        customer: &CustomerId,
        price: &str,
    ) -> Result<Emitted, StripeError> {
        self.subscribe_with_trial(account, customer, price, 0)
    }

    /// The same with a trial of so many days: nothing is asked for at first (I16).
    ///
    /// # Errors
    /// As [`Stripe::subscribe`].
    pub fn subscribe_with_trial(
        &mut self,
        account: &AccountId,
        customer: &CustomerId,
        price: &str,
        days: u16,
    ) -> Result<Emitted, StripeError> {
        let price = self.offer(price, OfferKind::Plan)?;
        self.check_owner(account, Some(customer))?;
        let order = Order {
            customer: Some(customer.clone()),
            trial_days: i64::from(days),
            ..Order::of(account, &price, Mode::Subscription)
        };
        let session = self.open_session(order)?;
        self.complete_session(&session.id)
    }

    fn check_owner(
        &self,
        account: &AccountId,
        customer: Option<&CustomerId>,
    ) -> Result<(), StripeError> {
        match customer {
            Some(customer) if self.account_of(customer)? != account => {
                Err(StripeError::NotTheirCustomer {
                    customer: customer.clone(),
                    account: account.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Opens a session. Nothing is told of it before somebody goes through it or it expires.
    pub(crate) fn open_session(&mut self, order: Order) -> Result<Arc<Session>, StripeError> {
        let known = order
            .customer
            .as_ref()
            .map(|it| self.account_of(it).cloned());
        let known = known.transpose()?;
        let currencies = order.items.iter();
        let mut currencies = currencies.map(|(price, _)| price.amount.currency());
        if let Some(first) = currencies.next()
            && currencies.any(|other| other != first)
        {
            return Err(StripeError::SeveralCurrencies);
        }
        let now = self.time_of(order.customer.as_ref());
        let expires_at = order.expires_at.unwrap_or(now + LIFETIME_SECONDS);
        let id = FactId::new(self.ids.session());
        let items = order.items.into_iter();
        let items = items.map(|(price, quantity)| Item {
            id: self.ids.long("li_", '1'),
            price,
            quantity,
        });
        let session = Session {
            account: order
                .account
                .or(known)
                .or_else(|| order.client_reference.as_deref().map(AccountId::new))
                .unwrap_or_else(|| AccountId::new(id.as_str())),
            items: items.collect(),
            client_reference: order.client_reference,
            customer: order.customer,
            creates_customer: order.creates_customer || order.mode == Mode::Subscription,
            email: order.email,
            mode: order.mode,
            metadata: order.metadata,
            intent_metadata: order.intent_metadata,
            subscription_metadata: order.subscription_metadata,
            trial_days: order.trial_days,
            method: order.method,
            payment_intent: None,
            subscription: None,
            invoice: None,
            setup_intent: None,
            success_url: order.success_url,
            cancel_url: order.cancel_url,
            created: now,
            expires_at,
            status: SessionStatus::Open,
            payment: PaymentStatus::Unpaid,
            id,
        };
        if session.mode != Mode::Setup && session.total().is_none() {
            return Err(StripeError::TooLarge);
        }
        let id = session.id.clone();
        Ok(self.sessions.put(id.as_str(), session))
    }

    /// The buyer goes through a session.
    ///
    /// # Errors
    /// No such session, or it isn't open.
    pub fn complete_session(&mut self, id: &FactId) -> Result<Emitted, StripeError> {
        let session = self
            .sessions
            .get(id.as_str())
            .ok_or_else(|| StripeError::NoSuchSale(id.clone()))?;
        if session.status != SessionStatus::Open {
            return Err(StripeError::NotOpen(id.clone()));
        }
        let mut session = Session::clone(session);
        session.status = SessionStatus::Complete;
        if session.customer.is_none() && session.creates_customer {
            let customer = self.new_customer(NewCustomer {
                account: Some(session.account.clone()),
                email: session.email.clone(),
                ..NewCustomer::default()
            })?;
            session.customer = Some(customer.id.clone());
        }
        match session.mode {
            Mode::Payment => Ok(self.complete_payment(session)),
            Mode::Subscription => self.complete_subscription(session),
            Mode::Setup => {
                session.setup_intent = Some(self.ids.long("seti_", '1'));
                session.payment = PaymentStatus::NotRequired;
                let sale = Sale {
                    account: session.account.clone(),
                    fact: session.id.clone(),
                };
                let mut telling = Telling::of(sale, self.time_of(session.customer.as_ref()));
                let session = self.keep(session);
                telling.mention(self, EventKind::CheckoutCompleted, Object::Session(session));
                Ok(telling.done())
            }
        }
    }

    fn keep(&mut self, session: Session) -> Arc<Session> {
        let id = session.id.clone();
        self.sessions.put(id.as_str(), session)
    }

    fn complete_payment(&mut self, mut session: Session) -> Emitted {
        let sale = Sale {
            account: session.account.clone(),
            fact: session.id.clone(),
        };
        let at = self.time_of(session.customer.as_ref());
        let mut telling = Telling::of(sale, at);
        let total = session.total().unwrap_or(0);
        let currency = session
            .items
            .first()
            .map(|item| item.price.amount.currency());
        let Some(currency) = currency.filter(|_| total > 0) else {
            // Nothing to pay: no money stands behind it (C2).
            session.payment = PaymentStatus::NotRequired;
            let credits = session.credits();
            let session = self.keep(session);
            let told = Told::Free { credits };
            telling.tell(
                self,
                EventKind::CheckoutCompleted,
                Object::Session(session),
                told,
            );
            return telling.done();
        };
        let intent = self.new_intent(
            Bill {
                amount: Money::new(total, currency),
                customer: session.customer.as_ref(),
                method: session.method,
                invoice: None,
                metadata: session.intent_metadata.clone(),
            },
            at,
        );
        telling.mention(
            self,
            EventKind::IntentCreated,
            Object::Intent(Arc::clone(&intent)),
        );
        let (status, payment, told) = match session.method {
            PaymentMethod::Card => {
                let credits = session.credits();
                let told = Told::Paid { credits };
                (ChargeStatus::Succeeded, PaymentStatus::Paid, told)
            }
            PaymentMethod::BankDebit => {
                (ChargeStatus::Pending, PaymentStatus::Unpaid, Told::Unpaid)
            }
        };
        let charge = self.new_charge(&telling, &intent, status);
        self.tell_payment(&mut telling, &charge);
        session.payment_intent = Some(intent.id.clone());
        session.payment = payment;
        let session = self.keep(session);
        telling.tell(
            self,
            EventKind::CheckoutCompleted,
            Object::Session(session),
            told,
        );
        telling.done()
    }

    fn complete_subscription(&mut self, mut session: Session) -> Result<Emitted, StripeError> {
        let (Some(customer), Some(item)) = (session.customer.clone(), session.items.first()) else {
            return Err(StripeError::NothingToSell);
        };
        let (price, quantity) = (Arc::clone(&item.price), item.quantity);
        if self.declines(&customer) {
            return Err(StripeError::Declined(session.id));
        }
        let metadata = session.subscription_metadata.clone();
        let begun = self.begin(&customer, price, quantity, session.trial_days, metadata);
        let (mut telling, invoice) = self.bill_first(&begun, session.account.clone());
        let told = self.told_of(&invoice);
        session.subscription = Some(begun);
        session.invoice = Some(invoice.as_str().to_owned());
        session.payment = match told {
            Told::Free { .. } => PaymentStatus::NotRequired,
            _ => PaymentStatus::Paid,
        };
        let session = self.keep(session);
        telling.tell(
            self,
            EventKind::CheckoutCompleted,
            Object::Session(session),
            told,
        );
        Ok(telling.done())
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
        let charge = self.paid_by.get(sale).and_then(|id| self.charges.get(id));
        let charge = charge.ok_or_else(|| StripeError::NoSuchSale(sale.clone()))?;
        let (id, pending) = (charge.id.clone(), charge.status == ChargeStatus::Pending);
        let session = self.sessions.get(sale.as_str());
        let session = session
            .filter(|_| pending)
            .ok_or_else(|| StripeError::NotProcessing(sale.clone()))?;
        let about = Sale {
            account: session.account.clone(),
            fact: sale.clone(),
        };
        let mut telling = Telling::of(about, self.time_of(session.customer.as_ref()));
        let credits = session.credits();
        if let Some(charge) = self.answer_charge(&id, answer) {
            self.tell_payment(&mut telling, &charge);
        }
        let (kind, payment, told) = match answer {
            ChargeStatus::Succeeded => (
                EventKind::CheckoutAsyncPaymentSucceeded,
                PaymentStatus::Paid,
                Told::Paid { credits },
            ),
            _ => (
                EventKind::CheckoutAsyncPaymentFailed,
                PaymentStatus::Unpaid,
                Told::Unpaid,
            ),
        };
        let session = self
            .sessions
            .change(sale.as_str(), |it| it.payment = payment);
        if let Some(session) = session {
            telling.tell(self, kind, Object::Session(session), told);
        }
        Ok(telling.done())
    }

    /// Nobody went through a session in time, or the shop ended it early (C9).
    ///
    /// # Errors
    /// No such session, or it isn't open.
    pub fn expire_session(&mut self, id: &FactId) -> Result<Emitted, StripeError> {
        let session = self
            .sessions
            .get(id.as_str())
            .ok_or_else(|| StripeError::NoSuchSale(id.clone()))?;
        if session.status != SessionStatus::Open {
            return Err(StripeError::NotOpen(id.clone()));
        }
        let sale = Sale {
            account: session.account.clone(),
            fact: id.clone(),
        };
        let mut telling = Telling::of(sale, self.time_of(session.customer.as_ref()));
        let expired = SessionStatus::Expired;
        let session = self.sessions.change(id.as_str(), |it| it.status = expired);
        if let Some(session) = session {
            telling.mention(self, EventKind::CheckoutExpired, Object::Session(session));
        }
        Ok(telling.done())
    }
}
