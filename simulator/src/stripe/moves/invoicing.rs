//! Invoices: drafted, opened, and paid by a payment, by nothing, or by hand.

use super::super::error::StripeError;
use super::super::event::{EventKind, Snapshot, Told};
use super::super::object::{
    BillingReason, ChargeStatus, IntentStatus, Invoice, InvoicePayment, InvoiceStatus, Line,
    Object, PaymentMethod, Period, Subscription,
};
use super::super::shape::Metadata;
use super::super::world::{Sale, Stripe};
use super::payments::Bill;
use super::{Emitted, Telling};
use crate::{AccountId, Credits, CustomerId, FactId, Money};
use serde_json::json;
use std::sync::Arc;

/// Days after a declined renewal until it is tried again. Stripe's own gaps depend on the card.
const NEXT_ATTEMPT_SECONDS: i64 = 3 * 24 * 60 * 60;

/// After so many attempts nobody tries any more.
const MOST_ATTEMPTS: i64 = 4;

impl Stripe {
    /// Whether the bank declines this customer's card.
    pub(super) fn declines(&self, customer: &CustomerId) -> bool {
        let customer = self.customers.get(customer.as_str());
        customer.is_some_and(|customer| customer.declines)
    }

    /// A draft for the period that a subscription is in, with what changes of plan have left.
    pub(super) fn draft(
        &mut self,
        subscription: &Subscription,
        reason: BillingReason,
        look_back: Period,
        account: AccountId,
    ) -> Arc<Invoice> {
        let id = FactId::new(self.ids.long("in_", '1'));
        let trial = subscription
            .trial
            .is_some_and(|it| it == subscription.period);
        let price = &subscription.price;
        let whole = price.amount.minor().saturating_mul(subscription.quantity);
        let mut lines = Vec::new();
        for proration in &subscription.pending {
            lines.push(Line {
                id: self.ids.long("il_", '1'),
                invoice: id.as_str().to_owned(),
                price: Arc::clone(&proration.price),
                quantity: subscription.quantity,
                amount: proration.amount,
                subscription: subscription.id.clone(),
                subscription_item: subscription.item.clone(),
                proration: true,
                period: proration.period,
            });
        }
        if reason != BillingReason::SubscriptionUpdate {
            lines.push(Line {
                id: self.ids.long("il_", '1'),
                invoice: id.as_str().to_owned(),
                price: Arc::clone(price),
                quantity: subscription.quantity,
                amount: if trial { 0 } else { whole },
                subscription: subscription.id.clone(),
                subscription_item: subscription.item.clone(),
                proration: false,
                period: subscription.period,
            });
        }
        let paying = lines.iter().any(|line| line.amount > 0);
        let granted = lines.iter().filter(|line| line.amount > 0 || !paying);
        let each = granted.map(|line| line.price.credits.get().saturating_mul(line.quantity));
        let credits = Credits::new(each.fold(0, i64::saturating_add));
        let invoice = Invoice {
            number: format!("BADAI-{:04}", self.invoices.len() + 1),
            account,
            customer: subscription.customer.clone(),
            currency: price.amount.currency(),
            lines,
            credits,
            reason,
            subscription: subscription.id.clone(),
            payment: None,
            charge: None,
            out_of_band: false,
            attempts: 0,
            next_attempt: None,
            created: self.time_of(Some(&subscription.customer)),
            finalized: None,
            paid: None,
            look_back,
            status: InvoiceStatus::Draft,
            id,
        };
        self.subscriptions.change(&subscription.id, |it| {
            it.latest_invoice = Some(invoice.id.as_str().to_owned());
            it.pending.clear();
        });
        let id = invoice.id.clone();
        self.invoices.put(id.as_str(), invoice)
    }

    pub(super) fn telling_of(&self, invoice: &Invoice) -> Telling {
        let sale = Sale {
            account: invoice.account.clone(),
            fact: invoice.id.clone(),
        };
        Telling::of(sale, self.time_of(Some(&invoice.customer)))
    }

    /// What the payment of an invoice says.
    pub(super) fn told_of(&self, invoice: &FactId) -> Told {
        match self.invoices.get(invoice.as_str()) {
            Some(invoice) if invoice.due() == 0 => Told::Free {
                credits: invoice.credits,
            },
            Some(invoice) => Told::Echoed {
                credits: invoice.credits,
            },
            None => Told::Nothing,
        }
    }

    /// A draft is opened, and asks for a payment if there is something to pay.
    pub(super) fn open_invoice(&mut self, telling: &mut Telling, id: &FactId) {
        let Some(invoice) = self.invoices.get(id.as_str()).cloned() else {
            return;
        };
        let mut payment = None;
        if invoice.due() > 0 {
            let amount = Money::new(invoice.due(), invoice.currency);
            let bill = Bill {
                amount,
                customer: Some(&invoice.customer),
                method: PaymentMethod::Card,
                invoice: Some(id.as_str()),
                metadata: Metadata::new(),
            };
            let intent = self.new_intent(bill, telling.at);
            payment = Some(Arc::new(InvoicePayment {
                id: self.ids.long("inpay_", '1'),
                invoice: id.as_str().to_owned(),
                payment_intent: intent.id.clone(),
                requested: amount,
                paid_at: None,
                created: telling.at,
            }));
            telling.mention(self, EventKind::IntentCreated, Object::Intent(intent));
        }
        let opened = self.invoices.change(id.as_str(), |invoice| {
            invoice.status = InvoiceStatus::Open;
            invoice.finalized = Some(telling.at);
            invoice.payment = payment;
        });
        if let Some(invoice) = opened {
            telling.mention(self, EventKind::InvoiceFinalized, Object::Invoice(invoice));
        }
    }

    /// Tries to collect an open invoice; whether it is paid now.
    pub(super) fn collect(&mut self, telling: &mut Telling, id: &FactId, declines: bool) -> bool {
        let Some(invoice) = self.invoices.get(id.as_str()).cloned() else {
            return false;
        };
        let payment = invoice.payment.clone();
        let intent = payment.as_ref();
        let intent = intent.and_then(|it| self.intents.get(&it.payment_intent).cloned());
        let mut charge = None;
        if let Some(intent) = intent {
            let status = if declines {
                ChargeStatus::Failed
            } else {
                ChargeStatus::Succeeded
            };
            let tried = self.new_charge(telling, &intent, status);
            self.tell_payment(telling, &tried);
            charge = Some(tried.id.clone());
            if declines {
                self.payment_failed(telling, id);
                return false;
            }
        }
        let at = telling.at;
        let paid = self.invoices.change(id.as_str(), |invoice| {
            invoice.status = InvoiceStatus::Paid;
            invoice.paid = Some(at);
            invoice.attempts += i64::from(charge.is_some());
            invoice.next_attempt = None;
            invoice.charge.clone_from(&charge);
            if let Some(payment) = &mut invoice.payment {
                Arc::make_mut(payment).paid_at = Some(at);
            }
        });
        let Some(invoice) = paid else { return false };
        let told = self.told_of(id);
        let object = || Object::Invoice(Arc::clone(&invoice));
        let previous = Some(json!({ "status": "open" }));
        let updated = Snapshot {
            object: object(),
            previous,
        };
        telling.mention(self, EventKind::InvoiceUpdated, updated);
        telling.tell(self, EventKind::InvoicePaid, object(), told);
        telling.tell(self, EventKind::InvoicePaymentSucceeded, object(), told);
        if let Some(payment) = &invoice.payment {
            let payment = Object::Payment(Arc::clone(payment));
            telling.mention(self, EventKind::InvoicePaymentPaid, payment);
        }
        self.subscription_paid(telling, &invoice);
        true
    }

    fn payment_failed(&mut self, telling: &mut Telling, id: &FactId) {
        let at = telling.at;
        let failed = self.invoices.change(id.as_str(), |invoice| {
            invoice.attempts += 1;
            let more = invoice.attempts < MOST_ATTEMPTS;
            invoice.next_attempt = more.then_some(at + NEXT_ATTEMPT_SECONDS);
        });
        let Some(invoice) = failed else { return };
        let object = Object::Invoice(Arc::clone(&invoice));
        telling.mention(self, EventKind::InvoicePaymentFailed, object);
        self.subscription_unpaid(telling, &invoice);
    }

    /// A declined renewal is tried once more, with whatever the card does now (I18).
    ///
    /// # Errors
    /// No such invoice, or it isn't open.
    pub fn retry_payment(&mut self, invoice: &FactId) -> Result<Emitted, StripeError> {
        let open = self.open_one(invoice)?;
        let mut telling = self.telling_of(&open);
        let declines = self.declines(&open.customer);
        self.collect(&mut telling, invoice, declines);
        Ok(telling.done())
    }

    /// An open invoice is marked as paid by hand: `invoice.paid` alone, and no charge (I4).
    ///
    /// # Errors
    /// No such invoice, or it isn't open.
    pub fn pay_out_of_band(&mut self, invoice: &FactId) -> Result<Emitted, StripeError> {
        let open = self.open_one(invoice)?;
        let mut telling = self.telling_of(&open);
        if let Some(payment) = &open.payment {
            let canceled = IntentStatus::Canceled;
            self.intents
                .change(&payment.payment_intent, |it| it.status = canceled);
        }
        let at = telling.at;
        let paid = self.invoices.change(invoice.as_str(), |invoice| {
            invoice.status = InvoiceStatus::Paid;
            invoice.paid = Some(at);
            invoice.out_of_band = true;
            invoice.next_attempt = None;
            invoice.payment = None;
        });
        if let Some(paid) = paid {
            let told = match self.told_of(invoice) {
                Told::Echoed { credits } => Told::Paid { credits },
                other => other,
            };
            let object = Object::Invoice(Arc::clone(&paid));
            telling.tell(self, EventKind::InvoicePaid, object, told);
            self.subscription_paid(&mut telling, &paid);
        }
        Ok(telling.done())
    }

    fn open_one(&self, invoice: &FactId) -> Result<Arc<Invoice>, StripeError> {
        let found = self
            .invoices
            .get(invoice.as_str())
            .ok_or_else(|| StripeError::NoSuchInvoice(invoice.clone()))?;
        match found.status {
            InvoiceStatus::Open => Ok(Arc::clone(found)),
            InvoiceStatus::Paid => Err(StripeError::AlreadyPaid(invoice.clone())),
            _ => Err(StripeError::NotOpen(invoice.clone())),
        }
    }
}
