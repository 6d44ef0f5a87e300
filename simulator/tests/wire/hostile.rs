//! Clients that send garbage: each gets a clear line and a closed connection, and nothing of it
//! is left on the server.

use crate::stage::{Front, Stage, Watch};
use bytes::BytesMut;
use postgres_protocol::message::frontend;
use simulator::wire::{Closing, Malformed, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const OTHERS: &str = "select count(*) from pg_stat_activity
                      where backend_type = 'client backend' and pid <> pg_backend_pid()
                      and application_name = 'hostile'";

fn hello(front: &Front) -> BytesMut {
    let mut hello = BytesMut::new();
    let who = [
        ("user", "postgres"),
        ("database", &*front.database),
        ("application_name", "hostile"),
    ];
    frontend::startup_message(who, &mut hello).unwrap();
    hello
}

/// What is heard until the other side closes.
async fn last_words(front: &Front, bytes: &[u8]) -> String {
    let mut stream = front.raw().await;
    stream.write_all(bytes).await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    String::from_utf8_lossy(&heard).into_owned()
}

#[test]
fn garbage_after_the_start_is_refused_with_its_reason() {
    let cases: [(&[u8], &str); 4] = [
        (
            b"GET / HTTP/1.1\r\n\r\n",
            "no client message begins with the byte 0x47",
        ),
        (&[b'Q', 0x40, 0, 0, 0, b's'], "claims 1073741824 bytes"),
        (&[b'B', 0xff, 0xff, 0xff, 0xff], "claims a length of -1"),
        (
            b"Q\0\0\0\x06hi",
            "the body of message 'Q' is cut short or has no end",
        ),
    ];
    let stage = Stage::new("select 1;");
    let mut watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        for (garbage, reason) in cases {
            let words = last_words(&front, &[&hello(&front)[..], garbage].concat()).await;
            assert!(words.contains("08P01") && words.contains(reason), "{words}");
            let (_, why) = watch.closed.recv().await.unwrap();
            assert!(
                matches!(why, Closing::Malformed(Side::Client, _)),
                "{why:?}"
            );
        }
        while front.number(OTHERS).await > 0 {}
    });
}

#[test]
fn a_first_packet_that_is_none_never_reaches_the_server() {
    let stage = Stage::new("select 1;");
    let watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let mut thrice = BytesMut::new();
        for _ in 0..3 {
            frontend::ssl_request(&mut thrice);
        }
        for first in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            &[0x16, 3, 1, 2, 0, 1],
            &[0x7f; 64],
            &thrice,
        ] {
            let words = last_words(&front, first).await;
            assert!(words.contains("not a start-up packet"), "{words}");
        }
    });
}

#[test]
fn half_a_message_and_half_a_unit_leave_nothing() {
    let stage = Stage::new("create table t (id int);");
    let mut watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let mut parse = BytesMut::new();
        frontend::parse("", "insert into t values (1)", [], &mut parse).unwrap();
        for half in [&b"Q\0\0\0\x20insert"[..], &parse, b"Q"] {
            let mut stream = front.raw().await;
            stream
                .write_all(&[&hello(&front)[..], half].concat())
                .await
                .unwrap();
            drop(stream);
            let (_, why) = watch.closed.recv().await.unwrap();
            assert_eq!(why, Closing::ClientLeft);
        }
        assert!(watch.records().is_empty());
        while front.number(OTHERS).await > 0 {}
    });
}

#[test]
fn a_server_that_cannot_be_reached_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = simulator::server::Address::Socket(folder.path().join("nowhere"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let watch = Watch::open();
        let proxy = simulator::wire::Proxy::bind(folder.path(), nowhere, watch.mode())
            .await
            .unwrap();
        let url = proxy.url("x");
        tokio::spawn(proxy.serve());
        use sqlx::Connection;
        let error = sqlx::PgConnection::connect(&url).await.unwrap_err();
        assert!(error.to_string().contains("can't be reached"), "{error}");
    });
}

#[test]
fn more_connections_than_the_server_allows_are_refused_in_its_own_words() {
    let stage = Stage::new("select 1;");
    let watch = Watch::open();
    stage.play(watch.mode(), async |front| {
        let mut open = Vec::new();
        use sqlx::Connection;
        let refused = loop {
            match sqlx::PgConnection::connect(&front.url).await {
                Ok(connection) => open.push(connection),
                Err(error) => break error,
            }
            assert!(open.len() < 500);
        };
        assert_eq!(
            refused.as_database_error().unwrap().code().unwrap(),
            "53300"
        );
        drop(open);
    });
}

#[test]
fn an_error_says_what_was_wrong() {
    let refused = Malformed::Startup("its length is impossible");
    assert_eq!(
        refused.to_string(),
        "not a start-up packet: its length is impossible"
    );
}
