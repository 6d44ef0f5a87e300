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

/// How often one call may cut into another among the writes inside their functions.
const PREEMPTIONS: u32 = 1;

/// Fights every duel of what the ledger offers: in every order of its statements, then in the
/// orders of the writes inside its functions.
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
    let mut campaign = Campaign {
        stage,
        order,
        tally: Tally::default(),
        found: BTreeMap::new(),
        hung: false,
    };
    for (place, duel) in duels.iter().enumerate() {
        // Whatever was to be judged is broken: more orders would say it again.
        if campaign.has_found_all() {
            break;
        }
        let outer = campaign.fight_all(&duel.schedule, Exhaustive::new(), watcher)?;
        let inner = campaign.fight_all(
            &kept_at_gates(&duel.schedule),
            Exhaustive::bounded(PREEMPTIONS),
            watcher,
        )?;
        campaign.tally.covers(Coverage {
            name: duel.name.clone(),
            orders: outer.orders,
            whole: outer.whole,
            inside: inner.orders,
        });
        let done = u32::try_from(place + 1).unwrap_or(u32::MAX);
        campaign.tally.cases = done;
        watcher.case(done, u32::try_from(duels.len()).unwrap_or(u32::MAX));
    }
    let Campaign {
        stage,
        mut tally,
        found,
        ..
    } = campaign;
    tally.explain(Invariant::Boundary, "pairs of calls say nothing of it");
    Ok(tally.report(stage, order, found, watch.elapsed()))
}

/// All duels of one run.
struct Campaign<'a> {
    stage: &'a mut Stage,
    order: &'a Order,
    tally: Tally,
    found: BTreeMap<Invariant, Option<Counterexample>>,
    hung: bool,
}

/// How far one duel was fought.
struct Fought {
    orders: u32,
    whole: bool,
}

impl Campaign<'_> {
    fn has_found_all(&self) -> bool {
        let mut wanted = self.order.only.iter();
        wanted.all(|claim| self.found.contains_key(claim))
    }

    /// Fights one duel until no order is left, or nothing is left to find.
    fn fight_all(
        &mut self,
        schedule: &Schedule,
        mut strategy: Exhaustive,
        watcher: &mut dyn Watcher,
    ) -> Result<Fought, StageError> {
        let mut fought = Fought {
            orders: 0,
            whole: true,
        };
        while strategy.begin() {
            // Who hangs costs the limit each time; one finding is enough.
            let enough = fought.orders >= ORDERS || self.hung || self.has_found_all();
            if enough || watcher.stop() {
                fought.whole = false;
                break;
            }
            let Some(fight) = fight(self.stage, schedule, &mut strategy, self.order)? else {
                continue;
            };
            // Where the first order has no write inside a function, there is nothing to keep.
            if fight.schedule.has_gates() && fight.gates == 0 && fought.orders == 0 {
                break;
            }
            fought.orders += 1;
            self.note(fight, watcher);
        }
        Ok(fought)
    }

    fn note(&mut self, fight: Fight, watcher: &mut dyn Watcher) {
        let Fight {
            schedule, judged, ..
        } = fight;
        self.hung |= judged.hangs();
        self.tally.count(&schedule, &judged);
        for (invariant, finding) in judged.findings {
            if let Finding::Broken(breach) = finding
                && !self.found.contains_key(&invariant)
            {
                let it = Found {
                    schedule: schedule.clone(),
                    history: judged.history.clone(),
                    breach,
                };
                let told = it.tell(self.stage, self.order.seed, invariant);
                self.found.insert(invariant, Some(told));
                watcher.found(invariant);
            }
        }
    }
}

/// The same duel, with each write inside a function as a choice.
fn kept_at_gates(schedule: &Schedule) -> Schedule {
    let mut schedule = schedule.clone();
    for step in &mut schedule.steps {
        if let Action::Duel { gates, .. } = &mut step.action {
            *gates = true;
        }
    }
    schedule
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
            let judged = fought.map(|it| it.judged);
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

/// One order of a duel, and what became of it.
struct Fight {
    schedule: Schedule,
    judged: Judged,
    /// How many moves were writes inside a function.
    gates: u32,
}

/// One fight; `None` if its order can't be told from one that was fought already.
fn fight(
    stage: &mut Stage,
    schedule: &Schedule,
    strategy: &mut dyn Strategy,
    order: &Order,
) -> Result<Option<Fight>, StageError> {
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
    Ok(Some(Fight {
        schedule: chosen,
        judged,
        gates: fought.gates,
    }))
}
