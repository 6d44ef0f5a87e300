//! Builds the tests of a checkout's steps, all with one call of cargo, and runs them.

use crate::course::Step;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The built tests of some packages in one checkout.
pub(crate) struct Bench {
    /// By their names, which no two labs have in common.
    tests: BTreeMap<String, PathBuf>,
}

/// How a step's test is run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How<'a> {
    AsGraded,
    /// Over so many storms.
    Storms(u64),
    /// Only to hear whether this claim breaks: what is found is hardly made shorter.
    AsFound(&'a str),
}

/// What a sitting came to.
pub(crate) struct Sat {
    pub(crate) passed: bool,
    /// What the test printed.
    pub(crate) said: String,
    verdict: Value,
    found: Vec<Value>,
}

impl Bench {
    /// Builds all steps of those packages.
    pub(crate) fn of(checkout: &Path, packages: &[String]) -> Self {
        let tests = build(checkout, packages).into_iter().collect();
        Self { tests }
    }

    /// Runs a step's test.
    pub(crate) fn sit(&self, step: &Step, how: How<'_>) -> Sat {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(&self.tests[&step.test]);
        command
            // What is found is kept here, and nothing that was found before is played.
            .env("CARGO_MANIFEST_DIR", folder.path())
            .env("BADAI_VERDICT_FOLDER", folder.path())
            .env("RUST_BACKTRACE", "0")
            .env_remove("BADAI_SEED")
            .env_remove("BADAI_CASES")
            .env_remove("BADAI_TRIES")
            .env_remove("BADAI_ONLY");
        match how {
            How::AsGraded => {}
            How::Storms(storms) => {
                command.env("BADAI_CASES", storms.to_string());
            }
            How::AsFound(claim) => {
                command.env("BADAI_TRIES", "10").env("BADAI_ONLY", claim);
            }
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let verdict = folder.path().join(format!("{}.json", step.id));
        let verdict = std::fs::read_to_string(verdict)
            .unwrap_or_else(|_| panic!("{} gave no verdict:\n{said}", step.id));
        let found = crate::course::files(&folder.path().join(".badai"));
        let read = |path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Sat {
            passed: output.status.success(),
            said,
            verdict: serde_json::from_str(&verdict).unwrap(),
            found: found.into_iter().map(read).collect(),
        }
    }
}

/// Each test's name and where cargo put it: as `badai grade` builds it.
fn build(checkout: &Path, packages: &[String]) -> Vec<(String, PathBuf)> {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(checkout)
        .args(["test", "--quiet", "--no-run", "--message-format=json"])
        .args(["--profile", "badai", "--test", "step_*"]);
    for package in packages {
        command.args(["--package", package]);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{packages:?} don't build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = String::from_utf8_lossy(&output.stdout);
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let test = |it: Value| {
        let executable = PathBuf::from(it["executable"].as_str()?);
        Some((it["target"]["name"].as_str()?.to_owned(), executable))
    };
    messages.filter_map(test).collect()
}

impl Sat {
    /// A list of the verdict's, such as `holds`.
    pub(crate) fn listed(&self, what: &str) -> Vec<String> {
        texts(self.verdict[what].as_array().unwrap().iter())
    }

    /// The claims with that word, in the verdict's order.
    pub(crate) fn with(&self, word: &str) -> Vec<String> {
        let entries = self.verdict["report"]["invariants"].as_array();
        let entries = entries.into_iter().flatten();
        texts(
            entries
                .filter(|it| it["verdict"] == word)
                .map(|it| &it["id"]),
        )
    }

    pub(crate) fn broken(&self) -> Vec<String> {
        self.with("broken")
    }

    pub(crate) fn schedules(&self) -> u64 {
        let report = &self.verdict["report"];
        let cases = report["cases"].as_u64().unwrap();
        cases.max(report["schedules"].as_u64().unwrap())
    }

    pub(crate) fn faults_of_counterexamples(&self) -> Vec<String> {
        let faults = self.found.iter().flat_map(|it| {
            let faults = it["schedule"]["faults"].as_array();
            faults.into_iter().flatten()
        });
        texts(faults)
    }
}

fn texts<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    values
        .map(|value| value.as_str().unwrap().to_owned())
        .collect()
}
