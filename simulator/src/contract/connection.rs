//! An instance's connections: as many as calls are under way, opened when one is needed.

use super::answer::Answer;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgDatabaseError, PgSeverity};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Either, Executor, Row, TypeInfo, ValueRef};
use std::future::poll_fn;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// Why a statement has no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// PostgreSQL said no.
    Sql {
        message: String,
        sqlstate: String,
        /// It came up inside a function.
        inside: bool,
    },
    /// The connection is gone, or never came about.
    Lost(String),
    /// What is said on each new connection failed.
    Session(String),
}

/// The connections of one instance.
pub(super) struct Connections {
    options: PgConnectOptions,
    session: Vec<String>,
    idle: Mutex<Vec<PgConnection>>,
}

impl Connections {
    pub(super) fn new(url: &str, session: Vec<String>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            options: PgConnectOptions::from_str(url)?,
            session,
            idle: Mutex::new(Vec::new()),
        })
    }

    /// A connection that nobody uses now.
    pub(super) async fn take(&self) -> Result<PgConnection, Trouble> {
        let idle = self.idle().pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let lost = |error: sqlx::Error| Trouble::Lost(format!("cannot connect: {error}"));
        let mut connection = self.options.connect().await.map_err(lost)?;
        for said in &self.session {
            match run(&mut connection, said).await {
                Ok(_) => {}
                Err(Trouble::Sql { message, .. }) => {
                    return Err(Trouble::Session(format!("`{said}`: {message}")));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(connection)
    }

    /// Puts one back that is as it was.
    pub(super) fn put_back(&self, connection: PgConnection) {
        self.idle().push(connection);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs SQL as a simple query. Of several statements, the last that returned rows answers, else
/// the last that touched some.
pub(super) async fn run(connection: &mut PgConnection, sql: &str) -> Result<Answer, Trouble> {
    let mut results = connection.fetch_many(sqlx::raw_sql(AssertSqlSafe(sql)));
    let mut best = Answer::default();
    let mut now = Answer::default();
    while let Some(next) = poll_fn(|context| results.as_mut().poll_next(context)).await {
        match next.map_err(trouble)? {
            Either::Right(row) => {
                if now.columns.is_empty() {
                    let columns = row.columns().iter();
                    now.columns = columns.map(|it| it.name().to_owned()).collect();
                }
                let mut values = Vec::new();
                for place in 0..row.len() {
                    let value = row.try_get_raw(place).map_err(trouble)?;
                    // Void is null or not, as the language of the function has it.
                    let is_void = value.type_info().name() == "VOID";
                    values.push(if is_void {
                        Some(String::new())
                    } else if value.is_null() {
                        None
                    } else {
                        let text = value.as_str().map(str::to_owned);
                        let no_text = |error| format!("a value that is no text: {error}");
                        Some(text.map_err(|error| Trouble::Lost(no_text(error)))?)
                    });
                }
                now.rows.push(values);
            }
            Either::Left(done) => {
                now.affected = done.rows_affected();
                let tells = |it: &Answer| (!it.rows.is_empty(), it.affected > 0);
                if tells(&now) >= tells(&best) {
                    best = std::mem::take(&mut now);
                } else {
                    now = Answer::default();
                }
            }
        }
    }
    Ok(best)
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands errors over")]
fn trouble(error: sqlx::Error) -> Trouble {
    let database = error.as_database_error();
    let said = database.and_then(|it| it.try_downcast_ref::<PgDatabaseError>());
    match said {
        // A fatal one ends the connection, and what it did last isn't known.
        Some(said) if said.severity() == PgSeverity::Error => Trouble::Sql {
            message: said.message().to_owned(),
            sqlstate: said.code().to_owned(),
            inside: said.r#where().is_some(),
        },
        _ => Trouble::Lost(error.to_string()),
    }
}
