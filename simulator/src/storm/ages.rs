//! Ages: holds that are young or old by the database's clock when a sweep comes.
//!
//! The sweep asks for holds older than an hour. A hold of five minutes must stay; one of two hours
//! must go, and the calm sees to it. What ends a hold by itself is left out of it: no job ends here.

use super::fault::Fault;
use super::generate::Menu;
use super::schedule::{Action, Copy, Fate, Schedule, Step};

/// The age that sweeps ask for, in seconds.
pub const SWEPT_AGE: u32 = 3_600;
/// Far below it.
const YOUNG: u32 = 300;
/// Far above it.
pub const OLD: u32 = 7_200;

impl Menu {
    /// A hold that stays: whatever clock the ledger goes by, it is young.
    #[must_use]
    pub fn young_hold(&self) -> Option<Schedule> {
        self.hold_of(&[YOUNG])
    }

    /// A hold that goes once it is old by the database's clock, and not before.
    #[must_use]
    pub fn old_hold(&self) -> Option<Schedule> {
        self.hold_of(&[YOUNG, OLD])
    }

    /// A hold that is old and one that is young when one sweep comes: it takes the first, where the
    /// ledger goes by the database's clock, and not the second.
    #[must_use]
    pub fn old_and_young_hold(&self) -> Option<Schedule> {
        let mut schedule = self.hold_of(&[])?;
        schedule.steps.extend([
            step(20, 1, Action::Travel { seconds: OLD }),
            reserve(30, 2, self.share(20)),
            sweep(40),
        ]);
        Some(schedule)
    }

    /// A hold that is old, and then one that is new: the first sweep takes only that one, the
    /// second nothing, where the ledger goes by the database's clock throughout.
    #[must_use]
    pub fn which_clock(&self) -> Option<Schedule> {
        let mut schedule = self.hold_of(&[OLD])?;
        schedule.steps.push(reserve(60, 2, self.share(30)));
        schedule.steps.push(sweep(70));
        Some(schedule)
    }

    /// A hold, and after each of these times a sweep.
    fn hold_of(&self, ages: &[u32]) -> Option<Schedule> {
        if !(self.packs > 0 && self.jobs && self.sweeps) {
            return None;
        }
        let (pack, debit, fate) = (0, false, Fate::Answered);
        let deliver = Action::Deliver {
            event: 0,
            copy: Copy::Genuine,
            instance: 0,
            fate,
        };
        let mut steps = vec![
            step(0, 0, Action::Buy { pack, debit }),
            step(2, 0, deliver),
            reserve(10, 1, self.share(30)),
        ];
        for (seconds, at) in ages.iter().zip([20, 40]) {
            let seconds = *seconds;
            steps.push(step(at, 1, Action::Travel { seconds }));
            steps.push(sweep(at + 10));
        }
        Some(Schedule {
            steps,
            faults: vec![Fault::TimeTravel],
        })
    }
}

fn reserve(at: u32, lane: usize, amount: i64) -> Step {
    let (instance, fate) = (1, Fate::Answered);
    let reserve = Action::Reserve {
        amount,
        instance,
        fate,
    };
    step(at, lane, reserve)
}

fn sweep(at: u32) -> Step {
    let (older_than, instance, fate) = (u64::from(SWEPT_AGE), 0, Fate::Answered);
    let sweep = Action::Sweep {
        older_than,
        instance,
        fate,
    };
    step(at, 3, sweep)
}

fn step(at: u32, lane: usize, action: Action) -> Step {
    Step {
        at,
        lane,
        account: 0,
        action,
    }
}
