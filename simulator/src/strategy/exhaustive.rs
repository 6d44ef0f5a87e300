//! Every order, depth first; of orders that can't be told apart, one.
//!
//! At a place one actor is tried. Another is tried there too when a run shows that it could make a
//! difference: a later move of its *races* with the one made there, that is, it depends on it, and
//! nothing between makes it come after. So what never meets is never turned round (Abdulla, Aronis,
//! Jonsson, Sagonas: Optimal Dynamic Partial Order Reduction, 2014: source sets).
//!
//! A move that was tried at a place *sleeps* in the branches tried after it there, until
//! something moves that depends on it: until then, moving it leads only where its own branch
//! has been already. A place where everybody who can move sleeps is such a dead end.
//!
//! ```text
//! A and B touch different tables:      A ─ B          (nothing races: that is all)
//! A and B write the same table:        A ─ B          (they race, so B is tried before A)
//!                                      B ─ A
//! ```

use super::trace::Trace;
use super::{Actor, Choice, Diverged, Footprint, Next, Strategy};

/// The depth-first search over all orders.
#[derive(Clone, Debug)]
pub struct Exhaustive {
    /// The places on the way to where the search stands.
    path: Vec<Place>,
    /// What the moves made at these places touched.
    trace: Trace,
    /// How far along the path this run is.
    depth: usize,
    preemptions: Option<u32>,
    began: bool,
    /// This run has left the path for a dead end.
    dead_end: bool,
    stands_for: u128,
}

/// A place in the tree of schedules.
#[derive(Clone, Debug)]
struct Place {
    enabled: Vec<Choice>,
    /// Who is to be tried here, or was.
    tried: Vec<Actor>,
    /// Who sleeps here.
    asleep: Vec<Choice>,
    /// Who moves here in this run.
    chosen: Choice,
    /// Preemptions before this place, and who moved last.
    preempted: u32,
    last: Option<Actor>,
}

impl Exhaustive {
    /// All orders that can make a difference.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "a strategy is chosen, not defaulted to"
    )]
    pub fn new() -> Self {
        Self {
            path: Vec::new(),
            trace: Trace::default(),
            depth: 0,
            preemptions: None,
            began: false,
            dead_end: false,
            stands_for: 0,
        }
    }

    /// All orders with at most this many preemptions: steps of another actor than the last,
    /// where the last could have gone on. Waits and ends are free.
    #[must_use]
    pub fn bounded(preemptions: u32) -> Self {
        Self {
            preemptions: Some(preemptions),
            ..Self::new()
        }
    }

    /// How many orders those that came to their end stand for, at least: of all that can't be told
    /// apart one was run.
    #[must_use]
    pub fn stands_for(&self) -> u128 {
        self.stands_for
    }

    /// Goes back to the deepest place with something left to try.
    fn backtrack(&mut self) -> bool {
        while let Some(mut place) = self.path.pop() {
            self.trace.truncate(self.path.len());
            let tried = place.chosen.clone();
            place.asleep.push(tried);
            if let Some(chosen) = self.next_at(&place) {
                place.chosen = chosen;
                self.path.push(place);
                return true;
            }
        }
        false
    }

    /// The first who may move: whoever moved last, so that run to completion comes first.
    fn next_at(&self, place: &Place) -> Option<Choice> {
        let is_open = |choice: &&Choice| {
            let is_it = |actor: &Actor| *actor == choice.actor;
            place.tried.iter().any(is_it) && !place.sleeps(choice.actor)
        };
        let may_preempt = self.preemptions.is_none_or(|most| place.preempted < most);
        let is_last = |choice: &&Choice| Some(choice.actor) == place.last;
        let going_on = place.enabled.iter().find(is_last);
        let mut others = place
            .enabled
            .iter()
            .filter(|choice| !is_last(choice))
            .filter(|_| may_preempt || going_on.is_none());
        let next = going_on.filter(is_open);
        next.or_else(|| others.find(is_open)).cloned()
    }

    /// The place that the last step of the path leads to; `None` for a dead end.
    fn arrive(&self, enabled: &[Choice], picks: bool) -> Option<Place> {
        let before = self.path.last();
        let all = || enabled.iter().map(|choice| choice.actor).collect();
        let asleep = match before {
            // Which order stands for others may not be within the bound: nobody sleeps.
            Some(place) if self.preemptions.is_none() => {
                let still =
                    |choice: &&Choice| !choice.footprint.depends_on(&place.chosen.footprint);
                place.asleep.iter().filter(still).cloned().collect()
            }
            _ => Vec::new(),
        };
        let mut place = Place {
            enabled: enabled.to_vec(),
            tried: all(),
            asleep,
            chosen: enabled.first()?.clone(),
            preempted: before.map_or(0, Place::preempted_after),
            last: before.map(|place| place.chosen.actor),
        };
        place.chosen = self.next_at(&place)?;
        if self.preemptions.is_none() && !picks {
            place.tried = vec![place.chosen.actor];
        }
        Some(place)
    }

    /// Goes on as the path says, or further.
    fn go_on(&mut self, enabled: &[Choice], picks: bool) -> Result<Next, Diverged> {
        if self.dead_end {
            return Ok(Next::Redundant);
        }
        if let Some(place) = self.path.get(self.depth) {
            let actors = |choices: &[Choice]| -> Vec<Actor> {
                choices.iter().map(|choice| choice.actor).collect()
            };
            if actors(&place.enabled) != actors(enabled) {
                return Err(Diverged {
                    step: self.depth,
                    wanted: actors(&place.enabled),
                    enabled: actors(enabled),
                });
            }
            self.depth += 1;
            return Ok(Next::Move(place.chosen.actor));
        }
        let Some(place) = self.arrive(enabled, picks) else {
            self.dead_end = true;
            return Ok(Next::Redundant);
        };
        let actor = place.chosen.actor;
        self.path.push(place);
        self.depth += 1;
        Ok(Next::Move(actor))
    }
}

impl Place {
    fn preempted_after(&self) -> u32 {
        let preempts = self
            .last
            .is_some_and(|last| last != self.chosen.actor && self.can_move(last));
        self.preempted + u32::from(preempts)
    }

    fn can_move(&self, actor: Actor) -> bool {
        self.enabled.iter().any(|choice| choice.actor == actor)
    }

    fn sleeps(&self, actor: Actor) -> bool {
        self.asleep.iter().any(|choice| choice.actor == actor)
    }

    /// One of these is to be tried here, unless one is anyway, or was before.
    fn also_tries(&mut self, any: &[Actor]) {
        let is_known = |actor: &Actor| self.tried.contains(actor) || self.sleeps(*actor);
        if any.iter().any(is_known) {
            return;
        }
        let mut enabled = self.enabled.iter().map(|choice| choice.actor);
        match enabled.find(|actor| any.contains(actor)) {
            Some(actor) => self.tried.push(actor),
            None => self.tried = self.enabled.iter().map(|choice| choice.actor).collect(),
        }
    }
}

impl Strategy for Exhaustive {
    fn begin(&mut self) -> bool {
        if self.began && !self.dead_end && self.trace.places() == self.path.len() {
            self.stands_for = self.stands_for.saturating_add(self.trace.orders());
        }
        self.depth = 0;
        self.dead_end = false;
        // The first run has no path to go back on.
        !std::mem::replace(&mut self.began, true) || self.backtrack()
    }

    fn choose(&mut self, enabled: &[Choice]) -> Result<Next, Diverged> {
        self.go_on(enabled, false)
    }

    /// Each of them is tried: what depends on it isn't told by what they touch.
    fn pick(&mut self, among: &[Choice]) -> Result<Next, Diverged> {
        self.go_on(among, true)
    }

    /// What it touched here it touches after any move that doesn't depend on it, too: so what a
    /// run has seen is as good as knowing it before, and narrower.
    fn moved(&mut self, footprint: &Footprint, with: &[Actor]) {
        if self.dead_end || self.depth != self.path.len() {
            return;
        }
        let Some(place) = self.path.last_mut() else {
            return;
        };
        place.chosen.footprint.clone_from(footprint);
        if self.preemptions.is_some() {
            return;
        }
        // A move begins where it was chosen, and who was picked for it belongs to it.
        let Some(began) = self.path.get(self.trace.places()) else {
            return;
        };
        let actor = began.chosen.actor;
        for race in self.trace.push(actor, footprint, with, self.path.len()) {
            let can_move = |place: usize| self.path[place].can_move(actor);
            let was_let_go = !can_move(race.place) && can_move(race.ends);
            if !was_let_go {
                self.path[race.place].also_tries(&race.first);
            }
        }
    }
}
