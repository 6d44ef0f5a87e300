//! What a run has counted, and the report that comes of it.

use super::Order;
use super::judge::Judged;
use crate::execute::Stage;
use crate::history::{Answer, Move, What};
use crate::invariant::{Finding, Invariant};
use crate::report::Judged as Word;
use crate::report::{
    Counterexample, Coverage, Divergence, Dying, Entry, Line, Refused, Report, Verdict,
};
use crate::storm::{Fault, Moment, Schedule};
use crate::target::{Call, Operation};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a run has counted. What a helper tells is counts only.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    #[serde(skip)]
    pub(super) cases: u32,
    schedules: u32,
    met: BTreeMap<Fault, u32>,
    windows: BTreeMap<String, u32>,
    /// Schedules in which calls ran inside one another.
    fought: u32,
    pub(super) deaths: u32,
    /// Processes that were to die while they waited.
    pub(super) dying: Dying,
    /// Where processes died inside an operation: which one, and when.
    crash_points: BTreeSet<(Operation, Moment)>,
    deliveries: u32,
    judged: BTreeMap<Invariant, u32>,
    #[serde(skip)]
    unknown: Vec<Invariant>,
    coverage: Vec<Coverage>,
    /// Whether every moment of every operation was struck.
    #[serde(skip)]
    pub(super) every_moment: Option<bool>,
    /// Faults that can't strike here.
    #[serde(skip)]
    pub(super) refused: Vec<Refused>,
    #[serde(skip)]
    diverged: Option<Divergence>,
    /// Why a claim couldn't be judged, in plain words.
    #[serde(skip)]
    why: BTreeMap<Invariant, String>,
    /// What happened in the last saved schedule.
    #[serde(skip)]
    pub(super) steps: Vec<Line>,
    /// What could not be chosen, or was not, in sentences.
    #[serde(skip)]
    pub(super) left_out: Vec<String>,
    #[serde(skip)]
    pub(super) calls_per_second: Option<u64>,
}

impl Tally {
    pub(super) fn count(&mut self, schedule: &Schedule, judged: &Judged) {
        self.schedules += 1;
        self.fought += u32::from(schedule.has_duel());
        // Whether a strike was met is known only afterwards: an operation may end before it.
        for fault in schedule.faults.iter().filter(|fault| !fault.strikes()) {
            *self.met.entry(*fault).or_default() += 1;
        }
        let mut operation = None;
        for happening in &judged.history.happenings {
            match &happening.what {
                What::Crash { .. } => self.deaths += 1,
                What::Request(_) | What::Duel { .. } => {
                    for request in happening.requests() {
                        operation = Some(request.call.operation());
                        let delivers = matches!(request.call, Call::Webhook(_));
                        self.deliveries += u32::from(delivers);
                    }
                    if let What::Duel { moves, .. } = &happening.what {
                        self.meet(moves);
                    }
                }
                What::Struck { strike, .. } => {
                    *self.met.entry(strike.fault).or_default() += 1;
                    let point = operation.map(|operation| (operation, strike.moment));
                    self.crash_points
                        .extend(point.filter(|_| strike.fault.kills()));
                }
                What::Trespass(attempt) if attempt.answer != Answer::Nothing => {
                    *self.met.entry(attempt.trespass.fault).or_default() += 1;
                }
                What::Boundary(boundary) => {
                    if let Some(why) = boundary.closed.as_ref().or(boundary.unfinished.as_ref()) {
                        self.explain(Invariant::Boundary, why);
                    }
                }
                _ => {}
            }
        }
        for (invariant, finding) in &judged.findings {
            match finding {
                Finding::Held | Finding::Broken(_) => {
                    *self.judged.entry(*invariant).or_default() += 1;
                }
                Finding::Unknown => self.unknown.push(*invariant),
                Finding::Unchecked => {}
            }
        }
    }

    /// Whether there is nothing to tell but counts.
    pub(super) fn is_all(&self) -> bool {
        self.unknown.is_empty() && self.left_out.is_empty()
    }

    /// Counts what a helper counted.
    pub(super) fn add(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.fought += other.fought;
        self.deaths += other.deaths;
        self.deliveries += other.deliveries;
        self.dying.orders += other.dying.orders;
        self.dying.deaths += other.dying.deaths;
        self.crash_points.extend(other.crash_points);
        self.coverage.extend(other.coverage);
        add_each(&mut self.met, other.met);
        add_each(&mut self.windows, other.windows);
        add_each(&mut self.judged, other.judged);
    }

    /// A saved duel came to be another.
    pub(super) fn diverges(&mut self, diverged: Option<Divergence>) {
        self.diverged = self.diverged.take().or(diverged);
    }

    /// Why a claim can't be judged, or not to the end.
    pub(super) fn explain(&mut self, invariant: Invariant, why: &str) {
        self.why.insert(invariant, why.to_owned());
    }

    /// Counts the schedules in which moves met so.
    fn meet(&mut self, moves: &[Move]) {
        let windows = [
            ("waits for a lock", "waits"),
            ("deadlocks", "deadlock detected"),
            ("serialization failures", "could not serialize"),
        ];
        for (name, said) in windows {
            if moves.iter().any(|it| it.said.contains(said)) {
                *self.windows.entry(name.to_owned()).or_default() += 1;
            }
        }
    }

    /// A duel was fought out.
    pub(super) fn covers(&mut self, duel: Coverage) {
        self.coverage.push(duel);
    }

    /// The run's report. A counterexample that is `None` broke once and not again.
    pub(super) fn report(
        mut self,
        stage: &Stage,
        order: &Order,
        strategy: &'static str,
        mut found: BTreeMap<Invariant, Option<Counterexample>>,
        elapsed: Duration,
    ) -> Report {
        let mut entries: Vec<Entry> = Vec::new();
        for &id in &order.only {
            let judged = self.judged.get(&id).copied().unwrap_or(0);
            let counterexample = found.remove(&id);
            let verdict = match &counterexample {
                Some(Some(_)) => Word::Broken,
                // The ledger diverges from its own replay.
                Some(None) => Word::Unknown,
                None if self.unknown.contains(&id) => Word::Unknown,
                None if judged > 0 => Word::Held,
                None => Word::Unchecked,
            };
            entries.push(Entry {
                id,
                verdict,
                claim: id.claim(),
                judged,
                why: self
                    .why
                    .remove(&id)
                    .filter(|_| matches!(verdict, Word::Unchecked | Word::Unknown)),
                counterexample: counterexample.flatten(),
            });
        }
        entries.sort_by_key(|entry| (entry.verdict != Word::Broken, entry.id));
        let never_met = if order.faults_named {
            let met = |fault: &&Fault| !self.met.contains_key(fault);
            order.faults.iter().filter(met).copied().collect()
        } else {
            Vec::new()
        };
        let named = self.met.into_iter();
        // Where there is more to go by than one saved schedule, it is only one that no longer fits.
        let is_replay = order.cases == 0;
        let diverged = self.diverged.filter(|_| is_replay);
        let mut steps = self.steps;
        if !is_replay || entries.iter().any(|entry| entry.counterexample.is_some()) {
            steps.clear();
        }
        let mut remarks = stage.remarks();
        remarks.extend(self.left_out);
        Report {
            schema: "badai.report/1",
            ledger: stage.subject().name().to_owned(),
            seed: order.seed,
            strategy,
            verdict: verdict(&entries, &never_met, diverged.as_ref()),
            cases: self.cases,
            schedules: self.schedules,
            fought: self.fought,
            crash_points: u32::try_from(self.crash_points.len()).unwrap_or(u32::MAX),
            every_moment: self.every_moment,
            deaths: self.deaths,
            deliveries: self.deliveries,
            elapsed_ms: elapsed.as_millis(),
            faults: named.map(|(fault, times)| (fault.id(), times)).collect(),
            never_met,
            refused: self.refused,
            windows: self.windows,
            duels: self.coverage,
            dying: self.dying,
            diverged,
            remarks,
            calls_per_second: self.calls_per_second,
            steps,
            invariants: entries,
        }
    }
}

fn add_each<K: Ord>(counts: &mut BTreeMap<K, u32>, more: BTreeMap<K, u32>) {
    for (key, times) in more {
        *counts.entry(key).or_default() += times;
    }
}

/// Broken beats everything; held needs something that was looked at, every named fault met, and a
/// replay to be the run that was saved.
fn verdict(entries: &[Entry], never_met: &[Fault], diverged: Option<&Divergence>) -> Verdict {
    let any = |word| entries.iter().any(|entry| entry.verdict == word);
    if any(Word::Broken) {
        Verdict::Broken
    } else if diverged.is_some() || !never_met.is_empty() || any(Word::Unknown) || !any(Word::Held)
    {
        Verdict::Inconclusive
    } else {
        Verdict::Held
    }
}
