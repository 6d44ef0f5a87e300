//! How the server treats what an endpoint answers.

use crate::serving::{endpoint, world};
use simulator::AccountId;
use simulator::clock;
use simulator::stripe::{Next, Stripe, signature};
use simulator::stripe_server::{Attempt, Setup, StripeServer};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

fn forward(url: &str, patience: Duration) -> (StripeServer, Receiver<Attempt>) {
    let (tell, told) = channel();
    let setup = Setup {
        forward_to: Some(url.to_owned()),
        patience,
        listener: Box::new(move |it| {
            // A test that has seen enough hears no more.
            let _ = tell.send(it.clone());
        }),
        ..Setup::default()
    };
    (StripeServer::start(world(), setup).unwrap(), told)
}

fn a_customer(stripe: &mut Stripe) {
    stripe.create_customer(&AccountId::new("somebody"));
}

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn d1_only_a_2xx_is_delivered_and_a_redirect_is_not_followed() {
    for (answer, status, delivered) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nerror",
            200,
            true,
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, true),
        (
            "HTTP/1.1 302 Found\r\nLocation: /hook\r\nContent-Length: 0\r\n\r\n",
            302,
            false,
        ),
        (
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
            400,
            false,
        ),
        ("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 500, false),
    ] {
        let (url, heard) = endpoint(vec![answer]);
        let (server, told) = forward(&url, PATIENCE);
        server.with(|api| a_customer(&mut api.world));
        let told = told.recv().unwrap();
        assert_eq!(told.answer, Ok(status));
        assert_eq!(told.next == Next::Done, delivered, "{answer}");
        let request = heard.recv().unwrap();
        assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    }
}

#[test]
fn d1_a_reset_nonsense_and_nobody_there_are_failures_that_are_retried() {
    let retried = |told: &Attempt| matches!(told.next, Next::RetryIn(_));
    for nonsense in ["", "nonsense\r\n\r\n"] {
        let (url, _heard) = endpoint(vec![nonsense]);
        let (server, told) = forward(&url, PATIENCE);
        server.with(|api| a_customer(&mut api.world));
        let told = told.recv().unwrap();
        assert!(told.answer.is_err() && retried(&told), "{told:?}");
    }
    let (server, told) = forward("http://127.0.0.1:1/hook", PATIENCE);
    server.with(|api| a_customer(&mut api.world));
    let told = told.recv().unwrap();
    assert!(told.answer.is_err() && retried(&told), "{told:?}");
}

#[test]
fn d3_a_retry_has_the_same_body_and_a_new_signature_in_the_schedule_of_test_mode() {
    let no = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
    let (url, heard) = endpoint(vec![no; 4]);
    let (server, told) = forward(&url, PATIENCE);
    server.with(|api| a_customer(&mut api.world));
    let mut bodies = Vec::new();
    for attempt in 1..=4 {
        let told = told.recv().unwrap();
        assert_eq!(told.attempt, attempt);
        assert_eq!(told.next == Next::GivenUp, attempt == 4, "D4");
        let request = heard.recv().unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let header = head
            .lines()
            .find_map(|line| line.strip_prefix("Stripe-Signature: "));
        let secret = server.secret().unwrap();
        let now = clock::unix_now();
        let genuine = signature::verify(secret, header.unwrap(), body.as_bytes(), now);
        assert_eq!(genuine, Ok(()));
        bodies.push(body.to_owned());
        server.with(|api| api.world.run_until(api.world.now() + 3 * 3_600));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

#[test]
fn nothing_is_sent_beyond_this_machine_unless_somebody_named_the_host() {
    let (server, told) = forward("http://127.0.0.1:1/hook", PATIENCE);
    let made = "POST /v1/webhook_endpoints HTTP/1.1\r\nAuthorization: Bearer sk_test_abc\r\n\
                Content-Length: 44\r\n\r\nurl=http://192.0.2.1/hook&enabled_events[]=*";
    let answer = crate::serving::sent(server.address(), made.as_bytes());
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.with(|api| a_customer(&mut api.world));
    let both = [told.recv().unwrap(), told.recv().unwrap()];
    let refused = both
        .iter()
        .find(|told| told.url.contains("192.0.2.1"))
        .unwrap();
    assert!(refused.answer.as_ref().unwrap_err().starts_with("not sent"));
}
