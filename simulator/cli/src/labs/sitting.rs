//! One step's sitting: cargo builds its test, the test grades the ledger, and both may go wrong
//! in all the ways in which unfinished code does.

use super::course::Placed;
use super::region;
use crate::failure::{Failure, INCONCLUSIVE, MACHINE};
use indicatif::ProgressBar;
use serde_json::Value;
use simulator::clock::Stopwatch;
use simulator::lab::{LEDGER, VERDICT_FOLDER};
use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A test that runs longer than this is stopped. A single call that doesn't end is given up much
/// earlier, and is a verdict; this is for code that leaves not even the test its turn.
const LIMIT: Duration = Duration::from_secs(180);

/// An invariant broke, or there is no verdict and the code is why.
const BROKEN: u8 = 1;

/// What a step came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) placed: Placed,
    pub(crate) passed: bool,
    /// What to show, styled.
    pub(crate) said: String,
    /// The test's own document, if it got that far.
    pub(crate) verdict: Option<Value>,
    /// DESIGN's exit codes: 0 held, 1 broken, 3 the machine, 4 inconclusive.
    pub(crate) code: u8,
    /// Cargo's time, and the test's own.
    pub(crate) built: Duration,
    pub(crate) ran: Duration,
}

/// Grades steps in one checkout.
#[derive(Debug)]
pub(crate) struct Sitting {
    root: PathBuf,
    /// The contract file whose ledger is graded in the place of the labs'.
    ledger: Option<PathBuf>,
    verdicts: tempfile::TempDir,
}

impl Sitting {
    pub(crate) fn new(root: &Path, ledger: Option<PathBuf>) -> Result<Self, Failure> {
        let verdicts = tempfile::tempdir()
            .map_err(|error| Failure::machine(format!("cannot make a folder: {error}")))?;
        Ok(Self {
            root: root.to_owned(),
            ledger,
            verdicts,
        })
    }

    /// Builds and runs one step's test.
    ///
    /// # Errors
    /// No cargo, no temporary file: never the learner's doing.
    pub(crate) fn grade(&self, placed: Placed) -> Result<Outcome, Failure> {
        let (_, step) = placed;
        let mut outcome = Outcome {
            placed,
            passed: false,
            said: String::new(),
            verdict: None,
            code: BROKEN,
            built: Duration::ZERO,
            ran: Duration::ZERO,
        };
        if let Some(lacks) = super::course::lacks(&self.root, placed) {
            outcome.said = format!("step {}: {lacks}\n", step.id);
            return Ok(outcome);
        }
        // The first build of a lab takes its while; after that it is seconds.
        let waiting = ProgressBar::new_spinner();
        waiting.enable_steady_tick(Duration::from_millis(100));
        waiting.set_message(format!("building step {}", step.id));
        let watch = Stopwatch::start();
        let built = self.build(placed)?;
        outcome.built = watch.elapsed();
        match built {
            Ok(test) => {
                waiting.set_message(format!("grading step {}", step.id));
                let watch = Stopwatch::start();
                self.run(&test, &mut outcome)?;
                outcome.ran = watch.elapsed();
            }
            // The compiler's own words, and nothing else.
            Err(said) => outcome.said = said,
        }
        waiting.finish_and_clear();
        outcome.said.push_str(&self.remarks(placed));
        let here = format!("{}/", self.root.display());
        outcome.said = outcome.said.replace(&here, "");
        Ok(outcome)
    }

    /// What a half-edited file lacks beside its regions: rarely meant, and hard to see.
    fn remarks(&self, (lab, step): Placed) -> String {
        let mut text = String::new();
        for file in step.files() {
            let read = |folder: PathBuf| std::fs::read_to_string(folder.join(&file));
            let (Ok(mine), Ok(shipped)) =
                (read(lab.path(&self.root)), read(lab.shipped(&self.root)))
            else {
                continue;
            };
            if let Some(said) = region::outside(&mine, &shipped, step.id) {
                let (lab, file, id) = (lab.folder, file.display(), step.id);
                text.push_str(&format!(
                    "note: labs/{lab}/{file}: {said}; to have all of it back, and yours kept: \
                     cargo badai reset {id}\n"
                ));
            }
        }
        text
    }

    /// The test's binary, or what the compiler says.
    fn build(&self, (lab, step): Placed) -> Result<Result<PathBuf, String>, Failure> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let format = if std::io::stdout().is_terminal() {
            "--message-format=json-diagnostic-rendered-ansi"
        } else {
            "--message-format=json"
        };
        let output = Command::new(cargo)
            .current_dir(&self.root)
            .args(["test", "--quiet", "--no-run", format])
            .args(["--package", &lab.package(), "--test", &step.test()])
            // As `cargo badai` itself was built: what both need is there already.
            .args(["--profile", "badai"])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Failure::machine(format!("cannot run cargo: {error}")))?;
        let messages = String::from_utf8_lossy(&output.stdout);
        let messages: Vec<Value> = messages
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        if output.status.success()
            && let Some(test) = binary(&messages, &step.test())
        {
            return Ok(Ok(test));
        }
        let errors = errors(&messages);
        Ok(Err(if errors.is_empty() {
            String::from_utf8_lossy(&output.stderr).into_owned()
        } else {
            errors
        }))
    }

    fn run(&self, test: &Path, outcome: &mut Outcome) -> Result<(), Failure> {
        let (lab, step) = outcome.placed;
        let file = |ending: &str| self.verdicts.path().join(format!("{}.{ending}", step.id));
        // What an earlier sitting left must not pass for this one's.
        for ending in ["json", "txt"] {
            let _ = std::fs::remove_file(file(ending));
        }
        let no_file = |error| Failure::machine(format!("cannot write a temporary file: {error}"));
        let said = File::create(file("said")).map_err(no_file)?;
        let folder = lab.path(&self.root);
        let child = Command::new(test)
            .current_dir(&folder)
            // As cargo would: the test keeps what it finds beside its lab.
            .env("CARGO_MANIFEST_DIR", &folder)
            .env(VERDICT_FOLDER, self.verdicts.path())
            .envs(self.ledger.as_ref().map(|file| (LEDGER, file)))
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stderr(said.try_clone().map_err(no_file)?)
            .stdout(said)
            .spawn()
            .map_err(|error| Failure::machine(format!("cannot run the test: {error}")))?;
        let ended = within(LIMIT, child)?;
        let read = |ending: &str| std::fs::read_to_string(file(ending)).ok();
        outcome.verdict = read("json").and_then(|json| serde_json::from_str(&json).ok());
        if let (Some(verdict), Some(said)) = (&outcome.verdict, read("txt")) {
            outcome.said = said;
            outcome.passed = ended.is_some_and(|status| status.success());
            outcome.code = match verdict["exit_code"].as_u64() {
                _ if outcome.passed => 0,
                Some(code) if code == u64::from(MACHINE) => MACHINE,
                Some(code) if code == u64::from(INCONCLUSIVE) => INCONCLUSIVE,
                _ => BROKEN,
            };
            return Ok(());
        }
        let (id, limit) = (step.id, LIMIT.as_secs());
        outcome.said = match ended {
            None => format!(
                "step {id} came to no verdict within {limit} s, so its test was stopped: is there \
                 a loop that never ends?\n"
            ),
            Some(_) => format!(
                "step {id} gave no verdict\n{}",
                read("said").unwrap_or_default()
            ),
        };
        Ok(())
    }
}

/// How the child ended; `None` if it had to be stopped.
fn within(limit: Duration, mut child: Child) -> Result<Option<ExitStatus>, Failure> {
    let failed = |error| Failure::machine(format!("cannot wait for the test: {error}"));
    let watch = Stopwatch::start();
    while watch.elapsed() < limit {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().map_err(failed)?;
    child.wait().map_err(failed)?;
    Ok(None)
}

/// Where cargo put the test's binary.
fn binary(messages: &[Value], test: &str) -> Option<PathBuf> {
    let is_it = |it: &&Value| it["reason"] == "compiler-artifact" && it["target"]["name"] == test;
    let artifact = messages.iter().find(is_it)?;
    artifact["executable"].as_str().map(PathBuf::from)
}

/// The compiler's errors, as it renders them.
fn errors(messages: &[Value]) -> String {
    let errors = messages.iter().filter(|it| {
        it["reason"] == "compiler-message"
            && it["message"]["level"]
                .as_str()
                .is_some_and(|level| level.starts_with("error"))
    });
    let rendered = errors.filter_map(|it| it["message"]["rendered"].as_str());
    rendered.collect::<Vec<_>>().join("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_compilers_errors_are_shown() {
        let message = |level: &str, said: &str| json!({"reason": "compiler-message", "message": {"level": level, "rendered": said}});
        let messages = [
            message("warning", "unused\n"),
            message("error", "error: expected `;`\n"),
            json!({"reason": "build-finished", "success": false}),
        ];
        assert_eq!(errors(&messages), "error: expected `;`\n");
    }

    #[test]
    fn a_test_that_never_ends_is_stopped() {
        let child = Command::new("sleep").arg("600").spawn().unwrap();
        let ended = within(Duration::from_millis(50), child).unwrap();
        assert!(ended.is_none());
    }
}
