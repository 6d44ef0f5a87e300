//! Where the learner stands: the graded labs' steps, and a bar over all of them.

use super::course::{self, COURSE};
use super::marks::Marks;
use super::sitting::Outcome;
use simulator::report::text;
use std::fmt::Write;

/// The bar's width in characters.
const BAR: usize = 32;

/// What was just graded, what was passed before, and what is still to do.
pub(crate) fn text(outcomes: &[Outcome], marks: &Marks) -> String {
    let mut text = String::from("\n");
    let graded = |step: &str| outcomes.iter().find(|it| it.placed.1.id == step);
    for lab in COURSE {
        if !lab.steps.iter().any(|step| graded(step.id).is_some()) {
            continue;
        }
        let _ = writeln!(text, "lab {}  {}", lab.id, lab.title);
        for step in lab.steps {
            let line = format!("{}  {}", step.id, step.title);
            let _ = match graded(step.id) {
                Some(it) if it.passed => writeln!(text, "  {} {line}", text::good("✓")),
                Some(_) => writeln!(text, "  {} {line}", text::bad("✗")),
                None if marks.passed(step.id) => writeln!(text, "  ✓ {line}, passed before"),
                None => writeln!(text, "  · {line}"),
            };
        }
    }
    text.push_str(&bar(marks));
    text.push_str(&score(outcomes));
    text
}

fn bar(marks: &Marks) -> String {
    let all = course::all().count();
    let done = course::all()
        .filter(|(_, step)| marks.passed(step.id))
        .count();
    let filled = BAR * done / all;
    let (full, rest) = ("━".repeat(filled), "─".repeat(BAR - filled));
    format!(
        "{}{rest}  {done} of {all} steps passed\n",
        text::good(&full)
    )
}

/// The last line: what this run came to.
fn score(outcomes: &[Outcome]) -> String {
    let passed = outcomes.iter().filter(|it| it.passed).count();
    let score = format!("{passed} of {} steps", outcomes.len());
    if passed == outcomes.len() {
        format!("score: {}\n", text::good(&format!("full marks, {score}")))
    } else {
        format!("score: {}\n", text::bad(&score))
    }
}
