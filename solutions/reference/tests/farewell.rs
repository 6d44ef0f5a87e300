//! The service as a process of its own: how it takes its leave.

use simulator::Ledger;
use simulator::server::{self, Request};
use sqlx::{Connection, PgConnection};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ACCOUNT: &str = "6f2c1d34-8a5b-4c7e-9f10-2b3a4c5d6e7f";

/// A running instance; killed with the test if that fails.
struct Instance {
    process: Child,
    port: u16,
}

impl Instance {
    fn start(database_url: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_reference"))
            .env("DATABASE_URL", database_url)
            .env("STRIPE_WEBHOOK_SECRET", "whsec_farewell")
            .env("LEDGER_TOKEN", "token")
            .env("LEDGER_PRICES", "price_pack=100")
            .env("LEDGER_DRAIN_SECONDS", "3600")
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut said).unwrap();
        let port = said.trim().rsplit(':').next().unwrap().parse().unwrap();
        Self { process, port }
    }

    fn is_told_to_end(&self) {
        let id = self.process.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.unwrap().success());
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The status of an answer; `None` where nobody listens.
fn ask(port: u16, line: &str, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\nContent-Type: \
         application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

/// Asks again until it is so; a test that never sees it hangs no longer than a minute.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

#[test]
fn a_request_under_way_is_answered_new_ones_are_refused_and_the_process_ends() {
    let server = server::provision(&Request::default()).unwrap();
    let template = server.install(&reference::Reference::migrations()).unwrap();
    let database = server.clone_database(&template).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let mut session = runtime
        .block_on(PgConnection::connect(database.url()))
        .unwrap();
    let mut instance = Instance::start(database.url());
    let port = instance.port;
    let account = format!("{{\"account\": \"{ACCOUNT}\"}}");
    assert_eq!(ask(port, "POST /accounts", &account), Some(200));
    assert_eq!(ask(port, "GET /readyz", ""), Some(200));

    // Somebody holds the account, so that a request about it is under way until we let go.
    let begin = sqlx::raw_sql("begin; select from ledger.accounts for update");
    runtime.block_on(begin.execute(&mut session)).unwrap();
    let under_way = std::thread::spawn(move || {
        let grant = format!("{{\"account\": \"{ACCOUNT}\", \"fact\": \"in_1\", \"amount\": 5}}");
        ask(port, "POST /grants", &grant)
    });
    until("the request waits", || {
        let waiting = "select count(*) from pg_stat_activity
                        where datname = current_database() and wait_event_type = 'Lock'";
        let count: i64 = runtime
            .block_on(sqlx::query_scalar(waiting).fetch_one(&mut session))
            .unwrap();
        count == 1
    });

    instance.is_told_to_end();
    until("it is not ready", || {
        ask(port, "GET /readyz", "") == Some(503)
    });
    let works = ask(port, "POST /accounts", &account);
    assert_eq!(works, Some(200), "whoever hasn't seen it is served");

    // Told again: the load balancer has seen it.
    instance.is_told_to_end();
    until("nobody new is let in", || {
        ask(port, "GET /healthz", "").is_none()
    });
    assert!(!under_way.is_finished());
    assert_eq!(instance.process.try_wait().unwrap(), None);
    let commit = sqlx::raw_sql("commit");
    runtime.block_on(commit.execute(&mut session)).unwrap();
    assert_eq!(under_way.join().unwrap(), Some(200), "it is answered");
    let ended = instance.process.wait().unwrap();
    assert!(ended.success(), "{ended}");
    runtime.block_on(session.close()).unwrap();
}
