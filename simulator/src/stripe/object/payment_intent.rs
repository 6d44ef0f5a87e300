//! A PaymentIntent: one payment, through all its tries.

use crate::stripe::shape::{self, Filling, Metadata, Shaped, Template};
use crate::stripe::version::Version;
use crate::{CustomerId, Money};
use serde_json::json;
use std::sync::LazyLock;

use super::session::PaymentMethod;

/// Where the payment is (R11), as far as this world takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntentStatus {
    /// Not tried yet, or the last try was declined: the same intent may still succeed.
    RequiresPaymentMethod,
    /// The bank hasn't answered.
    Processing,
    Succeeded,
    Canceled,
}

impl IntentStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            IntentStatus::RequiresPaymentMethod => "requires_payment_method",
            IntentStatus::Processing => "processing",
            IntentStatus::Succeeded => "succeeded",
            IntentStatus::Canceled => "canceled",
        }
    }
}

/// One payment.
#[derive(Clone, Debug)]
pub(crate) struct PaymentIntent {
    pub(crate) id: String,
    pub(crate) amount: Money,
    pub(crate) customer: Option<CustomerId>,
    pub(crate) method: PaymentMethod,
    pub(crate) payment_method: Option<String>,
    pub(crate) latest_charge: Option<String>,
    /// Which older versions show.
    pub(crate) invoice: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
    pub(crate) status: IntentStatus,
    /// Why the last try was declined.
    pub(crate) declined: Option<&'static str>,
}

impl Shaped for PaymentIntent {
    fn template(&self, version: Version) -> &'static Template {
        static TODAY: LazyLock<Template> = LazyLock::new(|| Template::of(shape()));
        static BEFORE_BASIL: LazyLock<Template> = LazyLock::new(|| {
            let mut intent = shape();
            shape::overwrite(&mut intent, json!({ "invoice": "{{invoice}}" }));
            Template::of(intent)
        });
        match version {
            Version::Endive => &TODAY,
            Version::Acacia => &BEFORE_BASIL,
        }
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => (&self.id).into(),
            "amount" => self.amount.minor().into(),
            "received" if self.status == IntentStatus::Succeeded => self.amount.minor().into(),
            "received" => 0.into(),
            "client_secret" => format!("{}_secret_{}", self.id, &self.id[3..]).into(),
            "created" => self.created.into(),
            "canceled_at" => Filling::Null,
            "currency" => self.amount.currency().into(),
            "customer" => self.customer.as_ref().map(CustomerId::as_str).into(),
            "invoice" => self.invoice.as_ref().into(),
            "last_payment_error" => self
                .declined
                .map(|code| {
                    json!({
                        "code": "card_declined",
                        "decline_code": code,
                        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
                        "message": "Your card was declined.",
                        "type": "card_error",
                    })
                })
                .into(),
            "latest_charge" => self.latest_charge.as_ref().into(),
            "metadata" => (&self.metadata).into(),
            "method" => self.method.name().into(),
            "payment_method" => self.payment_method.as_ref().into(),
            "status" => self.status.name().into(),
            _ => panic!("a payment intent has no value for hole `{hole}`"),
        }
    }
}

fn shape() -> serde_json::Map<String, serde_json::Value> {
    let mut intent = shape::read(include_str!("shapes/payment_intent.json"));
    shape::overwrite(
        &mut intent,
        json!({
            "id": "{{id}}",
            "amount": "{{amount}}",
            "amount_received": "{{received}}",
            "automatic_payment_methods": null,
            "canceled_at": "{{canceled_at}}",
            "client_secret": "{{client_secret}}",
            "created": "{{created}}",
            "currency": "{{currency}}",
            "customer": "{{customer}}",
            "last_payment_error": "{{last_payment_error}}",
            "latest_charge": "{{latest_charge}}",
            "metadata": "{{metadata}}",
            "next_action": null,
            "payment_method": "{{payment_method}}",
            "payment_method_configuration_details": null,
            "payment_method_types": ["{{method}}"],
            "processing": null,
            "shipping": null,
            "status": "{{status}}",
            "transfer_data": null,
            "managed_payments": { "enabled": false },
        }),
    );
    intent
}
