//! A lab's step as a property test: what the learner's ledger meets, and what it must hold.
//!
//! `cargo test -p` runs it like any other test. `badai grade` runs the same test through cargo
//! and is only the kinder face: there is no second grader.

use crate::execute::{Stage, StageError};
use crate::hunt::{self, Order};
use crate::invariant::Invariant;
use crate::report::{Report, Saved, Verdict, text};
use crate::server::{self, Request};
use crate::storm::Fault;
use crate::target::{Ledger, Subject};
use std::path::PathBuf;
use std::sync::Arc;

/// Where the verdict goes besides the test's output: a folder that gets `STEP.json` and `STEP.txt`.
pub const VERDICT_FOLDER: &str = "BADAI_VERDICT_FOLDER";
/// Another seed than the step's own.
pub const SEED: &str = "BADAI_SEED";

/// The storms that a step draws.
const CASES: u32 = 60;
/// The seed that a step uses: the same code gets the same verdict.
const FIRST_SEED: u64 = 1;

/// One graded step of a lab.
#[derive(Clone, Debug)]
#[must_use]
pub struct Step {
    id: &'static str,
    title: &'static str,
    faults: Vec<Fault>,
    invariants: Vec<Invariant>,
}

impl Step {
    /// A step with its stable id, such as `01.1`.
    pub fn new(id: &'static str, title: &'static str) -> Self {
        Self {
            id,
            title,
            faults: Vec::new(),
            invariants: Vec::new(),
        }
    }

    /// The faults that may strike.
    pub fn meets(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.extend(faults);
        self
    }

    /// The invariants that must hold.
    pub fn holds(mut self, invariants: impl IntoIterator<Item = Invariant>) -> Self {
        self.invariants.extend(invariants);
        self
    }

    /// Grades the ledger.
    ///
    /// # Panics
    /// If an invariant doesn't hold, or couldn't be judged: that is how a test says no.
    pub fn grade<L: Ledger>(&self) {
        let subject = Arc::new(Subject::rust::<L>(self.id, self.title));
        let verdict = match self.attack(subject) {
            Ok(report) => {
                let all = report.invariants.len();
                let held = all - report.broken().count();
                (
                    self.tell(&report),
                    report.verdict == Verdict::Held,
                    held,
                    all,
                )
            }
            // The learner's SQL or their `open`: as much a verdict as any.
            Err(error) => (self.tell_error(&error), false, 0, self.invariants.len()),
        };
        let (text, passed, held, all) = verdict;
        println!("{text}");
        assert!(passed, "step {}: {held} of {all} invariants hold", self.id);
    }

    fn attack(&self, subject: Arc<Subject>) -> Result<Report, StageError> {
        let seed = std::env::var(SEED)
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(FIRST_SEED);
        let order = Order {
            seed,
            cases: CASES,
            time: None,
            faults: self.faults.clone(),
            faults_named: true,
            only: self.invariants.clone(),
            first: self.kept(),
        };
        let server = server::provision(&Request::default())?;
        let mut stage = Stage::new(subject, server)?;
        let kept = |saved: &Saved| saved.schedule.needs_wire();
        if self.faults.iter().any(|fault| fault.strikes()) || order.first.iter().any(kept) {
            stage = stage.with_wire()?;
        }
        let mut report = hunt::hunt(&mut stage, &order, &mut ())?;
        self.keep(&mut report);
        Ok(report)
    }

    /// Found schedules are kept beside the lab and played first, until they hold.
    fn kept(&self) -> Vec<Saved> {
        let Some(folder) = self.folder() else {
            return Vec::new();
        };
        let Ok(files) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = files.flatten().map(|file| file.path()).collect();
        paths.sort();
        paths
            .iter()
            .filter_map(|path| Saved::read(path).ok())
            .filter(|saved| saved.ledger == self.id)
            .collect()
    }

    fn keep(&self, report: &mut Report) {
        let Some(folder) = self.folder() else {
            return;
        };
        for saved in self.kept() {
            // Gone if it holds by now; written again below if it still breaks.
            let _ = std::fs::remove_file(folder.join(saved.file_name()));
        }
        for entry in &mut report.invariants {
            if let Some(found) = &mut entry.counterexample
                && let Ok(path) = found.saved().write(&folder)
            {
                found.saved_at(&path);
                found.replay = format!("badai grade {}", self.id);
            }
        }
    }

    /// `.badai` in the lab's own folder; cargo says where that is.
    fn folder(&self) -> Option<PathBuf> {
        let lab = std::env::var_os("CARGO_MANIFEST_DIR")?;
        Some(PathBuf::from(lab).join(".badai"))
    }

    fn tell(&self, report: &Report) -> String {
        let settings = format!("{} storms, \"{}\"", report.cases, self.title);
        let heading = text::heading("grade", self.id, report.seed, &settings);
        let styled = heading + &text::body(report, text::Through::Cargo);
        self.write(
            "json",
            &serde_json::to_string_pretty(report).unwrap_or_default(),
        );
        self.write("txt", &styled);
        text::plain(&styled)
    }

    fn tell_error(&self, error: &StageError) -> String {
        let told = format!("step {} could not run: {error}\n", self.id);
        self.write("txt", &told);
        told
    }

    fn write(&self, ending: &str, text: &str) {
        if let Some(folder) = std::env::var_os(VERDICT_FOLDER) {
            // Whoever asked for the file says so if it isn't there.
            let _ = std::fs::write(
                PathBuf::from(folder).join(format!("{}.{ending}", self.id)),
                text,
            );
        }
    }
}
