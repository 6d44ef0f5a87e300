//! The shortest schedule that breaks the same claim.
//!
//! First proptest simplifies the storm: fewer affairs, less weather, smaller numbers. Then whole
//! lanes and single steps are taken out of the schedule, and what goes wrong with single requests,
//! for as long as the claim still breaks: that gets rid of what the storm's own shape would keep.

use super::Watcher;
use super::judge::judge;
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

/// Looks for the shortest schedule that breaks one claim.
pub(super) struct Shrinker<'a> {
    stage: &'a mut Stage,
    invariant: Invariant,
    watcher: &'a mut dyn Watcher,
    best: Option<Found>,
    /// Schedules that were tried already, with what came of them.
    known: Vec<(Schedule, bool)>,
    tries: u32,
    most: u32,
    left: u32,
}

impl<'a> Shrinker<'a> {
    pub(super) fn new(
        stage: &'a mut Stage,
        invariant: Invariant,
        most: u32,
        watcher: &'a mut dyn Watcher,
    ) -> Self {
        Self {
            stage,
            invariant,
            watcher,
            best: None,
            known: Vec::new(),
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
        if !self.breaks(&tree.current().schedule())? {
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
        if !self.breaks(schedule)? {
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

    /// Whether a schedule breaks the claim; the last that did is the best.
    fn breaks(&mut self, schedule: &Schedule) -> Result<bool, StageError> {
        if let Some((_, breaks)) = self.known.iter().find(|(known, _)| known == schedule) {
            return Ok(*breaks);
        }
        // The first try says that there is something to shrink at all.
        if self.left == 0 || self.tries > 0 && self.watcher.stop() {
            return Ok(false);
        }
        self.tries += 1;
        self.left -= 1;
        self.watcher.shrinking(self.invariant, self.tries);
        let judged = judge(self.stage, schedule, Begin::Fresh, &[self.invariant])?;
        if judged.hangs() {
            self.left = self.left.min(TRIES_HUNG);
        }
        let breach = judged
            .findings
            .into_iter()
            .find_map(|(_, found)| match found {
                Finding::Broken(breach) => Some(breach),
                _ => None,
            });
        let breaks = breach.is_some();
        self.known.push((schedule.clone(), breaks));
        if let Some(breach) = breach {
            self.best = Some(Found {
                schedule: schedule.clone(),
                history: judged.history,
                breach,
            });
        }
        Ok(breaks)
    }
}
