//! The service, asked over HTTP, on a database of its own.

use reference::{Draining, Mode, Settings, service};
use serde_json::{Value, json};
use simulator::server::{self, Request};
use simulator::stripe::{PaymentMethod, Stripe, signature};
use simulator::{
    AccountId, Catalogue, Credits, Currency, Delivery, Ledger, Money, Offer, OfferKind,
    StripeAccess, World, clock,
};
use std::future::poll_fn;
use std::task::Poll;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "whsec_service";
const ACCOUNT: &str = "6f2c1d34-8a5b-4c7e-9f10-2b3a4c5d6e7f";

fn catalogue() -> Catalogue {
    let offers = vec![Offer {
        price: "price_pack".to_owned(),
        amount: Money::new(1_000, Currency::USD),
        credits: Credits::new(100),
        kind: OfferKind::Pack,
    }];
    Catalogue { offers }
}

/// Two instances on one database; asks either.
struct Service {
    ports: [u16; 2],
}

impl Service {
    async fn ask(&self, instance: usize, head: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.ports[instance]))
            .await
            .unwrap();
        let length = body.len();
        let head =
            format!("{head}Host: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        (status, body)
    }

    async fn post(&self, instance: usize, path: &str, body: &Value) -> (u16, Value) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nAuthorization: Bearer token\r\nContent-Type: application/json\r\n"
        );
        let (status, body) = self.ask(instance, &head, body.to_string().as_bytes()).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let head = format!("GET {path} HTTP/1.1\r\nAuthorization: Bearer token\r\n");
        self.ask(0, &head, b"").await
    }

    async fn deliver(&self, instance: usize, delivery: &Delivery) -> u16 {
        let mut head = "POST /webhooks/stripe HTTP/1.1\r\n".to_owned();
        for (name, value) in &delivery.headers {
            if name != "Content-Length" {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        self.ask(instance, &head, &delivery.body).await.0
    }
}

fn with_service(test: impl AsyncFnOnce(Service)) {
    with_service_in(Mode::Test, test);
}

fn with_service_in(mode: Mode, test: impl AsyncFnOnce(Service)) {
    let server = server::provision(&Request::default()).unwrap();
    let template = server.install(&reference::Reference::migrations()).unwrap();
    let database = server.clone_database(&template).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let mut ports = [0; 2];
        for port in &mut ports {
            let access = StripeAccess::deaf(SECRET.to_owned());
            let settings = Settings {
                world: World::new(database.url().to_owned(), access, catalogue()),
                mode,
                token: "token".to_owned(),
                low_balances: vec![50, 20],
                draining: Draining::default(),
            };
            let router = service(settings).await.unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            *port = listener.local_addr().unwrap().port();
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        test(Service { ports }).await;
    });
}

/// Polls all of them together, and gives their answers in order.
async fn at_once<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut under_way: Vec<_> = all.map(Box::pin).map(Some).collect();
    let mut answers: Vec<Option<T>> = under_way.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (place, answer) in under_way.iter_mut().zip(&mut answers) {
            if let Some(future) = place
                && let Poll::Ready(said) = future.as_mut().poll(context)
            {
                (*answer, *place) = (Some(said), None);
            }
        }
        match under_way.iter().any(Option::is_some) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    })
    .await;
    answers.into_iter().flatten().collect()
}

#[test]
fn a_webhook_told_to_both_instances_is_granted_once_and_counted() {
    with_service(async |service| {
        let mut stripe = Stripe::new(1, catalogue(), clock::unix_now());
        let account = AccountId::new(ACCOUNT);
        stripe
            .checkout(&account, None, "price_pack", PaymentMethod::Card)
            .unwrap();
        for event in stripe.events() {
            let delivery = event.delivery(SECRET, clock::unix_now());
            for instance in [0, 1] {
                assert_eq!(
                    service.deliver(instance, &delivery).await,
                    200,
                    "{}",
                    event.kind
                );
            }
            let forged = event.delivery("whsec_other", clock::unix_now());
            assert_eq!(service.deliver(0, &forged).await, 400);
        }
        let (status, balance) = service.get(&format!("/accounts/{ACCOUNT}")).await;
        let balance: Value = serde_json::from_str(&balance).unwrap();
        assert_eq!(
            (status, &balance["credits"]["spendable"]),
            (200, &json!(100))
        );
        let metrics = service.get("/metrics").await.1;
        let count = stripe.events().len();
        assert!(
            metrics.contains(&format!(
                "ledger_webhooks_total{{status=\"2xx\"}} {count}\n"
            )),
            "{metrics}"
        );
        assert!(
            metrics.contains(&format!(
                "ledger_webhooks_total{{status=\"4xx\"}} {count}\n"
            )),
            "{metrics}"
        );
        let large = Delivery {
            headers: Vec::new(),
            body: vec![b'x'; 300 * 1024].into(),
        };
        assert_eq!(service.deliver(0, &large).await, 413);
    });
}

#[test]
fn each_mode_believes_its_own_events_and_refuses_the_other_s() {
    let mut stripe = Stripe::new(1, catalogue(), clock::unix_now());
    let account = AccountId::new(ACCOUNT);
    stripe
        .checkout(&account, None, "price_pack", PaymentMethod::Card)
        .unwrap();
    let now = clock::unix_now();
    let test = stripe.events()[0].delivery(SECRET, now);
    let body = String::from_utf8_lossy(&test.body);
    let body = body.replace("\"livemode\": false", "\"livemode\": true");
    let signed = signature::sign(SECRET, now, body.as_bytes());
    let live = Delivery {
        headers: vec![("Stripe-Signature".into(), signed.into())],
        body: body.into_bytes().into(),
    };
    for (mode, wanted) in [(Mode::Test, [200, 400]), (Mode::Live, [400, 200])] {
        with_service_in(mode, async |service| {
            let told = [
                service.deliver(0, &test).await,
                service.deliver(0, &live).await,
            ];
            assert_eq!(told, wanted, "{mode:?}");
        });
    }
}

#[test]
fn a_low_balance_is_told_once_a_threshold_and_again_after_it_was_higher() {
    with_service(async |service| {
        let grant = json!({ "account": ACCOUNT, "fact": "in_1", "amount": 100 });
        service
            .post(0, "/accounts", &json!({ "account": ACCOUNT }))
            .await;
        assert_eq!(
            service.post(0, "/grants", &grant).await.1["answer"],
            "granted"
        );
        let reserve = async |instance, job: &str, amount: i64| {
            let asked = json!({ "account": ACCOUNT, "job": job, "amount": amount });
            let (status, body) = service.post(instance, "/jobs", &asked).await;
            (status, body["below"].clone())
        };
        assert_eq!(reserve(0, "job-1", 50).await, (201, json!([])));
        assert_eq!(reserve(0, "job-2", 5).await, (201, json!([50])));
        assert_eq!(
            reserve(1, "job-3", 5).await,
            (201, json!([])),
            "told before"
        );
        assert_eq!(reserve(1, "job-4", 30).await, (201, json!([20])));
        assert_eq!(reserve(1, "job-5", 30).await.0, 402);
        let more = json!({ "account": ACCOUNT, "fact": "in_2", "amount": 100 });
        assert_eq!(
            service.post(0, "/grants", &more).await.1["below"],
            json!([])
        );
        assert_eq!(
            reserve(0, "job-6", 100).await,
            (201, json!([20, 50])),
            "armed again"
        );
        let swept = service
            .post(0, "/sweep", &json!({ "older_than_seconds": 0 }))
            .await;
        assert_eq!(swept.1["jobs"].as_array().unwrap().len(), 5);
        let metrics = service.get("/metrics").await.1;
        for line in [
            "ledger_sweep_holds_total{outcome=\"inspected\"} 5\n",
            "ledger_sweep_holds_total{outcome=\"refunded\"} 5\n",
            "ledger_sweep_errors_total 0\n",
        ] {
            assert!(metrics.contains(line), "{metrics}");
        }
    });
}

#[test]
fn whoever_raises_a_balance_arms_its_alerts_again() {
    with_service(async |service| {
        let account = AccountId::new(ACCOUNT);
        let mut stripe = Stripe::new(1, catalogue(), clock::unix_now());
        let card = PaymentMethod::Card;
        let buys = async |stripe: &mut Stripe| {
            let before = stripe.events().len();
            stripe.checkout(&account, None, "price_pack", card).unwrap();
            for event in &stripe.events()[before..] {
                let delivery = event.delivery(SECRET, clock::unix_now());
                assert_eq!(service.deliver(1, &delivery).await, 200);
            }
        };
        let reserve = async |job: &str, amount: i64| {
            let asked = json!({ "account": ACCOUNT, "job": job, "amount": amount });
            service.post(0, "/jobs", &asked).await.1["below"].clone()
        };
        buys(&mut stripe).await;
        assert_eq!(reserve("job-1", 60).await, json!([50]));
        assert_eq!(reserve("job-2", 1).await, json!([]), "told before");
        buys(&mut stripe).await;
        assert_eq!(reserve("job-3", 99).await, json!([50]), "a webhook");
        let refunded = service.post(1, "/jobs/job-3/refund", &json!({})).await;
        assert_eq!(refunded.0, 200);
        assert_eq!(reserve("job-4", 99).await, json!([50]), "a refund");
        let sweep = json!({ "older_than_seconds": 0 });
        assert_eq!(service.post(1, "/sweep", &sweep).await.0, 200);
        assert_eq!(reserve("job-5", 190).await, json!([20, 50]), "the sweep");
        let metrics = service.get("/metrics").await.1;
        let told = "ledger_low_balance_alerts_total 5\n";
        assert!(metrics.contains(told), "{metrics}");
    });
}

#[test]
fn c3_deliveries_and_requests_that_come_at_once_to_both_instances_count_once() {
    with_service(async |service| {
        let mut stripe = Stripe::new(1, catalogue(), clock::unix_now());
        let account = AccountId::new(ACCOUNT);
        for _ in 0..2 {
            let card = PaymentMethod::Card;
            stripe.checkout(&account, None, "price_pack", card).unwrap();
        }
        // Out of order, four copies of each, two of them twins.
        let mut ids: Vec<_> = stripe.events().iter().map(|it| it.id.clone()).collect();
        ids.reverse();
        let mut deliveries = Vec::new();
        for id in ids {
            let twin = stripe.twin(&id).unwrap();
            for id in [id, twin] {
                let event = stripe.event(&id).unwrap();
                for instance in [0, 1] {
                    deliveries.push((instance, event.delivery(SECRET, clock::unix_now())));
                }
            }
        }
        let all = deliveries.iter();
        let all = all.map(|(instance, delivery)| service.deliver(*instance, delivery));
        for status in at_once(all).await {
            assert_eq!(status, 200);
        }
        let balance = async || {
            let balance = service.get(&format!("/accounts/{ACCOUNT}")).await.1;
            let balance: Value = serde_json::from_str(&balance).unwrap();
            balance["credits"].clone()
        };
        assert_eq!(balance().await["spendable"], 200);

        // Twenty jobs of thirty credits, each asked for at both instances: six can be held.
        let asked: Vec<_> = (0..20)
            .map(|job| json!({ "account": ACCOUNT, "job": format!("job-{job}"), "amount": 30 }))
            .collect();
        let both = asked.iter().flat_map(|asked| [(0, asked), (1, asked)]);
        let both = both.map(|(instance, asked)| service.post(instance, "/jobs", asked));
        let answers = at_once(both).await;
        let reserved = |pair: &&[(u16, Value)]| pair[0].0 == 201;
        assert_eq!(answers.chunks(2).filter(reserved).count(), 6);
        for pair in answers.chunks(2) {
            assert_eq!(pair[0].0, pair[1].0, "both are told the same");
        }
        assert_eq!(balance().await["held"], 180);
        let cost = json!({ "cost": 20 });
        let ends = (0..20).flat_map(|job| {
            let (charge, refund) = (
                format!("/jobs/job-{job}/charge"),
                format!("/jobs/job-{job}/refund"),
            );
            [(0, charge), (1, refund)]
        });
        let ends: Vec<_> = ends.collect();
        let ended = ends
            .iter()
            .map(|(instance, path)| service.post(*instance, path, &cost));
        let ended = at_once(ended).await;
        let charged = ended.chunks(2).filter(|pair| pair[0].0 == 200).count();
        let refunded = ended.chunks(2).filter(|pair| pair[1].0 == 200).count();
        assert_eq!(charged + refunded, 6, "each ends one way");
        let end = balance().await;
        let spent = 20 * i64::try_from(charged).unwrap();
        assert_eq!(
            (&end["spendable"], &end["held"]),
            (&json!(200 - spent), &json!(0))
        );
    });
}

#[test]
fn jobs_end_as_the_ledger_says_and_nobody_comes_in_without_the_token() {
    with_service(async |service| {
        service
            .post(0, "/accounts", &json!({ "account": ACCOUNT }))
            .await;
        let grant = json!({ "account": ACCOUNT, "fact": "in_1", "amount": 100 });
        service.post(1, "/grants", &grant).await;
        let job = json!({ "account": ACCOUNT, "job": "job-1", "amount": 30 });
        assert_eq!(service.post(0, "/jobs", &job).await.0, 201);
        let cost = json!({ "cost": 10 });
        for instance in [0, 1] {
            assert_eq!(
                service.post(instance, "/jobs/job-1/charge", &cost).await.0,
                200
            );
        }
        assert_eq!(
            service.post(0, "/jobs/job-1/refund", &json!({})).await.0,
            409
        );
        assert_eq!(service.post(0, "/jobs/job-2/charge", &cost).await.0, 404);
        assert_eq!(service.post(0, "/jobs", &job).await.1["answer"], "settled");
        let negative = json!({ "account": ACCOUNT, "job": "job-3", "amount": -1 });
        assert!(service.post(0, "/jobs", &negative).await.0 >= 400);
        assert_eq!(service.get("/healthz").await, (200, "ok".to_owned()));
        assert_eq!(service.get("/readyz").await.0, 200);
        let entries = service.get(&format!("/accounts/{ACCOUNT}/entries")).await.1;
        let entries: Value = serde_json::from_str(&entries).unwrap();
        let deltas = entries["entries"].as_array().unwrap().iter();
        let sum: i64 = deltas.map(|row| row["delta"].as_i64().unwrap()).sum();
        assert_eq!(sum, 90);
        let stranger = "GET /accounts/x HTTP/1.1\r\nAuthorization: Bearer guess\r\n";
        assert_eq!(service.ask(0, stranger, b"").await.0, 401);
    });
}
