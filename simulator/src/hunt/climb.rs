//! Climbs every ladder: each operation, struck at each moment that it has.
//!
//! How many statements an operation has is found by going on until none is struck any more. What
//! was chosen by count is the same in every run: the faults in their order, under each the
//! operations, under each its moments.

use super::judge::{Judged, judge};
use super::{Order, Watcher};
use crate::execute::{Begin, Stage, StageError};
use crate::history::What;
use crate::storm::{Fate, Fault, Ladder, Moment, Schedule, Strike};

/// So many strikes of single operations a run.
const STRIKES: u32 = 400;
/// So many more with another operation before or in between.
const DOUBLE_STRIKES: u32 = 150;

/// How far the climb came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Climbed {
    /// Every moment of every operation alone was struck.
    Whole,
    /// More moments than the budget has.
    Partly,
    /// A call never came back: each further one would cost its limit again.
    Hung,
}

/// Strikes every operation at every moment with every fault of the order's that strikes.
///
/// # Errors
/// The server failed.
pub(super) fn climb(
    stage: &mut Stage,
    order: &Order,
    watcher: &dyn Watcher,
    note: &mut dyn FnMut(&Schedule, &Judged),
) -> Result<Climbed, StageError> {
    let faults = order.faults.iter().copied().filter(|it| it.strikes());
    let faults: Vec<Fault> = faults.filter(|_| stage.has_wire()).collect();
    let menu = stage.menu();
    let mut climber = Climber {
        stage,
        order,
        watcher,
        note,
        left: STRIKES,
        hung: false,
    };
    let alone = climber.climb_all(&faults, menu.ladders())?;
    let whole = climber.left > 0;
    climber.left = DOUBLE_STRIKES;
    let deadly: Vec<Fault> = faults
        .iter()
        .copied()
        .filter(|it| it.kills())
        .take(1)
        .collect();
    // What came back of an operation alone is known; beside another the first moments tell most.
    if alone {
        climber.climb_all(&deadly, menu.double_ladders())?;
    }
    Ok(match (climber.hung, whole) {
        (true, _) => Climbed::Hung,
        (false, true) => Climbed::Whole,
        (false, false) => Climbed::Partly,
    })
}

struct Climber<'a> {
    stage: &'a mut Stage,
    order: &'a Order,
    watcher: &'a dyn Watcher,
    note: &'a mut dyn FnMut(&Schedule, &Judged),
    left: u32,
    hung: bool,
}

impl Climber<'_> {
    /// False if it stopped before the end.
    fn climb_all(&mut self, faults: &[Fault], ladders: Vec<Ladder>) -> Result<bool, StageError> {
        // How many statements each operation has, once that is known.
        let mut ladders: Vec<_> = ladders.into_iter().map(|it| (it, None)).collect();
        for fault in faults {
            for (ladder, statements) in &mut ladders {
                if !self.climb(*fault, ladder, statements)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn climb(
        &mut self,
        fault: Fault,
        ladder: &Ladder,
        statements: &mut Option<u32>,
    ) -> Result<bool, StageError> {
        let mut number = 0;
        while statements.is_none_or(|all| number < all) {
            let mut met = false;
            for moment in fault.moments(number) {
                let Some(struck) = self.strike(fault, moment, ladder)? else {
                    return Ok(false);
                };
                if !struck {
                    break;
                }
                met = true;
            }
            if !met {
                if fault.kills() {
                    *statements = Some(number);
                }
                break;
            }
            number += 1;
        }
        if fault == Fault::CrashBetween {
            return Ok(self.strike(fault, Moment::Replied, ladder)?.is_some());
        }
        Ok(true)
    }

    /// One strike: whether it was met; nothing if no more are to be tried.
    fn strike(
        &mut self,
        fault: Fault,
        moment: Moment,
        ladder: &Ladder,
    ) -> Result<Option<bool>, StageError> {
        if self.left == 0 || self.hung || self.watcher.stop() {
            return Ok(None);
        }
        self.left -= 1;
        let schedule = ladder.at(Fate::Struck(Strike::new(fault, moment)));
        let judged = judge(self.stage, &schedule, Begin::Warm, &self.order.only)?;
        (self.note)(&schedule, &judged);
        self.hung = judged.hangs();
        let struck = |what: &What| matches!(what, What::Struck { .. });
        let mut happenings = judged.history.happenings.iter();
        Ok(Some(happenings.any(|it| struck(&it.what))))
    }
}
