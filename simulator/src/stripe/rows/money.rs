//! Sections 6 and 7: charges, refunds, disputes, amounts.

use super::*;
use crate::stripe::{PaymentMethod, StripeError, Told};
use crate::{Currency, FactId};

fn sold() -> (Stripe, FactId) {
    let (mut stripe, _) = shop();
    let card = PaymentMethod::Card;
    let sale = stripe
        .checkout(&account(), None, "price_pack", card)
        .unwrap();
    (stripe, sale.fact)
}

#[test]
fn r1_r2_r3_one_refund_is_four_events_and_the_charge_has_the_running_total() {
    let (mut stripe, sale) = sold();
    stripe.refund(&sale, 490).unwrap();
    let before = count(&stripe);
    stripe.refund(&sale, 510).unwrap();
    let told = told_since(&stripe, before);
    let wanted = [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
    ];
    assert_eq!(told, wanted);
    let charge = object(last(&stripe, EventKind::ChargeRefunded));
    assert_eq!(charge["amount_refunded"], 1000);
    assert_eq!(charge["refunded"], true);
    assert!(charge.get("refunds").is_none());
    assert_eq!(
        object(last(&stripe, EventKind::RefundCreated))["amount"],
        510
    );
}

#[test]
fn r4_a_refund_may_fail_after_it_has_succeeded() {
    let (mut stripe, sale) = sold();
    stripe.refund(&sale, 400).unwrap();
    let refund = object(last(&stripe, EventKind::RefundCreated));
    assert_eq!(refund["status"], "succeeded");
    let id = refund["id"].as_str().unwrap().to_owned();
    stripe.refund_fails(&id).unwrap();
    let failed = object(last(&stripe, EventKind::RefundFailed));
    assert_eq!(failed["status"], "failed");
    assert!(failed["failure_reason"].is_string());
    assert!(failed["failure_balance_transaction"].is_string());
    assert_eq!(stripe.refund_fails(&id), Err(StripeError::NoSuchRefund(id)));
}

#[test]
fn r7_r8_r10_a_dispute_takes_the_money_and_gives_it_back_if_won() {
    for won in [true, false] {
        let (mut stripe, sale) = sold();
        stripe.refund(&sale, 300).unwrap();
        stripe.dispute(&sale).unwrap();
        let taken = last(&stripe, EventKind::DisputeFundsWithdrawn);
        let (paid, withdrawn) = (1000, 700);
        assert_eq!(taken.meaning.told, Told::Withdrawn { paid, withdrawn });
        let dispute = object(taken);
        assert_eq!(dispute["status"], "needs_response");
        assert_eq!(dispute["amount"], 700);
        assert_eq!(dispute["balance_transactions"].as_array().unwrap().len(), 1);
        let again = stripe.dispute(&sale);
        assert_eq!(again, Err(StripeError::AlreadyDisputed(sale.clone())));
        stripe.submit_evidence(&sale).unwrap();
        let updated = object(last(&stripe, EventKind::DisputeUpdated));
        assert_eq!(updated["status"], "under_review");
        let before = count(&stripe);
        stripe.close_dispute(&sale, won).unwrap();
        let closed = object(last(&stripe, EventKind::DisputeClosed));
        assert_eq!(closed["status"], if won { "won" } else { "lost" });
        let told = told_since(&stripe, before);
        assert_eq!(told.contains(&"charge.dispute.funds_reinstated"), won);
    }
    let (mut stripe, sale) = sold();
    stripe.refund(&sale, 1000).unwrap();
    let whole = stripe.dispute(&sale);
    assert_eq!(whole, Err(StripeError::AlreadyRefunded(sale)));
}

#[test]
fn r9_an_inquiry_takes_nothing_before_it_escalates() {
    let (mut stripe, sale) = sold();
    let before = count(&stripe);
    stripe.inquire(&sale).unwrap();
    assert_eq!(told_since(&stripe, before), ["charge.dispute.created"]);
    let inquiry = object(last(&stripe, EventKind::DisputeCreated));
    assert_eq!(inquiry["status"], "warning_needs_response");
    assert_eq!(inquiry["balance_transactions"], serde_json::json!([]));
    assert_eq!(inquiry["is_charge_refundable"], true);
    let mut quiet = stripe.clone();
    quiet.close_dispute(&sale, true).unwrap();
    let closed = last(&quiet, EventKind::DisputeClosed);
    assert_eq!(object(closed)["status"], "warning_closed");
    assert_eq!(closed.meaning.told, Told::Nothing);
    let before = count(&stripe);
    stripe.escalate(&sale).unwrap();
    let told = told_since(&stripe, before);
    assert_eq!(
        told,
        ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]
    );
}

#[test]
fn r12_no_event_is_called_charge_created() {
    let names: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert!(!names.contains(&"charge.created"));
    for kind in [
        "charge.succeeded",
        "charge.pending",
        "charge.failed",
        "charge.updated",
        "charge.refunded",
    ] {
        assert!(names.contains(&kind), "{kind}");
    }
}

#[test]
fn a1_a2_a3_a4_a5_amounts_are_whole_numbers_of_the_smallest_unit() {
    let zero = |code: &str| Currency::parse(code).unwrap().is_zero_decimal();
    let sixteen = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf";
    assert!(sixteen.split(' ').filter(|code| *code != "ugx").all(zero));
    for other in ["usd", "isk", "huf", "twd", "kwd", "bhd", "idr"] {
        assert!(!zero(other), "{other}");
    }
    let (stripe, _) = sold();
    let session = object(last(&stripe, EventKind::CheckoutCompleted));
    assert_eq!(
        (&session["amount_total"], &session["currency"]),
        (&1000.into(), &"usd".into())
    );
}
