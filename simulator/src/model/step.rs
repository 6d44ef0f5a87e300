//! What a reasonable ledger may answer to a deed, and what that makes of the account.

use super::account::{Account, Job, JobStatus};
use super::deed::{Deed, Reach, Standing};
use crate::target::{
    Charge, Credits, FactId, Grant, JobId, LateSuccess, LedgerError, Refund, Reply, Reserve,
    RetryAnswer,
};

/// One allowed answer with the state that it leads to.
type Outcome = (Reply, Account);

/// Whether a reply says neither that it moved nor that it didn't.
#[must_use]
pub fn leaves_open(reply: &Reply) -> bool {
    match reply {
        // A file's mistake is nothing that the ledger did; the run ends with it.
        Reply::Error(error) => matches!(error, LedgerError::Failed(_) | LedgerError::Mistaken(_)),
        Reply::Webhook(status) => !status.is_success() && !status.is_refusal(),
        _ => false,
    }
}

impl Account {
    /// Every answer of the operation's own that is allowed here, with where it leads.
    ///
    /// A sweep's answers are as many as there are sets of held jobs, and a delivery's any
    /// status: both are read by [`Account::after`] instead.
    #[must_use]
    pub fn outcomes(&self, deed: &Deed) -> Vec<Outcome> {
        match deed {
            Deed::Reserve { job, amount } => self.reserve(job, *amount),
            Deed::Charge { job, cost } => self.charge(job, *cost),
            Deed::Refund { job } => self.refund(job),
            Deed::Grant { fact, amount } => self.grant(fact, *amount),
            Deed::Sweep { .. }
            | Deed::Unpaid { .. }
            | Deed::Paid { .. }
            | Deed::Echoed { .. }
            | Deed::Free { .. }
            | Deed::Withdrawn { .. }
            | Deed::Reinstated { .. }
            | Deed::Repaid { .. }
            | Deed::Tampered => Vec::new(),
        }
    }

    /// Every state that the account can be in once the ledger gave this reply; none if no
    /// reasonable ledger gives it here.
    #[must_use]
    pub fn after(&self, deed: &Deed, reply: &Reply) -> Vec<Account> {
        match reply {
            Reply::Error(LedgerError::Again(_)) => vec![self.clone()],
            Reply::Error(LedgerError::Refused(_)) if self.may_refuse(deed) => vec![self.clone()],
            Reply::Error(LedgerError::Refused(_) | LedgerError::NotOffered) => Vec::new(),
            Reply::Either { replies, .. } => {
                let after = replies.iter().flat_map(|reply| self.after(deed, reply));
                after.collect()
            }
            Reply::Swept(0) => vec![self.clone()],
            Reply::Swept(count) => self.swept_so_many(deed, *count),
            Reply::Webhook(status) if status.is_success() => self.told(deed).by_now(),
            Reply::Webhook(status) if status.is_refusal() => vec![self.clone()],
            open if leaves_open(open) => self.maybe(deed),
            Reply::Sweep(jobs) => self.sweep(deed, jobs).into_iter().collect(),
            own => self
                .outcomes(deed)
                .into_iter()
                .filter(|(allowed, _)| allowed == own)
                .flat_map(|(_, then)| then.by_now())
                .collect(),
        }
    }

    /// Every state that the account can be in if the deed's answer is lost: it moved or it didn't.
    #[must_use]
    pub fn maybe(&self, deed: &Deed) -> Vec<Account> {
        let mut states = vec![self.clone()];
        match deed {
            Deed::Sweep { reach } => states.extend(self.partly_swept(reach)),
            Deed::Unpaid { .. }
            | Deed::Paid { .. }
            | Deed::Echoed { .. }
            | Deed::Free { .. }
            | Deed::Withdrawn { .. }
            | Deed::Reinstated { .. }
            | Deed::Repaid { .. }
            | Deed::Tampered => states.extend(self.told(deed).by_now()),
            _ => states.extend(self.outcomes(deed).into_iter().map(|(_, then)| then)),
        }
        states.sort();
        states.dedup();
        states
    }

    /// Whether the deed can move nothing here any more, whatever else happens first: a copy of it
    /// that is still under way somewhere can be forgotten.
    #[must_use]
    pub fn is_past(&self, deed: &Deed) -> bool {
        match (self.standing(deed), deed) {
            (_, Deed::Unpaid { .. }) => true,
            (_, Deed::Sweep { reach }) => *reach == Reach::Nothing,
            // A job that was refunded may be charged all the same.
            (Standing::Contrary, Deed::Charge { .. }) => {
                self.choices.late_success == LateSuccess::Reject
            }
            // It is final, and done.
            (_, Deed::Reinstated { fact, .. }) => self.facts.get(fact).is_some_and(|known| {
                known.promised.reinstated && known.withdrawn == 0 && known.paid > 0
            }),
            // Nothing was given back yet, but what was paid is news.
            (Standing::Repeat, Deed::Repaid { fact, .. }) => {
                self.facts.get(fact).is_some_and(|known| known.paid > 0)
            }
            (standing, _) => matches!(
                standing,
                Standing::Repeat
                    | Standing::Contrary
                    | Standing::Mismatch
                    | Standing::Nonsense
                    | Standing::Tampered
            ),
        }
    }

    /// How the deed stands to what this account has seen.
    #[must_use]
    pub fn standing(&self, deed: &Deed) -> Standing {
        let job = |id: &JobId| self.jobs.get(id);
        match deed {
            Deed::Reserve { amount, .. } if amount.get() <= 0 => Standing::Nonsense,
            Deed::Reserve { job: id, amount } => match job(id) {
                None if amount.get() > self.spendable => Standing::Overdraw,
                None => Standing::First,
                Some(job) if job.amount != amount.get() => Standing::Mismatch,
                Some(job) if job.status == JobStatus::Held => Standing::Repeat,
                Some(_) => Standing::Contrary,
            },
            Deed::Charge { cost, .. } if cost.get() < 0 => Standing::Nonsense,
            Deed::Charge { job: id, cost } => match job(id).map(|job| (job.status, job.amount)) {
                None => Standing::Unfounded,
                Some((JobStatus::Held, amount)) if cost.get() > amount => Standing::Mismatch,
                Some((JobStatus::Held, _)) => Standing::First,
                Some((JobStatus::Charged(was), _)) if was == cost.get() => Standing::Repeat,
                Some((JobStatus::Charged(_), _)) => Standing::Mismatch,
                Some((JobStatus::Refunded, _)) => Standing::Contrary,
            },
            Deed::Refund { job: id } => match job(id).map(|job| job.status) {
                None => Standing::Unfounded,
                Some(JobStatus::Held) => Standing::First,
                Some(JobStatus::Refunded) => Standing::Repeat,
                Some(JobStatus::Charged(_)) => Standing::Contrary,
            },
            Deed::Grant { fact, amount } => match self.granted(fact) {
                _ if amount.get() <= 0 => Standing::Nonsense,
                None => Standing::First,
                Some(was) if was == amount.get() => Standing::Repeat,
                Some(_) => Standing::Mismatch,
            },
            Deed::Paid { fact, .. } | Deed::Echoed { fact, .. } | Deed::Free { fact, .. }
                if self.granted(fact).is_some() =>
            {
                Standing::Repeat
            }
            Deed::Paid { .. } | Deed::Echoed { .. } | Deed::Free { .. } | Deed::Unpaid { .. } => {
                Standing::First
            }
            Deed::Withdrawn { fact, .. } => match self.facts.get(fact) {
                Some(known) if known.withdrawn > 0 => Standing::Repeat,
                _ => Standing::Clawback,
            },
            Deed::Reinstated { .. } => Standing::Clawback,
            Deed::Repaid { fact, refunded, .. } => {
                let seen = self.facts.get(fact).map_or(0, |fact| fact.refunded);
                if *refunded > seen {
                    Standing::Clawback
                } else {
                    Standing::Repeat
                }
            }
            Deed::Tampered => Standing::Tampered,
            Deed::Sweep { .. } => Standing::Sweep,
        }
    }

    fn reserve(&self, id: &JobId, amount: Credits) -> Vec<Outcome> {
        use Reserve::{Conflict, Insufficient, Reserved, Settled};
        let stays = |reply| (Reply::Reserve(reply), self.clone());
        if amount.get() <= 0 {
            return vec![stays(Insufficient), stays(Conflict), stays(Settled)];
        }
        let Some(job) = self.jobs.get(id) else {
            let amount = amount.get();
            let holding = |held: i64| {
                let mut then = self.clone();
                then.spendable = then.spendable.saturating_sub(held);
                let job = Job {
                    amount,
                    held,
                    status: JobStatus::Held,
                };
                then.jobs.insert(id.clone(), job);
                (Reply::Reserve(Reserved), then)
            };
            if amount <= self.spendable {
                return vec![holding(amount)];
            }
            let mut replies = vec![stays(Insufficient)];
            if self.choices.overdraft {
                replies.push(holding(amount));
            }
            if self.choices.partial_reserve {
                replies.push(holding(self.spendable.max(0)));
            }
            return replies;
        };
        let same = job.amount == amount.get();
        match (job.status, self.choices.retry_answer) {
            (JobStatus::Held, _) if same => vec![stays(Reserved)],
            (JobStatus::Held, _) => vec![stays(Conflict)],
            (_, RetryAnswer::First) if same => vec![stays(Reserved), stays(Settled)],
            _ if same => vec![stays(Settled)],
            _ => vec![stays(Settled), stays(Conflict)],
        }
    }

    fn charge(&self, id: &JobId, cost: Credits) -> Vec<Outcome> {
        let stays = |reply| (Reply::Charge(reply), self.clone());
        let cost = cost.get();
        let Some(job) = self.jobs.get(id).copied() else {
            let mut replies = vec![stays(Charge::Unknown)];
            if cost < 0 {
                replies.push(stays(Charge::Conflict));
            }
            return replies;
        };
        let charged = |released: i64, spent: i64| {
            let mut then = self.clone();
            then.spendable = then.spendable.saturating_sub(spent);
            then.raise(released);
            then.jobs.insert(
                id.clone(),
                Job {
                    status: JobStatus::Charged(cost),
                    ..job
                },
            );
            (Reply::Charge(Charge::Charged), then)
        };
        match job.status {
            JobStatus::Held if cost < 0 => vec![stays(Charge::Conflict)],
            JobStatus::Held if cost > job.amount => {
                let mut replies = vec![stays(Charge::Conflict)];
                let extra = cost.saturating_sub(job.held);
                let covered = extra <= self.spendable || self.choices.overdraft;
                if self.choices.overcharge && covered {
                    replies.push(charged(0, extra));
                }
                replies
            }
            JobStatus::Held if cost == job.amount => vec![charged(0, 0)],
            JobStatus::Held => {
                let released = |cost: i64| charged(job.held.saturating_sub(cost).max(0), 0);
                let mut replies = Vec::new();
                if self.choices.whole_charge {
                    replies.push(charged(0, 0));
                } else if self.choices.partial_charge {
                    replies.push(released(cost));
                } else {
                    replies.push(stays(Charge::Conflict));
                }
                // Of a least cost nobody says whether less is raised to it or refused.
                if cost < self.choices.min_cost {
                    replies.push(released(self.choices.min_cost));
                    replies.push(stays(Charge::Conflict));
                }
                replies
            }
            JobStatus::Charged(was) if was == cost => vec![stays(Charge::Charged)],
            JobStatus::Charged(_) if self.choices.whole_charge => {
                vec![stays(Charge::Charged), stays(Charge::Conflict)]
            }
            JobStatus::Charged(_) => vec![stays(Charge::Conflict)],
            JobStatus::Refunded if cost < 0 || cost > job.amount => {
                vec![stays(Charge::Refunded), stays(Charge::Conflict)]
            }
            JobStatus::Refunded => match self.choices.late_success {
                LateSuccess::Recollect if self.recollects(cost) <= self.spendable => {
                    vec![charged(0, self.recollects(cost))]
                }
                LateSuccess::Recollect | LateSuccess::Reject => vec![stays(Charge::Refunded)],
            },
        }
    }

    /// What a late success of that cost is collected for.
    fn recollects(&self, cost: i64) -> i64 {
        cost.max(self.choices.min_cost)
    }

    fn refund(&self, id: &JobId) -> Vec<Outcome> {
        let (reply, then) = match self.jobs.get(id).map(|job| job.status) {
            None => (Refund::Unknown, self.clone()),
            Some(JobStatus::Charged(_)) => (Refund::Charged, self.clone()),
            Some(JobStatus::Refunded) => (Refund::Refunded, self.clone()),
            Some(JobStatus::Held) => {
                let mut then = self.clone();
                then.release(id);
                (Refund::Refunded, then)
            }
        };
        vec![(Reply::Refund(reply), then)]
    }

    fn grant(&self, fact: &FactId, amount: Credits) -> Vec<Outcome> {
        let stays = |reply| (Reply::Grant(reply), self.clone());
        match self.granted(fact) {
            _ if amount.get() <= 0 => vec![stays(Grant::Conflict)],
            Some(was) if was == amount.get() => vec![stays(Grant::Granted)],
            Some(_) => vec![stays(Grant::Conflict)],
            None => {
                let mut then = self.clone();
                then.pay_in(fact, amount.get());
                vec![(Reply::Grant(Grant::Granted), then)]
            }
        }
    }

    /// The state once a delivery is told, with what it promises.
    fn told(&self, deed: &Deed) -> Account {
        let mut then = self.clone();
        match deed {
            Deed::Echoed { fact, credits } => {
                let known = then.facts.entry(fact.clone()).or_default();
                known.promised.credits = Some(credits.get());
                known.promised.free = false;
            }
            Deed::Free { fact, credits } => {
                let known = then.facts.entry(fact.clone()).or_default();
                known.promised.credits = Some(credits.get());
                known.promised.free = true;
            }
            Deed::Withdrawn {
                fact,
                paid,
                withdrawn,
            } => {
                let known = then.facts.entry(fact.clone()).or_default();
                known.paid = *paid;
                known.promised.withdrawn = Some(*withdrawn);
            }
            Deed::Reinstated { fact, paid } => {
                let known = then.facts.entry(fact.clone()).or_default();
                known.paid = *paid;
                known.promised.reinstated = true;
            }
            Deed::Paid { fact, credits } if self.granted(fact).is_none() => {
                then.pay_in(fact, credits.get());
            }
            Deed::Repaid {
                fact,
                paid,
                refunded,
            } => {
                let known = then.facts.entry(fact.clone()).or_default();
                known.paid = *paid;
                known.refunded = known.refunded.max(*refunded);
                then.claw_back(fact);
            }
            _ => {}
        }
        then
    }

    /// The account once Stripe says so to whoever asks: a ledger that does may act on it before any
    /// event tells it, or not.
    #[must_use]
    pub fn learns(&self, deed: &Deed) -> Account {
        let mut then = self.clone();
        match deed {
            Deed::Paid { fact, credits } => {
                let known = then.facts.entry(fact.clone()).or_default();
                known.promised.credits = Some(credits.get());
                known.promised.free = false;
            }
            Deed::Repaid {
                fact,
                paid,
                refunded,
            } => {
                let known = then.facts.entry(fact.clone()).or_default();
                known.paid = *paid;
                known.promised.refunded = known.promised.refunded.max(Some(*refunded));
            }
            _ => return self.told(deed),
        }
        then
    }

    fn granted(&self, fact: &FactId) -> Option<i64> {
        self.facts.get(fact).and_then(|fact| fact.credits)
    }

    /// A sweep may be batched or limited: it may refund any of the held jobs, and says which.
    fn sweep(&self, deed: &Deed, jobs: &[JobId]) -> Option<Account> {
        let reaches = |job| matches!(deed, Deed::Sweep { reach } if reach.includes(job));
        let mut then = self.clone();
        for id in jobs {
            let Some(job) = then.jobs.get(id) else {
                continue;
            };
            if !reaches(id) || job.status != JobStatus::Held {
                return None;
            }
            then.release(id);
        }
        Some(then)
    }

    /// A sweep that tells only how many, of all accounts together: any of the held jobs, but no
    /// more than so many. Those that are too young for it stay.
    fn swept_so_many(&self, deed: &Deed, count: u64) -> Vec<Account> {
        let Deed::Sweep { reach } = deed else {
            return vec![self.clone()];
        };
        let held = |state: &Account| {
            let held = state.jobs.values();
            held.filter(|job| job.status == JobStatus::Held).count() as u64
        };
        let before = held(self);
        let mut states = self.partly_swept(reach);
        states.retain(|state| before - held(state) <= count);
        states
    }

    fn partly_swept(&self, reach: &Reach) -> Vec<Account> {
        let held: Vec<&JobId> = self
            .jobs
            .iter()
            .filter(|(id, job)| job.status == JobStatus::Held && reach.includes(id))
            .map(|(id, _)| id)
            .collect();
        let mut states = vec![self.clone()];
        for id in held {
            for mut state in states.clone() {
                state.release(id);
                states.push(state);
            }
        }
        states
    }

    /// Whether some reasonable ledger says a plain no here.
    #[must_use]
    pub fn may_refuse(&self, deed: &Deed) -> bool {
        self.standing(deed) == Standing::Nonsense
            || self.outcomes(deed).iter().any(|(reply, _)| {
                !matches!(
                    reply,
                    Reply::Reserve(Reserve::Reserved)
                        | Reply::Charge(Charge::Charged)
                        | Reply::Refund(Refund::Refunded)
                        | Reply::Grant(Grant::Granted)
                )
            })
    }
}
