//! A server, a proxy before it, and a gate that a test holds.

use simulator::server::{LocalBinaries, Server, Source};
use simulator::wire::{
    Arrival, Closing, Ending, Gate, Mode, Outcome, Proxy, Record, Release, SessionId, Verdict,
};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Tests are bounded: a conversation that stalls must fail and not hang.
const LIMIT: Duration = Duration::from_secs(60);

/// Whether a unit is released at once, and how.
pub(crate) type Decide = Box<dyn Fn(&Arrival) -> Option<Verdict> + Send + Sync>;

/// A gate that decides by a closure, hands the rest to the test, and keeps every record.
pub(crate) struct TestGate {
    decide: Decide,
    held: UnboundedSender<(Arrival, Release)>,
    closed: UnboundedSender<(SessionId, Closing)>,
    records: Mutex<Vec<Record>>,
}

impl Gate for TestGate {
    fn arrived(&self, arrival: Arrival, release: Release) {
        match (self.decide)(&arrival) {
            Some(verdict) => release.give(verdict),
            None => drop(self.held.send((arrival, release))),
        }
    }

    fn ended(&self, record: Record) {
        self.records.lock().unwrap().push(record);
    }

    fn closed(&self, session: SessionId, why: &Closing) {
        let _ = self.closed.send((session, why.clone()));
    }
}

/// What a test sees of the gate.
pub(crate) struct Watch {
    pub(crate) gate: Arc<TestGate>,
    pub(crate) held: UnboundedReceiver<(Arrival, Release)>,
    pub(crate) closed: UnboundedReceiver<(SessionId, Closing)>,
}

impl Watch {
    pub(crate) fn new(
        decide: impl Fn(&Arrival) -> Option<Verdict> + Send + Sync + 'static,
    ) -> Self {
        let (held, held_here) = unbounded_channel();
        let (closed, closed_here) = unbounded_channel();
        let gate = Arc::new(TestGate {
            decide: Box::new(decide),
            held,
            closed,
            records: Mutex::default(),
        });
        Self {
            gate,
            held: held_here,
            closed: closed_here,
        }
    }

    /// Forwards everything.
    pub(crate) fn open() -> Self {
        Self::new(|_| Some(Verdict::Forward))
    }

    /// Holds everything.
    pub(crate) fn shut() -> Self {
        Self::new(|_| None)
    }

    /// Gives this verdict to the units whose SQL has `word` in it, and forwards the others.
    pub(crate) fn giving(verdict: Verdict, word: &'static str) -> Self {
        Self::new(move |arrival| {
            let meant = arrival.sql.to_lowercase().contains(word);
            Some(if meant {
                verdict.clone()
            } else {
                Verdict::Forward
            })
        })
    }

    pub(crate) fn mode(&self) -> Mode {
        Mode::gated(self.gate.clone())
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.gate.records.lock().unwrap().clone()
    }

    /// One line a unit that ran: its SQL and what came of it.
    pub(crate) fn lines(&self) -> Vec<String> {
        let ran = self.records().into_iter();
        let ran = ran.filter(|record| !record.arrival.sql.is_empty());
        ran.map(|record| format!("{} → {}", record.arrival.sql, told(&record.ending)))
            .collect()
    }

    /// Waits until the unit with this number has ended.
    pub(crate) async fn ended(&self, number: u64) {
        while !(self.records().iter()).any(|record| record.arrival.number == number) {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn next_held(&mut self) -> (Arrival, Release) {
        self.held.recv().await.unwrap()
    }
}

fn told(ending: &Ending) -> String {
    match ending {
        Ending::Answered(Outcome {
            error: Some(error), ..
        }) => error.sqlstate.clone(),
        Ending::Answered(outcome) => outcome.tags.join(", "),
        other => format!("{other:?}"),
    }
}

/// A server with a database of its own, before which proxies can be put.
pub(crate) struct Stage {
    server: Server,
    database: String,
}

impl Stage {
    /// Starts a server and runs `setup` in a new database.
    pub(crate) fn new(setup: &str) -> Self {
        let server = LocalBinaries::find().start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.sql"), setup).unwrap();
        let template = server.install(folder.path()).unwrap();
        let database = server.clone_database(&template).unwrap().name().to_owned();
        Self { server, database }
    }

    /// The database without a proxy.
    pub(crate) fn direct_url(&self) -> String {
        self.server.url(&self.database)
    }

    /// Runs `test` beside a proxy.
    pub(crate) fn play<F: Future<Output = ()>>(&self, mode: Mode, test: impl FnOnce(Front) -> F) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let proxy = Proxy::bind(folder.path(), self.server.address(), mode)
                .await
                .unwrap();
            let front = Front {
                url: proxy.url(&self.database),
                direct: self.direct_url(),
                database: self.database.clone(),
                folder: folder.path().to_owned(),
                port: proxy.port(),
                control: proxy.control(),
            };
            let serving = tokio::spawn(proxy.serve());
            tokio::time::timeout(LIMIT, test(front))
                .await
                .expect("the test stalls");
            serving.abort();
        });
    }
}

/// Where a test reaches the proxy.
pub(crate) struct Front {
    pub(crate) url: String,
    pub(crate) direct: String,
    pub(crate) database: String,
    pub(crate) folder: std::path::PathBuf,
    pub(crate) port: u16,
    pub(crate) control: simulator::wire::Control,
}

impl Front {
    /// A connection of sqlx through the proxy.
    pub(crate) async fn sqlx(&self) -> sqlx::PgConnection {
        use sqlx::Connection;
        sqlx::PgConnection::connect(&self.url).await.unwrap()
    }

    /// One number, read past the proxy.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        use sqlx::Connection;
        let mut direct = sqlx::PgConnection::connect(&self.direct).await.unwrap();
        sqlx::query_scalar(sql)
            .fetch_one(&mut direct)
            .await
            .unwrap()
    }

    /// A raw connection past the first packet's answer.
    pub(crate) async fn raw(&self) -> tokio::net::UnixStream {
        tokio::net::UnixStream::connect(self.folder.join(".s.PGSQL.5432"))
            .await
            .unwrap()
    }
}
