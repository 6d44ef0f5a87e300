//! Where the time goes between an edit and its verdict, a line a step.

use super::course::Placed;
use super::sitting::{Outcome, Sitting};
use crate::failure::Failure;
use std::fmt::Write;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// As an edit does it: the step's source is newer than what was built from it. Its text stays.
///
/// # Errors
/// As for any sitting.
pub(crate) fn after_an_edit(
    sitting: &Sitting,
    root: &Path,
    placed: Placed,
) -> Result<Outcome, Failure> {
    sitting.grade(placed)?;
    let (lab, step) = placed;
    for file in step.files() {
        let path = lab.path(root).join(file);
        // A file that isn't there is the next sitting's to tell.
        if let Ok(file) = File::options().append(true).open(&path) {
            let _ = file.set_modified(now());
        }
    }
    sitting.grade(placed)
}

/// A file's times are the machine's own; nothing is judged by them.
#[allow(clippy::disallowed_methods)]
fn now() -> SystemTime {
    SystemTime::now()
}

/// The table: seconds for compiling and linking, for PostgreSQL with the schema, for storms, for
/// races, and in all.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "\nseconds from edit to verdict\n  step   build  server  storms   races     all\n",
    );
    for outcome in outcomes {
        let part = |name: &str| {
            let took = outcome.verdict.as_ref().map(|it| &it["took_ms"][name]);
            let ms = took.and_then(serde_json::Value::as_u64).unwrap_or(0);
            Duration::from_millis(ms).as_secs_f64()
        };
        let _ = writeln!(
            text,
            "  {:<5} {:>6.2} {:>7.2} {:>7.2} {:>7.2} {:>7.2}",
            outcome.placed.1.id,
            outcome.built.as_secs_f64(),
            part("server"),
            part("storms"),
            part("races"),
            (outcome.built + outcome.ran).as_secs_f64(),
        );
    }
    text
}
