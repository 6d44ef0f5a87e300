//! What a client types, and what PostgreSQL makes of it: role, claims, statements, in one
//! transaction.

use crate::client::{Mask, NOTE};
use crate::history::Answer;
use crate::server::{Database, Session};
use crate::storm::Trespass;
use crate::target::{ACCOUNT, Client};
use std::fmt::Display;

/// An attempt may take so long, in milliseconds. Generous: none takes a tenth of that.
const TIME: u32 = 10_000;

/// An attempt with this run's ids.
pub(super) struct Typed<'a> {
    role: String,
    session: Vec<String>,
    typed: Vec<String>,
    mask: &'a Mask,
}

/// What came of it.
pub(super) struct Told {
    /// What the client was told.
    pub(super) answer: Answer,
    /// Whether anything was written.
    pub(super) wrote: bool,
    /// As whom something of the client's own ran.
    pub(super) ran_as: Option<String>,
}

impl<'a> Typed<'a> {
    pub(super) fn of(client: &Client, trespass: &Trespass, mask: &'a Mask) -> Self {
        let put_on = |statements: &[String]| {
            let all = statements.iter();
            all.map(|it| mask.put_on(&it.replace(ACCOUNT, "$ana")))
                .collect()
        };
        Self {
            role: format!("\"{}\"", client.role.replace('"', "\"\"")),
            session: put_on(&client.session),
            typed: put_on(&trespass.typed),
            mask,
        }
    }

    /// Types it all; what it wrote stays if `keep`.
    ///
    /// # Errors
    /// The client can't even begin: then nothing was tried.
    pub(super) fn say(&self, session: &mut Session, keep: bool) -> Result<Told, String> {
        let mut told = Told {
            answer: Answer::Rows(Vec::new()),
            wrote: false,
            ran_as: None,
        };
        self.begin(session)?;
        let answered = self.type_all(session, &mut told);
        let ended = if keep && answered.is_ok() {
            session.run("commit")
        } else {
            session.run("rollback")
        };
        told.ran_as = noted(session).unwrap_or_default();
        if let Err(error) = answered.and(ended) {
            told.answer = self.refusal(&error);
        }
        Ok(told)
    }

    /// A transaction as the client's role. Being that role from the session on, it can't go back
    /// to what Badai is; only a superuser may hand that over, so else it is put on.
    fn begin(&self, session: &mut Session) -> Result<(), String> {
        let role = &self.role;
        let begin = format!("begin; set local statement_timeout = {TIME}");
        let become_it = format!("{begin}; set local session authorization {role}");
        if session.run(&become_it).is_err() {
            let put_on = format!("rollback; {begin}; set local role {role}");
            session
                .run(&put_on)
                .map_err(|error| format!("nobody can be {role}: {}", said(error)))?;
        }
        for statement in &self.session {
            session.run(statement).map_err(|error| {
                let why = self.mask.take_off(&said(error));
                // Whatever this leaves open ends here.
                let _ = session.run("rollback");
                format!("the session of {role} can't begin: {why}")
            })?;
        }
        Ok(())
    }

    fn type_all(&self, session: &mut Session, told: &mut Told) -> Result<(), sqlx::Error> {
        for statement in &self.typed {
            let rows = session.rows(statement)?;
            let shown = |row: Vec<String>| {
                let cells = row.iter();
                cells.map(|cell| self.mask.take_off(cell)).collect()
            };
            told.answer = Answer::Rows(rows.into_iter().map(shown).collect());
        }
        // A transaction gets its number when it first writes.
        let wrote = "select (pg_catalog.pg_current_xact_id_if_assigned() is not null)::text";
        told.wrote = session.texts(wrote)?.concat() == "true";
        Ok(())
    }

    fn refusal(&self, error: &sqlx::Error) -> Answer {
        // 57014: the statement's time is over. Without a code the connection is broken.
        match error.as_database_error() {
            Some(database) if database.code().as_deref() != Some("57014") => {
                Answer::Refused(self.mask.take_off(database.message()))
            }
            _ => Answer::CutShort(self.mask.take_off(&error.to_string())),
        }
    }
}

/// As whom a spy ran, if one did; whatever else was locked is let go.
fn noted(session: &mut Session) -> Result<Option<String>, sqlx::Error> {
    let noted = session.texts(&format!(
        "select objid::regrole::text from pg_locks where locktype = 'advisory' \
         and pid = pg_backend_pid() and classid = {NOTE} and objsubid = 2"
    ))?;
    session.run("select pg_advisory_unlock_all()")?;
    Ok(noted.into_iter().next())
}

/// A session of our own on a database.
pub(super) fn open(database: &Database) -> Result<Session, String> {
    Session::open(database.url()).map_err(said)
}

/// Whether the server has a role.
pub(super) fn exists(session: &mut Session, role: &str) -> Result<bool, String> {
    let ask = format!(
        "select rolname::text from pg_roles where rolname = '{}'",
        role.replace('\'', "''")
    );
    session
        .texts(&ask)
        .map(|found| !found.is_empty())
        .map_err(said)
}

/// An error in words.
pub(super) fn said(error: impl Display) -> String {
    error.to_string()
}
