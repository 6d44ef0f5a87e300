//! A duel: two calls inside one another, one on each instance, in an order that somebody chooses.
//!
//! Both calls begin and run to their first statement that could make a difference. From then on
//! one statement moves at a time. A step is over when everybody has come to *rest*: holds a
//! statement at the gate, has replied and closed its transactions, or waits for a lock, which
//! PostgreSQL itself is asked about. Nothing is slept for, so the same choices make the same run.

use super::line::News;
use super::play::Play;
use super::sending::Sending;
use crate::clock::Stopwatch;
use crate::history::{Move, Names, Outcome, Request, Span, What};
use crate::strategy::{Actor, Choice, Footprint, Next, Tables};
use crate::target::{Call, LedgerError, Reply};
use crate::wire::{Arrival, Kind, Release, SessionId, Status, Verdict};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long to listen before PostgreSQL is asked who waits for whom.
const LISTEN: Duration = Duration::from_micros(150);

/// One side of a duel.
#[derive(Default)]
struct Side {
    begun: bool,
    held: Vec<(Arrival, Release)>,
    /// The backends that it has been heard on.
    backends: BTreeSet<u32>,
    reply: Option<Reply>,
    span: Span,
    /// The statement that PostgreSQL is working at: its number and its backend.
    flying: Option<(u64, u32)>,
    /// Connections with an open transaction of the ledger's own.
    open: BTreeSet<SessionId>,
    /// Statements whose commit is a move of its own: the transaction around them is the wire's.
    delayed: BTreeSet<u64>,
    /// Waits for a lock.
    blocked: bool,
}

impl Side {
    fn rests(&self) -> bool {
        !self.begun || !self.held.is_empty() || self.has_ended()
    }

    fn has_ended(&self) -> bool {
        self.reply.is_some() && self.flying.is_none() && self.open.is_empty()
    }
}

impl Play<'_> {
    /// Fights it out, and records what was chosen, seen and replied.
    pub(super) fn duel(&mut self, sendings: &[Sending; 2]) {
        let requests = [self.prepare(&sendings[0]), self.prepare(&sendings[1])];
        let [Some(one), Some(two)] = requests else {
            return;
        };
        let calls = [one.call.clone(), two.call.clone()];
        if !self.can_duel(&calls) {
            return;
        }
        let (sides, moves) = self.fight(&calls);
        let spans = sides.iter().map(|side| side.span).collect();
        let mut requests = vec![one, two];
        for (request, side) in requests.iter_mut().zip(sides) {
            request.outcome = match side.reply {
                Some(reply) => {
                    self.notice_mistake(&reply);
                    Outcome::Replied(reply)
                }
                None => Outcome::Hung(self.stage.limit().as_secs()),
            };
        }
        if self.chosen.redundant || self.chosen.diverged.is_some() {
            return;
        }
        self.happens(What::Duel {
            requests: requests.clone(),
            spans,
            moves,
        });
        if self.hung {
            for request in requests {
                if matches!(request.outcome, Outcome::Hung(_)) {
                    self.happens(What::GaveUp(request));
                }
            }
            return;
        }
        self.look_at_all(0);
        for (sending, request) in sendings.iter().zip(&requests) {
            self.follow_up(sending, request.clone());
        }
    }

    fn prepare(&self, sending: &Sending) -> Option<Request> {
        let (call, deed) = sending.request(self)?;
        self.can_tell(&call).then(|| Request {
            account: sending.account,
            instance: sending.instance,
            call,
            deed,
            said: sending.said.clone(),
            attempt: 1,
            outcome: Outcome::NeverArrived,
        })
    }

    fn fight(&mut self, calls: &[Call; 2]) -> ([Side; 2], Vec<Move>) {
        let mut sides = [Side::default(), Side::default()];
        let mut moves = Vec::new();
        self.stage.hold(true);
        for (actor, call) in calls.iter().enumerate() {
            sides[actor].begun = true;
            sides[actor].span.begins = now(&sides);
            match &mut self.processes[actor] {
                Ok(process) => process.begin(call),
                Err(why) => sides[actor].reply = Some(Reply::Error(why.clone())),
            }
            self.settle(&mut sides, &mut moves);
        }
        let mut waited = Stopwatch::start();
        while !self.hung && !sides.iter().all(Side::has_ended) {
            let enabled = enabled(&sides);
            if enabled.is_empty() {
                // A deadlock: PostgreSQL ends it. Or somebody never comes back.
                if waited.elapsed() > self.stage.limit() {
                    self.hung = true;
                }
                self.settle(&mut sides, &mut moves);
                continue;
            }
            let Some(actor) = self.choose(&enabled) else {
                break;
            };
            waited = Stopwatch::start();
            let side = &mut sides[actor];
            let (arrival, release) = side.held.remove(0);
            side.flying = Some((arrival.number, arrival.backend));
            moves.push(Move {
                actor,
                sql: spoken(&arrival),
                said: String::new(),
                number: arrival.number,
            });
            let delay = arrival.delayable && !is_plain_read(&arrival.sql);
            release.give(if delay {
                side.delayed.insert(arrival.number);
                Verdict::DelayCommit
            } else {
                Verdict::Forward
            });
            self.settle(&mut sides, &mut moves);
        }
        self.stage.hold(false);
        for side in &mut sides {
            for (_, release) in side.held.drain(..) {
                release.give(Verdict::Forward);
            }
        }
        self.let_run_out(&mut sides);
        (sides, moves)
    }

    /// Waits until everybody rests or waits for a lock.
    fn settle(&mut self, sides: &mut [Side; 2], moves: &mut Vec<Move>) {
        let watch = Stopwatch::start();
        let moved = moves.len();
        loop {
            let mut quiet = true;
            while let Some(news) = self.stage.news(LISTEN, quiet) {
                hear(news, sides, moves);
                quiet = false;
            }
            let now = now(sides);
            for (actor, side) in sides.iter_mut().enumerate() {
                if side.reply.is_none()
                    && let Ok(process) = &mut self.processes[actor]
                    && let Some(reply) = process.reply()
                {
                    side.reply = Some(reply);
                    side.span.ends = Some(now);
                    quiet = false;
                }
            }
            if !quiet {
                continue;
            }
            for actor in 0..sides.len() {
                let side = &sides[actor];
                let blocked = match side.flying {
                    Some((number, backend)) if !side.rests() => {
                        let blockers = self.stage.blockers(backend);
                        if !blockers.is_empty() && !side.blocked {
                            note(moves, actor, number, &waits(sides, &blockers));
                        }
                        !blockers.is_empty()
                    }
                    _ => false,
                };
                sides[actor].blocked = blocked;
            }
            if sides.iter().all(|side| side.rests() || side.blocked) {
                // Who woke together is told in an order of its own, whoever was heard first.
                moves[moved..].sort_by_key(|it| it.actor);
                return;
            }
            if watch.elapsed() > self.stage.limit() {
                self.hung = true;
                return;
            }
        }
    }

    /// Nothing is held any more: whoever is still under way comes to an end by itself.
    fn let_run_out(&mut self, sides: &mut [Side; 2]) {
        let watch = Stopwatch::start();
        for (actor, side) in sides.iter_mut().enumerate() {
            while side.reply.is_none() && watch.elapsed() <= self.stage.limit() {
                if let Some(News::Held { release, .. }) = self.stage.news(LISTEN, true) {
                    release.give(Verdict::Forward);
                }
                if let Ok(process) = &mut self.processes[actor] {
                    side.reply = process.reply();
                }
            }
            if side.reply.is_none() {
                self.hung = true;
                let dead = Err(LedgerError::failed("it never came back"));
                if let Ok(process) = std::mem::replace(&mut self.processes[actor], dead) {
                    process.abandon();
                }
            }
        }
        while self.stage.news(Duration::ZERO, true).is_some() {}
    }

    fn choose(&mut self, enabled: &[Choice]) -> Option<usize> {
        let chooser = self.chooser.as_mut()?;
        match chooser(enabled) {
            Ok(Next::Move(Actor(actor))) => {
                self.chosen.order.push(actor);
                usize::try_from(actor).ok()
            }
            Ok(Next::Redundant) => {
                self.chosen.redundant = true;
                None
            }
            Err(diverged) => {
                self.chosen.diverged = Some(diverged);
                None
            }
        }
    }
}

fn enabled(sides: &[Side; 2]) -> Vec<Choice> {
    let first = |(actor, side): (usize, &Side)| {
        let (arrival, _) = side.held.first()?;
        Some(Choice {
            actor: Actor(u32::try_from(actor).unwrap_or(u32::MAX)),
            footprint: footprint(arrival),
        })
    };
    sides.iter().enumerate().filter_map(first).collect()
}

/// A moment after all that was noted so far.
fn now(sides: &[Side; 2]) -> u32 {
    let moments = sides
        .iter()
        .map(|side| side.span.ends.unwrap_or(0).max(side.span.begins));
    moments.max().unwrap_or(0) + 1
}

/// What a held statement touches; where that takes more than a look at its text, anything.
fn footprint(arrival: &Arrival) -> Footprint {
    let in_transaction = arrival.status == Status::InTransaction;
    if arrival.kind == Kind::Commit || in_transaction && arrival.ends_transaction {
        Footprint::commit(Tables::All)
    } else if is_plain_read(&arrival.sql) {
        Footprint::read(Tables::All)
    } else {
        Footprint::unknown()
    }
}

/// A SELECT that calls nothing and locks nothing: it sees what is committed, and nobody sees it.
pub(super) fn is_plain_read(sql: &str) -> bool {
    let sql = sql.trim_start().to_ascii_lowercase();
    sql.starts_with("select ") && !sql.contains(['(', ';']) && !sql.contains(" for ")
}

fn hear(news: News, sides: &mut [Side; 2], moves: &mut Vec<Move>) {
    match news {
        News::Held {
            actor,
            arrival,
            release,
        } => {
            let side = &mut sides[actor];
            // The commit of a delayed statement comes while its answer is kept.
            side.flying = None;
            side.backends.insert(arrival.backend);
            side.held.push((arrival, release));
        }
        News::Ended {
            actor,
            session,
            status,
            number,
            said,
        } => {
            let side = &mut sides[actor];
            if side.flying.is_some_and(|(flying, _)| flying == number) {
                side.flying = None;
            }
            let in_block = matches!(status, Some(Status::InTransaction | Status::Failed));
            if in_block && !side.delayed.contains(&number) {
                side.open.insert(session);
            } else {
                side.open.remove(&session);
            }
            note(moves, actor, number, &said);
        }
    }
}

/// Notes what came of a statement. What comes of one that waited is a mark of its own: others have
/// moved since.
fn note(moves: &mut Vec<Move>, actor: usize, number: u64, said: &str) {
    let this = |it: &&mut Move| it.actor == actor && it.number == number;
    let Some(it) = moves.iter_mut().rev().find(this) else {
        return;
    };
    if it.said.is_empty() {
        said.clone_into(&mut it.said);
    } else if !said.is_empty() {
        moves.push(Move {
            actor,
            sql: String::new(),
            said: format!("wakes: {said}"),
            number,
        });
    }
}

/// For whom somebody waits, as far as they are of this duel.
fn waits(sides: &[Side; 2], blockers: &[u32]) -> String {
    let is_one = |(_, side): &(usize, &Side)| blockers.iter().any(|it| side.backends.contains(it));
    let names = sides.iter().enumerate().filter(is_one);
    let names: Vec<String> = names
        .map(|(actor, _)| Names::instance(actor).to_string())
        .collect();
    if names.is_empty() {
        "waits".to_owned()
    } else {
        format!("waits for {}", names.join(" and "))
    }
}

/// A statement in one line.
fn spoken(arrival: &Arrival) -> String {
    if arrival.kind == Kind::Commit {
        return "commit".to_owned();
    }
    arrival.sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
