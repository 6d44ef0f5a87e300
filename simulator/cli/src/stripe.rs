//! `badai stripe`: the mocked Stripe on its own, to develop a webhook handler against.

use crate::args::{Stripe as Args, Trigger};
use crate::failure::Failure;
use crate::print;
use crate::progress::{heed_interrupts, interrupted};
use simulator::report::text;
use simulator::stripe::{Next, Stripe};
use simulator::stripe_server::{API_KEY, Attempt, Setup, StripeServer};
use simulator::{Catalogue, Credits, Currency, Money, Offer, OfferKind, clock, random};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    if let Some(Trigger::Trigger { event, port }) = &args.doing {
        return trigger(event, *port);
    }
    heed_interrupts();
    let world = Stripe::new(random::fresh_seed(), catalogue(), clock::unix_now());
    let setup = Setup {
        port: args.port,
        forward_to: args.forward_to.clone(),
        listener: Box::new(|told| {
            // Whoever reads no more has seen enough; the server goes on.
            let _ = print::out(&line(told));
        }),
        ..Setup::default()
    };
    let server = StripeServer::start(world, setup).map_err(|error| {
        Failure::request(format!("cannot listen on port {}: {error}", args.port))
    })?;
    let mut said = format!(
        "{}  {}  key {}\n",
        text::strong("badai stripe"),
        text::strong(&server.url()),
        text::strong(API_KEY)
    );
    let prices: Vec<String> = catalogue().offers.into_iter().map(|it| it.price).collect();
    said.push_str(&format!("prices: {}\n", prices.join(", ")));
    if let (Some(url), Some(secret)) = (&args.forward_to, server.secret()) {
        said.push_str(&format!(
            "every event goes to {url}, signed with {}\n",
            text::strong(secret)
        ));
    }
    said.push_str("try: badai stripe trigger checkout.session.completed");
    if args.port != server.address().port() || args.port != 12111 {
        said.push_str(&format!(" --port {}", server.address().port()));
    }
    said.push_str("\nCtrl-C ends it\n\n");
    print::out(&said)?;
    while !interrupted() {
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(server);
    Ok(0)
}

/// One attempt, in one line.
fn line(told: &Attempt) -> String {
    let answer = match &told.answer {
        Ok(status @ 200..300) => text::good(&format!("HTTP {status}")),
        Ok(status) => text::bad(&format!("HTTP {status}")),
        Err(why) => text::bad(why),
    };
    let next = match told.next {
        Next::Done => String::new(),
        Next::RetryIn(gap) => format!("  again in {} min", gap.as_secs() / 60),
        Next::GivenUp => "  given up".to_owned(),
    };
    let attempt = match told.attempt {
        1 => String::new(),
        attempt => format!("  attempt {attempt}"),
    };
    format!(
        "{:<44} {}  → {}  {answer}{attempt}{next}\n",
        told.kind, told.event, told.url
    )
}

/// Asks a mocked Stripe that runs.
fn trigger(event: &str, port: u16) -> Result<u8, Failure> {
    let no_server = |error: std::io::Error| {
        Failure::request(format!(
            "no answer on port {port}: {error}; `badai stripe --port {port}` starts it"
        ))
    };
    if !event
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte))
    {
        return Err(Failure::request(format!(
            "`{event}` is no type of event, such as invoice.paid"
        )));
    }
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(no_server)?;
    let request = format!(
        "POST /_badai/trigger/{event} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \
         {API_KEY}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(no_server)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(no_server)?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(message) = body["error"]["message"].as_str() {
        return Err(Failure::request(message.to_owned()));
    }
    for event in body["events"].as_array().into_iter().flatten() {
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        print::out(&format!("{:<44} {}\n", text("type"), text("id")))?;
    }
    Ok(0)
}

/// What there is to buy.
fn catalogue() -> Catalogue {
    let offer = |price: &str, minor, currency, credits, kind| Offer {
        price: price.to_owned(),
        amount: Money::new(minor, currency),
        credits: Credits::new(credits),
        kind,
    };
    Catalogue {
        offers: vec![
            offer("price_pack", 1_000, Currency::USD, 100, OfferKind::Pack),
            offer("price_pack_jpy", 1_200, Currency::JPY, 80, OfferKind::Pack),
            offer("price_plan", 900, Currency::USD, 50, OfferKind::Plan),
        ],
    }
}
