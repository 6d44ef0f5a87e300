//! `badai replay`: one saved schedule again.

use crate::args::Replay;
use crate::failure::Failure;
use crate::labs::course;
use crate::storm::provision;
use crate::{ledgers, print};
use simulator::execute::Stage;
use simulator::hunt;
use simulator::report::{Saved, text};
use std::sync::Arc;

pub(crate) fn run(args: &Replay) -> Result<u8, Failure> {
    let saved = Saved::read(&args.file)?;
    if course::is_step(&saved.ledger) {
        return Err(Failure::request(format!(
            "{} was found on a lab, which badai itself doesn't contain; `badai grade {}` plays it first",
            args.file.display(),
            saved.ledger
        )));
    }
    let subject = ledgers::find(&saved.ledger)?;
    let server = provision(&args.server)?;
    if !args.json {
        let settings = format!("breaks {}  PostgreSQL {}", saved.breaks, server.version());
        print::out(&text::heading(
            "replay",
            &saved.ledger,
            saved.seed,
            &settings,
        ))?;
    }
    let mut stage = Stage::new(Arc::new(subject), server)?;
    if saved.schedule.needs_wire() {
        stage = stage.with_wire()?;
    }
    let mut report = hunt::replay(&mut stage, &saved)?;
    drop(stage);
    for entry in &mut report.invariants {
        if let Some(found) = &mut entry.counterexample {
            found.saved_at(&args.file);
        }
    }
    if args.json {
        print::json(&report)?;
    } else {
        print::out(&text::body(&report, print::through()))?;
    }
    Ok(report.exit_code())
}
