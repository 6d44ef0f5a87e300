//! What a call means for one account, freed of HTTP, JSON and instances.

use crate::target::{Credits, FactId, JobId};

/// The holds that a sweep may refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// None: all are too young.
    Nothing,
    /// Those of these jobs; the others are too young.
    Only(Vec<JobId>),
    /// All.
    Everything,
}

impl Reach {
    /// Whether a job's hold is among them.
    #[must_use]
    pub fn includes(&self, job: &JobId) -> bool {
        match self {
            Self::Nothing => false,
            Self::Only(jobs) => jobs.contains(job),
            Self::Everything => true,
        }
    }
}

/// One thing that was asked of the ledger, as the model sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Hold credits for a job.
    Reserve {
        /// The job.
        job: JobId,
        /// Credits.
        amount: Credits,
    },
    /// A job succeeded.
    Charge {
        /// The job.
        job: JobId,
        /// Credits.
        cost: Credits,
    },
    /// A job failed.
    Refund {
        /// The job.
        job: JobId,
    },
    /// Refund what is old enough.
    Sweep {
        /// Which holds can be old enough.
        reach: Reach,
    },
    /// Credits were paid for, told by a grant.
    Grant {
        /// The fact.
        fact: FactId,
        /// Credits.
        amount: Credits,
    },
    /// A genuine delivery about a fact that is not paid yet.
    Unpaid {
        /// The fact.
        fact: FactId,
    },
    /// A genuine delivery: credits were paid for.
    Paid {
        /// The fact.
        fact: FactId,
        /// Credits.
        credits: Credits,
    },
    /// A genuine delivery: credits were paid for, and other deliveries say the same. A ledger
    /// acts on the one that it likes, and has by the time that all have come.
    Echoed {
        /// The fact.
        fact: FactId,
        /// Credits.
        credits: Credits,
    },
    /// A genuine delivery: a plan began, and nothing was asked for it. Whether it gives credits is
    /// the ledger's own choice.
    Free {
        /// The fact.
        fact: FactId,
        /// Credits.
        credits: Credits,
    },
    /// A genuine delivery: a bank took money because of a dispute, and other deliveries say so.
    Withdrawn {
        /// The fact that was paid.
        fact: FactId,
        /// What was paid, minor units.
        paid: i64,
        /// What was taken, minor units.
        withdrawn: i64,
    },
    /// A genuine delivery: a bank gives back what it took, and other deliveries say so.
    Reinstated {
        /// The fact that was paid.
        fact: FactId,
        /// What was paid, minor units.
        paid: i64,
    },
    /// A genuine delivery: money was given back.
    Repaid {
        /// The fact that was paid.
        fact: FactId,
        /// What was paid, minor units.
        paid: i64,
        /// What was given back by now in all, minor units.
        refunded: i64,
    },
    /// A delivery that isn't genuine: it must move nothing.
    Tampered,
}

impl Deed {
    /// Whether it tells what other deliveries tell too: a ledger that takes it may act on it later,
    /// and has by the time that all have come.
    #[must_use]
    pub fn is_promise(&self) -> bool {
        match self {
            Deed::Echoed { .. } | Deed::Withdrawn { .. } | Deed::Reinstated { .. } => true,
            Deed::Reserve { .. }
            | Deed::Charge { .. }
            | Deed::Refund { .. }
            | Deed::Grant { .. }
            | Deed::Sweep { .. }
            | Deed::Unpaid { .. }
            | Deed::Paid { .. }
            | Deed::Free { .. }
            | Deed::Repaid { .. }
            | Deed::Tampered => false,
        }
    }
}

/// How a deed stands to what the account has seen: the word by which a deviation is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Told for the first time.
    First,
    /// The same was told before.
    Repeat,
    /// The other end of a job that has ended, or a reserve after its end.
    Contrary,
    /// A reserve above what is spendable.
    Overdraw,
    /// An amount that makes no sense.
    Nonsense,
    /// About a job that was never held.
    Unfounded,
    /// The same job or fact with other figures.
    Mismatch,
    /// Money was given back.
    Clawback,
    /// A delivery that isn't Stripe's.
    Tampered,
    /// A sweep.
    Sweep,
}
