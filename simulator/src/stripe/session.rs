//! A Checkout Session that the buyer went through, in payment mode.

use super::shape::{self, Filling};
use crate::{AccountId, Credits, CustomerId, FactId, Money};
use serde_json::{Map, Value, json};

/// How the buyer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentMethod {
    /// The money is there at once.
    Card,
    /// The money comes days later, or never (C14).
    BankDebit,
}

impl PaymentMethod {
    /// Stripe's name of the payment method's type.
    pub(super) fn name(self) -> &'static str {
        match self {
            PaymentMethod::Card => "card",
            PaymentMethod::BankDebit => "us_bank_account",
        }
    }
}

/// One purchase of a pack.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: FactId,
    pub(super) account: AccountId,
    pub(super) customer: Option<CustomerId>,
    pub(super) price: String,
    pub(super) amount: Money,
    pub(super) credits: Credits,
    pub(super) method: PaymentMethod,
    pub(super) payment_intent: String,
    pub(super) created: i64,
    /// `payment_status`: whether the money is available (C1).
    pub(super) paid: bool,
}

/// C9: a session lives for a day unless told otherwise.
const LIFETIME_SECONDS: i64 = 24 * 60 * 60;

/// A completed session as its events show it: no line items (C7), no URL (C10), the account in
/// `client_reference_id` and the price in `metadata` as they were sent (C8).
pub(super) fn shape() -> Map<String, Value> {
    let mut session = shape::read(include_str!("shapes/checkout.session.json"));
    shape::overwrite(
        &mut session,
        json!({
            "id": "{{id}}",
            "after_expiration": null,
            "amount_subtotal": "{{amount}}",
            "amount_total": "{{amount}}",
            "automatic_tax": { "enabled": false, "liability": null, "provider": null, "status": null },
            "client_reference_id": "{{account}}",
            "consent": null,
            "consent_collection": null,
            "created": "{{created}}",
            "currency": "{{currency}}",
            "custom_text": {
                "after_submit": null,
                "shipping_address": null,
                "submit": null,
                "terms_of_service_acceptance": null,
            },
            "customer": "{{customer}}",
            "customer_creation": "{{customer_creation}}",
            "expires_at": "{{expires_at}}",
            "invoice_creation": {
                "enabled": false,
                "invoice_data": {
                    "account_tax_ids": null,
                    "custom_fields": null,
                    "description": null,
                    "footer": null,
                    "issuer": null,
                    "metadata": {},
                    "rendering_options": null,
                },
            },
            "metadata": { "price": "{{price}}" },
            "payment_intent": "{{payment_intent}}",
            "payment_method_configuration_details": null,
            "payment_method_types": ["{{method}}"],
            "payment_status": "{{payment_status}}",
            "saved_payment_method_options": null,
            "shipping_address_collection": null,
            "shipping_cost": null,
            "status": "complete",
            "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
            "ui_mode": "hosted_page",
            "url": null,
            "adaptive_pricing": { "enabled": false },
            "collected_information": null,
            "permissions": null,
            "wallet_options": null,
            "currency_conversion": null,
            "managed_payments": { "enabled": false },
        }),
    );
    session
}

impl Session {
    /// What stands in this hole of the shape.
    pub(super) fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => self.id.as_str().into(),
            "account" => self.account.as_str().into(),
            "customer" => self.customer.as_ref().map(CustomerId::as_str).into(),
            // C5: a customer is made only if required, and then none is.
            "customer_creation" => self.customer.is_none().then_some("if_required").into(),
            "price" => self.price.as_str().into(),
            "amount" => self.amount.minor().into(),
            "currency" => String::from(self.amount.currency()).into(),
            "method" => self.method.name().into(),
            "payment_intent" => self.payment_intent.as_str().into(),
            "payment_status" => if self.paid { "paid" } else { "unpaid" }.into(),
            "created" => self.created.into(),
            "expires_at" => (self.created + LIFETIME_SECONDS).into(),
            _ => panic!("a session has no value for hole `{hole}`"),
        }
    }
}
