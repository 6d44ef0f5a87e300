//! What a run has counted, and the report that comes of it.

use super::Order;
use super::judge::Judged;
use crate::history::{Request, What};
use crate::invariant::{Finding, Invariant};
use crate::report::Judged as Word;
use crate::report::{Counterexample, Coverage, Divergence, Entry, Line, Report, Verdict};
use crate::storm::{Fault, Schedule};
use crate::target::Call;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a run has counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) cases: u32,
    schedules: u32,
    met: BTreeMap<Fault, u32>,
    deaths: u32,
    deliveries: u32,
    judged: BTreeMap<Invariant, u32>,
    unknown: Vec<Invariant>,
    coverage: Vec<Coverage>,
    diverged: Option<Divergence>,
    /// What happened in the last saved schedule.
    pub(super) steps: Vec<Line>,
}

impl Tally {
    pub(super) fn count(&mut self, schedule: &Schedule, judged: &Judged) {
        self.schedules += 1;
        for fault in &schedule.faults {
            *self.met.entry(*fault).or_default() += 1;
        }
        for happening in &judged.history.happenings {
            match &happening.what {
                What::Crash { .. } => self.deaths += 1,
                _ => {
                    let requests = happening.requests().iter();
                    let delivers = |it: &&Request| matches!(it.call, Call::Webhook(_));
                    self.deliveries += requests.filter(delivers).map(|_| 1).sum::<u32>();
                }
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

    /// A saved duel came to be another.
    pub(super) fn diverges(&mut self, diverged: Option<Divergence>) {
        self.diverged = self.diverged.take().or(diverged);
    }

    /// A duel was fought out.
    pub(super) fn covers(&mut self, duel: Coverage) {
        self.coverage.push(duel);
    }

    /// The run's report. A counterexample that is `None` broke once and not again.
    pub(super) fn report(
        self,
        ledger: &str,
        order: &Order,
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
        Report {
            schema: "badai.report/1",
            ledger: ledger.to_owned(),
            seed: order.seed,
            strategy: match self.coverage[..] {
                _ if is_replay => "replay",
                [] => "sequential",
                _ => "exhaustive",
            },
            verdict: verdict(&entries, &never_met, diverged.as_ref()),
            cases: self.cases,
            schedules: self.schedules,
            crash_points: self.deaths,
            deliveries: self.deliveries,
            elapsed_ms: elapsed.as_millis(),
            faults: named.map(|(fault, times)| (fault.id(), times)).collect(),
            never_met,
            duels: self.coverage,
            diverged,
            steps,
            invariants: entries,
        }
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
