//! The calm: how every schedule ends.
//!
//! Every request has its answer by now. The sweep runs on both instances until it finds
//! nothing more, the money is read, and each job that ended is refunded once more: that moves
//! nothing, and tells the job's state.

use super::play::Play;
use super::sending::Sending;
use crate::history::{Outcome, What};
use crate::model::Reach;
use crate::target::{Operation, Reply};
use std::collections::BTreeSet;

/// How many sweeps may find something before the calm stops asking.
const SWEEPS: usize = 40;

impl Play<'_> {
    /// Lets the ledger come to rest and reads what it is left with.
    pub(super) fn calm(&mut self) {
        if self.hung {
            return;
        }
        if self.chosen.stops() {
            // Nobody judges it; but what it holds, the next schedule's sweep would find.
            if self.offers(Operation::Sweep) {
                self.sweep_until_empty();
            }
            return;
        }
        self.happens(What::Calm);
        self.calms = true;
        self.look_at_all(0);
        if self.offers(Operation::Sweep) {
            let swept = self.sweep_until_empty();
            if swept {
                self.happens(What::Swept);
            }
            if swept || self.manner.spares {
                self.look_at_all(1);
            }
        }
        let refunded = self.refund_ended_jobs();
        if self.manner.spares {
            for account in refunded {
                self.look(account, 1);
            }
        }
    }

    /// True once both instances, one after the other, had nothing to refund, and would have had it.
    fn sweep_until_empty(&mut self) -> bool {
        let mut empty = 0;
        let age = self.calm_age();
        for round in 0..SWEEPS {
            // Time was moved, so that all are old, or no age is asked for.
            let reach = match age {
                0 => self.before_sweep(0),
                _ => Reach::Everything,
            };
            self.send(&Sending::sweep(age, reach, round % 2));
            self.drain();
            let last = self.history.requests().last();
            let outcome = last.map(|(_, request)| &request.outcome);
            match outcome {
                Some(Outcome::Replied(Reply::Sweep(jobs))) if jobs.is_empty() => empty += 1,
                Some(Outcome::Replied(Reply::Swept(0))) => empty += 1,
                Some(Outcome::Replied(Reply::Sweep(_) | Reply::Swept(_))) => empty = 0,
                // Errors and hangs are in the history; there is no calm to speak of.
                _ => return false,
            }
            if empty == 2 {
                return self.sweeps_all();
            }
        }
        false
    }

    /// Refunds each job once more that has ended; returns whose they are.
    fn refund_ended_jobs(&mut self) -> BTreeSet<usize> {
        let mut refunded = BTreeSet::new();
        if !self.offers(Operation::Refund) {
            return refunded;
        }
        let swept = matches!(
            self.history.happenings.iter().rev().find(|happening| {
                matches!(happening.what, What::Swept | What::Calm)
            }),
            Some(happening) if matches!(happening.what, What::Swept)
        );
        for lane in 0..self.lanes.len() {
            let job = self.lanes[lane].job.clone();
            let mut account = None;
            let mut ended = swept;
            for (_, request) in self.history.requests() {
                use crate::model::Deed::{Charge, Refund, Reserve};
                match &request.deed {
                    Reserve { job: other, .. } if *other == job => account = request.account,
                    Charge { job: other, .. } | Refund { job: other } if *other == job => {
                        ended = true;
                    }
                    _ => {}
                }
            }
            if let (Some(account), true) = (account, ended) {
                self.send(&Sending::refund(self, lane, account, lane % 2));
                self.drain();
                refunded.insert(account);
            }
        }
        refunded
    }
}
