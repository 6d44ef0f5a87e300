//! A Charge: the money that paid one Session or Invoice, and how much of it went back.

use super::session::PaymentMethod;
use crate::stripe::error::StripeError;
use crate::stripe::shape::{self, Filling, Shaped, Template};
use crate::stripe::version::Version;
use crate::{AccountId, CustomerId, FactId, Money};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Where the money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChargeStatus {
    /// The bank hasn't answered; the PaymentIntent is `processing`.
    Pending,
    /// It is there.
    Succeeded,
    /// It won't come.
    Failed,
}

/// One payment.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub(crate) id: String,
    /// The Session or Invoice that it pays.
    pub(crate) pays: FactId,
    pub(crate) account: AccountId,
    pub(crate) customer: Option<CustomerId>,
    pub(crate) amount: Money,
    /// The running total, in minor units (R1).
    pub(crate) refunded: i64,
    pub(crate) disputed: bool,
    pub(crate) method: PaymentMethod,
    pub(crate) payment_intent: String,
    pub(crate) payment_method: String,
    /// Set a moment after the charge has succeeded (C13).
    pub(crate) balance_transaction: Option<String>,
    /// Which older versions show.
    pub(crate) invoice: Option<String>,
    pub(crate) created: i64,
    pub(crate) status: ChargeStatus,
    /// Why the bank said no.
    pub(crate) declined: Option<&'static str>,
}

impl Charge {
    /// What can still be given back, in minor units.
    pub(crate) fn left(&self) -> i64 {
        self.amount.minor() - self.refunded
    }

    /// Gives `minor` units back.
    ///
    /// # Errors
    /// Not paid, not an amount, or more than what is left (R5). Nothing changes then.
    pub(crate) fn refund(&mut self, minor: i64) -> Result<(), StripeError> {
        let left = self.left();
        if self.status != ChargeStatus::Succeeded {
            Err(StripeError::NotPaid(self.pays.clone()))
        } else if minor < 1 {
            Err(StripeError::NotAnAmount(minor))
        } else if left == 0 {
            Err(StripeError::AlreadyRefunded(self.pays.clone()))
        } else if minor > left {
            Err(StripeError::AboveCharge { asked: minor, left })
        } else {
            self.refunded += minor;
            Ok(())
        }
    }

    /// Whether all of it went back; only then `refunded` is true (R1).
    pub(crate) fn is_whole_refund(&self) -> bool {
        self.refunded == self.amount.minor()
    }
}

impl Shaped for Charge {
    fn template(&self, version: Version) -> &'static Template {
        static SHAPES: LazyLock<[[Template; 2]; 2]> = LazyLock::new(|| {
            [PaymentMethod::Card, PaymentMethod::BankDebit].map(|method| {
                let mut before_basil = shape(method);
                shape::overwrite(&mut before_basil, json!({ "invoice": "{{invoice}}" }));
                [shape(method), before_basil].map(Template::of)
            })
        });
        let [today, before_basil] = match self.method {
            PaymentMethod::Card => &SHAPES[0],
            PaymentMethod::BankDebit => &SHAPES[1],
        };
        match version {
            Version::Endive => today,
            Version::Acacia => before_basil,
        }
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        let succeeded = self.status == ChargeStatus::Succeeded;
        match hole {
            "id" => self.id.as_str().into(),
            "customer" => self.customer.as_ref().map(CustomerId::as_str).into(),
            "amount" => self.amount.minor().into(),
            "captured_amount" if succeeded => self.amount.minor().into(),
            "captured_amount" => 0.into(),
            "captured" | "paid" => (self.status != ChargeStatus::Failed).into(),
            "currency" => self.amount.currency().into(),
            "amount_refunded" => self.refunded.into(),
            "refunded" => self.is_whole_refund().into(),
            "disputed" => self.disputed.into(),
            "failure_code" => self.declined.map(|_| "card_declined").into(),
            "failure_message" => self.declined.map(|_| "Your card was declined.").into(),
            "payment_intent" => self.payment_intent.as_str().into(),
            "payment_method" => self.payment_method.as_str().into(),
            "balance_transaction" => self.balance_transaction.as_ref().into(),
            "invoice" => self.invoice.as_ref().into(),
            "created" => self.created.into(),
            "outcome" if self.declined.is_some() => "issuer_declined".into(),
            "outcome" => "authorized".into(),
            "network_status" if self.declined.is_some() => "declined_by_network".into(),
            "network_status" => "approved_by_network".into(),
            "outcome_reason" => self.declined.into(),
            "status" => match self.status {
                ChargeStatus::Pending => "pending",
                ChargeStatus::Succeeded => "succeeded",
                ChargeStatus::Failed => "failed",
            }
            .into(),
            _ => panic!("a charge has no value for hole `{hole}`"),
        }
    }
}

/// A charge as its events show it: without `refunds` (R3) and, since basil, without its invoice
/// (I11).
fn shape(method: PaymentMethod) -> Map<String, Value> {
    let mut charge = shape::read(include_str!("shapes/charge.json"));
    let details = match method {
        PaymentMethod::Card => card_details(&charge),
        PaymentMethod::BankDebit => bank_details(),
    };
    shape::remove(&mut charge, &["refunds"]);
    shape::overwrite(
        &mut charge,
        json!({
            "id": "{{id}}",
            "amount": "{{amount}}",
            "amount_captured": "{{captured_amount}}",
            "amount_refunded": "{{amount_refunded}}",
            "balance_transaction": "{{balance_transaction}}",
            "captured": "{{captured}}",
            "created": "{{created}}",
            "currency": "{{currency}}",
            "customer": "{{customer}}",
            "description": null,
            "disputed": "{{disputed}}",
            "failure_code": "{{failure_code}}",
            "failure_message": "{{failure_message}}",
            "outcome": {
                "advice_code": null,
                "network_advice_code": null,
                "network_decline_code": null,
                "network_status": "{{network_status}}",
                "reason": "{{outcome_reason}}",
                "risk_level": "normal",
                "seller_message": "Payment complete.",
                "type": "{{outcome}}",
            },
            "paid": "{{paid}}",
            "payment_intent": "{{payment_intent}}",
            "payment_method": "{{payment_method}}",
            "payment_method_details": details,
            "receipt_url": null,
            "refunded": "{{refunded}}",
            "shipping": null,
            "source": null,
            "status": "{{status}}",
            "transfer_data": null,
        }),
    );
    charge
}

/// The published card, without the link wallet, installments and 3-D Secure that it claims.
fn card_details(charge: &Map<String, Value>) -> Value {
    let mut details = charge["payment_method_details"].clone();
    for unused in ["installments", "three_d_secure", "wallet"] {
        details["card"][unused] = Value::Null;
    }
    details["card"]["overcapture"]["maximum_amount_capturable"] = json!("{{amount}}");
    details
}

/// A US bank account, Stripe's test one.
fn bank_details() -> Value {
    json!({
        "type": PaymentMethod::BankDebit.name(),
        "us_bank_account": {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "fingerprint": null,
            "last4": "6789",
            "routing_number": "110000000",
        },
    })
}
