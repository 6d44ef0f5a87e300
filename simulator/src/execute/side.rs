//! One side of a duel: what it waits for, and when it is still.

use super::line::News;
use crate::history::{Move, Names, Span};
use crate::server::Standing;
use crate::strategy::{Footprint, Tables};
use crate::target::Reply;
use crate::wire::{Arrival, Kind, Release, SessionId, Status};
use std::collections::{BTreeMap, BTreeSet};

/// One side of a duel.
#[derive(Default)]
pub(super) struct Side {
    pub(super) begun: bool,
    /// Statements that wait at the line.
    pub(super) held: Vec<(Arrival, Release)>,
    pub(super) reply: Option<Reply>,
    pub(super) span: Span,
    /// The backends that it has been heard on.
    backends: BTreeSet<u32>,
    /// Statements that PostgreSQL is working at.
    pub(super) flights: Vec<Flight>,
    /// Connections with an open transaction of the ledger's own.
    pub(super) open: BTreeSet<SessionId>,
    /// Statements whose commit is a move of its own: the transaction around them is the wire's.
    pub(super) delayed: BTreeSet<u64>,
}

/// A statement under way.
pub(super) struct Flight {
    /// Its number on its line.
    pub(super) number: u64,
    /// Who works at it.
    pub(super) backend: u32,
    pub(super) standing: Standing,
    /// Its first write is its whole effect, and what comes before is no more than reading where
    /// to write: nothing can come between that matters.
    pub(super) starts_with_its_effect: bool,
    /// How many gates it has passed.
    pub(super) gates: u32,
}

impl Flight {
    pub(super) fn new(arrival: &Arrival) -> Self {
        Self {
            number: arrival.number,
            backend: arrival.backend,
            standing: Standing::Runs,
            starts_with_its_effect: is_plain_write(&arrival.sql),
            gates: 0,
        }
    }

    /// Whether it rests at a gate at which nothing needs to be chosen.
    pub(super) fn passes_unasked(&self) -> bool {
        matches!(self.standing, Standing::AtGate(_))
            && self.gates == 0
            && self.starts_with_its_effect
    }
}

impl Side {
    pub(super) fn has_ended(&self) -> bool {
        self.reply.is_some() && self.flights.is_empty() && self.open.is_empty()
    }

    /// Whether it moves no more until somebody lets it.
    pub(super) fn is_still(&self) -> bool {
        !self.begun || !self.held.is_empty() || self.has_ended() || self.is_kept()
    }

    /// Whether all that it has under way rests at a gate or waits for a lock.
    pub(super) fn is_kept(&self) -> bool {
        let runs = |flight: &Flight| flight.standing == Standing::Runs;
        !self.flights.is_empty() && !self.flights.iter().any(runs)
    }

    /// The statement that rests at a gate.
    pub(super) fn at_gate(&mut self) -> Option<&mut Flight> {
        let mut flights = self.flights.iter_mut();
        flights.find(|it| matches!(it.standing, Standing::AtGate(_)))
    }

    /// What its next move touches, if it has one to choose.
    pub(super) fn footprint(&self) -> Option<Footprint> {
        if let Some((arrival, _)) = self.held.first() {
            return Some(footprint(arrival));
        }
        let rests = |flight: &Flight| matches!(flight.standing, Standing::AtGate(_));
        self.flights.iter().any(rests).then(Footprint::unknown)
    }
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

/// A write of rows that it names, reads nothing else for, and returns.
fn is_plain_write(sql: &str) -> bool {
    let sql = sql.trim_start().to_ascii_lowercase();
    let writes = ["insert ", "update ", "delete "];
    writes.iter().any(|word| sql.starts_with(word)) && !sql.contains("select")
}

/// Takes what a doorkeeper tells.
pub(super) fn hear(news: News, sides: &mut [Side], moves: &mut Vec<Move>) {
    match news {
        News::Held {
            actor,
            arrival,
            release,
        } => {
            let side = &mut sides[actor];
            // The commit of a delayed statement comes while its answer is kept.
            side.flights.retain(|it| it.backend != arrival.backend);
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
            side.flights.retain(|it| it.number != number);
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
pub(super) fn note(moves: &mut Vec<Move>, actor: usize, number: u64, said: &str) {
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

/// Whose each backend is.
pub(super) fn backends(sides: &[Side]) -> BTreeMap<u32, usize> {
    let sides = sides.iter().enumerate();
    sides
        .flat_map(|(actor, side)| side.backends.iter().map(move |it| (*it, actor)))
        .collect()
}

/// For whom somebody waits, as far as they are of this duel.
pub(super) fn waits(whose: &BTreeMap<u32, usize>, blockers: &[u32]) -> String {
    let actors: BTreeSet<usize> = blockers
        .iter()
        .filter_map(|it| whose.get(it))
        .copied()
        .collect();
    let names = actors
        .iter()
        .map(|actor| Names::instance(*actor).to_string());
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        "waits".to_owned()
    } else {
        format!("waits for {}", names.join(" and "))
    }
}

/// A moment after all that was noted so far.
pub(super) fn now(sides: &[Side]) -> u32 {
    let moments = sides
        .iter()
        .map(|side| side.span.ends.unwrap_or(0).max(side.span.begins));
    moments.max().unwrap_or(0) + 1
}

/// A statement in one line.
pub(super) fn spoken(arrival: &Arrival) -> String {
    if arrival.kind == Kind::Commit {
        return "commit".to_owned();
    }
    arrival.sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
