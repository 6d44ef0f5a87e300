//! Section 3: delivery, on the virtual clock.

use super::*;
use crate::stripe::rest::{Api, ApiRequest, Outbox};
use crate::stripe::signature::verify;
use crate::stripe::{BillingReason, Next, PaymentMethod, RetrySchedule};
use crate::{Delivery, Status};

const OK: Option<Status> = Some(Status::OK);
const NO: Option<Status> = Some(Status::UNAVAILABLE);

/// An API whose endpoints listen to these types.
fn listening(types: &[&str]) -> (Api, Vec<Value>) {
    let mut api = Api::new(world());
    let endpoints = types.iter().enumerate().map(|(number, types)| {
        let form = format!("url=http://127.0.0.1:9/{number}&enabled_events[]={types}");
        post(&mut api, "/v1/webhook_endpoints", &form)
    });
    let endpoints = endpoints.collect();
    (api, endpoints)
}

fn post(api: &mut Api, path: &str, form: &str) -> Value {
    let request = ApiRequest {
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers: vec![("Authorization".to_owned(), "Bearer sk_test_abc".to_owned())],
        body: form.as_bytes().to_vec(),
        ..ApiRequest::default()
    };
    let answer = api.answer(&request).unwrap();
    let body = String::from_utf8(answer.body).unwrap();
    assert_eq!(answer.status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn pay(api: &mut Api) {
    let card = PaymentMethod::Card;
    api.world
        .checkout(&account(), None, "price_pack", card)
        .unwrap();
    api.outbox.collect(&mut api.world);
}

fn due(api: &mut Api) -> Vec<(u64, String, String, Delivery)> {
    let due = api.outbox.due(&api.world, NOW);
    let due = due.into_iter();
    due.map(|it| (it.number, it.url, it.kind.to_owned(), it.delivery))
        .collect()
}

fn answer(api: &mut Api, number: u64, status: Option<Status>) -> Next {
    api.outbox.answered(&mut api.world, number, status).next
}

fn pass(api: &mut Api, seconds: i64) {
    api.world.run_until(api.world.now() + seconds);
    api.outbox.collect(&mut api.world);
}

#[test]
fn d6_a_facts_events_come_in_another_order_than_they_were_made() {
    let (mut api, _) = listening(&["*"]);
    pay(&mut api);
    let made = told_since(&api.world, 0);
    let sent: Vec<_> = due(&mut api)
        .into_iter()
        .map(|(_, _, kind, _)| kind)
        .collect();
    assert_ne!(sent, made);
    let sorted = |kinds: Vec<String>| {
        let mut kinds = kinds;
        kinds.sort();
        kinds
    };
    let made = made.into_iter().map(str::to_owned).collect();
    assert_eq!(sorted(sent), sorted(made));
}

#[test]
fn d7_who_is_switched_off_at_retry_time_gets_no_more_of_that_event() {
    let switch = |api: &mut Api, id: &str, off: bool| {
        let path = format!("/v1/webhook_endpoints/{id}");
        post(api, &path, &format!("disabled={off}"));
    };
    for (on_again, comes) in [(false, 0), (true, 1)] {
        let (mut api, endpoints) = listening(&["checkout.session.completed"]);
        let id = endpoints[0]["id"].as_str().unwrap().to_owned();
        pay(&mut api);
        let first = due(&mut api);
        answer(&mut api, first[0].0, NO);
        switch(&mut api, &id, true);
        // What is made meanwhile is never sent.
        pay(&mut api);
        if on_again {
            switch(&mut api, &id, false);
        }
        pass(&mut api, 600);
        assert_eq!(due(&mut api).len(), comes);
        switch(&mut api, &id, false);
        pass(&mut api, 86_400);
        assert_eq!(due(&mut api).len(), 0);
    }
}

#[test]
fn d8_nine_days_without_a_2xx_switch_a_live_endpoint_off() {
    let (mut api, _) = listening(&["checkout.session.completed"]);
    api.outbox = Outbox::new(RetrySchedule::Live);
    for day in 0..12 {
        pay(&mut api);
        for (number, ..) in due(&mut api) {
            let told = api.outbox.answered(&mut api.world, number, NO);
            assert_eq!(told.disabled, day >= 9, "day {day}");
            if told.disabled {
                pay(&mut api);
                assert_eq!(due(&mut api).len(), 0);
                return;
            }
        }
        pass(&mut api, 86_400);
    }
    panic!("it is on for ever");
}

#[test]
fn d9_a_resend_by_hand_stops_no_retry() {
    let (mut api, _) = listening(&["checkout.session.completed"]);
    pay(&mut api);
    let first = due(&mut api);
    answer(&mut api, first[0].0, NO);
    let event = last(&api.world, EventKind::CheckoutCompleted).clone();
    post(&mut api, &format!("/v1/events/{}/retry", event.id), "");
    let by_hand = due(&mut api);
    assert_eq!(by_hand.len(), 1);
    assert_eq!(answer(&mut api, by_hand[0].0, OK), Next::Done);
    pass(&mut api, 600);
    let retried = due(&mut api);
    assert_eq!(retried[0].3.body, by_hand[0].3.body);
}

#[test]
fn d10_what_was_not_delivered_can_be_listed() {
    let (mut api, _) = listening(&["checkout.session.completed"]);
    pay(&mut api);
    let list = |api: &mut Api, success: bool| {
        let request = ApiRequest {
            method: "GET".to_owned(),
            path: "/v1/events".to_owned(),
            query: format!("delivery_success={success}&types[]=checkout.session.completed"),
            headers: vec![("Authorization".to_owned(), "Bearer sk_test_abc".to_owned())],
            ..ApiRequest::default()
        };
        let answer = api.answer(&request).unwrap();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        body["data"].as_array().unwrap().len()
    };
    assert_eq!((list(&mut api, false), list(&mut api, true)), (1, 0));
    let first = due(&mut api);
    answer(&mut api, first[0].0, OK);
    assert_eq!((list(&mut api, false), list(&mut api, true)), (0, 1));
}

#[test]
fn d11_each_endpoint_hears_its_own_types_signed_with_its_own_secret() {
    let (mut api, endpoints) = listening(&["*", "charge.succeeded", "invoice.paid"]);
    pay(&mut api);
    let sent = due(&mut api);
    let of = |number: usize| {
        let url = endpoints[number]["url"].as_str().unwrap();
        sent.iter().filter(move |(_, to, ..)| to == url)
    };
    assert_eq!(of(0).count(), told_since(&api.world, 0).len());
    let only: Vec<_> = of(1).map(|(_, _, kind, _)| kind.as_str()).collect();
    assert_eq!(only, ["charge.succeeded"]);
    assert_eq!(of(2).count(), 0);
    for (number, endpoint) in endpoints.iter().enumerate().take(2) {
        let (_, _, _, delivery) = of(number).next().unwrap();
        let header = delivery.signature().unwrap();
        for (other, secret) in endpoints.iter().enumerate().take(2) {
            let secret = secret["secret"].as_str().unwrap();
            let verdict = verify(secret, header, &delivery.body, NOW);
            assert_eq!(verdict.is_ok(), number == other, "{endpoint}");
        }
    }
}

#[test]
fn d14_several_deliveries_are_in_flight_at_once_and_none_is_sent_twice_meanwhile() {
    let (mut api, _) = listening(&["*"]);
    pay(&mut api);
    assert!(due(&mut api).len() > 1);
    pass(&mut api, 86_400);
    assert_eq!(
        due(&mut api).len(),
        0,
        "the first attempts are still under way"
    );
}

#[test]
fn c3_one_sessions_event_is_under_way_several_times_at_once() {
    let (mut api, _) = listening(&["checkout.session.completed"]);
    pay(&mut api);
    let event = last(&api.world, EventKind::CheckoutCompleted).id.clone();
    let mut under_way = due(&mut api);
    for _ in 0..2 {
        post(&mut api, &format!("/v1/events/{event}/retry"), "");
        under_way.extend(due(&mut api));
    }
    assert_eq!(under_way.len(), 3, "none of them is answered yet");
    let sessions = under_way.iter().map(|(.., delivery)| {
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        body["data"]["object"]["id"].clone()
    });
    let mut sessions: Vec<Value> = sessions.collect();
    sessions.dedup();
    assert_eq!(sessions.len(), 1);
    for (number, ..) in under_way {
        assert_eq!(answer(&mut api, number, OK), Next::Done);
    }
}

#[test]
fn e9_no_endpoint_gets_a_thin_event() {
    let (mut api, _) = listening(&["*", "v2.core.event_destination.ping"]);
    crate::stripe::tests::everything(&mut api.world).unwrap();
    api.outbox.collect(&mut api.world);
    let sent = due(&mut api);
    assert!(sent.len() > 50);
    for (_, url, kind, delivery) in sent {
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(body["object"], "event", "{kind}");
        assert!(body["created"].is_i64() && body["data"]["object"].is_object());
        assert!(url.ends_with("/0"), "nothing is told by a thin event");
    }
}

#[test]
fn d15_a_draft_waits_for_every_answer_to_invoice_created() {
    let begin = |answers: bool| {
        let (mut api, _) = listening(&["invoice.created"]);
        let customer = post(&mut api, "/v1/customers", "");
        let customer = customer["id"].as_str().unwrap().to_owned();
        let form = format!("customer={customer}&items[0][price]=price_plan");
        let begun = post(&mut api, "/v1/subscriptions", &form);
        let end = begun["items"]["data"][0]["current_period_end"]
            .as_i64()
            .unwrap();
        for (number, ..) in due(&mut api) {
            answer(&mut api, number, OK);
        }
        pass(&mut api, end - NOW);
        for (number, ..) in due(&mut api) {
            answer(&mut api, number, if answers { OK } else { NO });
        }
        let cycle = move |api: &Api| {
            let mut invoices = api.world.invoices.newest();
            let cycle = invoices.next().unwrap();
            assert_eq!(cycle.reason, BillingReason::SubscriptionCycle);
            cycle.paid.is_some()
        };
        (api, cycle)
    };
    let (mut api, is_paid) = begin(true);
    assert!(!is_paid(&api), "I17: not at the boundary");
    pass(&mut api, 3_600);
    assert!(is_paid(&api));
    let (mut api, is_paid) = begin(false);
    pass(&mut api, 71 * 3_600);
    assert!(!is_paid(&api));
    pass(&mut api, 3_600);
    assert!(is_paid(&api), "after three days it goes on without");
}
