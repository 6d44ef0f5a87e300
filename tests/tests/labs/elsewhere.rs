//! A lab done in another language: its step grades what a contract file describes.

use crate::classroom::Classroom;
use crate::mishaps::badai;
use std::fs;
use std::path::Path;
use tests::root;

#[test]
fn a_step_grades_the_ledger_of_a_contract_file_in_the_place_of_its_own() {
    // As shipped, so that whatever holds isn't the lab's.
    let classroom = Classroom::shipped("elsewhere");
    let types = |step: &str, ledger: &Path| {
        let ledger = ledger.display();
        let mut command = badai(classroom.root(), &format!("grade {step} --ledger {ledger}"));
        let output = command.env("BADAI_CASES", "10").output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (String::from_utf8(said).unwrap(), output.status.code())
    };
    let hears = |(said, code): (String, Option<i32>), wanted: i32, words: &[&str]| {
        assert_eq!(code, Some(wanted), "{said}");
        for words in words {
            assert!(said.contains(words), "no `{words}` in:\n{said}");
        }
    };

    let reference = root().join("solutions/reference/contract.toml");
    hears(
        types("01.1", &reference),
        0,
        &["verdict: held", "full marks"],
    );

    // One that shows no rows, though the step is about them.
    let blind = root().join("tests/contracts/right.toml");
    let unseen = "not passed: the ledger shows nothing of conservation";
    hears(types("01.1", &blind), 4, &["verdict: held", unseen]);

    // The same, but whoever is told twice is paid twice.
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(&blind).unwrap();
    let grant = text
        .lines()
        .find(|line| line.starts_with("grant "))
        .unwrap();
    let twice = "grant = { query = \"update accounts set credits = credits + $amount where id = $account and $fact <> ''\" }";
    let wrong = folder.path().join("wrong.toml");
    fs::write(&wrong, text.replace(grant, twice)).unwrap();
    fs::copy(
        blind.with_file_name("right.sql"),
        folder.path().join("right.sql"),
    )
    .unwrap();
    let again = format!(
        "replay:  cargo badai grade 01.1 --ledger {}",
        wrong.canonicalize().unwrap().display()
    );
    hears(
        types("01.1", &wrong),
        1,
        &["exactly-once is broken", &again],
    );

    let function = "it is about a function of its lab's, and a contract file has none";
    hears(types("04.1", &reference), 4, &[function]);
    hears(
        types("01.1", Path::new("naive")),
        2,
        &["`naive` is no contract file"],
    );
    hears(types("01.1", Path::new("./none.toml")), 2, &["none.toml"]);
}
