//! One client's conversation with its backend, without any I/O: bytes go in on both sides,
//! bytes come out on both sides, and between them stands the gate.
//!
//! ```text
//!            ReadyForQuery         a choice           verdict
//!  Opening ───────────────▶ Idle ───────────▶ Held ───────────▶ Answering
//!                            ▲ └── no choice ─────────────────────▶ │ │
//!                            └──────── answered ────────────────────┘ │
//!                                        Held ◀── kept, its commit ───┘
//!  any ── goodbye, verdict, cut, garbage ──▶ Leaving ── server read to its end ──▶ closed
//! ```
//!
//! One unit is under way at a time; what a pipelining client sends meanwhile waits. Past 300
//! lines, because the states and their transitions are read together.

use super::answer::{Answering, Kept, Plan};
use super::gate::{Arrival, Closing, Ending, Gate, Kind, Record, Release, SessionId, Verdict};
use super::message::{Cutter, Malformed, Piece, Side};
use super::nature::Reach;
use super::outcome::{SqlError, Status};
use super::own;
use super::prepared::{Prepared, Reading};
use super::startup::Startup;
use super::unit::{Asked, Gathering, Unit, Until};
use crate::clock::Stopwatch;
use bytes::{BufMut, BytesMut};
use postgres_protocol::message::frontend;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// What all sessions of one proxy share.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) gate: Arc<dyn Gate>,
    /// Pings and BEGIN are answered here.
    pub(super) answers_here: bool,
    /// Transactions are REPEATABLE READ or stricter by default.
    pub(super) strict: bool,
    pub(super) numbers: Arc<AtomicU64>,
}

/// A unit that waits for its verdict.
struct Held {
    arrival: Arrival,
    pending: Pending,
    verdict: oneshot::Receiver<Verdict>,
}

enum Pending {
    Unit(Unit, Reading),
    /// The commit of a unit that ended so, with its answer.
    Commit(Until, Kept),
}

enum Phase {
    Opening,
    Idle,
    Held(Box<Held>),
    Answering(Box<Answering>),
    Leaving,
}

pub(super) struct Session {
    id: SessionId,
    rules: Rules,
    startup: Startup,
    backend: u32,
    client: Cutter,
    server: Cutter,
    pub(super) to_client: BytesMut,
    pub(super) to_server: BytesMut,
    gathering: Gathering,
    prepared: Prepared,
    phase: Phase,
    status: Status,
    /// REPEATABLE READ or stricter, for the session and for this transaction.
    strict: (bool, bool),
    /// A BEGIN that was answered here and that the server has yet to see.
    owes_begin: bool,
    /// A Flush has left an implicit transaction open, which the next Sync commits.
    open_pipeline: bool,
    /// After an error without a Sync the server skips what comes before the next one.
    skipping: bool,
    client_gone: bool,
    closing: Option<Closing>,
}

impl Session {
    pub(super) fn new(id: SessionId, rules: Rules, startup: Startup) -> Self {
        let asks = |value: &str| {
            let value = value.to_ascii_lowercase();
            value.contains("serializable") || value.contains("repeatable")
        };
        let strict = rules.strict || startup.values().any(asks);
        Self {
            id,
            rules,
            backend: 0,
            client: Cutter::new(Side::Client),
            server: Cutter::new(Side::Server),
            to_client: BytesMut::new(),
            to_server: BytesMut::from(&startup.bytes()[..]),
            startup,
            gathering: Gathering::default(),
            prepared: Prepared::default(),
            phase: Phase::Opening,
            status: Status::Idle,
            strict: (strict, false),
            owes_begin: false,
            open_pipeline: false,
            skipping: false,
            client_gone: false,
            closing: None,
        }
    }

    /// Takes bytes from the client.
    pub(super) fn hear_client(&mut self, bytes: &[u8]) {
        self.rules.gate.heard(self.id);
        self.client.hear(bytes);
    }

    /// Takes bytes from the server.
    pub(super) fn hear_server(&mut self, bytes: &[u8]) {
        self.server.hear(bytes);
    }

    /// How many bytes of the client's wait.
    pub(super) fn unread(&self) -> usize {
        self.client.waiting()
    }

    /// The client's stream has ended. What it had sent still counts.
    pub(super) fn client_ended(&mut self) {
        if !self.client_gone {
            self.client_gone = true;
            self.rules.gate.left(self.id);
        }
    }

    /// The client dies now: nothing more of it is forwarded.
    pub(super) fn cut(&mut self) {
        self.client_ended();
        self.closing.get_or_insert(Closing::Ordered);
        self.client.clear();
        self.gathering = Gathering::default();
        self.to_client.clear();
        match &mut self.phase {
            Phase::Held(held) if matches!(held.pending, Pending::Unit(..)) => {
                self.decide(Verdict::Kill);
            }
            // The server finishes what it has begun.
            Phase::Held(_) => {}
            Phase::Answering(answering) => {
                if matches!(answering.plan, Plan::Relay | Plan::Swap(_)) {
                    answering.plan = Plan::Lose;
                }
            }
            Phase::Opening | Phase::Idle => self.leave(Closing::Ordered),
            Phase::Leaving => {}
        }
    }

    /// The server's stream has ended: the session is over.
    pub(super) fn server_ended(&mut self) {
        self.leave(Closing::ServerLeft);
        if let Some(why) = &self.closing {
            self.rules.gate.closed(self.id, why);
        }
    }

    /// Whether the client's stream has ended.
    pub(super) fn has_lost_client(&self) -> bool {
        self.client_gone
    }

    /// Whether the client gets no more than what is in `to_client`.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving)
    }

    /// Whether its client has nothing to wait for but a verdict.
    pub(super) fn rests(&self) -> bool {
        matches!(self.phase, Phase::Idle | Phase::Held(_))
            && self.to_client.is_empty()
            && self.to_server.is_empty()
    }

    /// Whether the server's socket may be half-closed once `to_server` is written: then it can
    /// notice a dead client, if it looks.
    pub(super) fn has_said_all(&self) -> bool {
        match &self.phase {
            Phase::Leaving => true,
            Phase::Answering(answering) => {
                self.client_gone && self.unread() == 0 && !matches!(answering.plan, Plan::Keep(_))
            }
            _ => false,
        }
    }

    /// Waits for the gate, if a unit is held.
    pub(super) fn poll_verdict(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Phase::Held(held) = &mut self.phase else {
            return Poll::Pending;
        };
        let verdict = std::task::ready!(Pin::new(&mut held.verdict).poll(cx));
        self.decide(verdict.unwrap_or(Verdict::Kill));
        Poll::Ready(())
    }

    /// Does all that can be done with what was heard; true if anything was.
    pub(super) fn advance(&mut self) -> bool {
        let mut moved = false;
        while self.step() {
            moved = true;
        }
        moved
    }

    fn step(&mut self) -> bool {
        if matches!(self.phase, Phase::Leaving) {
            self.client.clear();
            self.server.clear();
            return false;
        }
        match self.server.cut() {
            Ok(Some(piece)) => {
                self.take_from_server(&piece);
                return true;
            }
            Ok(None) => {}
            Err(error) => {
                self.to_client.clear();
                self.leave(Closing::Malformed(Side::Server, error));
                return true;
            }
        }
        let taken = match &mut self.phase {
            Phase::Opening => self.take_password(),
            Phase::Idle => self.take_from_client(),
            Phase::Answering(answering) if answering.copying => self.take_copy(),
            _ => Ok(false),
        };
        taken.unwrap_or_else(|error| {
            let told = format!("{error} (refused by Badai's proxy)");
            SqlError::fatal("08P01", &told).write(&mut self.to_client);
            self.say_goodbye();
            self.leave(Closing::Malformed(Side::Client, error));
            true
        })
    }

    fn take_from_server(&mut self, piece: &Piece) {
        if let Phase::Answering(answering) = &mut self.phase {
            let instead = match piece {
                Piece::Whole(message) if message.tag == b'E' => {
                    let error = SqlError::of(message);
                    self.rules.gate.instead(&answering.arrival, &error)
                }
                _ => None,
            };
            let instead = instead.map(|error| Piece::Whole(error.message()));
            if answering.take(instead.as_ref().unwrap_or(piece), &mut self.to_client) {
                self.finish();
            }
            return;
        }
        self.to_client.put_slice(piece.bytes());
        if let (Phase::Opening, Piece::Whole(message)) = (&self.phase, piece) {
            match message.tag {
                // Newer protocols have longer keys; the process id stays in front.
                b'K' => self.backend = super::message::Body::of(message).number().unwrap_or(0),
                b'Z' => {
                    self.status = Status::of(message);
                    self.phase = Phase::Idle;
                    self.rules.gate.opened(self.id, self.backend, &self.startup);
                }
                _ => {}
            }
        }
    }

    fn take_password(&mut self) -> Result<bool, Malformed> {
        // Anything else is early, and waits.
        if matches!(self.client.peek(), Some(tag) if tag != b'p' && tag != b'X') {
            return Ok(false);
        }
        match self.client.cut()? {
            Some(Piece::Whole(message)) if message.tag == b'X' => self.say_goodbye_and_leave(),
            Some(piece) => self.to_server.put_slice(piece.bytes()),
            None if self.client_gone => self.leave(Closing::ClientLeft),
            None => return Ok(false),
        }
        Ok(true)
    }

    fn take_copy(&mut self) -> Result<bool, Malformed> {
        let Phase::Answering(answering) = &mut self.phase else {
            return Ok(false);
        };
        let Some(piece) = self.client.cut()? else {
            return Ok(false);
        };
        match (piece.tag(), answering.unit.until) {
            // The extended protocol goes on to the Sync after COPY's end. The unit's own Sync
            // has arrived during COPY, where the server ignores it.
            (Some(b'S'), Until::Sync) => answering.copying = false,
            (Some(b'c' | b'f'), Until::Ready | Until::Flush) => answering.copying = false,
            (Some(b'X'), _) => {
                self.say_goodbye_and_leave();
                return Ok(true);
            }
            _ => {}
        }
        self.to_server.put_slice(piece.bytes());
        Ok(true)
    }

    fn take_from_client(&mut self) -> Result<bool, Malformed> {
        let asked = match self.client.cut()? {
            Some(Piece::Whole(message)) => self.gathering.take(&message)?,
            // COPY data after the server gave up on COPY.
            Some(piece) => Some(Asked::Stray(piece.bytes().clone())),
            None if self.client_gone => {
                self.say_goodbye_and_leave();
                return Ok(true);
            }
            None => return Ok(false),
        };
        match asked {
            Some(Asked::Unit(unit)) => self.take_unit(unit),
            Some(Asked::Terminate) => self.say_goodbye_and_leave(),
            Some(Asked::Stray(bytes)) => self.to_server.put_slice(&bytes),
            None => {}
        }
        Ok(true)
    }

    fn take_unit(&mut self, unit: Unit) {
        // Until the next Sync the server doesn't even answer.
        if self.skipping && unit.until != Until::Sync {
            self.to_server.put_slice(&unit.bytes);
            return;
        }
        let reading = self.prepared.read(&unit);
        let arrival = self.arrival(&unit, &reading);
        if arrival.kind.is_choice() {
            self.hold(arrival, Pending::Unit(unit, reading));
        } else if !self.answer_here(&arrival, &unit, &reading) {
            self.send(Answering::new(arrival, None, unit, reading, Plan::Relay));
        }
    }

    fn arrival(&self, unit: &Unit, reading: &Reading) -> Arrival {
        let visible = |texts: &[super::nature::Text]| texts.iter().any(|text| text.nature.visible);
        // Whoever parses in a transaction takes its locks, and in strict isolation its snapshot.
        let parses = self.status == Status::InTransaction && visible(&reading.prepared);
        let commits_pipeline = self.open_pipeline && unit.until != Until::Flush;
        let kind = if self.skipping && !unit.parts.is_empty() {
            Kind::Preparation
        } else if visible(&reading.executed) || parses || commits_pipeline {
            Kind::Effect
        } else if !reading.executed.is_empty() {
            Kind::Private
        } else if unit.parts.is_empty() {
            Kind::Ping
        } else {
            Kind::Preparation
        };
        let idle = self.status == Status::Idle && !self.open_pipeline;
        let ends = reading.executed.iter().any(|text| text.nature.ends);
        Arrival {
            number: self.rules.numbers.fetch_add(1, Ordering::Relaxed),
            session: self.id,
            backend: self.backend,
            kind,
            sql: if commits_pipeline && unit.parts.is_empty() {
                "(sync: commits what was flushed)".into()
            } else {
                reading.sql()
            },
            status: self.status,
            ends_transaction: ends || self.status == Status::Idle && unit.until != Until::Flush,
            delayable: idle
                && kind == Kind::Effect
                && unit.until != Until::Flush
                && matches!(&reading.executed[..], [only] if only.nature.delayable),
            prepares: kind == Kind::Effect && parses && reading.executed.is_empty(),
            strict: self.strict.0 || self.strict.1,
        }
    }

    fn hold(&mut self, arrival: Arrival, pending: Pending) {
        let (release, verdict) = oneshot::channel();
        self.rules.gate.arrived(arrival.clone(), Release(release));
        self.phase = Phase::Held(Box::new(Held {
            arrival,
            pending,
            verdict,
        }));
    }

    /// Answers pings and BEGIN without a round trip. The BEGIN goes in front of what follows.
    fn answer_here(&mut self, arrival: &Arrival, unit: &Unit, reading: &Reading) -> bool {
        if !self.rules.answers_here || self.skipping {
            return false;
        }
        let begins = unit.until == Until::Ready
            && unit.parts.len() == 1
            && self.status == Status::Idle
            && matches!(&reading.executed[..], [only] if only.nature.begins);
        if begins {
            self.owes_begin = true;
            self.status = Status::InTransaction;
            self.to_client.put_slice(b"C\0\0\0\x0aBEGIN\0");
        } else if arrival.kind != Kind::Ping || unit.until != Until::Sync {
            return false;
        }
        self.status.write(&mut self.to_client);
        self.record(arrival.clone(), None, Ending::AnsweredHere, None);
        true
    }

    fn decide(&mut self, verdict: Verdict) {
        let Phase::Held(held) = std::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        let Held {
            arrival, pending, ..
        } = *held;
        match (&verdict, pending) {
            (Verdict::Kill | Verdict::DropConnection, _) => {
                if verdict == Verdict::Kill {
                    self.to_client.clear();
                } else {
                    let lost = "terminating connection due to administrator command";
                    SqlError::fatal("57P01", lost).write(&mut self.to_client);
                }
                self.record(arrival, Some(verdict), Ending::NeverSent, None);
                self.leave(Closing::Ordered);
            }
            (Verdict::AnswerError(error), Pending::Unit(unit, reading)) => {
                let plan = Plan::Swap(Some(error.clone()));
                let unit = own::poisoned(unit, arrival.status, arrival.ends_transaction);
                self.send(Answering::new(arrival, Some(verdict), unit, reading, plan));
            }
            (Verdict::DelayCommit, Pending::Unit(unit, reading)) if arrival.delayable => {
                let plan = Plan::Keep(Kept::default());
                self.owes_begin = true;
                self.send(Answering::new(arrival, Some(verdict), unit, reading, plan));
            }
            (_, Pending::Unit(unit, reading)) => {
                let plan = self.plan_for(&verdict);
                self.send(Answering::new(arrival, Some(verdict), unit, reading, plan));
            }
            (_, Pending::Commit(until, kept)) => {
                let instead = match &verdict {
                    Verdict::AnswerError(error) => Some(error.clone()),
                    _ => None,
                };
                let sql = if instead.is_some() {
                    "ROLLBACK"
                } else {
                    "COMMIT"
                };
                let plan = match self.plan_for(&verdict) {
                    Plan::Relay => Plan::Settle { kept, instead },
                    lose => lose,
                };
                self.settle(arrival, Some(verdict), until, plan, sql);
            }
        }
    }

    fn plan_for(&self, verdict: &Verdict) -> Plan {
        if *verdict == Verdict::Withhold || self.client_gone {
            Plan::Lose
        } else {
            Plan::Relay
        }
    }

    /// Sends our own COMMIT or ROLLBACK, in the protocol of the unit that it settles.
    fn settle(
        &mut self,
        arrival: Arrival,
        verdict: Option<Verdict>,
        until: Until,
        plan: Plan,
        sql: &str,
    ) {
        let own = Unit {
            bytes: own::statement(sql, until),
            parts: Vec::new(),
            until,
        };
        self.send(Answering::new(
            arrival,
            verdict,
            own,
            Reading::default(),
            plan,
        ));
    }

    fn send(&mut self, mut answering: Answering) {
        if std::mem::take(&mut self.owes_begin) {
            self.to_server
                .put(own::statement("BEGIN", answering.unit.until));
            answering.prelude += 1;
        }
        self.to_server.put_slice(&answering.unit.bytes);
        for text in &answering.reading.executed {
            match text.nature.strict {
                Some(Reach::Session) => self.strict.0 = true,
                Some(Reach::Transaction) => self.strict.1 = true,
                None => {}
            }
        }
        let done = answering.prelude == 0 && answering.is_answered_without_ready();
        self.phase = Phase::Answering(Box::new(answering));
        if done {
            self.finish();
        }
    }

    /// The answer is complete.
    fn finish(&mut self) {
        let Phase::Answering(answering) = std::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        let Answering {
            arrival,
            verdict,
            unit,
            reading,
            plan,
            done,
            outcome,
            since,
            ..
        } = *answering;
        let failed = outcome.error.is_some();
        self.note_status(outcome.status, failed, arrival.kind);
        if !matches!(plan, Plan::Swap(_)) {
            self.prepared.learn(&unit, reading, done);
        }
        let withheld = verdict == Some(Verdict::Withhold);
        self.record(
            arrival.clone(),
            verdict,
            Ending::Answered(outcome),
            Some(since),
        );
        match plan {
            Plan::Keep(kept) if failed => {
                let plan = Plan::Settle {
                    kept,
                    instead: None,
                };
                let own = self.own_arrival(&arrival, Kind::Private, "ROLLBACK");
                self.settle(own, None, unit.until, plan, "ROLLBACK");
            }
            Plan::Keep(kept) => {
                let commit = self.own_arrival(&arrival, Kind::Commit, "COMMIT");
                self.hold(commit, Pending::Commit(unit.until, kept));
            }
            _ if withheld => self.leave(Closing::Ordered),
            _ => {}
        }
    }

    fn own_arrival(&self, of: &Arrival, kind: Kind, sql: &str) -> Arrival {
        Arrival {
            number: self.rules.numbers.fetch_add(1, Ordering::Relaxed),
            kind,
            sql: sql.into(),
            status: self.status,
            ends_transaction: true,
            delayable: false,
            prepares: false,
            ..of.clone()
        }
    }

    fn note_status(&mut self, status: Option<Status>, failed: bool, kind: Kind) {
        let Some(status) = status else {
            self.skipping = failed;
            self.open_pipeline |= self.status == Status::Idle && kind == Kind::Effect && !failed;
            return;
        };
        self.status = status;
        self.skipping = false;
        self.open_pipeline = false;
        if status == Status::Idle {
            self.strict.1 = false;
            self.prepared.end_transaction();
        }
    }

    fn record(
        &self,
        arrival: Arrival,
        verdict: Option<Verdict>,
        ending: Ending,
        since: Option<Stopwatch>,
    ) {
        self.rules.gate.ended(Record {
            arrival,
            verdict,
            ending,
            took: since.map(Stopwatch::elapsed).unwrap_or_default(),
        });
    }

    fn say_goodbye(&mut self) {
        frontend::terminate(&mut self.to_server);
    }

    fn say_goodbye_and_leave(&mut self) {
        self.say_goodbye();
        self.leave(Closing::ClientLeft);
    }

    /// Nothing more is forwarded; what was on its way is told as far as it came.
    fn leave(&mut self, why: Closing) {
        match std::mem::replace(&mut self.phase, Phase::Leaving) {
            Phase::Held(held) => self.record(held.arrival, None, Ending::NeverSent, None),
            Phase::Answering(answering) => {
                let Answering {
                    arrival,
                    verdict,
                    since,
                    ..
                } = *answering;
                self.record(arrival, verdict, Ending::Unanswered, Some(since));
            }
            _ => {}
        }
        self.closing.get_or_insert(why);
    }
}
