//! What stands in the ledger when clients try its boundary: money, open holds, and a job that
//! ended, on two accounts.

use super::{Action, Copy, Fate, Fault, Menu, Schedule, Step};

impl Menu {
    /// Funds two accounts and lets clients make every attempt of these kinds.
    ///
    /// What the accounts have is told apart by its figures: budi's have three digits that occur
    /// nowhere else, so that whoever sees them saw budi's.
    #[must_use]
    pub fn survey(&self, faults: &[Fault]) -> Schedule {
        const ANA: usize = 0;
        const BUDI: usize = 1;
        let mut lanes: Vec<(usize, Vec<Action>)> = Vec::new();
        if self.packs > 0 {
            let other = self.packs.min(2) - 1;
            for (account, pack) in [
                (ANA, 0),
                (ANA, other),
                (BUDI, 0),
                (BUDI, 0),
                (BUDI, other),
                (BUDI, other),
            ] {
                let buy = Action::Buy { pack, debit: false };
                lanes.push((account, vec![buy, deliver(lanes.len() % 2)]));
            }
        }
        // In a smaller shop figures tell less, and marks have to do.
        let of = |credits: i64| credits.min(self.share(credits.min(40)));
        if self.jobs {
            lanes.push((ANA, vec![reserve(of(12))]));
            lanes.push((
                BUDI,
                vec![reserve(if self.purse < 100 { of(12) } else { 131 })],
            ));
        }
        if self.jobs && self.charges {
            let charge = Action::Charge {
                cost: of(7),
                instance: 0,
                fate: Fate::Answered,
            };
            lanes.push((ANA, vec![reserve(of(7)), charge]));
        }
        let survey = Action::Survey {
            faults: faults.to_vec(),
        };
        lanes.push((ANA, vec![survey]));
        let mut steps = Vec::new();
        for (lane, (account, actions)) in lanes.into_iter().enumerate() {
            for action in actions {
                let at = 60 * u32::try_from(steps.len()).unwrap_or(u32::MAX / 60);
                steps.push(Step {
                    at,
                    lane,
                    account,
                    action,
                });
            }
        }
        Schedule {
            steps,
            faults: Vec::new(),
        }
    }
}

fn deliver(instance: usize) -> Action {
    Action::Deliver {
        event: 0,
        copy: Copy::Genuine,
        instance,
        fate: Fate::Answered,
    }
}

fn reserve(amount: i64) -> Action {
    Action::Reserve {
        amount,
        instance: 0,
        fate: Fate::Answered,
    }
}
