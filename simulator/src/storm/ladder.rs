//! Ladders: one operation, struck at every moment that it has.
//!
//! The operations and what has to happen before them are those of the duels. A ladder takes one
//! side of a duel; the other stays out of it, or runs wholly before or after the strike.

use super::generate::Menu;
use super::schedule::{Action, Fate, Schedule, Step};
use super::strike::Strike;

/// One operation to strike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// Such as `charge`, or `charge, then refund`.
    pub name: String,
    /// The one that is struck, such as `charge`.
    pub operation: String,
    /// What leads there.
    before: Vec<Step>,
    /// The operation.
    call: Step,
    /// What another instance does before the operation is tried again.
    after: Option<Step>,
}

impl Ladder {
    /// The schedule in which this is what becomes of the operation.
    #[must_use]
    pub fn at(&self, fate: Fate) -> Schedule {
        let mut struck = self.call.clone();
        if let Some(was) = struck.action.fate_mut() {
            *was = fate;
        }
        let faults = match fate {
            Fate::Struck(Strike { fault, .. }) => vec![fault],
            _ => Vec::new(),
        };
        let mut steps = self.before.clone();
        steps.push(struck);
        steps.extend(self.after.clone());
        Schedule { steps, faults }
    }
}

impl Menu {
    /// Every operation that this ledger offers, alone.
    #[must_use]
    pub fn ladders(&self) -> Vec<Ladder> {
        let mut ladders = Vec::new();
        for (name, before, [call, _]) in self.grounds() {
            if let Some((one, two)) = name.split_once(" ∥ ")
                && one == two
            {
                ladders.push(Ladder {
                    name: one.to_owned(),
                    operation: one.to_owned(),
                    before,
                    call,
                    after: None,
                });
            }
        }
        ladders
    }

    /// Every operation beside every other one of another instance, which runs wholly before the
    /// strike, or between it and the next attempt.
    #[must_use]
    pub fn double_ladders(&self) -> Vec<Ladder> {
        let mut ladders = Vec::new();
        for (name, before, [one, two]) in self.grounds() {
            let Some((first, second)) = name.split_once(" ∥ ") else {
                continue;
            };
            let roles = [(first, &one, second, &two), (second, &two, first, &one)];
            // An operation beside itself is the same in both roles.
            for (name, call, other_name, other) in &roles[..1 + usize::from(first != second)] {
                let mut then = (*other).clone();
                then.at += 1;
                ladders.push(Ladder {
                    name: format!("{name}, then {other_name}"),
                    operation: (*name).to_owned(),
                    before: before.clone(),
                    call: (*call).clone(),
                    after: Some(then),
                });
                let mut call = (*call).clone();
                call.at += 1;
                let mut before = before.clone();
                before.push((*other).clone());
                ladders.push(Ladder {
                    name: format!("{other_name}, then {name}"),
                    operation: (*name).to_owned(),
                    before,
                    call,
                    after: None,
                });
            }
        }
        ladders
    }

    /// Each duel's name, what leads there, and its two calls.
    fn grounds(&self) -> impl Iterator<Item = (String, Vec<Step>, [Step; 2])> {
        self.pairs().filter_map(|duel| {
            let mut steps = duel.schedule.steps;
            let Action::Duel { calls, .. } = steps.pop()?.action else {
                return None;
            };
            Some((duel.name, steps, calls.try_into().ok()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fault, Moment};
    use super::*;

    fn menu() -> Menu {
        Menu::of_everything()
    }

    #[test]
    fn every_operation_has_a_ladder_whose_schedules_can_be_played() {
        let menu = menu();
        let ladders = menu.ladders();
        let names: Vec<_> = ladders.iter().map(|it| it.name.as_str()).collect();
        let wanted = [
            "reserve",
            "charge",
            "refund",
            "sweep",
            "payment",
            "money back",
        ];
        assert_eq!(names, wanted);
        let fate = Fate::Struck(Strike::new(Fault::CrashBetween, Moment::Before(0)));
        for ladder in ladders.into_iter().chain(menu.double_ladders()) {
            let schedule = ladder.at(fate);
            assert_eq!(schedule.impossible(), None, "{}", ladder.name);
            let struck = schedule
                .steps
                .iter()
                .filter(|it| it.action.fate() == Some(fate));
            assert_eq!(struck.count(), 1, "{}", ladder.name);
            assert!(schedule.needs_wire());
        }
    }
}
