//! What must be true of the model itself, whatever it is told and in whatever order.

use super::*;
use crate::target::{
    Charge, ChargeWhat, Clawback, Credits, FactId, JobId, LateSuccess, LedgerError, Policy, Refund,
    Reply, Reserve, Shortfall, Status,
};
use proptest::prelude::*;

fn credits(n: i64) -> Credits {
    Credits::new(n)
}

fn deeds() -> impl Strategy<Value = Deed> {
    let job = || (0..3u8).prop_map(|n| JobId::new(format!("job-{n}")));
    let fact = || (0..3u8).prop_map(|n| FactId::new(format!("cs_{n}")));
    // A fact's price and credits never change, as in the world: 10 minor units a credit.
    let worth = |fact: &FactId| match fact.as_str() {
        "cs_0" => 30,
        "cs_1" => 70,
        _ => 100,
    };
    prop_oneof![
        (job(), -5..60i64).prop_map(|(job, amount)| Deed::Reserve {
            job,
            amount: credits(amount)
        }),
        (job(), -5..60i64).prop_map(|(job, cost)| Deed::Charge {
            job,
            cost: credits(cost)
        }),
        job().prop_map(|job| Deed::Refund { job }),
        fact().prop_map(move |fact| Deed::Paid {
            credits: credits(worth(&fact)),
            fact
        }),
        (fact(), 0..=10i64).prop_map(move |(fact, tenths)| Deed::Repaid {
            paid: worth(&fact) * 10,
            refunded: worth(&fact) * tenths,
            fact
        }),
        Just(Deed::Tampered),
    ]
}

/// Plays a deed the way an exemplary ledger would: the first allowed answer.
fn exemplary(state: &Account, deed: &Deed) -> Account {
    match state.outcomes(deed).into_iter().next() {
        Some((_, then)) => then,
        None => state.after(deed, &Reply::Webhook(Status::OK)).remove(0),
    }
}

fn policies() -> impl Strategy<Value = Choices> {
    let clawback = prop_oneof![
        Just(Clawback::Owed),
        Just(Clawback::Negative),
        Just(Clawback::Floor),
        Just(Clawback::None)
    ];
    let late = prop_oneof![Just(LateSuccess::Reject), Just(LateSuccess::Recollect)];
    (clawback, late).prop_map(|(clawback, late_success)| {
        let policy = Policy {
            clawback: Some(clawback),
            late_success: Some(late_success),
            partial_charge: Some(true),
            ..Policy::default()
        };
        Choices::allowed_by(&policy)[0]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spendable_is_never_below_zero_but_by_the_declared_clawback(
        choices in policies(), deeds in proptest::collection::vec(deeds(), 0..30)
    ) {
        let mut state = Account::opening(choices, 0);
        for deed in &deeds {
            state = exemplary(&state, deed);
            prop_assert!(state.spendable >= 0 || choices.clawback == Clawback::Negative);
            prop_assert!(state.owed >= 0);
            prop_assert!(state.owed == 0 || state.spendable == 0, "spendable pays what is owed");
        }
    }

    #[test]
    fn credits_are_granted_spent_held_or_taken_back_and_never_lost(
        deeds in proptest::collection::vec(deeds(), 0..30)
    ) {
        let choices = Choices::allowed_by(&Policy {
            clawback: Some(Clawback::Owed),
            late_success: Some(LateSuccess::Recollect),
            partial_charge: Some(true),
            ..Policy::default()
        })[0];
        let mut state = Account::opening(choices, 0);
        for deed in &deeds {
            state = exemplary(&state, deed);
        }
        let granted: i64 = state.facts.values().filter_map(|fact| fact.credits).sum();
        let taken: i64 = state.facts.values().map(|fact| fact.taken).sum();
        let spent: i64 = state.jobs.values().map(|job| match job.status {
            JobStatus::Charged(cost) => cost,
            JobStatus::Held | JobStatus::Refunded => 0,
        }).sum();
        prop_assert_eq!(state.spendable - state.owed + state.held(), granted - taken - spent);
    }

    #[test]
    fn the_same_deed_again_moves_nothing(
        choices in policies(), before in proptest::collection::vec(deeds(), 0..20), deed in deeds()
    ) {
        let mut state = Account::opening(choices, 0);
        for deed in &before {
            state = exemplary(&state, deed);
        }
        let once = exemplary(&state, &deed);
        prop_assert_eq!(exemplary(&once, &deed), once);
    }

    #[test]
    fn what_is_past_moves_nothing_whatever_happens_first(
        choices in policies(), before in proptest::collection::vec(deeds(), 0..20), deed in deeds(),
        between in proptest::collection::vec(deeds(), 0..8)
    ) {
        let mut state = Account::opening(choices, 0);
        for deed in &before {
            state = exemplary(&state, deed);
        }
        let past = state.is_past(&deed);
        for deed in &between {
            state = exemplary(&state, deed);
        }
        prop_assert!(!past || state.maybe(&deed) == [state]);
    }

    #[test]
    fn what_has_happened_is_past(
        choices in policies(), before in proptest::collection::vec(deeds(), 0..20), deed in deeds()
    ) {
        let mut state = Account::opening(choices, 0);
        for deed in &before {
            state = exemplary(&state, deed);
        }
        for then in state.maybe(&deed) {
            prop_assert!(then == state || then.is_past(&deed));
        }
    }

    #[test]
    fn payments_and_refunds_end_at_the_same_net_in_any_order(
        told in proptest::collection::vec(deeds(), 0..12).prop_shuffle(),
    ) {
        let choices = Choices::allowed_by(&Policy {
            clawback: Some(Clawback::Owed), partial_charge: Some(true),
            late_success: Some(LateSuccess::Reject), ..Policy::default()
        })[0];
        let money = |deed: &&Deed| matches!(deed, Deed::Paid { .. } | Deed::Repaid { .. });
        let forward: Vec<&Deed> = told.iter().filter(money).collect();
        let net = |deeds: &mut dyn Iterator<Item = &&Deed>| {
            let mut state = Account::opening(choices, 0);
            for deed in deeds {
                state = exemplary(&state, deed);
            }
            state.spendable - state.owed
        };
        prop_assert_eq!(net(&mut forward.iter()), net(&mut forward.iter().rev()));
    }

    #[test]
    fn a_lost_reply_allows_what_either_answer_allows(
        choices in policies(), before in proptest::collection::vec(deeds(), 0..20), deed in deeds()
    ) {
        let mut state = Account::opening(choices, 0);
        for deed in &before {
            state = exemplary(&state, deed);
        }
        let maybe = state.maybe(&deed);
        prop_assert!(maybe.contains(&state));
        prop_assert!(maybe.contains(&exemplary(&state, &deed)));
    }
}

#[test]
fn a_reserve_after_the_jobs_end_is_settled_and_never_reserved() {
    let choices = Choices::allowed_by(&Policy::default())[0];
    let mut state = Account::opening(choices, 100);
    let job = JobId::new("j");
    let reserve = Deed::Reserve {
        job: job.clone(),
        amount: credits(10),
    };
    state = exemplary(&state, &reserve);
    state = exemplary(&state, &Deed::Refund { job });
    assert!(
        state
            .after(&reserve, &Reply::Reserve(Reserve::Reserved))
            .is_empty()
    );
    assert_eq!(
        state.after(&reserve, &Reply::Reserve(Reserve::Settled)),
        [state.clone()]
    );
    assert_eq!(state.standing(&reserve), Standing::Contrary);
}

#[test]
fn a_plain_no_counts_only_where_a_negative_reply_does() {
    let choices = Choices::allowed_by(&Policy::default())[0];
    let state = Account::opening(choices, 10);
    let no = Reply::Error(LedgerError::refused("no"));
    let reserve = |amount| Deed::Reserve {
        job: JobId::new("j"),
        amount: credits(amount),
    };
    assert!(state.after(&reserve(10), &no).is_empty());
    assert_eq!(state.after(&reserve(11), &no).len(), 1);
    assert_eq!(state.after(&reserve(-1), &no).len(), 1);
}

/// An account of 10 credits in the eyes of somebody who declared this.
fn with(policy: &Policy) -> Account {
    Account::opening(Choices::allowed_by(policy)[0], 10)
}

fn reserve(amount: i64) -> Deed {
    Deed::Reserve {
        job: JobId::new("j"),
        amount: credits(amount),
    }
}

const RESERVED: Reply = Reply::Reserve(Reserve::Reserved);
const CHARGED: Reply = Reply::Charge(Charge::Charged);

fn charge(cost: i64) -> Deed {
    Deed::Charge {
        job: JobId::new("j"),
        cost: credits(cost),
    }
}

#[test]
fn only_who_declares_it_reserves_below_zero_or_takes_what_is_there() {
    let none = with(&Policy::default());
    assert!(none.after(&reserve(11), &RESERVED).is_empty());
    let overdrawn = with(&Policy {
        overdraft: true,
        ..Policy::default()
    });
    let after = overdrawn.after(&reserve(11), &RESERVED);
    assert_eq!((after.len(), after[0].spendable), (1, -1));
    let partial = with(&Policy {
        shortfall: Some(Shortfall::Partial),
        ..Policy::default()
    });
    let after = partial.after(&reserve(11), &RESERVED);
    assert_eq!((after[0].spendable, after[0].held()), (0, 10));
    // What comes back is what was taken.
    let refund = Deed::Refund {
        job: JobId::new("j"),
    };
    let back = after[0].after(&refund, &Reply::Refund(Refund::Refunded));
    assert_eq!(back[0].spendable, 10);
}

#[test]
fn what_a_charge_spends_is_its_cost_unless_something_else_was_declared() {
    let spends = |policy: Policy, cost: i64| -> Vec<i64> {
        let held = with(&policy).after(&reserve(8), &RESERVED).remove(0);
        let after = held.after(&charge(cost), &CHARGED);
        after.iter().map(|state| 10 - state.spendable).collect()
    };
    let plain = || Policy {
        partial_charge: Some(true),
        ..Policy::default()
    };
    assert_eq!(spends(plain(), 3), [3]);
    assert_eq!(spends(plain(), 9), [0i64; 0]);
    let whole = Policy {
        charge: Some(ChargeWhat::Whole),
        ..plain()
    };
    assert_eq!(spends(whole, 3), [8]);
    let least = Policy {
        min_cost: Some(credits(5)),
        ..plain()
    };
    assert_eq!(spends(least.clone(), 3), [3, 5]);
    assert_eq!(spends(least, 6), [6]);
    let over = Policy {
        overcharge: true,
        ..plain()
    };
    assert_eq!(spends(over.clone(), 9), [9]);
    assert_eq!(spends(over, 99), [0i64; 0], "nobody has so much");
}

#[test]
fn a_sweep_that_counts_may_have_refunded_any_so_many_of_the_holds() {
    let mut state = with(&Policy::default());
    for (job, amount) in [("a", 1), ("b", 2)] {
        let deed = Deed::Reserve {
            job: JobId::new(job),
            amount: credits(amount),
        };
        state = state.after(&deed, &RESERVED).remove(0);
    }
    let swept = |reach, count| {
        let states = state.after(&Deed::Sweep { reach }, &Reply::Swept(count));
        let mut spendable: Vec<i64> = states.iter().map(|state| state.spendable).collect();
        spendable.sort_unstable();
        spendable
    };
    assert_eq!(swept(Reach::Everything, 0), [7]);
    assert_eq!(swept(Reach::Everything, 1), [7, 8, 9]);
    assert_eq!(swept(Reach::Everything, 2), [7, 8, 9, 10]);
    assert_eq!(swept(Reach::Nothing, 2), [7], "all of them are young");
    let old = Reach::Only(vec![JobId::new("b")]);
    assert_eq!(swept(old, 2), [7, 9], "one of them is young");
}

#[test]
fn an_answer_that_may_mean_two_things_is_right_if_one_of_them_is() {
    let state = with(&Policy::default());
    let either = Reply::Either {
        said: "f".to_owned(),
        replies: vec![
            Reply::Reserve(Reserve::Insufficient),
            Reply::Reserve(Reserve::Settled),
        ],
    };
    assert_eq!(state.after(&reserve(11), &either), vec![state.clone()]);
    assert!(state.after(&reserve(10), &either).is_empty());
}
