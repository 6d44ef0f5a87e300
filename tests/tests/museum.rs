//! Every specimen is found by name of invariant, with a counterexample; the ledger that differs
//! from them in the one habit is never accused.

use museum::webhooks::{Right, Webhooks};
use simulator::Subject;
use simulator::hunt::{self, Order};
use simulator::invariant::Invariant;
use simulator::report::Verdict;
use simulator::storm::Fault;
use tests::{attack, broken, order, stage};

/// What each specimen of webhooks breaks, and the weather that shows it; plain business will do
/// where none is named.
const BREAKS: [(&str, Invariant, &[Fault]); 13] = [
    ("invoice-twice", Invariant::ExactlyOnce, &[]),
    ("subscription-twice", Invariant::ExactlyOnce, &[]),
    (
        "event-id-alone",
        Invariant::ExactlyOnce,
        &[Fault::TwinEvent],
    ),
    (
        "unpaid-session",
        Invariant::Reconciliation,
        &[Fault::UnpaidSession],
    ),
    (
        "hundredths",
        Invariant::Reconciliation,
        &[Fault::ZeroDecimalCurrency],
    ),
    (
        "refund-delta",
        Invariant::Reconciliation,
        &[Fault::CumulativeRefund],
    ),
    ("reserialized-body", Invariant::Reconciliation, &[]),
    (
        "first-signature",
        Invariant::Reconciliation,
        &[Fault::RotatedSecret],
    ),
    (
        "forgotten-stranger",
        Invariant::Reconciliation,
        &[Fault::UnknownCustomer],
    ),
    ("latest-wins", Invariant::Reconciliation, &[Fault::Delay]),
    ("old-invoice", Invariant::Reconciliation, &[]),
    (
        "inquiry-as-dispute",
        Invariant::Reconciliation,
        &[Fault::DisputeLifecycle],
    ),
    ("renewal-sets", Invariant::Reconciliation, &[]),
];

fn specimen(name: &str) -> Subject {
    let mut specimens = museum::specimens().into_iter();
    specimens.find(|it| it.name() == name).expect(name)
}

#[test]
fn every_specimen_is_found_by_the_invariant_that_it_breaks() {
    for (name, invariant, faults) in BREAKS {
        let mut stage = stage(specimen(name)).unwrap();
        let order = Order {
            faults: faults.to_vec(),
            only: vec![invariant],
            ..order(7, 30)
        };
        let report = hunt::hunt(&mut stage, &order, &mut ()).unwrap();
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
    let named = |name: &str| BREAKS.iter().any(|(it, ..)| *it == name) || name == "naive";
    for subject in &all {
        assert!(named(subject.name()), "{}", subject.name());
    }
    assert_eq!(all.len(), BREAKS.len() + 1);
}

#[test]
fn the_ledger_that_has_no_bad_habit_holds() {
    let report = attack::<Webhooks<Right>>(150);
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
}
