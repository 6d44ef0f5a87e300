//! A Charge: the money that paid one Session or Invoice, and how much of it went back.

use super::error::StripeError;
use super::session::PaymentMethod;
use super::shape::{self, Filling};
use crate::{AccountId, CustomerId, FactId, Money};
use serde_json::{Map, Value, json};

/// Where the money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChargeStatus {
    /// The bank hasn't answered; the PaymentIntent is `processing`.
    Pending,
    /// It is there.
    Succeeded,
    /// It won't come.
    Failed,
}

/// One payment.
#[derive(Clone, Debug)]
pub(super) struct Charge {
    pub(super) id: String,
    /// The Session or Invoice that it pays.
    pub(super) pays: FactId,
    pub(super) account: AccountId,
    pub(super) customer: Option<CustomerId>,
    pub(super) amount: Money,
    /// The running total, in minor units (R1).
    pub(super) refunded: i64,
    pub(super) method: PaymentMethod,
    pub(super) payment_intent: String,
    pub(super) payment_method: String,
    pub(super) balance_transaction: String,
    pub(super) created: i64,
    pub(super) status: ChargeStatus,
}

impl Charge {
    /// Gives `minor` units back.
    ///
    /// # Errors
    /// Not paid, not an amount, or more than what is left (R5). Nothing changes then.
    pub(super) fn refund(&mut self, minor: i64) -> Result<(), StripeError> {
        let left = self.amount.minor() - self.refunded;
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
    pub(super) fn is_whole_refund(&self) -> bool {
        self.refunded == self.amount.minor()
    }

    /// What stands in this hole of the shape.
    pub(super) fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => self.id.as_str().into(),
            "customer" => self.customer.as_ref().map(CustomerId::as_str).into(),
            "amount" => self.amount.minor().into(),
            "currency" => String::from(self.amount.currency()).into(),
            "amount_refunded" => self.refunded.into(),
            "refunded" => self.is_whole_refund().into(),
            "payment_intent" => self.payment_intent.as_str().into(),
            "payment_method" => self.payment_method.as_str().into(),
            "balance_transaction" => self.balance_transaction.as_str().into(),
            "created" => self.created.into(),
            _ => panic!("a charge has no value for hole `{hole}`"),
        }
    }
}

/// A charge that succeeded, as its events show it: without `refunds` (R3) and, since basil,
/// without its invoice (I11).
pub(super) fn shape(method: PaymentMethod) -> Map<String, Value> {
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
            "amount_captured": "{{amount}}",
            "amount_refunded": "{{amount_refunded}}",
            "balance_transaction": "{{balance_transaction}}",
            "captured": true,
            "created": "{{created}}",
            "currency": "{{currency}}",
            "customer": "{{customer}}",
            "description": null,
            "outcome": {
                "advice_code": null,
                "network_advice_code": null,
                "network_decline_code": null,
                "network_status": "approved_by_network",
                "reason": null,
                "risk_level": "normal",
                "seller_message": "Payment complete.",
                "type": "authorized",
            },
            "payment_intent": "{{payment_intent}}",
            "payment_method": "{{payment_method}}",
            "payment_method_details": details,
            "receipt_url": null,
            "refunded": "{{refunded}}",
            "shipping": null,
            "source": null,
            "status": "succeeded",
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
