//! Whatever dies, whenever: processes inside their operations, connections, statements.

mod mortal;
mod waiting;

use mortal::{
    ACKNOWLEDGES_EARLY, CHARGES_IN_TWO, COMMITS_LATER, CURED, GRANTS_AGAIN, Mortal, OWN_CLOCK,
    REMEMBERS, SWALLOWS, SWEEPS_ACCOUNTS, SWEEPS_ALL, SWEEPS_EARLY, TWO_CLOCKS, WAITS_FOR_EVER,
};
use simulator::execute::Stage;
use simulator::hunt::{self, Order};
use simulator::invariant::Invariant;
use simulator::report::{Judged, Report, Verdict};
use simulator::storm::Fault;
use simulator::{Ledger, Subject};
use tests::{broken, order, stage};

/// Every fault that strikes inside an operation, at one of its statements.
fn strikes() -> Vec<Fault> {
    let strikes = Fault::ALL.iter().copied();
    strikes.filter(|fault| fault.needs_wire()).collect()
}

fn struck_by(subject: Subject, faults: &[Fault]) -> (Stage, Report) {
    let mut stage = stage(subject).unwrap().with_wire().unwrap();
    let order = Order {
        faults: faults.to_vec(),
        faults_named: true,
        ..order(1, 1)
    };
    let report = hunt::hunt(&mut stage, &order, &mut ()).unwrap();
    (stage, report)
}

fn strike<L: Ledger>(faults: &[Fault]) -> (Stage, Report) {
    struck_by(Subject::rust::<L>("mortal", "dies now and then"), faults)
}

/// What the report says about one invariant.
fn word(report: &Report, invariant: Invariant) -> Judged {
    let entry = report.invariants.iter().find(|it| it.id == invariant);
    entry.expect("every invariant has an entry").verdict
}

#[test]
fn the_reference_holds_wherever_it_is_struck() {
    for subject in reference::subjects() {
        let name = subject.name().to_owned();
        let (_, report) = struck_by(subject, &strikes());
        assert_eq!(report.verdict, Verdict::Held, "{name}: {report:?}");
        assert_eq!(report.never_met, [], "{name}");
        for invariant in [
            Invariant::Durability,
            Invariant::Recovery,
            Invariant::Progress,
        ] {
            assert_eq!(
                word(&report, invariant),
                Judged::Held,
                "{name}: {invariant}"
            );
        }
    }
}

#[test]
fn transactions_of_several_statements_hold_wherever_they_are_struck() {
    let (_, report) = strike::<Mortal<CURED>>(&strikes());
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
    assert_eq!(report.never_met, []);
    // A reserve has five statements and so eleven crash points; no operation has fewer than three.
    assert!(report.crash_points > 30, "{}", report.crash_points);
}

#[test]
fn what_is_acknowledged_before_its_commit_is_lost_with_its_process() {
    let (_, report) = strike::<Mortal<ACKNOWLEDGES_EARLY>>(&[Fault::CrashBetween]);
    // When a commit that nobody waits for lands isn't the same each time, nor is what else it spoils.
    assert!(
        broken(&report).contains(&Invariant::Durability),
        "{report:?}"
    );
}

#[test]
fn what_is_acknowledged_before_it_is_on_disk_is_lost_with_the_server() {
    let (_, report) = strike::<Mortal<COMMITS_LATER>>(&[Fault::ServerCrash]);
    assert!(
        broken(&report).contains(&Invariant::Durability),
        "{report:?}"
    );
    let (_, report) = strike::<Mortal<CURED>>(&[Fault::ServerCrash]);
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
    assert_eq!(word(&report, Invariant::Durability), Judged::Held);
}

#[test]
fn a_charge_in_two_transactions_is_cut_in_two() {
    let (_, report) = strike::<Mortal<CHARGES_IN_TWO>>(&[Fault::CrashBetween]);
    assert_eq!(broken(&report), [Invariant::AtomicLifecycle], "{report:?}");
}

#[test]
fn holds_that_only_a_process_knows_die_with_it() {
    let (_, report) = strike::<Mortal<REMEMBERS>>(&[Fault::CrashBetween]);
    let broken = broken(&report);
    assert!(broken.contains(&Invariant::Recovery), "{report:?}");
    assert!(broken.contains(&Invariant::Durability), "{report:?}");
}

#[test]
fn a_grant_that_is_repeated_when_its_acknowledgement_is_lost_counts_twice() {
    let (_, report) = strike::<Mortal<GRANTS_AGAIN>>(&[Fault::CommitAckLost]);
    assert_eq!(broken(&report), [Invariant::ExactlyOnce], "{report:?}");
    let (_, report) = strike::<Mortal<CURED>>(&[Fault::CommitAckLost]);
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
}

#[test]
fn a_reserve_that_swallows_a_serialization_failure_has_reserved_nothing() {
    let (_, report) = strike::<Mortal<SWALLOWS>>(&[Fault::SerializationFailure]);
    let broken_by_40001 = broken(&report);
    assert!(
        broken_by_40001.contains(&Invariant::HonestReplies),
        "{report:?}"
    );
    let (_, report) = strike::<Mortal<SWALLOWS>>(&[Fault::StatementTimeout]);
    assert_eq!(broken(&report), [], "it swallows nothing else: {report:?}");
}

#[test]
fn whoever_waits_for_a_lost_connection_makes_no_progress() {
    let (_, report) = strike::<Mortal<WAITS_FOR_EVER>>(&[Fault::ConnectionDrop]);
    assert_eq!(broken(&report), [Invariant::Progress], "{report:?}");
}

#[test]
fn a_sweep_that_takes_young_holds_breaks_recovery() {
    let mut stage = stage(Subject::rust::<Mortal<SWEEPS_ALL>>("sweeps", "all")).unwrap();
    let report = hunt::hunt(&mut stage, &order(1, 60), &mut ()).unwrap();
    assert!(broken(&report).contains(&Invariant::Recovery), "{report:?}");
}

#[test]
fn a_sweep_that_comes_early_takes_a_hold_of_five_minutes() {
    let early = || Subject::rust::<Mortal<SWEEPS_EARLY>>("early", "takes minutes for seconds");
    let (mut stage, report) = struck_by(early(), &[Fault::TimeTravel]);
    let wanted = [Invariant::Recovery, Invariant::HonestReplies];
    assert_eq!(broken(&report), wanted, "{report:?}");
    let found = report.broken().next().unwrap().counterexample.clone();
    let again = hunt::replay(&mut stage, found.unwrap().saved()).unwrap();
    assert_eq!(broken(&again), wanted, "{again:?}");
    let (_, report) = struck_by(early(), &[Fault::CrashBetween]);
    assert_eq!(broken(&report), [], "nothing is old there: {report:?}");
}

#[test]
fn a_sweep_that_takes_a_young_hold_beside_an_old_one_breaks_recovery() {
    let (_, report) = strike::<Mortal<SWEEPS_ACCOUNTS>>(&[Fault::TimeTravel]);
    let wanted = [Invariant::Recovery, Invariant::HonestReplies];
    assert_eq!(broken(&report), wanted, "{report:?}");
}

#[test]
fn whose_clock_a_ledger_goes_by_is_its_own_business() {
    let (_, report) = strike::<Mortal<CURED>>(&[Fault::TimeTravel]);
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
    assert_eq!(report.refused, []);
    let travels = report.faults["time-travel"];
    assert_eq!(travels, 3, "a young hold, an old one, and one of each");
    for (_, report) in [
        strike::<Mortal<OWN_CLOCK>>(&[Fault::TimeTravel]),
        strike::<Mortal<TWO_CLOCKS>>(&[Fault::TimeTravel]),
    ] {
        assert_eq!(broken(&report), [], "{report:?}");
        assert_eq!(report.faults["time-travel"], 1, "only a young hold");
        assert_eq!(report.refused.len(), 1, "and that is said");
    }
}

#[test]
fn a_strike_that_nothing_was_struck_by_is_inconclusive_and_says_why() {
    // Without the wire nobody sees a statement.
    let mut stage = stage(Subject::rust::<Mortal<CURED>>("unwired", "no wire")).unwrap();
    let order = Order {
        faults: vec![Fault::CrashBetween],
        faults_named: true,
        ..order(1, 2)
    };
    let report = hunt::hunt(&mut stage, &order, &mut ()).unwrap();
    assert_eq!(report.verdict, Verdict::Inconclusive, "{report:?}");
    assert_eq!(report.never_met, [Fault::CrashBetween]);
    assert!(report.refused[0].why.contains("no wire"), "{report:?}");
    assert_eq!(report.crash_points, 0);
}

#[test]
fn a_saved_crash_replays_in_the_same_steps_twenty_times_of_twenty() {
    let (mut stage, report) = strike::<Mortal<CHARGES_IN_TWO>>(&[Fault::CrashBetween]);
    let entry = report.broken().next().expect("it is broken");
    let found = entry.counterexample.as_ref().expect("by a schedule");
    let dir = tempfile::tempdir().unwrap();
    let file = found.saved().write(dir.path()).unwrap();
    let saved = simulator::report::Saved::read(&file).unwrap();
    for _ in 0..20 {
        let again = hunt::replay(&mut stage, &saved).unwrap();
        let same = again.broken().find(|other| other.id == entry.id).unwrap();
        assert_eq!(same.counterexample.as_ref().unwrap().steps, found.steps);
    }
}
