//! `badai grade`: runs a lab's own tests through cargo, and shows what they say.
//!
//! The test does the grading; this is its kinder face. It builds into a target folder of its
//! own, so that an editor's build never blocks it.

use crate::args::Grade;
use crate::failure::Failure;
use crate::print;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use simulator::lab::VERDICT_FOLDER;
use simulator::nearest::nearest;
use simulator::report::text;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A step: where its lab is, and the test that grades it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    id: String,
    package: String,
    test: String,
}

/// Whether that is a step's id, such as `01.1`.
pub(crate) fn is_step(name: &str) -> bool {
    name.split_once('.').is_some_and(|(lab, step)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits(lab) && digits(step)
    })
}

pub(crate) fn run(args: &Grade) -> Result<u8, Failure> {
    let root = workspace()?;
    let steps = chosen(&root, args.step.as_deref())?;
    let verdicts = tempfile::tempdir()
        .map_err(|error| Failure::machine(format!("cannot make a folder: {error}")))?;
    let mut documents = Vec::new();
    let mut passed = 0;
    for step in &steps {
        let outcome = grade(&root, step, verdicts.path())?;
        passed += usize::from(outcome.passed);
        if !args.json {
            print::out(&outcome.said)?;
        }
        documents
            .push(json!({"step": step.id, "passed": outcome.passed, "report": outcome.report}));
    }
    let score = format!("{passed} of {} steps", steps.len());
    if args.json {
        let all = json!({"schema": "badai.grade/1", "score": score, "steps": documents});
        print::json(&all)?;
    } else if passed == steps.len() {
        print::out(&format!(
            "score: {}\n",
            text::good(&format!("full marks, {score}"))
        ))?;
    } else {
        print::out(&format!("score: {}\n", text::bad(&score)))?;
    }
    Ok(u8::from(passed < steps.len()))
}

/// What a step's test came to.
struct Outcome {
    passed: bool,
    said: String,
    report: Value,
}

fn grade(root: &Path, step: &Step, verdicts: &Path) -> Result<Outcome, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args([
            "test",
            "--quiet",
            "--package",
            &step.package,
            "--test",
            &step.test,
        ])
        .arg("--target-dir")
        .arg(root.join("target/grade"))
        .env(VERDICT_FOLDER, verdicts)
        .stdin(Stdio::null());
    // The first build of a lab takes its while; after that it is seconds.
    let waiting = ProgressBar::new_spinner();
    waiting.set_message(format!("building and running step {}", step.id));
    waiting.enable_steady_tick(Duration::from_millis(100));
    let output = command.output();
    waiting.finish_and_clear();
    let output = output.map_err(|error| Failure::machine(format!("cannot run cargo: {error}")))?;
    let read =
        |ending: &str| std::fs::read_to_string(verdicts.join(format!("{}.{ending}", step.id))).ok();
    let passed = output.status.success();
    let said = match read("txt") {
        Some(said) => said,
        // No verdict: it didn't compile, or the test never got that far. Show what was said.
        None => {
            let shown = if output.stderr.is_empty() {
                &output.stdout
            } else {
                &output.stderr
            };
            format!(
                "step {} gave no verdict\n{}",
                step.id,
                String::from_utf8_lossy(shown)
            )
        }
    };
    let report = read("json")
        .and_then(|json| serde_json::from_str(&json).ok())
        .unwrap_or_else(|| json!({ "error": text::plain(&said) }));
    Ok(Outcome {
        passed,
        said,
        report,
    })
}

/// The steps that were asked for, in order.
fn chosen(root: &Path, wanted: Option<&str>) -> Result<Vec<Step>, Failure> {
    let all = steps(root)?;
    let Some(wanted) = wanted else {
        return Ok(all);
    };
    let fits = |step: &&Step| {
        step.id == wanted
            || step
                .id
                .split_once('.')
                .is_some_and(|(lab, _)| lab == wanted)
    };
    let chosen: Vec<Step> = all.iter().filter(fits).cloned().collect();
    if chosen.is_empty() {
        let hint = nearest(wanted, all.iter().map(|step| step.id.as_str()));
        let ids: Vec<_> = all.iter().map(|step| step.id.as_str()).collect();
        return Err(Failure::request(format!(
            "no lab or step `{wanted}`{hint} there is {}",
            ids.join(", ")
        )));
    }
    Ok(chosen)
}

/// Every step: `labs/01-…/tests/step_1_….rs` is 01.1.
fn steps(root: &Path) -> Result<Vec<Step>, Failure> {
    let mut steps = Vec::new();
    for lab in names(&root.join("labs"))? {
        let Some((number, _)) = lab.split_once('-') else {
            continue;
        };
        for file in names(&root.join("labs").join(&lab).join("tests"))? {
            let Some(test) = file.strip_suffix(".rs") else {
                continue;
            };
            let step = test
                .strip_prefix("step_")
                .and_then(|rest| rest.split_once('_'));
            if let Some((step, _)) = step {
                steps.push(Step {
                    id: format!("{number}.{step}"),
                    package: format!("lab-{lab}"),
                    test: test.to_owned(),
                });
            }
        }
    }
    Ok(steps)
}

fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| Failure::request(format!("cannot read {}: {error}", folder.display())))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// The checkout that we stand in: the nearest folder above that has `labs`.
fn workspace() -> Result<PathBuf, Failure> {
    let here = std::env::current_dir()
        .map_err(|error| Failure::machine(format!("where are we: {error}")))?;
    here.ancestors()
        .find(|folder| folder.join("labs").is_dir() && folder.join("Cargo.toml").is_file())
        .map(Path::to_owned)
        .ok_or_else(|| {
            Failure::request(format!(
                "{} is in no checkout of badai: go into one, then grade",
                here.display()
            ))
        })
}
