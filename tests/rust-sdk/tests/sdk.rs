//! The mocked Stripe, driven by Stripe's SDK for Rust, unmodified but for the base address (H2).

use futures_core::Stream;
use simulator::stripe::rest::Failure;
use simulator::stripe::{BillingReason, PaymentMethod, Stripe, signature};
use simulator::stripe_server::{API_KEY, Setup, StripeServer};
use simulator::{AccountId, Catalogue, Credits, Currency, Money, Offer, OfferKind, clock};
use std::future::poll_fn;
use std::pin::pin;
use stripe::{Client, ClientBuilder, RequestStrategy, StripeError, StripeRequest};
use stripe_core::customer::{CreateCustomer, ListCustomer, RetrieveCustomer};
use stripe_webhook::{EventObject, Webhook, WebhookError};

fn world() -> Stripe {
    let offer = |price: &str, kind| Offer {
        price: price.to_owned(),
        amount: Money::new(1_000, Currency::USD),
        credits: Credits::new(100),
        kind,
    };
    let offers = vec![
        offer("price_pack", OfferKind::Pack),
        offer("price_plan", OfferKind::Plan),
    ];
    Stripe::new(7, Catalogue { offers }, clock::unix_now())
}

fn server() -> StripeServer {
    StripeServer::start(world(), Setup::default()).unwrap()
}

fn client(server: &StripeServer, key: &str) -> Client {
    ClientBuilder::new(key).url(server.url()).build().unwrap()
}

fn block<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(future)
}

fn status<T>(answer: Result<T, StripeError>) -> u16 {
    match answer {
        Ok(_) => 200,
        Err(StripeError::Stripe(_, status)) => status,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn h2_h8_the_rust_sdk_creates_retrieves_and_walks_over_all_pages() {
    let server = server();
    let client = client(&server, API_KEY);
    block(async {
        let mut made = Vec::new();
        for number in 0..25 {
            let name = format!("Buyer {number} & co");
            let customer = CreateCustomer::new()
                .name(name)
                .send(&client)
                .await
                .unwrap();
            made.insert(0, customer.id.to_string());
        }
        let one = RetrieveCustomer::new(made[0].as_str()).send(&client).await;
        assert!(one.is_ok());
        let mut pages = pin!(ListCustomer::new().limit(10).paginate().stream(&client));
        let mut all = Vec::new();
        while let Some(customer) = poll_fn(|cx| pages.as_mut().poll_next(cx)).await {
            all.push(customer.unwrap().id.to_string());
        }
        assert_eq!(all, made);
    });
}

#[test]
fn h11_the_rust_sdk_tells_the_errors_of_the_table_apart() {
    let server = server();
    let good = client(&server, API_KEY);
    let bad = client(&server, "sk_live_abcdefgh");
    block(async {
        assert_eq!(status(ListCustomer::new().send(&bad).await), 401);
        assert_eq!(
            status(RetrieveCustomer::new("cus_x").send(&good).await),
            404
        );
        let key = stripe::IdempotencyKey::new("key-rs").unwrap();
        let keyed = |name: &'static str| {
            let strategy = RequestStrategy::Idempotent(key.clone());
            let create = CreateCustomer::new().name(name).customize();
            create.request_strategy(strategy).send(&good)
        };
        let (one, same) = (keyed("one").await.unwrap(), keyed("one").await.unwrap());
        assert_eq!(one.id, same.id);
        assert_eq!(status(keyed("two").await), 400);
    });
}

#[test]
fn n4_the_rust_sdk_retries_as_often_as_it_is_told() {
    let server = server();
    let client = client(&server, API_KEY);
    let create = |strategy| {
        let create = CreateCustomer::new().customize();
        create.request_strategy(strategy).send(&client)
    };
    block(async {
        for failure in [
            Failure::RateLimited,
            Failure::LockTimeout,
            Failure::KeyInUse,
            Failure::Dependency,
            Failure::ErrorBefore,
            Failure::NoAnswer,
            Failure::HalfAnswer,
        ] {
            server.fail_next(failure);
            let answer = create(RequestStrategy::Retry(2)).await;
            assert!(answer.is_ok(), "{failure:?}: {answer:?}");
        }
        server.fail_next(Failure::RateLimited);
        assert_eq!(status(create(RequestStrategy::Once).await), 429);
        // N6: a 500 after the work says that a retry is no use.
        server.fail_next(Failure::ErrorAfter);
        assert_eq!(status(create(RequestStrategy::Retry(2)).await), 500);
    });
}

#[test]
fn n8_the_rust_sdk_takes_a_gateways_page_for_broken_json() {
    let server = server();
    let client = client(&server, API_KEY);
    server.fail_next(Failure::BadGateway);
    let create = CreateCustomer::new().customize();
    let answer = block(create.request_strategy(RequestStrategy::Once).send(&client));
    assert!(
        matches!(answer, Err(StripeError::JSONDeserialize(_))),
        "{answer:?}"
    );
}

#[test]
fn s19_the_rust_sdk_reads_what_it_knows_and_takes_what_it_does_not() {
    let mut stripe = world();
    let account = AccountId::new("6f2c1d34-8a5b-4c7e-9f10-2b3a4c5d6e7f");
    let customer = stripe.create_customer(&account);
    let card = PaymentMethod::Card;
    let sale = stripe
        .checkout(&account, None, "price_pack", card)
        .unwrap()
        .fact;
    stripe.subscribe(&account, &customer, "price_plan").unwrap();
    let reason = BillingReason::SubscriptionCycle;
    stripe.renew(&customer, "price_plan", reason).unwrap();
    stripe.refund(&sale, 1).unwrap();
    stripe.dispute(&sale).unwrap();
    stripe.close_dispute(&sale, true).unwrap();
    let (secret, now) = ("whsec_test_secret", clock::unix_now());
    for event in stripe.events() {
        let delivery = event.delivery(secret, now);
        let body = std::str::from_utf8(&delivery.body).unwrap();
        let header = delivery.signature().unwrap();
        let read = Webhook::construct_event(body, header, secret);
        let read = read.unwrap_or_else(|error| panic!("{}: {error}", event.kind));
        let unknown = matches!(read.data.object, EventObject::Unknown(_));
        assert!(!unknown, "{}", event.kind);
    }
    let event = &stripe.events()[0];
    let body = std::str::from_utf8(event.body()).unwrap();
    let signed = |body: &str, t: i64| {
        let header = signature::sign(secret, t, body.as_bytes());
        Webhook::construct_event(body, &header, secret)
    };
    let future = body.replace("\"customer.created\"", "\"customer.promoted\"");
    let read = signed(&future, now).unwrap();
    assert!(matches!(read.data.object, EventObject::Unknown(_)));
    // S12: this one refuses the future too.
    for t in [now - 400, now + 400] {
        assert!(matches!(
            signed(body, t),
            Err(WebhookError::BadTimestamp(_))
        ));
    }
    let forged = signature::sign("whsec_other", now, body.as_bytes());
    let refused = Webhook::construct_event(body, &forged, secret);
    assert!(matches!(refused, Err(WebhookError::BadSignature)));
}
