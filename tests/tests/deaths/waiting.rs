//! A process that dies while a statement of its waits for another's lock: the statement may happen
//! all the same, after whoever tries again has looked.

use simulator::Answer;
use simulator::Reserve;
use simulator::execute::{Manner, Stage};
use simulator::history::{History, Outcome, What};
use simulator::hunt::{self, Plan};
use simulator::invariant::Invariant;
use simulator::report::Verdict;
use simulator::storm::Moment;
use simulator::strategy::{Actor, Handover, Strategy};
use tests::races::{Job, Rules, Shop, number, race, run};
use tests::{broken, order, stage};

const KEEP_OUT: &str = "select 1::bigint from (select pg_advisory_lock(hashtext($1))) it";
const LET_IN: &str = "select pg_advisory_unlock(hashtext($1))::int::bigint";
const HELD: &str = "select count(*) from jobs_twice where job = $1::uuid";
const HOLD: &str = "with taken as (update wallets set credits = credits - $3
                                    where account = $1::uuid and credits >= $3 returning account)
                    insert into jobs_twice select $2::uuid, account, $3 from taken";

/// Keeps others out of a job by a lock that its connection holds, and works on that connection, or
/// on another: who dies lets the others in, whatever its statement still does.
struct KeepsOut<const ELSEWHERE: bool>;
impl<const ELSEWHERE: bool> Rules for KeepsOut<ELSEWHERE> {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let mut guard = shop.pool.acquire().await?;
        number(&mut guard, KEEP_OUT, job.id).await?;
        let mut said = Reserve::Reserved;
        if number(&mut guard, HELD, job.id).await? == 0 {
            let held = if ELSEWHERE {
                run(&mut *shop.pool.acquire().await?, HOLD, job).await?
            } else {
                run(&mut guard, HOLD, job).await?
            };
            if held == 0 {
                said = Reserve::Insufficient;
            }
        }
        number(&mut guard, LET_IN, job.id).await?;
        Ok(said)
    }
}

fn with_wire<R: Rules>(name: &str) -> Stage {
    stage(race::<R>(name)).unwrap().with_wire().unwrap()
}

/// A reserve whose process dies at that moment, while another job's keeps it waiting.
fn dies(stage: &mut Stage, moment: Moment) -> History {
    let mut deaths = stage.menu().deaths(true).into_iter();
    let name = "reserve that dies while it waits for reserve another job";
    let duel = deaths.find(|duel| duel.name == name).expect("it is fought");
    let schedule = duel.dying(moment);
    let mut strategy = Handover::of(Actor(1));
    while strategy.begin() {
        let fought = stage
            .play_duel(&schedule, &mut strategy, Manner::default())
            .unwrap();
        let history = fought.history.expect("no order is left out");
        let died = |what: &What| matches!(what, What::Struck { .. });
        if history.happenings.iter().any(|it| died(&it.what)) {
            return history;
        }
    }
    panic!("nobody waited");
}

/// What is said of the moves of who died, and the outcomes of the calls.
fn told(history: &History) -> (Vec<String>, Vec<Outcome>) {
    let duel = history.happenings.iter().find_map(|it| match &it.what {
        What::Duel {
            requests, moves, ..
        } => Some((requests, moves)),
        _ => None,
    });
    let (requests, moves) = duel.expect("a duel");
    let dead = moves.iter().filter(|it| it.actor == 0 && it.sql.is_empty());
    let said = dead.map(|it| it.said.clone()).collect();
    (said, requests.iter().map(|it| it.outcome.clone()).collect())
}

#[test]
fn a_statement_that_nobody_waits_for_any_more_happens_or_is_broken_off() {
    let mut stage = with_wire::<KeepsOut<false>>("keeps out");
    let (said, outcomes) = told(&dies(&mut stage, Moment::WaitingUnnoticed));
    assert_eq!(outcomes[0], Outcome::Died);
    assert!(matches!(outcomes[1], Outcome::Replied(_)), "{outcomes:?}");
    assert!(matches!(outcomes[2], Outcome::Replied(_)), "{outcomes:?}");
    let wanted = [
        "dies, and its statement goes on waiting",
        "wakes: INSERT 0 0",
        "the statement of the dead has ended",
    ];
    assert_eq!(said, wanted);
    let (said, outcomes) = told(&dies(&mut stage, Moment::WaitingNoticed));
    assert_eq!(outcomes[0], Outcome::Died);
    assert_eq!(said, ["dies, and PostgreSQL breaks its statement off"]);
}

#[test]
fn a_lock_that_goes_with_the_process_and_a_statement_that_does_not_hold_twice() {
    // The pairs themselves say nothing: neither of two calls that live gets in twice.
    let plan = Plan {
        orders: 2,
        ..Plan::brief()
    };
    let fought = |mut stage: Stage| hunt::duel(&mut stage, &order(1, 1), &plan, &mut ()).unwrap();
    let report = fought(with_wire::<KeepsOut<true>>("works elsewhere"));
    assert_eq!(broken(&report)[0], Invariant::ExactlyOnce, "{report:?}");
    let found = report.broken().next().unwrap().counterexample.as_ref();
    let found = found.expect("by a schedule");
    assert!(
        found
            .steps
            .iter()
            .any(|it| it.what.contains("goes on waiting"))
    );
    let mut stage = with_wire::<KeepsOut<true>>("works elsewhere");
    for _ in 0..20 {
        let again = hunt::replay(&mut stage, found.saved()).unwrap();
        let same = again.broken().next().expect("it breaks again");
        let steps = &same.counterexample.as_ref().expect("by a schedule").steps;
        assert_eq!(*steps, found.steps);
    }
    let report = fought(with_wire::<KeepsOut<false>>("works there"));
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
    assert!(report.faults["crash-between"] > 0, "{report:?}");
}
