//! What the end-to-end tests share: a stage for any Rust ledger, and the order of a hunt.

pub mod races;
pub mod schoolbook;

use simulator::contract::Contract;
use simulator::execute::{Stage, StageError};
use simulator::hunt::{self, Order};
use simulator::invariant::Invariant;
use simulator::report::Report;
use simulator::server::{self, Request};
use simulator::storm::Fault;
use simulator::{Ledger, Subject};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A stage for a ledger, on a server of its own.
///
/// # Errors
/// A server that fails, or a ledger that doesn't open.
pub fn stage(subject: Subject) -> Result<Stage, StageError> {
    let server = server::provision(&Request::default())?;
    // Whoever hangs here hangs for ever: there is no need to wait long.
    Stage::with_limit(Arc::new(subject), server, Duration::from_secs(2))
}

/// A hunt with every fault and every invariant.
#[must_use]
pub fn order(seed: u64, cases: u32) -> Order {
    Order {
        seed,
        cases,
        time: None,
        faults: Fault::ALL.to_vec(),
        faults_named: false,
        only: Invariant::ALL.to_vec(),
        enough: Vec::new(),
        first: Vec::new(),
        tries: hunt::TRIES,
    }
}

/// Hunts a Rust ledger for a few cases.
///
/// # Panics
/// If the machine has no PostgreSQL.
#[must_use]
pub fn attack<L: Ledger>(cases: u32) -> Report {
    let subject = Subject::rust::<L>("under-test", "a ledger of the tests");
    let mut stage = stage(subject).expect("a stage");
    hunt::hunt(&mut stage, &order(1, cases), &mut ()).expect("a report")
}

/// The invariants that a report calls broken, the most specific first.
#[must_use]
pub fn broken(report: &Report) -> Vec<Invariant> {
    report.broken().map(|entry| entry.id).collect()
}

/// The checkout.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of SQL for ledgers that keep everything in memory.
#[must_use]
pub fn nothing() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema")
}

/// The ledger of one of the contract files beside the tests.
///
/// # Panics
/// If the file has a mistake.
#[must_use]
pub fn contract(name: &str) -> Subject {
    let path = root().join("tests/contracts").join(name);
    let contract = Contract::read(&path).unwrap_or_else(|error| panic!("{error}"));
    contract.subject(name)
}

/// The ledger of a contract file that is written down in the test itself.
///
/// # Panics
/// If it has a mistake, or can't be written.
#[must_use]
pub fn written(toml: &str) -> Subject {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.toml");
    std::fs::write(&path, toml).expect("a file");
    let contract = Contract::read(&path).unwrap_or_else(|error| panic!("{error}"));
    contract.subject("written")
}
