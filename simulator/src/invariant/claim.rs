//! What a checker is given, and what it may say.

use super::audit::{Audit, Deviation};
use crate::history::{History, Request};

/// What a checker looks at: what happened, and where it left the model.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What happened.
    pub history: &'a History,
    /// Where it left the model.
    pub audit: &'a Audit,
}

/// What a checker says about one schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It looked, and the claim is true.
    Held,
    /// The claim is false, and here is where.
    Broken(Breach),
    /// It ran out of budget.
    Unknown,
    /// There was nothing to look at in this schedule, or no way to look.
    Unchecked,
}

/// Where a claim is false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Whose account; `None` where it is nobody's.
    pub account: Option<usize>,
    /// Where it showed, as a place in the history.
    pub place: usize,
    /// The request behind it, as a place in the history.
    pub cause: Option<usize>,
    /// Which of the requests there, if one of them alone is to blame.
    pub nth: Option<usize>,
    /// The one reply or balance that is wrong, in words: what it is and what it could have been.
    pub wrong: String,
    /// What it could have been, alone.
    pub wanted: Option<String>,
}

impl Evidence<'_> {
    /// The requests that may be behind a deviation: one, or all that overlapped.
    pub fn behind<'a>(&'a self, found: &'a Deviation) -> impl Iterator<Item = &'a Request> {
        let place = found
            .cause
            .and_then(|place| self.history.happenings.get(place));
        let requests = place.map_or(&[][..], |happening| happening.requests());
        let blamed = |nth: usize| found.nth.is_none_or(|it| it == nth);
        let blamed = requests
            .iter()
            .enumerate()
            .filter(move |(nth, _)| blamed(*nth));
        blamed.map(|(_, request)| request)
    }

    /// The claim is broken by the first deviation that `accuses`; else it is held if there was
    /// something to look at.
    #[must_use]
    pub fn judge(&self, looked: bool, accuses: impl Fn(&Deviation) -> bool) -> Finding {
        match self.audit.deviations.iter().find(|found| accuses(found)) {
            Some(deviation) => Finding::Broken(deviation.breach()),
            None if self.audit.exhausted => Finding::Unknown,
            None if looked && self.audit.followed > 0 => Finding::Held,
            None => Finding::Unchecked,
        }
    }
}
