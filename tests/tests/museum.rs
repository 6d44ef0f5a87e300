//! Every specimen is found by name of invariant, with a counterexample; the ledger that differs
//! from them in the one habit is never accused.

use museum::webhooks::{Right, Webhooks};
use simulator::Subject;
use simulator::hunt;
use simulator::invariant::Invariant;
use simulator::report::Verdict;
use tests::{attack, broken, order, stage};

/// What each specimen of webhooks breaks.
const BREAKS: [(&str, Invariant); 13] = [
    ("invoice-twice", Invariant::ExactlyOnce),
    ("subscription-twice", Invariant::ExactlyOnce),
    ("event-id-alone", Invariant::ExactlyOnce),
    ("unpaid-session", Invariant::Reconciliation),
    ("hundredths", Invariant::Reconciliation),
    ("refund-delta", Invariant::Reconciliation),
    ("reserialized-body", Invariant::Reconciliation),
    ("first-signature", Invariant::Reconciliation),
    ("forgotten-stranger", Invariant::Reconciliation),
    ("latest-wins", Invariant::Reconciliation),
    ("old-invoice", Invariant::Reconciliation),
    ("inquiry-as-dispute", Invariant::Reconciliation),
    ("renewal-sets", Invariant::Reconciliation),
];

fn specimen(name: &str) -> Subject {
    let mut specimens = museum::specimens().into_iter();
    specimens.find(|it| it.name() == name).expect(name)
}

#[test]
fn every_specimen_is_found_by_the_invariant_that_it_breaks() {
    for (name, invariant) in BREAKS {
        let mut stage = stage(specimen(name)).unwrap();
        let report = hunt::hunt(&mut stage, &order(7, 120), &mut ()).unwrap();
        let found = broken(&report);
        assert!(found.contains(&invariant), "{name}: {found:?}");
        for entry in report.broken() {
            assert!(entry.counterexample.is_some(), "{name}: {}", entry.id);
        }
    }
}

#[test]
fn no_specimen_is_missing_here() {
    let all = museum::specimens();
    let named = |name: &str| BREAKS.iter().any(|(it, _)| *it == name) || name == "naive";
    for subject in &all {
        assert!(named(subject.name()), "{}", subject.name());
    }
    assert_eq!(all.len(), BREAKS.len() + 1);
}

#[test]
fn the_ledger_that_has_no_bad_habit_holds() {
    let report = attack::<Webhooks<Right>>(250);
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
}
