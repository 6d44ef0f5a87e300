//! What a Stripe event tells: JSON in, types out.
//!
//! Only six types matter here. `checkout.session.completed` doesn't mean paid: with a bank debit
//! the money comes days later, or never. A subscription's checkout grants nothing, because its
//! first invoice tells the same payment. An invoice's credits are those of its lines, never
//! guessed from an amount of money. A dispute counts when a bank takes money or gives it back; an
//! inquiry does neither.

use serde_json::Value;
use simulator::{AccountId, CustomerId, FactId};
use thiserror::Error;

/// One event, as far as a ledger cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// `evt_…`: the same again is the same event.
    pub(crate) id: String,
    /// Whether real money is behind it.
    pub(crate) livemode: bool,
    /// What it says.
    pub(crate) told: Told,
}

/// What an event says about the business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Money arrived.
    Payment(Payment),
    /// Money went back.
    Refund(Refund),
    /// A bank took money, or gives it back.
    Dispute(Dispute),
    /// Nothing that moves credits.
    Nothing,
}

/// Money arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    /// What was paid: the Checkout Session or the Invoice.
    pub(crate) fact: FactId,
    /// Who paid, if our own reference says so.
    pub(crate) account: Option<AccountId>,
    /// Who paid, by Stripe's name.
    pub(crate) customer: Option<CustomerId>,
    /// The PaymentIntent, by which a refund will name this payment.
    pub(crate) intent: Option<String>,
    /// How much, in the smallest unit of its currency.
    pub(crate) paid: i64,
    /// What was bought.
    pub(crate) items: Vec<Item>,
}

/// So many of one price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// `price_…`.
    pub(crate) price: String,
    /// How many: seats, packs.
    pub(crate) quantity: i64,
}

/// Money went back, in the smallest unit of its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refund {
    /// The PaymentIntent.
    pub(crate) intent: String,
    /// What was paid.
    pub(crate) paid: i64,
    /// What went back so far: the running total, not this refund's amount.
    pub(crate) refunded: i64,
}

/// A bank took money, or gives it back, in the smallest unit of its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dispute {
    /// `du_…`.
    pub(crate) id: String,
    /// The PaymentIntent.
    pub(crate) intent: String,
    /// How much of it.
    pub(crate) amount: i64,
    /// Whether it gives it back.
    pub(crate) given_back: bool,
}

/// Signed by Stripe, and yet not something we can act on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Malformed {
    #[error("the body is no JSON: {0}")]
    NotJson(String),
    #[error("`{0}` is missing or of another type")]
    Field(&'static str),
    #[error("neither `client_reference_id` nor `customer` says whose it is")]
    Nobody,
    #[error("the invoice has more lines than the event carries")]
    TooManyLines,
}

impl Event {
    /// Reads the raw body of a delivery.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let event: Value =
            serde_json::from_slice(body).map_err(|error| Malformed::NotJson(error.to_string()))?;
        let object = event.pointer("/data/object").unwrap_or(&Value::Null);
        let told = match required_text(&event, "/type")? {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                checkout(object)?
            }
            "invoice.paid" => invoice(object)?,
            "charge.refunded" => refund(object)?,
            "charge.dispute.funds_withdrawn" => dispute(object, false)?,
            "charge.dispute.funds_reinstated" => dispute(object, true)?,
            _ => Told::Nothing,
        };
        Ok(Self {
            id: required_text(&event, "/id")?.to_owned(),
            livemode: event
                .get("livemode")
                .and_then(Value::as_bool)
                .ok_or(Malformed::Field("/livemode"))?,
            told,
        })
    }
}

/// A purchase of a pack.
// ANCHOR: checkout
fn checkout(session: &Value) -> Result<Told, Malformed> {
    if text(session, "/mode") != Some("payment") || text(session, "/payment_status") != Some("paid")
    {
        return Ok(Told::Nothing);
    }
    // Our server wrote the price down when it made the session; the event has no line items.
    let items = text(session, "/metadata/price")
        .map(|price| Item {
            price: price.to_owned(),
            quantity: 1,
        })
        .into_iter()
        .collect();
    let paid = number(session, "/amount_total").unwrap_or(0);
    payment(session, text(session, "/payment_intent"), paid, items)
}
// ANCHOR_END: checkout

/// A period of a subscription.
// ANCHOR: invoice
fn invoice(invoice: &Value) -> Result<Told, Malformed> {
    let renews = matches!(
        text(invoice, "/billing_reason"),
        Some("subscription_create" | "subscription_cycle" | "subscription_update")
    );
    // A trial's invoice, or one that a coupon or a downgrade made free, is paid with nothing.
    if !renews || required_number(invoice, "/total")? <= 0 {
        return Ok(Told::Nothing);
    }
    if invoice.pointer("/lines/has_more") == Some(&Value::Bool(true)) {
        return Err(Malformed::TooManyLines);
    }
    let lines = invoice
        .pointer("/lines/data")
        .and_then(Value::as_array)
        .ok_or(Malformed::Field("/lines/data"))?;
    // A line below zero gives money back for the old plan; the new plan's line stands beside it.
    let items = lines
        .iter()
        .filter(|line| number(line, "/amount").is_some_and(|amount| amount > 0))
        .filter_map(|line| {
            Some(Item {
                price: text(line, "/pricing/price_details/price")?.to_owned(),
                quantity: number(line, "/quantity").unwrap_or(1),
            })
        })
        .collect();
    let intent = text(invoice, "/payments/data/0/payment/payment_intent");
    let paid = required_number(invoice, "/total")?;
    payment(invoice, intent, paid, items)
}
// ANCHOR_END: invoice

fn payment(
    object: &Value,
    intent: Option<&str>,
    paid: i64,
    items: Vec<Item>,
) -> Result<Told, Malformed> {
    let account = text(object, "/client_reference_id").filter(|reference| is_uuid(reference));
    let customer = text(object, "/customer");
    if account.is_none() && customer.is_none() {
        return Err(Malformed::Nobody);
    }
    Ok(Told::Payment(Payment {
        fact: FactId::new(required_text(object, "/id")?),
        account: account.map(AccountId::new),
        customer: customer.map(CustomerId::new),
        intent: intent.map(str::to_owned),
        paid,
        items,
    }))
}

fn refund(charge: &Value) -> Result<Told, Malformed> {
    let paid = required_number(charge, "/amount")?;
    let refunded = required_number(charge, "/amount_refunded")?;
    // A charge without a PaymentIntent was made by an API that no fact of ours comes from.
    Ok(match text(charge, "/payment_intent") {
        Some(intent) if paid > 0 && refunded > 0 => Told::Refund(Refund {
            intent: intent.to_owned(),
            paid,
            refunded,
        }),
        _ => Told::Nothing,
    })
}

fn dispute(dispute: &Value, given_back: bool) -> Result<Told, Malformed> {
    let amount = required_number(dispute, "/amount")?;
    Ok(match text(dispute, "/payment_intent") {
        Some(intent) if amount > 0 => Told::Dispute(Dispute {
            id: required_text(dispute, "/id")?.to_owned(),
            intent: intent.to_owned(),
            amount,
            given_back,
        }),
        _ => Told::Nothing,
    })
}

/// An account's id is a UUID; another application's reference in a shared Stripe account isn't.
fn is_uuid(reference: &str) -> bool {
    reference.len() == 36
        && reference.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn text<'a>(value: &'a Value, place: &str) -> Option<&'a str> {
    value.pointer(place).and_then(Value::as_str)
}

fn number(value: &Value, place: &str) -> Option<i64> {
    value.pointer(place).and_then(Value::as_i64)
}

fn required_text<'a>(value: &'a Value, place: &'static str) -> Result<&'a str, Malformed> {
    text(value, place).ok_or(Malformed::Field(place))
}

fn required_number(value: &Value, place: &'static str) -> Result<i64, Malformed> {
    number(value, place).ok_or(Malformed::Field(place))
}

#[cfg(test)]
mod tests;
