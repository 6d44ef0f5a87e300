//! The ledgers that badai brings along, and those that a contract file describes.

use crate::failure::Failure;
use simulator::Subject;
use simulator::contract::Contract;
use simulator::nearest::nearest;
use std::path::{Path, PathBuf};

/// Every built-in ledger: the reference, the solutions, the museum.
pub(crate) fn all() -> Vec<Subject> {
    let mut all = reference::subjects();
    all.push(Subject::rust::<credit_ledger::settle::CreditLedger>(
        "01-credit-ledger",
        "The solution of lab 01: rows that never change, one a fact.",
    ));
    all.extend(museum::specimens());
    all
}

/// Whether that names a contract file, not a ledger that badai brings along.
pub(crate) fn is_file(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|it| it == "toml")
        || name.contains(std::path::is_separator)
}

/// The ledger that a contract file describes; `handle` is what was typed to name it.
pub(crate) fn read(path: &Path, handle: &str) -> Result<Subject, Failure> {
    let contract = Contract::read(path);
    let contract = contract.map_err(|error| Failure::request(error.to_string()))?;
    Ok(contract.subject(handle))
}

/// Where a contract file is, once it is known to be one.
pub(crate) fn contract(path: &Path) -> Result<PathBuf, Failure> {
    let handle = path.to_string_lossy();
    if !is_file(&handle) {
        return Err(Failure::request(format!(
            "`{handle}` is no contract file: name it by its path, such as ./ledger.toml"
        )));
    }
    read(path, &handle)?;
    let whole = path.canonicalize();
    whole.map_err(|error| Failure::request(format!("cannot read {handle}: {error}")))
}

/// The ledger of that name, or of that contract file.
pub(crate) fn find(name: &str) -> Result<Subject, Failure> {
    if is_file(name) {
        return read(Path::new(name), name);
    }
    let all = all();
    let names: Vec<String> = all.iter().map(|ledger| ledger.name().to_owned()).collect();
    all.into_iter()
        .find(|ledger| ledger.name() == name)
        .ok_or_else(|| {
            let hint = nearest(name, names.iter().map(String::as_str));
            Failure::request(format!(
                "no ledger `{name}`{hint} `badai list ledgers` shows all, and a contract file is \
                 named by its path, such as ./ledger.toml"
            ))
        })
}
