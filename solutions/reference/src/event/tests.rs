use super::*;
use serde_json::json;

const ACCOUNT: &str = "5b1f0c9e-52a1-4d2c-8f43-9f0c5f0f2a11";

fn told(kind: &str, object: &Value) -> Result<Told, Malformed> {
    let event = json!({ "id": "evt_1", "livemode": false, "type": kind,
                        "data": { "object": object } });
    Event::parse(event.to_string().as_bytes()).map(|event| event.told)
}

fn session() -> Value {
    json!({ "id": "cs_1", "mode": "payment", "payment_status": "paid", "customer": null,
            "client_reference_id": ACCOUNT, "payment_intent": "pi_1", "amount_total": 1000,
            "metadata": { "price": "price_pack" } })
}

fn line(price: &str, amount: i64, quantity: i64) -> Value {
    json!({ "amount": amount, "quantity": quantity,
            "pricing": { "price_details": { "price": price } } })
}

fn subscription_invoice(lines: &[Value]) -> Value {
    json!({ "id": "in_1", "billing_reason": "subscription_cycle", "total": 1500,
            "customer": "cus_1", "lines": { "data": lines, "has_more": false },
            "payments": { "data": [{ "payment": { "payment_intent": "pi_2" } }] } })
}

fn with(mut object: Value, field: &str, value: Value) -> Value {
    object[field] = value;
    object
}

fn item(price: &str, quantity: i64) -> Item {
    Item {
        price: price.to_owned(),
        quantity,
    }
}

#[test]
fn a_paid_checkout_is_a_payment_for_its_session() {
    let payment = Payment {
        fact: FactId::new("cs_1"),
        account: Some(AccountId::new(ACCOUNT)),
        customer: None,
        intent: Some("pi_1".to_owned()),
        paid: 1000,
        items: vec![item("price_pack", 1)],
    };
    for kind in [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
    ] {
        assert_eq!(told(kind, &session()), Ok(Told::Payment(payment.clone())));
    }
}

#[test]
fn a_checkout_that_isnt_a_paid_purchase_tells_nothing() {
    for object in [
        with(session(), "payment_status", json!("unpaid")),
        with(session(), "payment_status", json!("no_payment_required")),
        with(session(), "mode", json!("subscription")),
        with(session(), "mode", json!("setup")),
    ] {
        let told = told("checkout.session.completed", &object);
        assert_eq!(told, Ok(Told::Nothing), "{object}");
    }
}

#[test]
fn a_foreign_reference_is_not_an_account() {
    let foreign = with(session(), "client_reference_id", json!("order-77"));
    let kind = "checkout.session.completed";
    assert_eq!(told(kind, &foreign), Err(Malformed::Nobody));
    let Ok(Told::Payment(payment)) = told(kind, &with(foreign, "customer", json!("cus_1"))) else {
        panic!("the customer still says who paid");
    };
    assert_eq!(payment.account, None);
    assert_eq!(payment.customer, Some(CustomerId::new("cus_1")));
}

#[test]
fn an_invoice_is_a_payment_for_its_positive_lines() {
    let invoice = subscription_invoice(&[line("old", -500, 1), line("new", 2000, 3)]);
    let Ok(Told::Payment(payment)) = told("invoice.paid", &invoice) else {
        panic!("a paid renewal is a payment");
    };
    assert_eq!(payment.fact, FactId::new("in_1"));
    assert_eq!(payment.customer, Some(CustomerId::new("cus_1")));
    assert_eq!(payment.intent.as_deref(), Some("pi_2"));
    assert_eq!(payment.items, [item("new", 3)]);
}

#[test]
fn an_invoice_without_its_payments_is_a_payment_all_the_same() {
    let invoice = with(subscription_invoice(&[]), "payments", Value::Null);
    let Ok(Told::Payment(payment)) = told("invoice.paid", &invoice) else {
        panic!("`payments` is there only when expanded");
    };
    assert_eq!(payment.intent, None);
}

#[test]
fn a_free_or_manual_invoice_tells_nothing() {
    let invoice = subscription_invoice(&[line("plan", 1500, 1)]);
    for object in [
        with(invoice.clone(), "total", json!(0)),
        with(invoice.clone(), "total", json!(-300)),
        with(invoice.clone(), "billing_reason", json!("manual")),
    ] {
        assert_eq!(told("invoice.paid", &object), Ok(Told::Nothing), "{object}");
    }
}

#[test]
fn an_invoice_that_the_event_cuts_short_is_refused() {
    let mut invoice = subscription_invoice(&[line("plan", 1500, 1)]);
    invoice["lines"]["has_more"] = json!(true);
    let told = told("invoice.paid", &invoice);
    assert_eq!(told, Err(Malformed::TooManyLines));
}

#[test]
fn a_refund_tells_the_running_total() {
    let charge = json!({ "id": "ch_1", "amount": 1000, "amount_refunded": 300,
                         "payment_intent": "pi_1", "refunded": false });
    let refund = Refund {
        intent: "pi_1".to_owned(),
        paid: 1000,
        refunded: 300,
    };
    let kind = "charge.refunded";
    assert_eq!(told(kind, &charge), Ok(Told::Refund(refund)));
    let direct = with(charge, "payment_intent", Value::Null);
    assert_eq!(told(kind, &direct), Ok(Told::Nothing));
}

#[test]
fn other_types_tell_nothing_whatever_they_carry() {
    assert_eq!(told("invoice.upcoming", &Value::Null), Ok(Told::Nothing));
}

#[test]
fn what_isnt_an_event_is_refused() {
    for body in ["", "{", "[]", "null", r#"{"id":"evt_1","type":"x"}"#] {
        assert!(Event::parse(body.as_bytes()).is_err(), "`{body}` was taken");
    }
}

#[test]
fn a_dispute_counts_when_money_moves() {
    let object = json!({ "id": "du_1", "payment_intent": "pi_1", "amount": 400 });
    let dispute = |given_back| {
        Ok(Told::Dispute(Dispute {
            id: "du_1".to_owned(),
            intent: "pi_1".to_owned(),
            amount: 400,
            given_back,
        }))
    };
    let of = |kind: &str| told(&format!("charge.dispute.{kind}"), &object);
    assert_eq!(of("funds_withdrawn"), dispute(false));
    assert_eq!(of("funds_reinstated"), dispute(true));
    for kind in ["created", "updated", "closed"] {
        assert_eq!(of(kind), Ok(Told::Nothing), "{kind}");
    }
}
