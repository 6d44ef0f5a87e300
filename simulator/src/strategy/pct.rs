//! Probabilistic concurrency testing: few random decisions, each of them counting for much.
//!
//! Every actor gets a random priority, and the highest that can move does. At `depth − 1`
//! random steps, whoever would move falls below all others. A bug that shows whenever `depth`
//! certain steps come in a certain order is found by one run with a probability of at least
//! `1 ÷ (n · k^(depth − 1))`, for n actors and k steps (Burckhardt, Kothari, Musuvathi,
//! Nagarakatti: A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs, 2010).

use super::{Actor, Choice, Diverged, Next, Strategy};
use proptest::prelude::RngExt;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

/// The strategy, for ever: it never runs out of runs.
#[derive(Debug)]
pub struct Pct {
    runner: TestRunner,
    depth: u32,
    /// The most steps that a run has taken so far.
    steps: u32,
    step: u32,
    priorities: BTreeMap<Actor, u64>,
    /// The steps at which a priority changes, and the priority that falls there.
    changes: BTreeMap<u32, u64>,
    /// The most actors seen in a run.
    actors: usize,
}

impl Pct {
    /// For bugs of this depth (at least 1), and runs of about this many steps: a longer run
    /// teaches it better.
    #[must_use]
    pub fn new(seed: u64, depth: u32, steps: u32) -> Self {
        Self {
            runner: crate::random::runner(seed),
            depth: depth.max(1),
            steps: steps.max(1),
            step: 0,
            priorities: BTreeMap::new(),
            changes: BTreeMap::new(),
            actors: 1,
        }
    }

    /// The least probability that one run finds a bug of its depth, for what it has seen.
    #[must_use]
    pub fn bound(&self) -> f64 {
        let orders = f64::from(self.steps).powf(f64::from(self.depth - 1));
        let actors = u32::try_from(self.actors).unwrap_or(u32::MAX);
        1.0 / (f64::from(actors) * orders)
    }

    fn priority(&mut self, actor: Actor) -> u64 {
        // Above all priorities that fall; 64 random bits don't meet twice.
        let fresh = u64::from(self.depth) + 1 + (self.runner.rng().random::<u64>() >> 1);
        *self.priorities.entry(actor).or_insert(fresh)
    }
}

impl Strategy for Pct {
    fn begin(&mut self) -> bool {
        self.steps = self.steps.max(self.step);
        self.actors = self.actors.max(self.priorities.len());
        self.step = 0;
        self.priorities.clear();
        self.changes.clear();
        for change in 1..self.depth {
            let at = self.runner.rng().random_range(0..self.steps);
            self.changes.insert(at, u64::from(change));
        }
        true
    }

    fn choose(&mut self, enabled: &[Choice]) -> Result<Next, Diverged> {
        // In the order of their names, so that a draw means the same actor every time.
        let mut actors: Vec<Actor> = enabled.iter().map(|choice| choice.actor).collect();
        actors.sort_unstable();
        for actor in &actors {
            self.priority(*actor);
        }
        let highest = |pct: &Self| {
            let first = actors.iter().max_by_key(|actor| pct.priorities.get(actor));
            first.copied().unwrap_or(Actor(0))
        };
        if let Some(fallen) = self.changes.remove(&self.step) {
            let first = highest(self);
            self.priorities.insert(first, fallen);
        }
        self.step += 1;
        Ok(Next::Move(highest(self)))
    }
}
