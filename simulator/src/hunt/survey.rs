//! Sends clients to the boundary, once a run: what stands open is the same in every storm.

use super::judge::judge;
use super::shrink::{Found, Shrinker, Tried};
use super::tally::Tally;
use super::{Order, Watcher};
use crate::execute::{Begin, Stage, StageError};
use crate::history::What;
use crate::invariant::{Breach, Finding, Invariant};
use crate::storm::{Action, Fault, Schedule};

/// What a survey found: nothing, or the shortest schedule in which a client gets through, if it
/// gets through again.
pub(super) type Surveyed = Option<Option<Found>>;

/// Lets clients make every attempt of the order's kinds.
///
/// # Errors
/// The server failed.
pub(super) fn survey(
    stage: &mut Stage,
    order: &Order,
    tally: &mut Tally,
    watcher: &mut dyn Watcher,
) -> Result<Surveyed, StageError> {
    const CLAIM: Invariant = Invariant::Boundary;
    let faults = order.faults.iter().copied().filter(|it| it.is_trespass());
    let faults: Vec<Fault> = faults.collect();
    if stage.subject().clients().roles.is_empty() {
        tally.explain(CLAIM, "the ledger declares no client role");
        return Ok(None);
    }
    if faults.is_empty() {
        tally.explain(CLAIM, "no client was to pass the ledger by");
        return Ok(None);
    }
    let schedule = stage.menu().survey(&faults);
    let judged = judge(stage, &schedule, Begin::Fresh, &[CLAIM])?;
    tally.count(&schedule, &judged);
    let through = judged
        .findings
        .iter()
        .find_map(|(_, finding)| match finding {
            Finding::Broken(breach) => attempt(&schedule, &judged.history.happenings, breach),
            _ => None,
        });
    let Some(alone) = through else {
        return Ok(None);
    };
    // Mostly one account's affairs are enough, or none; all of them are many to take out singly.
    let mut tried = Tried::of([CLAIM]);
    let mut shrinker = Shrinker::new(stage, CLAIM, order.tries, &mut tried, watcher);
    for of in [None, Some(0), Some(1)] {
        let mut less = alone.clone();
        let tries = |action: &Action| matches!(action, Action::Trespass(_));
        less.steps
            .retain(|step| tries(&step.action) || Some(step.account) == of);
        if let Some(shortest) = shrinker.shorten(&less)? {
            return Ok(Some(Some(shortest)));
        }
    }
    shrinker.shorten(&alone).map(Some)
}

/// The same schedule with the one attempt that got through.
fn attempt(
    schedule: &Schedule,
    happenings: &[crate::history::Happening],
    breach: &Breach,
) -> Option<Schedule> {
    let What::Trespass(trespassed) = &happenings.get(breach.place)?.what else {
        return None;
    };
    let mut alone = schedule.clone();
    for step in &mut alone.steps {
        if matches!(step.action, Action::Survey { .. }) {
            step.action = Action::Trespass(trespassed.trespass.clone());
        }
    }
    Some(alone)
}
