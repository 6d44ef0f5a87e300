//! The scheduler: of several operations under way one moves at a time, and who is a choice.
//!
//! A move is the start of an operation that shares its instance, a statement, a write inside a
//! statement (it rests at a gate before), or a commit. A move is over when everybody *rests*: has
//! something that can be chosen, has replied and closed its transactions, waits for a lock, or
//! waits for something in its own process. PostgreSQL and the process are asked; nothing is slept
//! for, so the same choices make the same run. Two things that PostgreSQL would decide by itself
//! are choices too: which of several waiters goes first, and who is a deadlock's victim.
//!
//! # What is left out
//!
//! A victim is cancelled, and its client is told 40P01. A function that catches that very
//! condition itself doesn't get to: `when others` catches no cancellation. A deadlock is ended as
//! soon as it is there, while in the world others may go on for a second before.
//! Timers of a call that waits where nobody sees it, such as for a thread of its own, run up to fifty
//! times as fast meanwhile.

use super::actor::{Actor, Stand, is_plain_read, one_line};
use super::counter::Counter;
use super::play::Chosen;
use super::stage::Stage;
use super::wire::{Watched, Wire};
use crate::clock::Stopwatch;
use crate::history::{Move, Outcome, Span};
use crate::server::{Paused, ServerError, Touched};
use crate::storm::Moment;
use crate::strategy::{self, Choice, Diverged, Footprint, Next, Strategy, Tables};
use crate::target::{Call, LedgerError, Process, Reply};
use crate::wire::{Arrival, Kind, SessionId, Verdict};
use std::cell::RefMut;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long to listen before PostgreSQL is asked who waits for whom.
pub(super) const LISTEN: Duration = Duration::from_micros(150);

/// The instances of a ledger, as a fight finds and leaves them.
pub(super) type Processes = [Result<Process, LedgerError>; 2];

/// Operations under way.
pub(super) struct Fight<'a> {
    pub(super) wire: &'a Wire,
    pub(super) watched: RefMut<'a, Watched>,
    pub(super) processes: &'a mut Processes,
    pub(super) strategy: &'a mut dyn Strategy,
    pub(super) chosen: &'a mut Chosen,
    pub(super) limit: Duration,
    /// Moves of those who share an instance depend on each other.
    pub(super) minds_memory: bool,
    pub(super) counter: &'a Counter,
    /// How often Stripe was asked to change something.
    written: u64,
    pub(super) actors: Vec<Actor>,
    /// Whose connection it is.
    pub(super) owners: BTreeMap<(usize, SessionId), usize>,
    /// Who goes on, where several share an instance.
    pub(super) attended: [Option<usize>; 2],
    pub(super) paused: Paused,
    pub(super) moves: Vec<Move>,
    /// Somebody has just passed a gate.
    pub(super) silent: bool,
    /// What each backend has touched, where that was seen since anybody moved.
    pub(super) touched: Option<BTreeMap<u32, Touched>>,
}

/// How a fight went.
pub(super) struct Fought {
    /// What came of each operation.
    pub(super) outcomes: Vec<Outcome>,
    /// The statement in which each one's process died, if it did.
    pub(super) died: Vec<Option<String>>,
    /// When each was under way.
    pub(super) spans: Vec<Span>,
    pub(super) moves: Vec<Move>,
    pub(super) hung: bool,
}

/// Why a fight stops before its end.
pub(super) enum Stop {
    /// Nothing new can come of it.
    Redundant,
    /// It isn't the run that is repeated.
    Diverged(Diverged),
    /// Somebody never comes to rest.
    Hung,
    /// The server is gone, or refuses.
    Server(ServerError),
}

impl From<ServerError> for Stop {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

impl<'a> Fight<'a> {
    /// Calls that are to run inside one another, each on its instance.
    pub(super) fn new(
        wire: &'a Wire,
        watched: RefMut<'a, Watched>,
        processes: &'a mut Processes,
        strategy: &'a mut dyn Strategy,
        chosen: &'a mut Chosen,
        stage: &'a Stage,
        instances: &[usize],
    ) -> Self {
        let counter = stage.counter();
        let shares = |instance| instances.iter().filter(|it| **it == instance).count() > 1;
        let actors = instances
            .iter()
            .map(|instance| Actor::new(*instance, shares(*instance)));
        Self {
            wire,
            watched,
            processes,
            strategy,
            chosen,
            limit: stage.limit(),
            minds_memory: false,
            counter,
            written: counter.api().writes(),
            actors: actors.collect(),
            owners: BTreeMap::new(),
            attended: [None, None],
            paused: Paused::default(),
            moves: Vec::new(),
            silent: false,
            touched: None,
        }
    }

    /// The moves of those who share an instance may depend on each other by what it has in memory.
    pub(super) fn minding_memory(mut self, minds: bool) -> Self {
        self.minds_memory = minds;
        self
    }

    /// Those whose processes are to die when they wait for a lock. None of them shares its instance.
    pub(super) fn dying(mut self, dies: impl Iterator<Item = Option<Moment>>) -> Self {
        for (actor, dies) in self.actors.iter_mut().zip(dies) {
            actor.dies = dies.filter(|_| !actor.shares);
        }
        self
    }

    /// Fights it out.
    pub(super) fn run(mut self, calls: &[Call]) -> Fought {
        self.wire.hold(true);
        let mut hangs = Vec::new();
        match self.fight(calls) {
            Ok(()) => {}
            Err(Stop::Redundant) => self.chosen.redundant = true,
            Err(Stop::Diverged(diverged)) => self.chosen.diverged = Some(diverged),
            // Who has replied and left a transaction open shows when the next is in its way.
            Err(Stop::Hung) => hangs = self.those(|actor| actor.begun && actor.is_awaited()),
            Err(Stop::Server(error)) => self.chosen.failed = Some(error),
        }
        hangs.extend(self.let_run_out(!hangs.is_empty()));
        let limit = self.limit.as_secs();
        let outcome = |(number, actor): (usize, &Actor)| match (&actor.reply, &actor.died) {
            (_, Some(_)) => Outcome::Died,
            (Some(reply), None) if !hangs.contains(&number) => Outcome::Replied(reply.clone()),
            _ => Outcome::Hung(limit),
        };
        let outcomes = self.actors.iter().enumerate().map(outcome).collect();
        let spans = self.actors.iter().map(|actor| actor.span).collect();
        let died = self.actors.into_iter().map(|actor| actor.died);
        Fought {
            outcomes,
            died: died.collect(),
            spans,
            moves: self.moves,
            hung: !hangs.is_empty(),
        }
    }

    fn fight(&mut self, calls: &[Call]) -> Result<(), Stop> {
        for (actor, call) in calls.iter().enumerate() {
            // On an instance of its own it can run to its first statement before any choice.
            if !self.actors[actor].shares {
                self.begin(actor, call);
                self.settle()?;
            }
        }
        self.observe(false)?;
        let mut waited = Stopwatch::start();
        while !self.actors.iter().all(Actor::has_ended) {
            if let Some(circle) = self.circle() {
                self.end_deadlock(&circle)?;
                waited = Stopwatch::start();
                continue;
            }
            let enabled: Vec<usize> = self.those(Actor::can_move);
            if enabled.is_empty() {
                // Somebody comes back by itself, such as from a pause before another try; or never.
                if waited.elapsed() > self.limit {
                    return Err(Stop::Hung);
                }
                self.doze()?;
                continue;
            }
            let actor = self.choose(&enabled)?;
            waited = Stopwatch::start();
            self.step(actor, calls)?;
        }
        Ok(())
    }

    pub(super) fn those(&self, are: impl Fn(&Actor) -> bool) -> Vec<usize> {
        let numbered = self.actors.iter().enumerate();
        numbered
            .filter_map(|(number, actor)| are(actor).then_some(number))
            .collect()
    }

    /// Who moves next. Whether somebody's start runs into what another holds in their process isn't
    /// told by what they touch: so it is tried before each of the other's moves.
    fn choose(&mut self, enabled: &[usize]) -> Result<usize, Stop> {
        if enabled.iter().any(|actor| !self.actors[*actor].begun) {
            return self.pick(enabled);
        }
        self.ask(enabled, |strategy, choices| strategy.choose(choices))
    }

    /// Who of several, where each is to be tried: what depends on it isn't told by footprints.
    pub(super) fn pick(&mut self, among: &[usize]) -> Result<usize, Stop> {
        self.ask(among, |strategy, choices| strategy.pick(choices))
    }

    fn ask(
        &mut self,
        enabled: &[usize],
        next: impl FnOnce(&mut dyn Strategy, &[Choice]) -> Result<Next, Diverged>,
    ) -> Result<usize, Stop> {
        let choices: Vec<Choice> = enabled
            .iter()
            .map(|actor| Choice {
                actor: name(*actor),
                footprint: Footprint::unknown(),
            })
            .collect();
        match next(self.strategy, &choices) {
            Ok(Next::Move(chosen)) => {
                self.chosen.order.push(chosen.0);
                let found = enabled.iter().find(|actor| name(**actor) == chosen);
                // A strategy takes of what it is given.
                Ok(found.copied().unwrap_or(enabled[0]))
            }
            Ok(Next::Redundant) => Err(Stop::Redundant),
            Err(diverged) => Err(Stop::Diverged(diverged)),
        }
    }

    /// One actor moves, and everybody comes to rest.
    fn step(&mut self, actor: usize, calls: &[Call]) -> Result<(), Stop> {
        let (rest, picked) = self.pause_waiters(actor)?;
        self.moves_on(actor, calls)?;
        self.settle()?;
        for waiter in rest {
            for flight in &mut self.actors[waiter].flights {
                if flight.stand == Stand::Paused {
                    flight.stand = Stand::Works;
                    self.paused.resume(flight.backend);
                }
            }
            self.settle()?;
        }
        self.let_die()?;
        self.observe(picked)
    }

    fn moves_on(&mut self, actor: usize, calls: &[Call]) -> Result<(), Stop> {
        self.attend(actor);
        if !self.actors[actor].begun {
            self.moves.push(Move {
                actor,
                sql: "(starts)".to_owned(),
                said: String::new(),
                number: 0,
            });
            self.begin(actor, &calls[actor]);
            return Ok(());
        }
        self.actors[actor].step.moved = true;
        if self.actors[actor].gated().is_some() {
            return self.passes_gate(actor);
        }
        self.forwards(actor)
    }

    /// The first statement that it holds goes to the server.
    pub(super) fn forwards(&mut self, actor: usize) -> Result<(), Stop> {
        let Some((arrival, release)) = self.actors[actor].held.pop_front() else {
            return Ok(());
        };
        let it = &self.actors[actor];
        // Nobody would send the commit of one that dies.
        let delay = arrival.delayable && !is_plain_read(&arrival.sql) && it.dies.is_none();
        if arrival.kind != Kind::Commit && !is_plain_read(&arrival.sql) {
            self.watched.watch.shut(arrival.backend)?;
        }
        self.actors[actor].forwards(&arrival, delay);
        if !arrival.prepares {
            self.moves.push(Move {
                actor,
                sql: spoken(&arrival),
                said: String::new(),
                number: arrival.number,
            });
        }
        release.give(if delay {
            Verdict::DelayCommit
        } else {
            Verdict::Forward
        });
        Ok(())
    }

    fn passes_gate(&mut self, actor: usize) -> Result<(), Stop> {
        let at_gate = |flight: &&mut super::actor::Flight| flight.stand == Stand::AtGate;
        let it = &mut self.actors[actor];
        let Some(flight) = it.flights.iter_mut().find(at_gate) else {
            return Ok(());
        };
        flight.stand = Stand::Works;
        it.step.ran = true;
        let touched = it.backends.get(&flight.backend);
        let pending = touched.and_then(|touched| touched.pending.as_ref());
        let write = pending.map_or("a write", |(_, words)| words.as_str());
        self.moves.push(Move {
            actor,
            sql: format!("· {write}"),
            said: String::new(),
            number: flight.number,
        });
        let backend = flight.backend;
        self.silent = true;
        Ok(self.watched.watch.pass(backend)?)
    }

    fn begin(&mut self, actor: usize, call: &Call) {
        let now = self.now();
        let it = &mut self.actors[actor];
        it.begun = true;
        it.span.begins = now;
        it.step.moved = true;
        match &mut self.processes[it.instance % 2] {
            Ok(process) => it.ticket = Some(process.begin(call)),
            Err(why) => {
                it.reply = Some(Reply::Error(why.clone()));
                it.span.ends = Some(now);
            }
        }
        self.attend(actor);
    }

    /// Looks at what the step has touched, and tells the strategy.
    pub(super) fn observe(&mut self, picked: bool) -> Result<(), Stop> {
        let reach = self.watched.reach()?;
        let touched = self.what_is_touched()?;
        let written = self.counter.api().writes();
        let writes_to_stripe = std::mem::replace(&mut self.written, written) != written;
        let (mut all, mut with) = (Footprint::nothing(), Vec::new());
        for (number, actor) in self.actors.iter_mut().enumerate() {
            let (moved, ended) = (actor.step.moved, actor.step.ended);
            with.extend(moved.then(|| name(number)));
            let seen = |backend: &u32| Some((*backend, touched.get(backend)?.clone()));
            let now = actor.backends.keys().filter_map(seen).collect();
            let hidden = reach.isolates || reach.ungated > 0 || ended && reach.defers;
            let mut footprint = actor.footprint(now);
            if moved && (hidden || writes_to_stripe) {
                footprint = Footprint::unknown();
            }
            if moved && actor.shares && self.minds_memory {
                // What they share in memory is like a table of their own.
                let memory = u32::MAX - u32::try_from(actor.instance % 2).unwrap_or(0);
                footprint = footprint.and(&Footprint::write(Tables::of([memory])));
            }
            all = all.and(&footprint);
        }
        // Who goes first, or who is the victim, was chosen for what is there now.
        let told = if picked { Footprint::unknown() } else { all };
        self.strategy.moved(&told, &with);
        Ok(())
    }

    /// Nothing is held any more: whoever is still under way comes to an end by itself, or is ended.
    /// Returns who never came back.
    fn let_run_out(&mut self, hung: bool) -> Vec<usize> {
        self.wire.hold(false);
        self.paused = Paused::default();
        let opened = self.watched.watch.open_all();
        for actor in &mut self.actors {
            for (_, release) in actor.held.drain(..) {
                release.give(Verdict::Forward);
            }
        }
        for process in self.processes.iter_mut().flatten() {
            process.attend(None);
        }
        if hung {
            for flight in self.actors.iter().flat_map(|actor| &actor.flights) {
                // A server that doesn't answer has no statement left to end.
                let _ = self.watched.watch.terminate(flight.backend);
            }
        }
        let watch = Stopwatch::start();
        let waits = |actor: &Actor| actor.begun && actor.is_awaited();
        while !self.those(waits).is_empty() && watch.elapsed() <= self.limit {
            self.listen(LISTEN);
            for actor in &mut self.actors {
                for (_, release) in actor.held.drain(..) {
                    release.give(Verdict::Forward);
                }
            }
        }
        let lost = self.those(waits);
        for actor in &lost {
            let dead = Err(LedgerError::failed("it never came back"));
            let place = self.actors[*actor].instance % 2;
            if let Ok(process) = std::mem::replace(&mut self.processes[place], dead) {
                process.abandon();
            }
        }
        while self.wire.news(Duration::ZERO, false).is_some() {}
        if let (Err(error), None) = (opened, &self.chosen.failed) {
            self.chosen.failed = Some(error);
        }
        lost
    }
}

/// The actor, as a strategy calls it.
fn name(actor: usize) -> strategy::Actor {
    strategy::Actor(u32::try_from(actor).unwrap_or(u32::MAX))
}

/// A statement in one line.
fn spoken(arrival: &Arrival) -> String {
    if arrival.kind == Kind::Commit {
        return "commit".to_owned();
    }
    one_line(&arrival.sql)
}
