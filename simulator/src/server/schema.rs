//! A ledger's schema: scripts that are applied in order, and where one of them fails.

use super::error::ServerError;
use super::session::Session;
use super::statement::{self, Statement};
pub use crate::target::Script;
use crate::target::{Leeway, Schema};
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Every script of a schema, in order.
pub(super) fn scripts(schema: &Schema) -> Result<Vec<Script>, ServerError> {
    match schema {
        Schema::Folder(place) => Script::read_all(place),
        Schema::Scripts(scripts) => Ok(scripts.clone()),
    }
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
            ..Self::default()
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

    /// Tells one list of scripts from another, wherever they are: twelve hexadecimal digits.
    pub(super) fn fingerprint(scripts: &[Self]) -> String {
        let mut hash = Sha256::new();
        for script in scripts {
            hash.update(script.sql.len().to_le_bytes());
            hash.update(&script.sql);
        }
        let mut digits = hex::encode(hash.finalize());
        digits.truncate(12);
        digits
    }

    /// Applies it to the database that the session is in; what it may leave out and did goes into
    /// `remarks`.
    pub(super) fn apply(
        &self,
        session: &mut Session,
        remarks: &mut Vec<String>,
    ) -> Result<(), ServerError> {
        for said in &self.prelude {
            let failed = ServerError::database(format!("prepare for {}", self.name.display()));
            session.run(said).map_err(failed)?;
        }
        let (sql, psql) = statement::without_psql(&self.sql);
        if let Some(line) = psql.first() {
            let line = self.above + line;
            remarks.push(format!(
                "{}:{line}: left out what speaks to psql, in {} places",
                self.name.display(),
                psql.len()
            ));
        }
        let plain = Self {
            sql,
            ..self.clone()
        };
        match plain.in_parts(session, remarks) {
            Err(ServerError::Schema(error)) if self.leeway.whole => {
                // A script with its own BEGIN leaves a failed transaction open.
                let _ = session.run("rollback");
                remarks.push(format!("left out {error}"));
                Ok(())
            }
            other => other,
        }
    }

    /// Sends it whole as a simple query, or cut around the statements that may fail.
    fn in_parts(
        &self,
        session: &mut Session,
        remarks: &mut Vec<String>,
    ) -> Result<(), ServerError> {
        let statements = statement::split(&self.sql);
        if let Some(copy) = statements.iter().find(|it| it.words(1) == ["copy"])
            && copy.text.to_lowercase().contains("from stdin")
        {
            return Err(ServerError::Request(format!(
                "{}:{}: `copy … from stdin` is fed by psql; write the rows as `insert` instead",
                self.name.display(),
                self.above + copy.line
            )));
        }
        let mut begin = 0;
        for statement in &statements {
            let absent = self.absent_extension(statement, session)?;
            if absent.is_none() && !self.leeway.forgives(statement.text) {
                continue;
            }
            self.part(begin, statement.start).send(session)?;
            begin = statement.start + statement.text.len();
            let place = format!("{}:{}", self.name.display(), self.above + statement.line);
            if let Some(absent) = absent {
                remarks.push(format!(
                    "{place}: left out extension {absent}: this server doesn't have it"
                ));
                continue;
            }
            // In a transaction of the script's own, that one goes on without the statement.
            let inside = session.run("savepoint may_fail").is_ok();
            let part = self.part(statement.start, begin);
            match part.send(session) {
                Err(ServerError::Schema(error)) => {
                    if inside {
                        let _ = session.run("rollback to may_fail");
                    }
                    remarks.push(format!("left out {error}"));
                }
                other => other?,
            }
        }
        self.part(begin, self.sql.len()).send(session)
    }

    /// The part of it between two bytes.
    fn part(&self, begin: usize, end: usize) -> Self {
        Self {
            name: self.name.clone(),
            above: self.above + self.sql[..begin].matches('\n').count(),
            sql: self.sql[begin..end].to_owned(),
            prelude: Vec::new(),
            leeway: Leeway::default(),
        }
    }

    /// The extension that a statement is about, if it may be absent and is.
    fn absent_extension(
        &self,
        statement: &Statement<'_>,
        session: &mut Session,
    ) -> Result<Option<String>, ServerError> {
        if !self.leeway.extensions {
            return Ok(None);
        }
        let words = statement.words(6);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (["create", "extension", "if", "not", "exists", name]
        | ["create", "extension", name, ..]
        | ["comment", "on", "extension", name, ..]
        | ["alter", "extension", name, ..]) = words[..]
        else {
            return Ok(None);
        };
        let ask = format!(
            "select name::text from pg_available_extensions where name = '{}'",
            name.replace('\'', "''")
        );
        let found = session.texts(&ask);
        let found = found.map_err(ServerError::database("see which extensions there are"))?;
        Ok(found.is_empty().then(|| name.to_owned()))
    }

    fn send(&self, session: &mut Session) -> Result<(), ServerError> {
        if self.sql.trim().is_empty() {
            return Ok(());
        }
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
            return Some(self.above + statement::line_at(&self.sql, position));
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
            .map(|statement| self.above + statement.line)
    }
}

impl Leeway {
    fn forgives(&self, statement: &str) -> bool {
        self.statements.iter().any(|it| statement.contains(it))
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
