//! Every specimen is found by name of invariant, with a counterexample; the ledger that differs
//! from them in the one habit is never accused.

use museum::webhooks::{Fetches, Right, Webhooks};
use simulator::Subject;
use simulator::execute::Stage;
use simulator::hunt::{self, Order};
use simulator::invariant::Invariant;
use simulator::report::Verdict;
use simulator::storm::Fault;
use tests::{attack, broken, order, stage};

/// What each specimen of webhooks breaks, and the weather that shows it; plain business will do
/// where none is named.
const BREAKS: [(&str, Invariant, &[Fault]); 21] = [
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
    (
        "every-delivery",
        Invariant::ExactlyOnce,
        &[Fault::Duplicate],
    ),
    (
        "snapshot-is-now",
        Invariant::ExactlyOnce,
        &[Fault::CumulativeRefund, Fault::Reorder],
    ),
    (
        "parked-again",
        Invariant::Reconciliation,
        &[Fault::UnknownCustomer],
    ),
    (
        "moves-at-once",
        Invariant::ExactlyOnce,
        &[Fault::CrashBetween, Fault::ConnectionDrop],
    ),
    ("guest-checkout", Invariant::Reconciliation, &[]),
    (
        "active-is-paid",
        Invariant::Reconciliation,
        &[Fault::UnknownType],
    ),
    ("short-memory", Invariant::ExactlyOnce, &[Fault::LateRetry]),
    (
        "error-is-nothing",
        Invariant::Reconciliation,
        &[Fault::Api429, Fault::Api500, Fault::ApiTimeout],
    ),
];

/// What no single call shows: pairs, in every order.
const RACES: [(&str, Invariant); 1] = [("looks-then-adds", Invariant::ExactlyOnce)];

/// What a webhook handler may not assume (the fidelity table's section 10, all but W1, which is
/// true), and the specimens that do.
const ASSUMPTIONS: [(&str, &[&str]); 14] = [
    // Each event comes once.
    ("W2", &["every-delivery"]),
    // One fact has one event.
    (
        "W3",
        &["event-id-alone", "invoice-twice", "subscription-twice"],
    ),
    // Events come in the order of what they tell.
    ("W4", &["latest-wins"]),
    // The snapshot is the current state.
    ("W5", &["snapshot-is-now"]),
    // A 4xx stops redelivery.
    ("W6", &["parked-again", "forgotten-stranger"]),
    // What wasn't answered wasn't committed.
    ("W7", &["moves-at-once"]),
    // Two deliveries never run at once.
    ("W8", &["looks-then-adds"]),
    // Completed means paid.
    ("W9", &["unpaid-session"]),
    // The customer is there.
    ("W10", &["guest-checkout", "forgotten-stranger"]),
    // `amount_refunded` is this refund.
    ("W11", &["refund-delta"]),
    // An active subscription has been paid.
    ("W12", &["active-is-paid"]),
    // A hundredth of the amount is the price.
    ("W13", &["hundredths"]),
    // An invoice names its subscription at its top.
    ("W14", &["old-invoice"]),
    // Nothing arrives after three days.
    ("W15", &["short-memory"]),
];

fn specimen(name: &str) -> Subject {
    let mut specimens = museum::specimens().into_iter();
    specimens.find(|it| it.name() == name).expect(name)
}

/// With a wire where faults strike inside operations.
fn staged(subject: Subject, faults: &[Fault]) -> Stage {
    let stage = stage(subject).unwrap();
    match faults.iter().any(|fault| fault.needs_wire()) {
        true => stage.with_wire().unwrap(),
        false => stage,
    }
}

#[test]
fn every_specimen_is_found_by_the_invariant_that_it_breaks() {
    for (name, invariant, faults) in BREAKS {
        let mut stage = staged(specimen(name), faults);
        let order = Order {
            faults: faults.to_vec(),
            only: vec![invariant],
            // Two faults that have to meet take more tries than one.
            ..order(7, if faults.len() > 1 { 60 } else { 30 })
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
fn every_race_is_found_in_some_order() {
    for (name, invariant) in RACES {
        let mut stage = stage(specimen(name)).unwrap().with_wire().unwrap();
        let order = Order {
            only: vec![invariant],
            ..order(7, 1)
        };
        let report = hunt::duel(&mut stage, &order, &hunt::Plan::pairs(), &mut ()).unwrap();
        let found = broken(&report);
        assert!(found.contains(&invariant), "{name}: {found:?}");
    }
}

#[test]
fn no_specimen_is_missing_here() {
    let all = museum::specimens();
    let named = |name: &str| {
        let breaks = BREAKS.iter().map(|(it, ..)| *it);
        let races = RACES.iter().map(|(it, _)| *it);
        breaks.chain(races).chain(["naive"]).any(|it| it == name)
    };
    for subject in &all {
        assert!(named(subject.name()), "{}", subject.name());
    }
    assert_eq!(all.len(), BREAKS.len() + RACES.len() + 1);
}

#[test]
fn w2_to_w15_the_reference_survives_what_each_specimen_does_not() {
    let mut plain = stage(reference::subjects().remove(0)).unwrap();
    let mut wired = stage(reference::subjects().remove(0)).unwrap();
    wired = wired.with_wire().unwrap();
    for (number, (claim, specimens)) in (2..).zip(ASSUMPTIONS) {
        assert_eq!(claim, format!("W{number}"));
        let of = |name: &&&str| RACES.iter().any(|(it, _)| it == *name);
        // In every order of every pair it holds too: `duels.rs` shows it.
        for name in specimens.iter().filter(|name| !of(name)) {
            let row = BREAKS.iter().find(|(it, ..)| it == name);
            let (_, invariant, faults) = row.unwrap_or_else(|| panic!("{claim}: {name}"));
            let order = Order {
                faults: faults.to_vec(),
                faults_named: true,
                only: vec![*invariant],
                ..order(7, 15)
            };
            let stage = match faults.iter().any(|fault| fault.needs_wire()) {
                true => &mut wired,
                false => &mut plain,
            };
            let report = hunt::hunt(stage, &order, &mut ()).unwrap();
            assert_eq!(report.verdict, Verdict::Held, "{claim} {name}: {report:?}");
        }
    }
}

#[test]
fn the_ledger_that_has_no_bad_habit_holds() {
    let report = attack::<Webhooks<Right>>(150);
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
}

/// What Stripe's API can do to a ledger that only reads there.
const ANSWERS: [Fault; 3] = [Fault::Api429, Fault::Api500, Fault::ApiTimeout];

fn fetching(faults: Vec<Fault>, faults_named: bool) -> (Order, Subject) {
    let order = Order {
        faults,
        faults_named,
        ..order(7, 120)
    };
    let story = "fetches each session before it grants";
    (order, Subject::rust::<Webhooks<Fetches>>("fetches", story))
}

#[test]
fn the_ledger_that_asks_stripe_survives_each_of_its_errors() {
    let (order, subject) = fetching(ANSWERS.to_vec(), true);
    let mut stage = stage(subject).unwrap();
    let report = hunt::hunt(&mut stage, &order, &mut ()).unwrap();
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
}

#[test]
fn the_ledger_that_asks_stripe_holds_in_every_weather_and_order() {
    let (order, subject) = fetching(Fault::ALL.to_vec(), false);
    let mut stage = stage(subject).unwrap().with_wire().unwrap();
    let report = hunt::hunt(&mut stage, &order, &mut ()).unwrap();
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
    assert!(ANSWERS.iter().all(|it| report.faults.contains_key(it.id())));
    let report = hunt::duel(&mut stage, &order, &hunt::Plan::exhaustive(), &mut ()).unwrap();
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
}

#[test]
fn what_a_ledger_never_asks_goes_wrong_nowhere() {
    let subject = Subject::rust::<Webhooks<Right>>("right", "asks nobody anything");
    let mut stage = stage(subject).unwrap();
    let only = vec![Invariant::ExactlyOnce];
    let unnamed = Order {
        only: only.clone(),
        ..order(7, 20)
    };
    let report = hunt::hunt(&mut stage, &unnamed, &mut ()).unwrap();
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
    assert!(!ANSWERS.iter().any(|it| report.faults.contains_key(it.id())));
    assert!(!report.refused.iter().any(|it| ANSWERS.contains(&it.fault)));
    // Asked for by name it isn't passed over in silence.
    let named = Order {
        faults: vec![Fault::Api429],
        faults_named: true,
        only,
        ..order(7, 5)
    };
    let report = hunt::hunt(&mut stage, &named, &mut ()).unwrap();
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert_eq!(report.never_met, [Fault::Api429]);
    assert_eq!(report.refused.len(), 1);
}
