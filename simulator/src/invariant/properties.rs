//! What must be true of the checkers themselves: an exemplary ledger is never accused, and each
//! kind of wrong is named by the claim that it breaks.

use super::*;
use crate::history::{Happening, History, Outcome, Party, Request, Span, What};
use crate::model::{Account, Choices, Deed, Reach};
use crate::target::{
    AccountId, Applies, Balance, Call, Charge, Credits, Entry, FactId, JobId, LedgerError,
    Operation, Policy, Refund, Reply, Reserve, Status,
};
use proptest::prelude::*;

/// Writes a history down, request by request.
struct Script {
    history: History,
}

impl Script {
    fn new(opening: i64) -> Self {
        use Operation::{Balance as B, Charge, Entries, Refund, Reserve, Sweep, Webhook};
        let balance = Balance {
            spendable: Credits::new(opening),
            held: None,
            owed: None,
        };
        Self {
            history: History {
                parties: vec![Party {
                    account: AccountId::new("a"),
                    opening: Some(balance),
                    rows: Some(Vec::new()),
                }],
                offers: [B, Charge, Entries, Refund, Reserve, Sweep, Webhook].into(),
                policy: Policy {
                    partial_charge: Some(true),
                    ..Policy::default()
                },
                happenings: Vec::new(),
            },
        }
    }

    fn then(mut self, what: What) -> Self {
        let at = u32::try_from(self.history.happenings.len()).unwrap();
        self.history.happenings.push(Happening { at, what });
        self
    }

    fn request(self, deed: Deed, outcome: Outcome) -> Self {
        self.then(What::Request(request(deed, outcome)))
    }

    /// Requests that overlap as their spans say.
    fn duel(self, made: Vec<(Deed, Outcome, Span)>) -> Self {
        let (requests, spans) = made
            .into_iter()
            .map(|(deed, outcome, span)| (request(deed, outcome), span))
            .unzip();
        self.then(What::Duel {
            requests,
            spans,
            moves: Vec::new(),
        })
    }

    fn says(self, deed: Deed, reply: Reply) -> Self {
        self.request(deed, Outcome::Replied(reply))
    }

    fn shows(self, spendable: i64) -> Self {
        let read = Ok(Balance {
            spendable: Credits::new(spendable),
            held: None,
            owed: None,
        });
        self.then(What::Balance { account: 0, read })
    }

    fn rows(self, deltas: &[i64]) -> Self {
        let row = |delta: &i64| Entry {
            delta: Credits::new(*delta),
            kind: "row".to_owned(),
            job: None,
        };
        let read = Ok(deltas.iter().map(row).collect());
        self.then(What::Entries { account: 0, read })
    }

    fn crash(self) -> Self {
        self.then(What::Crash { instance: 0 })
    }

    /// The claims that broke, the most specific first.
    fn broken(&self) -> Vec<Invariant> {
        self.judged(&Audit::of(&self.history))
    }

    /// The same, where the schedule without deaths went as `without` says.
    fn broken_but_for_deaths(&self, without: &Script) -> Vec<Invariant> {
        let mut audit = Audit::of(&self.history);
        assert!(audit.deviations.iter().any(|found| found.suspects_crash));
        audit.blame_crashes(&Audit::of(&without.history));
        self.judged(&audit)
    }

    fn judged(&self, audit: &Audit) -> Vec<Invariant> {
        let evidence = Evidence {
            history: &self.history,
            audit,
        };
        let breaks = |claim: &&Invariant| matches!(claim.judge(&evidence), Finding::Broken(_));
        Invariant::ALL.iter().filter(breaks).copied().collect()
    }
}

fn request(deed: Deed, outcome: Outcome) -> Request {
    Request {
        account: (!matches!(deed, Deed::Sweep { .. })).then_some(0),
        instance: 0,
        // The checkers judge by the deed; the call is for people to read.
        call: Call::Balance {
            account: AccountId::new("a"),
        },
        deed,
        said: "a request".to_owned(),
        attempt: 1,
        outcome,
    }
}

/// A reserve of 40 for another job, that was told this, from `begins` to `ends`.
fn beside(number: u8, told: Reserve, begins: u32, ends: u32) -> (Deed, Outcome, Span) {
    let deed = Deed::Reserve {
        job: JobId::new(format!("j{number}")),
        amount: Credits::new(40),
    };
    let ends = Some(ends);
    (
        deed,
        Outcome::Replied(Reply::Reserve(told)),
        Span { begins, ends },
    )
}

fn job() -> JobId {
    JobId::new("j")
}

fn reserve(amount: i64) -> Deed {
    Deed::Reserve {
        job: job(),
        amount: Credits::new(amount),
    }
}

fn charge(cost: i64) -> Deed {
    Deed::Charge {
        job: job(),
        cost: Credits::new(cost),
    }
}

fn refund() -> Deed {
    Deed::Refund { job: job() }
}

fn paid(credits: i64) -> Deed {
    Deed::Paid {
        fact: FactId::new("cs"),
        credits: Credits::new(credits),
    }
}

fn sweep(reach: Reach) -> Deed {
    Deed::Sweep { reach }
}

const OK: Reply = Reply::Webhook(Status::OK);
const RESERVED: Reply = Reply::Reserve(Reserve::Reserved);
const CHARGED: Reply = Reply::Charge(Charge::Charged);
const REFUNDED: Reply = Reply::Refund(Refund::Refunded);

#[test]
fn a_fact_that_is_granted_twice_breaks_exactly_once() {
    let script = Script::new(0)
        .says(paid(100), OK)
        .shows(100)
        .says(paid(100), OK)
        .shows(200);
    assert_eq!(script.broken(), [Invariant::ExactlyOnce]);
}

#[test]
fn a_balance_that_is_late_and_right_after_the_calm_breaks_nothing() {
    let script = Script::new(0)
        .says(paid(100), OK)
        .shows(0)
        .then(What::Calm)
        .shows(100);
    assert_eq!(script.broken(), []);
}

#[test]
fn what_several_events_tell_may_be_done_late_but_not_never_and_not_twice() {
    let echoed = || Deed::Echoed {
        fact: FactId::new("in"),
        credits: Credits::new(50),
    };
    let told = |shown: i64| Script::new(0).says(echoed(), OK).shows(shown);
    let done = told(0).says(echoed(), OK).shows(50).then(What::Calm);
    assert_eq!(done.shows(50).broken(), []);
    let at_the_end = told(0).then(What::Calm).shows(50);
    assert_eq!(at_the_end.broken(), []);
    let never = told(0).then(What::Calm).shows(0);
    assert_eq!(never.broken(), [Invariant::Reconciliation]);
    let twice = told(50).says(echoed(), OK).shows(100);
    assert_eq!(twice.broken(), [Invariant::ExactlyOnce]);
    // A trial may give credits or none.
    let free = || Deed::Free {
        fact: FactId::new("in"),
        credits: Credits::new(50),
    };
    for shown in [0, 50] {
        let trial = Script::new(0).says(free(), OK).shows(shown);
        assert_eq!(trial.then(What::Calm).shows(shown).broken(), []);
    }
}

#[test]
fn a_ledger_that_applies_later_is_judged_by_the_calm_alone() {
    let later = |shown: i64| {
        let mut script = Script::new(0).says(paid(100), OK).shows(0);
        script.history.policy.applies = Some(Applies::Later);
        let echoed = Deed::Echoed {
            fact: FactId::new("in"),
            credits: Credits::new(50),
        };
        script
            .says(echoed, OK)
            .shows(100)
            .then(What::Calm)
            .shows(shown)
    };
    assert_eq!(later(150).broken(), []);
    assert_eq!(later(100).broken(), [Invariant::Reconciliation]);
}

#[test]
fn who_asks_stripe_may_act_before_it_is_told_but_not_twice_and_nobody_else_may() {
    let reserved = || Outcome::Replied(Reply::Reserve(Reserve::Reserved));
    // Paid at Stripe; the credits are spent before any delivery comes.
    let spent = |knows: Vec<Deed>| {
        let business = What::Business {
            account: 0,
            said: String::new(),
            knows,
        };
        let early = Script::new(0)
            .then(business)
            .request(reserve(60), reserved());
        early.says(paid(100), OK)
    };
    let asked = || spent(vec![paid(100)]);
    assert_eq!(asked().shows(40).broken(), []);
    assert_eq!(asked().shows(140).broken(), [Invariant::ExactlyOnce]);
    assert_ne!(spent(Vec::new()).shows(40).broken(), []);
    // Given back at Stripe: who knows it has less to spend, before it is told and after.
    let back = Deed::Repaid {
        fact: FactId::new("cs"),
        paid: 1_000,
        refunded: 500,
    };
    let less = |knows: Vec<Deed>, refuses: bool| {
        let told = if refuses {
            Reserve::Insufficient
        } else {
            Reserve::Reserved
        };
        Script::new(0)
            .says(paid(100), OK)
            .then(What::Business {
                account: 0,
                said: String::new(),
                knows,
            })
            .request(reserve(60), Outcome::Replied(Reply::Reserve(told)))
            .broken()
    };
    assert_eq!(less(vec![back.clone()], true), []);
    assert_eq!(less(vec![back], false), []);
    assert_ne!(less(Vec::new(), true), []);
}

#[test]
fn credits_that_were_acknowledged_and_forgotten_by_a_crash_break_durability() {
    let crashed = Script::new(0).says(paid(100), OK).shows(0).crash().shows(0);
    // Without the death the work is done a moment later: so the death is why.
    let survived = Script::new(0).says(paid(100), OK).shows(0).shows(100);
    assert_eq!(
        crashed.broken_but_for_deaths(&survived),
        [Invariant::Durability]
    );
    // Without the death it is lost all the same.
    let lost = Script::new(0).says(paid(100), OK).shows(0).shows(0);
    assert_eq!(
        crashed.broken_but_for_deaths(&lost),
        [Invariant::Reconciliation]
    );
}

#[test]
fn a_balance_that_a_crash_changes_breaks_durability() {
    let script = Script::new(0)
        .says(paid(100), OK)
        .shows(100)
        .crash()
        .shows(0);
    assert_eq!(script.broken(), [Invariant::Durability]);
}

#[test]
fn a_lost_reply_may_have_moved_or_not_but_not_twice() {
    let lost = || {
        Script::new(0)
            .request(paid(100), Outcome::ReplyLost(OK))
            .crash()
    };
    for shown in [0, 100] {
        assert_eq!(
            lost().shows(shown).says(paid(100), OK).shows(100).broken(),
            []
        );
    }
    let twice = lost().shows(100).says(paid(100), OK).shows(200);
    assert_eq!(twice.broken(), [Invariant::ExactlyOnce]);
}

#[test]
fn a_forged_delivery_that_moves_the_balance_breaks_reconciliation() {
    let script = Script::new(0).says(Deed::Tampered, OK).shows(100);
    assert_eq!(script.broken(), [Invariant::Reconciliation]);
}

#[test]
fn a_renewal_that_sets_the_balance_breaks_reconciliation() {
    let script = Script::new(100).says(paid(50), OK).shows(50);
    assert_eq!(script.broken(), [Invariant::Reconciliation]);
}

#[test]
fn a_refund_after_the_charge_that_pays_back_breaks_the_order_guard() {
    let script = Script::new(100)
        .says(reserve(40), RESERVED)
        .shows(60)
        .says(charge(40), CHARGED)
        .shows(60)
        .says(refund(), REFUNDED);
    assert_eq!(
        script.broken(),
        [Invariant::OrderGuard, Invariant::HonestReplies]
    );
}

#[test]
fn an_overdraft_and_a_negative_amount_break_the_lifecycle() {
    let over = Script::new(10).says(reserve(40), RESERVED);
    assert_eq!(
        over.broken(),
        [Invariant::AtomicLifecycle, Invariant::HonestReplies]
    );
    let negative = Script::new(10).says(reserve(-40), RESERVED).shows(50);
    assert!(negative.broken().contains(&Invariant::AtomicLifecycle));
}

#[test]
fn of_three_reserves_at_once_as_many_are_told_yes_as_are_covered() {
    use Reserve::{Insufficient, Reserved};
    let three = |told: [Reserve; 3]| {
        let [one, two, three] = told;
        Script::new(100).duel(vec![
            beside(1, one, 1, 4),
            beside(2, two, 2, 5),
            beside(3, three, 3, 6),
        ])
    };
    assert_eq!(three([Reserved, Insufficient, Reserved]).broken(), []);
    let over = three([Reserved; 3]);
    assert_eq!(
        over.broken(),
        [Invariant::AtomicLifecycle, Invariant::HonestReplies]
    );
    let under = three([Reserved, Insufficient, Insufficient]);
    assert!(under.broken().contains(&Invariant::HonestReplies));
}

#[test]
fn an_answer_that_only_an_order_against_real_time_explains_breaks_honest_replies() {
    use Reserve::{Insufficient, Reserved};
    let paid = |begins, ends| {
        let ends = Some(ends);
        (paid(100), Outcome::Replied(OK), Span { begins, ends })
    };
    let overlap = Script::new(0).duel(vec![paid(1, 4), beside(1, Insufficient, 2, 3)]);
    assert_eq!(overlap.broken(), []);
    let after = Script::new(0).duel(vec![
        paid(1, 2),
        beside(1, Insufficient, 3, 5),
        beside(2, Reserved, 4, 6),
    ]);
    assert!(after.broken().contains(&Invariant::HonestReplies));
}

#[test]
fn what_nobody_heard_may_come_true_after_its_retry_but_not_after_the_calm() {
    let lost = || {
        Script::new(0)
            .request(reserve(40), Outcome::ReplyLost(RESERVED))
            .says(reserve(40), Reply::Reserve(Reserve::Insufficient))
    };
    let late = lost().says(paid(100), OK).shows(60);
    assert_eq!(late.broken(), []);
    let too_late = lost().then(What::Calm).says(paid(100), OK).shows(60);
    assert_eq!(too_late.broken(), [Invariant::Reconciliation]);
}

#[test]
fn a_budget_that_runs_out_leaves_a_lie_unknown() {
    use Reserve::Reserved;
    let over = Script::new(100).duel(vec![
        beside(1, Reserved, 1, 4),
        beside(2, Reserved, 2, 5),
        beside(3, Reserved, 3, 6),
    ]);
    let judged = |configurations| {
        let audit = Audit::within(&over.history, configurations);
        let evidence = Evidence {
            history: &over.history,
            audit: &audit,
        };
        Invariant::HonestReplies.judge(&evidence)
    };
    for configurations in [0, 10, 50] {
        assert_eq!(judged(configurations), Finding::Unknown);
    }
    assert!(matches!(judged(100_000), Finding::Broken(_)));
}

#[test]
fn a_stuck_hold_breaks_recovery_and_so_does_a_sweep_of_the_young_or_the_done() {
    let stuck = Script::new(100)
        .says(reserve(40), RESERVED)
        .shows(60)
        .then(What::Calm)
        .says(sweep(Reach::Everything), Reply::Sweep(vec![]))
        .then(What::Swept)
        .shows(60);
    assert_eq!(stuck.broken(), [Invariant::Recovery]);
    let young = Script::new(100)
        .says(reserve(40), RESERVED)
        .says(sweep(Reach::Nothing), Reply::Sweep(vec![job()]));
    assert_eq!(
        young.broken(),
        [Invariant::Recovery, Invariant::HonestReplies]
    );
    let done = Script::new(100)
        .says(reserve(40), RESERVED)
        .says(charge(40), CHARGED)
        .says(sweep(Reach::Everything), Reply::Sweep(vec![job()]));
    assert_eq!(
        done.broken(),
        [Invariant::Recovery, Invariant::HonestReplies]
    );
}

#[test]
fn rows_that_drift_or_vanish_break_conservation() {
    let drift = Script::new(0).says(paid(100), OK).shows(100).rows(&[90]);
    // Spendable alone is known, and it may be that holds are in the rows: only once none is
    // open does the sum tell.
    assert_eq!(drift.broken(), []);
    let drift = drift.then(What::Swept).shows(100).rows(&[90]);
    assert_eq!(drift.broken(), [Invariant::Conservation]);
    let changed = Script::new(0)
        .says(paid(100), OK)
        .shows(100)
        .rows(&[100])
        .shows(100)
        .rows(&[60, 40]);
    assert_eq!(changed.broken(), [Invariant::Conservation]);
}

/// A reserve of somebody with 100 credits that fails however often it is tried.
fn given_up(amount: i64) -> Script {
    let failed = Reply::Error(LedgerError::failed("boom"));
    let script = Script::new(100).says(reserve(amount), failed);
    let Some(What::Request(request)) = script.history.happenings.last().map(|h| h.what.clone())
    else {
        unreachable!("a request was just written down");
    };
    script.then(What::GaveUp(request))
}

#[test]
fn a_request_that_never_gets_an_answer_breaks_progress() {
    assert_eq!(given_up(40).broken(), [Invariant::Progress]);
}

#[test]
fn where_a_no_is_due_an_error_is_as_good_as_any() {
    assert_eq!(given_up(101).broken(), []);
}

#[test]
fn what_gives_nothing_to_look_at_is_unchecked_and_never_held() {
    let script = Script::new(0);
    let audit = Audit::of(&script.history);
    let evidence = Evidence {
        history: &script.history,
        audit: &audit,
    };
    for claim in Invariant::ALL {
        let finding = claim.judge(&evidence);
        assert_eq!(finding, Finding::Unchecked, "{claim}");
    }
}

#[test]
fn a_ledger_that_tells_no_balance_is_neither_accused_nor_said_to_hold() {
    let mut script = Script::new(0)
        .says(reserve(40), RESERVED)
        .says(paid(100), OK)
        .says(paid(100), OK)
        .crash();
    script.history.parties[0].opening = None;
    let audit = Audit::of(&script.history);
    let evidence = Evidence {
        history: &script.history,
        audit: &audit,
    };
    for claim in Invariant::ALL {
        let wanted = match claim {
            Invariant::Progress => Finding::Held,
            _ => Finding::Unchecked,
        };
        assert_eq!(claim.judge(&evidence), wanted, "{claim}");
    }
}

fn deeds() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (1..60i64).prop_map(reserve),
        (0..60i64).prop_map(charge),
        Just(refund()),
        Just(paid(100)),
        Just(Deed::Tampered),
    ]
}

/// Plays deeds as an exemplary ledger, reading the balance after each.
fn exemplary(deeds: &[Deed], lost: &[bool]) -> (Script, i64) {
    let choices = Choices::allowed_by(&Script::new(0).history.policy)[0];
    let mut state = Account::opening(choices, 50);
    let mut script = Script::new(50);
    for (deed, lost) in deeds.iter().zip(lost) {
        let (reply, then) = match state.outcomes(deed).into_iter().next() {
            Some(own) => own,
            None => (OK, state.after(deed, &OK).remove(0)),
        };
        state = then;
        let outcome = if *lost {
            Outcome::ReplyLost(reply)
        } else {
            Outcome::Replied(reply)
        };
        script = script.request(deed.clone(), outcome).shows(state.spendable);
    }
    (script, state.spendable)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_exemplary_ledger_is_never_accused(
        (deeds, lost) in (0..12usize).prop_flat_map(|n| (
            prop::collection::vec(deeds(), n), prop::collection::vec(prop::bool::weighted(0.2), n)
        ))
    ) {
        let (script, _) = exemplary(&deeds, &lost);
        prop_assert_eq!(script.broken(), []);
    }

    #[test]
    fn an_exemplary_ledger_is_never_accused_of_what_overlaps(
        (deeds, lost, listed) in (0..12usize).prop_flat_map(|n| (
            prop::collection::vec(deeds(), n), prop::collection::vec(prop::bool::weighted(0.2), n),
            Just((0..3usize).collect::<Vec<_>>()).prop_shuffle(),
        ))
    ) {
        let (script, _) = exemplary(&deeds, &lost);
        let requests = script.history.requests().map(|(_, request)| request.clone());
        let requests: Vec<Request> = requests.collect();
        let mut overlapping = Script::new(50);
        let shown = script.history.happenings.iter().filter(|it| it.requests().is_empty());
        let shown: Vec<&Happening> = shown.collect();
        for (chunk, some) in requests.chunks(3).enumerate() {
            // They took effect in this order; each may have been sent and heard of in another.
            let mut some: Vec<(usize, Request)> = some.iter().cloned().enumerate().collect();
            some.sort_by_key(|(place, _)| listed[*place]);
            let spans = some.iter().map(|(place, _)| Span {
                begins: u32::try_from(*place).unwrap(),
                ends: Some(u32::try_from(*place).unwrap() + 2),
            });
            let spans = spans.collect();
            let last = shown[(chunk * 3 + 2).min(shown.len() - 1)].what.clone();
            let requests = some.into_iter().map(|(_, request)| request).collect();
            overlapping = overlapping
                .then(What::Duel { requests, spans, moves: Vec::new() })
                .then(last);
        }
        prop_assert_eq!(overlapping.broken(), []);
    }

    #[test]
    fn a_balance_that_is_wrong_at_the_end_is_always_somebodys_breach(
        deeds in prop::collection::vec(deeds(), 1..12), by in prop_oneof![1..50i64, -50..-1i64]
    ) {
        let lost = vec![false; deeds.len()];
        let (script, spendable) = exemplary(&deeds, &lost);
        let wrong = script.crash().shows(spendable + by);
        prop_assert!(!wrong.broken().is_empty());
    }
}
