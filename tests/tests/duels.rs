//! Two calls inside one another, in every order: races are found by choosing, not by luck.

use simulator::Subject;
use simulator::execute::Stage;
use simulator::hunt::{self, Method, Plan};
use simulator::invariant::Invariant;
use simulator::report::{Judged, Report, Verdict};
use tests::races::race;
use tests::schoolbook::OneFunction;
use tests::{broken, order, stage};

fn duels_of(subject: Subject) -> (Stage, Report) {
    let mut stage = stage(subject).unwrap().with_wire().unwrap();
    let report = hunt::duel(&mut stage, &order(1, 1), &Plan::pairs(), &mut ()).unwrap();
    (stage, report)
}

/// Its sister is fought by `badai storm --strategy exhaustive`, in CI too.
#[test]
fn the_reference_that_collects_again_holds_in_every_order_of_every_pair() {
    let (_, report) = duels_of(reference::subjects().remove(1));
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
    assert_eq!(report.duels.len(), 28);
    for duel in &report.duels {
        assert!(duel.whole && duel.orders > 1, "{duel:?}");
    }
    for entry in &report.invariants {
        let wanted = if entry.id == Invariant::Boundary {
            Judged::Unchecked
        } else {
            Judged::Held
        };
        assert_eq!(entry.verdict, wanted, "{}", entry.id);
    }
}

#[test]
fn the_reference_holds_with_three_at_once_and_under_load() {
    let subject = reference::subjects().remove(0);
    let mut stage = stage(subject).unwrap().with_wire().unwrap();
    for method in [Method::Exhaustive, Method::Pct { depth: 3 }, Method::Random] {
        let plan = Plan {
            method,
            orders: 2,
            threes: 4,
            deepens: true,
            ..Plan::brief()
        };
        let report = hunt::duel(&mut stage, &order(1, 1), &plan, &mut ()).unwrap();
        assert_eq!(report.verdict, Verdict::Held, "{report:?}");
        assert!(
            report
                .duels
                .iter()
                .any(|duel| duel.name.matches('∥').count() == 2)
        );
    }
    let report = hunt::load(&mut stage, &order(1, 20), &mut ()).unwrap();
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
    assert!(report.calls_per_second.is_some());
}

#[test]
fn a_function_that_reads_without_a_lock_overdraws_beside_itself_and_its_cured_twin_holds() {
    let (_, wrong) = duels_of(race::<OneFunction<false>>("unlocked"));
    assert!(
        broken(&wrong).contains(&Invariant::AtomicLifecycle),
        "{wrong:?}"
    );
    let (_, right) = duels_of(race::<OneFunction<true>>("locked"));
    assert_eq!(broken(&right), [], "{right:?}");
    assert_eq!(right.verdict, Verdict::Held);
}

#[test]
fn a_duel_with_a_waiter_replays_in_the_same_steps_twenty_times_of_twenty() {
    let (mut stage, report) = duels_of(race::<OneFunction<false>>("unlocked"));
    let waits = |entry: &&simulator::report::Entry| {
        let found = entry.counterexample.as_ref();
        found.is_some_and(|found| {
            let mut steps = found.steps.iter();
            steps.any(|line| {
                line.reply
                    .as_ref()
                    .is_some_and(|it| it.starts_with("waits"))
            })
        })
    };
    let entry = report
        .broken()
        .find(waits)
        .expect("a race in which somebody waits");
    let found = entry.counterexample.as_ref().unwrap();
    for _ in 0..20 {
        let again = hunt::replay(&mut stage, found.saved()).unwrap();
        let same = again.broken().find(|other| other.id == entry.id).unwrap();
        assert_eq!(same.counterexample.as_ref().unwrap().steps, found.steps);
    }
}

#[test]
fn a_replay_on_another_ledger_says_where_it_diverged_and_that_it_knows_nothing() {
    let (_, report) = duels_of(race::<OneFunction<false>>("wallet"));
    let entry = report.broken().next().unwrap();
    let mut saved = entry.counterexample.as_ref().unwrap().saved().clone();
    let cured = race::<OneFunction<true>>("wallet");
    let mut stage = stage(cured).unwrap().with_wire().unwrap();
    assert_eq!(saved.version, stage.version(), "the same SQL");
    let again = hunt::replay(&mut stage, &saved).unwrap();
    assert_eq!(again.verdict, Verdict::Inconclusive, "{again:?}");
    assert_eq!(again.exit_code(), 4);
    let said = again.diverged.unwrap().to_string();
    assert!(
        said.starts_with("diverged at step ") && said.contains("wanted A's `select hold_unlocked("),
        "{said}"
    );
    assert!(said.contains("got A's `select hold_locked("), "{said}");
    // An older file has nothing to compare with: what held, held.
    saved.statements.clear();
    let again = hunt::replay(&mut stage, &saved).unwrap();
    assert!(broken(&again).is_empty(), "{again:?}");
}
