//! The shortest schedule that breaks the same claim.
//!
//! First proptest simplifies the storm: fewer affairs, less weather, smaller numbers. Then whole
//! lanes and single steps are taken out of the schedule, and what goes wrong with single requests,
//! for as long as the claim still breaks: that gets rid of what the storm's own shape would keep.
//!
//! Each claim is shrunk for itself. But one bug often breaks several, and whoever played a schedule
//! knows of all of them whether they broke: so hardly any is played twice.

use super::Watcher;
use super::judge::{Judged, judge};
use crate::execute::{Begin, Stage, StageError};
use crate::history::{History, Names};
use crate::invariant::{Breach, Finding, Invariant};
use crate::report::{Counterexample, Saved, lines, statements};
use crate::storm::{Fate, Schedule, Storm};
use proptest::strategy::ValueTree;

/// How many simpler storms, and then how many cuts of the schedule, are tried for somebody who
/// reads what is found.
pub const TRIES: u32 = 150;
/// The same for a ledger that hangs: each try costs its limit again.
const TRIES_HUNG: u32 = 2;

/// A schedule that breaks a claim, with what happened and where it showed.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) schedule: Schedule,
    pub(super) history: History,
    pub(super) breach: Breach,
}

impl Found {
    /// The counterexample that a report shows.
    pub(super) fn tell(&self, stage: &Stage, seed: u64, invariant: Invariant) -> Counterexample {
        let breach = &self.breach;
        let schedule = self.schedule.clone();
        let ledger = stage.subject().handle();
        Counterexample {
            wrong: breach.wrong.clone(),
            account: breach.account.map(Names::account),
            steps: lines(&self.history, Some(breach)),
            file: String::new(),
            replay: String::new(),
            saved: Saved::new(ledger, seed, invariant, &breach.wrong, schedule)
                .found_on(stage.version(), statements(&self.history)),
        }
    }
}

/// Schedules that were played for any of the claims that a run shrinks, with what came of them.
pub(super) struct Tried {
    claims: Vec<Invariant>,
    known: Vec<(Schedule, Judged)>,
}

impl Tried {
    /// None yet.
    pub(super) fn of(claims: impl IntoIterator<Item = Invariant>) -> Self {
        Self {
            claims: claims.into_iter().collect(),
            known: Vec::new(),
        }
    }

    /// What came of this one, if it was played.
    fn known(&self, schedule: &Schedule) -> Option<&Judged> {
        let mut known = self.known.iter().rev();
        known.find_map(|(it, judged)| (it == schedule).then_some(judged))
    }
}

/// Looks for the shortest schedule that breaks one claim.
pub(super) struct Shrinker<'a> {
    stage: &'a mut Stage,
    invariant: Invariant,
    watcher: &'a mut dyn Watcher,
    best: Option<Found>,
    tried: &'a mut Tried,
    tries: u32,
    most: u32,
    left: u32,
}

impl<'a> Shrinker<'a> {
    pub(super) fn new(
        stage: &'a mut Stage,
        invariant: Invariant,
        most: u32,
        tried: &'a mut Tried,
        watcher: &'a mut dyn Watcher,
    ) -> Self {
        Self {
            stage,
            invariant,
            watcher,
            best: None,
            tried,
            tries: 0,
            most,
            left: most,
        }
    }

    /// The shortest found; `None` if the storm doesn't break the claim again.
    pub(super) fn shrink(
        &mut self,
        tree: &mut dyn ValueTree<Value = Storm>,
    ) -> Result<Option<Found>, StageError> {
        if !self.begins(&tree.current().schedule())? {
            return Ok(None);
        }
        while self.left > 0 && tree.simplify() {
            while self.left > 0 && !self.breaks(&tree.current().schedule())? {
                if !tree.complicate() {
                    break;
                }
            }
        }
        self.left = if self.left > TRIES_HUNG {
            self.most
        } else {
            self.left
        };
        self.cut()
    }

    /// The shortest schedule that is left of this one, or nothing if it doesn't break the claim
    /// again.
    pub(super) fn shorten(&mut self, schedule: &Schedule) -> Result<Option<Found>, StageError> {
        if !self.begins(schedule)? {
            return Ok(None);
        }
        self.cut()
    }

    fn cut(&mut self) -> Result<Option<Found>, StageError> {
        while self.cut_lanes()? || self.cut_steps()? || self.clear_up()? {}
        Ok(self.best.take())
    }

    /// Takes whole lanes out, the last first; true if one could go.
    fn cut_lanes(&mut self) -> Result<bool, StageError> {
        let lanes = self.schedule().steps.iter().map(|step| step.lane).max();
        let mut cut = false;
        for lane in (0..=lanes.unwrap_or(0)).rev() {
            let mut shorter = self.schedule();
            shorter.steps.retain(|step| step.lane != lane);
            cut |= shorter != self.schedule() && self.breaks(&shorter)?;
        }
        Ok(cut)
    }

    /// Takes single steps out, the last first; true if one could go.
    fn cut_steps(&mut self) -> Result<bool, StageError> {
        let mut cut = false;
        for step in (0..self.schedule().steps.len()).rev() {
            let mut shorter = self.schedule();
            shorter.steps.remove(step);
            cut |= self.breaks(&shorter)?;
        }
        Ok(cut)
    }

    /// Lets single requests have fair weather; true if one could.
    fn clear_up(&mut self) -> Result<bool, StageError> {
        let mut clearer = false;
        for step in 0..self.schedule().steps.len() {
            let mut fair = self.schedule();
            if let Some(fate) = fair.steps[step].action.fate_mut() {
                *fate = Fate::Answered;
            }
            clearer |= fair != self.schedule() && self.breaks(&fair)?;
        }
        Ok(clearer)
    }

    fn schedule(&self) -> Schedule {
        let best = self.best.as_ref();
        best.map(|best| best.schedule.clone()).unwrap_or_default()
    }

    /// Whether there is anything to shrink. A ledger that races with its own death may break a claim
    /// in one run and not in another: who only knows that it once didn't looks again.
    fn begins(&mut self, schedule: &Schedule) -> Result<bool, StageError> {
        Ok(self.is_known_to_break(schedule) == Some(true) || self.plays(schedule)?)
    }

    /// Whether a schedule breaks the claim; the last that did is the best.
    fn breaks(&mut self, schedule: &Schedule) -> Result<bool, StageError> {
        match self.is_known_to_break(schedule) {
            Some(breaks) => Ok(breaks),
            None => self.plays(schedule),
        }
    }

    fn is_known_to_break(&mut self, schedule: &Schedule) -> Option<bool> {
        let found = self.found(schedule, self.tried.known(schedule)?);
        let breaks = found.is_some();
        self.best = found.or(self.best.take());
        Some(breaks)
    }

    fn plays(&mut self, schedule: &Schedule) -> Result<bool, StageError> {
        // The first try says that there is something to shrink at all.
        if self.left == 0 || self.tries > 0 && self.watcher.stop() {
            return Ok(false);
        }
        self.tries += 1;
        self.left -= 1;
        self.watcher.shrinking(self.invariant, self.tries);
        let judged = judge(self.stage, schedule, Begin::Fresh, &self.tried.claims)?;
        if judged.hangs() {
            self.left = self.left.min(TRIES_HUNG);
        }
        let found = self.found(schedule, &judged);
        self.tried.known.push((schedule.clone(), judged));
        let breaks = found.is_some();
        self.best = found.or(self.best.take());
        Ok(breaks)
    }

    /// The schedule with what it broke, if it is this claim.
    fn found(&self, schedule: &Schedule, judged: &Judged) -> Option<Found> {
        let mut findings = judged.findings.iter();
        findings.find_map(|(claim, finding)| match finding {
            Finding::Broken(breach) if *claim == self.invariant => Some(Found {
                schedule: schedule.clone(),
                history: judged.history.clone(),
                breach: breach.clone(),
            }),
            _ => None,
        })
    }
}
