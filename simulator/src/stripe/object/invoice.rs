//! A subscription's Invoice, with its lines and the payment that it asks for.

use super::line::Line;
use super::payment::InvoicePayment;
use super::subscription::Period;
use crate::stripe::shape::{self, Filling, Shaped, Template};
use crate::stripe::version::Version;
use crate::{AccountId, Credits, Currency, CustomerId, FactId};
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};

/// Why a subscription's invoice was made (I1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillingReason {
    /// The subscription begins: its first period, or its trial.
    SubscriptionCreate,
    /// The subscription goes on: its next period.
    SubscriptionCycle,
    /// The plan was changed, and the difference is paid at once.
    SubscriptionUpdate,
}

impl BillingReason {
    /// Stripe's name of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            BillingReason::SubscriptionCreate => "subscription_create",
            BillingReason::SubscriptionCycle => "subscription_cycle",
            BillingReason::SubscriptionUpdate => "subscription_update",
        }
    }
}

/// How far an invoice is (I2), as far as this world takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvoiceStatus {
    /// Until it is finalized, about an hour (I17).
    Draft,
    Open,
    Paid,
}

impl InvoiceStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            InvoiceStatus::Draft => "draft",
            InvoiceStatus::Open => "open",
            InvoiceStatus::Paid => "paid",
        }
    }
}

/// One invoice.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub(crate) id: FactId,
    pub(crate) number: String,
    pub(crate) account: AccountId,
    pub(crate) customer: CustomerId,
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<Line>,
    /// What the ledger under test grants for it.
    pub(crate) credits: Credits,
    pub(crate) reason: BillingReason,
    pub(crate) subscription: String,
    /// `None` where nothing is asked for.
    pub(crate) payment: Option<Arc<InvoicePayment>>,
    pub(crate) charge: Option<String>,
    /// Marked as paid by hand: no payment stands behind it (I4).
    pub(crate) out_of_band: bool,
    pub(crate) attempts: i64,
    pub(crate) next_attempt: Option<i64>,
    pub(crate) created: i64,
    pub(crate) finalized: Option<i64>,
    pub(crate) paid: Option<i64>,
    /// It looks back; what the lines are for is in them (I12).
    pub(crate) look_back: Period,
    pub(crate) status: InvoiceStatus,
}

impl Invoice {
    /// The sum of its lines, in minor units; below zero if a change of plan gives more back.
    pub(crate) fn total(&self) -> i64 {
        self.lines
            .iter()
            .fold(0, |sum: i64, line| sum.saturating_add(line.amount))
    }

    /// What is asked for (I8).
    pub(crate) fn due(&self) -> i64 {
        self.total().max(0)
    }

    fn paid_amount(&self) -> i64 {
        self.paid.map_or(0, |_| self.due())
    }
}

impl Shaped for Invoice {
    fn template(&self, version: Version) -> &'static Template {
        static TODAY: LazyLock<Template> = LazyLock::new(|| Template::of(today()));
        static BEFORE_BASIL: LazyLock<Template> = LazyLock::new(|| Template::of(before_basil()));
        static UPCOMING: LazyLock<Template> = LazyLock::new(|| {
            let mut upcoming = today();
            shape::remove(&mut upcoming, &["id"]);
            Template::of(upcoming)
        });
        match version {
            // I7: an upcoming invoice has no id.
            _ if self.id.as_str().is_empty() => &UPCOMING,
            Version::Endive => &TODAY,
            Version::Acacia => &BEFORE_BASIL,
        }
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => self.id.as_str().into(),
            "amount_due" => self.due().into(),
            "amount_paid" => self.paid_amount().into(),
            "amount_remaining" => (self.due() - self.paid_amount()).into(),
            "total" => self.total().into(),
            "attempts" => self.attempts.into(),
            "attempted" => (self.attempts > 0).into(),
            "next_attempt" => self.next_attempt.into(),
            "auto_advance" => (self.status == InvoiceStatus::Draft).into(),
            "number" => self.finalized.map(|_| &self.number).into(),
            "customer" => self.customer.as_str().into(),
            "currency" => self.currency.into(),
            "billing_reason" => self.reason.name().into(),
            "subscription" => self.subscription.as_str().into(),
            "lines" => Filling::Many(self.lines.iter().map(|line| line as &dyn Shaped).collect()),
            "lines_count" => i64::try_from(self.lines.len()).unwrap_or(i64::MAX).into(),
            "lines_url" => format!("/v1/invoices/{}/lines", self.id).into(),
            "payments" => {
                let one = self.payment.iter();
                Filling::Many(one.map(|payment| &**payment as &dyn Shaped).collect())
            }
            "payments_url" => format!("/v1/invoice_payments?invoice={}", self.id).into(),
            "payment_intent" => {
                let payment = self.payment.as_ref();
                payment.map(|payment| &payment.payment_intent).into()
            }
            "charge" => self.charge.as_ref().into(),
            "is_paid" => (self.status == InvoiceStatus::Paid).into(),
            "out_of_band" => self.out_of_band.into(),
            "created" => self.created.into(),
            "finalized" => self.finalized.into(),
            "paid_at" => self.paid.into(),
            "look_back_start" => self.look_back.start.into(),
            "look_back_end" => self.look_back.end.into(),
            "status" => self.status.name().into(),
            _ => panic!("an invoice has no value for hole `{hole}`"),
        }
    }
}

/// Since basil (I9): the subscription in `parent`; neither `charge` nor `payment_intent` nor
/// `subscription` at top.
///
/// One thing more than Stripe sends: `payments`, which Stripe leaves out until it is expanded.
/// Without it a ledger would have to ask `GET /v1/invoice_payments` which charge paid an invoice.
fn today() -> Map<String, Value> {
    let mut invoice = shape::read(include_str!("shapes/invoice.json"));
    shape::remove(&mut invoice, &["subscription"]);
    shape::overwrite(
        &mut invoice,
        json!({
            "id": "{{id}}",
            "amount_due": "{{amount_due}}",
            "amount_overpaid": 0,
            "amount_paid": "{{amount_paid}}",
            "amount_remaining": "{{amount_remaining}}",
            "attempt_count": "{{attempts}}",
            "attempted": "{{attempted}}",
            "auto_advance": "{{auto_advance}}",
            "automatic_tax": {
                "disabled_reason": null,
                "enabled": false,
                "liability": null,
                "provider": null,
                "status": null,
            },
            "billing_reason": "{{billing_reason}}",
            "created": "{{created}}",
            "currency": "{{currency}}",
            "customer": "{{customer}}",
            "customer_address": null,
            "customer_shipping": null,
            "due_date": null,
            "effective_at": "{{finalized}}",
            "ending_balance": 0,
            "from_invoice": null,
            "last_finalization_error": null,
            "lines": {
                "object": "list",
                "data": "{{lines}}",
                "has_more": false,
                "total_count": "{{lines_count}}",
                "url": "{{lines_url}}",
            },
            "next_payment_attempt": "{{next_attempt}}",
            "number": "{{number}}",
            "parent": {
                "quote_details": null,
                "subscription_details": { "metadata": {}, "subscription": "{{subscription}}" },
                "type": "subscription_details",
            },
            "payment_settings": {
                "default_mandate": null,
                "payment_method_options": null,
                "payment_method_types": null,
            },
            "payments": { "object": "list", "data": "{{payments}}", "has_more": false, "url": "{{payments_url}}" },
            "period_end": "{{look_back_end}}",
            "period_start": "{{look_back_start}}",
            "rendering": null,
            "shipping_cost": null,
            "shipping_details": null,
            "status": "{{status}}",
            "status_transitions": {
                "finalized_at": "{{finalized}}",
                "marked_uncollectible_at": null,
                "paid_at": "{{paid_at}}",
                "voided_at": null,
            },
            "subtotal": "{{total}}",
            "subtotal_excluding_tax": "{{total}}",
            "total": "{{total}}",
            "total_excluding_tax": "{{total}}",
            "total_pretax_credit_amounts": [],
            "total_taxes": [],
            "webhooks_delivered_at": "{{finalized}}",
        }),
    );
    invoice
}

/// What basil removed (I9).
fn before_basil() -> Map<String, Value> {
    let mut invoice = today();
    shape::remove(
        &mut invoice,
        &["parent", "payments", "amount_overpaid", "total_taxes"],
    );
    shape::overwrite(
        &mut invoice,
        json!({
            "charge": "{{charge}}",
            "discount": null,
            "paid": "{{is_paid}}",
            "paid_out_of_band": "{{out_of_band}}",
            "payment_intent": "{{payment_intent}}",
            "quote": null,
            "subscription": "{{subscription}}",
            "subscription_details": { "metadata": {} },
            "tax": null,
            "total_tax_amounts": [],
        }),
    );
    invoice
}
