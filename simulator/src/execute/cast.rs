//! Ids for one schedule: fresh each time, so that schedules on one database never meet.

use crate::target::{AccountId, JobId};

/// Makes one schedule's ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cast {
    run: u64,
}

impl Cast {
    pub(super) fn new(run: u64) -> Self {
        Self { run }
    }

    pub(super) fn account(self, number: usize) -> AccountId {
        AccountId::new(self.uuid(0xa, number))
    }

    pub(super) fn job(self, lane: usize) -> JobId {
        JobId::new(self.uuid(0xb, lane))
    }

    /// The job that a nonsense request of a lane is for.
    pub(super) fn nonsense(self, step: usize) -> JobId {
        JobId::new(self.uuid(0xc, step))
    }

    fn uuid(self, kind: u16, number: usize) -> String {
        let run = self.run & 0xffff_ffff;
        format!("{run:08x}-{kind:04x}-4000-8000-{number:012x}")
    }
}
