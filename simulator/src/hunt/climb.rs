//! Climbs every ladder: each operation, struck at each moment that it has.
//!
//! How many statements an operation has is found by going on until none is struck any more. What
//! was chosen by count is the same in every run: the faults in their order, under each the
//! operations, under each its moments.

use super::judge::{Judged, judge};
use super::{Order, Watcher};
use crate::clock::Stopwatch;
use crate::execute::{Begin, Stage, StageError};
use crate::history::What;
use crate::storm::{Fate, Fault, Ladder, Menu, Moment, Schedule, Strike};
use std::collections::BTreeMap;

/// So many strikes of single operations a run.
const STRIKES: u32 = 400;
/// So many more with another operation before or in between.
const DOUBLE_STRIKES: u32 = 160;

/// A server's crash takes ten times as long as a process's: two an operation.
const CRASHES: u32 = 12;

/// Travels in time: one asked of every ledger, two of those that go by the database's clock.
const TRAVELS: u32 = 3;

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
    menu: &Menu,
    watcher: &mut dyn Watcher,
    note: &mut dyn FnMut(&Schedule, &Judged),
) -> Result<Climbed, StageError> {
    let strikes = menu.faults.iter().copied().filter(|it| it.strikes());
    let (felling, faults): (Vec<Fault>, Vec<Fault>) = strikes.partition(|it| it.fells());
    let mut climber = Climber {
        stage,
        order,
        watcher,
        began: Stopwatch::start(),
        made: 0,
        note,
        statements: BTreeMap::new(),
        commits: BTreeMap::new(),
        left: STRIKES,
        hung: false,
    };
    let whole = climber.climb_all(&faults, &menu.ladders())?;
    climber.left = DOUBLE_STRIKES;
    if whole && faults.contains(&Fault::CrashBetween) {
        climber.climb_beside(&menu.double_ladders())?;
    }
    if order.faults.contains(&Fault::TimeTravel) && climber.stage.can_travel() {
        climber.left = TRAVELS;
        climber.travel(menu)?;
    }
    climber.left = CRASHES;
    for fault in felling {
        climber.fell(fault, &menu.ladders())?;
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
    watcher: &'a mut dyn Watcher,
    began: Stopwatch,
    made: u32,
    note: &'a mut dyn FnMut(&Schedule, &Judged),
    /// How many statements each operation has, once a climb has come to its end.
    statements: BTreeMap<String, u32>,
    /// Which of them commit.
    commits: BTreeMap<String, Vec<u32>>,
    left: u32,
    hung: bool,
}

impl Climber<'_> {
    /// False if it stopped before the end.
    fn climb_all(&mut self, faults: &[Fault], ladders: &[Ladder]) -> Result<bool, StageError> {
        for fault in faults {
            for ladder in ladders {
                if !self.climb(*fault, ladder)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// One ladder, moment by moment.
    fn climb(&mut self, fault: Fault, ladder: &Ladder) -> Result<bool, StageError> {
        // Of its calls to Stripe it has as many as it makes.
        let known = self.statements.get(&ladder.operation).copied();
        let known = known.filter(|_| fault.needs_wire());
        let mut number = 0;
        while known.is_none_or(|all| number < all) {
            let mut met = false;
            for moment in fault.moments(number) {
                match self.strike(fault, moment, ladder)? {
                    None => return Ok(false),
                    Some(true) => met = true,
                    Some(false) => break,
                }
            }
            if !met {
                if fault.kills() {
                    let name = ladder.operation.clone();
                    self.statements.insert(name, number);
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

    /// The database dies after each operation's last statement, before and after its reply: where
    /// what was acknowledged and what wasn't part. Elsewhere it is a lost connection.
    fn fell(&mut self, fault: Fault, ladders: &[Ladder]) -> Result<(), StageError> {
        for ladder in ladders {
            let all = self.statements.get(&ladder.operation);
            let last = all.map_or(0, |all| all.saturating_sub(1));
            for moment in [Moment::After(last), Moment::Replied] {
                if self.strike(fault, moment, ladder)?.is_none() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Each pair at its first commit, then each at its second, until the budget is spent; and last
    /// before the first statement. Whoever dies between two commits leaves what the first of them did:
    /// no other moment leaves the other operation anything else.
    fn climb_beside(&mut self, ladders: &[Ladder]) -> Result<(), StageError> {
        let commits = |ladder: &Ladder| {
            let found = self.commits.get(&ladder.operation);
            found.cloned().unwrap_or_default()
        };
        let commits: Vec<Vec<u32>> = ladders.iter().map(commits).collect();
        let most = commits.iter().map(Vec::len).max().unwrap_or(0);
        let mut strikes = Vec::new();
        for round in 0..most {
            let those = ladders.iter().zip(&commits);
            let after = |(ladder, commits): (_, &Vec<u32>)| {
                Some((ladder, Moment::After(*commits.get(round)?)))
            };
            strikes.extend(those.filter_map(after));
        }
        // What it had in memory is gone then, too.
        strikes.extend(ladders.iter().map(|ladder| (ladder, Moment::Before(0))));
        for (ladder, moment) in strikes {
            if self.strike(Fault::CrashBetween, moment, ladder)?.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn travel(&mut self, menu: &Menu) -> Result<(), StageError> {
        let mut holds = vec![menu.young_hold()];
        if self.stage.is_followed() {
            holds.extend([menu.old_hold(), menu.old_and_young_hold()]);
        }
        for schedule in holds.into_iter().flatten() {
            self.play(&schedule)?;
        }
        Ok(())
    }

    /// One strike: whether it was met; nothing if no more are to be tried.
    fn strike(
        &mut self,
        fault: Fault,
        moment: Moment,
        ladder: &Ladder,
    ) -> Result<Option<bool>, StageError> {
        let schedule = ladder.at(Fate::Struck(Strike::new(fault, moment)));
        let Some(judged) = self.play(&schedule)? else {
            return Ok(None);
        };
        let struck = judged
            .history
            .happenings
            .iter()
            .find_map(|it| match it.what {
                What::Struck { commits, .. } => Some(commits),
                _ => None,
            });
        if let (Fault::CrashBetween, Moment::After(number), Some(true)) = (fault, moment, struck) {
            let found = self.commits.entry(ladder.operation.clone()).or_default();
            if !found.contains(&number) {
                found.push(number);
            }
        }
        Ok(Some(struck.is_some()))
    }

    fn play(&mut self, schedule: &Schedule) -> Result<Option<Judged>, StageError> {
        let late = |time| self.began.elapsed() > time;
        let stop = self.hung || self.watcher.stop() || self.order.time.is_some_and(late);
        if self.left == 0 || stop {
            return Ok(None);
        }
        self.left -= 1;
        self.made += 1;
        self.watcher.striking(self.made);
        let judged = judge(self.stage, schedule, Begin::Warm, &self.order.only)?;
        (self.note)(schedule, &judged);
        self.hung = judged.hangs();
        Ok(Some(judged))
    }
}
