//! A subscription's paid Invoice, with its one line and its one payment.

use super::shape::{self, Filling};
use crate::{AccountId, Credits, CustomerId, FactId, Money};
use serde_json::{Map, Value, json};

/// Why a subscription's invoice was made (I1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillingReason {
    /// The subscription begins: its first period.
    SubscriptionCreate,
    /// The subscription goes on: its next period.
    SubscriptionCycle,
}

impl BillingReason {
    /// Stripe's name of it.
    fn name(self) -> &'static str {
        match self {
            BillingReason::SubscriptionCreate => "subscription_create",
            BillingReason::SubscriptionCycle => "subscription_cycle",
        }
    }
}

/// A stretch of time in Unix seconds, from `start` up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// One paid period of a plan.
#[derive(Clone, Debug)]
pub(super) struct Invoice {
    pub(super) id: FactId,
    pub(super) number: String,
    pub(super) account: AccountId,
    pub(super) customer: CustomerId,
    pub(super) price: String,
    pub(super) product: String,
    pub(super) amount: Money,
    pub(super) credits: Credits,
    pub(super) reason: BillingReason,
    pub(super) subscription: String,
    pub(super) subscription_item: String,
    pub(super) line: String,
    pub(super) payment: String,
    pub(super) payment_intent: String,
    pub(super) created: i64,
    /// What the line is for; the invoice's own period looks back (I12).
    pub(super) service: Period,
    pub(super) look_back: Period,
}

/// A paid invoice as its events show it, since basil (I9, I10): the subscription in `parent`, the
/// price in the line's `pricing`, neither `charge` nor `payment_intent` nor `subscription` at top.
///
/// One thing more than Stripe sends: `payments`, which Stripe leaves out until it is expanded.
/// Without it a ledger would have to ask `GET /v1/invoice_payments` which charge paid an invoice.
pub(super) fn shape() -> Map<String, Value> {
    let mut invoice = shape::read(include_str!("shapes/invoice.json"));
    shape::remove(&mut invoice, &["subscription"]);
    shape::overwrite(
        &mut invoice,
        json!({
            "id": "{{id}}",
            "amount_due": "{{amount}}",
            "amount_overpaid": 0,
            "amount_paid": "{{amount}}",
            "amount_remaining": 0,
            "attempt_count": 1,
            "attempted": true,
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
            "effective_at": "{{created}}",
            "ending_balance": 0,
            "from_invoice": null,
            "last_finalization_error": null,
            "lines": {
                "object": "list",
                "data": [line()],
                "has_more": false,
                "total_count": 1,
                "url": "{{lines_url}}",
            },
            "next_payment_attempt": null,
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
            "payments": { "object": "list", "data": [payment()], "has_more": false, "url": "{{payments_url}}" },
            "period_end": "{{look_back_end}}",
            "period_start": "{{look_back_start}}",
            "rendering": null,
            "shipping_cost": null,
            "shipping_details": null,
            "status": "paid",
            "status_transitions": {
                "finalized_at": "{{created}}",
                "marked_uncollectible_at": null,
                "paid_at": "{{created}}",
                "voided_at": null,
            },
            "subtotal": "{{amount}}",
            "subtotal_excluding_tax": "{{amount}}",
            "total": "{{amount}}",
            "total_excluding_tax": "{{amount}}",
            "total_pretax_credit_amounts": [],
            "total_taxes": [],
            "webhooks_delivered_at": "{{created}}",
        }),
    );
    invoice
}

/// The invoice's line: one unit of the plan for its service period.
fn line() -> Value {
    let mut line = shape::read(include_str!("shapes/line_item.json"));
    shape::remove(&mut line, &["subscription"]);
    shape::overwrite(
        &mut line,
        json!({
            "id": "{{line}}",
            "amount": "{{amount}}",
            "currency": "{{currency}}",
            "description": "1 × plan",
            "invoice": "{{id}}",
            "parent": {
                "invoice_item_details": null,
                "subscription_item_details": {
                    "invoice_item": null,
                    "proration": false,
                    "proration_details": { "credited_items": null },
                    "subscription": "{{subscription}}",
                    "subscription_item": "{{subscription_item}}",
                },
                "type": "subscription_item_details",
            },
            "period": { "end": "{{service_end}}", "start": "{{service_start}}" },
            "pretax_credit_amounts": [],
            "pricing": {
                "price_details": { "price": "{{price}}", "product": "{{product}}" },
                "type": "price_details",
                "unit_amount_decimal": "{{unit_amount_decimal}}",
            },
            "quantity_decimal": "1",
            "subtotal": "{{amount}}",
            "taxes": [],
        }),
    );
    Value::Object(line)
}

/// The invoice's payment, which names the PaymentIntent (I6).
fn payment() -> Value {
    let mut payment = shape::read(include_str!("shapes/invoice_payment.json"));
    shape::overwrite(
        &mut payment,
        json!({
            "id": "{{payment}}",
            "amount_paid": "{{amount}}",
            "amount_requested": "{{amount}}",
            "created": "{{created}}",
            "currency": "{{currency}}",
            "invoice": "{{id}}",
            "livemode": false,
            "payment": { "payment_intent": "{{payment_intent}}", "type": "payment_intent" },
            "status": "paid",
            "status_transitions": { "canceled_at": null, "paid_at": "{{created}}" },
        }),
    );
    Value::Object(payment)
}

impl Invoice {
    /// What stands in this hole of the shape.
    pub(super) fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => self.id.as_str().into(),
            "number" => self.number.as_str().into(),
            "customer" => self.customer.as_str().into(),
            "price" => self.price.as_str().into(),
            "product" => self.product.as_str().into(),
            "amount" => self.amount.minor().into(),
            "unit_amount_decimal" => self.amount.minor().to_string().into(),
            "currency" => String::from(self.amount.currency()).into(),
            "billing_reason" => self.reason.name().into(),
            "subscription" => self.subscription.as_str().into(),
            "subscription_item" => self.subscription_item.as_str().into(),
            "line" => self.line.as_str().into(),
            "lines_url" => format!("/v1/invoices/{}/lines", self.id).into(),
            "payment" => self.payment.as_str().into(),
            "payment_intent" => self.payment_intent.as_str().into(),
            "payments_url" => format!("/v1/invoice_payments?invoice={}", self.id).into(),
            "created" => self.created.into(),
            "service_start" => self.service.start.into(),
            "service_end" => self.service.end.into(),
            "look_back_start" => self.look_back.start.into(),
            "look_back_end" => self.look_back.end.into(),
            _ => panic!("an invoice has no value for hole `{hole}`"),
        }
    }
}
