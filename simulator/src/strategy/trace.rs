//! The moves of one run, which of them had to come after which, and which could have come first.
//!
//! A move comes after another if one actor took part in both, or if the order of the two could make
//! a difference ([`Footprint`]); and so after all that those come after. Two moves with nothing
//! between that orders them *race*: had the later one been first, the run would be another.

use super::{Actor, Footprint};
use std::collections::{BTreeMap, BTreeSet};

/// The moves of a run up to now.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    moves: Vec<Made>,
}

/// A move that was made.
#[derive(Clone, Debug)]
struct Made {
    /// At which place it was chosen.
    place: usize,
    /// The place after it: a move may ask for another choice before it ends.
    ends: usize,
    actor: Actor,
    /// Who took part in it beside the actor.
    with: Vec<Actor>,
    footprint: Footprint,
    /// The moves that come before it in every order that can't be told from this.
    before: BTreeSet<usize>,
}

impl Made {
    fn is_part(&self, actor: Actor) -> bool {
        self.actor == actor || self.with.contains(&actor)
    }

    /// Whether one actor took part in both.
    fn shares(&self, other: &Self) -> bool {
        self.is_part(other.actor) || other.with.iter().any(|it| self.is_part(*it))
    }
}

/// Two moves, of which the later could have come first, unless the earlier set it going.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Race {
    /// Where the earlier was chosen.
    pub(super) place: usize,
    /// The place after it.
    pub(super) ends: usize,
    /// Any of these moving there leads to the other order.
    pub(super) first: Vec<Actor>,
}

impl Trace {
    /// How many places the moves led along.
    pub(super) fn places(&self) -> usize {
        self.moves.last().map_or(0, |made| made.ends)
    }

    /// Forgets the moves that reach beyond so many places.
    pub(super) fn truncate(&mut self, places: usize) {
        self.moves.retain(|made| made.ends <= places);
    }

    /// Another move has ended, at the place before `ends`. Returns the races that it is the later in.
    pub(super) fn push(
        &mut self,
        actor: Actor,
        footprint: &Footprint,
        with: &[Actor],
        ends: usize,
    ) -> Vec<Race> {
        let mut late = Made {
            place: self.places(),
            ends,
            actor,
            with: with.to_vec(),
            footprint: footprint.clone(),
            before: BTreeSet::new(),
        };
        let mut races = Vec::new();
        for (number, early) in self.moves.iter().enumerate().rev() {
            let shares = early.shares(&late);
            let depends = || early.footprint.precedes(&late.footprint);
            if late.before.contains(&number) || !shares && !depends() {
                continue;
            }
            late.before.insert(number);
            late.before.extend(&early.before);
            if early.actor != actor {
                races.push(number);
            }
        }
        self.moves.push(late);
        let races = races.into_iter().map(|early| Race {
            place: self.moves[early].place,
            ends: self.moves[early].ends,
            first: self.first_without(early),
        });
        races.collect()
    }

    /// Who can begin what came after a move, without what had to come after it, and with the last.
    fn first_without(&self, early: usize) -> Vec<Actor> {
        let mut left = BTreeSet::new();
        let mut first = Vec::new();
        for (number, made) in self.moves.iter().enumerate().skip(early + 1) {
            let is_last = number + 1 == self.moves.len();
            if made.before.contains(&early) && !is_last {
                continue;
            }
            if made.before.is_disjoint(&left) && !first.contains(&made.actor) {
                first.push(made.actor);
            }
            left.insert(number);
        }
        first
    }

    /// In how many orders these moves could have been made without a difference, this one counted.
    pub(super) fn orders(&self) -> u128 {
        let mut lanes: BTreeMap<Actor, Vec<usize>> = BTreeMap::new();
        for (number, made) in self.moves.iter().enumerate() {
            lanes.entry(made.actor).or_default().push(number);
        }
        let lanes: Vec<Vec<usize>> = lanes.into_values().collect();
        // How far each actor is, and in how many ways they can have come there.
        let mut ways = BTreeMap::from([(vec![0; lanes.len()], 1_u128)]);
        for _ in &self.moves {
            let mut further = BTreeMap::new();
            for (at, count) in ways {
                let is_made = |number: &usize| {
                    let mut done = lanes.iter().zip(&at);
                    done.any(|(lane, at)| lane[..*at].contains(number))
                };
                for (actor, lane) in lanes.iter().enumerate() {
                    let next = lane.get(at[actor]);
                    if next.is_some_and(|it| self.moves[*it].before.iter().all(is_made)) {
                        let mut to = at.clone();
                        to[actor] += 1;
                        let sum: &mut u128 = further.entry(to).or_default();
                        *sum = sum.saturating_add(count);
                    }
                }
            }
            ways = further;
        }
        ways.into_values().fold(0, u128::saturating_add)
    }
}
