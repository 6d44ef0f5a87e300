//! What must be true of the model itself, whatever it is told and in whatever order.

use super::*;
use crate::target::{
    Clawback, Credits, FactId, JobId, LateSuccess, LedgerError, Policy, Reply, Reserve, Status,
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
