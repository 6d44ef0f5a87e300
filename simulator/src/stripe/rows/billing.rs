//! Section 5: invoices, subscriptions, test clocks.

use super::*;
use crate::OfferKind;
use crate::stripe::object::SubscriptionStatus;
use crate::stripe::shape::Metadata;
use crate::stripe::{BillingReason, Signing, StripeError, Told, Version};
use serde_json::json;

const PLAN: &str = "price_plan";
const DAY: i64 = 86_400;

/// A subscription that time renews.
fn subscribed(trial: i64) -> (Stripe, CustomerId, String) {
    let (mut stripe, customer) = shop();
    let price = stripe.offer(PLAN, OfferKind::Plan).unwrap();
    let begun = stripe.new_subscription(&customer, price, 1, trial, Metadata::new());
    let id = begun.unwrap().id.clone();
    (stripe, customer, id)
}

fn status(stripe: &Stripe, id: &str) -> SubscriptionStatus {
    stripe.subscriptions.get(id).unwrap().status
}

#[test]
fn i1_i3_i6_a_payment_of_an_invoice_is_told_under_three_names() {
    let (mut stripe, customer) = shop();
    let before = count(&stripe);
    let sale = stripe
        .renew(&customer, PLAN, BillingReason::SubscriptionCreate)
        .unwrap();
    let told = told_since(&stripe, before);
    for kind in [
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ] {
        assert_eq!(told.iter().filter(|it| **it == kind).count(), 1, "{kind}");
    }
    let paid = last(&stripe, EventKind::InvoicePaid);
    let succeeded = last(&stripe, EventKind::InvoicePaymentSucceeded);
    assert_ne!(paid.id, succeeded.id);
    assert_eq!(object(paid), object(succeeded));
    assert_eq!(paid.created, succeeded.created);
    assert_eq!(object(paid)["billing_reason"], "subscription_create");
    let payment = object(last(&stripe, EventKind::InvoicePaymentPaid));
    assert_eq!(payment["invoice"], sale.fact.as_str());
    assert_eq!(payment["amount_paid"], 500);
    assert_eq!(payment["status"], "paid");
    assert!(payment["payment"]["payment_intent"].is_string());
}

#[test]
fn i4_out_of_band_is_told_by_invoice_paid_alone_and_has_no_charge() {
    let (mut stripe, customer) = shop();
    let open = stripe.renewal_fails(&customer, PLAN).unwrap().fact;
    let before = count(&stripe);
    stripe.pay_out_of_band(&open).unwrap();
    let told = told_since(&stripe, before);
    assert!(told.contains(&"invoice.paid"));
    for kind in ["invoice.payment_succeeded", "charge.succeeded"] {
        assert!(!told.contains(&kind), "{kind}");
    }
    let invoice = object(last(&stripe, EventKind::InvoicePaid));
    assert!(
        invoice.get("paid_out_of_band").is_none(),
        "gone since basil"
    );
    let again = stripe.pay_out_of_band(&open);
    assert_eq!(again, Err(StripeError::AlreadyPaid(open)));
}

#[test]
fn i5_i16_a_trial_begins_with_an_invoice_of_nothing_and_ends_with_a_renewal() {
    let (mut stripe, _, id) = subscribed(14);
    assert_eq!(status(&stripe, &id), SubscriptionStatus::Trialing);
    let free = last(&stripe, EventKind::InvoicePaid);
    assert_eq!(object(free)["total"], 0);
    assert!(matches!(free.meaning.told, Told::Free { .. }));
    assert_eq!(stripe.charges.len() + stripe.intents.len(), 0);
    assert!(
        stripe
            .events()
            .iter()
            .any(|it| it.kind == EventKind::InvoicePaymentSucceeded)
    );
    let before = count(&stripe);
    stripe.run_until(NOW + 11 * DAY);
    assert_eq!(
        told_since(&stripe, before),
        ["customer.subscription.trial_will_end"]
    );
    stripe.run_until(NOW + 14 * DAY + 3_600);
    assert_eq!(status(&stripe, &id), SubscriptionStatus::Active);
    let paid = object(last(&stripe, EventKind::InvoicePaid));
    assert_eq!(paid["billing_reason"], "subscription_cycle");
    assert_eq!(paid["amount_paid"], 500);
    let (short, ..) = subscribed(2);
    let mut short = short;
    let before = count(&short);
    short.run_until(NOW);
    assert_eq!(
        told_since(&short, before),
        ["customer.subscription.trial_will_end"]
    );
}

#[test]
fn i2_i7_i8_an_invoice_is_a_draft_then_open_then_paid() {
    let (mut stripe, customer) = shop();
    stripe
        .renew(&customer, PLAN, BillingReason::SubscriptionCreate)
        .unwrap();
    let created = object(last(&stripe, EventKind::InvoiceCreated));
    let finalized = object(last(&stripe, EventKind::InvoiceFinalized));
    let paid = object(last(&stripe, EventKind::InvoicePaid));
    for (invoice, status, due, paid, remaining) in [
        (created, "draft", 500, 0, 500),
        (finalized, "open", 500, 0, 500),
        (paid, "paid", 500, 500, 0),
    ] {
        assert_eq!(invoice["status"], status);
        assert_eq!(invoice["amount_due"], due, "{status}");
        assert_eq!(invoice["amount_paid"], paid, "{status}");
        assert_eq!(invoice["amount_remaining"], remaining, "{status}");
    }
    assert_eq!(
        body(last(&stripe, EventKind::InvoiceUpdated))["data"]["previous_attributes"]["status"],
        "open"
    );
    let (mut stripe, ..) = subscribed(0);
    stripe.run_until(NOW + 25 * DAY);
    let upcoming = object(last(&stripe, EventKind::InvoiceUpcoming));
    assert!(upcoming.get("id").is_none());
    assert_eq!(stripe.invoices.len(), 1, "it was only a look ahead");
}

#[test]
fn i9_i10_i11_what_basil_moved_stands_where_each_version_has_it() {
    let (mut stripe, customer) = shop();
    stripe
        .renew(&customer, PLAN, BillingReason::SubscriptionCreate)
        .unwrap();
    let shown = |kind, version| {
        let delivery = last(&stripe, kind).delivery_in(version, Signing::from("whsec_a"), NOW);
        let mut body: Value = serde_json::from_slice(&delivery.body).unwrap();
        body["data"]["object"].take()
    };
    let has = |object: &Value, keys: &[&str], are: bool| {
        for key in keys {
            assert_eq!(object.get(key).is_some(), are, "{key}");
        }
    };
    let of_invoice = [
        "paid",
        "paid_out_of_band",
        "charge",
        "payment_intent",
        "subscription",
        "subscription_details",
        "tax",
        "discount",
        "quote",
    ];
    let now = shown(EventKind::InvoicePaid, Version::Endive);
    has(&now, &of_invoice, false);
    assert_eq!(now["parent"]["type"], "subscription_details");
    let line = &now["lines"]["data"][0];
    has(line, &["price", "plan", "subscription"], false);
    assert_eq!(line["pricing"]["price_details"]["price"], PLAN);
    assert_eq!(line["parent"]["type"], "subscription_item_details");
    let then = shown(EventKind::InvoicePaid, Version::Acacia);
    has(&then, &of_invoice, true);
    has(&then, &["parent", "payments"], false);
    assert_eq!(then["lines"]["data"][0]["price"]["id"], PLAN);
    assert_eq!(
        then["lines"]["data"][0]["subscription"],
        then["subscription"]
    );
    for kind in [EventKind::ChargeSucceeded, EventKind::IntentSucceeded] {
        has(&shown(kind, Version::Endive), &["invoice"], false);
        assert_eq!(shown(kind, Version::Acacia)["invoice"], then["id"]);
    }
    let ends = ["current_period_end", "current_period_start"];
    let now = shown(EventKind::SubscriptionCreated, Version::Endive);
    has(&now, &ends, false);
    has(&now["items"]["data"][0], &ends, true);
    let then = shown(EventKind::SubscriptionCreated, Version::Acacia);
    has(&then, &ends, true);
    has(&then["items"]["data"][0], &ends, false);
}

#[test]
fn i13_i14_i15_a_subscription_by_checkout_is_told_by_both() {
    let (mut stripe, customer) = shop();
    let before = count(&stripe);
    let sale = stripe.subscribe(&account(), &customer, PLAN).unwrap();
    let told = told_since(&stripe, before);
    for kind in [
        "charge.succeeded",
        "checkout.session.completed",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice.updated",
        "payment_intent.created",
        "payment_intent.succeeded",
    ] {
        assert!(told.contains(&kind), "{kind}");
    }
    for kind in [EventKind::CheckoutCompleted, EventKind::InvoicePaid] {
        let meaning = &last(&stripe, kind).meaning;
        assert_eq!(meaning.fact, sale.fact);
        assert!(matches!(meaning.told, Told::Echoed { .. }));
    }
    assert_eq!(
        object(last(&stripe, EventKind::SubscriptionCreated))["status"],
        "active"
    );
}

#[test]
fn i12_i17_a_renewal_is_active_in_its_new_period_before_the_money() {
    let (mut stripe, _, id) = subscribed(0);
    let end = stripe.subscriptions.get(&id).unwrap().period.end;
    let before = count(&stripe);
    stripe.run_until(end);
    let told = told_since(&stripe, before);
    assert_eq!(
        told,
        [
            "invoice.upcoming",
            "customer.subscription.updated",
            "invoice.created"
        ]
    );
    let updated = object(last(&stripe, EventKind::SubscriptionUpdated));
    assert_eq!(updated["status"], "active");
    assert_eq!(updated["items"]["data"][0]["current_period_start"], end);
    let draft = object(last(&stripe, EventKind::InvoiceCreated));
    assert_eq!(draft["lines"]["data"][0]["period"]["start"], end);
    assert_eq!(draft["period_end"], end, "the invoice looks back");
    stripe.run_until(end + 3_600);
    assert!(told_since(&stripe, before).contains(&"invoice.paid"));
}

#[test]
fn i18_r11_a_declined_renewal_is_tried_again_on_the_same_invoice_and_intent() {
    let (mut stripe, customer, id) = subscribed(0);
    stripe.card_declines(&customer, true).unwrap();
    let end = stripe.subscriptions.get(&id).unwrap().period.end;
    stripe.run_until(end + 3_600);
    let failed = object(last(&stripe, EventKind::InvoicePaymentFailed));
    assert_eq!(
        (&failed["status"], &failed["attempt_count"]),
        (&json!("open"), &json!(1))
    );
    let next = failed["next_payment_attempt"].as_i64().unwrap();
    assert_eq!(status(&stripe, &id), SubscriptionStatus::PastDue);
    let declined = object(last(&stripe, EventKind::IntentPaymentFailed));
    assert_eq!(declined["status"], "requires_payment_method");
    stripe.card_declines(&customer, false).unwrap();
    stripe.run_until(next);
    let paid = object(last(&stripe, EventKind::InvoicePaid));
    assert_eq!(paid["id"], failed["id"]);
    assert_eq!(paid["attempt_count"], 2);
    let intent = object(last(&stripe, EventKind::IntentSucceeded));
    assert_eq!(intent["id"], declined["id"]);
    assert_eq!(status(&stripe, &id), SubscriptionStatus::Active);
}

#[test]
fn i18_a_first_payment_that_fails_leaves_the_subscription_incomplete() {
    let (mut stripe, customer) = shop();
    stripe.card_declines(&customer, true).unwrap();
    let price = stripe.offer(PLAN, OfferKind::Plan).unwrap();
    let begun = stripe
        .new_subscription(&customer, price, 1, 0, Metadata::new())
        .unwrap();
    assert_eq!(begun.status, SubscriptionStatus::Incomplete);
    let session = stripe.subscribe(&account(), &customer, PLAN);
    assert!(matches!(session, Err(StripeError::Declined(_))));
}

#[test]
fn i19_a_change_of_plan_waits_for_the_next_invoice_or_is_paid_at_once() {
    for at_once in [false, true] {
        let (mut stripe, _, id) = subscribed(0);
        let dear = stripe.offer(PLAN, OfferKind::Plan).unwrap();
        let mut dear = (*dear).clone();
        dear.id = "price_dear".to_owned();
        dear.amount = crate::Money::new(1500, crate::Currency::USD);
        stripe.prices.put("price_dear", dear);
        stripe.run_until(NOW + 15 * DAY);
        let before = count(&stripe);
        stripe.change_plan(&id, "price_dear", at_once).unwrap();
        let told = told_since(&stripe, before);
        assert_eq!(told[0], "customer.subscription.updated");
        assert_eq!(told.contains(&"invoice.paid"), at_once);
        if !at_once {
            stripe.run_until(NOW + 30 * DAY + 3_600);
        }
        let invoice = object(last(&stripe, EventKind::InvoicePaid));
        let lines = invoice["lines"]["data"].as_array().unwrap();
        let amounts: Vec<_> = lines
            .iter()
            .map(|line| line["amount"].as_i64().unwrap())
            .collect();
        let reason = if at_once {
            "subscription_update"
        } else {
            "subscription_cycle"
        };
        assert_eq!(invoice["billing_reason"], reason);
        assert_eq!(amounts[..2], [-250, 750]);
        assert_eq!(
            lines[0]["parent"]["subscription_item_details"]["proration"],
            true
        );
        assert_eq!(amounts.len(), if at_once { 2 } else { 3 });
    }
    let (mut stripe, customer, id) = subscribed(0);
    let mut cheap = (*stripe.offer(PLAN, OfferKind::Plan).unwrap()).clone();
    cheap.id = "price_cheap".to_owned();
    cheap.amount = crate::Money::new(100, crate::Currency::USD);
    stripe.prices.put("price_cheap", cheap);
    stripe.run_until(NOW + 15 * DAY);
    stripe.change_plan(&id, "price_cheap", true).unwrap();
    let invoice = object(last(&stripe, EventKind::InvoicePaid));
    assert_eq!(
        (&invoice["total"], &invoice["amount_due"]),
        (&json!(-200), &json!(0))
    );
    assert_eq!(
        stripe.customers.get(customer.as_str()).unwrap().balance,
        -200
    );
}

#[test]
fn i20_a_subscription_ends_with_its_period_or_at_once() {
    let (mut stripe, _, id) = subscribed(0);
    stripe.cancel_at_period_end(&id, true).unwrap();
    let updated = body(last(&stripe, EventKind::SubscriptionUpdated));
    let previous = &updated["data"]["previous_attributes"];
    assert_eq!(*previous, json!({ "cancel_at_period_end": false }));
    stripe.run_until(NOW + 31 * DAY);
    let deleted = object(last(&stripe, EventKind::SubscriptionDeleted));
    assert_eq!(deleted["status"], "canceled");
    assert_eq!(deleted["ended_at"], NOW + 30 * DAY);
    assert_eq!(stripe.invoices.len(), 1);
    let again = stripe.cancel(&id);
    assert_eq!(again, Err(StripeError::Ended(id)));
    let (mut stripe, _, id) = subscribed(0);
    let before = count(&stripe);
    stripe.cancel(&id).unwrap();
    assert_eq!(
        told_since(&stripe, before),
        ["customer.subscription.deleted"]
    );
}

#[test]
fn t1_t2_t3_t4_a_test_clock_goes_forward_and_takes_its_customers_along() {
    let (mut stripe, _) = shop();
    let clock = stripe.new_clock(NOW, Some("mine".to_owned())).id.clone();
    let customer = crate::stripe::moves::NewCustomer {
        test_clock: Some(clock.clone()),
        ..Default::default()
    };
    let customer = stripe.new_customer(customer).unwrap().id.clone();
    let price = stripe.offer(PLAN, OfferKind::Plan).unwrap();
    let begun = stripe
        .new_subscription(&customer, price, 1, 0, Metadata::new())
        .unwrap();
    let refused = |stripe: &mut Stripe, to| stripe.advance_clock(&clock, to).unwrap_err();
    assert_eq!(
        refused(&mut stripe, NOW),
        StripeError::ClockGoesBack(clock.clone())
    );
    let far = refused(&mut stripe, NOW + 61 * DAY);
    assert_eq!(far, StripeError::ClockGoesTooFar(clock.clone()));
    stripe
        .advance_clock(&clock, NOW + 30 * DAY + 3_600)
        .unwrap();
    let advancing = object(last(&stripe, EventKind::ClockAdvancing));
    assert_eq!(advancing["status"], "advancing");
    let details = &advancing["status_details"]["advancing"]["target_frozen_time"];
    assert_eq!(*details, NOW + 30 * DAY + 3_600);
    let busy = refused(&mut stripe, NOW + 31 * DAY);
    assert_eq!(busy, StripeError::ClockIsBusy(clock.clone()));
    stripe.clocks_arrive();
    let ready = object(last(&stripe, EventKind::ClockReady));
    assert_eq!(ready["frozen_time"], NOW + 30 * DAY + 3_600);
    assert_eq!(ready["deletes_after"], NOW + 30 * DAY);
    let cycle = object(last(&stripe, EventKind::InvoicePaid));
    assert_eq!(cycle["billing_reason"], "subscription_cycle");
    assert_eq!(stripe.now(), NOW, "the world's own clock stands");
    stripe.delete_clock(&clock).unwrap();
    assert!(stripe.customers.get(customer.as_str()).is_none());
    assert_eq!(status(&stripe, &begun.id), SubscriptionStatus::Canceled);
}

#[test]
fn t5_a_clock_has_three_customers_with_three_subscriptions_each() {
    let (mut stripe, _) = shop();
    let clock = stripe.new_clock(NOW, None).id.clone();
    let new = |stripe: &mut Stripe| {
        stripe.new_customer(crate::stripe::moves::NewCustomer {
            test_clock: Some(clock.clone()),
            ..Default::default()
        })
    };
    let first = new(&mut stripe).unwrap().id.clone();
    new(&mut stripe).unwrap();
    new(&mut stripe).unwrap();
    let full = new(&mut stripe).unwrap_err();
    assert_eq!(full, StripeError::ClockIsFull(clock.clone()));
    let mut begin = || {
        let price = stripe.offer(PLAN, OfferKind::Plan).unwrap();
        stripe.new_subscription(&first, price, 1, 0, Metadata::new())
    };
    for _ in 0..3 {
        begin().unwrap();
    }
    let many = begin().unwrap_err();
    assert_eq!(many, StripeError::TooManySubscriptions(first));
}
