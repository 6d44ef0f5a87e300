//! The conversation, tested without sockets: whatever the splits, the pipelining and the order
//! in which the sides are heard, each side gets exactly what the other sent; and no bytes, from
//! either side, make it panic.

use super::gate::{Arrival, Gate, Kind, Record, Release, SessionId, Verdict};
use super::message::{Cutter, Side};
use super::outcome::SqlError;
use super::session::{Rules, Session};
use super::startup::Opening;
use bytes::{BufMut, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Waker};

struct Script {
    verdicts: Vec<Verdict>,
    asked: Mutex<Vec<Arrival>>,
    records: Mutex<Vec<Record>>,
}

impl Script {
    fn new(verdicts: Vec<Verdict>) -> Arc<Self> {
        Arc::new(Self {
            verdicts,
            asked: Mutex::default(),
            records: Mutex::default(),
        })
    }
}

impl Gate for Script {
    fn arrived(&self, arrival: Arrival, release: Release) {
        let mut asked = self.asked.lock().expect("one thread");
        let verdict = self.verdicts.get(asked.len() % self.verdicts.len());
        asked.push(arrival);
        release.give(verdict.cloned().unwrap_or(Verdict::Forward));
    }

    fn ended(&self, record: Record) {
        self.records.lock().expect("one thread").push(record);
    }
}

fn session(gate: &Arc<Script>, answers_here: bool) -> Session {
    let mut hello = BytesMut::new();
    frontend::startup_message([("user", "ada")], &mut hello).expect("no zero byte inside");
    let Ok(Some(Opening::Session(startup))) = Opening::cut(&mut hello) else {
        panic!("a start-up packet");
    };
    let rules = Rules {
        gate: gate.clone(),
        answers_here,
        strict: false,
        numbers: Arc::new(AtomicU64::new(1)),
    };
    let mut session = Session::new(SessionId(1), rules, startup);
    session.to_server.clear();
    session
}

/// Does all that can be done, verdicts included.
fn settle(session: &mut Session) {
    let mut cx = Context::from_waker(Waker::noop());
    while session.advance() | session.poll_verdict(&mut cx).is_ready() {}
}

/// A server that says what PostgreSQL would to statements that all work.
struct Server {
    heard: Cutter,
    in_block: bool,
}

impl Server {
    fn answer(&mut self, bytes: &[u8], to: &mut BytesMut) {
        self.heard.hear(bytes);
        while let Some(piece) = self.heard.cut().expect("well formed") {
            let said: &[u8] = match piece.tag() {
                Some(b'P') => b"1\0\0\0\x04",
                Some(b'B') => b"2\0\0\0\x04",
                Some(b'C') => b"3\0\0\0\x04",
                Some(b'D') => b"t\0\0\0\x06\0\0n\0\0\0\x04",
                Some(b'E') => b"N\0\0\0\x05\0D\0\0\0\x06\0\0C\0\0\0\x0dSELECT 1\0",
                Some(b'Q') => {
                    let begins = piece.bytes()[5..].starts_with(b"BEGIN");
                    self.in_block |= begins;
                    self.in_block &= !piece.bytes()[5..].starts_with(b"COMMIT");
                    b"T\0\0\0\x06\0\0D\0\0\0\x06\0\0C\0\0\0\x0dSELECT 1\0"
                }
                _ => b"",
            };
            to.put_slice(said);
            if matches!(piece.tag(), Some(b'Q' | b'S')) {
                to.put_slice(&[b'Z', 0, 0, 0, 5, if self.in_block { b'T' } else { b'I' }]);
            }
        }
    }
}

/// One unit of a client, as bytes.
fn unit() -> impl Strategy<Value = Vec<u8>> {
    let sql = prop_oneof![
        Just("BEGIN"),
        Just("COMMIT"),
        Just("select 1"),
        Just("set a = 1"),
        Just("")
    ];
    (sql, 0..6_u8).prop_map(|(sql, shape)| {
        let mut to = BytesMut::new();
        let nothing = |(), _: &mut BytesMut| Ok(IsNull::Yes);
        // Blocks are opened by simple queries alone, since the server here reads only those.
        let harmless = if sql.is_empty() { "" } else { "select 2" };
        if shape > 1 {
            frontend::parse("", harmless, [], &mut to).expect("no zero byte inside");
            frontend::describe(b'S', "", &mut to).expect("no zero byte inside");
        }
        if shape > 2 {
            let bound = frontend::bind("", "", [], [], nothing, [], &mut to);
            assert!(bound.is_ok());
            frontend::execute("", 0, &mut to).expect("no zero byte inside");
            frontend::close(b'P', "", &mut to).expect("no zero byte inside");
        }
        match shape {
            0 => frontend::query(sql, &mut to).expect("no zero byte inside"),
            5 => frontend::flush(&mut to),
            _ => frontend::sync(&mut to),
        }
        to.to_vec()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_side_gets_what_the_other_sent(
        units in prop::collection::vec(unit(), 1..12),
        splits in prop::collection::vec((1..50_usize, 1..50_usize), 1..30),
    ) {
        let gate = Script::new(vec![Verdict::Forward]);
        let mut session = session(&gate, false);
        let mut server = Server { heard: Cutter::new(Side::Client), in_block: false };
        let sent = units.concat();
        let (mut unsent, mut unheard) = (&sent[..], BytesMut::from(&b"Z\0\0\0\x05I"[..]));
        let (mut all_said, mut got_server, mut got_client) = (unheard.to_vec(), Vec::new(), Vec::new());
        for (from_client, from_server) in splits.iter().cycle() {
            let (now, later) = unsent.split_at((*from_client).min(unsent.len()));
            session.hear_client(now);
            unsent = later;
            session.hear_server(&unheard.split_to((*from_server).min(unheard.len())));
            settle(&mut session);
            let mut said = BytesMut::new();
            server.answer(&session.to_server, &mut said);
            all_said.extend_from_slice(&said);
            unheard.put_slice(&said);
            got_server.extend_from_slice(&session.to_server.split());
            got_client.extend_from_slice(&session.to_client.split());
            if unsent.is_empty() && unheard.is_empty() && said.is_empty() {
                break;
            }
        }
        prop_assert_eq!(got_server, sent);
        prop_assert_eq!(got_client, all_said);
        let records = gate.records.lock().expect("one thread");
        prop_assert_eq!(records.len(), units.len());
    }

    #[test]
    fn arbitrary_bytes_from_both_sides_never_panic(
        chunks in prop::collection::vec((0..5_u8, prop::collection::vec(any::<u8>(), 0..40)), 0..40),
        units in prop::collection::vec(unit(), 1..8),
        verdicts in prop::collection::vec(0..6_u8, 1..5),
        answers_here in any::<bool>(),
    ) {
        let verdicts = verdicts.into_iter().map(|verdict| match verdict {
            0 => Verdict::Forward,
            1 => Verdict::Withhold,
            2 => Verdict::Kill,
            3 => Verdict::DropConnection,
            4 => Verdict::AnswerError(SqlError::deadlock()),
            _ => Verdict::DelayCommit,
        });
        let gate = Script::new(verdicts.collect());
        let mut session = session(&gate, answers_here);
        session.hear_server(b"Z\0\0\0\x05I");
        let mut server = Server { heard: Cutter::new(Side::Client), in_block: false };
        let mut units = units.into_iter().cycle();
        for (side, chunk) in chunks {
            match side {
                0 => session.hear_server(&chunk),
                1 => session.hear_client(&chunk),
                2 => {
                    let mut said = BytesMut::new();
                    server.answer(&session.to_server.split(), &mut said);
                    session.hear_server(&said);
                }
                3 if chunk.is_empty() => session.cut(),
                _ => session.hear_client(&units.next().expect("a cycle")),
            }
            settle(&mut session);
        }
        session.client_ended();
        settle(&mut session);
        session.server_ended();
        prop_assert!(session.is_leaving());
        // Whatever was asked has ended, but for statements of ours.
        let asked = gate.asked.lock().expect("one thread").len();
        let records = gate.records.lock().expect("one thread");
        let ended = records.iter().filter(|record| record.arrival.kind.is_choice()).count();
        prop_assert_eq!(asked, ended);
    }
}

#[test]
fn a_flushed_pipeline_is_committed_by_its_sync_and_that_is_a_choice() {
    let gate = Script::new(vec![Verdict::Forward]);
    let mut session = session(&gate, true);
    session.hear_server(b"Z\0\0\0\x05I");
    let mut server = Server {
        heard: Cutter::new(Side::Client),
        in_block: false,
    };
    let mut asked = BytesMut::new();
    insert(&mut asked);
    frontend::flush(&mut asked);
    frontend::sync(&mut asked);
    frontend::sync(&mut asked);
    session.hear_client(&asked);
    for _ in 0..3 {
        settle(&mut session);
        let mut said = BytesMut::new();
        server.answer(&session.to_server.split(), &mut said);
        session.hear_server(&said);
    }
    settle(&mut session);
    let records = gate.records.lock().expect("one thread");
    let kinds: Vec<Kind> = records.iter().map(|record| record.arrival.kind).collect();
    assert_eq!(kinds, [Kind::Effect, Kind::Effect, Kind::Ping]);
    assert!(!records[0].arrival.ends_transaction && records[1].arrival.ends_transaction);
}

fn insert(to: &mut BytesMut) {
    frontend::parse("", "insert into t values (1)", [], to).expect("no zero byte inside");
    let nothing = |(), _: &mut BytesMut| Ok(IsNull::Yes);
    assert!(frontend::bind("", "", [], [], nothing, [], to).is_ok());
    frontend::execute("", 0, to).expect("no zero byte inside");
}

#[test]
fn after_an_error_the_server_skips_up_to_the_sync_and_nobody_waits_for_it() {
    let gate = Script::new(vec![Verdict::Forward]);
    let mut session = session(&gate, false);
    session.hear_server(b"Z\0\0\0\x05I");
    let mut asked = BytesMut::new();
    insert(&mut asked);
    frontend::flush(&mut asked);
    session.hear_client(&asked);
    settle(&mut session);
    let mut error = BytesMut::new();
    SqlError::error("23505", "duplicate key").write(&mut error);
    session.hear_server(&error);
    settle(&mut session);
    // A second flushed unit gets no answer at all; the Sync gets one.
    frontend::sync(&mut asked);
    session.hear_client(&asked);
    settle(&mut session);
    assert_eq!(&session.to_server[asked.len() - 5..], &asked[..]);
    session.hear_server(b"Z\0\0\0\x05I");
    settle(&mut session);
    let mut ping = BytesMut::new();
    frontend::sync(&mut ping);
    session.hear_client(&ping);
    settle(&mut session);
    let records = gate.records.lock().expect("one thread");
    let kinds: Vec<Kind> = records.iter().map(|record| record.arrival.kind).collect();
    assert_eq!(kinds, [Kind::Effect, Kind::Ping]);
    assert!(session.to_server.ends_with(&ping));
}

#[test]
fn what_a_dead_client_had_sent_ahead_dies_with_it() {
    let gate = Script::new(vec![Verdict::Forward]);
    let mut session = session(&gate, false);
    session.hear_server(b"Z\0\0\0\x05I");
    let mut asked = BytesMut::new();
    frontend::query("select 1", &mut asked).expect("no zero byte inside");
    let first = asked.clone();
    frontend::query("delete from t", &mut asked).expect("no zero byte inside");
    session.hear_client(&asked);
    settle(&mut session);
    assert_eq!(
        session.to_server, first,
        "the second waits for the first's answer"
    );
    session.cut();
    session.hear_server(b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I");
    settle(&mut session);
    assert_eq!(gate.asked.lock().expect("one thread").len(), 1);
    assert!(session.is_leaving() && session.to_client.is_empty());
}

#[test]
fn what_follows_a_copy_is_held_like_anything_else() {
    let gate = Script::new(vec![Verdict::Forward]);
    let mut session = session(&gate, false);
    session.hear_server(b"Z\0\0\0\x05I");
    let mut asked = BytesMut::new();
    insert(&mut asked);
    frontend::sync(&mut asked);
    session.hear_client(&asked);
    settle(&mut session);
    session.hear_server(b"1\0\0\0\x042\0\0\0\x04G\0\0\0\x07\0\0\0");
    let mut copied = BytesMut::from(&b"d\0\0\0\x06a\n"[..]);
    frontend::copy_done(&mut copied);
    frontend::sync(&mut copied);
    asked.put_slice(&copied);
    frontend::query("delete from t", &mut copied).expect("no zero byte inside");
    session.hear_client(&copied);
    settle(&mut session);
    assert_eq!(
        session.to_server, asked,
        "the COPY has passed, the query waits"
    );
    session.hear_server(b"C\0\0\0\x0bCOPY 1\0Z\0\0\0\x05I");
    settle(&mut session);
    assert_eq!(gate.asked.lock().expect("one thread").len(), 2);
}

#[test]
fn a_notice_of_a_delayed_commit_is_heard() {
    let gate = Script::new(vec![Verdict::DelayCommit]);
    let mut session = session(&gate, false);
    session.hear_server(b"Z\0\0\0\x05I");
    let mut asked = BytesMut::new();
    frontend::query("select f()", &mut asked).expect("no zero byte inside");
    session.hear_client(&asked);
    settle(&mut session);
    let ready = |status: &[u8]| [b"Z\0\0\0\x05", status].concat();
    let begun = [&b"C\0\0\0\x0aBEGIN\0"[..], &ready(b"T")].concat();
    let answer = b"D\0\0\0\x06\0\0C\0\0\0\x0dSELECT 1\0";
    session.to_client.clear();
    session.hear_server(&[&begun[..], answer, &ready(b"T")].concat());
    settle(&mut session);
    assert!(session.to_client.is_empty(), "kept until the commit");
    let notice = b"N\0\0\0\x05\0";
    session.hear_server(&[notice, &b"C\0\0\0\x0bCOMMIT\0"[..], &ready(b"I")].concat());
    settle(&mut session);
    assert_eq!(
        session.to_client,
        [&notice[..], answer, &ready(b"I")].concat()
    );
}
