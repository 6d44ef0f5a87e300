//! Clients of other languages: their output must be the same whoever stands between them and
//! PostgreSQL.
//!
//! `tests/clients/install.sh` installs them. Not every machine has Python and Node, so a plain
//! `cargo test` shows these tests as ignored; `.ci/run` installs the clients and asks for them.

use crate::clients::TABLE;
use crate::stage::{Stage, Watch};
use simulator::wire::{Mode, Verdict};
use std::path::PathBuf;
use std::process::Command;

/// Where the test binary's target folder is, with the installed clients in it.
fn installed() -> PathBuf {
    let binary = std::env::current_exe().unwrap();
    // target/debug/deps/wire-…
    binary.ancestors().nth(3).unwrap().join("clients")
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

/// Runs the client to its end; its standard output, or what went wrong.
fn told(mut command: Command, url: &str) -> String {
    command
        .arg(url)
        .env("NODE_PATH", installed().join("node/node_modules"));
    let output = command.output();
    let output = output.unwrap_or_else(|error| {
        panic!("{command:?}: {error}; run simulator/tests/clients/install.sh")
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every way to stand between gives what the server alone gives, and the gate saw `shown`.
fn is_the_same_through_the_wire(command: impl Fn() -> Command, shown: &str) {
    let stage = Stage::new(TABLE);
    let direct = told(command(), &stage.direct_url());
    assert!(direct.lines().count() >= 5, "{direct}");
    let delaying = || Watch::new(|_| Some(Verdict::DelayCommit));
    let (open, delayed, both) = (Watch::open(), delaying(), delaying());
    for (name, mode) in [
        ("pass-through", Mode::pass_through()),
        ("gated", open.mode()),
        ("delayed commit", delayed.mode()),
        (
            "delayed commit, answering here",
            both.mode().answering_here(),
        ),
    ] {
        stage.play(mode, async |front| {
            let (command, url) = (command(), front.url.clone());
            let through = tokio::task::spawn_blocking(move || told(command, &url)).await;
            assert_eq!(through.unwrap(), direct, "{name}");
        });
    }
    assert!(
        open.lines().contains(&shown.to_owned()),
        "{:#?}",
        open.lines()
    );
}

#[test]
#[ignore = "needs simulator/tests/clients/install.sh"]
fn psycopg_is_the_same_with_and_without_pipelines() {
    is_the_same_through_the_wire(
        || {
            let mut python = Command::new(installed().join("python/bin/python"));
            python.arg(script("psycopg_3.py"));
            python
        },
        "insert into t values ($1, $2) → INSERT 0 1",
    );
}

#[test]
#[ignore = "needs simulator/tests/clients/install.sh"]
fn node_pg_is_the_same() {
    is_the_same_through_the_wire(
        || {
            let mut node = Command::new("node");
            node.arg(script("node_pg.js"));
            node
        },
        "update t set word = $2 where id = $1 → UPDATE 1",
    );
}
