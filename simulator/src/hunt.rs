//! The hunt: draws storms, plays their schedules, judges them, and shrinks what breaks.
//!
//! proptest owns the storm. A case that breaks an invariant is drawn again from its own seed and
//! simplified for as long as the *same* invariant breaks; so every broken invariant gets its own
//! shortest schedule.

use crate::clock::Stopwatch;
use crate::execute::{Stage, StageError};
use crate::history::{History, Outcome, What};
use crate::invariant::{Audit, Breach, Evidence, Finding, Invariant};
use crate::random;
use crate::report::{Counterexample, Entry, Judged, Report, Saved, Verdict, lines};
use crate::storm::{Fault, Menu, Schedule};
use crate::target::Call;
use proptest::strategy::{Strategy, ValueTree};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many simpler storms are tried for each broken invariant.
const SHRINKS: u32 = 400;
/// The same for a ledger that hangs: each try costs its limit again.
const SHRINKS_HUNG: u32 = 8;

/// What a hunt is asked to do.
#[derive(Clone, Debug)]
pub struct Order {
    /// Everything follows from it.
    pub seed: u64,
    /// How many storms to draw.
    pub cases: u32,
    /// Draw none after this long, whatever `cases` says. The same code then needn't get the same
    /// verdict.
    pub time: Option<Duration>,
    /// The faults that may strike.
    pub faults: Vec<Fault>,
    /// Whether each of those faults was asked for by name, and must be met.
    pub faults_named: bool,
    /// The invariants to judge.
    pub only: Vec<Invariant>,
    /// Schedules found before, to play first.
    pub first: Vec<Saved>,
}

/// Who is told how far the hunt is.
pub trait Watcher {
    /// So many of the cases are done.
    fn case(&mut self, _done: u32, _of: u32) {}
    /// A broken invariant is being shrunk; so many simpler storms were tried.
    fn shrinking(&mut self, _invariant: Invariant, _tried: u32) {}
}

/// Nobody.
impl Watcher for () {}

/// Plays one schedule and judges it: each invariant with what was found.
///
/// # Errors
/// The server failed.
pub fn judge(
    stage: &mut Stage,
    schedule: &Schedule,
    only: &[Invariant],
) -> Result<(History, Vec<(Invariant, Finding)>), StageError> {
    let history = stage.play(schedule)?;
    let audit = Audit::of(&history);
    let evidence = Evidence {
        history: &history,
        audit: &audit,
    };
    let findings: Vec<_> = only
        .iter()
        .map(|invariant| (*invariant, invariant.judge(&evidence)))
        .collect();
    // What a broken schedule left behind must not be the next one's fault.
    if findings
        .iter()
        .any(|(_, finding)| matches!(finding, Finding::Broken(_)))
    {
        stage.refresh()?;
    }
    Ok((history, findings))
}

/// Hunts on a stage.
///
/// # Errors
/// The server failed. What the ledger does is in the report.
pub fn hunt(
    stage: &mut Stage,
    order: &Order,
    watcher: &mut dyn Watcher,
) -> Result<Report, StageError> {
    let watch = Stopwatch::start();
    let menu = Menu {
        faults: order.faults.clone(),
        ..stage.menu()
    };
    let mut tally = Tally::default();
    let mut found: BTreeMap<Invariant, Option<Counterexample>> = BTreeMap::new();
    for saved in &order.first {
        let (history, findings) = judge(stage, &saved.schedule, &order.only)?;
        tally.count(&saved.schedule, &history, &findings);
        for (invariant, finding) in findings {
            if let Finding::Broken(breach) = finding {
                let again = tell(
                    stage,
                    saved.seed,
                    invariant,
                    &saved.schedule,
                    &history,
                    &breach,
                );
                found.entry(invariant).or_insert(Some(again));
            }
        }
    }
    let mut broken: BTreeMap<Invariant, (u32, bool)> = BTreeMap::new();
    let mut cases = 0;
    for case in 0..order.cases {
        if order.time.is_some_and(|time| watch.elapsed() > time) {
            break;
        }
        let Some(tree) = draw(&menu, order.seed, case) else {
            break;
        };
        let schedule = tree.current().schedule();
        let (history, findings) = judge(stage, &schedule, &order.only)?;
        cases += 1;
        tally.count(&schedule, &history, &findings);
        let hung = hangs(&history);
        for (invariant, finding) in findings {
            if matches!(finding, Finding::Broken(_)) && !found.contains_key(&invariant) {
                broken.entry(invariant).or_insert((case, hung));
            }
        }
        watcher.case(cases, order.cases);
        // A ledger that hangs costs its limit each time; one finding is enough.
        if hung {
            break;
        }
    }
    for (invariant, (case, hung)) in broken {
        let budget = if hung { SHRINKS_HUNG } else { SHRINKS };
        let shrunk = shrink(stage, &menu, order, (invariant, case, budget), watcher)?;
        found.insert(invariant, shrunk);
    }
    Ok(report(stage, order, cases, tally, found, watch))
}

fn draw(
    menu: &Menu,
    seed: u64,
    case: u32,
) -> Option<impl ValueTree<Value = crate::storm::Storm> + use<>> {
    let mut runner = random::runner(random::case_seed(seed, case));
    menu.storms().new_tree(&mut runner).ok()
}

/// Simplifies a case for as long as the invariant breaks.
fn shrink(
    stage: &mut Stage,
    menu: &Menu,
    order: &Order,
    (invariant, case, budget): (Invariant, u32, u32),
    watcher: &mut dyn Watcher,
) -> Result<Option<Counterexample>, StageError> {
    let Some(mut tree) = draw(menu, order.seed, case) else {
        return Ok(None);
    };
    let mut best: Option<(Schedule, History, Breach)> = None;
    let mut last: Option<Schedule> = None;
    for tried in 0..=budget {
        let schedule = tree.current().schedule();
        // Simplifying what a schedule doesn't use makes the same schedule again.
        let known = last.as_ref() == Some(&schedule);
        let breaks = if known {
            best.as_ref().is_some_and(|(best, ..)| *best == schedule)
        } else {
            watcher.shrinking(invariant, tried);
            let (history, findings) = judge(stage, &schedule, &[invariant])?;
            last = Some(schedule.clone());
            match findings.into_iter().next() {
                Some((_, Finding::Broken(breach))) => {
                    best = Some((schedule, history, breach));
                    true
                }
                _ => false,
            }
        };
        let more = if breaks {
            tree.simplify()
        } else {
            tree.complicate()
        };
        if !more {
            break;
        }
    }
    Ok(best.map(|(schedule, history, breach)| {
        tell(stage, order.seed, invariant, &schedule, &history, &breach)
    }))
}

/// A breach as a counterexample, with the schedule that shows it.
fn tell(
    stage: &Stage,
    seed: u64,
    invariant: Invariant,
    schedule: &Schedule,
    history: &History,
    breach: &Breach,
) -> Counterexample {
    let ledger = stage.subject().name();
    let saved = Saved::new(ledger, seed, invariant, &breach.wrong, schedule.clone());
    Counterexample {
        wrong: breach.wrong.clone(),
        account: breach.account.map(crate::history::Names::account),
        steps: lines(history, breach),
        file: String::new(),
        replay: String::new(),
        saved,
    }
}

/// What a run has counted.
#[derive(Debug, Default)]
struct Tally {
    schedules: u32,
    met: BTreeMap<Fault, u32>,
    crashes: u32,
    deliveries: u32,
    judged: BTreeMap<Invariant, u32>,
    unknown: Vec<Invariant>,
}

impl Tally {
    fn count(&mut self, schedule: &Schedule, history: &History, found: &[(Invariant, Finding)]) {
        self.schedules += 1;
        for fault in &schedule.faults {
            *self.met.entry(*fault).or_default() += 1;
        }
        for happening in &history.happenings {
            match &happening.what {
                What::Crash { .. } => self.crashes += 1,
                What::Request(request) if matches!(request.call, Call::Webhook(_)) => {
                    self.deliveries += 1;
                }
                _ => {}
            }
        }
        for (invariant, finding) in found {
            match finding {
                Finding::Held | Finding::Broken(_) => {
                    *self.judged.entry(*invariant).or_default() += 1;
                }
                Finding::Unknown => self.unknown.push(*invariant),
                Finding::Unchecked => {}
            }
        }
    }
}

fn hangs(history: &History) -> bool {
    history
        .requests()
        .any(|(_, request)| matches!(request.outcome, Outcome::Hung(_)))
}

/// Plays a saved schedule once more: the report of a run of one.
///
/// # Errors
/// The server failed.
pub fn replay(stage: &mut Stage, saved: &Saved) -> Result<Report, StageError> {
    let order = Order {
        seed: saved.seed,
        cases: 0,
        time: None,
        faults: Vec::new(),
        faults_named: false,
        only: Invariant::ALL.to_vec(),
        first: vec![saved.clone()],
    };
    hunt(stage, &order, &mut ())
}

fn report(
    stage: &Stage,
    order: &Order,
    cases: u32,
    tally: Tally,
    mut found: BTreeMap<Invariant, Option<Counterexample>>,
    watch: Stopwatch,
) -> Report {
    let mut invariants: Vec<Entry> = order
        .only
        .iter()
        .map(|&invariant| {
            let judged = tally.judged.get(&invariant).copied().unwrap_or(0);
            let counterexample = found.remove(&invariant);
            let verdict = match &counterexample {
                Some(Some(_)) => Judged::Broken,
                // It broke once and not again: the ledger diverges from its own replay.
                Some(None) => Judged::Unknown,
                None if tally.unknown.contains(&invariant) => Judged::Unknown,
                None if judged > 0 => Judged::Held,
                None => Judged::Unchecked,
            };
            Entry {
                id: invariant,
                verdict,
                claim: invariant.claim(),
                judged,
                counterexample: counterexample.flatten(),
            }
        })
        .collect();
    invariants.sort_by_key(|entry| (entry.verdict != Judged::Broken, entry.id));
    let never_met: Vec<Fault> = if order.faults_named {
        let met = |fault: &&Fault| !tally.met.contains_key(fault);
        order.faults.iter().filter(met).copied().collect()
    } else {
        Vec::new()
    };
    let any = |verdict| invariants.iter().any(|entry| entry.verdict == verdict);
    let verdict = if any(Judged::Broken) {
        Verdict::Broken
    } else if !never_met.is_empty() || any(Judged::Unknown) || !any(Judged::Held) {
        Verdict::Inconclusive
    } else {
        Verdict::Held
    };
    Report {
        schema: "badai.report/1",
        ledger: stage.subject().name().to_owned(),
        seed: order.seed,
        strategy: "sequential",
        verdict,
        cases,
        schedules: tally.schedules,
        crash_points: tally.crashes,
        deliveries: tally.deliveries,
        elapsed_ms: watch.elapsed().as_millis(),
        faults: tally
            .met
            .into_iter()
            .map(|(fault, times)| (fault.id(), times))
            .collect(),
        never_met,
        invariants,
    }
}
