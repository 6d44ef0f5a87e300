//! Duels: every pair of operations on one account and on one job, and some threes, as schedules.
//!
//! Before each, Ana has bought a pack and a job holds 30 percent of what she can spend; so two
//! reserves of 50 percent are one too many, and whatever ends a job finds one. A pair fights on two
//! instances. Of three the first two are in one process, where they also share what it has in
//! memory.

use super::fault::Fault;
use super::generate::Menu;
use super::schedule::{Action, Copy, Fate, Schedule, Step};
use super::strike::{Moment, Strike};
use crate::target::Operation;

/// Calls that are run inside one another.
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
    /// So little that there is enough for it twice: a job that is told twice and held twice.
    ReserveLittle,
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
            Side::ReserveLittle => "reserve little",
            Side::ReserveAnother => "reserve another job",
            Side::Charge => "charge",
            Side::Refund => "refund",
            Side::Sweep => "sweep",
            Side::Pay => "payment",
            Side::GiveBack => "money back",
        }
    }

    /// Whether both are about one job, or one fact.
    fn is_about_the_same_as(self, other: Side) -> bool {
        let ends = |side| matches!(side, Side::Charge | Side::Refund | Side::Sweep);
        self == other || ends(self) && ends(other)
    }

    /// The operation, where it is the same with and without a webhook.
    fn operation(self) -> Option<Operation> {
        match self {
            Side::Reserve | Side::ReserveLittle | Side::ReserveAnother => Some(Operation::Reserve),
            Side::Charge => Some(Operation::Charge),
            Side::Refund => Some(Operation::Refund),
            Side::Sweep => Some(Operation::Sweep),
            Side::Pay => Some(Operation::Grant),
            Side::GiveBack => None,
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

    fn call(self, instance: usize, menu: &Menu) -> Step {
        let fate = Fate::Answered;
        let (lane, action) = match self {
            Side::Reserve | Side::ReserveLittle | Side::ReserveAnother => {
                let lane = if self == Side::ReserveAnother { 3 } else { 2 };
                let amount = menu.share(if self == Side::ReserveLittle { 30 } else { 50 });
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
                    cost: menu.share(if menu.costs { 20 } else { 30 }),
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
                    fate,
                },
            ),
            Side::Pay => (4, deliver(0, instance)),
            Side::GiveBack => (0, deliver(1, instance)),
        };
        step(30, lane, action)
    }

    fn offered(self, menu: &Menu) -> bool {
        match self {
            Side::Reserve | Side::ReserveLittle | Side::ReserveAnother => menu.jobs,
            Side::Charge => menu.jobs && menu.charges,
            Side::Refund => menu.jobs && menu.refunds,
            Side::Sweep => menu.sweeps,
            Side::Pay => menu.packs > 0,
            Side::GiveBack => menu.webhook,
        }
    }
}

/// The threes: what meets on one account, what meets on one job, and money that comes and goes.
const THREES: [[Side; 3]; 5] = [
    [Side::Reserve, Side::ReserveAnother, Side::Refund],
    [Side::Charge, Side::Refund, Side::Sweep],
    [Side::Reserve, Side::Refund, Side::Charge],
    [Side::Reserve, Side::Pay, Side::ReserveAnother],
    [Side::Pay, Side::Reserve, Side::GiveBack],
];

impl Duel {
    /// The same, but the process of the first call dies at that moment.
    #[must_use]
    pub fn dying(&self, moment: Moment) -> Schedule {
        let strike = Strike::new(Fault::CrashBetween, moment);
        let mut schedule = self.schedule.clone();
        schedule.faults = vec![strike.fault];
        let steps = schedule.steps.iter_mut();
        for step in steps {
            if let Action::Duel { calls, .. } = &mut step.action
                && let Some(fate) = calls.first_mut().and_then(|it| it.action.fate_mut())
            {
                *fate = Fate::Struck(strike);
            }
        }
        schedule
    }
}

impl Menu {
    /// Every pair of what this ledger offers, an operation beside itself among them; those that are
    /// about one thing first, since most races are.
    #[must_use]
    pub fn duels(&self) -> Vec<Duel> {
        let mut pairs = self.sorted_meetings();
        let little = Side::ReserveLittle;
        if !pairs.is_empty() && little.offered(self) && self.tells_apart(little, little) {
            pairs.push((little, little));
        }
        let pairs = pairs.into_iter();
        pairs.map(|pair| self.pair(pair)).collect()
    }

    /// The pairs that are about one thing first.
    fn sorted_meetings(&self) -> Vec<(Side, Side)> {
        let mut pairs = self.meetings();
        let reserves = |side: Side| side.operation() == Some(Operation::Reserve);
        pairs.sort_by_key(|(one, two)| {
            let one_purse = reserves(*one) && reserves(*two);
            !(one.is_about_the_same_as(*two) || one_purse)
        });
        pairs
    }

    /// The pairs in which each side stands for an operation, those that are about one thing first.
    pub(super) fn pairs(&self) -> impl Iterator<Item = Duel> {
        let pairs = self.sorted_meetings().into_iter();
        pairs.map(|pair| self.pair(pair))
    }

    fn pair(&self, (one, two): (Side, Side)) -> Duel {
        self.duel(&[(one, 0), (two, 1)])
    }

    fn meetings(&self) -> Vec<(Side, Side)> {
        if self.purse < 1 {
            return Vec::new();
        }
        let sides = Side::ALL.into_iter().filter(|side| side.offered(self));
        let sides: Vec<Side> = sides.collect();
        let mut pairs = Vec::new();
        for (place, one) in sides.iter().enumerate() {
            for two in &sides[place..] {
                // Beside whatever is no reserve, another job is what a job is.
                let another = [*one, *two].contains(&Side::ReserveAnother);
                let same = another && *one != Side::Reserve;
                if !same && self.tells_apart(*one, *two) {
                    pairs.push((*one, *two));
                }
            }
        }
        pairs
    }

    /// Whether both can be told at once: not where they are about one thing, and one of them has
    /// no key by which the ledger could know it.
    fn tells_apart(&self, one: Side, two: Side) -> bool {
        let keyless = |side: Side| {
            side.operation()
                .is_some_and(|it| self.keyless.contains(&it))
        };
        !(one.is_about_the_same_as(two) && (keyless(one) || keyless(two)))
    }

    /// Three operations, two of them in one process, of what this ledger offers.
    #[must_use]
    pub fn threes(&self) -> Vec<Duel> {
        if self.purse < 1 {
            return Vec::new();
        }
        let fights = |three: &&[Side; 3]| {
            let [one, two, three] = **three;
            let offered = [one, two, three].iter().all(|side| side.offered(self));
            let pairs = [(one, two), (one, three), (two, three)];
            offered && pairs.iter().all(|(one, two)| self.tells_apart(*one, *two))
        };
        let threes = THREES.iter().filter(fights);
        threes
            .map(|[one, two, three]| self.duel(&[(*one, 0), (*two, 0), (*three, 1)]))
            .collect()
    }

    /// Each operation whose process dies while another keeps it waiting, those of one thing first;
    /// and, if it may be, its next attempt on the other instance, before the dead one has ended.
    #[must_use]
    pub fn deaths(&self, again: bool) -> Vec<Duel> {
        let mut deaths = Vec::new();
        for (one, two) in self.sorted_meetings() {
            // An operation beside itself is the same in both roles.
            for (dies, holds) in &[(one, two), (two, one)][..1 + usize::from(one != two)] {
                let again = again && self.tells_apart(*dies, *dies);
                let again = again.then_some((*dies, 1));
                let sides = [(*dies, 0), (*holds, 1)].into_iter().chain(again);
                let mut duel = self.duel(&sides.collect::<Vec<_>>());
                duel.name = format!(
                    "{} that dies while it waits for {}",
                    dies.name(),
                    holds.name()
                );
                deaths.push(duel);
            }
        }
        deaths
    }

    fn duel(&self, sides: &[(Side, usize)]) -> Duel {
        let (pack, debit) = (0, false);
        let mut steps = Vec::new();
        if self.packs > 0 {
            steps.push(step(0, 0, Action::Buy { pack, debit }));
            steps.push(step(2, 0, deliver(0, 0)));
        }
        if self.jobs {
            let (amount, instance, fate) = (self.share(30), 1, Fate::Answered);
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
        for (place, (side, _)) in sides.iter().enumerate() {
            let is_first = sides[..place].iter().all(|(other, _)| other != side);
            steps.extend(side.before().filter(|_| is_first));
        }
        let calls = sides
            .iter()
            .map(|(side, instance)| side.call(*instance, self));
        let calls = calls.collect();
        let order = Vec::new();
        steps.push(step(30, 0, Action::Duel { calls, order }));
        let names: Vec<&str> = sides.iter().map(|(side, _)| side.name()).collect();
        Duel {
            name: names.join(" ∥ "),
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
        let menu = Menu::of_everything();
        let duels = menu.duels();
        // Six sides, each beside each; a job beside another; and a little one told twice.
        assert_eq!(duels.len(), 6 * 7 / 2 + 2);
        assert_eq!(menu.threes().len(), THREES.len());
        for duel in duels.into_iter().chain(menu.threes()) {
            assert_eq!(duel.schedule.impossible(), None, "{}", duel.name);
        }
        let without_ends = Menu {
            charges: false,
            refunds: false,
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
    #[test]
    fn no_two_duels_are_the_same_but_for_the_names_of_jobs() {
        let mut seen = Vec::new();
        for duel in Menu::of_everything().duels() {
            let mut schedule = duel.schedule;
            let duels = schedule.steps.iter_mut();
            let calls = duels.filter_map(|step| match &mut step.action {
                Action::Duel { calls, .. } => Some(calls),
                _ => None,
            });
            let mut jobs: Vec<&mut usize> = calls.flatten().map(|call| &mut call.lane).collect();
            // The second new job stands for the first where that takes no part.
            if jobs.iter().all(|lane| **lane != 2) {
                for lane in jobs.iter_mut().filter(|lane| ***lane == 3) {
                    **lane = 2;
                }
            }
            assert!(!seen.contains(&schedule), "{}", duel.name);
            seen.push(schedule);
        }
    }
}
