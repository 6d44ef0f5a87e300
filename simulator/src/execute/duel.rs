//! A duel: two calls inside one another, one on each instance, in an order that somebody chooses.
//!
//! Both calls begin and run to their first statement that could make a difference. From then on
//! one statement moves at a time. A step is over when everybody has come to *rest*: holds a
//! statement at the gate, has replied and closed its transactions, or waits for a lock, which
//! PostgreSQL itself is asked about. Nothing is slept for, so the same choices make the same run.

use super::play::Play;
use super::sending::Sending;
use super::side::{self, Flight, Side};
use crate::clock::Stopwatch;
use crate::history::{Move, Outcome, Request, What};
use crate::server::Standing;
use crate::strategy::{Actor, Choice, Footprint, Next};
use crate::target::{Call, LedgerError, Reply};
use crate::wire::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long to listen before PostgreSQL is asked who waits for whom.
const LISTEN: Duration = Duration::from_micros(150);

impl Play<'_> {
    /// Fights it out, and records what was chosen, seen and replied.
    pub(super) fn duel(&mut self, sendings: &[Sending; 2], gates: bool) {
        let requests = [self.prepare(&sendings[0]), self.prepare(&sendings[1])];
        let [Some(one), Some(two)] = requests else {
            return;
        };
        let calls = [one.call.clone(), two.call.clone()];
        if !self.can_duel(&calls) {
            return;
        }
        let (sides, moves) = self.fight(&calls, gates);
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

    fn fight(&mut self, calls: &[Call], gates: bool) -> (Vec<Side>, Vec<Move>) {
        let mut sides: Vec<Side> = calls.iter().map(|_| Side::default()).collect();
        let mut moves = Vec::new();
        self.stage.hold(true);
        for (actor, call) in calls.iter().enumerate() {
            sides[actor].begun = true;
            sides[actor].span.begins = side::now(&sides);
            match &mut self.processes[actor] {
                Ok(process) => process.begin(call),
                Err(why) => sides[actor].reply = Some(Reply::Error(why.clone())),
            }
            self.settle(&mut sides, &mut moves);
        }
        let mut waited = Stopwatch::start();
        while !self.hung && !sides.iter().all(Side::has_ended) {
            let enabled = enabled(&sides);
            if !enabled.is_empty() {
                let Some(actor) = self.choose(&enabled) else {
                    break;
                };
                self.move_on(actor, &mut sides[actor], gates, &mut moves);
                waited = Stopwatch::start();
            } else if let Some(victims) = deadlocked(&sides) {
                let Some(actor) = self.choose(&victims) else {
                    break;
                };
                self.break_off(actor, &mut sides[actor], &mut moves);
            } else if waited.elapsed() > self.stage.limit() {
                // Somebody waits for what never comes.
                self.hung = true;
            }
            self.settle(&mut sides, &mut moves);
        }
        self.let_run_out(&mut sides);
        (sides, moves)
    }

    /// Lets one side make its next move: a statement that is held, or a write at its gate.
    fn move_on(&mut self, actor: usize, side: &mut Side, gates: bool, moves: &mut Vec<Move>) {
        if side.held.is_empty() {
            let Some(flight) = side.at_gate() else {
                return;
            };
            if let Standing::AtGate(deed) = &flight.standing {
                self.chosen.gates += 1;
                moves.push(Move {
                    actor,
                    sql: format!("inside it: {deed}"),
                    said: String::new(),
                    number: flight.number,
                });
            }
            self.let_through(flight);
            return;
        }
        let (arrival, release) = side.held.remove(0);
        side.flights.push(Flight::new(&arrival));
        moves.push(Move {
            actor,
            sql: side::spoken(&arrival),
            said: String::new(),
            number: arrival.number,
        });
        let reads = side::is_plain_read(&arrival.sql);
        if let (true, Some(mut gates)) = (gates && !reads, self.stage.gates()) {
            // A server that doesn't answer shows at the next statement of our own.
            let _ = gates.hold(arrival.backend);
        }
        release.give(if arrival.delayable && !reads {
            side.delayed.insert(arrival.number);
            Verdict::DelayCommit
        } else {
            Verdict::Forward
        });
    }

    fn let_through(&self, flight: &mut Flight) {
        flight.standing = Standing::Runs;
        flight.gates += 1;
        if let Some(mut gates) = self.stage.gates() {
            let _ = gates.let_through(flight.backend);
        }
    }

    /// Ends a deadlock: this side's statement is its victim.
    fn break_off(&self, actor: usize, side: &mut Side, moves: &mut Vec<Move>) {
        let waits = |it: &&mut Flight| matches!(it.standing, Standing::Waits(_));
        if let Some(flight) = side.flights.iter_mut().find(waits) {
            flight.standing = Standing::Runs;
            side::note(moves, actor, flight.number, "is the deadlock's victim");
            self.stage.condemn(flight.backend);
            if let Some(mut gates) = self.stage.gates() {
                let _ = gates.cancel(flight.backend);
            }
        }
    }

    /// Waits until everybody is still: holds a statement, rests at a gate, waits for a lock, or
    /// has ended.
    fn settle(&mut self, sides: &mut [Side], moves: &mut Vec<Move>) {
        let watch = Stopwatch::start();
        let moved = moves.len();
        loop {
            let mut quiet = true;
            while let Some(news) = self.stage.news(LISTEN, quiet) {
                side::hear(news, sides, moves);
                quiet = false;
                if sides.iter().all(Side::is_still) {
                    break;
                }
            }
            let now = side::now(sides);
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
            let flies = |side: &Side| !side.flights.is_empty();
            if (quiet || sides.iter().all(Side::is_still)) && sides.iter().any(flies) {
                self.ask_who_waits(sides, moves);
            }
            if sides.iter().all(Side::is_still) {
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

    /// Asks PostgreSQL where everybody stands whose statement it is working at.
    fn ask_who_waits(&mut self, sides: &mut [Side], moves: &mut Vec<Move>) {
        let flights = sides.iter().flat_map(|side| &side.flights);
        let backends: Vec<u32> = flights.map(|it| it.backend).collect();
        let asked = self.stage.gates().map(|mut it| it.standings(&backends));
        // A server that doesn't answer shows at the next statement of our own.
        let Some(Ok(standings)) = asked else { return };
        let whose = side::backends(sides);
        let mut standings = standings.into_iter();
        for (actor, side) in sides.iter_mut().enumerate() {
            for flight in &mut side.flights {
                let Some(stands) = standings.next() else {
                    return;
                };
                let waited = matches!(flight.standing, Standing::Waits(_));
                if let (false, Standing::Waits(blockers)) = (waited, &stands) {
                    let said = side::waits(&whose, blockers);
                    side::note(moves, actor, flight.number, &said);
                }
                flight.standing = stands;
                if flight.passes_unasked() {
                    self.let_through(flight);
                }
            }
        }
    }

    /// Nothing is kept any more: whoever is still under way comes to an end by itself, and a
    /// deadlock is broken off.
    fn let_run_out(&mut self, sides: &mut [Side]) {
        if let Some(mut gates) = self.stage.gates() {
            let _ = gates.open_all();
        }
        let watch = Stopwatch::start();
        let mut unseen: Vec<Move> = Vec::new();
        while !self.hung && sides.iter().any(|side| side.reply.is_none()) {
            let mut quiet = true;
            while let Some(news) = self.stage.news(LISTEN, quiet) {
                side::hear(news, sides, &mut unseen);
                quiet = false;
            }
            for (actor, side) in sides.iter_mut().enumerate() {
                for (arrival, release) in side.held.drain(..) {
                    side.flights.push(Flight::new(&arrival));
                    release.give(Verdict::Forward);
                }
                if let (None, Ok(process)) = (&side.reply, &mut self.processes[actor]) {
                    side.reply = process.reply();
                }
            }
            if quiet {
                self.ask_who_waits(sides, &mut unseen);
            }
            let victim = deadlocked(sides).and_then(|it| usize::try_from(it[0].actor.0).ok());
            if let Some(actor) = victim {
                self.break_off(actor, &mut sides[actor], &mut unseen);
            }
            self.hung = watch.elapsed() > self.stage.limit();
        }
        self.stage.hold(false);
        for (_, release) in sides.iter_mut().flat_map(|side| side.held.drain(..)) {
            release.give(Verdict::Forward);
        }
        for (actor, side) in sides.iter_mut().enumerate() {
            if side.reply.is_some() {
                continue;
            }
            self.hung = true;
            for flight in &side.flights {
                if let Some(mut gates) = self.stage.gates() {
                    let _ = gates.cancel(flight.backend);
                }
            }
            let dead = Err(LedgerError::failed("it never came back"));
            if let Ok(process) = std::mem::replace(&mut self.processes[actor], dead) {
                process.abandon();
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

/// Who can make a move.
fn enabled(sides: &[Side]) -> Vec<Choice> {
    let sides = sides.iter().enumerate();
    sides
        .filter_map(|(actor, side)| Some(choice(actor, side.footprint()?)))
        .collect()
}

fn choice(actor: usize, footprint: Footprint) -> Choice {
    Choice {
        actor: Actor(u32::try_from(actor).unwrap_or(u32::MAX)),
        footprint,
    }
}

/// Whose statement may be broken off, if some wait for each other in a circle: each of those in
/// it.
fn deadlocked(sides: &[Side]) -> Option<Vec<Choice>> {
    let mut waits_for: BTreeMap<u32, (usize, &[u32])> = BTreeMap::new();
    for (actor, side) in sides.iter().enumerate() {
        for flight in &side.flights {
            if let Standing::Waits(blockers) = &flight.standing {
                waits_for.insert(flight.backend, (actor, blockers));
            }
        }
    }
    let comes_back = |start: u32| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<u32> = vec![start];
        while let Some(backend) = next.pop() {
            for blocker in waits_for.get(&backend).map_or(&[][..], |it| it.1) {
                if *blocker == start {
                    return true;
                }
                if seen.insert(*blocker) {
                    next.push(*blocker);
                }
            }
        }
        false
    };
    let circle = waits_for
        .iter()
        .filter(|(backend, _)| comes_back(**backend));
    let actors: BTreeSet<usize> = circle.map(|(_, (actor, _))| *actor).collect();
    let victims = actors
        .into_iter()
        .map(|it| choice(it, Footprint::unknown()));
    let victims: Vec<Choice> = victims.collect();
    (!victims.is_empty()).then_some(victims)
}
