//! Section 2: the Event object.

use super::*;
use crate::stripe::tests::everything;
use crate::stripe::{BillingReason, Signing, Version};
use serde_json::json;

#[test]
fn e1_e4_an_event_has_these_fields_at_its_top_and_one_who_has_yet_to_answer() {
    let mut stripe = world();
    everything(&mut stripe).unwrap();
    for event in stripe.events() {
        let body = body(event);
        let keys: Vec<_> = body.as_object().unwrap().keys().collect();
        let wanted = [
            "id",
            "object",
            "api_version",
            "created",
            "data",
            "livemode",
            "pending_webhooks",
            "request",
            "type",
        ];
        assert_eq!(keys, wanted, "{}", event.kind);
        assert_eq!(body["pending_webhooks"], 1);
    }
}

#[test]
fn e2_previous_attributes_stand_in_updates_alone_and_say_what_was() {
    let mut stripe = world();
    everything(&mut stripe).unwrap();
    for event in stripe.events() {
        let body = body(event);
        let previous = body["data"].get("previous_attributes");
        let kind = event.kind.as_str();
        if let Some(previous) = previous {
            let changes = kind.ends_with("updated") || kind == "charge.refunded";
            assert!(changes, "{kind}");
            let object = &body["data"]["object"];
            for (key, was) in previous.as_object().unwrap() {
                assert_ne!(&object[key], was, "{kind}: {key}");
            }
        }
    }
}

#[test]
fn e3_only_what_an_api_call_caused_names_its_request() {
    let (mut stripe, customer) = shop();
    let reason = BillingReason::SubscriptionCreate;
    let sale = stripe.renew(&customer, "price_plan", reason).unwrap();
    let nobody = json!({"id": null, "idempotency_key": null});
    let paid = body(last(&stripe, EventKind::InvoicePaid));
    assert_eq!(paid["request"], nobody);
    stripe.refund(&sale.fact, 1).unwrap();
    let refunded = body(last(&stripe, EventKind::ChargeRefunded));
    assert!(
        refunded["request"]["id"]
            .as_str()
            .unwrap()
            .starts_with("req_")
    );
    assert!(refunded["request"]["idempotency_key"].is_string());
}

#[test]
fn e7_events_are_kept_for_thirty_days() {
    let (mut stripe, _) = shop();
    let kept = |stripe: &Stripe| stripe.kept_events().count();
    assert_eq!(kept(&stripe), 1);
    stripe.advance_to(NOW + 30 * 86_400);
    assert_eq!(kept(&stripe), 1);
    stripe.advance_to(NOW + 30 * 86_400 + 1);
    assert_eq!(kept(&stripe), 0);
}

#[test]
fn e8_an_event_is_rendered_in_its_endpoints_version() {
    let (mut stripe, customer) = shop();
    let reason = BillingReason::SubscriptionCreate;
    stripe.renew(&customer, "price_plan", reason).unwrap();
    let event = last(&stripe, EventKind::InvoicePaid);
    for version in Version::ALL {
        let delivery = event.delivery_in(version, Signing::from("whsec_a"), NOW);
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(body["api_version"], version.as_str());
        assert_eq!(body["id"], event.id.as_str());
        let old = version == Version::Acacia;
        assert_eq!(body["data"]["object"].get("subscription").is_some(), old);
    }
}
