//! Who waits for whom in a fight: which of several waiters goes first, and how a circle of them ends.

use super::actor::{Actor, Stand};
use super::fight::{Fight, LISTEN, Stop};
use crate::clock::Stopwatch;
use std::collections::BTreeSet;

impl Fight<'_> {
    /// Where several wait for the actor, all but one are stopped; which goes first is a choice if
    /// the move is sure to let go of something. Returns who is stopped, and whether it was chosen.
    pub(super) fn pause_waiters(&mut self, actor: usize) -> Result<(Vec<usize>, bool), Stop> {
        let mut waiters = self.waiters_for(actor);
        if waiters.len() < 2 || !self.wire.pauses() {
            return Ok((Vec::new(), false));
        }
        let next = self.actors[actor].held.front();
        let lets_go = self.actors[actor].gated().is_none()
            && next.is_some_and(|(arrival, _)| arrival.ends_transaction);
        let first = if lets_go {
            self.pick(&waiters)?
        } else {
            waiters[0]
        };
        waiters.retain(|waiter| *waiter != first);
        for waiter in &waiters {
            for flight in &mut self.actors[*waiter].flights {
                if matches!(flight.stand, Stand::Waits(_)) && self.paused.stop(flight.backend) {
                    flight.stand = Stand::Paused;
                }
            }
        }
        Ok((waiters, lets_go))
    }

    /// Who waits for this actor, or for somebody who does.
    pub(super) fn waiters_for(&self, actor: usize) -> Vec<usize> {
        let mut before: BTreeSet<usize> = BTreeSet::from([actor]);
        loop {
            let more = self.those(|it| {
                it.waits().is_some_and(|(_, by)| {
                    by.iter()
                        .filter_map(|it| self.owner_of(*it))
                        .any(|it| before.contains(&it))
                })
            });
            let size = before.len();
            before.extend(more);
            if before.len() == size {
                break;
            }
        }
        before.remove(&actor);
        before.into_iter().collect()
    }

    /// Whose backend it is, if it is one of ours.
    pub(super) fn owner_of(&self, backend: u32) -> Option<usize> {
        let owns = |actor: &Actor| actor.backends.contains_key(&backend);
        self.actors.iter().position(owns)
    }

    /// Actors that wait for one another in a circle.
    pub(super) fn circle(&self) -> Option<Vec<usize>> {
        if !self.watched.keeps_deadlocks {
            return None;
        }
        let mut inside = self.those(|actor| actor.waits().is_some());
        // Whoever waits for somebody outside of it isn't in a circle.
        loop {
            let size = inside.len();
            let waits_inside = |number: &usize| {
                let by = self.actors[*number].waits().map(|(_, by)| by);
                let by = by.unwrap_or_default();
                by.iter()
                    .filter_map(|it| self.owner_of(*it))
                    .any(|it| inside.contains(&it))
            };
            let awaited = |number: &usize| {
                let waits_for = |other: &usize| {
                    let by = self.actors[*other].waits().map(|(_, by)| by);
                    let by = by.unwrap_or_default();
                    by.iter().any(|it| self.owner_of(*it) == Some(*number))
                };
                inside.iter().any(waits_for)
            };
            let left: Vec<usize> = inside
                .iter()
                .copied()
                .filter(|number| waits_inside(number) && awaited(number))
                .collect();
            if left.len() == size {
                break;
            }
            inside = left;
        }
        (!inside.is_empty()).then_some(inside)
    }

    /// Waits until a statement has ended that PostgreSQL was told to break off: its backend is still
    /// where it was until it has noticed.
    pub(super) fn await_end(&mut self, actor: usize, number: u64) -> Result<(), Stop> {
        let watch = Stopwatch::start();
        let flies = |fight: &Self| {
            let mut flights = fight.actors[actor].flights.iter();
            flights.any(|flight| flight.number == number)
        };
        while flies(self) {
            if watch.elapsed() > self.limit {
                return Err(Stop::Hung);
            }
            self.listen(LISTEN);
        }
        Ok(())
    }

    /// One of them is the victim, as PostgreSQL would choose one.
    pub(super) fn end_deadlock(&mut self, circle: &[usize]) -> Result<(), Stop> {
        let victim = self.pick(circle)?;
        let moved = self.moves.len();
        let actor = &mut self.actors[victim];
        actor.step.moved = true;
        let Some((flight, _)) = actor.waits() else {
            return Ok(());
        };
        let (backend, number) = (flight.backend, flight.number);
        self.wire.condemn(backend);
        self.attend(victim);
        self.watched.watch.cancel(backend)?;
        self.await_end(victim, number)?;
        self.settle()?;
        // Whoever it lets go on woke after it, whoever was heard first.
        self.moves[moved..].sort_by_key(|it| (it.actor != victim, it.actor));
        self.observe(true)
    }
}
