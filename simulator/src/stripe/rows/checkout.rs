//! Section 4: Checkout.

use super::*;
use crate::OfferKind;
use crate::stripe::moves::Order;
use crate::stripe::object::Mode;
use crate::stripe::{PaymentMethod, StripeError, Told};
use serde_json::json;

fn order(stripe: &Stripe) -> Order {
    let price = stripe.offer("price_pack", OfferKind::Pack).unwrap();
    Order {
        items: vec![(price, 1)],
        ..Order::new(Mode::Payment)
    }
}

fn shown(stripe: &Stripe, id: &str) -> Value {
    use crate::stripe::shape::Shaped;
    let session = stripe.sessions.get(id).unwrap();
    serde_json::from_slice(&session.print(crate::stripe::Version::default())).unwrap()
}

#[test]
fn c1_c2_completed_is_paid_by_card_unpaid_by_debit_and_needs_no_payment_in_a_trial() {
    let (mut stripe, customer) = shop();
    let card = PaymentMethod::Card;
    stripe
        .checkout(&account(), None, "price_pack", card)
        .unwrap();
    let completed = |stripe: &Stripe| {
        let event = last(stripe, EventKind::CheckoutCompleted);
        let object = object(event);
        assert_eq!(object["status"], "complete");
        (
            object["payment_status"].as_str().unwrap().to_owned(),
            event.meaning.told,
        )
    };
    assert_eq!(completed(&stripe).0, "paid");
    let debit = PaymentMethod::BankDebit;
    stripe
        .checkout(&account(), None, "price_pack", debit)
        .unwrap();
    assert_eq!(completed(&stripe), ("unpaid".to_owned(), Told::Unpaid));
    stripe
        .subscribe_with_trial(&account(), &customer, "price_plan", 14)
        .unwrap();
    let (status, told) = completed(&stripe);
    assert_eq!(status, "no_payment_required");
    assert!(matches!(told, Told::Free { .. }));
}

#[test]
fn c4_c6_amounts_and_what_stands_behind_follow_the_mode() {
    let (mut stripe, customer) = shop();
    let open = stripe.open_session(order(&stripe)).unwrap();
    let id = open.id.clone();
    assert_eq!(shown(&stripe, id.as_str())["payment_intent"], Value::Null);
    stripe.complete_session(&id).unwrap();
    let paid = object(last(&stripe, EventKind::CheckoutCompleted));
    assert!(paid["payment_intent"].is_string());
    assert_eq!(paid["amount_subtotal"], 1000);
    assert_eq!(paid["total_details"]["amount_tax"], 0);
    stripe
        .subscribe(&account(), &customer, "price_plan")
        .unwrap();
    let plan = object(last(&stripe, EventKind::CheckoutCompleted));
    assert!(plan["subscription"].is_string() && plan["invoice"].is_string());
    assert_eq!(plan["payment_intent"], Value::Null);
    let setup = stripe.open_session(Order::new(Mode::Setup)).unwrap();
    stripe.complete_session(&setup.id.clone()).unwrap();
    let setup = object(last(&stripe, EventKind::CheckoutCompleted));
    assert!(setup["setup_intent"].is_string());
    for null in [
        "amount_total",
        "amount_subtotal",
        "total_details",
        "currency",
    ] {
        assert_eq!(setup[null], Value::Null, "{null}");
    }
}

#[test]
fn c5_a_customer_is_there_only_if_passed_or_asked_for() {
    let (mut stripe, _) = shop();
    let nobody = stripe.open_session(order(&stripe)).unwrap().id.clone();
    stripe.complete_session(&nobody).unwrap();
    let session = object(last(&stripe, EventKind::CheckoutCompleted));
    assert_eq!(session["customer"], Value::Null);
    assert_eq!(session["customer_details"]["email"], "buyer@example.com");
    let asked = Order {
        creates_customer: true,
        ..order(&stripe)
    };
    let asked = stripe.open_session(asked).unwrap().id.clone();
    stripe.complete_session(&asked).unwrap();
    let session = object(last(&stripe, EventKind::CheckoutCompleted));
    assert!(session["customer"].as_str().unwrap().starts_with("cus_"));
}

#[test]
fn c7_c10_no_event_has_line_items_and_no_finished_session_a_url() {
    let (mut stripe, _) = shop();
    let id = stripe.open_session(order(&stripe)).unwrap().id.clone();
    let open = shown(&stripe, id.as_str());
    assert!(open["url"].is_string() && open.get("line_items").is_none());
    assert_eq!(open["ui_mode"], "hosted_page");
    stripe.complete_session(&id).unwrap();
    let done = object(last(&stripe, EventKind::CheckoutCompleted));
    assert_eq!(done["url"], Value::Null);
    assert!(done.get("line_items").is_none());
}

#[test]
fn c9_a_session_expires_after_a_day_and_is_never_paid_then() {
    let (mut stripe, _) = shop();
    let id = stripe.open_session(order(&stripe)).unwrap().id.clone();
    assert_eq!(shown(&stripe, id.as_str())["expires_at"], NOW + 86_400);
    stripe.run_until(NOW + 86_399);
    assert_eq!(shown(&stripe, id.as_str())["status"], "open");
    stripe.run_until(NOW + 86_400);
    let expired = object(last(&stripe, EventKind::CheckoutExpired));
    assert_eq!(expired["status"], "expired");
    let late = stripe.complete_session(&id);
    assert_eq!(late, Err(StripeError::NotOpen(id.clone())));
    assert_eq!(stripe.expire_session(&id), Err(StripeError::NotOpen(id)));
}

#[test]
fn c12_c13_a_card_payment_tells_all_of_this() {
    let (mut stripe, _) = shop();
    let before = count(&stripe);
    let card = PaymentMethod::Card;
    stripe
        .checkout(&account(), None, "price_pack", card)
        .unwrap();
    let mut told = told_since(&stripe, before);
    told.sort_unstable();
    let wanted = [
        "charge.succeeded",
        "charge.updated",
        "checkout.session.completed",
        "payment_intent.created",
        "payment_intent.succeeded",
    ];
    assert_eq!(told, wanted);
    let first = object(last(&stripe, EventKind::ChargeSucceeded));
    let then = object(last(&stripe, EventKind::ChargeUpdated));
    assert_eq!(first["balance_transaction"], Value::Null);
    assert!(
        then["balance_transaction"]
            .as_str()
            .unwrap()
            .starts_with("txn_")
    );
}

#[test]
fn c14_a_bank_debit_is_told_twice_on_one_session() {
    for (clears, told) in [
        (
            true,
            [
                "charge.succeeded",
                "payment_intent.succeeded",
                "checkout.session.async_payment_succeeded",
            ],
        ),
        (
            false,
            [
                "charge.failed",
                "payment_intent.payment_failed",
                "checkout.session.async_payment_failed",
            ],
        ),
    ] {
        let (mut stripe, _) = shop();
        let debit = PaymentMethod::BankDebit;
        let sale = stripe
            .checkout(&account(), None, "price_pack", debit)
            .unwrap();
        assert_eq!(
            object(last(&stripe, EventKind::IntentProcessing))["status"],
            "processing"
        );
        let before = count(&stripe);
        if clears {
            stripe.bank_debit_clears(&sale.fact).unwrap();
        } else {
            stripe.bank_debit_fails(&sale.fact).unwrap();
        }
        let since = told_since(&stripe, before);
        for kind in told {
            assert!(since.contains(&kind), "{kind}");
        }
        let status = if clears { "paid" } else { "unpaid" };
        assert_eq!(
            shown(&stripe, sale.fact.as_str())["payment_status"],
            json!(status)
        );
    }
}
