//! What a Stripe event tells: JSON in, types out. There is nothing to write here.

use serde_json::Value;
use simulator::{Catalogue, Status};

/// What an event says about the business.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// Money arrived.
    Payment(Payment),
    /// Money went back.
    Refund(Refund),
    /// A customer complained to their bank.
    Dispute(Dispute),
    /// Nothing that moves credits.
    Nothing,
}

/// Money arrived.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    /// The event's type.
    pub(crate) kind: String,
    /// What was paid: the Checkout Session's or the Invoice's id.
    pub(crate) fact: String,
    /// Our own reference to who paid, if the object carries it.
    pub(crate) account: Option<String>,
    /// Stripe's name for who paid.
    pub(crate) customer: Option<String>,
    /// The PaymentIntent, by which a refund will name this payment.
    pub(crate) intent: Option<String>,
    /// What was paid, in the smallest unit of its currency.
    pub(crate) paid: i64,
    /// What it is worth.
    pub(crate) credits: i64,
}

/// Money went back, in the smallest unit of its currency.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    /// The PaymentIntent.
    pub(crate) intent: String,
    /// What had been paid.
    pub(crate) paid: i64,
    /// What went back so far: the running total, not this refund's amount.
    pub(crate) refunded: i64,
}

/// A customer complained to their bank about a payment.
#[derive(Clone, Debug)]
pub(crate) struct Dispute {
    /// The event's type: most of them move no money.
    pub(crate) kind: String,
    /// The Dispute's id.
    pub(crate) id: String,
    /// The PaymentIntent.
    pub(crate) intent: String,
    /// What it is about, in the smallest unit of its currency.
    pub(crate) amount: i64,
}

/// The event's id and what it tells, or the status that a body gets which tells nothing.
pub(crate) fn read(body: &[u8], catalogue: &Catalogue) -> Result<(String, Told), Status> {
    let event: Value = serde_json::from_slice(body).map_err(|_| Status::BAD_REQUEST)?;
    let id = text(&event, "/id").ok_or(Status::BAD_REQUEST)?;
    let kind = text(&event, "/type").ok_or(Status::BAD_REQUEST)?;
    // This endpoint is the test mode's.
    if event["livemode"] != false {
        return Err(Status::BAD_REQUEST);
    }
    let object = &event["data"]["object"];
    let told = match &*kind {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded"
            if object["payment_status"] == "paid" && object["mode"] == "payment" =>
        {
            payment(
                kind,
                object,
                "/metadata/price",
                "/payment_intent",
                "/amount_total",
                catalogue,
            )?
        }
        "invoice.paid" if object["total"].as_i64() > Some(0) => payment(
            kind,
            object,
            "/lines/data/0/pricing/price_details/price",
            "/payments/data/0/payment/payment_intent",
            "/total",
            catalogue,
        )?,
        "charge.refunded" => refund(object).ok_or(Status::BAD_REQUEST)?,
        _ if kind.starts_with("charge.dispute.") => dispute(kind, object),
        _ => Told::Nothing,
    };
    Ok((id, told))
}

fn payment(
    kind: String,
    object: &Value,
    price: &str,
    intent: &str,
    paid: &str,
    catalogue: &Catalogue,
) -> Result<Told, Status> {
    let price = text(object, price).ok_or(Status::BAD_REQUEST)?;
    // Paid, and not in our catalogue yet: told again once it is.
    let offer = catalogue.offer(&price).ok_or(Status::UNAVAILABLE)?;
    Ok(Told::Payment(Payment {
        kind,
        fact: text(object, "/id").ok_or(Status::BAD_REQUEST)?,
        account: text(object, "/client_reference_id"),
        customer: text(object, "/customer"),
        intent: text(object, intent),
        paid: number(object, paid).ok_or(Status::BAD_REQUEST)?,
        credits: offer.credits.get(),
    }))
}

fn refund(charge: &Value) -> Option<Told> {
    Some(Told::Refund(Refund {
        intent: text(charge, "/payment_intent")?,
        paid: number(charge, "/amount")?,
        refunded: charge["amount_refunded"].as_i64()?,
    }))
}

/// A dispute of a payment that has no PaymentIntent is none of ours.
fn dispute(kind: String, dispute: &Value) -> Told {
    let id = text(dispute, "/id");
    let intent = text(dispute, "/payment_intent");
    match (id, intent, number(dispute, "/amount")) {
        (Some(id), Some(intent), Some(amount)) => Told::Dispute(Dispute {
            kind,
            id,
            intent,
            amount,
        }),
        _ => Told::Nothing,
    }
}

fn number(value: &Value, place: &str) -> Option<i64> {
    value.pointer(place)?.as_i64().filter(|number| *number > 0)
}

fn text(value: &Value, place: &str) -> Option<String> {
    value.pointer(place)?.as_str().map(str::to_owned)
}
