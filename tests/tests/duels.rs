//! Two calls inside one another, in every order: races are found by choosing, not by luck.

use simulator::Subject;
use simulator::execute::Stage;
use simulator::hunt::{self, Helper, Method, Plan, Shares};
use simulator::invariant::Invariant;
use simulator::report::{Judged, Report, Verdict};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
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
    assert_eq!(report.duels.len(), 23);
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

/// Fights the pairs of two stages of one ledger, the second for a helper that answers at the other
/// end of a socket; and how many it was asked for.
fn helped(subject: fn() -> Subject) -> (Report, usize) {
    let stage = || stage(subject()).unwrap().with_wire().unwrap();
    let (mut first, mut second) = (stage(), stage());
    let (asks, theirs) = UnixStream::pair().unwrap();
    let (heard, hears) = UnixStream::pair().unwrap();
    let plan = Plan::pairs();
    std::thread::scope(|scope| {
        // Whatever is asked is counted on its way.
        let mut to = heard.try_clone().unwrap();
        let counts = scope.spawn(move || {
            let asked = BufReader::new(theirs.try_clone().unwrap()).lines();
            let mut answers = BufReader::new(heard).lines();
            let mut back = theirs;
            let mut count = 0;
            for line in asked.map_while(Result::ok) {
                writeln!(to, "{line}").unwrap();
                let Some(Ok(answer)) = answers.next() else {
                    break;
                };
                if writeln!(back, "{answer}").is_err() {
                    break;
                }
                count += 1;
            }
            to.shutdown(std::net::Shutdown::Both).unwrap();
            count
        });
        scope.spawn(|| hunt::help(&mut second, &order(1, 1), &plan, hears).unwrap());
        let shares = Shares::of(&first, &plan, Some(Helper::at(asks)));
        let report = hunt::duel_with(&mut first, &order(1, 1), &plan, &mut (), shares).unwrap();
        (report, counts.join().unwrap())
    })
}

#[test]
fn a_helper_changes_no_word_of_a_report() {
    let holds: fn() -> Subject = || race::<OneFunction<true>>("locked");
    let breaks: fn() -> Subject = || museum::specimens().remove(0);
    for (subject, verdict) in [(holds, Verdict::Held), (breaks, Verdict::Broken)] {
        let (_, alone) = duels_of(subject());
        let (together, asked) = helped(subject);
        assert_eq!(together.verdict, verdict, "{together:?}");
        assert!(asked > 0, "nobody helped");
        let told = |report: Report| {
            let mut told = serde_json::to_value(report).unwrap();
            told.as_object_mut().unwrap().remove("elapsed_ms").unwrap();
            told
        };
        assert_eq!(told(together), told(alone));
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
