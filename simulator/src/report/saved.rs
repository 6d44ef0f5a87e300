//! A schedule in a file: it replays without its generator.
//!
//! Beside the steps stands what the ledger was when they were found, so that a replay can say that
//! it is another by now. Files from before that was kept have none of it, and load all the same.

use super::statements::Statement;
use crate::invariant::Invariant;
use crate::storm::Schedule;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The format that this version writes and reads.
const SCHEMA: &str = "badai.schedule/1";

/// One saved schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    schema: String,
    /// The ledger that it was found on, as `--ledger` takes it.
    pub ledger: String,
    /// Which version of it: the fingerprint of its SQL; empty in older files.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The run's seed.
    pub seed: u64,
    /// What it breaks.
    pub breaks: Invariant,
    /// The one reply or balance that was wrong.
    pub wrong: String,
    /// The steps.
    pub schedule: Schedule,
    /// The statements of its duel; none in older files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<Statement>,
}

/// Why a schedule file can't be used.
#[derive(Debug, Error)]
pub enum SavedError {
    /// The file can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file can't be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It isn't a whole schedule.
    #[error("{} is no whole schedule file: {source}", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where it ends to make sense.
        source: serde_json::Error,
    },
    /// A step names what no storm has.
    #[error("{} is no schedule that can be played: {what}", path.display())]
    Impossible {
        /// Which file.
        path: PathBuf,
        /// The first such step.
        what: String,
    },
    /// It was written by another version of Badai.
    #[error("{} has the format `{found}`; this version reads `{SCHEMA}`", path.display())]
    Schema {
        /// Which file.
        path: PathBuf,
        /// What it says.
        found: String,
    },
}

impl Saved {
    /// A schedule to save.
    #[must_use]
    pub fn new(
        ledger: &str,
        seed: u64,
        breaks: Invariant,
        wrong: &str,
        schedule: Schedule,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            ledger: ledger.to_owned(),
            version: String::new(),
            seed,
            breaks,
            wrong: wrong.to_owned(),
            schedule,
            statements: Vec::new(),
        }
    }

    /// The same, with what the ledger was when it was found.
    #[must_use]
    pub fn found_on(mut self, version: &str, statements: Vec<Statement>) -> Self {
        version.clone_into(&mut self.version);
        self.statements = statements;
        self
    }

    /// The file name that says what is inside.
    #[must_use]
    pub fn file_name(&self) -> String {
        let ledger: String = self
            .ledger
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        format!("{ledger}-{}-{}.badai.json", self.breaks, self.seed)
    }

    /// Writes it into a folder, whole or not at all, and says where.
    ///
    /// # Errors
    /// A folder that can't be made or written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, SavedError> {
        let name = self.file_name();
        let text = serde_json::to_string_pretty(self).map_err(|error| SavedError::Write {
            path: folder.join(&name),
            source: error.into(),
        })?;
        write_whole(folder, &name, &(text + "\n"))
    }

    /// Reads one.
    ///
    /// # Errors
    /// A file that is missing, half-written, or of another format.
    pub fn read(path: &Path) -> Result<Self, SavedError> {
        let text = std::fs::read_to_string(path).map_err(|source| SavedError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Reads one from its text; errors name the file that it is from.
    ///
    /// # Errors
    /// A text that is half of one, or of another format.
    pub fn parse(text: &str, path: &Path) -> Result<Self, SavedError> {
        let parse = |source| SavedError::Parse {
            path: path.to_owned(),
            source,
        };
        let value: serde_json::Value = serde_json::from_str(text).map_err(parse)?;
        let found = value.get("schema").and_then(serde_json::Value::as_str);
        if let Some(found) = found
            && found != SCHEMA
        {
            return Err(SavedError::Schema {
                path: path.to_owned(),
                found: found.to_owned(),
            });
        }
        let saved: Self = serde_json::from_value(value).map_err(parse)?;
        match saved.schedule.impossible() {
            Some(what) => Err(SavedError::Impossible {
                path: path.to_owned(),
                what,
            }),
            None => Ok(saved),
        }
    }
}

/// Writes a file into a folder, whole or not at all, and says where.
pub(super) fn write_whole(folder: &Path, name: &str, text: &str) -> Result<PathBuf, SavedError> {
    let path = folder.join(name);
    let failed = |source| SavedError::Write {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    // Whoever may read what others write may read this: a report is to be shown.
    let readable = std::fs::Permissions::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    let file = builder.permissions(readable).tempfile_in(folder);
    let mut file = file.map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Saved {
        Saved::new(
            "naive",
            7,
            Invariant::ExactlyOnce,
            "ana's spendable is 200, wanted 100",
            Schedule::default(),
        )
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let (actor, sql) = (1, "select ?".to_owned());
        let found = saved().found_on("0123", vec![Statement { actor, sql }]);
        let path = found.write(folder.path()).unwrap();
        assert_eq!(Saved::read(&path).unwrap(), found);
    }

    #[test]
    fn a_file_from_before_fingerprints_loads() {
        let old = r#"{"schema": "badai.schedule/1", "ledger": "naive", "seed": 7,
            "breaks": "exactly-once", "wrong": "the reply", "schedule": {"steps": [], "faults": []}}"#;
        let saved = Saved::parse(old, Path::new("old.badai.json")).unwrap();
        assert_eq!((saved.version.as_str(), saved.statements.len()), ("", 0));
    }

    #[test]
    fn a_step_of_nobodys_account_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut saved = saved();
        saved.schedule.steps.push(crate::storm::Step {
            at: 0,
            lane: 0,
            account: 99,
            action: crate::storm::Action::Clear,
        });
        let path = saved.write(folder.path()).unwrap();
        let said = Saved::read(&path).unwrap_err().to_string();
        assert!(said.contains("step 1 is of account 99"), "{said}");
    }

    #[test]
    fn a_missing_a_half_written_and_a_newer_file_each_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = saved().write(folder.path()).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Saved::read(&path).unwrap_err().to_string()
        };
        assert!(read(&whole[..whole.len() / 2]).contains("no whole schedule file"));
        assert!(read(&whole.replace("schedule/1", "schedule/2")).contains("`badai.schedule/2`"));
        assert!(read("[]").contains("no whole schedule file"));
        std::fs::remove_file(&path).unwrap();
        assert!(
            Saved::read(&path)
                .unwrap_err()
                .to_string()
                .contains("cannot read")
        );
    }
}
