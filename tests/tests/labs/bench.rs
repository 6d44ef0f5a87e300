//! Builds one step's test and runs it. Two checkouts share one target folder, so that nothing is
//! built twice, and would share the names of their binaries: each is copied before it runs.

use crate::course::Step;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tests::root;

/// Held from the start of a build to the copy of its binary.
static BUILDING: Mutex<()> = Mutex::new(());

pub(crate) fn building() -> MutexGuard<'static, ()> {
    BUILDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One step of one crate in one checkout.
pub(crate) struct Bench {
    checkout: PathBuf,
    package: String,
    step: Step,
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
    pub(crate) fn of(checkout: &Path, package: &str, step: &Step) -> Self {
        Self {
            checkout: checkout.to_owned(),
            package: package.to_owned(),
            step: step.clone(),
        }
    }

    /// Builds and runs, over so many storms if it is said.
    pub(crate) fn sit(&self, storms: Option<u64>) -> Sat {
        let folder = tempfile::tempdir().unwrap();
        let test = folder.path().join("test");
        {
            let _alone = building();
            std::fs::copy(self.build(), &test).unwrap();
        }
        let mut command = Command::new(&test);
        command
            // What is found is kept here, and nothing that was found before is played.
            .env("CARGO_MANIFEST_DIR", folder.path())
            .env("BADAI_VERDICT_FOLDER", folder.path())
            .env("RUST_BACKTRACE", "0")
            .env_remove("BADAI_SEED")
            .env_remove("BADAI_CASES");
        if let Some(storms) = storms {
            command.env("BADAI_CASES", storms.to_string());
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let verdict = folder.path().join(format!("{}.json", self.step.id));
        let verdict = std::fs::read_to_string(verdict)
            .unwrap_or_else(|_| panic!("{} gave no verdict:\n{said}", self.step.id));
        let found = crate::course::files(&folder.path().join(".badai"));
        let read = |path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Sat {
            passed: output.status.success(),
            said,
            verdict: serde_json::from_str(&verdict).unwrap(),
            found: found.into_iter().map(read).collect(),
        }
    }

    fn build(&self) -> PathBuf {
        let output = Command::new(env!("CARGO"))
            .current_dir(&self.checkout)
            .args(["test", "--quiet", "--no-run", "--message-format=json"])
            .args(["--package", &self.package, "--test", &self.step.test])
            .arg("--target-dir")
            .arg(root().join("target/grade"))
            .output()
            .unwrap();
        let messages = String::from_utf8_lossy(&output.stdout);
        let messages = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut artifacts = messages.filter(|it| it["target"]["name"] == *self.step.test);
        let binary = artifacts.find_map(|it| it["executable"].as_str().map(PathBuf::from));
        binary.unwrap_or_else(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            panic!("{} doesn't build:\n{said}", self.package)
        })
    }
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
