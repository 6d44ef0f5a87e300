//! Duels, fought in many orders: all of them, where that ends soon enough.
//!
//! Every order is tried first, of those that can't be told apart one. A duel with too many for
//! that is begun anew with at most two preemptions, which most races need; and if that doesn't end
//! either, the rest of the budget is drawn by PCT, which says with what probability it finds a bug
//! of its depth.

use super::helper::{self, Helper, Shares};
use super::judge::{self, Judged};
use super::shrink::Found;
use super::tally::Tally;
use super::{Finds, Order, Watcher};
use crate::clock::Stopwatch;
use crate::execute::{Manner, Stage, StageError};
use crate::history::History;
use crate::invariant::{Finding, Invariant};
use crate::random;
use crate::report::{Coverage, Divergence, Saved, statements};
use crate::storm::{Action, Duel, Fault, Moment, Schedule};
use crate::strategy::{Actor, Diverged, Exhaustive, Handover, Pct, Random, Replay, Strategy};
use std::collections::BTreeSet;
use std::os::unix::net::UnixStream;

/// Which duels are fought, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How orders are chosen.
    pub method: Method,
    /// How many orders of a pair are tried at most.
    pub orders: u32,
    /// How many orders of three operations at once, of which there are many more; none if 0.
    pub threes: u32,
    /// Whether a duel that has more orders is gone on with: within a bound on preemptions, and then
    /// by PCT.
    pub deepens: bool,
    /// How many orders in which a process is to die while it waits.
    pub deaths: u32,
}

/// How orders are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Every order, then a bound on preemptions, then PCT.
    Exhaustive,
    /// Probabilistic concurrency testing, for bugs of this depth.
    Pct {
        /// How many steps must come in a certain order.
        depth: u32,
    },
    /// Every step drawn.
    Random,
}

impl Method {
    /// Its name at the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Exhaustive => "exhaustive",
            Self::Pct { .. } => "pct",
            Self::Random => "random",
        }
    }
}

/// How many steps PCT believes a run to have before it has seen one.
const STEPS: u32 = 12;

/// Preemptions that most races need at most.
const PREEMPTIONS: u32 = 2;

/// The depth of the bugs that PCT looks for at the end.
const DEPTH: u32 = 3;

impl Plan {
    /// Every order of pairs and threes.
    #[must_use]
    pub fn exhaustive() -> Self {
        Self {
            method: Method::Exhaustive,
            orders: 2_000,
            threes: 200,
            deepens: true,
            deaths: 400,
        }
    }

    /// Every order of pairs.
    #[must_use]
    pub fn pairs() -> Self {
        Self {
            threes: 0,
            deaths: 60,
            ..Self::exhaustive()
        }
    }

    /// The pairs, as far as a few dozen orders go.
    #[must_use]
    pub fn brief() -> Self {
        Self {
            method: Method::Exhaustive,
            orders: 40,
            threes: 0,
            deepens: false,
            deaths: 60,
        }
    }
}

/// What came of one strategy's orders of one duel.
struct Round {
    orders: u32,
    /// The strategy had no more.
    whole: bool,
    /// Nothing more is to be tried at all.
    over: bool,
    /// Left, because somebody waits for another in one process.
    waits: bool,
    /// The same steps led elsewhere.
    strays: Option<String>,
    /// How many orders there are without reduction, where it was counted.
    unreduced: Option<u64>,
}

/// Fights every duel of what the ledger offers, and then lets processes die in them.
pub(super) fn fight_all(
    stage: &mut Stage,
    order: &Order,
    plan: &Plan,
    watcher: &mut dyn Watcher,
    (tally, found): (&mut Tally, &mut Finds),
    mut shares: Shares,
) -> Result<(), StageError> {
    if plan.threes > 0 && stage.asks() {
        let left = "calls that share a process were not fought: this ledger asks Stripe";
        tally.left_out.push(left.to_owned());
    }
    let duels = duels(stage, plan);
    let all = u32::try_from(duels.len()).unwrap_or(u32::MAX);
    let mut duelling = Duelling::on(stage, order, watcher, tally, found);
    let mut fought = 0;
    while let Some(turn) = shares.next() {
        let mut over = false;
        match turn.counted {
            Some(counted) => duelling.tally.add(counted),
            None => over = duelling.takes(turn.number, &duels, plan)?,
        }
        if duelling.has_broken() {
            // From here on what is fought depends on what was found.
            shares.alone();
        }
        if turn.number < duels.len() {
            fought += 1;
            duelling.tally.cases = fought;
            duelling.watcher.case(fought, all);
        }
        if over {
            break;
        }
    }
    let unbroken = duelling.is_unbroken();
    let Duelling {
        stage,
        tally,
        found,
        once,
        ..
    } = duelling;
    tally.left_out.extend(stage.left_out());
    // Where all that was to be judged is broken nobody misses the others.
    if unbroken && fought < all {
        let left = all - fought;
        let left = format!("{left} of {all} kinds of calls inside one another were not fought");
        tally.left_out.push(left);
    }
    for claim in once {
        found.entry(claim).or_insert(None);
    }
    Ok(())
}

impl Shares {
    /// All that is fought on this stage, of which a helper, if there is one, begins with the last.
    #[must_use]
    pub fn of(stage: &Stage, plan: &Plan, helper: Option<Helper>) -> Self {
        Self::among(duels(stage, plan).len() + 1, helper)
    }
}

/// Fights what is asked for, each as if nothing had been found before.
pub(super) fn help(
    stage: &mut Stage,
    order: &Order,
    plan: &Plan,
    asker: UnixStream,
) -> Result<(), StageError> {
    let duels = duels(stage, plan);
    helper::answer(asker, |number| {
        let (mut tally, mut found) = (Tally::default(), Finds::new());
        let mut nobody = ();
        let mut duelling = Duelling::on(stage, order, &mut nobody, &mut tally, &mut found);
        let over = duelling.takes(number, &duels, plan)?;
        let well = !over && !duelling.has_broken();
        Ok((well && tally.is_all()).then_some(tally))
    })
}

/// The duels of what the ledger offers, each with how many orders are tried at most.
fn duels(stage: &Stage, plan: &Plan) -> Vec<(Duel, u32)> {
    let pairs = stage.menu().duels().into_iter();
    let mut duels: Vec<(Duel, u32)> = pairs.map(|duel| (duel, plan.orders)).collect();
    // Whoever waits for Stripe looks there like whoever waits for the other in the same process.
    if plan.threes > 0 && !stage.asks() {
        let threes = stage.menu().threes().into_iter();
        duels.extend(threes.map(|duel| (duel, plan.threes)));
    }
    duels
}

/// What all duels of a run have in common, and all that their orders are counted in.
struct Duelling<'a> {
    stage: &'a mut Stage,
    order: &'a Order,
    watcher: &'a mut dyn Watcher,
    tally: &'a mut Tally,
    found: &'a mut Finds,
    /// What broke, and not when the same order was fought again.
    once: BTreeSet<Invariant>,
    /// Since the first duel.
    watch: Stopwatch,
    /// Somebody was seen to wait for another in one process: then what it has in memory counts
    /// among what their moves depend on. It is seen in the first orders, if at all: there each
    /// start is tried before each move of the others.
    minds_memory: bool,
}

impl<'a> Duelling<'a> {
    fn on(
        stage: &'a mut Stage,
        order: &'a Order,
        watcher: &'a mut dyn Watcher,
        tally: &'a mut Tally,
        found: &'a mut Finds,
    ) -> Self {
        Self {
            stage,
            order,
            watcher,
            tally,
            found,
            once: BTreeSet::new(),
            watch: Stopwatch::start(),
            minds_memory: false,
        }
    }

    /// The duel of that number, or, after the last, processes that die; true if nothing more is to
    /// be tried.
    fn takes(
        &mut self,
        number: usize,
        duels: &[(Duel, u32)],
        plan: &Plan,
    ) -> Result<bool, StageError> {
        let Some((duel, most)) = duels.get(number) else {
            self.die_waiting(plan.deaths)?;
            return Ok(false);
        };
        self.minds_memory = false;
        let case = u32::try_from(number + 1).unwrap_or(u32::MAX);
        self.fight(duel, plan, *most, random::case_seed(self.order.seed, case))
    }

    /// Whether anything broke, be it once.
    fn has_broken(&self) -> bool {
        !self.found.is_empty() || !self.once.is_empty()
    }

    /// Whether something that is to be judged isn't broken yet.
    fn is_unbroken(&self) -> bool {
        let mut claims = self.order.only.iter();
        claims.any(|claim| !self.found.contains_key(claim))
    }

    /// Tries what the plan says; true if nothing more is to be tried.
    fn fight(
        &mut self,
        duel: &Duel,
        plan: &Plan,
        most: u32,
        seed: u64,
    ) -> Result<bool, StageError> {
        let schedule = &duel.schedule;
        match plan.method {
            Method::Exhaustive => {
                let mut round = self.tries_all(schedule, most)?;
                if round.waits {
                    self.minds_memory = true;
                    round = self.tries_all(schedule, most)?;
                }
                self.covers(duel, &round, Coverage::EVERY);
                if round.whole || round.over || round.strays.is_some() || !plan.deepens {
                    return Ok(round.over);
                }
                let bounded = self.rounds(schedule, &mut Exhaustive::bounded(PREEMPTIONS), most)?;
                let how = format!("at most {PREEMPTIONS} preemptions");
                if bounded.whole || bounded.over || bounded.strays.is_some() {
                    return Ok(self.covers(duel, &bounded, &how));
                }
                self.covers(duel, &bounded, &how);
                self.draw_pct(duel, DEPTH, (most / 2).max(1), seed)
            }
            Method::Pct { depth } => self.draw_pct(duel, depth, most, seed),
            Method::Random => {
                let round = self.rounds(schedule, &mut Random::new(seed), most)?;
                Ok(self.covers(duel, &round, "drawn at random"))
            }
        }
    }

    /// Tries every order, of those that can't be told apart one.
    fn tries_all(&mut self, schedule: &Schedule, most: u32) -> Result<Round, StageError> {
        let mut every = Exhaustive::new();
        let round = self.rounds(schedule, &mut every, most)?;
        let unreduced = u64::try_from(every.stands_for()).ok();
        Ok(Round { unreduced, ..round })
    }

    /// Lets each operation's process die while another keeps it waiting, in so many orders at most.
    fn die_waiting(&mut self, most: u32) -> Result<(), StageError> {
        let fault = Fault::CrashBetween;
        let kills = self.order.faults.contains(&fault) && self.stage.refuses(fault).is_none();
        if !kills || !self.is_unbroken() {
            return Ok(());
        }
        // The next attempt shares a process with whoever it waits for.
        self.minds_memory = true;
        for duel in self.stage.menu().deaths(!self.stage.asks()) {
            for moment in [Moment::WaitingUnnoticed, Moment::WaitingNoticed] {
                if self.dies_waiting(&duel.dying(moment), most)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The second call goes on until the first has to wait for it, and dies, or until its end; true
    /// if nothing more is to be tried.
    fn dies_waiting(&mut self, schedule: &Schedule, most: u32) -> Result<bool, StageError> {
        let mut strategy = Handover::of(Actor(1));
        let before = self.tally.deaths;
        while self.tally.deaths == before {
            if self.tally.dying.orders >= most {
                return Ok(true);
            }
            let round = self.rounds(schedule, &mut strategy, 1)?;
            self.tally.dying.orders += round.orders;
            if round.over {
                return Ok(true);
            }
            if round.whole || round.strays.is_some() {
                return Ok(false);
            }
        }
        self.tally.dying.deaths += 1;
        Ok(false)
    }

    fn draw_pct(
        &mut self,
        duel: &Duel,
        depth: u32,
        most: u32,
        seed: u64,
    ) -> Result<bool, StageError> {
        let mut pct = Pct::new(seed, depth, STEPS);
        let round = self.rounds(&duel.schedule, &mut pct, most)?;
        // At least one of so many runs.
        let missed = (1.0 - pct.bound()).powf(f64::from(round.orders));
        let percent = 100.0 * (1.0 - missed);
        let places = usize::from(percent < 10.0);
        let how =
            format!("by PCT, a bug of depth {depth} found with at least {percent:.places$} %");
        Ok(self.covers(duel, &round, &how))
    }

    fn covers(&mut self, duel: &Duel, round: &Round, how: &str) -> bool {
        if let Some(why) = &round.strays {
            let name = &duel.name;
            let strays = format!("{name}: the ledger's own doing isn't the same each time: {why}");
            self.tally.left_out.push(strays);
        }
        if round.orders > 0 {
            self.tally.covers(Coverage {
                name: duel.name.clone(),
                orders: round.orders,
                whole: round.whole,
                how: how.to_owned(),
                unreduced: round.unreduced,
            });
        }
        round.over
    }

    /// Tries a strategy's orders, so many at most.
    fn rounds(
        &mut self,
        schedule: &Schedule,
        strategy: &mut dyn Strategy,
        most: u32,
    ) -> Result<Round, StageError> {
        let mut round = Round {
            orders: 0,
            whole: false,
            over: false,
            waits: false,
            strays: None,
            unreduced: None,
        };
        // An order that can't be told from another costs as much as any.
        let mut redundant = 0;
        let mut counts = true;
        loop {
            let only = &self.order.only;
            // Whatever was to be judged is broken: more orders would say it again.
            let told = only.iter().all(|claim| self.found.contains_key(claim));
            let late = self
                .order
                .time
                .is_some_and(|time| self.watch.elapsed() > time);
            round.over |= told || late || counts && self.watcher.stop();
            if round.over || round.orders >= most || redundant >= 4 * most {
                return Ok(round);
            }
            if !strategy.begin() {
                round.whole = true;
                return Ok(round);
            }
            match fight(
                self.stage,
                schedule,
                strategy,
                self.order,
                Manner {
                    minds_memory: self.minds_memory,
                    spares: true,
                },
            ) {
                Ok(Fight::Redundant) => {
                    redundant += 1;
                    counts = false;
                }
                Ok(Fight::Judged {
                    schedule,
                    judged,
                    waited_inside,
                }) => {
                    round.orders += 1;
                    counts = true;
                    round.waits = waited_inside && !self.minds_memory;
                    // Who hangs costs the limit each time; one finding is enough.
                    round.over |= judged.hangs();
                    self.note(&schedule, &judged)?;
                    if round.waits {
                        return Ok(round);
                    }
                }
                Ok(Fight::Diverged { diverged, .. }) => {
                    self.stage.refresh()?;
                    round.strays = Some(diverged.to_string());
                    return Ok(round);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn note(&mut self, schedule: &Schedule, judged: &Judged) -> Result<(), StageError> {
        self.tally.count(schedule, judged);
        let fresh = |id: &Invariant| !self.found.contains_key(id);
        let broken: Vec<Invariant> = judged.broken().filter(fresh).collect();
        if broken.is_empty() {
            return Ok(());
        }
        // Once more, on a ledger that has seen nothing else, and now with all that there is to tell.
        let retold = match fight(
            self.stage,
            schedule,
            &mut replaying(schedule),
            self.order,
            Manner::default(),
        )? {
            Fight::Judged { judged, .. } => Some(*judged),
            Fight::Redundant => None,
            Fight::Diverged { .. } => {
                self.stage.refresh()?;
                None
            }
        };
        for invariant in broken {
            let tells = |it: &&Judged| it.broken().any(|other| other == invariant);
            let Some(told) = retold.as_ref().filter(tells) else {
                self.once.insert(invariant);
                continue;
            };
            let breach = told
                .findings
                .iter()
                .find_map(|(id, finding)| match finding {
                    Finding::Broken(breach) if *id == invariant => Some(breach.clone()),
                    _ => None,
                });
            let Some(breach) = breach else { continue };
            let it = Found {
                schedule: schedule.clone(),
                history: told.history.clone(),
                breach,
            };
            let told = it.tell(self.stage, self.order.seed, invariant);
            self.found.insert(invariant, Some(told));
            self.watcher.found(invariant);
        }
        Ok(())
    }
}

/// The order that a schedule's duel was fought in, once more.
fn replaying(schedule: &Schedule) -> Replay {
    let kept = schedule.steps.iter().filter_map(|step| match &step.action {
        Action::Duel { order, .. } => Some(order.clone()),
        _ => None,
    });
    let mut strategy = Replay::new(kept.flatten().map(Actor).collect());
    strategy.begin();
    strategy
}

/// Fights a saved duel again, in the order that it was saved with, and says where it came to be
/// another.
pub(super) fn again(
    stage: &mut Stage,
    saved: &Saved,
    order: &Order,
) -> Result<(Option<Judged>, Option<Divergence>), StageError> {
    let mut strategy = replaying(&saved.schedule);
    match fight(
        stage,
        &saved.schedule,
        &mut strategy,
        order,
        Manner::default(),
    )? {
        Fight::Judged { judged, .. } => {
            let made = statements(&judged.history);
            let diverged = Divergence::between(&saved.statements, &made);
            Ok((Some(*judged), diverged))
        }
        // A replay never leaves an order for another.
        Fight::Redundant => Ok((None, None)),
        Fight::Diverged { diverged, history } => {
            let made = statements(&history);
            let names = |actors: &[Actor]| actors.iter().map(|it| it.0).collect::<Vec<_>>();
            let (wanted, could) = (names(&diverged.wanted), names(&diverged.enabled));
            let stuck = Divergence::stuck(diverged.step, &wanted, &could);
            let other = Divergence::between(&saved.statements, &made)
                .filter(|_| !saved.statements.starts_with(&made));
            // Its calls were left in the middle of what they did.
            stage.refresh()?;
            Ok((None, Some(other.unwrap_or(stuck))))
        }
    }
}

/// What came of one fight.
enum Fight {
    /// Its order can't be told from one that was fought already.
    Redundant,
    /// It isn't the run that is repeated; this much happened until it was noticed.
    Diverged {
        diverged: Diverged,
        history: Box<History>,
    },
    /// It was fought to its end.
    Judged {
        schedule: Schedule,
        judged: Box<Judged>,
        waited_inside: bool,
    },
}

fn fight(
    stage: &mut Stage,
    schedule: &Schedule,
    strategy: &mut dyn Strategy,
    order: &Order,
    manner: Manner,
) -> Result<Fight, StageError> {
    let fought = stage.play_duel(schedule, strategy, manner)?;
    let Some(history) = fought.history else {
        return Ok(Fight::Redundant);
    };
    if let Some(diverged) = fought.diverged {
        let history = Box::new(history);
        return Ok(Fight::Diverged { diverged, history });
    }
    let mut chosen = schedule.clone();
    for step in &mut chosen.steps {
        if let Action::Duel { order, .. } = &mut step.action {
            order.clone_from(&fought.order);
        }
    }
    let judged = judge::claims(history, &order.only);
    judge::clear_up(stage, &judged.history, judged.broken().next().is_some())?;
    Ok(Fight::Judged {
        schedule: chosen,
        judged: Box::new(judged),
        waited_inside: fought.waited_inside,
    })
}
