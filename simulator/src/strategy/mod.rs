//! Strategies: which actor moves next, at every step of every schedule.
//!
//! # The idea
//!
//! Whoever runs a schedule can't be forked or rewound (it is a ledger and a database), so each
//! schedule is run from its beginning, and the strategy is asked at every step which of the
//! actors that can move does:
//!
//! ```text
//! strategy          runs
//!   begin ────────▶ a fresh world
//!   choose {A B} ─▶ A moves
//!   choose {A B} ─▶ B moves, and waits for A's lock
//!   choose {A}   ─▶ A commits; B wakes
//!   choose {B}   ─▶ …
//!   begin ────────▶ a fresh world, another order; or: there is no other
//! ```
//!
//! - [`Exhaustive`] tries every order, depth first, but of two orders that differ only in moves
//!   which can't notice each other ([`Footprint`]) it tries one: *source sets* (Abdulla and others,
//!   2014) and *sleep sets* (Godefroid, 1996). Run to completion comes first, so that what it finds
//!   first is short.
//! - [`Exhaustive::bounded`] tries every order with at most so many preemptions (Musuvathi and
//!   Qadeer, CHESS, 2007): most races need one or two.
//! - [`Pct`] draws priorities and a few places where they change (Burckhardt and others, 2010):
//!   it finds a bug that needs `depth` steps in a given order with a probability that it states.
//! - [`Handover`] lets one go first, so that the others have to wait for it.
//! - [`Random`] draws every step. [`Replay`] takes the steps of a schedule that was kept.
//!
//! # What is left out
//!
//! Both save whole runs, not states: that two orders lead to the same place is only seen
//! where their moves commute. Under a preemption bound no orders are left out, since the order
//! that stands for the others may itself need more preemptions than the bound allows.

mod exhaustive;
mod footprint;
mod handover;
mod pct;
mod random;
mod replay;
#[cfg(test)]
mod toy;
mod trace;

pub use exhaustive::Exhaustive;
pub use footprint::{Footprint, Tables};
pub use handover::Handover;
pub use pct::Pct;
pub use random::Random;
pub use replay::Replay;

use serde::{Deserialize, Serialize};

/// Somebody who can move: an operation, the clock, a waiter's wake-up. Named, never counted by
/// its place among others, so that a schedule stays meaningful when one of them is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Actor(pub u32);

/// A move that is possible now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Who would move.
    pub actor: Actor,
    /// What the move would touch, at most. What it did touch may be told when it has moved.
    pub footprint: Footprint,
}

/// What a strategy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This actor moves.
    Move(Actor),
    /// Nothing new can come of this run: leave it. Only after steps that were all given.
    Redundant,
}

/// The same steps led to other choices than before: the program isn't deterministic under our
/// control, so nothing can be said of the orders that were not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("diverged at step {step}: {wanted:?} was to move, but {enabled:?} could")]
pub struct Diverged {
    /// The step, counted from 0.
    pub step: usize,
    /// Who moved, or could move, here before.
    pub wanted: Vec<Actor>,
    /// Who can move now.
    pub enabled: Vec<Actor>,
}

/// Decides the order of steps.
pub trait Strategy {
    /// Begins another run; false if there is nothing left to try.
    fn begin(&mut self) -> bool;

    /// Chooses among the moves that are possible, of which there is at least one.
    ///
    /// # Errors
    /// [`Diverged`] if the run isn't the one that this strategy is repeating.
    fn choose(&mut self, enabled: &[Choice]) -> Result<Next, Diverged>;

    /// The same where footprints don't tell what depends on the choice: which of several waiters
    /// goes first, who is the victim of a deadlock, whether somebody's start runs into another's mutex.
    ///
    /// # Errors
    /// As [`Strategy::choose`].
    fn pick(&mut self, among: &[Choice]) -> Result<Next, Diverged> {
        self.choose(among)
    }

    /// The move that was chosen last has ended. This is what it touched with all that it set going,
    /// and who took part in it.
    fn moved(&mut self, _footprint: &Footprint, _with: &[Actor]) {}
}

/// Runs schedules until the strategy has no more, or until `most` have been run. Returns how
/// many came to their end.
///
/// `run` makes a fresh world, asks at every step, and tells what the step touched. It returns true
/// when nothing can move any more, false when it was told [`Next::Redundant`].
///
/// # Errors
/// [`Diverged`], as soon as a run does.
pub fn explore<S: Strategy>(
    strategy: &mut S,
    most: u64,
    mut run: impl FnMut(&mut S) -> Result<bool, Diverged>,
) -> Result<u64, Diverged> {
    let mut complete = 0;
    while complete < most && strategy.begin() {
        complete += u64::from(run(strategy)?);
    }
    Ok(complete)
}
