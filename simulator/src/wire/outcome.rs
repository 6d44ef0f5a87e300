//! What the server answered: command tags, rows, the error, the state of the transaction.

use super::message::{Body, Message};
use bytes::{BufMut, BytesMut};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend;

/// Where a session stands, as ReadyForQuery tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No transaction block.
    Idle,
    /// Inside a transaction block.
    InTransaction,
    /// Inside a transaction block that can only be rolled back.
    Failed,
}

impl Status {
    /// Reads a ReadyForQuery.
    pub(super) fn of(ready: &Message) -> Self {
        match ready.body().first() {
            Some(b'T') => Self::InTransaction,
            Some(b'E') => Self::Failed,
            _ => Self::Idle,
        }
    }

    /// Writes a ReadyForQuery.
    pub(super) fn write(self, to: &mut BytesMut) {
        to.put_slice(&[b'Z', 0, 0, 0, 5]);
        to.put_u8(match self {
            Self::Idle => b'I',
            Self::InTransaction => b'T',
            Self::Failed => b'E',
        });
    }
}

/// An error that the client gets, from PostgreSQL or from a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// `ERROR`, or `FATAL` if the connection ends with it.
    pub severity: String,
    /// The five characters of SQLSTATE.
    pub sqlstate: String,
    /// The message.
    pub message: String,
}

impl SqlError {
    /// An ERROR with this SQLSTATE.
    #[must_use]
    pub fn error(sqlstate: &str, message: &str) -> Self {
        Self::new("ERROR", sqlstate, message)
    }

    /// An error after which the connection ends.
    #[must_use]
    pub fn fatal(sqlstate: &str, message: &str) -> Self {
        Self::new("FATAL", sqlstate, message)
    }

    fn new(severity: &str, sqlstate: &str, message: &str) -> Self {
        Self {
            severity: severity.to_owned(),
            sqlstate: sqlstate.to_owned(),
            message: message.to_owned(),
        }
    }

    /// What PostgreSQL says where a snapshot can't be kept: retry the transaction.
    #[must_use]
    pub fn serialization_failure() -> Self {
        Self::error(
            "40001",
            "could not serialize access due to concurrent update",
        )
    }

    /// What the victim of a deadlock is told.
    #[must_use]
    pub fn deadlock() -> Self {
        Self::error("40P01", "deadlock detected")
    }

    /// What a statement past its `statement_timeout` is told.
    #[must_use]
    pub fn statement_timeout() -> Self {
        Self::error("57014", "canceling statement due to statement timeout")
    }

    /// Reads an ErrorResponse; what can't be read is left empty, since the client gets the
    /// bytes as they are.
    pub(super) fn of(response: &Message) -> Self {
        let mut error = Self::new("", "", "");
        // The cutter has checked the length: this parser reserves whatever a header claims.
        let parsed = backend::Message::parse(&mut BytesMut::from(&response.bytes[..]));
        if let Ok(Some(backend::Message::ErrorResponse(body))) = parsed {
            let mut fields = body.fields();
            while let Ok(Some(field)) = fields.next() {
                let value = || String::from_utf8_lossy(field.value_bytes()).into_owned();
                match field.type_() {
                    // Not translated, unlike `S`.
                    b'V' => error.severity = value(),
                    b'C' => error.sqlstate = value(),
                    b'M' => error.message = value(),
                    _ => {}
                }
            }
        }
        error
    }

    /// As a message of the server's.
    pub(super) fn message(&self) -> Message {
        let mut bytes = BytesMut::new();
        self.write(&mut bytes);
        Message {
            tag: b'E',
            bytes: bytes.freeze(),
        }
    }

    /// Writes an ErrorResponse.
    pub(super) fn write(&self, to: &mut BytesMut) {
        let fields = [
            (b'S', &self.severity),
            (b'V', &self.severity),
            (b'C', &self.sqlstate),
            (b'M', &self.message),
        ];
        // A zero byte would end the field early.
        let fields = fields.map(|(field, text)| (field, text.replace('\0', " ")));
        let length: usize = fields.iter().map(|(_, text)| text.len() + 2).sum();
        to.put_u8(b'E');
        to.put_u32(u32::try_from(length + 5).unwrap_or(u32::MAX));
        for (field, text) in fields {
            to.put_u8(field);
            to.put_slice(text.as_bytes());
            to.put_u8(0);
        }
        to.put_u8(0);
    }
}

impl std::fmt::Display for SqlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.severity, self.sqlstate, self.message)
    }
}

/// The answer to one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The command tag of each statement that completed, such as `UPDATE 1`.
    pub tags: Vec<String>,
    /// The error that ended it.
    pub error: Option<SqlError>,
    /// The state after it; after a Flush the server doesn't tell.
    pub status: Option<Status>,
}

impl Outcome {
    /// Rows returned or written by all statements, as their tags tell.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let rows = |tag: &String| tag.rsplit(' ').next()?.parse::<u64>().ok();
        self.tags.iter().filter_map(rows).sum()
    }

    /// Takes a CommandComplete.
    pub(super) fn complete(&mut self, message: &Message) {
        self.tags.push(Body::of(message).text().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::{Cutter, Piece, Side};
    use super::*;

    fn cut(bytes: &[u8]) -> Message {
        let mut cutter = Cutter::new(Side::Server);
        cutter.hear(bytes);
        match cutter.cut() {
            Ok(Some(Piece::Whole(message))) => message,
            other => panic!("not a whole message: {other:?}"),
        }
    }

    #[test]
    fn an_error_that_we_write_reads_as_postgres_own() {
        let mut bytes = BytesMut::new();
        SqlError::deadlock().write(&mut bytes);
        assert_eq!(SqlError::of(&cut(&bytes)), SqlError::deadlock());
    }

    #[test]
    fn rows_are_counted_by_the_tags() {
        let tags = ["INSERT 0 2", "SELECT 3", "BEGIN"]
            .map(String::from)
            .to_vec();
        let outcome = Outcome {
            tags,
            ..Outcome::default()
        };
        assert_eq!(outcome.rows(), 5);
    }

    #[test]
    fn a_status_reads_as_it_was_written() {
        for status in [Status::Idle, Status::InTransaction, Status::Failed] {
            let mut bytes = BytesMut::new();
            status.write(&mut bytes);
            assert_eq!(Status::of(&cut(&bytes)), status);
        }
    }
}
