//! Every order of every pair: duels, fought out until no new order is left.

use super::judge::{self, Judged};
use super::shrink::Found;
use super::tally::Tally;
use super::{Order, Watcher};
use crate::clock::Stopwatch;
use crate::execute::{Stage, StageError};
use crate::invariant::{Finding, Invariant};
use crate::report::{Counterexample, Coverage, Divergence, Report, Saved, statements};
use crate::storm::{Action, Schedule};
use crate::strategy::{Actor, Exhaustive, Replay, Strategy};
use std::collections::BTreeMap;

/// Past so many orders of one duel the search stops, and its coverage says so.
const ORDERS: u32 = 2_000;

/// Fights every duel of what the ledger offers, in every order.
///
/// # Errors
/// The server failed, or the ledger's own doing isn't the same each time.
pub fn exhaust(
    stage: &mut Stage,
    order: &Order,
    watcher: &mut dyn Watcher,
) -> Result<Report, StageError> {
    let watch = Stopwatch::start();
    let duels = stage.menu().duels();
    let mut tally = Tally::default();
    let mut found: BTreeMap<Invariant, Option<Counterexample>> = BTreeMap::new();
    let mut hung = false;
    for (place, duel) in duels.iter().enumerate() {
        // Whatever was to be judged is broken: more orders would say it again.
        if order.only.iter().all(|claim| found.contains_key(claim)) {
            break;
        }
        let mut strategy = Exhaustive::new();
        let mut orders = 0;
        let mut whole = true;
        while strategy.begin() {
            // Who hangs costs the limit each time; one finding is enough.
            let told = order.only.iter().all(|claim| found.contains_key(claim));
            if orders >= ORDERS || hung || told || watcher.stop() {
                whole = false;
                break;
            }
            let Some((schedule, judged)) = fight(stage, &duel.schedule, &mut strategy, order)?
            else {
                continue;
            };
            orders += 1;
            hung |= judged.hangs();
            tally.count(&schedule, &judged);
            for (invariant, finding) in judged.findings {
                if let Finding::Broken(breach) = finding
                    && !found.contains_key(&invariant)
                {
                    let it = Found {
                        schedule: schedule.clone(),
                        history: judged.history.clone(),
                        breach,
                    };
                    found.insert(invariant, Some(it.tell(stage, order.seed, invariant)));
                    watcher.found(invariant);
                }
            }
        }
        tally.covers(Coverage {
            name: duel.name.clone(),
            orders,
            whole,
        });
        let done = u32::try_from(place + 1).unwrap_or(u32::MAX);
        tally.cases = done;
        watcher.case(done, u32::try_from(duels.len()).unwrap_or(u32::MAX));
    }
    tally.explain(Invariant::Boundary, "pairs of calls say nothing of it");
    Ok(tally.report(stage, order, found, watch.elapsed()))
}

/// Fights a saved duel again, in the order that it was saved with, and says where it came to be
/// another.
pub(super) fn again(
    stage: &mut Stage,
    saved: &Saved,
    order: &Order,
) -> Result<(Option<Judged>, Option<Divergence>), StageError> {
    let steps = saved.schedule.steps.iter();
    let kept = steps.filter_map(|step| match &step.action {
        Action::Duel { order, .. } => Some(order.clone()),
        _ => None,
    });
    let mut strategy = Replay::new(kept.flatten().map(Actor).collect());
    strategy.begin();
    match fight(stage, &saved.schedule, &mut strategy, order) {
        Ok(fought) => {
            let judged = fought.map(|(_, judged)| judged);
            let made = judged.as_ref().map(|judged| statements(&judged.history));
            let made = made.unwrap_or_default();
            Ok((judged, Divergence::between(&saved.statements, &made)))
        }
        Err(StageError::Diverged(diverged)) => {
            let names = |actors: &[Actor]| actors.iter().map(|it| it.0).collect::<Vec<_>>();
            let (wanted, could) = (names(&diverged.wanted), names(&diverged.enabled));
            let stuck = Divergence::stuck(diverged.step, &wanted, &could);
            // Its calls were left in the middle of what they did.
            stage.refresh()?;
            Ok((None, Some(stuck)))
        }
        Err(other) => Err(other),
    }
}

/// One fight; `None` if its order can't be told from one that was fought already.
fn fight(
    stage: &mut Stage,
    schedule: &Schedule,
    strategy: &mut dyn Strategy,
    order: &Order,
) -> Result<Option<(Schedule, Judged)>, StageError> {
    let fought = stage.play_duel(schedule, &mut |enabled| strategy.choose(enabled))?;
    let Some(history) = fought.history else {
        return Ok(None);
    };
    let mut chosen = schedule.clone();
    for step in &mut chosen.steps {
        if let Action::Duel { order, .. } = &mut step.action {
            order.clone_from(&fought.order);
        }
    }
    let judged = judge::claims(history, &order.only);
    if judged.broken().next().is_some() {
        stage.refresh()?;
    }
    Ok(Some((chosen, judged)))
}
