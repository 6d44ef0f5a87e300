//! What can be told at all, and what can be told only once.
//!
//! A contract file may map an operation without a key. Told twice it would move twice, and nobody
//! could blame the ledger: so it is told once, and nobody asks again who didn't hear the answer.

use super::play::Play;
use crate::history::{Outcome, Request};
use crate::model::Reach;
use crate::target::{Call, FactId, JobId, LedgerError, OfferKind, Operation, Reply, Reserve, Sale};
use crate::target::{Credits, EventId};

impl Play<'_> {
    /// Whether there is a way to make this call now.
    pub(super) fn can_tell(&self, call: &Call) -> bool {
        self.offers(call.operation())
            && self.stage.subject().can_send(call)
            && (!self.is_keyless(call) || self.is_untold(call))
    }

    /// Whether this call carries nothing by which the ledger could know it again.
    pub(super) fn is_keyless(&self, call: &Call) -> bool {
        let keyless = &self.stage.subject().terms().keyless;
        keyless.contains(&call.operation())
    }

    /// Whether a call without a key makes sense now: it hasn't been told, and an end only of a job
    /// that is known to be held.
    fn is_untold(&self, call: &Call) -> bool {
        let told = |same: &dyn Fn(&Call) -> bool| {
            let mut requests = self.history.requests();
            requests.any(|(_, it)| same(&it.call) && !moved_nothing(it))
        };
        match call {
            Call::Reserve { job, .. } => {
                !told(&|it| matches!(it, Call::Reserve { job: other, .. } if other == job))
            }
            Call::Charge { job, .. } | Call::Refund { job } => {
                self.is_held(job) && !told(&|it| ends(it, job))
            }
            Call::Grant { fact, .. } => {
                !told(&|it| matches!(it, Call::Grant { fact: other, .. } if other == fact))
            }
            _ => true,
        }
    }

    /// Whether the client was told that the job is held.
    fn is_held(&self, job: &JobId) -> bool {
        self.history.requests().any(|(_, request)| {
            matches!(&request.call, Call::Reserve { job: other, .. } if other == job)
                && request.outcome.heard() == Some(&Reply::Reserve(Reserve::Reserved))
        })
    }

    /// Whether these calls can be made at once: no two of them are about one thing, if one of the
    /// two has nothing by which the ledger could know it again.
    pub(super) fn can_duel(&self, calls: &[Call]) -> bool {
        let mut pairs = calls.iter().enumerate();
        pairs.all(|(place, one)| calls[..place].iter().all(|two| self.can_meet(one, two)))
    }

    fn can_meet(&self, one: &Call, two: &Call) -> bool {
        let keyless = self.is_keyless(one) || self.is_keyless(two);
        let one_job = match (one, two) {
            (Call::Reserve { job, .. }, Call::Reserve { job: other, .. }) => job == other,
            (Call::Grant { fact, .. }, Call::Grant { fact: other, .. }) => fact == other,
            (Call::Charge { job, .. } | Call::Refund { job }, other)
            | (other, Call::Charge { job, .. } | Call::Refund { job }) => ends(other, job),
            _ => false,
        };
        !(keyless && one_job)
    }

    /// Whether an operation can say that the same was told before with other figures.
    pub(super) fn says_conflict(&self, operation: Operation) -> bool {
        !self.stage.subject().terms().mute.contains(&operation)
    }

    /// What a job costs: what was asked for where a charge can't say, and what it was told before
    /// where a charge couldn't say that this is another.
    pub(super) fn costs(&self, job: &JobId, cost: i64) -> i64 {
        if !self.says_conflict(Operation::Charge)
            && let Some(before) = self.history.requests().find_map(|(_, it)| match &it.call {
                Call::Charge { job: other, cost } if other == job => Some(cost.get()),
                _ => None,
            })
        {
            return before;
        }
        if self.stage.subject().terms().costs {
            return cost;
        }
        let asked = self.history.requests().find_map(|(_, it)| match &it.call {
            Call::Reserve {
                job: other, amount, ..
            } if other == job => Some(*amount),
            _ => None,
        });
        asked.map_or(cost, Credits::get)
    }

    /// Whether the ledger's grants are told of this kind of sale.
    pub(super) fn grants(&self, fact: &FactId) -> bool {
        let terms = self.stage.subject().terms();
        match self.stripe().world.sold(fact).map(|sold| sold.kind) {
            Some(OfferKind::Pack) => terms.packs,
            Some(OfferKind::Plan) => terms.plans,
            None => false,
        }
    }

    /// What Stripe says of a sale.
    pub(super) fn sale(&self, event: &EventId, fact: &FactId, account: usize) -> Option<Sale> {
        let sold = self.stripe().world.sold(fact)?;
        Some(Sale {
            event: event.clone(),
            customer: self.customers.get(account)?.clone(),
            price: sold.price,
            kind: sold.kind,
            period: sold.period,
        })
    }

    /// Lets holds grow as old as the sweep wants them, where it can't be told; returns which it
    /// may refund.
    pub(super) fn before_sweep(&mut self, older_than: u64) -> Reach {
        use crate::target::SweepAge::{Asked, Fixed, Untold};
        match self.stage.subject().terms().sweep {
            Asked => self.reach(older_than),
            Untold => Reach::Everything,
            Fixed(age) => {
                if older_than == 0 && !age.is_zero() && self.offers(Operation::Age) {
                    let by = age + std::time::Duration::from_secs(1);
                    self.quietly(0, &Call::Age { by });
                    self.aged = true;
                }
                // So little passes by itself on a busy machine.
                if self.aged || age < std::time::Duration::from_secs(600) {
                    Reach::Everything
                } else {
                    Reach::Nothing
                }
            }
        }
    }

    /// Whether a sweep that was prepared so leaves no hold behind.
    pub(super) fn sweeps_all(&self) -> bool {
        use crate::target::SweepAge::{Asked, Fixed, Untold};
        match self.stage.subject().terms().sweep {
            Asked => true,
            Fixed(age) => age.is_zero() || self.offers(Operation::Age),
            Untold => false,
        }
    }
}

/// Whether this call ends that job, or may.
fn ends(call: &Call, job: &JobId) -> bool {
    match call {
        Call::Charge { job: other, .. } | Call::Refund { job: other } => other == job,
        Call::Sweep { .. } => true,
        _ => false,
    }
}

/// Whether the answer says that nothing moved, so that the same may be told again.
pub(super) fn moved_nothing(request: &Request) -> bool {
    matches!(
        request.outcome,
        Outcome::Replied(Reply::Error(LedgerError::Again(_)))
    )
}
