//! Duels: every pair of operations on one account and on one job, as schedules.
//!
//! Before each, Ana has bought 100 credits and a job holds 30 of them; so two reserves of 50 are
//! one too many, and whatever ends a job finds one.

use super::generate::Menu;
use super::schedule::{Action, Copy, Fate, Schedule, Step};

/// Two calls that are run inside one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duel {
    /// Such as `charge ∥ refund`.
    pub name: String,
    /// What leads there, and the duel itself.
    pub schedule: Schedule,
}

/// What fights. The lanes: 0 the first purchase, 1 the held job, 2 and 3 new jobs, 4 another
/// purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Reserve,
    ReserveAnother,
    Charge,
    Refund,
    Sweep,
    Pay,
    GiveBack,
}

impl Side {
    const ALL: [Side; 7] = [
        Side::Reserve,
        Side::ReserveAnother,
        Side::Charge,
        Side::Refund,
        Side::Sweep,
        Side::Pay,
        Side::GiveBack,
    ];

    fn name(self) -> &'static str {
        match self {
            Side::Reserve => "reserve",
            Side::ReserveAnother => "reserve another job",
            Side::Charge => "charge",
            Side::Refund => "refund",
            Side::Sweep => "sweep",
            Side::Pay => "payment",
            Side::GiveBack => "money back",
        }
    }

    /// The business that has to happen before, as steps.
    fn before(self) -> Option<Step> {
        match self {
            Side::Pay => {
                let (pack, debit) = (0, false);
                Some(step(20, 4, Action::Buy { pack, debit }))
            }
            Side::GiveBack => Some(step(20, 0, Action::GiveBack { percent: 100 })),
            _ => None,
        }
    }

    fn call(self, instance: usize) -> Step {
        let fate = Fate::Answered;
        let (lane, action) = match self {
            Side::Reserve | Side::ReserveAnother => {
                let lane = if self == Side::Reserve { 2 } else { 3 };
                let amount = 50;
                (
                    lane,
                    Action::Reserve {
                        amount,
                        instance,
                        fate,
                    },
                )
            }
            Side::Charge => (
                1,
                Action::Charge {
                    cost: 20,
                    instance,
                    fate,
                },
            ),
            Side::Refund => (1, Action::Refund { instance, fate }),
            Side::Sweep => (
                5,
                Action::Sweep {
                    older_than: 0,
                    instance,
                },
            ),
            Side::Pay => (4, deliver(0, instance)),
            Side::GiveBack => (0, deliver(1, instance)),
        };
        step(30, lane, action)
    }

    fn offered(self, menu: &Menu) -> bool {
        match self {
            Side::Reserve | Side::ReserveAnother => menu.jobs,
            Side::Charge | Side::Refund => menu.jobs && menu.ends,
            Side::Sweep => menu.sweeps,
            Side::Pay => menu.payments,
            Side::GiveBack => menu.webhook,
        }
    }
}

impl Menu {
    /// Every pair of what this ledger offers, an operation beside itself among them.
    #[must_use]
    pub fn duels(&self) -> Vec<Duel> {
        if !self.payments {
            return Vec::new();
        }
        let sides = Side::ALL.into_iter().filter(|side| side.offered(self));
        let sides: Vec<Side> = sides.collect();
        let mut duels = Vec::new();
        for (place, one) in sides.iter().enumerate() {
            for two in &sides[place..] {
                // Another job beside itself is the same as a job beside itself.
                if *one != Side::ReserveAnother || *two != Side::ReserveAnother {
                    duels.push(self.duel(*one, *two));
                }
            }
        }
        duels
    }

    fn duel(&self, one: Side, two: Side) -> Duel {
        let (pack, debit) = (0, false);
        let mut steps = vec![
            step(0, 0, Action::Buy { pack, debit }),
            step(2, 0, deliver(0, 0)),
        ];
        if self.jobs {
            let (amount, instance, fate) = (30, 1, Fate::Answered);
            steps.push(step(
                10,
                1,
                Action::Reserve {
                    amount,
                    instance,
                    fate,
                },
            ));
        }
        steps.extend(one.before());
        steps.extend(two.before().filter(|_| one != two));
        let calls = Box::new([one.call(0), two.call(1)]);
        let order = Vec::new();
        steps.push(step(30, 0, Action::Duel { calls, order }));
        Duel {
            name: format!("{} ∥ {}", one.name(), two.name()),
            schedule: Schedule {
                steps,
                faults: Vec::new(),
            },
        }
    }
}

fn deliver(event: usize, instance: usize) -> Action {
    Action::Deliver {
        event,
        copy: Copy::Genuine,
        instance,
        fate: Fate::Answered,
    }
}

fn step(at: u32, lane: usize, action: Action) -> Step {
    Step {
        at,
        lane,
        account: 0,
        action,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duel_is_a_schedule_that_can_be_played() {
        let menu = Menu {
            packs: 2,
            plans: 1,
            payments: true,
            webhook: true,
            jobs: true,
            ends: true,
            sweeps: true,
            links: true,
            abroad: true,
            faults: Vec::new(),
        };
        let duels = menu.duels();
        assert_eq!(duels.len(), 7 * 8 / 2 - 1);
        for duel in duels {
            assert_eq!(duel.schedule.impossible(), None, "{}", duel.name);
        }
        let without_ends = Menu {
            ends: false,
            ..menu
        }
        .duels();
        let ends = |it: &&Duel| it.name.contains("charge") || it.name.contains("refund");
        assert_eq!(
            without_ends.iter().filter(ends).count(),
            0,
            "nobody could fight them"
        );
    }
}
