//! Travels in time: the database's clock is shifted, and sweeps are asked by age.
//!
//! A ledger may stamp its holds, and tell their age, by the database's clock or by its own. Only
//! the first can be shifted. A hold that is young by either must stay, and that is asked of every
//! ledger. That an old one goes is asked only where a trial has shown that the ledger goes by the
//! database's clock for both: else the shift, and not the ledger, would be what is wrong.

use super::play::Play;
use super::stage::{Stage, StageError};
use crate::clock::Stopwatch;
use crate::history::{History, Outcome, What};
use crate::model::{Deed, Reach};
use crate::server::ServerError;
use crate::storm::{OLD, SWEPT_AGE};
use crate::target::{JobId, Reply};
use std::collections::BTreeMap;

/// How much the real clock may have gone on during a schedule.
const SLACK: u64 = 120;

/// What is known of time on a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Travel {
    /// It was never tried.
    Untried,
    /// It can't be had, and why.
    Refused(String),
    /// The clock can be shifted; whether the ledger goes by it.
    Possible { followed: bool },
}

/// Where a schedule stands in time.
#[derive(Clone, Debug)]
pub(super) struct Journey {
    /// By how much the clock is shifted.
    shift: u64,
    /// The shift at which a hold was first asked for, by job.
    holds: BTreeMap<JobId, u64>,
    watch: Stopwatch,
}

impl Journey {
    pub(super) fn begin() -> Self {
        Self {
            shift: 0,
            holds: BTreeMap::new(),
            watch: Stopwatch::start(),
        }
    }

    /// Which holds can be so old by now.
    fn reach(&self, age: u64) -> Reach {
        let passed = self.watch.elapsed().as_secs() + SLACK;
        let holds = self.holds.iter();
        let old = holds.filter(|(_, since)| self.shift - **since + passed >= age);
        let old: Vec<JobId> = old.map(|(job, _)| job.clone()).collect();
        if old.is_empty() {
            Reach::Nothing
        } else {
            Reach::Only(old)
        }
    }
}

impl Play<'_> {
    /// The database's clock goes forward, where it can.
    pub(super) fn travel(&mut self, seconds: u32) {
        let shift = self.journey.shift + u64::from(seconds);
        if self.stage.shift_clock(shift) {
            self.journey.shift = shift;
            self.happens(What::Travel { seconds });
        }
    }

    /// A lane's hold is asked for now.
    pub(super) fn holds_now(&mut self, lane: usize) {
        let job = self.lanes[lane].job.clone();
        let now = self.journey.shift;
        self.journey.holds.entry(job).or_insert(now);
    }

    /// What a sweep for that age can find.
    pub(super) fn reach(&self, older_than: u64) -> Reach {
        match older_than {
            0 => Reach::Everything,
            _ => self.journey.reach(older_than),
        }
    }

    /// The age that the calm's sweeps ask for. Where time was moved and the ledger goes with it,
    /// all holds are made old enough, and are asked for by age.
    pub(super) fn calm_age(&mut self) -> u64 {
        if self.journey.shift == 0 || !self.stage.is_followed() {
            return 0;
        }
        self.travel(OLD);
        u64::from(SWEPT_AGE)
    }
}

impl Stage {
    /// Makes the clock movable, and tries whether the ledger goes by it; once.
    ///
    /// # Errors
    /// The server failed.
    pub fn prepare_to_travel(&mut self) -> Result<(), StageError> {
        if self.travel != Travel::Untried {
            return Ok(());
        }
        let Some(trial) = self.menu().which_clock() else {
            let why = "it takes jobs and a sweep to see what time does".to_owned();
            self.travel = Travel::Refused(why);
            return Ok(());
        };
        self.let_go();
        self.travel = match self.loosen_clock() {
            Ok(()) => Travel::Possible { followed: false },
            Err(ServerError::Absent(why)) => Travel::Refused(why),
            Err(error) => return Err(error.into()),
        };
        if self.travel == (Travel::Possible { followed: false }) {
            let history = self.play(&trial, super::Begin::Fresh)?;
            let followed = follows(&history);
            self.travel = Travel::Possible { followed };
            self.refresh()?;
        }
        Ok(())
    }

    /// Why time can't be moved here, or why it tells only half.
    #[must_use]
    pub fn refuses_travel(&self) -> Option<String> {
        match &self.travel {
            Travel::Refused(why) => Some(why.clone()),
            Travel::Possible { followed: false } => Some(
                "its sweep doesn't go by the database's clock, so only young holds were tried"
                    .to_owned(),
            ),
            Travel::Untried | Travel::Possible { followed: true } => None,
        }
    }

    /// Whether the ledger tells ages by the database's clock.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.travel == Travel::Possible { followed: true }
    }

    /// Whether the clock can be moved at all.
    #[must_use]
    pub fn can_travel(&self) -> bool {
        matches!(self.travel, Travel::Possible { .. })
    }
}

/// Whether, in the trial, the first sweep took the old hold and the second none.
fn follows(history: &History) -> bool {
    let by_age = |deed: &Deed| matches!(deed, Deed::Sweep { .. });
    let mut sweeps = history.requests().filter(|(_, it)| by_age(&it.deed));
    let mut took = |jobs: usize| {
        let sweep = sweeps.next().map(|(_, request)| &request.outcome);
        matches!(sweep, Some(Outcome::Replied(Reply::Sweep(swept))) if swept.len() == jobs)
    };
    took(1) && took(0)
}
