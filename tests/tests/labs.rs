//! Each lab as shipped breaks what its step lists, and only that; its solution holds (its own
//! test, the same as the lab's, says so in this very run).

use serde_json::Value;
use std::process::Command;
use tests::root;

#[test]
fn lab_01_1_as_shipped_breaks_exactly_what_its_step_lists() {
    let verdicts = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "test",
            "--quiet",
            "--package",
            "lab-01-credit-ledger",
            "--test",
            "step_1_prepaid_grants",
        ])
        .args(["--target-dir", "target/grade"])
        .env("BADAI_VERDICT_FOLDER", verdicts.path())
        .output()
        .unwrap();
    assert!(!output.status.success(), "the lab passes as shipped");
    let verdict = std::fs::read_to_string(verdicts.path().join("01.1.json")).unwrap();
    let verdict: Value = serde_json::from_str(&verdict).unwrap();
    let entries = verdict["report"]["invariants"].as_array().unwrap();
    let broken: Vec<_> = entries
        .iter()
        .filter(|entry| entry["verdict"] == "broken")
        .map(|entry| entry["id"].as_str().unwrap())
        .collect();
    assert_eq!(broken, ["exactly-once", "conservation"]);
}

#[test]
fn a_lab_and_its_solution_are_graded_by_the_same_test() {
    let test = |crate_name: &str, folder: &str| {
        let path = root().join(folder).join("tests/step_1_prepaid_grants.rs");
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines: Vec<String> = text
            .lines()
            .map(|it| it.replace(crate_name, "it"))
            .collect();
        // rustfmt sorts imports by the crate's name.
        lines.sort();
        lines
    };
    assert_eq!(
        test("lab_01_credit_ledger", "labs/01-credit-ledger"),
        test("solution_01_credit_ledger", "solutions/01-credit-ledger"),
    );
}
