//! Rust clients and psql through the gate, each with its own habits.

use crate::stage::{Front, Stage, Watch};
use simulator::wire::{Kind, Mode, Verdict};
use sqlx::{Connection, Executor, Row};
use std::process::Command;
use std::time::Duration;
use tokio_postgres::{AsyncMessage, Client, NoTls};

pub(crate) const TABLE: &str = "create table t (id int primary key, word text);
                     create type mood as enum ('calm', 'storm');
                     create function said() returns int language plpgsql as
                     $$ begin raise notice 'a gust'; return 1; end $$;";

#[test]
fn sqlx_shows_the_sql_of_a_statement_that_it_cached() {
    let stage = Stage::new(TABLE);
    let watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        for id in 1..=2 {
            let insert = sqlx::query("insert into t values ($1, $2)")
                .bind(id)
                .bind("a");
            insert.execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    });
    let effects = watch
        .records()
        .into_iter()
        .filter(|record| record.arrival.kind == Kind::Effect);
    let shown: Vec<_> = effects.map(|record| record.arrival.sql).collect();
    assert_eq!(shown, ["insert into t values ($1, $2)"; 2].map(Into::into));
}

#[test]
fn what_sqlx_asks_about_types_is_no_choice() {
    #[derive(Debug, PartialEq)]
    struct Mood(String);
    impl sqlx::Type<sqlx::Postgres> for Mood {
        fn type_info() -> sqlx::postgres::PgTypeInfo {
            sqlx::postgres::PgTypeInfo::with_name("mood")
        }
    }
    impl sqlx::Encode<'_, sqlx::Postgres> for Mood {
        fn encode_by_ref(
            &self,
            to: &mut sqlx::postgres::PgArgumentBuffer,
        ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
            <&str as sqlx::Encode<sqlx::Postgres>>::encode_by_ref(&self.0.as_str(), to)
        }
    }
    let stage = Stage::new(TABLE);
    let watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let mut connection = front.sqlx().await;
        let select = sqlx::query("select $1::mood::text").bind(Mood("storm".into()));
        let row = select.fetch_one(&mut connection).await.unwrap();
        assert_eq!(row.get::<String, _>(0), "storm");
    });
    let records = watch.records();
    assert!(
        records
            .iter()
            .any(|record| record.arrival.sql.contains("pg_type"))
    );
    let choices = records
        .iter()
        .filter(|record| record.arrival.kind.is_choice());
    assert_eq!(choices.count(), 1);
}

async fn tokio_postgres(
    front: &Front,
) -> (Client, tokio::sync::mpsc::UnboundedReceiver<AsyncMessage>) {
    let mut config = tokio_postgres::Config::new();
    config.user("postgres").dbname(&front.database);
    // TCP, so that both kinds of socket are driven.
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", front.port))
        .await
        .unwrap();
    let (client, mut connection) = config.connect_raw(stream, NoTls).await.unwrap();
    let (told, telling) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            let _ = told.send(message);
        }
    });
    (client, telling)
}

#[test]
fn tokio_postgres_pipelines_and_each_unit_is_held_alone() {
    let stage = Stage::new(TABLE);
    let watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let (client, _) = tokio_postgres(&front).await;
        let insert = client
            .prepare("insert into t values ($1, $2)")
            .await
            .unwrap();
        let (one, two, three) = (
            client.execute(&insert, &[&1, &"a"]),
            client.execute(&insert, &[&1, &"b"]),
            client.execute(&insert, &[&2, &"c"]),
        );
        let answers = futures_join(one, two, three).await;
        assert_eq!(answers.0.unwrap(), 1);
        assert_eq!(answers.1.unwrap_err().code().unwrap().code(), "23505");
        assert_eq!(answers.2.unwrap(), 1);
        drop(insert);
    });
    let sql = "insert into t values ($1, $2)";
    let wanted = ["INSERT 0 1", "23505", "INSERT 0 1"].map(|end| format!("{sql} → {end}"));
    assert_eq!(watch.lines()[1..4], wanted);
}

/// Starts all three before it waits for any.
async fn futures_join<A: Future, B: Future, C: Future>(
    a: A,
    b: B,
    c: C,
) -> (A::Output, B::Output, C::Output) {
    let (mut a, mut b, mut c) = (Box::pin(a), Box::pin(b), Box::pin(c));
    let (mut x, mut y, mut z) = (None, None, None);
    std::future::poll_fn(move |cx| {
        fn poll<F: Future>(
            future: &mut std::pin::Pin<Box<F>>,
            out: &mut Option<F::Output>,
            cx: &mut std::task::Context<'_>,
        ) {
            if out.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(cx)
            {
                *out = Some(output);
            }
        }
        poll(&mut a, &mut x, cx);
        poll(&mut b, &mut y, cx);
        poll(&mut c, &mut z, cx);
        if x.is_some() && y.is_some() && z.is_some() {
            return std::task::Poll::Ready((
                x.take().unwrap(),
                y.take().unwrap(),
                z.take().unwrap(),
            ));
        }
        std::task::Poll::Pending
    })
    .await
}

#[test]
fn copy_goes_both_ways_and_fails_cleanly() {
    use bytes::Bytes;
    let stage = Stage::new(TABLE);
    let watch = Watch::new(|_| Some(Verdict::DelayCommit));
    stage.play(watch.mode(), async |front| {
        let (client, _) = tokio_postgres(&front).await;
        let large = "x".repeat(5 << 20);
        for (rows, result) in [
            (format!("1\ta\n2\t{large}\n"), Ok(2)),
            ("3\ta\n3\tb\n".to_owned(), Err("23505")),
        ] {
            let mut sink = Box::pin(
                client
                    .copy_in::<_, Bytes>("copy t from stdin")
                    .await
                    .unwrap(),
            );
            send(sink.as_mut(), Bytes::from(rows)).await;
            let done = sink.as_mut().finish().await;
            assert_eq!(
                done.map_err(|error| error.code().unwrap().code().to_owned()),
                result.map_err(String::from)
            );
        }
        let mut stream = Box::pin(client.copy_out("copy t to stdout").await.unwrap());
        let mut copied = 0;
        while let Some(chunk) = next(stream.as_mut()).await {
            copied += chunk.unwrap().len();
        }
        assert_eq!(copied, large.len() + "1\ta\n2\t\n".len());
        assert_eq!(
            client
                .query_one("select count(*) from t", &[])
                .await
                .unwrap()
                .get::<_, i64>(0),
            2
        );
    });
}

async fn send(
    mut sink: std::pin::Pin<&mut tokio_postgres::CopyInSink<bytes::Bytes>>,
    rows: bytes::Bytes,
) {
    use futures_sink::Sink;
    std::future::poll_fn(|cx| sink.as_mut().poll_ready(cx))
        .await
        .unwrap();
    sink.as_mut().start_send(rows).unwrap();
    std::future::poll_fn(|cx| sink.as_mut().poll_flush(cx))
        .await
        .unwrap();
}

async fn next<S: futures_core::Stream>(mut stream: std::pin::Pin<&mut S>) -> Option<S::Item> {
    std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}

#[test]
fn a_large_row_passes_and_so_do_notices_notifications_and_parameters() {
    let stage = Stage::new(TABLE);
    let watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let (client, mut told) = tokio_postgres(&front).await;
        let row = client.query_one("select repeat('x', 100000000)", &[]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0).len(), 100_000_000);

        client.query_one("select said()", &[]).await.unwrap();
        assert!(matches!(told.recv().await, Some(AsyncMessage::Notice(notice)) if notice.message() == "a gust"));
        client.batch_execute("listen gusts; set application_name = 'sail'").await.unwrap();
        // Comes while the session is idle.
        front.number("select count(pg_notify('gusts', 'north'))").await;
        assert!(matches!(told.recv().await, Some(AsyncMessage::Notification(it)) if it.payload() == "north"));
    });
}

#[test]
fn a_client_that_reads_late_gets_all_and_holds_nothing_up() {
    use bytes::BytesMut;
    use postgres_protocol::message::frontend;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    const LARGE: usize = 20 << 20;
    let stage = Stage::new(TABLE);
    let watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let mut late = front.raw().await;
        let mut asked = BytesMut::new();
        let who = [("user", "postgres"), ("database", &*front.database)];
        frontend::startup_message(who, &mut asked).unwrap();
        frontend::query(&format!("select repeat('x', {LARGE})"), &mut asked).unwrap();
        late.write_all(&asked).await.unwrap();
        // The server has long been waiting for somebody to read when this is answered.
        let waits = "select count(*) from pg_stat_activity where wait_event = 'ClientWrite'";
        while front.number(waits).await == 0 {}
        let mut got = 0;
        let mut chunk = vec![0; 1 << 20];
        while got < LARGE {
            got += late.read(&mut chunk).await.unwrap();
        }
    });
}

#[test]
fn a_cancel_request_reaches_the_statement_that_it_means() {
    let stage = Stage::new(TABLE);
    let watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let (client, _) = tokio_postgres(&front).await;
        let cancel = client.cancel_token();
        let sleeping =
            tokio::spawn(async move { client.batch_execute("select pg_sleep(50)").await });
        let sleeps = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        while front.number(sleeps).await == 0 {}
        let stream = front.raw().await;
        cancel.cancel_query_raw(stream, NoTls).await.unwrap();
        let error = sleeping.await.unwrap().unwrap_err();
        assert_eq!(error.code().unwrap().code(), "57014");
    });
}

#[test]
fn psql_speaks_through_the_gate_and_without_it() {
    let stage = Stage::new(TABLE);
    let watch = Watch::open();
    let script = "
        begin; insert into t values (1, 'a'), (2, 'b'); commit;
        insert into t values (1, 'again');
        \\copy t from program 'printf \"3\\tc\\n\"'
        select string_agg(word, '+' order by id) from t;";
    for (mode, host_is_a_folder) in [(watch.mode(), true), (Mode::pass_through(), false)] {
        stage.play(mode, async |front| {
            // TCP asks for encryption first, and is refused.
            let host = match host_is_a_folder {
                true => front.folder.display().to_string(),
                false => "127.0.0.1".to_owned(),
            };
            let port = if host_is_a_folder { 5432 } else { front.port };
            let mut psql = Command::new("psql");
            psql.args([
                "-XAtq",
                "-U",
                "postgres",
                "-h",
                &host,
                "-p",
                &port.to_string(),
            ]);
            psql.args(["-d", &front.database, "-c", "truncate t"]);
            for line in script
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
            {
                psql.args(["-c", line]);
            }
            let output = tokio::task::spawn_blocking(move || psql.output().unwrap())
                .await
                .unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                "a+b+c\n",
                "{errors}"
            );
            assert!(errors.contains("duplicate key"), "{errors}");
        });
    }
    let lines = watch.lines();
    assert!(
        lines.contains(
            &"begin; insert into t values (1, 'a'), (2, 'b'); commit; → BEGIN, INSERT 0 2, COMMIT"
                .into()
        ),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("COPY") && line.ends_with("COPY 1")),
        "{lines:?}"
    );
}

#[test]
fn pass_through_tells_the_server_when_the_client_leaves() {
    let stage = Stage::new(TABLE);
    stage.play(Mode::pass_through(), async |front| {
        let mut connection = front.sqlx().await;
        connection.execute("begin; lock table t").await.unwrap();
        drop(connection);
        tokio::time::sleep(Duration::ZERO).await;
        // Waits until the lock of the client that left is gone.
        front
            .number("with w as (insert into t values (9, 'w') returning 1) select count(*) from w")
            .await;
    });
}
