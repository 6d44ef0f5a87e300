//! A Checkout Session: what somebody is offered, and whether they went through with it.

use super::price::Item;
use crate::stripe::shape::{self, Filling, Metadata, Shaped, Template};
use crate::stripe::version::Version;
use crate::{AccountId, Credits, Currency, CustomerId, FactId};
use serde_json::{Value, json};
use std::sync::LazyLock;

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
    pub(crate) fn name(self) -> &'static str {
        match self {
            PaymentMethod::Card => "card",
            PaymentMethod::BankDebit => "us_bank_account",
        }
    }

    /// What its charges' ids start with (section 9).
    pub(crate) fn charge_prefix(self) -> &'static str {
        match self {
            PaymentMethod::Card => "ch_",
            PaymentMethod::BankDebit => "py_",
        }
    }
}

/// What a session is for (C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Payment,
    Subscription,
    Setup,
}

impl Mode {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Payment, Self::Subscription, Self::Setup]
            .into_iter()
            .find(|mode| mode.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::Payment => "payment",
            Mode::Subscription => "subscription",
            Mode::Setup => "setup",
        }
    }
}

/// How far the buyer is (C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionStatus {
    Open,
    Complete,
    Expired,
}

impl SessionStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            SessionStatus::Open => "open",
            SessionStatus::Complete => "complete",
            SessionStatus::Expired => "expired",
        }
    }
}

/// Whether the money is available (C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PaymentStatus {
    Paid,
    Unpaid,
    NotRequired,
}

impl PaymentStatus {
    fn name(self) -> &'static str {
        match self {
            PaymentStatus::Paid => "paid",
            PaymentStatus::Unpaid => "unpaid",
            PaymentStatus::NotRequired => "no_payment_required",
        }
    }
}

/// One visit to Checkout.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: FactId,
    /// Whose purchase it is in the ledger under test.
    pub(crate) account: AccountId,
    pub(crate) client_reference: Option<String>,
    pub(crate) customer: Option<CustomerId>,
    /// `customer_creation: always` makes a customer on completion (C5).
    pub(crate) creates_customer: bool,
    pub(crate) email: Option<String>,
    pub(crate) mode: Mode,
    pub(crate) items: Vec<Item>,
    pub(crate) metadata: Metadata,
    pub(crate) intent_metadata: Metadata,
    pub(crate) subscription_metadata: Metadata,
    pub(crate) trial_days: i64,
    pub(crate) method: PaymentMethod,
    pub(crate) payment_intent: Option<String>,
    pub(crate) subscription: Option<String>,
    pub(crate) invoice: Option<String>,
    pub(crate) setup_intent: Option<String>,
    pub(crate) success_url: Option<String>,
    pub(crate) cancel_url: Option<String>,
    pub(crate) created: i64,
    pub(crate) expires_at: i64,
    pub(crate) status: SessionStatus,
    pub(crate) payment: PaymentStatus,
}

impl Session {
    /// What it costs today, in minor units: a trial costs nothing, and a setup has no amount (C4).
    pub(crate) fn total(&self) -> Option<i64> {
        match self.mode {
            Mode::Setup => None,
            _ if self.trial_days > 0 => Some(0),
            _ => self
                .items
                .iter()
                .try_fold(0_i64, |sum, item| sum.checked_add(item.total()?)),
        }
    }

    /// What the ledger under test grants for it.
    pub(crate) fn credits(&self) -> Credits {
        let each = self.items.iter();
        let each = each.map(|item| item.price.credits.get().saturating_mul(item.quantity));
        Credits::new(each.fold(0, i64::saturating_add))
    }

    /// In which currency.
    pub(crate) fn currency(&self) -> Option<Currency> {
        let first = self.items.first()?;
        Some(first.price.amount.currency())
    }
}

impl Shaped for Session {
    /// No line items (C7), no URL once it is over (C10), references and metadata as they were
    /// sent (C8).
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| {
            let mut session = shape::read(include_str!("shapes/checkout.session.json"));
            shape::overwrite(
                &mut session,
                json!({
                    "id": "{{id}}",
                    "after_expiration": null,
                    "amount_subtotal": "{{amount}}",
                    "amount_total": "{{amount}}",
                    "automatic_tax": { "enabled": false, "liability": null, "provider": null, "status": null },
                    "cancel_url": "{{cancel_url}}",
                    "client_reference_id": "{{reference}}",
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
                    "customer_details": "{{customer_details}}",
                    "expires_at": "{{expires_at}}",
                    "invoice": "{{invoice}}",
                    "invoice_creation": "{{invoice_creation}}",
                    "metadata": "{{metadata}}",
                    "mode": "{{mode}}",
                    "payment_intent": "{{payment_intent}}",
                    "payment_method_configuration_details": null,
                    "payment_method_types": ["{{method}}"],
                    "payment_status": "{{payment_status}}",
                    "saved_payment_method_options": null,
                    "setup_intent": "{{setup_intent}}",
                    "shipping_address_collection": null,
                    "shipping_cost": null,
                    "status": "{{status}}",
                    "subscription": "{{subscription}}",
                    "success_url": "{{success_url}}",
                    "total_details": "{{total_details}}",
                    "ui_mode": "hosted_page",
                    "url": "{{url}}",
                    "adaptive_pricing": { "enabled": false },
                    "collected_information": null,
                    "permissions": null,
                    "wallet_options": null,
                    "currency_conversion": null,
                    "managed_payments": { "enabled": false },
                }),
            );
            Template::of(session)
        });
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => self.id.as_str().into(),
            "reference" => self.client_reference.as_ref().into(),
            "customer" => self.customer.as_ref().map(CustomerId::as_str).into(),
            "customer_creation" => match (self.mode, &self.customer) {
                (Mode::Payment, _) if self.creates_customer => "always".into(),
                (Mode::Payment, None) => "if_required".into(),
                _ => Filling::Null,
            },
            // C5: filled whether or not there is a customer.
            "customer_details" if self.status == SessionStatus::Complete => {
                static DETAILS: LazyLock<Template> =
                    LazyLock::new(|| Template::new(&customer_details("buyer@example.com")));
                let given = self.email.as_deref();
                given.map_or_else(|| (&*DETAILS).into(), |it| customer_details(it).into())
            }
            "customer_details" => Filling::Null,
            "amount" => self.total().into(),
            "currency" => self.currency().into(),
            "total_details" => {
                static DETAILS: LazyLock<Template> = LazyLock::new(|| {
                    Template::new(&json!({
                        "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0
                    }))
                });
                self.total().map(|_| &*DETAILS).into()
            }
            "invoice" => self.invoice.as_ref().into(),
            "invoice_creation" if self.mode == Mode::Payment => {
                static CREATION: LazyLock<Template> =
                    LazyLock::new(|| Template::new(&invoice_creation()));
                (&*CREATION).into()
            }
            "invoice_creation" => Filling::Null,
            "metadata" => (&self.metadata).into(),
            "mode" => self.mode.name().into(),
            "method" => self.method.name().into(),
            "payment_intent" => self.payment_intent.as_ref().into(),
            "payment_status" => self.payment.name().into(),
            "setup_intent" => self.setup_intent.as_ref().into(),
            "status" => self.status.name().into(),
            "subscription" => self.subscription.as_ref().into(),
            "success_url" => self.success_url.as_ref().into(),
            "cancel_url" => self.cancel_url.as_ref().into(),
            "created" => self.created.into(),
            "expires_at" => self.expires_at.into(),
            "url" if self.status == SessionStatus::Open => {
                format!("https://checkout.stripe.com/c/pay/{}", self.id).into()
            }
            "url" => Filling::Null,
            _ => panic!("a session has no value for hole `{hole}`"),
        }
    }
}

/// Who bought it, as they said in Checkout.
fn customer_details(email: &str) -> Value {
    json!({
        "address": null,
        "business_name": null,
        "email": email,
        "individual_name": null,
        "name": null,
        "phone": null,
        "tax_exempt": "none",
        "tax_ids": [],
    })
}

/// That no invoice is made of a pack's purchase.
fn invoice_creation() -> Value {
    json!({
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
    })
}
