//! Ten-line ledgers, each with one race that schoolbooks name: found by trying orders, shown with
//! its order, and not found in its cured twin.

use simulator::execute::{Begin, Manner, Stage, StageError};
use simulator::history::{History, Move, Outcome, What};
use simulator::hunt::{self, Plan};
use simulator::invariant::Invariant;
use simulator::report::{Entry, Report, Verdict};
use simulator::storm::Duel;
use simulator::strategy::{Actor, Exhaustive, Replay, Strategy};
use simulator::{Answer, LedgerError, Reply, Reserve, Subject};
use sqlx::ConnectOptions;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tests::races::{Job, Rules, Shop, grant_by, number, race, run, swap};
use tests::schoolbook::{
    CREDITS, Careful, Functions, InsertsTwice, LOCK, Locks, LostUpdate, NOTE, ReadsTwice, WriteSkew,
};
use tests::{broken, order, stage};

/// Whoever shares a process depends on each other.
const MINDS_MEMORY: Manner = Manner {
    minds_memory: true,
    spares: false,
};

fn fought(subject: Subject) -> Report {
    let mut stage = stage(subject).unwrap().with_wire().unwrap();
    hunt::duel(&mut stage, &order(1, 1), &Plan::pairs(), &mut ()).unwrap()
}

/// The lines of a counterexample, as a person reads them.
fn told(entry: &Entry) -> String {
    let found = entry.counterexample.as_ref().expect("a counterexample");
    let line = |it: &simulator::report::Line| {
        let reply = it.reply.as_deref().unwrap_or_default();
        format!("{} {} {reply}\n", it.instance.unwrap_or(' '), it.what)
    };
    found.steps.iter().map(line).collect()
}

/// The wrong one is found, with its order; its cured twin holds in every order.
fn is_found_and_cured<W: Rules, C: Rules>(name: &str) {
    let wrong = fought(race::<W>(name));
    let entry = wrong.broken().next();
    let entry = entry.unwrap_or_else(|| panic!("{name} was not found: {wrong:?}"));
    let told = told(entry);
    assert!(
        told.contains("begins: ") && told.contains("is told"),
        "{told}"
    );
    holds(race::<C>(name));
}

fn holds(subject: Subject) -> Report {
    let report = fought(subject);
    assert_eq!(broken(&report), [], "{report:#?}");
    assert_eq!(report.verdict, Verdict::Held);
    for duel in &report.duels {
        assert!(duel.orders > 1 && duel.how == "every order", "{duel:?}");
        assert!(duel.whole, "{duel:?}");
    }
    report
}

#[test]
fn a_lost_update() {
    is_found_and_cured::<LostUpdate, Careful>("lost update");
}

#[test]
fn write_skew() {
    is_found_and_cured::<WriteSkew<false>, WriteSkew<true>>("write skew");
}

#[test]
fn a_read_that_does_not_repeat() {
    is_found_and_cured::<ReadsTwice<false>, ReadsTwice<true>>("reads twice");
}

#[test]
fn a_row_that_is_looked_for_and_then_inserted() {
    is_found_and_cured::<InsertsTwice, Careful>("inserts twice");
}

#[test]
fn locks_in_opposite_order() {
    let wrong = fought(race::<Locks<false, false>>("opposite order"));
    let entry = wrong.broken().next();
    let told = told(entry.unwrap_or_else(|| panic!("not found: {wrong:#?}")));
    assert!(told.contains("deadlock detected"), "{told}");
}

/// Tells one lie in its life: that a job has ended.
struct LiesOnce;
static CALLS: AtomicU32 = AtomicU32::new(0);
impl Rules for LiesOnce {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let honest = Careful::reserve(shop, job).await;
        let lies = CALLS.fetch_add(1, Ordering::SeqCst) == LIES_AT;
        if lies { Ok(Reserve::Settled) } else { honest }
    }
}
/// Somewhere among the orders, after the calls that get to know the ledger.
const LIES_AT: u32 = 40;

#[test]
fn what_breaks_once_and_not_again_is_unknown_and_nobody_is_accused() {
    let report = fought(race::<LiesOnce>("lies once"));
    assert!(CALLS.load(Ordering::SeqCst) > LIES_AT);
    assert_eq!(broken(&report), [], "{report:#?}");
    assert_eq!(report.verdict, Verdict::Inconclusive, "{report:#?}");
}

#[test]
fn locks_in_one_order() {
    holds(race::<Locks<true, false>>("one order"));
}

#[test]
fn two_functions_that_lock_rows_in_opposite_order_inside_single_calls() {
    let wrong = fought(race::<Functions<false>>("functions, opposite order"));
    let entry = wrong.broken().next();
    let told = told(entry.unwrap_or_else(|| panic!("not found: {wrong:#?}")));
    assert!(told.contains("deadlock detected"), "{told}");
    assert!(told.contains("inside the call: update totals"), "{told}");
    holds(race::<Functions<true>>("functions, one order"));
}

#[test]
fn a_deadlock_whose_retry_succeeds_is_nobody_s_fault() {
    let report = fought(race::<Locks<false, true>>("opposite order, honest"));
    assert_eq!(broken(&report), [], "{report:#?}");
}

/// Keeps a mutex of the process over its statements; a grant takes the row first, or after.
struct KeepsMutex<const ROW_FIRST: bool>;
impl<const ROW_FIRST: bool> Rules for KeepsMutex<ROW_FIRST> {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let _alone = shop.memory.lock().await;
        Careful::reserve(shop, job).await
    }
    async fn grant(shop: &Shop, account: &str, fact: &str, amount: i64) -> Answer<()> {
        let grant = "select grant_once($1::uuid, $2, $3)";
        if !ROW_FIRST {
            let _alone = shop.memory.lock().await;
            return grant_by(&shop.pool, grant, account, fact, amount).await;
        }
        let mut tx = shop.pool.begin().await?;
        number(&mut tx, LOCK, account).await?;
        let _alone = shop.memory.lock().await;
        sqlx::query(grant)
            .bind(account)
            .bind(fact)
            .bind(amount)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// One of the threes, by name.
fn three(stage: &Stage, name: &str) -> Duel {
    let threes = stage.menu().threes();
    let names: Vec<_> = threes.iter().map(|duel| duel.name.clone()).collect();
    let found = threes.into_iter().find(|duel| duel.name == name);
    found.unwrap_or_else(|| panic!("no {name} among {names:?}"))
}

const THREE: &str = "reserve ∥ payment ∥ reserve another job";

fn with_wire<R: Rules>(name: &str) -> Stage {
    stage(race::<R>(name)).unwrap().with_wire().unwrap()
}

#[test]
fn a_mutex_that_is_kept_over_statements_and_a_row_lock_wait_for_each_other_for_ever() {
    let mut stage = with_wire::<KeepsMutex<true>>("mutex, row first");
    let plan = Plan::exhaustive();
    let report = hunt::duel(&mut stage, &order(1, 1), &plan, &mut ()).unwrap();
    assert_eq!(broken(&report), [Invariant::Progress], "{report:#?}");
    let told = told(report.broken().next().unwrap());
    assert!(
        told.contains("did not end") || told.contains("no end"),
        "{told}"
    );
}

#[test]
fn a_mutex_that_is_always_taken_first_is_waited_for_and_nobody_hangs() {
    let mut stage = with_wire::<KeepsMutex<false>>("mutex first");
    let duel = three(&stage, THREE);
    let mut strategy = Exhaustive::bounded(1);
    let mut waited = 0;
    while strategy.begin() {
        let fought = stage
            .play_duel(&duel.schedule, &mut strategy, MINDS_MEMORY)
            .unwrap();
        waited += u32::from(fought.waited_inside);
        let history = fought.history.expect("nothing is left out under a bound");
        assert!(
            history
                .requests()
                .all(|(_, it)| matches!(it.outcome, Outcome::Replied(_)))
        );
    }
    assert!(waited > 0, "the second in a process waits for the first");
}

/// Looks, and writes if nobody else has meanwhile; or pauses for longer than anybody waits for a
/// call, and looks again. Only one of a process's calls does so at a time.
struct Patient;
impl Rules for Patient {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let _alone = shop.memory.lock().await;
        loop {
            let mut tx = shop.pool.begin().await?;
            if run(&mut tx, NOTE, job).await? == 0 {
                return Ok(Reserve::Reserved);
            }
            let had = number(&mut tx, CREDITS, job.account).await?;
            if had < job.amount {
                return Ok(Reserve::Insufficient);
            }
            if swap(&mut tx, job.account, had, had - job.amount).await? {
                tx.commit().await?;
                return Ok(Reserve::Reserved);
            }
            tx.rollback().await?;
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
    }
}

#[test]
fn a_pause_before_another_try_is_not_sat_out() {
    holds(race::<Patient>("patient"));
    let mut stage = with_wire::<Patient>("patient");
    let duel = three(&stage, THREE);
    let mut strategy = Exhaustive::bounded(1);
    while strategy.begin() {
        let fought = stage
            .play_duel(&duel.schedule, &mut strategy, MINDS_MEMORY)
            .unwrap();
        let history = fought.history.expect("nothing is left out under a bound");
        let replied = |outcome: &Outcome| matches!(outcome, Outcome::Replied(_));
        assert!(
            history.requests().all(|(_, it)| replied(&it.outcome)),
            "{history:#?}"
        );
    }
}

/// Gives a statement that takes a moment five seconds, by its own clock.
struct Impatient;
impl Rules for Impatient {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let mut tx = shop.pool.begin().await?;
        let slow = "select count(pg_sleep(1)) where $1 <> ''";
        let answer = number(&mut tx, slow, job.account);
        let in_time = tokio::time::timeout(Duration::from_secs(5), answer).await;
        in_time.map_err(|_| LedgerError::failed("five seconds are over"))??;
        drop(tx);
        Careful::reserve(shop, job).await
    }
}

#[test]
fn while_postgres_is_at_a_statement_no_time_is_made_up() {
    let mut stage = with_wire::<Impatient>("impatient");
    let duel = stage.menu().duels().remove(0);
    let mut strategy = Exhaustive::new();
    assert!(strategy.begin());
    let fought = stage
        .play_duel(&duel.schedule, &mut strategy, Manner::default())
        .unwrap();
    let history = fought.history.expect("the first order isn't redundant");
    let (_, replies) = seen(&history);
    let reserved = |it: &String| it.contains("Reserved");
    assert!(replies.iter().all(reserved), "{replies:?}");
}

/// What a duel's operations did and were told.
fn seen(history: &History) -> (Vec<Move>, Vec<String>) {
    let duels = history.happenings.iter().find_map(|it| match &it.what {
        What::Duel {
            requests, moves, ..
        } => Some((requests, moves)),
        _ => None,
    });
    let (requests, moves) = duels.expect("a duel");
    let replies = requests.iter().map(|it| match &it.outcome {
        Outcome::Replied(Reply::Sweep(jobs)) => format!("swept {}", jobs.len()),
        other => format!("{other:?}"),
    });
    (moves.clone(), replies.collect())
}

#[test]
fn of_two_waiters_each_goes_first_in_some_order() {
    let mut stage = with_wire::<Careful>("two waiters");
    let duel = three(&stage, THREE);
    let mut strategy = Exhaustive::new();
    let mut woken = BTreeSet::new();
    for _ in 0..400 {
        if !strategy.begin() {
            break;
        }
        let fought = stage
            .play_duel(&duel.schedule, &mut strategy, Manner::default())
            .unwrap();
        let Some(history) = fought.history else {
            continue;
        };
        let (moves, _) = seen(&history);
        let waits = |it: &&Move| it.said.starts_with("waits");
        let waiters: BTreeSet<usize> = moves.iter().filter(waits).map(|it| it.actor).collect();
        if waiters.len() == 2 {
            let commits = moves
                .iter()
                .filter(|it| it.sql.eq_ignore_ascii_case("commit"));
            let commits: Vec<usize> = commits.map(|it| it.actor).collect();
            woken.insert(commits);
        }
    }
    let first_of_waiters: BTreeSet<_> = woken.iter().map(|it| (it.first(), it.get(1))).collect();
    assert!(first_of_waiters.len() >= 4, "{woken:?}");
}

#[test]
fn where_nobody_chooses_both_calls_of_a_pair_run_all_the_same() {
    let mut stage = stage(race::<Careful>("careful")).unwrap();
    let duel = stage.menu().duels().remove(0);
    let history = stage.play(&duel.schedule, Begin::Warm).unwrap();
    let (moves, replies) = seen(&history);
    assert_eq!(moves, [], "nobody watches the statements");
    assert_eq!(replies.len(), 2);
    let reserved = |it: &String| it.contains("Reserved");
    assert!(replies.iter().all(reserved), "{replies:?}");
}

/// All outcomes of a pair: what each was told, and what is left at the end.
fn outcomes(stage: &mut Stage, duel: &Duel, mut strategy: Exhaustive) -> (BTreeSet<String>, u32) {
    let (mut all, mut runs) = (BTreeSet::new(), 0);
    while strategy.begin() {
        let fought = stage
            .play_duel(&duel.schedule, &mut strategy, Manner::default())
            .unwrap();
        let Some(history) = fought.history else {
            continue;
        };
        runs += 1;
        let (_, replies) = seen(&history);
        let left = history
            .happenings
            .iter()
            .rev()
            .find_map(|it| match &it.what {
                What::Balance { account: 0, read } => Some(format!("{read:?}")),
                _ => None,
            });
        all.insert(format!("{replies:?} {left:?}"));
    }
    (all, runs)
}

/// What the reduction leaves out leads nowhere else.
fn loses_no_outcome(subject: Subject, pairs: &[&str]) {
    let mut stage = stage(subject).unwrap().with_wire().unwrap();
    for name in pairs {
        let duels = stage.menu().duels();
        let duel = duels.into_iter().find(|it| it.name == *name).unwrap();
        let (reduced, few) = outcomes(&mut stage, &duel, Exhaustive::new());
        let (all, many) = outcomes(&mut stage, &duel, Exhaustive::bounded(u32::MAX));
        assert_eq!(reduced, all, "{name}");
        assert!(few <= many, "{name}: {few} of {many}");
    }
}

#[test]
fn the_reduction_loses_no_outcome() {
    let rivals = [
        "reserve ∥ reserve",
        "reserve ∥ reserve another job",
        "reserve ∥ payment",
    ];
    loses_no_outcome(race::<LostUpdate>("lost update"), &rivals);
    loses_no_outcome(race::<WriteSkew<false>>("write skew"), &rivals);
    // Unique keys that meet, and locks that deadlock.
    loses_no_outcome(race::<Careful>("careful"), &rivals);
    loses_no_outcome(race::<Functions<false>>("functions"), &rivals);
    for subject in reference::subjects() {
        loses_no_outcome(subject, &["reserve ∥ reserve", "charge ∥ refund"]);
    }
}

/// A counterexample is the same in its steps, a hundred times of a hundred.
fn replays(stage: &mut Stage, report: &Report, shows: impl Fn(&str) -> bool) {
    let entry = report.broken().find(|entry| shows(&told(entry)));
    let entry = entry.unwrap_or_else(|| panic!("no such order: {report:#?}"));
    let found = entry.counterexample.as_ref().unwrap();
    for round in 0..100 {
        let again = hunt::replay(stage, found.saved()).unwrap();
        let same = again.broken().find(|other| other.id == entry.id);
        let same = same.unwrap_or_else(|| panic!("not broken in round {round}: {again:#?}"));
        assert_eq!(
            same.counterexample.as_ref().unwrap().steps,
            found.steps,
            "{round}"
        );
    }
}

#[test]
fn a_deadlock_replays_in_the_same_steps_a_hundred_times_of_a_hundred() {
    let mut stage = with_wire::<Functions<false>>("functions, opposite order");
    let report = hunt::duel(&mut stage, &order(1, 1), &Plan::pairs(), &mut ()).unwrap();
    replays(&mut stage, &report, |told| {
        told.contains("deadlock detected")
    });
}

#[test]
fn two_waiters_replay_in_the_same_steps_a_hundred_times_of_a_hundred() {
    let mut stage = with_wire::<Careful>("two waiters");
    let duel = three(&stage, THREE);
    // The holder, then both who wait for it, and the commit with whoever goes first.
    let steps = |history: &History| {
        let (moves, replies) = seen(history);
        let told = moves.into_iter().map(|it| (it.actor, it.sql, it.said));
        (told.collect::<Vec<_>>(), replies)
    };
    let mut strategy = Exhaustive::new();
    let kept = loop {
        assert!(strategy.begin(), "an order in which two wait");
        let fought = stage
            .play_duel(&duel.schedule, &mut strategy, Manner::default())
            .unwrap();
        if let Some(history) = fought.history {
            let seen = steps(&history);
            let waits = seen
                .0
                .iter()
                .filter(|(_, _, said)| said.starts_with("waits"));
            if waits.count() == 2 {
                break (fought.order, seen);
            }
        }
    };
    for round in 0..100 {
        let order = kept.0.iter().map(|it| Actor(*it)).collect();
        let mut strategy = Replay::new(order);
        assert!(strategy.begin());
        let fought = stage
            .play_duel(&duel.schedule, &mut strategy, Manner::default())
            .unwrap();
        assert_eq!(steps(&fought.history.unwrap()), kept.1, "{round}");
        assert_eq!(fought.order, kept.0);
    }
}

/// A reserve that does one thing no ledger should.
struct Rude<const WHAT: u8>;
const ENDLESS: u8 = 0;
const GREEDY: u8 = 1;
const DEADLY: u8 = 2;
impl<const WHAT: u8> Rules for Rude<WHAT> {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let mut tx = shop.pool.begin().await?;
        // Not when it is only asked what it offers, nor before the duel.
        if job.amount == 50 {
            match WHAT {
                ENDLESS => {
                    let sleeps = "select count(pg_sleep(3600)) where $1 <> ''";
                    number(&mut tx, sleeps, job.account).await?;
                }
                GREEDY => {
                    let options = shop.pool.connect_options();
                    let mut all = Vec::new();
                    for _ in 0..200 {
                        all.push(options.connect().await?);
                    }
                }
                _ => {
                    let ends = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                                where pid <> pg_backend_pid() and $1 <> ''";
                    number(&mut tx, ends, job.account).await?;
                }
            }
        }
        tx.commit().await?;
        Careful::reserve(shop, job).await
    }
}

#[test]
fn a_statement_that_never_ends_breaks_progress_and_is_ended() {
    let mut stage = with_wire::<Rude<ENDLESS>>("endless");
    let report = hunt::duel(&mut stage, &order(1, 1), &Plan::exhaustive(), &mut ()).unwrap();
    assert_eq!(broken(&report), [Invariant::Progress], "{report:#?}");
}

#[test]
fn a_client_that_takes_every_connection_gets_an_error_and_badai_goes_on() {
    let mut stage = with_wire::<Rude<GREEDY>>("greedy");
    let duel = stage.menu().duels().remove(0);
    let mut strategy = Exhaustive::new();
    assert!(strategy.begin());
    let fought = stage
        .play_duel(&duel.schedule, &mut strategy, Manner::default())
        .unwrap();
    let history = fought.history.expect("the first order isn't redundant");
    let (_, replies) = seen(&history);
    assert!(
        replies.iter().all(|it| it.contains("too many clients")),
        "{replies:?}"
    );
}

#[test]
fn a_server_that_sends_badai_away_is_no_ledger_s_fault() {
    let mut stage = with_wire::<Rude<DEADLY>>("deadly");
    let gone = hunt::duel(&mut stage, &order(1, 1), &Plan::exhaustive(), &mut ()).unwrap_err();
    assert!(matches!(gone, StageError::Server(_)), "{gone}");
}
