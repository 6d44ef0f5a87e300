//! Stripe's own SDKs. `tests/stripe/install.sh` installs them. Not every machine has Python and
//! Node, so a plain `cargo test` shows these tests as ignored; `.ci/run` installs them and asks.

use crate::serving::{server, world};
use simulator::stripe_server::{API_KEY, Setup, StripeServer};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where the test binary's target folder is, with the installed SDKs in it.
fn installed() -> PathBuf {
    let binary = std::env::current_exe().unwrap();
    // target/debug/deps/stripe-…
    binary.ancestors().nth(3).unwrap().join("clients")
}

fn run(program: impl AsRef<Path>, script: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stripe");
    let mut command = Command::new(program.as_ref());
    command
        .arg(folder.join(script))
        .env("NODE_PATH", installed().join("node/node_modules"));
    command
}

fn node(script: &str) -> Command {
    run("node", script)
}

fn python(script: &str) -> Command {
    run(installed().join("python/bin/python"), script)
}

fn passes(mut sdk: Command) {
    let server = server();
    let output = sdk.arg(server.url()).output();
    let output = output
        .unwrap_or_else(|error| panic!("{sdk:?}: {error}; run simulator/tests/stripe/install.sh"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{sdk:?}: {errors}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim_end(), "passed");
}

#[test]
#[ignore = "needs simulator/tests/stripe/install.sh"]
fn h2_stripes_sdk_for_node_cannot_tell_the_mock_apart() {
    passes(node("sdk.js"));
}

#[test]
#[ignore = "needs simulator/tests/stripe/install.sh"]
fn h2_stripes_sdk_for_python_cannot_tell_the_mock_apart() {
    passes(python("sdk.py"));
}

/// An endpoint in a process of its own, which is ended with the test.
struct Endpoint(Child);

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Every type of event is taken by an endpoint that verifies as the SDK's own example does.
fn verifies(endpoint: impl Fn() -> Command) {
    // Free a moment ago; whoever takes it in between fails the test, and says so.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    // What isn't taken is sent again in five minutes: nobody here waits for that.
    let (tell, attempts) = std::sync::mpsc::channel();
    let setup = Setup {
        forward_to: Some(format!("http://127.0.0.1:{port}/webhook")),
        listener: Box::new(move |attempt| drop(tell.send(attempt.clone()))),
        ..Setup::default()
    };
    let server = StripeServer::start(world(), setup).unwrap();
    let mut process = endpoint()
        .env("PORT", port.to_string())
        .env("STRIPE_WEBHOOK_SECRET", server.secret().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(process.stdout.take().unwrap());
    let _ended_with_the_test = Endpoint(process);
    let mut said = said.lines().map(Result::unwrap);
    assert_eq!(said.next().unwrap(), "listening");
    for kind in [
        "checkout.session.completed",
        "charge.dispute.closed",
        "invoice.paid",
    ] {
        let head = format!(
            "POST /_badai/trigger/{kind} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\n\
             Content-Length: 0\r\n\r\n"
        );
        let answer = crate::serving::sent(server.address(), head.as_bytes());
        let answer = String::from_utf8(answer).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let mut wanted: Vec<String> = body["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect();
        for _ in &wanted {
            let attempt = attempts.recv_timeout(Duration::from_secs(30)).unwrap();
            assert_eq!(attempt.answer, Ok(200), "{attempt:?}");
        }
        let heard = said.by_ref().take(wanted.len());
        let mut heard: Vec<String> = heard
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect();
        wanted.sort();
        heard.sort();
        assert_eq!(heard, wanted);
    }
}

#[test]
#[ignore = "needs simulator/tests/stripe/install.sh"]
fn s1_an_endpoint_with_the_sdk_for_node_takes_every_delivery() {
    verifies(|| node("webhook.js"));
}

#[test]
#[ignore = "needs simulator/tests/stripe/install.sh"]
fn s1_an_endpoint_with_the_sdk_for_python_takes_every_delivery() {
    verifies(|| python("webhook.py"));
}
