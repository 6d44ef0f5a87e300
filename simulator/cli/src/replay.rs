//! `badai replay`: one saved schedule again, at once or a step at a time.

use crate::args::Replay;
use crate::failure::Failure;
use crate::labs::course;
use crate::storm::provision;
use crate::{ledgers, print};
use simulator::execute::Stage;
use simulator::hunt;
use simulator::invariant::Invariant;
use simulator::report::{Report, Saved, text};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
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
    let subject = if ledgers::is_file(&saved.ledger) {
        let contract = contract_of(&saved.ledger, &args.file)?;
        ledgers::read(&contract, &saved.ledger)?
    } else {
        ledgers::find(&saved.ledger)?
    };
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
    if !args.json && !saved.version.is_empty() && saved.version != stage.version() {
        print::out("its SQL has changed since this was saved\n")?;
    }
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
    } else if args.slow {
        slowly(&report, saved.breaks)?;
    } else {
        print::out(&text::body(&report, print::through()))?;
    }
    Ok(report.exit_code())
}

/// Where the contract file is that a schedule was found on: where it was said to be, seen from here
/// or from one of the folders above the schedule.
fn contract_of(said: &str, schedule: &Path) -> Result<PathBuf, Failure> {
    let here = Path::new(said).to_owned();
    let absolute = std::path::absolute(schedule).unwrap_or_else(|_| schedule.to_owned());
    let above = absolute.ancestors().skip(1).map(|folder| folder.join(said));
    std::iter::once(here)
        .chain(above)
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Failure::request(format!(
                "{} was found on the contract file {said}, which is neither here nor in a folder \
                 above the schedule; go where it is, then replay",
                schedule.display()
            ))
        })
}

/// Shows what happened a step at a time. The ledger has played it and its server is gone by then:
/// whoever looks long changes nothing, and Ctrl-C leaves nothing behind.
fn slowly(report: &Report, breaks: Invariant) -> Result<(), Failure> {
    let broken = report.broken().find(|entry| entry.id == breaks);
    let broken = broken.or_else(|| report.broken().next());
    let found = broken.and_then(|entry| entry.counterexample.as_ref());
    let beats = match found {
        Some(found) => text::beats(&found.steps, found.account),
        None => text::beats(&report.steps, None),
    };
    let mut waits = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if waits {
        print::out("Enter shows the next step, Ctrl-C ends\n")?;
    }
    print::out("\n")?;
    for beat in &beats {
        if waits {
            // The reader's own Enter ends the line.
            print::out(beat.trim_end())?;
            waits = std::io::stdin()
                .read_line(&mut String::new())
                .is_ok_and(|read| read > 0);
            if !waits {
                print::out("\n")?;
            }
        } else {
            print::out(beat)?;
        }
    }
    if let (Some(entry), Some(found)) = (broken, found) {
        let id = entry.id.id();
        print::out(&format!(
            "\n{}: {}\n",
            text::bad(&format!("{id} is broken")),
            found.wrong
        ))?;
        print::out(&format!("  {}\n", entry.id.meaning()))?;
    }
    print::out(&text::ending(report, print::through()))
}
