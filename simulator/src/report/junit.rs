//! The report as JUnit's XML, which every CI shows: a suite a ledger, a case an invariant.

use super::document::{Entry, Judged, Report};
use super::html::safe;
use super::steps::steps;
use super::text::plain;
use std::fmt::Write;

/// The whole document.
#[must_use]
pub(super) fn suite(report: &Report) -> String {
    let count = |word: Judged| {
        let entries = report.invariants.iter();
        entries.filter(|entry| entry.verdict == word).count()
    };
    let seconds = format!(
        "{}.{:03}",
        report.elapsed_ms / 1_000,
        report.elapsed_ms % 1_000
    );
    let name = safe(&report.ledger);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n\
         <testsuite name=\"badai {name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" \
         skipped=\"{}\" time=\"{seconds}\">\n",
        report.invariants.len(),
        count(Judged::Broken),
        count(Judged::Unknown),
        count(Judged::Unchecked),
    );
    for entry in &report.invariants {
        let _ = write!(
            xml,
            "<testcase classname=\"badai.{name}\" name=\"{}\" assertions=\"{}\"",
            entry.id.id(),
            entry.judged
        );
        match told(entry) {
            Some(told) => {
                let _ = writeln!(xml, ">\n{told}</testcase>");
            }
            None => xml.push_str("/>\n"),
        }
    }
    xml.push_str("</testsuite>\n</testsuites>\n");
    xml
}

/// What there is to say of a claim that wasn't seen to hold.
fn told(entry: &Entry) -> Option<String> {
    match entry.verdict {
        Judged::Held => None,
        Judged::Unknown => {
            let why = entry.why.as_deref().unwrap_or("the run could not tell");
            Some(format!("<error message=\"{}\"/>\n", safe(why)))
        }
        Judged::Unchecked => {
            let why = entry.why.as_deref();
            let why = why.unwrap_or("nothing to look at, or no way to look");
            Some(format!("<skipped message=\"{}\"/>\n", safe(why)))
        }
        Judged::Broken => Some(match &entry.counterexample {
            None => "<failure message=\"broken\"/>\n".to_owned(),
            Some(found) => format!(
                "<failure message=\"{}\">{}\n{}</failure>\n",
                safe(&found.wrong),
                safe(&plain(&steps(&found.steps, found.account))),
                safe(&found.replay),
            ),
        }),
    }
}
