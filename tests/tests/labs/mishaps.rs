//! What happens to unfinished code: each mishap is told in its own words, with what to type, and
//! nothing that somebody wrote is lost.

use crate::classroom::Classroom;
use crate::course::{Lab, labs};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tests::root;

/// A learner at lab 01, step 2.
struct Learner {
    classroom: Classroom,
    lab: Lab,
}

impl Learner {
    fn arrives(classroom: Classroom) -> Self {
        let _ = fs::remove_dir_all(classroom.root().join(".badai"));
        let lab = labs().remove(0);
        Self { classroom, lab }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.classroom.lab(&self.lab).join(name)
    }

    fn edits(&self, name: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.file(name)).unwrap();
        assert!(text.contains(old), "{name} has no `{old}`");
        fs::write(self.file(name), text.replacen(old, new, 1)).unwrap();
    }

    fn starts_over(&self) {
        self.classroom.put(&self.lab, &self.lab.solution());
    }

    fn badai(&self, arguments: &str) -> Command {
        let mut command = badai(self.classroom.root(), arguments);
        command.env("BADAI_CASES", "10");
        command
    }

    /// What is printed, both streams, and the exit code.
    fn types(&self, arguments: &str) -> (String, i32) {
        let output = self.badai(arguments).output().unwrap();
        let mut said = String::from_utf8(output.stdout).unwrap();
        said.push_str(&String::from_utf8(output.stderr).unwrap());
        (said, output.status.code().unwrap())
    }

    fn hears(&self, arguments: &str, wanted: &[&str]) -> String {
        let (said, code) = self.types(arguments);
        for words in wanted {
            assert!(said.contains(words), "no `{words}` in:\n{said}");
        }
        assert_ne!(code, 101, "badai itself panicked:\n{said}");
        said
    }
}

/// What a learner types, in a checkout of their own.
pub(crate) fn badai(checkout: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(checkout)
        .args(["run", "--quiet", "--package", "badai", "--profile", "badai"])
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"))
        .arg("--")
        .args(arguments.split(' '));
    command
}

const CODE: &str = "src/reserve.rs";
const SQL: &str = "migrations/002_reserve.sql";
const FIRST: &str = "        // Say first what it is for.";

#[test]
fn each_mishap_is_told_in_its_own_words_and_nothing_is_lost() {
    let learner = Learner::arrives(Classroom::solved("mishaps"));

    learner.edits(CODE, FIRST, "        let pool = 5\n        // Say first");
    let said = learner.hears("grade 01.2", &["error: expected `;`", "src/reserve.rs:"]);
    assert!(!said.contains("could not compile"), "{said}");
    learner.starts_over();

    learner.edits(SQL, "create table holds", "create tabel holds");
    learner.hears("grade 01.2", &[SQL, "syntax error at or near \"tabel\""]);
    learner.starts_over();

    learner.edits(
        CODE,
        FIRST,
        "        assert!(amount.get() < 1, \"a slip\");\n        // Say first",
    );
    learner.hears("grade 01.2", &["the ledger panicked: a slip"]);
    learner.starts_over();

    learner.edits(
        CODE,
        FIRST,
        "        std::future::pending::<()>().await;\n        // Say first",
    );
    learner.hears(
        "grade 01.2",
        &["did not end within 10 s", "progress is broken"],
    );
    learner.starts_over();

    learner.edits(CODE, "        // --- your turn: end 01.2\n", "");
    learner.hears(
        "grade 01.2",
        &[
            "`your turn: begin 01.2` has no end",
            "cargo badai reset 01.2",
        ],
    );

    fs::remove_file(learner.file(SQL)).unwrap();
    learner.hears(
        "grade 01.2",
        &["002_reserve.sql isn't there", "cargo badai reset 01.2"],
    );
    let mine = fs::read_to_string(learner.file(CODE)).unwrap();
    learner.hears("reset 01.2", &["put back", ".badai/kept/01.2-1"]);
    let kept = learner.file(".badai/kept/01.2-1").join(CODE);
    assert_eq!(fs::read_to_string(kept).unwrap(), mine);
    for file in [CODE, SQL] {
        let shipped = fs::read_to_string(learner.lab.path().join(file)).unwrap();
        assert_eq!(fs::read_to_string(learner.file(file)).unwrap(), shipped);
    }

    let marks = learner.classroom.root().join(".badai/progress.json");
    let foreign = "{\"schema\":\"badai.progress/9\",\"stars\":3}";
    fs::write(&marks, foreign).unwrap();
    learner.hears(
        "hint 01.2",
        &["What must be true", "`badai.progress/9`", "kept as it is"],
    );
    assert_eq!(fs::read_to_string(&marks).unwrap(), foreign);
    fs::remove_file(&marks).unwrap();

    learner.hears("solution 01.2", &["didn't hold yet", "--give-up"]);
    learner.hears("solution 01.2 --give-up", &["on conflict (job) do nothing"]);

    let away = learner.classroom.root().join("labs/mine");
    fs::rename(learner.classroom.lab(&learner.lab), away).unwrap();
    learner.hears("grade 01.2", &["mv labs/mine labs/01-credit-ledger"]);
}

#[test]
fn a_watch_grades_again_what_was_saved_and_outlives_what_does_not_apply() {
    let learner = Learner::arrives(Classroom::solved("watched"));
    let mut watch = learner
        .badai("grade 01.2 --watch")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap());
    let _stop = Stop(watch);

    assert!(until_watching(&mut lines).contains("full marks"));
    learner.edits(SQL, "create table holds", "create tabel holds");
    assert!(until_watching(&mut lines).contains("syntax error"));
    learner.edits(SQL, "create tabel holds", "create table holds");
    assert!(until_watching(&mut lines).contains("full marks"));
}

/// Stopped, whatever the test comes to.
struct Stop(Child);

impl Drop for Stop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn until_watching(lines: &mut BufReader<impl Read>) -> String {
    let mut said = String::new();
    while !said.contains("watching; Ctrl-C ends\n") {
        let read = lines.read_line(&mut said).unwrap();
        assert_ne!(read, 0, "the watch ended:\n{said}");
    }
    said
}
