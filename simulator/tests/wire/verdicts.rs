//! What each verdict does to the client, and to the database.

use crate::stage::{Stage, Watch};
use simulator::wire::{Arrival, Closing, Ending, Kind, Record, Release, SqlError, Status, Verdict};
use sqlx::{Connection, Executor, PgConnection, Row, raw_sql};

const ACCOUNT: &str = "create table account (id int primary key, balance bigint not null);
                       insert into account values (1, 100), (2, 100);";
const BALANCE: &str = "select balance from account where id = 1";

fn sqlstate(result: Result<impl Sized, sqlx::Error>) -> String {
    match result.map(drop).expect_err("a fault was due") {
        sqlx::Error::Database(error) => error.code().unwrap_or_default().into_owned(),
        sqlx::Error::Io(error) => format!("{:?}", error.kind()),
        other => panic!("another error: {other}"),
    }
}

/// Reads the balance and takes `amount` from what it read: the classic lost update.
async fn take(connection: &mut PgConnection, amount: i64) {
    let mut transaction = connection.begin().await.unwrap();
    let row = transaction.fetch_one(BALANCE).await.unwrap();
    let left = row.get::<i64, _>(0) - amount;
    let update = sqlx::query("update account set balance = $1 where id = 1").bind(left);
    update.execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
}

#[test]
fn the_gate_chooses_the_order_of_two_sessions() {
    // 1: begin, select 100            update 90, commit
    // 2:                   begin, select 100            update 80, commit
    for (order, left) in [([1, 2, 1, 1, 2, 2], 80), ([1, 1, 1, 2, 2, 2], 70)] {
        let stage = Stage::new(ACCOUNT);
        let mut watch = Watch::shut();
        stage.play(watch.mode(), async |front| {
            let (mut one, mut two) = (front.sqlx().await, front.sqlx().await);
            let one = tokio::spawn(async move { take(&mut one, 10).await });
            let two = tokio::spawn(async move { take(&mut two, 20).await });
            let mut waiting = Vec::new();
            for chosen in order {
                let is_chosen =
                    |(arrival, _): &(Arrival, Release)| arrival.session.number() == chosen;
                let (arrival, release) = loop {
                    if let Some(place) = waiting.iter().position(is_chosen) {
                        break waiting.remove(place);
                    }
                    let (arrival, release) = watch.next_held().await;
                    if arrival.prepares {
                        // A part of what comes next.
                        release.give(Verdict::Forward);
                    } else {
                        waiting.push((arrival, release));
                    }
                };
                release.give(Verdict::Forward);
                // A step ends with its answer: only then is the next one chosen.
                watch.ended(arrival.number).await;
            }
            one.await.unwrap();
            two.await.unwrap();
            assert_eq!(front.number(BALANCE).await, left, "{order:?}");
        });
    }
}

#[test]
fn a_client_killed_before_its_commit_has_done_nothing() {
    let stage = Stage::new(ACCOUNT);
    let mut watch = Watch::giving(Verdict::Kill, "commit");
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        let mut transaction = connection.begin().await.unwrap();
        transaction
            .execute("update account set balance = 0 where id = 1")
            .await
            .unwrap();
        assert_eq!(sqlstate(transaction.commit().await), "UnexpectedEof");
        let (_, why) = watch.closed.recv().await.unwrap();
        assert_eq!(why, Closing::Ordered);
        // The lock is free as well: this doesn't wait.
        assert_eq!(
            front
                .number("update account set balance = balance where id = 1 returning balance")
                .await,
            100
        );
    });
}

#[test]
fn a_commit_whose_answer_is_withheld_is_committed() {
    let stage = Stage::new(ACCOUNT);
    let watch = Watch::giving(Verdict::Withhold, "commit");
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        let mut transaction = connection.begin().await.unwrap();
        transaction
            .execute("update account set balance = 7 where id = 1")
            .await
            .unwrap();
        assert_eq!(sqlstate(transaction.commit().await), "UnexpectedEof");
        assert_eq!(front.number(BALANCE).await, 7);
        assert_eq!(watch.lines().last().unwrap(), "COMMIT → COMMIT");
    });
}

#[test]
fn a_lost_connection_says_so_and_rolls_back() {
    let stage = Stage::new(ACCOUNT);
    let mut watch = Watch::giving(Verdict::DropConnection, "balance = 7");
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        let mut transaction = connection.begin().await.unwrap();
        transaction
            .execute("update account set balance = 0 where id = 2")
            .await
            .unwrap();
        let lost = transaction
            .execute("update account set balance = 7 where id = 1")
            .await;
        assert_eq!(sqlstate(lost), "57P01");
        watch.closed.recv().await.unwrap();
        assert_eq!(
            front.number("select sum(balance)::int8 from account").await,
            200
        );
        let endings: Vec<_> = watch
            .records()
            .into_iter()
            .map(|record| record.ending)
            .collect();
        assert!(endings.contains(&Ending::NeverSent));
    });
}

#[test]
fn an_injected_error_really_fails_the_block() {
    let stage = Stage::new(ACCOUNT);
    let watch = Watch::giving(
        Verdict::AnswerError(SqlError::serialization_failure()),
        "balance = $1",
    );
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        let mut transaction = connection.begin().await.unwrap();
        transaction
            .execute("update account set balance = 0 where id = 2")
            .await
            .unwrap();
        let update = || sqlx::query("update account set balance = $1 where id = 1").bind(7_i64);
        assert_eq!(sqlstate(update().execute(&mut *transaction).await), "40001");
        assert_eq!(sqlstate(transaction.execute("select 1").await), "25P02");
        transaction.rollback().await.unwrap();
        // Outside of a block the error leaves nothing behind, and the session goes on.
        assert_eq!(sqlstate(update().execute(&mut connection).await), "40001");
        let sum = sqlx::query_scalar::<_, i64>("select sum(balance)::int8 from account");
        assert_eq!(sum.fetch_one(&mut connection).await.unwrap(), 200);
    });
}

#[test]
fn a_simple_query_and_a_commit_fail_with_the_error_of_the_fault() {
    let stage = Stage::new(ACCOUNT);
    let fault = Verdict::AnswerError(SqlError::deadlock());
    let watch = Watch::new(move |arrival| {
        let meant = arrival.sql.contains("= 0") || arrival.sql.as_ref() == "COMMIT";
        Some(if meant {
            fault.clone()
        } else {
            Verdict::Forward
        })
    });
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        let mut transaction = connection.begin().await.unwrap();
        let failed = raw_sql("update account set balance = 0 where id = 1")
            .execute(&mut *transaction)
            .await;
        assert_eq!(sqlstate(failed), "40P01");
        assert_eq!(sqlstate(transaction.execute("select 1").await), "25P02");
        transaction.rollback().await.unwrap();

        let mut transaction = connection.begin().await.unwrap();
        transaction
            .execute("update account set balance = 9 where id = 1")
            .await
            .unwrap();
        assert_eq!(sqlstate(transaction.commit().await), "40P01");
        // It has left the block, as a COMMIT that fails does.
        let is_commit = |record: &&Record| record.arrival.sql.as_ref() == "COMMIT";
        let Ending::Answered(outcome) = watch
            .records()
            .iter()
            .find(is_commit)
            .unwrap()
            .ending
            .clone()
        else {
            panic!("the client was answered");
        };
        assert_eq!(outcome.status, Some(Status::Idle));
        connection
            .execute("update account set balance = 55 where id = 2")
            .await
            .unwrap();
        assert_eq!(
            front.number("select sum(balance)::int8 from account").await,
            155
        );
    });
}

/// The balance after an autocommit write of 50 that waited for a lock while its client died.
fn after_a_death_behind_a_lock(setting: &'static str) -> i64 {
    let stage = Stage::new(ACCOUNT);
    let mut watch = Watch::open();
    let left = std::cell::Cell::new(0);
    stage.play(watch.mode(), async |front| {
        let mut holder = PgConnection::connect(&front.direct).await.unwrap();
        let mut held = holder.begin().await.unwrap();
        held.execute("update account set balance = balance + 1 where id = 1")
            .await
            .unwrap();
        let mut dying = front.sqlx().await;
        dying.execute(setting).await.unwrap();
        let write = "update account set balance = balance + 50 where id = 1";
        let dying = tokio::spawn(async move { dying.execute(write).await.map(drop) });
        let blocked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
        while front.number(blocked).await == 0 {}
        front.control.cut_all();
        assert!(dying.await.unwrap().is_err());
        if setting.contains("50") {
            // The server notices by itself, while the lock is still held.
            watch.closed.recv().await.unwrap();
        }
        held.commit().await.unwrap();
        if !setting.contains("50") {
            watch.closed.recv().await.unwrap();
        }
        left.set(front.number(BALANCE).await);
    });
    left.get()
}

#[test]
fn a_write_that_waits_for_a_lock_outlives_its_client() {
    assert_eq!(
        after_a_death_behind_a_lock("set client_connection_check_interval = 0"),
        151
    );
}

#[test]
fn unless_the_server_looks_whether_its_client_lives() {
    assert_eq!(
        after_a_death_behind_a_lock("set client_connection_check_interval = 50"),
        101
    );
}

#[test]
fn pings_and_begin_can_be_answered_without_the_server() {
    let stage = Stage::new(ACCOUNT);
    let watch = Watch::open();
    stage.play(watch.mode().answering_here(), async |front| {
        let mut connection = front.sqlx().await;
        for _ in 0..2 {
            take(&mut connection, 10).await;
            connection.ping().await.unwrap();
        }
        let transaction = connection.begin().await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(front.number(BALANCE).await, 80);
        let here = watch
            .records()
            .into_iter()
            .filter(|record| record.ending == Ending::AnsweredHere);
        let here: Vec<_> = here.map(|record| record.arrival.kind).collect();
        assert_eq!(
            here,
            [
                Kind::Private,
                Kind::Ping,
                Kind::Private,
                Kind::Ping,
                Kind::Private
            ]
        );
        assert_eq!(watch.lines().last().unwrap(), "ROLLBACK → ROLLBACK");
    });
}

/// It takes locks that its transaction keeps, and in strict isolation the snapshot.
#[test]
fn in_a_transaction_a_parse_is_a_choice() {
    let stage = Stage::new(ACCOUNT);
    let watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        // A parameter makes sqlx prepare it, once a text.
        let select = |after: &str| {
            let sql = format!("select balance from account where id = $1 -- {after}");
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(1)
        };
        select("").fetch_one(&mut connection).await.unwrap();
        for begin in ["begin", "begin isolation level serializable"] {
            raw_sql(begin).execute(&mut connection).await.unwrap();
            select(begin).fetch_one(&mut connection).await.unwrap();
            raw_sql("commit").execute(&mut connection).await.unwrap();
        }
        let arrivals = watch.records().into_iter().map(|record| record.arrival);
        let seen: Vec<_> = arrivals.map(|it| (it.kind, it.prepares)).collect();
        use Kind::{Effect, Preparation, Private};
        let alone = [(Preparation, false), (Effect, false)];
        let begun = [
            (Private, false),
            (Effect, true),
            (Effect, false),
            (Effect, false),
        ];
        assert_eq!(seen, [&alone[..], &begun, &begun].concat());
    });
}

#[test]
fn a_server_that_goes_away_closes_the_client_with_its_own_words() {
    let stage = Stage::new(ACCOUNT);
    let mut watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                   where wait_event = 'PgSleep'";
        let sleeping =
            tokio::spawn(async move { connection.execute("select pg_sleep(50)").await.map(drop) });
        while watch.records().is_empty()
            && front
                .number("select count(*) from pg_stat_activity where wait_event = 'PgSleep'")
                .await
                == 0
        {}
        assert_eq!(front.number(end).await, 1);
        assert_eq!(sqlstate(sleeping.await.unwrap()), "57P01");
        let (_, why) = watch.closed.recv().await.unwrap();
        assert_eq!(why, Closing::ServerLeft);
        assert_eq!(watch.records().pop().unwrap().ending, Ending::Unanswered);
    });
}
