//! The reference ledger as an HTTP service, in the same storms as the Rust ledger that it serves:
//! two instances, each on a port of its own, and whoever dies takes its port along.

use reference::{Draining, Mode, Reference, Settings, service};
use serde_json::{Value, json};
use simulator::invariant::Invariant;
use simulator::report::{Judged, Verdict};
use simulator::{
    AccountId, Answer, Balance, Charge, Credits, CustomerId, Delivery, Entry, FactId, Grant, JobId,
    Ledger, LedgerError, Policy, Refund, Reserve, Status, Subject, World, hunt,
};
use std::path::PathBuf;
use std::time::Duration;
use tests::{order, stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const TOKEN: &str = "token";

/// A client of one instance that runs beside it, and dies with it.
struct OverHttp {
    port: u16,
    serving: JoinHandle<()>,
}

impl Drop for OverHttp {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl OverHttp {
    /// What comes back; a connection that breaks is an error whose work may be done.
    async fn ask(&self, line: &str, headers: &str, body: &[u8]) -> Answer<(u16, Vec<u8>)> {
        let length = body.len();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\nConnection: \
             close\r\n\r\n"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await;
        let stream = stream
            .as_mut()
            .map_err(|error| LedgerError::failed(&*error))?;
        // Who says no before it has read all may close early; its answer counts.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer).await;
        let end = answer.windows(4).position(|it| it == b"\r\n\r\n");
        let (Some(end), Ok(_)) = (end, read) else {
            return Err(LedgerError::failed("the connection broke"));
        };
        let status = String::from_utf8_lossy(&answer[..end]);
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| LedgerError::failed("no HTTP"))?;
        Ok((status, answer.split_off(end + 4)))
    }

    async fn json(&self, line: &str, body: &Value) -> Answer<Value> {
        let headers =
            format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let (status, body) = self.ask(line, &headers, body.as_bytes()).await?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        match status {
            422 => Err(LedgerError::refused(body["error"].to_string())),
            503 => Err(LedgerError::Again(body["error"].to_string())),
            500.. => Err(LedgerError::failed(body["error"].to_string())),
            _ => Ok(body),
        }
    }

    async fn says<T: serde::de::DeserializeOwned>(&self, line: &str, body: &Value) -> Answer<T> {
        let mut answer = self.json(line, body).await?;
        read(answer["answer"].take())
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Answer<T> {
    serde_json::from_value(value).map_err(|error| LedgerError::failed(&error))
}

impl Ledger for OverHttp {
    fn migrations() -> PathBuf {
        Reference::migrations()
    }

    fn policy() -> Policy {
        Reference::policy()
    }

    async fn open(world: &World) -> Answer<Self> {
        let router = service(Settings {
            world: world.clone(),
            mode: Mode::Test,
            token: TOKEN.to_owned(),
            low_balances: vec![20],
            draining: Draining::default(),
        });
        let router = router.await?;
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.map_err(|error| LedgerError::failed(&error))?;
        let address = listener.local_addr();
        let port = address.map_err(|error| LedgerError::failed(&error))?.port();
        let serving = tokio::spawn(async move {
            // It listens until it dies.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { port, serving })
    }

    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        let asked = json!({ "account": account });
        self.json("POST /accounts", &asked).await.map(|_| ())
    }

    async fn link(&self, account: &AccountId, customer: &CustomerId) -> Answer<()> {
        let line = format!("POST /accounts/{account}/link");
        let asked = json!({ "customer": customer });
        self.json(&line, &asked).await.map(|_| ())
    }

    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        let asked = json!({ "account": account, "job": job, "amount": amount });
        self.says("POST /jobs", &asked).await
    }

    async fn charge(&self, job: &JobId, cost: Credits) -> Answer<Charge> {
        let line = format!("POST /jobs/{job}/charge");
        self.says(&line, &json!({ "cost": cost })).await
    }

    async fn refund(&self, job: &JobId) -> Answer<Refund> {
        self.says(&format!("POST /jobs/{job}/refund"), &Value::Null)
            .await
    }

    async fn sweep(&self, older_than: Duration) -> Answer<Vec<JobId>> {
        let asked = json!({ "older_than_seconds": older_than.as_secs() });
        let mut answer = self.json("POST /sweep", &asked).await?;
        read(answer["jobs"].take())
    }

    async fn grant(&self, account: &AccountId, fact: &FactId, amount: Credits) -> Answer<Grant> {
        let asked = json!({ "account": account, "fact": fact, "amount": amount });
        self.says("POST /grants", &asked).await
    }

    async fn webhook(&self, delivery: &Delivery) -> Answer<Status> {
        let mut headers = String::new();
        for (name, value) in &delivery.headers {
            if !name.eq_ignore_ascii_case("Content-Length") {
                headers.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        let line = "POST /webhooks/stripe";
        let (status, _) = self.ask(line, &headers, &delivery.body).await?;
        Ok(Status::new(status))
    }

    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let line = format!("GET /accounts/{account}");
        let mut answer = self.json(&line, &Value::Null).await?;
        read(answer["credits"].take())
    }

    async fn entries(&self, account: &AccountId) -> Answer<Vec<Entry>> {
        let line = format!("GET /accounts/{account}/entries");
        let mut answer = self.json(&line, &Value::Null).await?;
        read(answer["entries"].take())
    }
}

#[test]
fn two_services_behind_the_storm_hold() {
    let subject = Subject::rust::<OverHttp>("reference-service", "the reference over HTTP");
    let mut stage = stage(subject).unwrap().with_wire().unwrap();
    let report = hunt::hunt(&mut stage, &order(11, 60), &mut ()).unwrap();
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
    // Clients at the boundary are the database's own affair.
    for entry in report
        .invariants
        .iter()
        .filter(|it| it.id != Invariant::Boundary)
    {
        assert_eq!(entry.verdict, Judged::Held, "{}: {:?}", entry.id, entry.why);
    }
    assert!(report.deaths > 0 && report.deliveries > 100, "{report:?}");
}
