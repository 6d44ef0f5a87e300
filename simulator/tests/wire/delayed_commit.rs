//! A single statement whose commit is a step of its own.

use crate::stage::{Stage, Watch};
use simulator::wire::{Kind, SqlError, Verdict};
use sqlx::{Executor, Row, raw_sql};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ACCOUNT: &str = "
    create table account (id int primary key, balance bigint not null);
    insert into account values (1, 100);
    create table child (id int references account deferrable initially deferred);
    create function take(amount bigint) returns bigint language plpgsql as $$
    declare seen bigint;
    begin
        select balance into seen from account where id = 1;
        if seen < amount then return -1; end if;
        update account set balance = seen - amount where id = 1;
        return seen - amount;
    end $$;";
const BALANCE: &str = "select balance from account where id = 1";

/// Delays whatever can be, and holds the commits.
fn holding_commits() -> Watch {
    Watch::new(|arrival| (arrival.kind == Kind::Effect).then_some(Verdict::DelayCommit))
}

#[test]
fn an_effect_is_there_and_not_yet_committed() {
    let stage = Stage::new(ACCOUNT);
    let mut watch = holding_commits();
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        let call = tokio::spawn(async move {
            let left = sqlx::query("select take($1)")
                .bind(30_i64)
                .fetch_one(&mut connection)
                .await;
            let left = left.unwrap().get::<i64, _>(0);
            // The session is outside of any block: this has a transaction of its own again.
            let in_block = "select pg_current_xact_id_if_assigned() is null";
            (
                left,
                connection
                    .fetch_one(in_block)
                    .await
                    .unwrap()
                    .get::<bool, _>(0),
            )
        });
        let (commit, release) = watch.next_held().await;
        assert_eq!((commit.kind, commit.sql.as_ref()), (Kind::Commit, "COMMIT"));
        assert_eq!(
            front.number(BALANCE).await,
            100,
            "another session sees the old row"
        );
        assert!(!call.is_finished(), "the client knows nothing yet");
        release.give(Verdict::Forward);
        let (_, release) = watch.next_held().await;
        assert_eq!(front.number(BALANCE).await, 70);
        release.give(Verdict::Forward);
        assert_eq!(call.await.unwrap(), (70, true));
    });
}

#[test]
fn two_calls_of_a_function_with_an_unlocked_read_lose_an_update() {
    // 1: take(30) reads 100, writes 70, waits           commits
    // 2:                                take(50): reads 100, waits for 1's row, writes 50, commits
    let stage = Stage::new(ACCOUNT);
    let mut watch = holding_commits();
    stage.play(watch.mode(), async |front| {
        let mut calls = Vec::new();
        for amount in [30_i64, 50] {
            let mut connection = front.sqlx().await;
            calls.push(tokio::spawn(async move {
                let call = sqlx::query("select take($1)").bind(amount);
                call.fetch_one(&mut connection)
                    .await
                    .unwrap()
                    .get::<i64, _>(0)
            }));
            if amount == 30 {
                continue;
            }
        }
        let (_, first) = watch.next_held().await;
        let blocked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
        while front.number(blocked).await == 0 {}
        first.give(Verdict::Forward);
        let (_, second) = watch.next_held().await;
        second.give(Verdict::Forward);
        let mut told = Vec::new();
        for call in calls {
            told.push(call.await.unwrap());
        }
        told.sort_unstable();
        assert_eq!(told, [50, 70], "each saw 100");
    });
}

#[test]
fn an_error_of_the_commit_replaces_the_answer() {
    let stage = Stage::new(ACCOUNT);
    let watch = Watch::new(|_| Some(Verdict::DelayCommit));
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        let orphan = sqlx::query("insert into child values ($1) returning id").bind(9);
        let error = orphan.fetch_all(&mut connection).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "23503");
        let error = raw_sql("insert into child values (8)")
            .execute(&mut connection)
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "23503");
        // And an error of the statement itself passes, with its transaction rolled back.
        let error = raw_sql("insert into child values (1 / 0)")
            .execute(&mut connection)
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "22012");
        sqlx::query("insert into child values ($1)")
            .bind(1)
            .execute(&mut connection)
            .await
            .unwrap();
        assert_eq!(front.number("select count(*) from child").await, 1);
    });
}

#[test]
fn a_fault_at_the_commit_rolls_the_effect_back() {
    let stage = Stage::new(ACCOUNT);
    let watch = Watch::new(|arrival| {
        Some(match arrival.kind {
            Kind::Commit => Verdict::AnswerError(SqlError::serialization_failure()),
            _ => Verdict::DelayCommit,
        })
    });
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        for _ in 0..2 {
            let call = sqlx::query("select take($1)").bind(30_i64);
            let error = call.fetch_all(&mut connection).await.unwrap_err();
            assert_eq!(error.as_database_error().unwrap().code().unwrap(), "40001");
        }
        assert_eq!(front.number(BALANCE).await, 100);
    });
}

/// Reads what comes until the connection is ready, as tags.
async fn tags(stream: &mut tokio::net::UnixStream) -> String {
    let mut tags = String::new();
    while !tags.ends_with('Z') {
        let tag = stream.read_u8().await.unwrap();
        let length = stream.read_u32().await.unwrap();
        let mut body = vec![0; length as usize - 4];
        stream.read_exact(&mut body).await.unwrap();
        tags.push(char::from(tag));
        if tag == b'Z' {
            assert_eq!(body, *b"I");
        }
    }
    tags
}

#[test]
fn the_messages_are_those_of_a_plain_autocommit() {
    use bytes::BytesMut;
    use postgres_protocol::{IsNull, message::frontend};
    let nothing = |(), _: &mut BytesMut| Ok(IsNull::Yes);
    let mut units = Vec::new();
    let mut unit = |build: &dyn Fn(&mut BytesMut)| {
        let mut bytes = BytesMut::new();
        build(&mut bytes);
        units.push(bytes);
    };
    let bind_execute = |to: &mut BytesMut| {
        frontend::bind("", "", [], [], nothing, [], to)
            .map_err(|_| ())
            .unwrap();
        frontend::execute("", 0, to).unwrap();
        frontend::sync(to);
    };
    // The unnamed statement is prepared in one unit and must still be there in the next two.
    unit(&|to| {
        frontend::parse("", "insert into child values (1) returning id", [], to).unwrap();
        frontend::describe(b'S', "", to).unwrap();
        frontend::sync(to);
    });
    unit(&bind_execute);
    unit(&bind_execute);
    unit(&|to| frontend::query("insert into child values (5) returning id", to).unwrap());
    unit(&|to| {
        frontend::parse("", "insert into child values (6)", [], to).unwrap();
        bind_execute(to);
    });
    unit(&|to| {
        frontend::query(
            "select repeat('x', 100), g from generate_series(1, 300) g",
            to,
        )
        .unwrap();
    });

    let mut heard = Vec::new();
    for verdict in [Verdict::Forward, Verdict::DelayCommit] {
        let stage = Stage::new(ACCOUNT);
        let watch = Watch::new(move |_| Some(verdict.clone()));
        let mut here = Vec::new();
        stage.play(watch.mode(), async |front| {
            let mut stream = front.raw().await;
            let mut hello = BytesMut::new();
            let who = [("user", "postgres"), ("database", &*front.database)];
            frontend::startup_message(who, &mut hello).unwrap();
            stream.write_all(&hello).await.unwrap();
            tags(&mut stream).await;
            for unit in &units {
                stream.write_all(unit).await.unwrap();
                here.push(tags(&mut stream).await);
            }
            assert_eq!(front.number("select count(*) from child").await, 2);
        });
        heard.push(here);
    }
    assert_eq!(
        heard[0][3], "TDEZ",
        "a simple query's commit fails before its completion"
    );
    assert_eq!(heard[0], heard[1]);
}
