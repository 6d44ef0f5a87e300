//! Two calls inside one another, in every order: races are found by choosing, not by luck.

use simulator::execute::Stage;
use simulator::hunt::{self, Method, Plan};
use simulator::invariant::Invariant;
use simulator::report::{Judged, Report, Verdict};
use simulator::{
    AccountId, Answer, Balance, Credits, FactId, Grant, JobId, Ledger, LedgerError, Reserve,
    Subject, World,
};
use std::path::PathBuf;
use tests::{broken, order, stage};

fn duels_of(subject: Subject) -> (Stage, Report) {
    let mut stage = stage(subject).unwrap().with_wire().unwrap();
    let report = hunt::duel(&mut stage, &order(1, 1), &Plan::pairs(), &mut ()).unwrap();
    (stage, report)
}

#[test]
fn the_reference_holds_in_every_order_of_every_pair() {
    for subject in reference::subjects() {
        let name = subject.name().to_owned();
        let (_, report) = duels_of(subject);
        assert_eq!(report.verdict, Verdict::Held, "{name}: {report:?}");
        assert_eq!(report.duels.len(), 28, "{name}");
        for duel in &report.duels {
            assert!(duel.whole && duel.orders > 1, "{name}: {duel:?}");
        }
        for entry in &report.invariants {
            let wanted = if entry.id == Invariant::Boundary {
                Judged::Unchecked
            } else {
                Judged::Held
            };
            assert_eq!(entry.verdict, wanted, "{name}: {}", entry.id);
        }
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

/// A wallet whose reserve is one SQL function, with a lock or without.
struct Wallet<const LOCKED: bool>(sqlx::PgPool);

impl<const LOCKED: bool> Ledger for Wallet<LOCKED> {
    fn migrations() -> PathBuf {
        tests::nothing().join("wallets")
    }
    async fn open(world: &World) -> Answer<Self> {
        Ok(Self(sqlx::PgPool::connect(world.database_url()).await?))
    }
    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        sqlx::query("insert into wallets (account) values ($1::uuid) on conflict do nothing")
            .bind(account.as_str())
            .execute(&self.0)
            .await?;
        Ok(())
    }
    async fn grant(&self, account: &AccountId, fact: &FactId, amount: Credits) -> Answer<Grant> {
        sqlx::query("select grant_once($1::uuid, $2, $3)")
            .bind(account.as_str())
            .bind(fact.as_str())
            .bind(amount.get())
            .execute(&self.0)
            .await?;
        Ok(Grant::Granted)
    }
    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        let hold = if LOCKED {
            "select hold_locked($1::uuid, $2::uuid, $3)"
        } else {
            "select hold_unlocked($1::uuid, $2::uuid, $3)"
        };
        let said: String = sqlx::query_scalar(hold)
            .bind(account.as_str())
            .bind(job.as_str())
            .bind(amount.get())
            .fetch_one(&self.0)
            .await?;
        match said.as_str() {
            "reserved" => Ok(Reserve::Reserved),
            "insufficient" => Ok(Reserve::Insufficient),
            other => Err(LedgerError::failed(other)),
        }
    }
    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let credits = sqlx::query_scalar("select credits from wallets where account = $1::uuid")
            .bind(account.as_str())
            .fetch_one(&self.0)
            .await?;
        Ok(Balance {
            spendable: Credits::new(credits),
            held: None,
            owed: None,
        })
    }
}

#[test]
fn a_function_that_reads_without_a_lock_overdraws_beside_itself_and_its_cured_twin_holds() {
    let (_, wrong) = duels_of(Subject::rust::<Wallet<false>>(
        "unlocked",
        "reads, then writes",
    ));
    assert!(
        broken(&wrong).contains(&Invariant::AtomicLifecycle),
        "{wrong:?}"
    );
    let (_, right) = duels_of(Subject::rust::<Wallet<true>>("locked", "waits its turn"));
    assert_eq!(broken(&right), [], "{right:?}");
    assert_eq!(right.verdict, Verdict::Held);
}

#[test]
fn a_duel_with_a_waiter_replays_in_the_same_steps_twenty_times_of_twenty() {
    let unlocked = Subject::rust::<Wallet<false>>("unlocked", "reads, then writes");
    let (mut stage, report) = duels_of(unlocked);
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
    let unlocked = Subject::rust::<Wallet<false>>("wallet", "reads, then writes");
    let (_, report) = duels_of(unlocked);
    let entry = report.broken().next().unwrap();
    let mut saved = entry.counterexample.as_ref().unwrap().saved().clone();
    let cured = Subject::rust::<Wallet<true>>("wallet", "waits its turn");
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

/// A wallet whose two functions write two tables, in opposite order or in the same. Whoever is a
/// deadlock's victim is told that the money is gone.
struct Crossed<const WALLET_FIRST: bool>(sqlx::PgPool);

impl<const WALLET_FIRST: bool> Ledger for Crossed<WALLET_FIRST> {
    fn migrations() -> PathBuf {
        tests::nothing().join("crossed")
    }
    async fn open(world: &World) -> Answer<Self> {
        Ok(Self(sqlx::PgPool::connect(world.database_url()).await?))
    }
    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        for table in ["wallets", "totals"] {
            let open =
                format!("insert into {table} (account) values ($1::uuid) on conflict do nothing");
            sqlx::query(sqlx::AssertSqlSafe(open))
                .bind(account.as_str())
                .execute(&self.0)
                .await?;
        }
        Ok(())
    }
    async fn grant(&self, account: &AccountId, fact: &FactId, amount: Credits) -> Answer<Grant> {
        sqlx::query("select grant_once($1::uuid, $2, $3)")
            .bind(account.as_str())
            .bind(fact.as_str())
            .bind(amount.get())
            .execute(&self.0)
            .await?;
        Ok(Grant::Granted)
    }
    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        let said = sqlx::query_scalar::<_, String>("select hold($1::uuid, $2::uuid, $3, $4)")
            .bind(account.as_str())
            .bind(job.as_str())
            .bind(amount.get())
            .bind(WALLET_FIRST)
            .fetch_one(&self.0)
            .await;
        let is_victim = |error: &sqlx::Error| {
            let code = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code);
            code.is_some_and(|it| it == "40P01")
        };
        match said {
            Ok(said) if said == "reserved" => Ok(Reserve::Reserved),
            Err(error) if !is_victim(&error) => Err(error.into()),
            _ => Ok(Reserve::Insufficient),
        }
    }
    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let credits = sqlx::query_scalar("select credits from wallets where account = $1::uuid")
            .bind(account.as_str())
            .fetch_one(&self.0)
            .await?;
        Ok(Balance {
            spendable: Credits::new(credits),
            held: None,
            owed: None,
        })
    }
}

#[test]
fn functions_that_write_in_opposite_order_deadlock_inside_single_calls_and_their_twins_hold() {
    let (mut stage, wrong) = duels_of(Subject::rust::<Crossed<true>>("crossed", "crosses over"));
    let wanted = [Invariant::AtomicLifecycle, Invariant::HonestReplies];
    assert_eq!(broken(&wrong), wanted, "{wrong:?}");
    let found = wrong.broken().next().unwrap();
    let found = found.counterexample.as_ref().unwrap();
    let shows = |what: &str| {
        found.steps.iter().any(|line| {
            let reply = line.reply.as_deref().unwrap_or_default();
            line.what.contains(what) || reply.contains(what)
        })
    };
    assert!(shows("inside the call: update totals"), "{:?}", found.steps);
    assert!(shows("deadlock"), "{:?}", found.steps);
    for _ in 0..20 {
        let again = hunt::replay(&mut stage, found.saved()).unwrap();
        let same = again.broken().next().unwrap();
        assert_eq!(same.counterexample.as_ref().unwrap().steps, found.steps);
    }
    let (_, right) = duels_of(Subject::rust::<Crossed<false>>("straight", "one order"));
    assert_eq!(right.verdict, Verdict::Held, "{right:?}");
}
