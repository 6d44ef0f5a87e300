//! Units: what the proxy holds and forwards as one.
//!
//! A unit is a simple query, or the messages of the extended protocol up to Sync or Flush:
//!
//! ```text
//! Query                               → 1 unit, answered up to ReadyForQuery
//! Parse Describe Sync                 → 1 unit
//! Bind Execute Close Sync Bind … Sync → 2 units, though they came in one read
//! Parse Bind Execute Flush            → 1 unit, answered when each message has its answer
//! ```

use super::message::{Body, LONGEST, Malformed, Message};
use bytes::{Bytes, BytesMut};

/// One message of a unit, as far as the proxy reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Prepares a statement; the unnamed one has an empty name.
    Parse {
        /// The statement's name.
        name: String,
        /// Its text.
        sql: String,
    },
    /// Makes a portal from a prepared statement.
    Bind {
        /// The portal's name.
        portal: String,
        /// The statement's name.
        statement: String,
    },
    /// Asks for a statement's or a portal's columns.
    Describe,
    /// Runs a portal.
    Execute {
        /// The portal's name.
        portal: String,
    },
    /// Forgets a prepared statement.
    CloseStatement {
        /// The statement's name.
        name: String,
    },
    /// Forgets a portal.
    ClosePortal,
    /// A simple query, of one statement or several.
    Query {
        /// Its text.
        sql: String,
    },
    /// The old way to call a function by its number.
    FunctionCall {
        /// The function's object id.
        function: u32,
    },
}

/// How the answer of a unit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// With ReadyForQuery, after a simple query.
    Ready,
    /// With ReadyForQuery, after Sync.
    Sync,
    /// With the answer to its last message, after Flush.
    Flush,
}

/// A unit as the client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// All of its messages.
    pub bytes: Bytes,
    /// What they ask, in order; Sync and Flush aside.
    pub parts: Vec<Part>,
    /// How its answer ends.
    pub until: Until,
}

/// What comes next from the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Unit(Unit),
    /// The client says goodbye.
    Terminate,
    /// COPY data, done or fail outside of a COPY that is under way: the server ignores it, but
    /// wants to see it.
    Stray(Bytes),
}

/// Gathers messages into units.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    bytes: BytesMut,
    parts: Vec<Part>,
}

impl Gathering {
    /// Takes one more message; gives the unit that it ends.
    ///
    /// # Errors
    /// A body that doesn't fit, or a unit too long to hold.
    pub(super) fn take(&mut self, message: &Message) -> Result<Option<Asked>, Malformed> {
        let mut body = Body::of(message);
        let until = match message.tag {
            b'X' => return Ok(Some(Asked::Terminate)),
            b'c' | b'f' => return Ok(Some(Asked::Stray(message.bytes.clone()))),
            b'Q' => {
                let sql = body.text()?;
                self.parts.push(Part::Query { sql });
                Some(Until::Ready)
            }
            b'F' => {
                let function = body.number()?;
                self.parts.push(Part::FunctionCall { function });
                Some(Until::Ready)
            }
            b'S' => Some(Until::Sync),
            b'H' => Some(Until::Flush),
            tag => {
                self.parts.push(extended(tag, &mut body)?);
                None
            }
        };
        self.bytes.extend_from_slice(&message.bytes);
        if self.bytes.len() > LONGEST {
            let (tag, length) = (char::from(message.tag), self.bytes.len());
            return Err(Malformed::TooLong { tag, length });
        }
        Ok(until.map(|until| {
            Asked::Unit(Unit {
                bytes: self.bytes.split().freeze(),
                parts: std::mem::take(&mut self.parts),
                until,
            })
        }))
    }
}

fn extended(tag: u8, body: &mut Body<'_>) -> Result<Part, Malformed> {
    match tag {
        b'P' => Ok(Part::Parse {
            name: body.text()?,
            sql: body.text()?,
        }),
        b'B' => Ok(Part::Bind {
            portal: body.text()?,
            statement: body.text()?,
        }),
        b'E' => Ok(Part::Execute {
            portal: body.text()?,
        }),
        b'D' => Ok(Part::Describe),
        b'C' if body.byte()? == b'S' => Ok(Part::CloseStatement { name: body.text()? }),
        b'C' => Ok(Part::ClosePortal),
        // A password after the start-up has no meaning.
        other => Err(Malformed::UnknownTag(other)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::message::{Cutter, Piece, Side};
    use super::*;
    use postgres_protocol::IsNull;
    use postgres_protocol::message::frontend;

    /// Bind, Execute of the unnamed portal for the named statement.
    pub(in super::super) fn bind_execute(statement: &str, to: &mut BytesMut) {
        let nothing = |_: (), _: &mut BytesMut| Ok(IsNull::Yes);
        frontend::bind("", statement, [], [], nothing, [], to)
            .unwrap_or_else(|_| panic!("no zero byte inside"));
        frontend::execute("", 0, to).expect("no zero byte inside");
    }

    pub(in super::super) fn units(stream: &[u8]) -> Vec<Unit> {
        let mut cutter = Cutter::new(Side::Client);
        let mut gathering = Gathering::default();
        let mut units = Vec::new();
        cutter.hear(stream);
        while let Some(Piece::Whole(message)) = cutter.cut().expect("well formed") {
            if let Some(Asked::Unit(unit)) = gathering.take(&message).expect("well formed") {
                units.push(unit);
            }
        }
        units
    }

    #[test]
    fn several_units_of_one_read_are_told_apart() {
        let mut stream = BytesMut::new();
        frontend::parse("s1", "select $1", [], &mut stream).expect("no zero byte inside");
        frontend::describe(b'S', "s1", &mut stream).expect("no zero byte inside");
        frontend::sync(&mut stream);
        bind_execute("s1", &mut stream);
        frontend::flush(&mut stream);
        frontend::close(b'S', "s1", &mut stream).expect("no zero byte inside");
        frontend::query("begin", &mut stream).expect("no zero byte inside");

        let units = units(&stream);
        let shape: Vec<_> = units
            .iter()
            .map(|unit| (unit.parts.len(), unit.until))
            .collect();
        assert_eq!(
            shape,
            [(2, Until::Sync), (2, Until::Flush), (2, Until::Ready)]
        );
        let sent: Vec<u8> = units.iter().flat_map(|unit| unit.bytes.to_vec()).collect();
        assert_eq!(sent, stream, "every byte is in its unit");
    }

    #[test]
    fn a_body_without_an_end_is_refused() {
        let message = Message {
            tag: b'P',
            bytes: Bytes::from_static(b"P\0\0\0\x08abcd"),
        };
        let refused = Gathering::default().take(&message);
        assert_eq!(refused, Err(Malformed::Body('P')));
    }
}
