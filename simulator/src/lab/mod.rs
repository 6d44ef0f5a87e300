//! A lab's step as a property test: what the learner's ledger meets, and what it must hold.
//!
//! `cargo test -p` runs it like any other test. `badai grade` runs the same test through cargo
//! and is only the kinder face: there is no second grader.
//!
//! - [`Step`] is what a test writes down: faults, claims, and whether calls race.
//! - `attack` sends the storms, and fights the races out.
//! - `helper` is the same test in a second process, which fights some of the races.
//! - `cases` grades a plain function, where there is no ledger to attack yet; `prices` are such
//!   cases.
//! - `kept` keeps what was found beside the lab, and plays it first.
//! - `verdict` says what came of it, to people and to `badai grade`.

mod attack;
mod cases;
mod helper;
mod kept;
mod prices;
mod verdict;

pub use verdict::{SCHEMA, VERDICT_FOLDER};

use crate::contract::Contract;
use crate::execute::StageError;
use crate::hunt;
use crate::invariant::Invariant;
use crate::storm::Fault;
use crate::target::{Currency, Ledger, Subject};
use helper::Role;
use std::path::PathBuf;
use std::sync::Arc;
use verdict::Verdict;

/// Another seed than the step's own.
pub const SEED: &str = "BADAI_SEED";
/// Another number of storms than the step's own.
pub const CASES: &str = "BADAI_CASES";
/// Another number of simpler schedules to try for each claim that breaks, where nobody reads what is
/// found.
pub const TRIES: &str = "BADAI_TRIES";
/// One claim to judge, and nothing else, where only that is of interest.
pub const ONLY: &str = "BADAI_ONLY";
/// A contract file: the ledger that it describes is graded in the place of the lab's own, in
/// whatever language it is.
pub const LEDGER: &str = "BADAI_LEDGER";

/// The storms that a step draws, if it says nothing else.
const STORMS: u32 = 60;

/// The seed that a step uses: the same code gets the same verdict.
const FIRST_SEED: u64 = 1;

/// One graded step of a lab.
#[derive(Clone, Debug)]
#[must_use]
pub struct Step {
    id: &'static str,
    title: &'static str,
    faults: Vec<Fault>,
    holds: Vec<Invariant>,
    keeps: Vec<Invariant>,
    races: bool,
    storms: u32,
}

impl Step {
    /// A step with its stable id, such as `01.1`.
    pub fn new(id: &'static str, title: &'static str) -> Self {
        Self {
            id,
            title,
            faults: Vec::new(),
            holds: Vec::new(),
            keeps: vec![Invariant::Progress],
            races: false,
            storms: STORMS,
        }
    }

    /// The faults that may strike.
    pub fn meets(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.extend(faults);
        self
    }

    /// The invariants that must hold and don't as shipped, the lesson's own first.
    pub fn holds(mut self, invariants: impl IntoIterator<Item = Invariant>) -> Self {
        self.holds.extend(invariants);
        self
    }

    /// The invariants that hold as shipped, and must go on holding. `progress` is always one: a
    /// call that never ends passes no step.
    pub fn keeps(mut self, invariants: impl IntoIterator<Item = Invariant>) -> Self {
        let others = invariants
            .into_iter()
            .filter(|it| *it != Invariant::Progress);
        let at = self.keeps.len() - 1;
        self.keeps.splice(at..at, others);
        self
    }

    /// After the storms, every pair of operations runs inside one another, in every order that
    /// its statements allow: a race is then found, not hoped for.
    pub fn in_every_order(mut self) -> Self {
        self.races = true;
        self
    }

    /// Another number of storms than the 60 that a step draws: where more can go wrong, more is
    /// needed to meet all of it.
    pub fn in_storms(mut self, storms: u32) -> Self {
        self.storms = storms;
        self
    }

    /// Grades the ledger.
    ///
    /// # Panics
    /// If an invariant doesn't hold, or couldn't be judged: that is how a test says no.
    pub fn grade<L: Ledger>(&self) {
        let subject = self.subject::<L>().map(Arc::new);
        let step = self.as_asked();
        match helper::role() {
            Role::Grades => {}
            Role::Passes => return,
            Role::Helps => {
                helper::stays_with_its_parent();
                // Whoever asked goes on alone if this fails.
                let _ = subject.and_then(|subject| step.help(subject));
                std::process::exit(0);
            }
        }
        let verdict = match subject.and_then(|subject| step.attack(subject)) {
            Ok((report, took)) => Verdict::of(&step, report, took),
            // The learner's SQL or their `open`: as much a verdict as any.
            Err(error) => Verdict::failed(&step, &error),
        };
        self.tell(&verdict);
    }

    /// Grades a plain function: it is shown prices as a shop window has them, and says what Stripe
    /// is to be sent for each, in the currency's smallest unit; `None` for what can't be charged
    /// exactly as shown. A storm's worth is fifty prices.
    ///
    /// # Panics
    /// If a price is wrong: that is how a test says no.
    pub fn grade_prices(&self, convert: impl Fn(&str, Currency) -> Option<i64>) {
        if other_ledger().is_some() {
            let why = "it is about a function of its lab's, and a contract file has none";
            return self.tell(&Verdict::without(self, why));
        }
        let report = self.try_cases(&prices::prices(), |price| {
            let (got, wanted) = (convert(&price.text, price.currency), price.minor);
            let said = |minor: Option<i64>| match minor {
                Some(minor) => minor.to_string(),
                None => "no price".to_owned(),
            };
            if got == wanted {
                return Ok(());
            }
            Err(format!(
                "{price:?} becomes {}, wanted {}",
                said(got),
                said(wanted)
            ))
        });
        // Nothing is called that could fail to end.
        let step = Self {
            keeps: Vec::new(),
            ..self.clone()
        };
        self.tell(&Verdict::of(&step, report, verdict::Took::default()));
    }

    /// The lab's ledger, or the one that is graded in its place.
    fn subject<L: Ledger>(&self) -> Result<Subject, StageError> {
        let Some(file) = other_ledger() else {
            return Ok(Subject::rust::<L>(self.id, self.title));
        };
        let contract = Contract::read(&file);
        let contract = contract.map_err(|error| StageError::Mistaken(error.to_string()))?;
        Ok(contract.subject(&file.to_string_lossy()))
    }

    fn tell(&self, verdict: &Verdict) {
        println!("{}", verdict.write());
        let (held, all) = verdict.score();
        let id = self.id;
        assert!(verdict.passed, "step {id}: {held} of {all} invariants hold");
    }

    /// The step, or as much of it as the environment asks for.
    fn as_asked(&self) -> Self {
        let only = from_environment::<String>(ONLY);
        let claim = Invariant::ALL
            .iter()
            .find(|it| Some(it.id()) == only.as_deref());
        let mut step = self.clone();
        if let Some(&claim) = claim {
            (step.holds, step.keeps) = (vec![claim], Vec::new());
        }
        step
    }

    /// Everything that is judged, what must hold first.
    fn claims(&self) -> Vec<Invariant> {
        self.holds.iter().chain(&self.keeps).copied().collect()
    }

    fn seed() -> u64 {
        from_environment(SEED).unwrap_or(FIRST_SEED)
    }

    fn tries() -> u32 {
        from_environment(TRIES).unwrap_or(hunt::TRIES)
    }

    fn storms(&self) -> u32 {
        from_environment(CASES).unwrap_or(self.storms)
    }
}

/// The contract file of the ledger that is graded in the place of the lab's own.
fn other_ledger() -> Option<PathBuf> {
    std::env::var_os(LEDGER).map(PathBuf::from)
}

fn from_environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}
