//! The report of one run, as `--json` prints it: schema `badai.report/1`.

use super::lane::Line;
use super::saved::Saved;
use super::statements::Divergence;
use crate::invariant::Invariant;
use crate::storm::Fault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every judged invariant held.
    Held,
    /// An invariant broke.
    Broken,
    /// The run could not tell.
    Inconclusive,
}

/// What the whole run says about one invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judged {
    /// True in every schedule that gave something to look at.
    Held,
    /// False in at least one.
    Broken,
    /// A budget ran out.
    Unknown,
    /// There was no way to look.
    Unchecked,
}

/// One run's report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub(crate) schema: &'static str,
    /// The ledger's name.
    pub ledger: String,
    /// The run's seed.
    pub seed: u64,
    /// How steps were chosen.
    pub strategy: &'static str,
    /// What it came to.
    pub verdict: Verdict,
    /// Storms drawn.
    pub cases: u32,
    /// Schedules judged.
    pub schedules: u32,
    /// Those of them in which calls ran inside one another.
    pub fought: u32,
    /// Different places inside an operation where a process died.
    pub crash_points: u32,
    /// Whether every operation that is offered was struck at every moment that it has; absent
    /// where none was to be struck.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_moment: Option<bool>,
    /// Deaths of a process, there and between operations.
    pub deaths: u32,
    /// HTTP attempts to hand an event over.
    pub deliveries: u32,
    /// Wall time.
    pub elapsed_ms: u128,
    /// How often each fault was met.
    pub faults: BTreeMap<&'static str, u32>,
    /// Requested faults that were never met.
    pub never_met: Vec<Fault>,
    /// Faults that can't strike here, or tell only half, each with the reason: what only they would show is unchecked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// How often operations met inside one another: waited for a lock, deadlocked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub windows: BTreeMap<String, u32>,
    /// The duels that were fought, with how many orders each has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub duels: Vec<Coverage>,
    /// Processes that were to die while they waited for another's lock.
    #[serde(skip_serializing_if = "Dying::is_untried")]
    pub dying: Dying,
    /// Where a replay came to be another run than the one that was saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diverged: Option<Divergence>,
    /// What whoever reads the verdict should know: what was left out, what couldn't be sent.
    pub remarks: Vec<String>,
    /// Calls a second, where calls ran free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_per_second: Option<u64>,
    /// What happened in a replay that broke nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Line>,
    /// One entry an invariant, broken ones first, the most specific first.
    pub invariants: Vec<Entry>,
}

/// A fault that can't strike here, or tells only half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Which.
    pub fault: Fault,
    /// Why not.
    pub why: String,
}

/// How much of a duel was fought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Such as `charge ∥ refund`.
    pub name: String,
    /// Orders of its statements that can be told apart.
    pub orders: u32,
    /// Whether those are all.
    pub whole: bool,
    /// How they were chosen, such as `every order` or `at most 2 preemptions`.
    pub how: String,
    /// How many orders there are, at least, of which all that can't be told apart were fought once;
    /// nothing where they weren't counted.
    pub unreduced: Option<u64>,
}

impl Coverage {
    /// How orders are chosen where none is left out.
    pub const EVERY: &'static str = "every order";

    /// All of it, such as `all 12 distinct orders of charge ∥ refund (at least 70 without reduction)`.
    #[must_use]
    pub fn told(&self) -> String {
        let (orders, name) = (self.orders(), &self.name);
        match self
            .unreduced
            .filter(|all| self.whole && *all > u64::from(self.orders))
        {
            Some(all) => format!("{orders} of {name} (at least {all} without reduction)"),
            None => format!("{orders} of {name}"),
        }
    }

    /// How many orders, and how they were chosen, such as `all 12 distinct orders`.
    fn orders(&self) -> String {
        let (some, how) = (self.orders, &self.how);
        let orders = if some == 1 { "order" } else { "orders" };
        match (self.whole, how.as_str()) {
            (true, Self::EVERY) => format!("all {some} distinct {orders}"),
            (true, how) => format!("all {some} {orders} with {how}"),
            (false, Self::EVERY) => format!("the first {some} {orders}"),
            (false, how) => format!("{some} {orders}, {how},"),
        }
    }
}

/// How often a process was to die while it waited for another's lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dying {
    /// Orders that were fought for it.
    pub orders: u32,
    /// Those in which it had to wait, and died.
    pub deaths: u32,
}

impl Dying {
    // The signature is serde's.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_untried(&self) -> bool {
        self.orders == 0
    }

    /// In words; nothing where it wasn't tried.
    #[must_use]
    pub fn told(self) -> Option<String> {
        let Self { orders, deaths } = self;
        (orders > 0).then(|| {
            format!("{orders} more, with a process that is to die when it waits for a lock: {deaths} did")
        })
    }
}

/// What the run says about one invariant.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Which.
    pub id: Invariant,
    /// What was found.
    pub verdict: Judged,
    /// The claim, in one sentence.
    pub claim: &'static str,
    /// In how many schedules there was something to look at.
    pub judged: u32,
    /// Why there is no more to say, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The shortest schedule found that breaks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<Counterexample>,
}

/// A schedule that breaks an invariant.
#[derive(Clone, Debug, Serialize)]
pub struct Counterexample {
    /// The one reply or balance that is wrong.
    pub wrong: String,
    /// The account that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<&'static str>,
    /// What happened up to there.
    pub steps: Vec<Line>,
    /// Where the schedule is saved; empty until it is.
    pub file: String,
    /// The command that plays it again; empty until it is saved.
    pub replay: String,
    #[serde(skip)]
    pub(crate) saved: Saved,
}

impl Counterexample {
    /// The schedule, to save or to play again.
    #[must_use]
    pub fn saved(&self) -> &Saved {
        &self.saved
    }

    /// Notes where the schedule was saved.
    pub fn saved_at(&mut self, path: &Path) {
        self.file = path.display().to_string();
        self.replay = format!("badai replay {}", self.file);
    }
}

impl Report {
    /// The exit code of DESIGN's command line: 0 held, 1 broken, 4 inconclusive.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.verdict {
            Verdict::Held => 0,
            Verdict::Broken => 1,
            Verdict::Inconclusive => 4,
        }
    }

    /// The invariants that broke, the most specific first.
    pub fn broken(&self) -> impl Iterator<Item = &Entry> {
        self.invariants
            .iter()
            .filter(|entry| entry.verdict == Judged::Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::report;
    use serde_json::Value;

    #[test]
    fn the_document_says_all_that_its_schema_promises() {
        let document = serde_json::to_value(report("x")).unwrap();
        let has = |value: &Value, keys: &[&str]| {
            for key in keys {
                assert!(!value[key].is_null(), "no {key} in {value}");
            }
        };
        has(
            &document,
            &[
                "schema",
                "ledger",
                "seed",
                "strategy",
                "verdict",
                "cases",
                "schedules",
                "crash_points",
                "deliveries",
                "elapsed_ms",
            ],
        );
        assert_eq!(document["schema"], "badai.report/1");
        let entry = &document["invariants"][0];
        has(entry, &["id", "verdict", "claim", "judged"]);
        has(
            &entry["counterexample"],
            &["steps", "file", "replay", "wrong", "account"],
        );
        has(
            &entry["counterexample"]["steps"][1],
            &["step", "at", "instance", "what", "reply"],
        );
    }
}
