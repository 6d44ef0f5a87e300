//! `badai grade`: runs the labs' own tests through cargo, and shows what they say.
//!
//! The test does the grading; this is its kinder face.

use crate::args::Grade;
use crate::failure::{Failure, INCONCLUSIVE, MACHINE};
use crate::labs::course::{self, Placed};
use crate::labs::marks::Marks;
use crate::labs::sitting::{Outcome, Sitting};
use crate::labs::watch::Watch;
use crate::labs::{junit, summary, timings};
use crate::{ledgers, print};
use serde_json::{Value, json};
use simulator::report::text;
use std::path::Path;

pub(crate) fn run(args: &Grade) -> Result<u8, Failure> {
    let root = course::checkout()?;
    let steps = course::chosen(args.step.as_deref())?;
    let ledger = args.ledger.as_deref().map(ledgers::contract).transpose()?;
    let sitting = Sitting::new(&root, ledger)?;
    if !args.watch {
        let outcomes = grade(args, &root, &sitting, &steps)?;
        return Ok(code(&outcomes));
    }
    let mut watch = Watch::new(&root, &steps);
    let mut due = steps;
    loop {
        grade(args, &root, &sitting, &due)?;
        print::out("\nwatching; Ctrl-C ends\n")?;
        due = watch.next();
    }
}

/// Grades some steps, says what came of it, and notes it.
fn grade(
    args: &Grade,
    root: &Path,
    sitting: &Sitting,
    steps: &[Placed],
) -> Result<Vec<Outcome>, Failure> {
    let mut marks = Marks::read(root);
    let mut outcomes: Vec<Outcome> = Vec::new();
    for placed in steps {
        let outcome = if args.timings {
            timings::after_an_edit(sitting, root, *placed)?
        } else {
            sitting.grade(*placed)?
        };
        marks.note_verdict(placed.1.id, outcome.passed);
        if !args.json {
            let gap = if outcomes.is_empty() { "" } else { "\n" };
            print::out(&format!("{gap}{}", outcome.said))?;
        }
        outcomes.push(outcome);
    }
    marks.write()?;
    if let Some(file) = &args.junit {
        junit::write(file, &outcomes)?;
    }
    if args.json {
        print::json(&document(&outcomes))?;
    } else {
        if args.timings {
            print::out(&timings::table(&outcomes))?;
        }
        print::out(&summary::text(&outcomes, &marks))?;
    }
    if let Some(remark) = marks.remark() {
        anstream::eprintln!("badai: {remark}");
    }
    Ok(outcomes)
}

fn document(outcomes: &[Outcome]) -> Value {
    let passed = outcomes.iter().filter(|it| it.passed).count();
    let steps: Vec<Value> = outcomes.iter().map(step).collect();
    json!({
        "schema": "badai.grade/1",
        "score": format!("{passed} of {} steps", outcomes.len()),
        "passed": passed,
        "steps": steps,
    })
}

fn step(outcome: &Outcome) -> Value {
    let (_, step) = outcome.placed;
    let mut document = json!({
        "step": step.id,
        "title": step.title,
        "passed": outcome.passed,
        "build_ms": u64::try_from(outcome.built.as_millis()).unwrap_or(u64::MAX),
        "run_ms": u64::try_from(outcome.ran.as_millis()).unwrap_or(u64::MAX),
    });
    match &outcome.verdict {
        Some(verdict) => document["verdict"] = verdict.clone(),
        // It didn't compile, or the test never got that far.
        None => document["error"] = text::plain(&outcome.said).into(),
    }
    document
}

/// What the machine lacks beats what broke, and that what couldn't be told.
fn code(outcomes: &[Outcome]) -> u8 {
    let any = |code: u8| outcomes.iter().any(|it| it.code == code);
    [MACHINE, 1, INCONCLUSIVE]
        .into_iter()
        .find(|code| any(*code))
        .unwrap_or(0)
}
