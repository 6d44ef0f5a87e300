//! The ledgers that badai brings along.

use crate::failure::Failure;
use crate::name::nearest;
use simulator::Subject;

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

/// The ledger of that name.
pub(crate) fn find(name: &str) -> Result<Subject, Failure> {
    let all = all();
    let names: Vec<String> = all.iter().map(|ledger| ledger.name().to_owned()).collect();
    all.into_iter()
        .find(|ledger| ledger.name() == name)
        .ok_or_else(|| {
            let hint = nearest(name, names.iter().map(String::as_str));
            Failure::request(format!(
                "no ledger `{name}`{hint} `badai list ledgers` shows all"
            ))
        })
}
