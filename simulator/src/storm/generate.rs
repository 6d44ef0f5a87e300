//! Storms from randomness: the proptest strategies that draw workload and weather.

use super::forecast::TURN;
use super::{Affair, Business, Fault, Gust, Kind, Storm};
use crate::target::Operation;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use std::collections::BTreeSet;

/// How many named accounts a storm has, besides its bystander.
pub const ACCOUNTS: usize = 2;

/// The sizes of a run's storms, in turn: how many affairs each has at most.
pub const SIZES: [usize; 3] = [2, 4, 7];

/// What there is to draw from: what is sold, what this ledger offers, what may go wrong.
#[derive(Clone, Debug)]
pub struct Menu {
    /// How many packs can be bought.
    pub packs: usize,
    /// How many plans.
    pub plans: usize,
    /// What an account can spend once it has bought its first pack: jobs are sized by it.
    pub purse: i64,
    /// Whether Stripe itself can tell it: then there are renewals, bank debits, refunds, and
    /// people who would like to be Stripe.
    pub webhook: bool,
    /// Whether jobs can be reserved.
    pub jobs: bool,
    /// Whether a job's success can be reported.
    pub charges: bool,
    /// Whether its failure can.
    pub refunds: bool,
    /// Whether there is a sweep.
    pub sweeps: bool,
    /// Operations that can't be told twice.
    pub keyless: BTreeSet<Operation>,
    /// Whether a charge says what the job cost.
    pub costs: bool,
    /// Whether a sale can be told again with another amount.
    pub altered: bool,
    /// Whether amounts that make no sense can be sent.
    pub nonsense: bool,
    /// Whether an account can be linked to its customer.
    pub links: bool,
    /// Whether the catalogue has a pack in a currency without decimals.
    pub abroad: bool,
    /// The faults that may strike; empty for fair weather.
    pub faults: Vec<Fault>,
}

impl Menu {
    /// A ledger that offers everything, in the storm's own shop.
    #[cfg(test)]
    pub(super) fn of_everything() -> Self {
        Self {
            packs: 2,
            plans: 1,
            purse: 100,
            webhook: true,
            jobs: true,
            charges: true,
            refunds: true,
            sweeps: true,
            keyless: BTreeSet::new(),
            costs: true,
            altered: true,
            nonsense: true,
            links: true,
            abroad: true,
            faults: Vec::new(),
        }
    }

    /// Storms of this menu: first the accounts are funded, then business and weather.
    ///
    /// `size` is how much business there is at most, and with it how rough the weather: small
    /// storms show one bug each, large ones what bugs do together.
    pub fn storms(&self, size: usize) -> impl Strategy<Value = Storm> + use<> {
        let funding = if self.packs > 0 {
            let pack = self.affair(&[Choice::Pack], 0..1);
            let rarely = vec(pack.clone(), 0..=ACCOUNTS);
            prop_oneof![1 => rarely, 4 => vec(pack, ACCOUNTS)].boxed()
        } else {
            Just(Vec::new()).boxed()
        };
        let mut choices: Vec<Choice> = Choice::ALL.into_iter().collect();
        choices.retain(|choice| self.offers(*choice));
        // Jobs have the most ways to end.
        choices.extend(self.jobs.then_some([Choice::Job; 2]).into_iter().flatten());
        let gusts = 0..2 + size / 2;
        let affairs = if choices.is_empty() {
            Just(Vec::new()).boxed()
        } else {
            vec(self.affair(&choices, gusts), 0..=size).boxed()
        };
        (funding, affairs).prop_map(|(mut first, then)| {
            for (account, affair) in first.iter_mut().enumerate() {
                (affair.account, affair.lead) = (account, 0);
            }
            first.extend(then);
            Storm { affairs: first }
        })
    }

    /// A storm of one affair with one fault: each fault gets a scene to itself, where no other
    /// bug can hide what it does. `None` if nothing that this ledger offers can meet the fault.
    pub fn scene(&self, fault: Fault) -> Option<impl Strategy<Value = Storm> + use<>> {
        let alone = Self {
            faults: vec![fault],
            ..self.clone()
        };
        let fits = |choice: &Choice| {
            let kind = choice.kind();
            fault.fits(kind) && self.offers(*choice) && self.can_meet(fault, kind)
        };
        let choices: Vec<Choice> = Choice::ALL.into_iter().filter(fits).collect();
        if choices.is_empty() {
            return None;
        }
        let funding = if self.packs > 0 {
            vec(self.affair(&[Choice::Pack], 0..1), 1)
        } else {
            vec(self.affair(&choices, 0..1), 0)
        };
        let affair = alone.affair(&choices, 1..2);
        // What a late success costs is the question where somebody spent the credits meanwhile.
        let rival = if fault == Fault::LateSuccess {
            prop::option::of(rival()).boxed()
        } else {
            Just(None).boxed()
        };
        Some(
            (funding, affair, rival).prop_map(|(mut affairs, mut then, rival)| {
                for first in &mut affairs {
                    (first.account, first.lead) = (0, 0);
                }
                (then.account, then.lead) = (0, 0);
                affairs.push(then);
                affairs.extend(rival);
                Storm { affairs }
            }),
        )
    }

    /// Whether what this ledger offers lets the fault do what its story says. A fault that only
    /// bends steps which are never sent wasn't met.
    fn can_meet(&self, fault: Fault, kind: Kind) -> bool {
        let repeats = matches!(
            fault,
            Fault::Duplicate
                | Fault::LateRetry
                | Fault::Burst
                | Fault::TwinEvent
                | Fault::DoubleClick
        );
        let keyless = |operation| self.keyless.contains(&operation);
        let told_once = match kind {
            Kind::Pack | Kind::Plan => !self.webhook && keyless(Operation::Grant),
            Kind::Job => keyless(Operation::Reserve),
            Kind::Sweep => false,
        };
        (self.webhook || fault.reaches_grants())
            && (self.charges && self.refunds || !fault.needs_ends())
            && (self.costs || fault != Fault::PartialOutput)
            && (self.altered || fault != Fault::AlteredBody)
            && (self.nonsense || fault != Fault::NonsenseAmount)
            && (self.links || fault != Fault::UnknownCustomer)
            && (self.abroad || fault != Fault::ZeroDecimalCurrency)
            && !(repeats && told_once)
    }

    /// So many percent of what an account can spend, at least one credit.
    pub(super) fn share(&self, percent: i64) -> i64 {
        let share = i128::from(self.purse) * i128::from(percent) / 100;
        i64::try_from(share).unwrap_or(i64::MAX).max(1)
    }

    fn offers(&self, choice: Choice) -> bool {
        match choice {
            Choice::Pack => self.packs > 0,
            Choice::Plan => self.plans > 0,
            Choice::Job => self.jobs,
            Choice::Sweep => self.sweeps,
        }
    }

    fn affair(&self, choices: &[Choice], gusts: std::ops::Range<usize>) -> BoxedStrategy<Affair> {
        let businesses: Vec<_> = choices
            .iter()
            .map(|choice| {
                let weather = self.weather(choice.kind(), gusts.clone());
                (self.business(*choice), weather).boxed()
            })
            .collect();
        (0..ACCOUNTS, lead(), Union::new(businesses))
            .prop_map(|(account, lead, (business, weather))| Affair {
                account,
                lead,
                business,
                weather,
            })
            .boxed()
    }

    fn business(&self, choice: Choice) -> BoxedStrategy<Business> {
        match choice {
            Choice::Pack => {
                let refunds = if self.webhook { 0..=2 } else { 0..=0 };
                let percents = vec(select(vec![100u8, 50, 33, 10]), refunds);
                (
                    0..self.packs,
                    prop::bool::weighted(0.2),
                    prop::bool::weighted(0.4),
                    percents,
                )
                    .prop_map(|(pack, debit, given_back, refunds)| Business::Purchase {
                        pack,
                        debit,
                        refunds: if given_back { refunds } else { Vec::new() },
                    })
                    .boxed()
            }
            // Who is told by grants hears the same of a plan's beginning and of its going on.
            Choice::Plan => (
                0..self.plans,
                prop::bool::weighted(if self.webhook { 0.3 } else { 0.0 }),
            )
                .prop_map(|(plan, begins)| match begins {
                    true => Business::Subscription { plan },
                    false => Business::Renewal { plan },
                })
                .boxed(),
            // Mostly less than the smallest pack; sometimes more than there may be.
            Choice::Job => {
                let menu = self.clone();
                (prop_oneof![3 => 1..=30i64, 1 => 31..=70i64], any::<bool>())
                    .prop_map(move |(percent, succeeds)| Business::Job {
                        amount: menu.share(percent),
                        succeeds,
                    })
                    .boxed()
            }
            Choice::Sweep => any::<bool>()
                .prop_map(|old_only| Business::Sweep { old_only })
                .boxed(),
        }
    }

    fn weather(&self, kind: Kind, gusts: std::ops::Range<usize>) -> BoxedStrategy<Vec<Gust>> {
        let fitting: Vec<_> = self
            .faults
            .iter()
            .filter(|fault| fault.fits(kind))
            .filter(|fault| self.can_meet(**fault, kind))
            .map(|fault| (fault.weight(), Just(*fault)))
            .collect();
        if fitting.is_empty() {
            return Just(Vec::new()).boxed();
        }
        // Of the two events of a plan's payment a grant tells the first.
        let places = match kind {
            Kind::Plan if !self.webhook => 0..1,
            _ => 0..6usize,
        };
        let gust = (Union::new_weighted(fitting), places, 0..600u32)
            .prop_map(|(fault, nth, wait)| Gust { fault, nth, wait });
        vec(gust, gusts).boxed()
    }
}

/// A job that takes nearly all that a pack gave, two minutes after the turn before its own: in a
/// scene that is when the first job was given up.
fn rival() -> impl Strategy<Value = Affair> {
    prop_oneof![25..=33i64, 90..=100i64].prop_map(|amount| Affair {
        account: 0,
        lead: TURN - 121,
        business: Business::Job {
            amount,
            succeeds: true,
        },
        weather: Vec::new(),
    })
}

/// Mostly in turn; sometimes an affair cuts hours into the ones before it.
fn lead() -> impl Strategy<Value = u32> {
    prop_oneof![3 => Just(0u32), 2 => 0..20_000u32]
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    Pack,
    Plan,
    Job,
    Sweep,
}

impl Choice {
    const ALL: [Choice; 4] = [Choice::Pack, Choice::Plan, Choice::Job, Choice::Sweep];

    fn kind(self) -> Kind {
        match self {
            Choice::Pack => Kind::Pack,
            Choice::Plan => Kind::Plan,
            Choice::Job => Kind::Job,
            Choice::Sweep => Kind::Sweep,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::storm::Action;
    use proptest::strategy::ValueTree;

    fn menu(faults: &[Fault]) -> Menu {
        Menu {
            faults: faults.to_vec(),
            ..Menu::of_everything()
        }
    }

    /// Clients that pass the ledger by are no weather.
    fn weather() -> Vec<Fault> {
        let all = Fault::ALL.iter().copied();
        all.filter(|fault| !fault.is_trespass()).collect()
    }

    fn draw(menu: &Menu, seed: u64) -> Storm {
        let mut runner = random::runner(seed);
        menu.storms(SIZES[usize::try_from(seed).unwrap() % SIZES.len()])
            .new_tree(&mut runner)
            .unwrap()
            .current()
    }

    #[test]
    fn a_seed_makes_the_same_schedule_every_time() {
        let menu = menu(Fault::ALL);
        for seed in 0..50 {
            assert_eq!(draw(&menu, seed).schedule(), draw(&menu, seed).schedule());
        }
    }

    #[test]
    fn every_fault_is_met_within_a_few_hundred_storms() {
        let weather = weather();
        let menu = menu(&weather);
        let mut met = std::collections::BTreeSet::new();
        for seed in 0..400 {
            met.extend(draw(&menu, seed).schedule().faults);
        }
        // Travels in time are laid, not drawn.
        assert_eq!(met.len(), weather.len() - 1, "met only {met:?}");
    }

    #[test]
    fn no_fault_strikes_that_was_not_asked_for() {
        let asked = [Fault::Duplicate, Fault::NeverEnds];
        let menu = menu(&asked);
        for seed in 0..200 {
            let schedule = draw(&menu, seed).schedule();
            assert!(schedule.faults.iter().all(|fault| asked.contains(fault)));
        }
    }

    #[test]
    fn a_scene_meets_its_fault() {
        let weather = weather();
        let menu = menu(&weather);
        for fault in weather.iter().filter(|it| **it != Fault::TimeTravel) {
            let mut runner = random::runner(1);
            let scene = menu.scene(*fault).unwrap().new_tree(&mut runner).unwrap();
            assert_eq!(scene.current().schedule().faults, [*fault]);
        }
    }

    #[test]
    fn what_is_never_sent_is_never_met() {
        let menu = Menu {
            charges: false,
            ..menu(&[Fault::LateSuccess])
        };
        assert!(menu.scene(Fault::LateSuccess).is_none());
        for seed in 0..100 {
            assert_eq!(draw(&menu, seed).schedule().faults, []);
        }
    }

    #[test]
    fn who_is_told_by_grants_meets_no_business_that_only_stripe_tells() {
        let menu = Menu {
            webhook: false,
            ..menu(&weather())
        };
        for seed in 0..400 {
            let schedule = draw(&menu, seed).schedule();
            for step in &schedule.steps {
                let told = matches!(
                    step.action,
                    Action::BuyAbroad { .. }
                        | Action::Subscribe { .. }
                        | Action::Acquaint { .. }
                        | Action::GiveBack { .. }
                        | Action::Bounce
                        | Action::Inquire
                        | Action::Dispute
                        | Action::Escalate
                        | Action::Close { .. }
                );
                assert!(!told, "{step:?}");
            }
        }
        for fault in Fault::ALL.iter().filter(|it| !it.reaches_grants()) {
            assert!(menu.scene(*fault).is_none(), "{fault}");
        }
    }

    #[test]
    fn steps_are_in_the_order_of_their_time() {
        let menu = menu(Fault::ALL);
        for seed in 0..200 {
            let schedule = draw(&menu, seed).schedule();
            assert!(schedule.steps.is_sorted_by_key(|step| step.at));
        }
    }
}
