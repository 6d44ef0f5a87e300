//! What must be true of the search for an order: it finds what trying every order finds, and
//! nothing else.

use super::linearize::{Explained, Possible, Timed};
use crate::history::{Outcome, Span};
use crate::model::{Account, Choices, Deed, JobStatus, Reach, Standing, leaves_open};
use crate::target::{
    Charge, Clawback, Credits, FactId, JobId, LateSuccess, LedgerError, Policy, Refund, Reply,
    Reserve, Status,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

const PLENTY: u32 = 1_000_000;
const OK: Reply = Reply::Webhook(Status::OK);

fn job(number: u8) -> JobId {
    JobId::new(format!("j{number}"))
}

fn reserve(number: u8, amount: i64) -> Deed {
    Deed::Reserve {
        job: job(number),
        amount: Credits::new(amount),
    }
}

fn charge(number: u8, cost: i64) -> Deed {
    Deed::Charge {
        job: job(number),
        cost: Credits::new(cost),
    }
}

fn refund(number: u8) -> Deed {
    Deed::Refund { job: job(number) }
}

fn paid(credits: i64) -> Deed {
    Deed::Paid {
        fact: FactId::new("cs"),
        credits: Credits::new(credits),
    }
}

fn repaid() -> Deed {
    Deed::Repaid {
        fact: FactId::new("cs"),
        paid: 400,
        refunded: 400,
    }
}

const SWEEP: Deed = Deed::Sweep {
    reach: Reach::Everything,
};

/// An account with so much to spend, and what it leaves to the ledger decided.
fn account(spendable: i64, late_success: LateSuccess) -> Account {
    let policy = Policy {
        late_success: Some(late_success),
        clawback: Some(Clawback::Floor),
        partial_charge: Some(true),
        ..Policy::default()
    };
    Account::opening(Choices::allowed_by(&policy)[0], spendable)
}

/// A request with its outcome, from `begins` to `ends`.
type Made = (Deed, Outcome, Span);

fn made(deed: Deed, reply: impl Into<Option<Reply>>, begins: u32, ends: u32) -> Made {
    let span = Span {
        begins,
        ends: Some(ends),
    };
    let outcome = match reply.into() {
        Some(reply) => Outcome::Replied(reply),
        None => Outcome::ReplyLost(Reply::Done),
    };
    (deed, outcome, span)
}

fn timed(requests: &[Made]) -> Vec<Timed<'_>> {
    let each = requests.iter().map(|(deed, outcome, span)| Timed {
        deed,
        outcome,
        span: *span,
    });
    each.collect()
}

/// Where they leave an account, by the search; and the search's word.
fn searched(from: &Account, stretches: &[&[Made]]) -> (BTreeSet<Account>, Option<Explained>) {
    let mut possible = Possible::opening(vec![from.clone()]);
    for requests in stretches {
        match possible.explain(&timed(requests), |_| true, &mut PLENTY.clone()) {
            Explained::Yes(_) => {}
            other => return (BTreeSet::new(), Some(other)),
        }
    }
    (possible.accounts().iter().cloned().collect(), None)
}

/// One thing to put in order, for the brute force: what it is, what came of it, when.
#[derive(Clone)]
enum Piece {
    Said(Deed, Reply),
    /// A sweep says so; and `beside` it another says the same, so that the second of the two may
    /// have found it refunded.
    Refunded {
        job: JobId,
        beside: bool,
    },
    Maybe(Deed),
}

/// Where they leave an account, by trying each order of each choice of what took effect.
fn by_brute_force(from: &Account, requests: &[Made]) -> BTreeSet<Account> {
    let mut pieces: Vec<(Piece, Span)> = Vec::new();
    for (place, (deed, outcome, span)) in requests.iter().enumerate() {
        let late = Span {
            begins: span.begins,
            ends: None,
        };
        match outcome {
            Outcome::NeverArrived => {}
            Outcome::Replied(Reply::Sweep(jobs)) => {
                let beside = |job: &JobId| {
                    let mut all = requests.iter().enumerate();
                    all.any(|(other, (_, outcome, when))| {
                        let apart =
                            other == place || when.is_before(*span) || span.is_before(*when);
                        !apart && says_refunded(&requests[other].0, outcome, job)
                    })
                };
                pieces.extend(jobs.iter().map(|job| {
                    let (job, beside) = (job.clone(), beside(job));
                    (Piece::Refunded { job, beside }, *span)
                }));
            }
            Outcome::Replied(reply) if !leaves_open(reply) => {
                pieces.push((Piece::Said(deed.clone(), reply.clone()), *span));
            }
            // A lost sweep is as many maybes as there are jobs.
            _ if *deed == SWEEP => {
                pieces.extend((0..JOBS).map(|number| (Piece::Maybe(refund(number)), late)));
            }
            _ => pieces.push((Piece::Maybe(deed.clone()), late)),
        }
    }
    let mut ends = BTreeSet::new();
    in_every_order(from, &pieces, &mut ends);
    ends
}

fn says_refunded(deed: &Deed, outcome: &Outcome, job: &JobId) -> bool {
    match outcome {
        Outcome::Replied(Reply::Refund(Refund::Refunded)) => {
            *deed == Deed::Refund { job: job.clone() }
        }
        Outcome::Replied(Reply::Sweep(jobs)) => jobs.contains(job),
        _ => false,
    }
}

fn in_every_order(from: &Account, left: &[(Piece, Span)], ends: &mut BTreeSet<Account>) {
    if left.is_empty() {
        ends.insert(from.clone());
    }
    for (place, (piece, span)) in left.iter().enumerate() {
        if left.iter().any(|(_, other)| other.is_before(*span)) {
            continue;
        }
        let mut rest = left.to_vec();
        rest.remove(place);
        let status = |job: &JobId| from.jobs.get(job).map(|job| job.status);
        let leads = match piece {
            Piece::Said(deed, reply) => from.after(deed, reply),
            Piece::Refunded { job, .. } if status(job) == Some(JobStatus::Held) => {
                let mut moved = from.maybe(&Deed::Refund { job: job.clone() });
                moved.retain(|state| state != from);
                moved
            }
            Piece::Refunded { job, beside }
                if status(job) == Some(JobStatus::Refunded) && *beside =>
            {
                vec![from.clone()]
            }
            Piece::Refunded { .. } => Vec::new(),
            Piece::Maybe(deed) => from.maybe(deed),
        };
        for state in leads {
            in_every_order(&state, &rest, ends);
        }
    }
}

const JOBS: u8 = 3;

fn deeds() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0..JOBS, prop_oneof![Just(30), Just(50)]).prop_map(|(job, amount)| reserve(job, amount)),
        2 => (0..JOBS, prop_oneof![Just(20), Just(30)]).prop_map(|(job, cost)| charge(job, cost)),
        2 => (0..JOBS).prop_map(refund),
        1 => Just(paid(40)),
        1 => Just(repaid()),
        1 => Just(SWEEP),
    ]
}

/// What a reply may be; not each is one that can be true.
fn replies(deed: &Deed) -> BoxedStrategy<Option<Reply>> {
    let some = match deed {
        Deed::Reserve { .. } => vec![
            Reply::Reserve(Reserve::Reserved),
            Reply::Reserve(Reserve::Reserved),
            Reply::Reserve(Reserve::Insufficient),
            Reply::Reserve(Reserve::Settled),
        ],
        Deed::Charge { .. } => vec![
            Reply::Charge(Charge::Charged),
            Reply::Charge(Charge::Refunded),
            Reply::Charge(Charge::Unknown),
        ],
        Deed::Refund { .. } => vec![
            Reply::Refund(Refund::Refunded),
            Reply::Refund(Refund::Charged),
            Reply::Refund(Refund::Unknown),
        ],
        Deed::Sweep { .. } => vec![
            Reply::Sweep(vec![]),
            Reply::Sweep(vec![job(0)]),
            Reply::Sweep(vec![job(0), job(1)]),
        ],
        _ => vec![OK],
    };
    let failed = Reply::Error(LedgerError::failed("boom"));
    prop_oneof![
        6 => prop::sample::select(some).prop_map(Some),
        1 => Just(Some(failed)),
        1 => Just(None),
    ]
    .boxed()
}

fn requests() -> impl Strategy<Value = Vec<Made>> {
    let one = deeds().prop_flat_map(|deed| {
        (Just(deed.clone()), replies(&deed), 1..8_u32, 0..5_u32)
            .prop_map(|(deed, reply, begins, length)| made(deed, reply, begins, begins + length))
    });
    // A sweep that was answered may name only jobs that the account has: else it is another's.
    prop::collection::vec(one, 1..5).prop_filter("a sweep of known jobs", |made| {
        let reserved = |job: &JobId| {
            made.iter()
                .any(|(deed, ..)| matches!(deed, Deed::Reserve { job: it, .. } if it == job))
        };
        made.iter().all(|(_, outcome, _)| match outcome {
            Outcome::Replied(Reply::Sweep(jobs)) => jobs.iter().all(reserved),
            _ => true,
        })
    })
}

fn late() -> impl Strategy<Value = LateSuccess> {
    prop_oneof![Just(LateSuccess::Reject), Just(LateSuccess::Recollect)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn the_search_ends_where_trying_every_order_does(
        requests in requests(), late in late(), spendable in prop_oneof![Just(0), Just(50), Just(80)]
    ) {
        let from = account(spendable, late);
        let (found, refused) = searched(&from, &[&requests]);
        let wanted = by_brute_force(&from, &requests);
        prop_assert_eq!(&found, &wanted);
        prop_assert_eq!(refused.is_some(), wanted.is_empty());
    }

    #[test]
    fn what_nobody_heard_may_come_true_in_a_later_stretch(
        requests in requests(), late in late(), cut in any::<prop::sample::Index>()
    ) {
        // One stretch after the other is one in which all of the second begin after all of the first.
        let (first, second) = requests.split_at(cut.index(requests.len()));
        let later = |made: &Made| {
            let (deed, outcome, span) = made.clone();
            let span = Span { begins: span.begins + 100, ends: span.ends.map(|end| end + 100) };
            (deed, outcome, span)
        };
        let joined: Vec<Made> = first.iter().cloned().chain(second.iter().map(later)).collect();
        let knows = |made: &[Made]| made.iter().all(|(_, outcome, _)| !matches!(
            outcome, Outcome::Replied(Reply::Sweep(jobs)) if !jobs.is_empty()
        ));
        // Whose a sweep's jobs are is told by what was seen so far.
        prop_assume!(knows(first));
        let from = account(80, late);
        let (found, _) = searched(&from, &[first, second]);
        prop_assert_eq!(found, by_brute_force(&from, &joined));
    }
}

/// Two reserves of 50 that run inside one another, where there is only enough for one.
fn two_reserves(one: Reserve, two: Reserve) -> [Made; 2] {
    [
        made(reserve(0, 50), Reply::Reserve(one), 1, 3),
        made(reserve(1, 50), Reply::Reserve(two), 2, 4),
    ]
}

#[test]
fn two_reserves_of_what_covers_one_can_t_both_be_told_yes() {
    use Reserve::{Insufficient, Reserved};
    let from = account(80, LateSuccess::Reject);
    for (one, two) in [(Reserved, Insufficient), (Insufficient, Reserved)] {
        assert_eq!(searched(&from, &[&two_reserves(one, two)]).0.len(), 1);
    }
    let (_, refused) = searched(&from, &[&two_reserves(Reserved, Reserved)]);
    let Some(Explained::No(refusal)) = refused else {
        panic!("not refused: {refused:?}");
    };
    assert_eq!(refusal.request, 1, "the answer that came last");
    assert_eq!(refusal.standing, Standing::Overdraw);
    assert_eq!(refusal.allowed, [Reply::Reserve(Insufficient)]);
    // Nor can both be told no.
    let neither = two_reserves(Insufficient, Insufficient);
    assert!(matches!(
        searched(&from, &[&neither]).1,
        Some(Explained::No(_))
    ));
}

#[test]
fn what_was_over_before_another_began_is_before_it() {
    let reserved = |begins, ends| {
        let reply = Reply::Reserve(Reserve::Insufficient);
        made(reserve(0, 40), reply, begins, ends)
    };
    let from = account(0, LateSuccess::Reject);
    let told = |begins, ends| {
        let requests = [made(paid(40), OK, 3, 4), reserved(begins, ends)];
        searched(&from, &[&requests]).1.is_none()
    };
    assert!(told(1, 2), "the money came after the no");
    assert!(told(1, 5), "it may have come after the no");
    assert!(!told(5, 6), "the money was there");
}

#[test]
fn a_sweep_is_cut_by_what_comes_between_its_refunds() {
    // 50 to spend and two holds of 30: a reserve of 80 fits after one refund, one of 110 after both.
    let mut from = account(110, LateSuccess::Reject);
    for number in [0, 1] {
        let reserved = Reply::Reserve(Reserve::Reserved);
        from = from.after(&reserve(number, 30), &reserved).remove(0);
    }
    let swept = Reply::Sweep(vec![job(0), job(1)]);
    let beside = |deed: Deed, reply: Reserve| {
        let requests = [
            made(SWEEP, swept.clone(), 1, 4),
            made(deed, Reply::Reserve(reply), 2, 3),
        ];
        searched(&from, &[&requests]).0.len()
    };
    assert_eq!(beside(reserve(2, 80), Reserve::Reserved), 1);
    assert_eq!(beside(reserve(2, 80), Reserve::Insufficient), 1);
    assert_eq!(beside(reserve(2, 111), Reserve::Reserved), 0);
}

#[test]
fn a_lost_charge_may_come_after_the_refund_that_was_told_instead() {
    let from = account(50, LateSuccess::Recollect);
    let reserved = made(reserve(0, 30), Reply::Reserve(Reserve::Reserved), 1, 2);
    let lost = made(charge(0, 30), None, 1, 2);
    let refunded = made(refund(0), Reply::Refund(Refund::Refunded), 1, 2);
    let (found, _) = searched(&from, &[&[reserved], &[lost], &[refunded]]);
    let spendable: BTreeSet<i64> = found.iter().map(|account| account.spendable).collect();
    assert_eq!(spendable, [20, 50].into());
}

#[test]
fn a_budget_that_runs_out_says_unknown_and_changes_nothing() {
    let from = account(80, LateSuccess::Reject);
    let lie = two_reserves(Reserve::Reserved, Reserve::Reserved);
    for budget in 0..3 {
        let mut possible = Possible::opening(vec![from.clone()]);
        let word = possible.explain(&timed(&lie), |_| true, &mut budget.clone());
        assert!(matches!(word, Explained::Unknown), "{budget}: {word:?}");
        assert_eq!(possible.accounts(), std::slice::from_ref(&from));
    }
    let mut possible = Possible::opening(vec![from]);
    let word = possible.explain(&timed(&lie), |_| true, &mut PLENTY.clone());
    assert!(matches!(word, Explained::No(_)));
}

#[test]
fn a_sweep_may_not_tell_a_job_that_was_refused_before() {
    let from = account(80, LateSuccess::Reject);
    let reserves = |number, reply| made(reserve(number, 50), Reply::Reserve(reply), 1, 2);
    let tells = |number| made(SWEEP, Reply::Sweep(vec![job(number)]), 1, 2);
    let refused_after = |last: Made| {
        let taken = reserves(0, Reserve::Reserved);
        let refused = reserves(1, Reserve::Insufficient);
        searched(&from, &[&[taken], &[refused], &[last]]).1
    };
    assert!(matches!(refused_after(tells(1)), Some(Explained::No(_))));
    assert!(refused_after(tells(0)).is_none());
    assert!(refused_after(tells(2)).is_none(), "it is another account's");
}
