//! The hunt: draws storms, plays their schedules, judges them, and shrinks what breaks.
//!
//! - `climb` strikes every operation at each of its statements.
//! - `duels` fights operations inside one another, in orders that a [`Plan`] chooses.
//! - [`Helper`] is a second process that fights some of them.
//! - [`Enough`] ends them where nothing more is to be learnt.
//! - `judge` plays one schedule and asks every claim about it.
//! - `shrink` finds the shortest schedule that breaks the *same* claim: each broken invariant
//!   gets a counterexample of its own.
//! - `survey` sends clients to the boundary, once.
//! - `tally` counts what a run has seen, for its report.

mod climb;
mod duels;
mod enough;
mod helper;
mod judge;
mod shrink;
mod survey;
mod tally;

pub use duels::{Method, Plan};
pub use enough::Enough;
pub use helper::{Helper, Shares, asker};
pub use judge::judge;
pub use shrink::TRIES;

use crate::clock::Stopwatch;
use crate::execute::{Begin, Stage, StageError};
use crate::invariant::{Finding, Invariant};
use crate::random;
use crate::report::{Counterexample, Refused, Report, Saved, lines};
use crate::storm::{Fault, Menu, SIZES, Schedule, Storm};
use climb::{Climbed, climb};
use proptest::strategy::{Strategy, ValueTree};
use shrink::{Found, Shrinker, Tried};
use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use tally::Tally;

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
    /// Once all of these are broken no more storms are drawn than ten; where it is empty, all are.
    pub enough: Vec<Invariant>,
    /// Schedules found before, to play first.
    pub first: Vec<Saved>,
    /// How many simpler schedules are tried for each claim that breaks, [`TRIES`] or fewer; at least
    /// the first, which shows that it breaks again.
    pub tries: u32,
}

/// Who is told how far the hunt is.
pub trait Watcher {
    /// So many of the cases are done.
    fn case(&mut self, _done: u32, _of: u32) {}
    /// Operations are struck at each of their statements; so many strikes were made.
    fn striking(&mut self, _made: u32) {}
    /// Whether to stop here: the run then reports what it has seen so far.
    fn stop(&self) -> bool {
        false
    }
    /// An invariant broke for the first time in this run.
    fn found(&mut self, _invariant: Invariant) {}
    /// A broken invariant is being shrunk; so many simpler schedules were tried.
    fn shrinking(&mut self, _invariant: Invariant, _tried: u32) {}
}

/// Nobody.
impl Watcher for () {}

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
    let (mut tally, mut found) = (Tally::default(), Finds::new());
    let how = if order.cases == 0 {
        "replay"
    } else {
        "sequential"
    };
    storms(stage, order, watcher, &mut tally, &mut found)?;
    Ok(tally.report(stage, order, how, found, watch.elapsed()))
}

/// Fights duels on a stage that holds writes.
///
/// # Errors
/// The server failed.
pub fn duel(
    stage: &mut Stage,
    order: &Order,
    plan: &Plan,
    watcher: &mut dyn Watcher,
) -> Result<Report, StageError> {
    let shares = Shares::of(stage, plan, None);
    duel_with(stage, order, plan, watcher, shares)
}

/// The same of duels that may be shared with a helper.
///
/// # Errors
/// The server failed.
pub fn duel_with(
    stage: &mut Stage,
    order: &Order,
    plan: &Plan,
    watcher: &mut dyn Watcher,
    shares: Shares,
) -> Result<Report, StageError> {
    let watch = Stopwatch::start();
    let (mut tally, mut found) = (Tally::default(), Finds::new());
    let counts = (&mut tally, &mut found);
    duels::fight_all(stage, order, plan, watcher, counts, shares)?;
    tally.explain(Invariant::Boundary, "pairs of calls say nothing of it");
    Ok(tally.report(stage, order, plan.method.id(), found, watch.elapsed()))
}

/// Fights what whoever started this process asks for, of the same duels.
///
/// # Errors
/// The server failed.
pub fn help(
    stage: &mut Stage,
    order: &Order,
    plan: &Plan,
    asker: UnixStream,
) -> Result<(), StageError> {
    duels::help(stage, order, plan, asker)
}

/// Storms first, and then the pairs, where calls can run inside one another: what a run does that
/// wasn't told how.
///
/// # Errors
/// The server failed.
pub fn mix(
    stage: &mut Stage,
    order: &Order,
    watcher: &mut dyn Watcher,
) -> Result<Report, StageError> {
    let watch = Stopwatch::start();
    let (mut tally, mut found) = (Tally::default(), Finds::new());
    let ended = storms(stage, order, watcher, &mut tally, &mut found)?;
    let late = order.time.is_some_and(|time| watch.elapsed() > time);
    if stage.has_wire() && ended == Ended::Whole && !late && !watcher.stop() {
        let storms = tally.cases;
        stage.hold_writes()?;
        let unbroken = |id: &&Invariant| !found.contains_key(id);
        let left: Vec<Invariant> = order.only.iter().filter(unbroken).copied().collect();
        let mut enough = Enough::of(&order.only, &left, watcher);
        let plan = Plan::brief();
        let counts = (&mut tally, &mut found);
        let shares = Shares::of(stage, &plan, None);
        duels::fight_all(stage, order, &plan, &mut enough, counts, shares)?;
        tally.cases = storms;
    }
    Ok(tally.report(stage, order, "mix", found, watch.elapsed()))
}

/// Jobs side by side in one round of [`load`].
const JOBS: usize = 100;

/// Cases that stand for a round of [`load`].
const CASES_A_ROUND: u32 = 20;

/// Lines of a load's story that are shown.
const LINES: usize = 12;

/// Runs jobs side by side, in as many rounds as there are score of cases.
///
/// # Errors
/// The server failed.
pub fn load(
    stage: &mut Stage,
    order: &Order,
    watcher: &mut dyn Watcher,
) -> Result<Report, StageError> {
    let watch = Stopwatch::start();
    let (mut tally, mut found) = (Tally::default(), Finds::new());
    let rounds = order.cases.div_ceil(CASES_A_ROUND);
    let (mut calls, mut took) = (0, Duration::ZERO);
    for round in 0..rounds {
        let late = order.time.is_some_and(|time| watch.elapsed() > time);
        if late || watcher.stop() || !found.is_empty() {
            break;
        }
        let Some((history, loaded)) = stage.load(JOBS)? else {
            let lacks = "no load: this ledger has no jobs that are paid for and end";
            tally.left_out.push(lacks.to_owned());
            break;
        };
        calls += loaded.calls;
        took += loaded.took;
        let schedule = Schedule::default();
        let judged = judge::claims(history, &order.only);
        tally.cases += 1;
        tally.count(&schedule, &judged);
        for (invariant, finding) in judged.findings {
            if let Finding::Broken(breach) = finding {
                let it = Found {
                    schedule: schedule.clone(),
                    history: judged.history.clone(),
                    breach,
                };
                let mut told = it.tell(stage, order.seed, invariant);
                // Which of so many calls did it can't be told.
                let many = told.steps.len().saturating_sub(LINES);
                told.steps.drain(..many);
                found.insert(invariant, Some(told));
            }
        }
        watcher.case(round + 1, rounds);
    }
    let millis = took.as_millis().max(1);
    tally.calls_per_second = u64::try_from(calls as u128 * 1_000 / millis).ok();
    tally.explain(Invariant::Boundary, "load says nothing of it");
    Ok(tally.report(stage, order, "load", found, watch.elapsed()))
}

/// Broken claims, each with its counterexample; without one if it broke once and not again.
type Finds = BTreeMap<Invariant, Option<Counterexample>>;

/// How the storms ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// As they were ordered.
    Whole,
    /// A call never came back: each further one would cost its limit again.
    Hung,
}

fn storms(
    stage: &mut Stage,
    order: &Order,
    watcher: &mut dyn Watcher,
    tally: &mut Tally,
    found: &mut Finds,
) -> Result<Ended, StageError> {
    let watch = Stopwatch::start();
    let mut menu = stage.menu();
    if order.faults.contains(&Fault::TimeTravel) && order.cases > 0 {
        stage.prepare_to_travel()?;
    }
    for &fault in &order.faults {
        match stage.refuses(fault) {
            // Most ledgers ask Stripe nothing; who didn't wonder needn't be told.
            Some(_) if fault.needs_questions() && !order.faults_named => {}
            Some(why) => tally.refused.push(Refused { fault, why }),
            // Clients at the boundary are sent once, by the survey.
            None if fault.is_trespass() => {}
            None => menu.faults.push(fault),
        }
    }
    for saved in &order.first {
        let judged = if saved.schedule.has_duel() {
            let (judged, diverged) = duels::again(stage, saved, order)?;
            tally.diverges(diverged);
            match judged {
                Some(judged) => judged,
                None => continue,
            }
        } else {
            judge(stage, &saved.schedule, Begin::Fresh, &order.only)?
        };
        tally.count(&saved.schedule, &judged);
        tally.steps = lines(&judged.history, None);
        for (invariant, finding) in judged.findings {
            if let Finding::Broken(breach) = finding {
                let again = Found {
                    schedule: saved.schedule.clone(),
                    history: judged.history.clone(),
                    breach,
                };
                let told = again.tell(stage, saved.seed, invariant);
                found.entry(invariant).or_insert(Some(told));
            }
        }
    }
    let mut broken: BTreeMap<Invariant, Vec<Origin>> = BTreeMap::new();
    let mut hung = false;
    // A replay is asked for one schedule, and for nothing else.
    if order.cases > 0 {
        let climbed = climb(stage, order, &menu, watcher, &mut |schedule, judged| {
            tally.count(schedule, judged);
            for invariant in judged.broken() {
                if !found.contains_key(&invariant) {
                    let origins = broken.entry(invariant).or_default();
                    if origins.len() < ORIGINS {
                        origins.push(Origin::Struck(schedule.clone()));
                    }
                }
            }
        })?;
        hung = climbed == Climbed::Hung;
        if menu.faults.iter().any(|fault| fault.needs_wire()) {
            tally.every_moment = Some(climbed == Climbed::Whole);
        }
    }
    let cases = if hung { 0 } else { order.cases };
    for case in 0..cases {
        let late = order.time.is_some_and(|time| watch.elapsed() > time);
        let is_broken = |claim| found.contains_key(claim) || broken.contains_key(claim);
        let told =
            tally.cases >= ENOUGH && !order.enough.is_empty() && order.enough.iter().all(is_broken);
        if late || told || watcher.stop() {
            break;
        }
        let Some(tree) = draw(&menu, order.seed, case) else {
            break;
        };
        let schedule = tree.current().schedule();
        let judged = judge(stage, &schedule, Begin::Warm, &order.only)?;
        tally.cases += 1;
        tally.count(&schedule, &judged);
        for invariant in judged.broken() {
            if !found.contains_key(&invariant) {
                let origins = broken.entry(invariant).or_default();
                if origins.len() < ORIGINS {
                    origins.push(Origin::Drawn(case));
                }
            }
        }
        watcher.case(tally.cases, order.cases);
        // A ledger that hangs costs its limit each time; one finding is enough.
        if judged.hangs() {
            hung = true;
            break;
        }
    }
    let mut short: Vec<Schedule> = Vec::new();
    let mut tried = Tried::of(broken.keys().copied());
    for (invariant, origins) in broken {
        let mut shrinker = Shrinker::new(stage, invariant, order.tries, &mut tried, watcher);
        // One bug often breaks several claims: what is short for one of them mostly is for all.
        let mut shortest = None;
        for schedule in &short {
            if shortest.is_none() {
                shortest = shrinker.shorten(schedule)?;
            }
        }
        for origin in origins {
            if shortest.is_some() {
                break;
            }
            shortest = match origin {
                Origin::Struck(schedule) => shrinker.shorten(&schedule)?,
                Origin::Drawn(case) => match draw(&menu, order.seed, case) {
                    Some(mut tree) => shrinker.shrink(&mut *tree)?,
                    None => None,
                },
            };
        }
        short.extend(shortest.as_ref().map(|it| it.schedule.clone()));
        found.insert(
            invariant,
            shortest.map(|it| it.tell(stage, order.seed, invariant)),
        );
    }
    // A replay is asked for one schedule; a ledger that hangs would at each of these too.
    let asked = order.cases > 0 && order.only.contains(&Invariant::Boundary);
    if asked
        && !hung
        && !watcher.stop()
        && !found.contains_key(&Invariant::Boundary)
        && let Some(shortest) = survey::survey(stage, order, tally, watcher)?
    {
        let told = shortest.map(|it| it.tell(stage, order.seed, Invariant::Boundary));
        found.insert(Invariant::Boundary, told);
    }
    Ok(if hung { Ended::Hung } else { Ended::Whole })
}

/// So many storms are drawn where enough is broken, to see what isn't.
const ENOUGH: u32 = 10;

/// So many schedules are kept that broke one claim. A ledger that races with its own death may break
/// it once and not again; the next may show the same without luck.
const ORIGINS: usize = 8;

/// Where a schedule that broke something came from.
enum Origin {
    /// A case's storm.
    Drawn(u32),
    /// A ladder: it is short already.
    Struck(Schedule),
}

/// Plays a saved schedule once more: the report of a run of one, which says where the ledger's
/// statements came to be others than when it was saved.
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
        enough: Vec::new(),
        first: vec![saved.clone()],
        tries: TRIES,
    };
    hunt(stage, &order, &mut ())
}

/// A case from its own seed, as often as it is asked for. Every other is a scene for one fault,
/// each fault in turn; between them are storms of all sizes.
fn draw(menu: &Menu, seed: u64, case: u32) -> Option<Box<dyn ValueTree<Value = Storm>>> {
    let mut runner = random::runner(random::case_seed(seed, case));
    let round = case as usize / 2;
    let scene = match menu.faults.get(round % menu.faults.len().max(1)) {
        Some(fault) if case.is_multiple_of(2) => menu.scene(*fault).map(Strategy::boxed),
        _ => None,
    };
    let size = SIZES[round % SIZES.len()];
    let storms = scene.unwrap_or_else(|| menu.storms(size).boxed());
    storms.new_tree(&mut runner).ok()
}
