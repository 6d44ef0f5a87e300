//! When everybody in a fight has come to rest, and what is heard until then.
//!
//! Somebody *rests* who has something that can be chosen, has replied and closed its transactions,
//! waits for a lock, or waits for something in its own process. The doorkeepers tell what arrives
//! and what is answered, PostgreSQL who waits for whom, and the process whether anything runs in it.

use super::actor::{Actor, Stand};
use super::fight::{Fight, LISTEN, Stop};
use super::line::News;
use crate::clock::Stopwatch;
use crate::history::{Move, Names};
use crate::server::{Seen, Standing, Touched};
use crate::wire::{Arrival, Status, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long to listen where nobody can move and somebody is still to come back by itself.
const DOZE: Duration = Duration::from_millis(2);

/// How much faster time runs where all only wait.
const HASTE: u32 = 50;

impl Fight<'_> {
    /// Waits until everybody rests. Who woke together is told in an order of its own, whoever was
    /// heard first.
    pub(super) fn settle(&mut self) -> Result<(), Stop> {
        self.touched = None;
        let moved = self.moves.len();
        let settled = self.come_to_rest();
        self.moves[moved..].sort_by_key(|it| it.actor);
        settled
    }

    pub(super) fn come_to_rest(&mut self) -> Result<(), Stop> {
        let watch = Stopwatch::start();
        // From one gate to the next nothing is heard: PostgreSQL is asked at once.
        let mut silent = std::mem::take(&mut self.silent);
        loop {
            let patience = if silent || self.those(Actor::may_be_heard).is_empty() {
                Duration::ZERO
            } else {
                LISTEN
            };
            silent = false;
            if self.listen(patience) {
                continue;
            }
            if watch.elapsed() > self.limit {
                return Err(Stop::Hung);
            }
            if let Some(actor) = self.actors.iter_mut().position(Actor::carries_on) {
                self.forwards(actor)?;
                continue;
            }
            self.ask_standings()?;
            let restless = self.those(|actor| !actor.rests());
            if restless.is_empty() {
                return Ok(());
            }
            // Whoever shares an instance goes on when the others there have come to rest.
            let idle = |actor: &usize| {
                let it = &self.actors[*actor];
                let attended = self.attended[it.instance % 2];
                it.shares && it.is_inside() && attended.is_none_or(|it| !restless.contains(&it))
            };
            if let Some(next) = restless.iter().copied().find(idle) {
                let attended = self.attended[self.actors[next].instance % 2];
                if attended != Some(next) {
                    self.attend_quietly(next);
                }
            } else {
                for actor in &restless {
                    self.park(*actor);
                }
                if watch.elapsed() > DOZE {
                    self.pass_time(LISTEN);
                }
            }
        }
    }

    /// Of those who share an instance only this one goes on.
    pub(super) fn attend(&mut self, actor: usize) {
        let it = &self.actors[actor];
        if !it.shares {
            return;
        }
        let instance = it.instance % 2;
        if let (Ok(process), Some(ticket)) = (&mut self.processes[instance], it.ticket) {
            process.attend(Some(ticket));
        }
        self.attended[instance] = Some(actor);
        self.unpark_beside(actor);
    }

    /// Turns to another who may have been woken, without saying that anything moved.
    pub(super) fn attend_quietly(&mut self, actor: usize) {
        let instance = self.actors[actor].instance % 2;
        if let (Ok(process), Some(ticket)) =
            (&mut self.processes[instance], self.actors[actor].ticket)
        {
            process.attend(Some(ticket));
        }
        self.attended[instance] = Some(actor);
    }

    /// Whoever waited for something in the process may have got it.
    pub(super) fn unpark_beside(&mut self, actor: usize) {
        let instance = self.actors[actor].instance;
        for (number, other) in self.actors.iter_mut().enumerate() {
            if number != actor && other.instance == instance {
                other.parked = false;
            }
        }
    }

    /// Notes that an actor waits inside its process, if that is certain: nothing else is under way
    /// on its line, and its thread has nothing to do.
    pub(super) fn park(&mut self, actor: usize) {
        let it = &self.actors[actor];
        let instance = it.instance % 2;
        if !it.shares || !it.is_inside() || self.attended[instance] != Some(actor) {
            return;
        }
        // Others there may rest inside a statement; that one of theirs isn't answered is known.
        let there = self.actors.iter().filter(|it| it.instance % 2 == instance);
        let known = there.map(|it| it.flights.len()).sum::<usize>();
        let (busy, before) = self.wire.probe(instance);
        if busy != known {
            return;
        }
        let Ok(process) = &mut self.processes[instance] else {
            return;
        };
        if !process.rests() {
            self.unpark_beside(actor);
            return;
        }
        let (still, after) = self.wire.probe(instance);
        if still == known && before == after && !self.listen(Duration::ZERO) {
            self.chosen.parked = true;
            self.actors[actor].parked = true;
        }
    }

    /// Hears all that is told, and waits a little for it; false if nothing was.
    pub(super) fn listen(&mut self, patience: Duration) -> bool {
        let mut heard = false;
        while let Some(news) = self.wire.news(patience, !heard) {
            self.touched = None;
            self.hear(news);
            heard = true;
        }
        let now = self.now();
        for actor in &mut self.actors {
            if let (None, Some(ticket)) = (&actor.reply, actor.ticket)
                && let Ok(process) = &mut self.processes[actor.instance % 2]
                && let Some(reply) = process.reply(ticket)
            {
                actor.reply = Some(reply);
                actor.span.ends = Some(now);
                actor.parked = false;
                heard = true;
            }
        }
        heard
    }

    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::Held {
                line,
                arrival,
                release,
            } => {
                let Some(actor) = self.sender(line, &arrival) else {
                    // Nobody's that takes part.
                    release.give(Verdict::Forward);
                    return;
                };
                self.owners.insert((line, arrival.session), actor);
                self.actors[actor].takes(arrival, release);
            }
            News::Ended {
                line,
                session,
                status,
                number,
                said,
                failed,
            } => {
                let sole = || self.actors.iter().position(|it| it.instance % 2 == line);
                let owner = self.owners.get(&(line, session)).copied();
                // Whose it was before doesn't matter: what begins a transaction isn't told.
                let owner = owner.filter(|owner| self.actors[*owner].uses(session));
                let Some(actor) = owner.or(self.attended[line]).or_else(sole) else {
                    return;
                };
                self.actors[actor].hears(number, session, status, failed);
                self.note(actor, number, &said);
                self.bury(actor, number);
            }
        }
    }

    /// Whose statement it is. Where several share an instance only one of them goes on, and what
    /// belongs to an open transaction belongs to whoever opened it.
    pub(super) fn sender(&self, line: usize, arrival: &Arrival) -> Option<usize> {
        let there = self.those(|actor| actor.begun && actor.instance % 2 == line);
        let session = arrival.session;
        let owner = self.owners.get(&(line, session)).copied();
        // Whose transaction it was before doesn't matter: a plain BEGIN isn't told.
        let is_at_it = |owner: &usize| self.actors[*owner].uses(session);
        match there.as_slice() {
            [] | [_] => there.first().copied(),
            [first, ..] => owner
                .filter(|owner| arrival.status != Status::Idle && is_at_it(owner))
                .or(self.attended[line])
                .or(Some(*first)),
        }
    }

    /// Asks PostgreSQL where all flights stand, and what everybody has touched by then.
    pub(super) fn ask_standings(&mut self) -> Result<(), Stop> {
        if self.actors.iter().all(|actor| actor.flights.is_empty()) {
            return Ok(());
        }
        let seen = self.see_all()?;
        let mut waiting = Vec::new();
        for (number, actor) in self.actors.iter_mut().enumerate() {
            for flight in &mut actor.flights {
                if flight.stand == Stand::Paused {
                    continue;
                }
                let seen = seen.get(&flight.backend);
                let stand = match seen.map_or(&Standing::Free, |it| &it.standing) {
                    Standing::AtGate if flight.passes => {
                        flight.passes = false;
                        actor.step.wrote = true;
                        self.watched.watch.pass(flight.backend)?;
                        Stand::Works
                    }
                    Standing::AtGate => Stand::AtGate,
                    Standing::Waits(by) => Stand::Waits(by.clone()),
                    Standing::Free => Stand::Works,
                };
                if stand != flight.stand {
                    (actor.step.moved, actor.step.ran) = (true, true);
                    let waited = matches!(flight.stand, Stand::Waits(_));
                    if let (Stand::Waits(by), false) = (&stand, waited) {
                        waiting.push((number, flight.number, by.clone()));
                    }
                    flight.stand = stand;
                }
            }
        }
        self.touched = Some(touched(seen));
        for (actor, number, by) in waiting {
            self.note_wait(actor, number, &by);
        }
        Ok(())
    }

    /// What everybody has touched, as long as nobody moves.
    pub(super) fn what_is_touched(&mut self) -> Result<BTreeMap<u32, Touched>, Stop> {
        match self.touched.take() {
            Some(touched) => Ok(touched),
            None => Ok(touched(self.see_all()?)),
        }
    }

    /// What is seen of each backend that has worked for somebody.
    fn see_all(&mut self) -> Result<BTreeMap<u32, Seen>, Stop> {
        // Those in one process may have used the same, one after the other.
        let backends = self.actors.iter().flat_map(|actor| actor.backends.keys());
        let backends: BTreeSet<u32> = backends.copied().collect();
        if backends.is_empty() {
            return Ok(BTreeMap::new());
        }
        Ok(self.watched.watch.see(&backends)?)
    }

    /// Notes what came of a statement. What comes of one that waited is a mark of its own: others
    /// have moved since.
    pub(super) fn note(&mut self, actor: usize, number: u64, said: &str) {
        let this = |it: &&mut Move| it.actor == actor && it.number == number;
        let Some(it) = self.moves.iter_mut().rev().find(this) else {
            return;
        };
        if it.said.is_empty() {
            said.clone_into(&mut it.said);
        } else if !said.is_empty() {
            self.moves.push(Move {
                actor,
                sql: String::new(),
                said: format!("wakes: {said}"),
                number,
            });
        }
    }

    /// Notes for whom a statement waits, as far as they are of this fight. Whoever is woken and has
    /// to wait again has waited once, however closely one looks.
    pub(super) fn note_wait(&mut self, actor: usize, number: u64, by: &[u32]) {
        const WAITS: &str = "waits";
        let mut marks = self.moves.iter();
        let before =
            |it: &Move| it.actor == actor && it.number == number && it.said.starts_with(WAITS);
        if marks.any(before) {
            return;
        }
        let owners: BTreeSet<usize> = by.iter().filter_map(|it| self.owner_of(*it)).collect();
        let names: Vec<String> = owners
            .into_iter()
            .map(|owner| Names::instance(owner).to_string())
            .collect();
        let said = if names.is_empty() {
            WAITS.to_owned()
        } else {
            format!("{WAITS} for {}", names.join(" and "))
        };
        self.note(actor, number, &said);
    }

    /// A moment after all that was noted so far.
    pub(super) fn now(&self) -> u32 {
        let moments = self.actors.iter();
        let moments = moments.map(|it| it.span.ends.unwrap_or(0).max(it.span.begins));
        moments.max().unwrap_or(0) + 1
    }

    /// Nobody can move: waits for whoever comes back by itself.
    pub(super) fn doze(&mut self) -> Result<(), Stop> {
        for actor in &mut self.actors {
            actor.parked = false;
        }
        if !self.listen(DOZE) {
            self.pass_time(DOZE);
        }
        self.settle()
    }

    /// So much time has passed, and seems longer to a process where all that is under way only waits:
    /// a pause before another try isn't sat out. Whoever waits for what comes from elsewhere, such as
    /// a statement's answer, is left the time to get it; so is a ledger that asks Stripe.
    fn pass_time(&mut self, time: Duration) {
        if self.counter.is_known() {
            return;
        }
        for instance in 0..self.processes.len() {
            let there = || self.actors.iter().filter(|it| it.instance % 2 == instance);
            // Where somebody could move, time stands still until it does.
            if there().any(|it| it.can_move() || it.works()) {
                continue;
            }
            let known = there().map(|it| it.flights.len()).sum::<usize>();
            let (busy, _) = self.wire.probe(instance);
            if let (Ok(process), true) = (&mut self.processes[instance], busy == known)
                && process.rests()
            {
                process.pass(time * HASTE);
            }
        }
    }
}

fn touched(seen: BTreeMap<u32, Seen>) -> BTreeMap<u32, Touched> {
    let each = seen.into_iter();
    each.map(|(backend, it)| (backend, it.touched)).collect()
}
