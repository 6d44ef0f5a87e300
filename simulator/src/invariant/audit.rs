//! The audit: walks one account through a history beside the model, and finds the first place
//! where the ledger left every path that a reasonable ledger takes.
//!
//! `walk` does the walking, an account at a time; here is what comes of it.

use super::walk::Walk;
use crate::history::{History, What};
use crate::model::Standing;
use crate::target::{Charge, Refund, Reply};
use std::collections::BTreeSet;

/// How many configurations are looked at an account: some tenths of a second.
const CONFIGURATIONS: u32 = 50_000;

/// What the audit of all accounts found.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// At most one an account: the first that was never healed.
    pub deviations: Vec<Deviation>,
    /// How requests stood that the ledger answered: what a checker had to look at.
    pub seen: BTreeSet<Standing>,
    /// How many accounts could be followed: those whose opening balance is known.
    pub followed: usize,
    /// How many replies were compared with the model.
    pub replies: usize,
    /// A process died after it had acknowledged something, or the database after anybody had.
    pub died_after_acknowledging: bool,
    /// A hold was open when its process died, or when the weather ended.
    pub left_a_hold: bool,
    /// The budget ran out before the end of the history.
    pub exhausted: bool,
    /// Requests that got no definite answer and could have been refused: an error is as good a no
    /// as any. By their places in the history.
    pub refusable: BTreeSet<usize>,
}

/// The place where a ledger left the model.
#[derive(Clone, Debug)]
pub struct Deviation {
    /// Whose account.
    pub account: usize,
    /// Where it showed, as a place in the history.
    pub place: usize,
    /// The request that caused it, as a place in the history; `None` if nobody had asked for anything.
    pub cause: Option<usize>,
    /// Which of the requests there, if one of them alone is to blame.
    pub nth: Option<usize>,
    /// How that request stood to what the account had seen.
    pub standing: Option<Standing>,
    /// What is wrong.
    pub wrong: Wrong,
    /// A process or the database died, and that is why: it showed at the death itself, or doesn't show without.
    pub by_crash: bool,
    /// Whether the death of a process may be why, so that the schedule is worth playing without.
    pub suspects_crash: bool,
    /// It showed once the sweep had found nothing more, or a hold was still open then.
    pub after_sweep: bool,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A reply that no reasonable ledger gives there.
    Reply {
        /// What it said.
        got: Reply,
        /// What it could have said.
        allowed: Vec<Reply>,
    },
    /// A balance.
    Balance {
        /// Which part of it.
        part: Part,
        /// What it could have been.
        wanted: Vec<i64>,
        /// What it was.
        got: i64,
    },
}

impl Wrong {
    /// Whether it is a reply that knows nothing of a job that is known: nothing moved, least of all
    /// twice.
    #[must_use]
    pub fn forgets(&self) -> bool {
        let Self::Reply { got, .. } = self else {
            return false;
        };
        matches!(
            got,
            Reply::Charge(Charge::Unknown) | Reply::Refund(Refund::Unknown)
        )
    }
}

/// A part of the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What can be reserved.
    Spendable,
    /// What open jobs hold.
    Held,
    /// What couldn't be clawed back yet.
    Owed,
}

impl Part {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Spendable => "spendable",
            Part::Held => "held",
            Part::Owed => "owed",
        }
    }
}

impl Audit {
    /// Blames the deaths of processes for what isn't wrong in the same schedule without them.
    pub fn blame_crashes(&mut self, without: &Audit) {
        for found in self
            .deviations
            .iter_mut()
            .filter(|found| found.suspects_crash)
        {
            let same = |other: &Deviation| other.account == found.account;
            found.by_crash = !without.deviations.iter().any(same);
        }
    }

    /// Blames the cut operations, and not the deaths that cut them, for what isn't wrong when the
    /// same processes die with their operations whole.
    pub fn blame_cuts(&mut self, whole: &Audit) {
        let suspects = |found: &&mut Deviation| found.suspects_crash;
        for found in self.deviations.iter_mut().filter(suspects) {
            let same = |other: &Deviation| other.account == found.account;
            found.by_crash &= whole.deviations.iter().any(same);
        }
    }

    /// Audits every account of the history.
    #[must_use]
    pub fn of(history: &History) -> Self {
        Self::within(history, CONFIGURATIONS)
    }

    /// The same, looking at no more than so many configurations an account: past that, what isn't
    /// known to be wrong by then is unknown.
    #[must_use]
    pub fn within(history: &History, configurations: u32) -> Self {
        let mut audit = Self::default();
        let mut acknowledged = [false; 2];
        for happening in &history.happenings {
            match &happening.what {
                What::Request(request) => {
                    acknowledged[request.instance % 2] |= request.outcome.heard().is_some();
                }
                What::Duel { requests, .. } => {
                    for request in requests {
                        acknowledged[request.instance % 2] |= request.outcome.heard().is_some();
                    }
                }
                What::Crash { instance } => {
                    audit.died_after_acknowledging |= acknowledged[instance % 2];
                }
                What::ServerCrash => {
                    audit.died_after_acknowledging |= acknowledged.contains(&true);
                }
                _ => {}
            }
        }
        for account in 0..history.parties.len() {
            // What somebody had before is read, never assumed: who doesn't tell isn't judged by it.
            if history.parties[account].opening.is_some() {
                audit.followed += 1;
                Walk::new(history, account, &mut audit, configurations).run();
            }
        }
        audit
            .deviations
            .sort_by_key(|deviation| deviation.cause.unwrap_or(deviation.place));
        audit
    }
}
