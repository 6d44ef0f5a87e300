//! A ledger's schema: scripts that are applied in order, and where one of them fails.

use super::error::ServerError;
use super::session::Session;
use super::statement;
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// One SQL script, sent whole as a simple query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Where it is from, as errors name it.
    pub name: PathBuf,
    /// Its text.
    pub sql: String,
}

impl Script {
    /// Reads one file.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn read(file: &Path) -> Result<Self, ServerError> {
        let sql = fs::read_to_string(file).map_err(ServerError::file("read", file))?;
        Ok(Self {
            name: file.to_owned(),
            sql,
        })
    }

    /// Reads a file, or a folder as [`Script::read_folder`] does.
    ///
    /// # Errors
    /// As for either.
    pub fn read_all(place: &Path) -> Result<Vec<Self>, ServerError> {
        if place.is_file() {
            Ok(vec![Self::read(place)?])
        } else {
            Self::read_folder(place)
        }
    }

    /// Reads a folder's `*.sql` files in the order of their names. A `*.down.sql` is left out: it
    /// undoes its twin.
    ///
    /// # Errors
    /// If the folder or a file can't be read, or there is none.
    pub fn read_folder(folder: &Path) -> Result<Vec<Self>, ServerError> {
        let entries = fs::read_dir(folder).map_err(ServerError::file("read", folder))?;
        let mut files: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                let name = path.to_string_lossy();
                name.ends_with(".sql") && !name.ends_with(".down.sql")
            })
            .collect();
        files.sort();
        if files.is_empty() {
            return Err(ServerError::Request(format!(
                "{} has no .sql file; put the ledger's schema there",
                folder.display()
            )));
        }
        files.iter().map(|file| Self::read(file)).collect()
    }

    /// Applies it to the database that the session is in.
    pub(super) fn apply(&self, session: &mut Session) -> Result<(), ServerError> {
        let Err(error) = session.run(&self.sql) else {
            return Ok(());
        };
        match as_said_by_postgres(&error) {
            Some(said) => Err(SchemaError::new(self, self.line_of(said, session), said).into()),
            None => Err(ServerError::database(format!(
                "apply {}",
                self.name.display()
            ))(error)),
        }
    }

    /// The line that Postgres complains about: it says, or the statement that says the same is
    /// looked for. That one may run some statements twice; the database is given up anyway.
    fn line_of(&self, said: &PgDatabaseError, session: &mut Session) -> Option<usize> {
        if let Some(PgErrorPosition::Original(position)) = said.position() {
            return Some(statement::line_at(&self.sql, position));
        }
        // A script with its own BEGIN leaves a failed transaction open.
        let _ = session.run("rollback");
        statement::split(&self.sql)
            .into_iter()
            .find(|statement| {
                session.run(statement.text).is_err_and(|error| {
                    as_said_by_postgres(&error)
                        .is_some_and(|again| again.message() == said.message())
                })
            })
            .map(|statement| statement.line)
    }
}

fn as_said_by_postgres(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// A script that does not apply: the ledger's own fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// The script.
    pub file: PathBuf,
    /// The line, from 1, if it could be told.
    pub line: Option<usize>,
    /// Postgres's message.
    pub message: String,
    /// Its SQLSTATE, five characters.
    pub code: String,
    /// What Postgres adds: detail, hint, and where inside a function.
    pub notes: Vec<String>,
}

impl SchemaError {
    fn new(script: &Script, line: Option<usize>, said: &PgDatabaseError) -> Self {
        let notes = [
            ("detail", said.detail()),
            ("hint", said.hint()),
            ("where", said.r#where()),
        ];
        Self {
            file: script.name.clone(),
            line,
            message: said.message().to_owned(),
            code: said.code().to_owned(),
            notes: notes
                .iter()
                .filter_map(|(what, text)| text.map(|text| format!("{what}: {text}")))
                .collect(),
        }
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {} ({})", self.message, self.code)?;
        self.notes
            .iter()
            .try_for_each(|note| write!(f, "\n  {note}"))
    }
}

impl std::error::Error for SchemaError {}
