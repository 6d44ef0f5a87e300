//! Badai's own connection, driven from a plain thread.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row, ValueRef};
use std::str::FromStr;
use tokio::runtime::Runtime;

/// One connection with a small runtime of its own.
///
/// # Panics
/// Its methods must not be called from within an async runtime: they would block it.
#[derive(Debug)]
pub(crate) struct Session {
    connection: PgConnection,
    runtime: Runtime,
}

impl Session {
    /// Connects.
    pub(crate) fn open(url: &str) -> Result<Self, sqlx::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(sqlx::Error::Io)?;
        let options = PgConnectOptions::from_str(url)?.application_name("badai");
        let connection = runtime.block_on(options.connect())?;
        Ok(Self {
            connection,
            runtime,
        })
    }

    /// Runs statements as one simple query.
    pub(crate) fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql));
        self.runtime
            .block_on(self.connection.execute(query))
            .map(|_| ())
    }

    /// The first column of each row, as text.
    pub(crate) fn texts(&mut self, sql: &str) -> Result<Vec<String>, sqlx::Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql));
        let rows = self.runtime.block_on(self.connection.fetch_all(query))?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// The same of a statement with a list of numbers as its `$1`, which is parsed and planned once.
    pub(crate) fn texts_of(
        &mut self,
        sql: &'static str,
        numbers: impl IntoIterator<Item = u32>,
    ) -> Result<Vec<String>, sqlx::Error> {
        let numbers: Vec<i64> = numbers.into_iter().map(i64::from).collect();
        let query = sqlx::query_scalar(sql).bind(numbers);
        let rows = query.fetch_all(&mut self.connection);
        self.runtime.block_on(rows)
    }

    /// Every row as the texts of its columns; a null is empty.
    pub(crate) fn rows(&mut self, sql: &str) -> Result<Vec<Vec<String>>, sqlx::Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql));
        let rows = self.runtime.block_on(self.connection.fetch_all(query))?;
        let text = |row: &sqlx::postgres::PgRow, column| {
            let value = row.try_get_raw(column)?;
            // A simple query's values come as text, whatever their type.
            let text = if value.is_null() {
                ""
            } else {
                value.as_str().unwrap_or("")
            };
            Ok(text.to_owned())
        };
        rows.iter()
            .map(|row| (0..row.len()).map(|column| text(row, column)).collect())
            .collect()
    }

    /// Says goodbye, so that the server need not find out by itself.
    pub(crate) fn close(self) -> Result<(), sqlx::Error> {
        self.runtime.block_on(self.connection.close())
    }
}
