//! What the world does, told from outside.

use super::*;
use crate::random::runner;
use crate::{AccountId, Catalogue, Credits, Currency, CustomerId, EventId, FactId, Money};
use crate::{Offer, OfferKind};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(super) const NOW: i64 = 1_790_000_000;
const PACK: &str = "price_pack";
const PLAN: &str = "price_plan";

/// A world that sells 100 credits for ten dollars, and 50 credits a month for five.
pub(super) fn world() -> Stripe {
    world_of(7)
}

fn world_of(run: u64) -> Stripe {
    let offer = |price: &str, minor, credits, kind| Offer {
        price: price.to_owned(),
        amount: Money::new(minor, Currency::USD),
        credits: Credits::new(credits),
        kind,
    };
    let offers = vec![
        offer(PACK, 1000, 100, OfferKind::Pack),
        offer(PLAN, 500, 50, OfferKind::Plan),
        offer("price_free", 0, 5, OfferKind::Pack),
    ];
    Stripe::new(run, Catalogue { offers }, NOW)
}

fn account() -> AccountId {
    AccountId::new("6f2c1d34-8a5b-4c7e-9f10-2b3a4c5d6e7f")
}

/// Moves of every kind, refunds partial and whole.
pub(super) fn everything(stripe: &mut Stripe) -> Result<(), StripeError> {
    let customer = stripe.create_customer(&account());
    let card = buy(stripe, PaymentMethod::Card);
    let clears = buy(stripe, PaymentMethod::BankDebit);
    let fails = buy(stripe, PaymentMethod::BankDebit);
    let disputed = buy(stripe, PaymentMethod::Card);
    stripe.bank_debit_clears(&clears)?;
    stripe.bank_debit_fails(&fails)?;
    stripe.renew(&customer, PLAN, BillingReason::SubscriptionCreate)?;
    let behind = stripe.renewal_fails(&customer, PLAN)?;
    stripe.retry_payment(&behind.fact)?;
    stripe.subscribe(&account(), &customer, PLAN)?;
    stripe.subscribe_with_trial(&account(), &customer, PLAN, 14)?;
    stripe.refund(&card, 400)?;
    stripe.refund(&card, 600)?;
    stripe.refund(&clears, 1)?;
    stripe.inquire(&disputed)?;
    stripe.escalate(&disputed)?;
    stripe.submit_evidence(&disputed)?;
    stripe.close_dispute(&disputed, true)?;
    Ok(())
}

fn buy(stripe: &mut Stripe, method: PaymentMethod) -> FactId {
    let emitted = stripe.checkout(&account(), None, PACK, method);
    emitted.unwrap().fact
}

/// The latest event that an endpoint is set up for.
fn latest(stripe: &Stripe) -> &Event {
    needed(stripe).last().unwrap()
}

fn needed(stripe: &Stripe) -> impl Iterator<Item = &Event> {
    stripe
        .events()
        .iter()
        .filter(|event| event.kind.is_needed())
}

fn parsed(event: &Event) -> Value {
    serde_json::from_slice(event.body()).unwrap()
}

fn object(event: &Event) -> Value {
    parsed(event)["data"]["object"].take()
}

#[test]
fn a_card_checkout_is_completed_and_paid() {
    let mut stripe = world();
    let emitted = stripe
        .checkout(&account(), None, PACK, PaymentMethod::Card)
        .unwrap();
    let event = latest(&stripe);
    assert!(emitted.events.contains(&event.id));
    assert_eq!(event.kind.as_str(), "checkout.session.completed");
    let credits = Credits::new(100);
    assert_eq!(event.meaning.account, account());
    assert_eq!(event.meaning.fact, emitted.fact);
    assert_eq!(event.meaning.told, Told::Paid { credits });

    let session = object(event);
    assert_eq!(session["id"], emitted.fact.as_str());
    assert_eq!(session["object"], "checkout.session");
    assert_eq!(session["client_reference_id"], account().as_str());
    assert_eq!(session["metadata"], json!({ "price": PACK }));
    assert_eq!(session["mode"], "payment");
    assert_eq!(session["status"], "complete");
    assert_eq!(session["payment_status"], "paid");
    assert_eq!(session["amount_total"], 1000);
    assert_eq!(session["currency"], "usd");
    for null in ["customer", "invoice", "subscription", "url"] {
        assert_eq!(session[null], Value::Null, "{null}");
    }
    assert!(session.get("line_items").is_none());
}

#[test]
fn only_a_passed_customer_stands_in_the_session() {
    let mut stripe = world();
    let customer = stripe.create_customer(&account());
    stripe
        .checkout(&account(), Some(&customer), PACK, PaymentMethod::Card)
        .unwrap();
    assert_eq!(object(latest(&stripe))["customer"], customer.as_str());
}

#[test]
fn a_bank_debit_is_completed_unpaid_and_paid_when_it_clears() {
    let mut stripe = world();
    let sale = buy(&mut stripe, PaymentMethod::BankDebit);
    assert_eq!(latest(&stripe).meaning.told, Told::Unpaid);
    assert_eq!(object(latest(&stripe))["payment_status"], "unpaid");

    let cleared = stripe.bank_debit_clears(&sale).unwrap();
    assert_eq!(cleared.fact, sale);
    let event = latest(&stripe);
    assert_eq!(event.kind, EventKind::CheckoutAsyncPaymentSucceeded);
    let credits = Credits::new(100);
    assert_eq!(event.meaning.told, Told::Paid { credits });
    assert_eq!(object(event)["payment_status"], "paid");
    assert_eq!(object(event)["id"], sale.as_str());
    // The first event is a snapshot: it doesn't learn of the money.
    let first = needed(&stripe).next().unwrap();
    assert_eq!(object(first)["payment_status"], "unpaid");

    let again = stripe.bank_debit_clears(&sale);
    assert_eq!(again, Err(StripeError::NotProcessing(sale)));
}

#[test]
fn a_failed_bank_debit_stays_unpaid() {
    let mut stripe = world();
    let sale = buy(&mut stripe, PaymentMethod::BankDebit);
    stripe.bank_debit_fails(&sale).unwrap();
    let event = latest(&stripe);
    assert_eq!(event.kind, EventKind::CheckoutAsyncPaymentFailed);
    assert_eq!(event.meaning.told, Told::Unpaid);
    assert_eq!(object(event)["payment_status"], "unpaid");
    let late = stripe.bank_debit_clears(&sale);
    assert_eq!(late, Err(StripeError::NotProcessing(sale)));
}

#[test]
fn an_invoice_names_plan_customer_subscription_and_payment() {
    let mut stripe = world();
    let customer = stripe.create_customer(&account());
    let paid = stripe.renew(&customer, PLAN, BillingReason::SubscriptionCreate);
    let fact = paid.unwrap().fact;
    let mut paid = needed(&stripe).filter(|event| event.kind == EventKind::InvoicePaid);
    let event = paid.next().unwrap();
    assert_eq!(event.kind.as_str(), "invoice.paid");
    let credits = Credits::new(50);
    assert_eq!(event.meaning.account, account());
    assert_eq!(event.meaning.fact, fact);
    assert_eq!(event.meaning.told, Told::Echoed { credits });

    let invoice = object(event);
    assert_eq!(invoice["id"], fact.as_str());
    assert_eq!(invoice["status"], "paid");
    assert_eq!(invoice["billing_reason"], "subscription_create");
    assert_eq!(invoice["customer"], customer.as_str());
    for (amount, minor) in [
        ("amount_due", 500),
        ("amount_paid", 500),
        ("amount_remaining", 0),
        ("amount_overpaid", 0),
        ("subtotal", 500),
        ("total", 500),
    ] {
        assert_eq!(invoice[amount], minor, "{amount}");
    }
    let line = &invoice["lines"]["data"][0];
    assert_eq!(line["pricing"]["price_details"]["price"], PLAN);
    assert_eq!(line["pricing"]["unit_amount_decimal"], "500");
    assert_eq!(line["amount"], 500);
    assert_eq!(line["subtotal"], 500);
    assert_eq!(line["invoice"], fact.as_str());
    let subscription = &invoice["parent"]["subscription_details"]["subscription"];
    assert!(subscription.as_str().unwrap().starts_with("sub_"));
    let item = &line["parent"]["subscription_item_details"];
    assert_eq!(item["subscription"], *subscription);
    let payment = &invoice["payments"]["data"][0]["payment"];
    assert_eq!(payment["type"], "payment_intent");
    let intent = payment["payment_intent"].as_str().unwrap();
    assert!(intent.starts_with("pi_3"), "{intent}");
    // I9, I10: gone since basil.
    for gone in ["subscription", "charge", "payment_intent", "paid", "tax"] {
        assert!(invoice.get(gone).is_none(), "{gone}");
    }
    for gone in ["subscription", "price", "plan"] {
        assert!(line.get(gone).is_none(), "{gone} in the line");
    }
}

#[test]
fn renewals_are_of_one_subscription_and_never_for_one_period_twice() {
    let mut stripe = world();
    let customer = stripe.create_customer(&account());
    let mut renew = |reason| {
        stripe.renew(&customer, PLAN, reason).unwrap();
        let invoice = object(latest(&stripe));
        let subscription = invoice["parent"]["subscription_details"]["subscription"].to_string();
        let line = invoice["lines"]["data"][0]["period"].clone();
        let service = (line["start"].clone(), line["end"].clone());
        let look_back = (
            invoice["period_start"].clone(),
            invoice["period_end"].clone(),
        );
        (subscription, look_back, service)
    };
    let first = renew(BillingReason::SubscriptionCreate);
    let second = renew(BillingReason::SubscriptionCycle);
    let third = renew(BillingReason::SubscriptionCycle);
    let anew = renew(BillingReason::SubscriptionCreate);
    assert_eq!(
        first.1,
        (NOW.into(), NOW.into()),
        "a first look-back is empty"
    );
    assert_eq!(first.2.0, NOW);
    assert_eq!(
        second.1, first.2,
        "the second invoice looks back on the first period"
    );
    assert_eq!(second.2.0, first.2.1);
    assert_eq!(third.2.0, second.2.1);
    assert_eq!(first.0, second.0);
    assert_eq!(second.0, third.0);
    assert_ne!(first.0, anew.0);
}

#[test]
fn refunds_are_cumulative_and_refunded_only_when_whole() {
    let mut stripe = world();
    let sale = buy(&mut stripe, PaymentMethod::Card);
    let intent = object(latest(&stripe))["payment_intent"].clone();
    for (minor, total, whole) in [(490, 490, false), (510, 1000, true)] {
        let before = total - minor;
        let emitted = stripe.refund(&sale, minor).unwrap();
        assert_eq!(emitted.fact, sale);
        let event = latest(&stripe);
        assert_eq!(event.kind.as_str(), "charge.refunded");
        let told = Told::Refunded {
            paid: 1000,
            refunded: total,
        };
        assert_eq!(event.meaning.fact, sale);
        assert_eq!(event.meaning.told, told);
        let charge = object(event);
        assert_eq!(charge["payment_intent"], intent);
        assert_eq!(charge["amount"], 1000);
        assert_eq!(charge["amount_refunded"], total);
        assert_eq!(charge["refunded"], whole);
        assert!(charge.get("refunds").is_none(), "R3");
        let body = parsed(event);
        let previous = &body["data"]["previous_attributes"];
        assert_eq!(previous["amount_refunded"], before);
        assert_eq!(previous.get("refunded"), whole.then_some(&json!(false)));
        assert!(body["request"]["id"].as_str().unwrap().starts_with("req_"));
    }
}

#[test]
fn r5_a_refund_above_the_charge_is_refused() {
    let mut stripe = world();
    let sale = buy(&mut stripe, PaymentMethod::Card);
    stripe.refund(&sale, 400).unwrap();
    let (asked, left) = (601, 600);
    let refused = stripe.refund(&sale, asked);
    assert_eq!(refused, Err(StripeError::AboveCharge { asked, left }));
    let refused = stripe.refund(&sale, 0);
    assert_eq!(refused, Err(StripeError::NotAnAmount(0)));
    stripe.refund(&sale, 600).unwrap();
    let refused = stripe.refund(&sale, 1);
    assert_eq!(refused, Err(StripeError::AlreadyRefunded(sale)));
}

#[test]
fn what_isnt_paid_cannot_be_refunded() {
    let mut stripe = world();
    let sale = buy(&mut stripe, PaymentMethod::BankDebit);
    let early = stripe.refund(&sale, 1);
    assert_eq!(early, Err(StripeError::NotPaid(sale.clone())));
    stripe.bank_debit_clears(&sale).unwrap();
    stripe.refund(&sale, 1).unwrap();
    assert!(
        object(latest(&stripe))["id"]
            .as_str()
            .unwrap()
            .starts_with("py_3")
    );
}

#[test]
fn the_refund_of_an_invoice_is_about_the_invoice() {
    let mut stripe = world();
    let customer = stripe.create_customer(&account());
    let renewed = stripe.renew(&customer, PLAN, BillingReason::SubscriptionCycle);
    let invoice = renewed.unwrap().fact;
    stripe.refund(&invoice, 500).unwrap();
    let event = latest(&stripe);
    assert_eq!(event.meaning.fact, invoice);
    assert_eq!(event.meaning.account, account());
    assert_eq!(object(event)["customer"], customer.as_str());
}

#[test]
fn d5_a_twin_is_another_event_about_the_same_object() {
    let mut stripe = world();
    let sale = buy(&mut stripe, PaymentMethod::BankDebit);
    let first = latest(&stripe).clone();
    stripe.bank_debit_clears(&sale).unwrap();
    stripe.advance_to(NOW + 60);
    let twin = stripe.twin(&first.id).unwrap();
    let twin = stripe.event(&twin).unwrap();
    assert_ne!(twin.id, first.id);
    assert_eq!(parsed(twin)["id"], twin.id.as_str());
    assert_eq!(twin.created, NOW + 60);
    assert_eq!(twin.kind, first.kind);
    assert_eq!(twin.meaning, first.meaning);
    assert_eq!(object(twin), object(&first), "as it was then, not as it is");
}

#[test]
fn the_clock_never_goes_back() {
    let mut stripe = world();
    stripe.advance_to(NOW + 5);
    stripe.advance_to(NOW);
    buy(&mut stripe, PaymentMethod::Card);
    assert_eq!(latest(&stripe).created, NOW + 5);
    assert_eq!(parsed(latest(&stripe))["created"], NOW + 5);
    assert_eq!(object(latest(&stripe))["created"], NOW + 5);
}

#[test]
fn a_refused_move_changes_nothing() {
    let mut stripe = world();
    let customer = stripe.create_customer(&AccountId::new("other"));
    let before = format!("{stripe:?}");
    let account = account();
    let nobody = CustomerId::new("cus_nobody");
    let sale = FactId::new("cs_nothing");
    let card = PaymentMethod::Card;
    let cycle = BillingReason::SubscriptionCycle;
    let refusals = [
        stripe.checkout(&account, None, "price_x", card),
        stripe.checkout(&account, None, PLAN, card),
        stripe.checkout(&account, None, "price_free", card),
        stripe.checkout(&account, Some(&nobody), PACK, card),
        stripe.checkout(&account, Some(&customer), PACK, card),
        stripe.renew(&customer, PACK, cycle),
        stripe.renew(&nobody, PLAN, cycle),
        stripe.refund(&sale, 1),
        stripe.bank_debit_clears(&sale),
    ]
    .map(Result::unwrap_err);
    assert_eq!(
        refusals,
        [
            StripeError::NoSuchPrice("price_x".to_owned()),
            StripeError::NotAPack(PLAN.to_owned()),
            StripeError::Free("price_free".to_owned()),
            StripeError::NoSuchCustomer(nobody.clone()),
            StripeError::NotTheirCustomer { customer, account },
            StripeError::NotAPlan(PACK.to_owned()),
            StripeError::NoSuchCustomer(nobody),
            StripeError::NoSuchSale(sale.clone()),
            StripeError::NoSuchSale(sale),
        ]
    );
    let event = EventId::new("evt_nothing");
    assert_eq!(stripe.twin(&event), Err(StripeError::NoSuchEvent(event)));
    assert_eq!(format!("{stripe:?}"), before);
}

#[test]
fn the_same_run_and_moves_make_the_same_bytes() {
    let bodies = |run| {
        let mut stripe = world_of(run);
        everything(&mut stripe).unwrap();
        let events = stripe.events().iter();
        events
            .map(|event| event.body().to_vec())
            .collect::<Vec<_>>()
    };
    assert_eq!(bodies(7), bodies(7));
    for (one, other) in bodies(7).iter().zip(bodies(8)) {
        assert_ne!(*one, other);
    }
}

#[test]
fn e6_bodies_look_like_stripes() {
    let mut stripe = world();
    everything(&mut stripe).unwrap();
    for event in stripe.events() {
        let text = std::str::from_utf8(event.body()).unwrap();
        let body = parsed(event);
        assert_eq!(serde_json::to_string_pretty(&body).unwrap(), text, "S10");
        assert_eq!(body["id"], event.id.as_str());
        assert_eq!(event.id.as_str().len(), 28, "E6");
        let kind = event.kind.as_str();
        let of_charge = ["charge.", "payment_intent.", "refund."]
            .iter()
            .any(|prefix| kind.starts_with(prefix) && !kind.contains("dispute"));
        let lead = if of_charge { "evt_3" } else { "evt_1" };
        assert!(event.id.as_str().starts_with(lead), "E6: {}", event.id);
        assert_eq!(body["object"], "event");
        assert_eq!(body["type"], event.kind.as_str());
        assert_eq!(body["created"], event.created);
        assert_eq!(body["livemode"], false);
        assert_eq!(body["pending_webhooks"], 1);
        assert!(body["api_version"].is_string());
        let keys: Vec<_> = body["data"]["object"].as_object().unwrap().keys().collect();
        assert_eq!(keys[..2], ["id", "object"]);
        assert!(
            !keys.is_sorted(),
            "S10: a handler that sorts keys must fail"
        );
        for stale in [
            "{{",
            "obj_123",
            "il_tmp_",
            "1234567890",
            "2060319484",
            "149300825",
            "406046392",
            "1555417355",
            "idempotency_error",
            "\"livemode\": true",
            "stripe.me",
        ] {
            assert!(!text.contains(stale), "{stale} in {text}");
        }
    }
}

/// Without these, Stripe's Rust SDK can't read an event (STRIPE.md, section 8).
#[test]
fn events_have_what_the_strictest_sdk_asks_for() {
    let mut stripe = world();
    everything(&mut stripe).unwrap();
    for event in stripe.events() {
        let body = parsed(event);
        let required = match event.kind {
            kind if kind.as_str().starts_with("invoice.") => {
                "amount_due amount_overpaid amount_paid amount_remaining amount_shipping \
                 attempt_count attempted automatic_tax collection_method created currency \
                 default_tax_rates discounts issuer lines livemode payment_settings period_start \
                 period_end pre_payment_credit_notes_amount post_payment_credit_notes_amount \
                 starting_balance status_transitions subtotal total"
            }
            EventKind::ChargeSucceeded
            | EventKind::ChargePending
            | EventKind::ChargeFailed
            | EventKind::ChargeUpdated
            | EventKind::ChargeRefunded => {
                "amount amount_captured amount_refunded billing_details captured created currency \
                 disputed id livemode metadata paid refunded status"
            }
            kind if kind.as_str().starts_with("payment_intent.") => {
                "amount amount_capturable amount_received capture_method confirmation_method \
                 created currency id livemode metadata payment_method_types status"
            }
            kind if kind.as_str().starts_with("customer.subscription.") => {
                "automatic_tax billing_cycle_anchor billing_mode billing_schedules \
                 cancel_at_period_end collection_method created currency customer discounts id \
                 invoice_settings items livemode metadata start_date status"
            }
            kind if kind.as_str().starts_with("charge.dispute.") => {
                "amount balance_transactions charge created currency enhanced_eligibility_types \
                 evidence evidence_details id is_charge_refundable livemode metadata reason status"
            }
            kind if kind.as_str().contains("refund") => "amount created currency id",
            EventKind::CustomerCreated => "created id livemode",
            EventKind::InvoicePaymentPaid => "amount_requested created currency id invoice",
            _ => {
                "automatic_tax created custom_fields custom_text expires_at id livemode mode \
                 payment_method_types payment_status shipping_options"
            }
        };
        for key in required.split_whitespace() {
            let object = &body["data"]["object"];
            assert!(object.get(key).is_some(), "{} lacks {key}", event.kind);
        }
    }
}

/// Reads a body as a careful handler would, and says what it means.
fn read(body: &Value) -> (String, Told) {
    let object = &body["data"]["object"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let number = |value: &Value| value.as_i64().unwrap();
    match body["type"].as_str().unwrap() {
        "charge.refunded" => {
            let told = Told::Refunded {
                paid: number(&object["amount"]),
                refunded: number(&object["amount_refunded"]),
            };
            (text(&object["payment_intent"]), told)
        }
        "charge.dispute.funds_withdrawn" => {
            let (paid, withdrawn) = (1000, number(&object["amount"]));
            let told = Told::Withdrawn { paid, withdrawn };
            (text(&object["payment_intent"]), told)
        }
        "charge.dispute.funds_reinstated" => {
            let told = Told::Reinstated { paid: 1000 };
            (text(&object["payment_intent"]), told)
        }
        "invoice.paid" => {
            let line = &object["lines"]["data"][0];
            assert_eq!(line["pricing"]["price_details"]["price"], PLAN);
            let credits = Credits::new(50);
            (text(&object["id"]), Told::Echoed { credits })
        }
        _ if object["payment_status"] == "paid" => {
            assert_eq!(object["metadata"]["price"], PACK);
            let credits = Credits::new(100);
            (text(&object["id"]), Told::Paid { credits })
        }
        _ => (text(&object["id"]), Told::Unpaid),
    }
}

#[test]
fn whatever_happens_a_body_says_what_its_meaning_says() {
    let moves = prop::collection::vec((0..9_u8, 0..8_usize, -1..1200_i64), 1..40);
    runner(3)
        .run(&moves, |moves| {
            let mut stripe = world();
            let customer = stripe.create_customer(&account());
            let mut sales = vec![FactId::new("cs_none")];
            for (which, place, minor) in moves {
                let sale = sales[place % sales.len()].clone();
                let pack = sale.as_str().starts_with("cs_");
                let emitted = match which {
                    0 => stripe.checkout(&account(), None, PACK, PaymentMethod::Card),
                    1 => stripe.checkout(&account(), None, PACK, PaymentMethod::BankDebit),
                    2 => stripe.renew(&customer, PLAN, BillingReason::SubscriptionCycle),
                    3 => stripe.bank_debit_clears(&sale),
                    4 => stripe.bank_debit_fails(&sale),
                    5 if pack => stripe.dispute(&sale),
                    6 if pack => stripe.close_dispute(&sale, minor > 600),
                    _ => stripe.refund(&sale, minor),
                };
                if let Ok(Emitted { fact, .. }) = emitted {
                    sales.push(fact);
                }
            }
            let mut intents = std::collections::HashMap::new();
            let mut refunded = std::collections::HashMap::new();
            let read_by_a_handler = [
                "checkout.session.completed",
                "checkout.session.async_payment_succeeded",
                "checkout.session.async_payment_failed",
                "invoice.paid",
                "charge.refunded",
                "charge.dispute.funds_withdrawn",
                "charge.dispute.funds_reinstated",
            ];
            let read_by_a_handler =
                |event: &&Event| read_by_a_handler.contains(&event.kind.as_str());
            for event in stripe.events().iter().filter(read_by_a_handler) {
                let body = parsed(event);
                let object = &body["data"]["object"];
                let (about, told) = read(&body);
                prop_assert_eq!(told, event.meaning.told);
                let fact = event.meaning.fact.as_str().to_owned();
                match told {
                    Told::Refunded {
                        paid,
                        refunded: total,
                    } => {
                        prop_assert_eq!(intents.get(&about), Some(&fact));
                        let before = refunded.insert(fact, total).unwrap_or(0);
                        prop_assert!(before < total && total <= paid);
                    }
                    Told::Withdrawn { .. } | Told::Reinstated { .. } => {
                        prop_assert_eq!(intents.get(&about), Some(&fact));
                    }
                    _ => {
                        prop_assert_eq!(about, fact.clone());
                        let payments = &object["payments"]["data"][0]["payment"];
                        let intent = object
                            .get("payment_intent")
                            .unwrap_or(&payments["payment_intent"]);
                        intents.insert(intent.as_str().unwrap().to_owned(), fact);
                    }
                }
            }
            Ok(())
        })
        .unwrap();
}
