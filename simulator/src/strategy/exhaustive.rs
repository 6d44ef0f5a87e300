//! Every order, depth first; of orders that can't be told apart, one.
//!
//! A move that was tried at a place *sleeps* in the branches tried after it there, until
//! something moves that depends on it: until then, moving it leads only where its own branch
//! has been already. A place where everybody who can move sleeps is such a dead end.
//!
//! ```text
//! A and B touch different tables:      A ─ B          (tried)
//!                                      B ─ (A sleeps: the same as A B, left)
//! ```

use super::{Actor, Choice, Diverged, Footprint, Next, Strategy};

/// The depth-first search over all orders.
#[derive(Clone, Debug)]
pub struct Exhaustive {
    /// The places on the way to where the search stands.
    path: Vec<Place>,
    /// How far along the path this run is.
    depth: usize,
    preemptions: Option<u32>,
    began: bool,
    /// This run has left the path for a dead end.
    dead_end: bool,
}

/// A place in the tree of schedules.
#[derive(Clone, Debug)]
struct Place {
    enabled: Vec<Choice>,
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
            depth: 0,
            preemptions: None,
            began: false,
            dead_end: false,
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

    /// Goes back to the deepest place with something left to try.
    fn backtrack(&mut self) -> bool {
        while let Some(mut place) = self.path.pop() {
            let tried = place.chosen.clone();
            place.asleep.push(tried);
            if let Some(chosen) =
                self.pick(&place.enabled, &place.asleep, place.preempted, place.last)
            {
                place.chosen = chosen;
                self.path.push(place);
                return true;
            }
        }
        false
    }

    /// The first who may move: whoever moved last, so that run to completion comes first.
    fn pick(
        &self,
        enabled: &[Choice],
        asleep: &[Choice],
        preempted: u32,
        last: Option<Actor>,
    ) -> Option<Choice> {
        let is_awake = |choice: &&Choice| !asleep.iter().any(|other| other.actor == choice.actor);
        let may_preempt = self.preemptions.is_none_or(|most| preempted < most);
        let going_on = enabled.iter().find(|choice| Some(choice.actor) == last);
        let mut others = enabled
            .iter()
            .filter(|choice| Some(choice.actor) != last)
            .filter(|_| may_preempt || going_on.is_none());
        let next = going_on.filter(is_awake);
        next.or_else(|| others.find(is_awake)).cloned()
    }

    /// The place that the last step of the path leads to; `None` for a dead end.
    fn arrive(&self, enabled: &[Choice]) -> Option<Place> {
        let before = self.path.last();
        let last = before.map(|place| place.chosen.actor);
        let asleep = match before {
            // Which order stands for others may not be within the bound: nobody sleeps.
            Some(place) if self.preemptions.is_none() => {
                let still =
                    |choice: &&Choice| !choice.footprint.depends_on(&place.chosen.footprint);
                place.asleep.iter().filter(still).cloned().collect()
            }
            _ => Vec::new(),
        };
        let preempted = before.map_or(0, Place::preempted_after);
        let chosen = self.pick(enabled, &asleep, preempted, last)?;
        Some(Place {
            enabled: enabled.to_vec(),
            asleep,
            chosen,
            preempted,
            last,
        })
    }
}

impl Place {
    fn preempted_after(&self) -> u32 {
        let could_go_on = |last| self.enabled.iter().any(|choice| choice.actor == last);
        let preempts = self
            .last
            .is_some_and(|last| last != self.chosen.actor && could_go_on(last));
        self.preempted + u32::from(preempts)
    }
}

impl Strategy for Exhaustive {
    fn begin(&mut self) -> bool {
        self.depth = 0;
        self.dead_end = false;
        // The first run has no path to go back on.
        !std::mem::replace(&mut self.began, true) || self.backtrack()
    }

    fn choose(&mut self, enabled: &[Choice]) -> Result<Next, Diverged> {
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
        let Some(place) = self.arrive(enabled) else {
            self.dead_end = true;
            return Ok(Next::Redundant);
        };
        let actor = place.chosen.actor;
        self.path.push(place);
        self.depth += 1;
        Ok(Next::Move(actor))
    }

    /// What it touched here it touches after any move that doesn't depend on it, too: so what a
    /// run has seen is as good as knowing it before, and narrower.
    fn moved(&mut self, footprint: &Footprint) {
        if let Some(place) = self.path.get_mut(self.depth.wrapping_sub(1))
            && !self.dead_end
        {
            place.chosen.footprint.clone_from(footprint);
        }
    }
}
