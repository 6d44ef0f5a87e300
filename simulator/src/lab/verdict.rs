//! What came of a step: a text for people, and a document that `badai grade` reads.

use super::Step;
use crate::execute::StageError;
use crate::invariant::Invariant;
use crate::report::{Judged, Report, Verdict as Word, text};
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// Where the verdict goes besides the test's output: a folder that gets `STEP.json` and `STEP.txt`.
pub const VERDICT_FOLDER: &str = "BADAI_VERDICT_FOLDER";
/// The format of `STEP.json`.
pub const SCHEMA: &str = "badai.step/1";

/// One step's verdict.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Verdict {
    schema: &'static str,
    step: &'static str,
    title: &'static str,
    /// What must hold, the lesson's own claim first.
    holds: Vec<Invariant>,
    /// What held as shipped, and must go on.
    keeps: Vec<Invariant>,
    /// The faults that it meets.
    meets: Vec<&'static str>,
    /// Whether calls race in it.
    races: bool,
    pub(super) passed: bool,
    /// DESIGN's: 0 held, 1 broken, 2 SQL that doesn't apply, 3 the machine, 4 inconclusive.
    exit_code: u8,
    /// Why there is no report.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
    #[serde(rename = "took_ms")]
    took: Took,
}

/// Where the time went, in milliseconds of wall time.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Took {
    /// Starting PostgreSQL, the schema on it, and opening the ledger.
    #[serde(serialize_with = "milliseconds")]
    pub(super) server: Duration,
    /// Storms, and shrinking what they broke.
    #[serde(serialize_with = "milliseconds")]
    pub(super) storms: Duration,
    /// Pairs of calls in every order.
    #[serde(serialize_with = "milliseconds")]
    pub(super) races: Duration,
}

fn milliseconds<S: serde::Serializer>(took: &Duration, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

impl Verdict {
    pub(super) fn of(step: &Step, report: Report, took: Took) -> Self {
        let mut verdict = Self {
            exit_code: report.exit_code(),
            passed: report.verdict == Word::Held,
            report: Some(report),
            took,
            ..Self::blank(step)
        };
        if verdict.passed && !verdict.unseen().is_empty() {
            (verdict.passed, verdict.exit_code) = (false, 4);
        }
        verdict
    }

    /// What the step is about, and couldn't be looked at: another ledger than the lab's own may show
    /// nothing of it.
    fn unseen(&self) -> Vec<Invariant> {
        let entries = self.report.iter().flat_map(|it| &it.invariants);
        let unseen = entries.filter(|it| it.verdict == Judged::Unchecked);
        let unseen = unseen.map(|it| it.id);
        unseen.filter(|id| self.holds.contains(id)).collect()
    }

    pub(super) fn failed(step: &Step, error: &StageError) -> Self {
        Self {
            exit_code: match error {
                StageError::Server(error) => error.exit_code(),
                StageError::Wire(_) => 3,
                StageError::Open { .. } | StageError::Mistaken(_) => 1,
            },
            error: Some(error.to_string()),
            ..Self::blank(step)
        }
    }

    /// Of a step that there is nothing to look at for.
    pub(super) fn without(step: &Step, why: &str) -> Self {
        Self {
            exit_code: 4,
            error: Some(why.to_owned()),
            ..Self::blank(step)
        }
    }

    fn blank(step: &Step) -> Self {
        Self {
            schema: SCHEMA,
            step: step.id,
            title: step.title,
            holds: step.holds.clone(),
            keeps: step.keeps.clone(),
            meets: step.faults.iter().map(|fault| fault.id()).collect(),
            races: step.races,
            passed: false,
            exit_code: 1,
            error: None,
            report: None,
            took: Took::default(),
        }
    }

    /// How many of the judged claims hold, of how many.
    pub(super) fn score(&self) -> (usize, usize) {
        let all = self.holds.len() + self.keeps.len();
        let Some(report) = &self.report else {
            return (0, all);
        };
        let entries = &report.invariants;
        let held = entries.iter().filter(|it| it.verdict == Judged::Held);
        (held.count(), entries.len())
    }

    /// Writes both files if somebody asked for them, and returns the plain text.
    pub(super) fn write(&self) -> String {
        let styled = self.text();
        if let Some(folder) = std::env::var_os(VERDICT_FOLDER) {
            let file = |ending| PathBuf::from(&folder).join(format!("{}.{ending}", self.step));
            let json = serde_json::to_string_pretty(self).unwrap_or_default();
            // Whoever asked for the files says so if they aren't there.
            let _ = std::fs::write(file("json"), json);
            let _ = std::fs::write(file("txt"), &styled);
        }
        text::plain(&styled)
    }

    fn text(&self) -> String {
        let Some(report) = &self.report else {
            let error = self.error.as_deref().unwrap_or_default();
            return format!("step {} could not run: {error}\n", self.step);
        };
        let what = match (report.strategy, self.races) {
            ("cases", _) if report.cases == 1 => "case",
            ("cases", _) => "cases",
            (_, true) => "storms, then every order",
            (_, false) => "storms",
        };
        let settings = format!("{} {what}, \"{}\"", report.cases, self.title);
        let mut text = text::heading("grade", self.step, report.seed, &settings);
        let _ = writeln!(text, "must hold: {}", ids(&self.holds));
        if !self.keeps.is_empty() {
            let _ = writeln!(text, "and go on holding: {}", ids(&self.keeps));
        }
        text.push_str(&text::body(report, text::Through::Cargo));
        let unseen = self.unseen();
        if report.verdict == Word::Held && !unseen.is_empty() {
            let unseen = ids(&unseen);
            let _ = writeln!(text, "not passed: the ledger shows nothing of {unseen}");
        }
        if !self.passed {
            let _ = writeln!(text, "hint:    cargo badai hint {}", self.step);
        }
        text
    }
}

fn ids(invariants: &[Invariant]) -> String {
    let ids: Vec<&str> = invariants.iter().map(|it| it.id()).collect();
    ids.join(", ")
}
