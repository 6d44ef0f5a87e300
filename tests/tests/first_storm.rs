//! The first storm, end to end: the naive ledger breaks, the reference holds, and what was found
//! replays exactly.

use simulator::Subject;
use simulator::execute::Begin;
use simulator::hunt;
use simulator::invariant::Invariant;
use simulator::report::{Judged, Verdict};
use simulator::storm::{Fault, Schedule};
use tests::{broken, order, stage};

fn naive() -> Subject {
    let mut specimens = museum::specimens().into_iter();
    specimens.find(|it| it.name() == "naive").expect("naive")
}

#[test]
fn the_naive_ledger_breaks_in_the_ways_that_people_ship() {
    let mut stage = stage(naive()).unwrap();
    let report = hunt::hunt(&mut stage, &order(7, 100), &mut ()).unwrap();
    let broken = broken(&report);
    for wanted in [
        Invariant::ExactlyOnce,
        Invariant::OrderGuard,
        Invariant::Recovery,
        Invariant::Reconciliation,
    ] {
        assert!(broken.contains(&wanted), "{wanted} isn't among {broken:?}");
    }
    for entry in report.broken() {
        let found = entry.counterexample.as_ref().expect("a counterexample");
        let steps = found.steps.len();
        assert!(steps <= 8, "{} takes {steps} steps: {found:?}", entry.id);
        assert!(found.steps.iter().any(|line| line.wrong), "{found:?}");
    }
}

#[test]
fn a_counterexample_breaks_the_same_claim_in_the_same_steps_twenty_times_of_twenty() {
    let mut stage = stage(naive()).unwrap();
    let report = hunt::hunt(&mut stage, &order(3, 40), &mut ()).unwrap();
    let first = report.broken().next().expect("a broken invariant");
    let found = first.counterexample.as_ref().expect("a counterexample");
    for _ in 0..20 {
        let again = hunt::replay(&mut stage, found.saved()).unwrap();
        let same = again.broken().find(|entry| entry.id == first.id);
        let same = same.and_then(|entry| entry.counterexample.as_ref());
        let same = same.expect("the same invariant breaks");
        assert_eq!(same.steps, found.steps);
        assert_eq!(same.wrong, found.wrong);
    }
}

/// How many simpler schedules were played to make counterexamples short.
struct Tries(u32);

impl hunt::Watcher for Tries {
    fn shrinking(&mut self, _: Invariant, _: u32) {
        self.0 += 1;
    }
}

#[test]
fn what_is_played_to_shorten_one_counterexample_tells_of_the_others() {
    let tries = |only: &[Invariant]| {
        let mut stage = stage(naive()).unwrap();
        let mut order = order(7, 30);
        order.only = only.to_vec();
        let mut tries = Tries(0);
        let report = hunt::hunt(&mut stage, &order, &mut tries).unwrap();
        assert_eq!(broken(&report).len(), only.len(), "{report:?}");
        tries.0
    };
    // One bug of it breaks both.
    let (one, two) = (Invariant::AtomicLifecycle, Invariant::HonestReplies);
    let (each, both) = (tries(&[one]) + tries(&[two]), tries(&[one, two]));
    assert!(both < each, "{both} together, {each} one by one");
}

#[test]
fn no_more_is_drawn_once_enough_is_broken() {
    let mut stage = stage(naive()).unwrap();
    let mut order = order(7, 60);
    order.faults = vec![Fault::Duplicate];
    order.enough = vec![Invariant::ExactlyOnce];
    let report = hunt::hunt(&mut stage, &order, &mut ()).unwrap();
    assert!((10..60).contains(&report.cases), "{report:?}");
    let entry = report.broken().find(|it| it.id == Invariant::ExactlyOnce);
    assert!(entry.is_some_and(|it| it.counterexample.is_some()));
}

#[test]
fn a_seed_finds_the_same_counterexamples_again() {
    let run = || {
        let mut stage = stage(naive()).unwrap();
        let report = hunt::hunt(&mut stage, &order(11, 20), &mut ()).unwrap();
        let told = |entry: &simulator::report::Entry| {
            let found = entry.counterexample.as_ref();
            (entry.id, found.map(|found| found.steps.clone()))
        };
        report.broken().map(told).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn the_reference_holds_with_either_policy_and_nothing_is_unchecked() {
    for subject in reference::subjects() {
        let name = subject.name().to_owned();
        let mut stage = stage(subject).unwrap();
        let report = hunt::hunt(&mut stage, &order(1, 90), &mut ()).unwrap();
        assert_eq!(report.verdict, Verdict::Held, "{name}: {report:?}");
        for entry in &report.invariants {
            assert_eq!(entry.verdict, Judged::Held, "{name}: {}", entry.id);
        }
    }
}

/// A storm found it, one in some fifty: the account stands in the session, the customer beside it is
/// one whom the ledger has never heard of.
#[test]
fn the_reference_grants_what_names_its_account_beside_a_customer_nobody_knows() {
    let schedule: Schedule = serde_json::from_value(serde_json::json!({
        "faults": ["unknown-customer"],
        "steps": [
            { "at": 0, "lane": 0, "account": 1, "action": { "buy": { "pack": 0, "debit": false } } },
            { "at": 2, "lane": 0, "account": 1, "action": { "deliver": {
                "event": 0, "copy": "genuine", "instance": 1, "fate": "answered" } } },
            { "at": 9, "lane": 1, "account": 1, "action": { "acquaint": { "instance": 0 } } },
        ],
    }))
    .unwrap();
    let mut stage = stage(reference::subjects().remove(0)).unwrap();
    let judged = hunt::judge(&mut stage, &schedule, Begin::Fresh, Invariant::ALL).unwrap();
    assert_eq!(judged.broken().count(), 0, "{judged:?}");
    let granted = |it: &simulator::history::Request| format!("{:?}", it.outcome).contains("200");
    assert!(
        judged.history.requests().any(|(_, it)| granted(it)),
        "{judged:?}"
    );
}
