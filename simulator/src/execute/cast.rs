//! Ids for one schedule: fresh each time, so that schedules on one database never meet.

use crate::target::{AccountId, IdForm, JobId, Terms};

/// What an id is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Account,
    Job,
    Nonsense,
}

/// Makes one schedule's ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cast {
    run: u64,
    accounts: IdForm,
    jobs: IdForm,
}

impl Cast {
    pub(super) fn new(run: u64, terms: &Terms) -> Self {
        Self {
            run,
            accounts: terms.account,
            jobs: terms.job,
        }
    }

    pub(super) fn account(self, number: usize) -> AccountId {
        AccountId::new(self.id(self.accounts, Kind::Account, number))
    }

    pub(super) fn job(self, lane: usize) -> JobId {
        JobId::new(self.id(self.jobs, Kind::Job, lane))
    }

    /// The job that a nonsense request of a lane is for.
    pub(super) fn nonsense(self, step: usize) -> JobId {
        JobId::new(self.id(self.jobs, Kind::Nonsense, step))
    }

    fn id(self, form: IdForm, kind: Kind, number: usize) -> String {
        let run = self.run & 0xffff_ffff;
        match form {
            IdForm::Uuid => {
                let kind = 0xa + kind as u16;
                format!("{run:08x}-{kind:04x}-4000-8000-{number:012x}")
            }
            IdForm::Text => format!("{}-{run:x}-{number}", ["acct", "job", "odd"][kind as usize]),
            // Within 31 bits: many a schema says `integer`. Two million schedules are more than a
            // database serves, and half a thousand ids of a kind more than a schedule has.
            IdForm::Integer => {
                let odd = u64::from(kind == Kind::Nonsense);
                let number = u64::try_from(number).unwrap_or(u64::MAX) % 500;
                (1 + (run % 2_000_000) * 1_000 + 2 * number + odd).to_string()
            }
        }
    }
}
