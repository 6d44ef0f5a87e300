//! What goes to stdout. A reader that goes away (`badai list faults | head`) is no error of ours.

use crate::failure::Failure;
use serde::Serialize;
use simulator::report::text::Through;
use std::io::{ErrorKind, Write};

/// How badai was run: cargo tells the programs that it starts where cargo itself is.
pub(crate) fn through() -> Through {
    if std::env::var_os("CARGO").is_some() {
        Through::Cargo
    } else {
        Through::Path
    }
}

/// Prints a styled text, seen at once; the styles stay only where a terminal listens.
pub(crate) fn out(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout();
    written(write!(stdout, "{text}").and_then(|()| stdout.flush()))
}

/// Prints one JSON document.
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Failure::machine(format!("cannot write the report: {error}")))?;
    written(writeln!(std::io::stdout(), "{text}"))
}

fn written(result: std::io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::machine(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}
