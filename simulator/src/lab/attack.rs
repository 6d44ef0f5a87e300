//! Storms, and then races, at one ledger; one report of both.

use super::verdict::Took;
use super::{Step, helper};
use crate::clock::Stopwatch;
use crate::execute::{Stage, StageError};
use crate::hunt::{self, Enough, Order, Plan, Shares};
use crate::invariant::Invariant;
use crate::one_core::OneCore;
use crate::report::{Entry, Judged, Report, Saved, Verdict};
use crate::server::{self, Request};
use crate::target::Subject;
use std::sync::Arc;

impl Step {
    pub(super) fn attack(&self, subject: Arc<Subject>) -> Result<(Report, Took), StageError> {
        let mut order = self.order();
        let mut took = Took::default();
        let watch = Stopwatch::start();
        let core = OneCore::take();
        let helper = core.as_ref().filter(|_| self.races);
        let helper = helper.and_then(|core| core.outside(helper::start));
        let server = server::provision(&Request::default())?;
        let mut stage = Stage::new(subject, server)?;
        let kept = |saved: &Saved| saved.schedule.needs_wire();
        let strikes = self.faults.iter().any(|fault| fault.needs_wire());
        if self.races || strikes || order.first.iter().any(kept) {
            stage = stage.with_wire()?;
        }
        took.server = watch.elapsed();
        let plan = Plan::pairs();
        let mut shares = Shares::of(&stage, &plan, helper);
        let watch = Stopwatch::start();
        let mut report = hunt::hunt(&mut stage, &order, &mut ())?;
        took.storms = watch.elapsed();
        if self.races {
            // What the storms broke has its schedule already, and a shorter one.
            order.only = unbroken(&report);
            if order.only.len() < report.invariants.len() {
                shares.alone();
            }
            let watch = Stopwatch::start();
            let mut nobody = ();
            let mut enough = Enough::of(&self.holds, &order.only, &mut nobody);
            let raced = hunt::duel_with(&mut stage, &order, &plan, &mut enough, shares)?;
            took.races = watch.elapsed();
            report = merge(report, raced);
        }
        self.in_declared_order(&mut report.invariants);
        self.keep(&mut report);
        Ok((report, took))
    }

    /// Fights what the process asks for that started this one to help it. Without a core of its own
    /// it would be in the way.
    pub(super) fn help(&self, subject: Arc<Subject>) -> Result<(), StageError> {
        let (Some(_core), Ok(asker)) = (OneCore::take(), hunt::asker()) else {
            return Ok(());
        };
        let server = server::provision(&Request::default())?;
        let mut stage = Stage::new(subject, server)?.with_wire()?;
        hunt::help(&mut stage, &self.order(), &Plan::pairs(), asker)
    }

    fn order(&self) -> Order {
        Order {
            seed: Self::seed(),
            cases: self.storms(),
            time: None,
            faults: self.faults.clone(),
            faults_named: true,
            only: self.claims(),
            // Whoever mends what is broken is waiting.
            enough: self.holds.clone(),
            first: self.kept(),
            tries: Self::tries(),
        }
    }

    /// Broken ones first; then as the step lists them, because a step's own lesson comes first.
    fn in_declared_order(&self, entries: &mut [Entry]) {
        let claims = self.claims();
        let place = |id: Invariant| claims.iter().position(|claim| *claim == id);
        entries.sort_by_key(|entry| (entry.verdict != Judged::Broken, place(entry.id)));
    }
}

fn unbroken(report: &Report) -> Vec<Invariant> {
    let entries = report.invariants.iter();
    let whole = entries.filter(|entry| entry.verdict != Judged::Broken);
    whole.map(|entry| entry.id).collect()
}

/// What the storms say and what the races say about one ledger.
fn merge(storms: Report, races: Report) -> Report {
    let mut both = storms;
    both.strategy = races.strategy;
    both.schedules += races.schedules;
    both.fought += races.fought;
    both.deliveries += races.deliveries;
    both.deaths += races.deaths;
    both.elapsed_ms += races.elapsed_ms;
    both.dying = races.dying;
    both.duels = races.duels;
    both.duels.retain(|duel| duel.orders > 0);
    both.windows = races.windows;
    both.remarks = races.remarks;
    for raced in races.invariants {
        let Some(entry) = both.invariants.iter_mut().find(|it| it.id == raced.id) else {
            continue;
        };
        entry.judged += raced.judged;
        entry.verdict = worse(entry.verdict, raced.verdict);
        entry.counterexample = raced.counterexample;
    }
    let any = |word| both.invariants.iter().any(|entry| entry.verdict == word);
    both.verdict = if any(Judged::Broken) {
        Verdict::Broken
    } else if !both.never_met.is_empty() || any(Judged::Unknown) || !any(Judged::Held) {
        Verdict::Inconclusive
    } else {
        Verdict::Held
    };
    both
}

/// Broken beats all, and what couldn't be told beats what held.
fn worse(one: Judged, other: Judged) -> Judged {
    let weight = |word| match word {
        Judged::Unchecked => 0,
        Judged::Held => 1,
        Judged::Unknown => 2,
        Judged::Broken => 3,
    };
    if weight(one) >= weight(other) {
        one
    } else {
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_broke_in_either_is_broken_and_what_nobody_saw_is_unchecked() {
        use Judged::{Broken, Held, Unchecked, Unknown};
        assert_eq!(worse(Held, Broken), Broken);
        assert_eq!(worse(Broken, Held), Broken);
        assert_eq!(worse(Held, Unknown), Unknown);
        assert_eq!(worse(Unchecked, Held), Held);
        assert_eq!(worse(Unchecked, Unchecked), Unchecked);
    }
}
