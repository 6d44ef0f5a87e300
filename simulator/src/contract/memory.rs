//! What a client of the ledger remembers of its jobs: whose they are, what was asked for, and the
//! ids that the ledger made. It isn't the ledger's own memory, so no crash takes it.

use crate::target::{AccountId, Credits, JobId};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Far more jobs than one schedule has; older ones are forgotten.
const MOST_JOBS: usize = 10_000;

/// One job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) account: AccountId,
    pub(super) amount: Credits,
    /// By the name that the file gives each.
    pub(super) kept: BTreeMap<String, String>,
}

/// All jobs that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Jobs>);

#[derive(Debug, Default)]
struct Jobs {
    jobs: HashMap<JobId, Job>,
    /// Which job the ledger's own id stands for.
    made: HashMap<String, JobId>,
    order: VecDeque<JobId>,
}

impl Memory {
    /// A job is asked for.
    pub(super) fn asked(&self, job: &JobId, account: &AccountId, amount: Credits) {
        let mut it = self.lock();
        if it.jobs.contains_key(job) {
            return;
        }
        it.order.push_back(job.clone());
        let made = Job {
            account: account.clone(),
            amount,
            kept: BTreeMap::new(),
        };
        it.jobs.insert(job.clone(), made);
        if it.order.len() > MOST_JOBS
            && let Some(oldest) = it.order.pop_front()
            && let Some(forgotten) = it.jobs.remove(&oldest)
        {
            for made in forgotten.kept.values() {
                it.made.remove(made);
            }
        }
    }

    /// The ledger made an id for a job.
    pub(super) fn keep(&self, job: &JobId, name: &str, value: &str) {
        let mut it = self.lock();
        if let Some(known) = it.jobs.get_mut(job) {
            known.kept.insert(name.to_owned(), value.to_owned());
            it.made.insert(value.to_owned(), job.clone());
        }
    }

    /// What is known of a job.
    pub(super) fn job(&self, job: &JobId) -> Option<Job> {
        self.lock().jobs.get(job).cloned()
    }

    /// The job that the ledger calls so: by the id that it was given, or by its own.
    pub(super) fn named(&self, id: &str) -> JobId {
        self.lock()
            .made
            .get(id)
            .cloned()
            .unwrap_or_else(|| JobId::new(id))
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
