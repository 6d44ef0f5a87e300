//! Grades a plain function: cases are drawn and shrunk as storms are, and judged by a closure.

use super::Step;
use crate::clock::Stopwatch;
use crate::random;
use crate::report::{Counterexample, Dying, Entry, Judged, Line, Report, Saved, Verdict};
use crate::storm::Schedule;
use proptest::strategy::{Strategy, ValueTree};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Cases of a plain function cost next to nothing, so a storm's worth is many.
const CASES_A_STORM: u32 = 50;

impl Step {
    /// What the cases say about the step's first claim; the others have nothing to look at.
    pub(super) fn try_cases<S>(
        &self,
        cases: &S,
        check: impl Fn(&S::Value) -> Result<(), String>,
    ) -> Report
    where
        S: Strategy,
        S::Value: Debug,
    {
        let watch = Stopwatch::start();
        let (seed, storms) = (Self::seed(), self.storms());
        let wrong = |case: &S::Value| {
            let checked = catch_unwind(AssertUnwindSafe(|| check(case)));
            checked
                .unwrap_or_else(|_| Err("the code panicked; its message stands above".to_owned()))
                .err()
        };
        let (mut tried, mut found) = (0, None);
        for case in 0..storms * CASES_A_STORM {
            let mut runner = random::runner(random::case_seed(seed, case));
            let Ok(mut tree) = cases.new_tree(&mut runner) else {
                break;
            };
            tried += 1;
            if let Some(said) = wrong(&tree.current()) {
                found = Some(simplest(&mut tree, said, &wrong));
                break;
            }
        }
        self.report(seed, tried, found, watch.elapsed().as_millis())
    }

    fn report(
        &self,
        seed: u64,
        tried: u32,
        found: Option<(String, String)>,
        elapsed_ms: u128,
    ) -> Report {
        let broken = found.is_some();
        let verdict = if broken {
            Verdict::Broken
        } else {
            Verdict::Held
        };
        let entry = self.holds.first().map(|&id| Entry {
            id,
            verdict: if broken { Judged::Broken } else { Judged::Held },
            claim: id.claim(),
            judged: tried,
            why: None,
            counterexample: found.map(|(case, said)| Counterexample {
                wrong: said.clone(),
                account: None,
                steps: vec![Line {
                    step: 1,
                    what: case,
                    wrong: true,
                    ..Line::default()
                }],
                file: String::new(),
                replay: format!("badai grade {}", self.id),
                saved: Saved::new(self.id, seed, id, &said, Schedule::default()),
            }),
        });
        Report {
            schema: "badai.report/1",
            ledger: self.id.to_owned(),
            seed,
            strategy: "cases",
            verdict,
            cases: tried,
            schedules: 0,
            fought: 0,
            crash_points: 0,
            deliveries: 0,
            deaths: 0,
            refused: Vec::new(),
            elapsed_ms,
            faults: BTreeMap::new(),
            never_met: Vec::new(),
            duels: Vec::new(),
            dying: Dying::default(),
            windows: BTreeMap::new(),
            calls_per_second: None,
            every_moment: None,
            steps: Vec::new(),
            diverged: None,
            remarks: Vec::new(),
            invariants: entry.into_iter().collect(),
        }
    }
}

/// The simplest case that is still wrong, and what is wrong with it.
fn simplest<T: ValueTree>(
    tree: &mut T,
    mut said: String,
    wrong: &dyn Fn(&T::Value) -> Option<String>,
) -> (String, String)
where
    T::Value: Debug,
{
    let mut case = format!("{:?}", tree.current());
    while tree.simplify() {
        loop {
            let simpler = tree.current();
            if let Some(again) = wrong(&simpler) {
                (case, said) = (format!("{simpler:?}"), again);
                break;
            }
            if !tree.complicate() {
                return (case, said);
            }
        }
    }
    (case, said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::Invariant;

    fn step() -> Step {
        Step::new("00.0", "Numbers").holds([Invariant::Reconciliation])
    }

    #[test]
    fn the_simplest_wrong_case_is_shown() {
        let report = step().try_cases(&(0..10_000i64), |n| {
            if *n < 100 {
                Ok(())
            } else {
                Err(format!("{n} is too large"))
            }
        });
        assert_eq!(report.verdict, Verdict::Broken);
        let found = report.invariants[0].counterexample.as_ref().unwrap();
        assert_eq!(found.wrong, "100 is too large");
        assert_eq!(found.steps[0].what, "100");
    }

    #[test]
    fn a_function_that_panics_is_wrong_and_one_that_is_right_holds() {
        let report = step().try_cases(&(0..9i64), |n| {
            assert!(*n < 3, "a slip");
            Ok(())
        });
        assert_eq!(report.verdict, Verdict::Broken);
        let report = step().try_cases(&(0..9i64), |_| Ok(()));
        assert_eq!(report.verdict, Verdict::Held);
    }
}
