//! The outcomes as JUnit's XML, which a classroom's CI reads: a suite a lab, a case a step.

use super::course::COURSE;
use super::sitting::Outcome;
use crate::failure::Failure;
use simulator::report::text;
use std::fmt::Write;
use std::path::Path;

/// Writes the file.
///
/// # Errors
/// A place that can't be written.
pub(crate) fn write(path: &Path, outcomes: &[Outcome]) -> Result<(), Failure> {
    std::fs::write(path, xml(outcomes))
        .map_err(|error| Failure::request(format!("cannot write {}: {error}", path.display())))
}

fn xml(outcomes: &[Outcome]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for lab in COURSE {
        let cases: Vec<&Outcome> = outcomes
            .iter()
            .filter(|it| it.placed.0.id == lab.id)
            .collect();
        if cases.is_empty() {
            continue;
        }
        let failures = cases.iter().filter(|it| !it.passed).count();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"lab {} {}\" tests=\"{}\" failures=\"{failures}\">",
            lab.id,
            escaped(lab.title),
            cases.len()
        );
        for outcome in cases {
            xml.push_str(&case(outcome));
        }
        xml.push_str("  </testsuite>\n");
    }
    xml + "</testsuites>\n"
}

fn case(outcome: &Outcome) -> String {
    let (lab, step) = outcome.placed;
    let seconds = (outcome.built + outcome.ran).as_secs_f64();
    let head = format!(
        "    <testcase classname=\"{}\" name=\"{} {}\" time=\"{seconds:.3}\"",
        lab.package(),
        step.id,
        escaped(step.title)
    );
    if outcome.passed {
        return head + "/>\n";
    }
    let said = text::plain(&outcome.said);
    let first = said.lines().find(|line| line.contains("is broken"));
    let first = first.or_else(|| said.lines().next()).unwrap_or("failed");
    format!(
        "{head}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
        escaped(first),
        escaped(&said)
    )
}

/// Text as XML holds it; control characters, which it can't hold, are left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            _ if character.is_control() => {}
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::course;
    use std::time::Duration;

    #[test]
    fn a_failure_carries_what_was_said_and_no_character_breaks_the_file() {
        let outcome = Outcome {
            placed: course::one("01.2").unwrap(),
            passed: false,
            said: "a < b & \"c\" is broken\u{1b}[0m\u{0}\n".to_owned(),
            verdict: None,
            code: 1,
            built: Duration::from_millis(1_500),
            ran: Duration::ZERO,
        };
        let xml = xml(&[outcome]);
        assert!(xml.contains("failures=\"1\""), "{xml}");
        assert!(
            xml.contains("message=\"a &lt; b &amp; &quot;c&quot; is broken\""),
            "{xml}"
        );
        assert!(xml.contains("time=\"1.500\""), "{xml}");
    }
}
