//! The gate: who decides when a unit moves on, and whether it arrives.
//!
//! The proxy announces what could make a difference and holds it; the gate answers with a
//! [`Verdict`], now or later. All of its methods are called from the proxy's own tasks and must
//! not block.

use super::message::{Malformed, Side};
use super::outcome::{Outcome, SqlError, Status};
use super::startup::Startup;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// A client's connection through one proxy, counted from 1 in the order of their start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(super) u64);

impl SessionId {
    /// Its place in the order of connections.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What kind of thing a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A lone Sync: the client asks whether the server is still there.
    Ping,
    /// Parse, Bind, Describe, Close: nothing runs, and no transaction keeps what they lock.
    Preparation,
    /// It runs, but only its own session can notice: BEGIN, SET, a look-up of types.
    Private,
    /// It runs, and others can notice.
    Effect,
    /// The commit of an effect that the gate delayed ([`Verdict::DelayCommit`]).
    Commit,
}

impl Kind {
    /// Whether the gate is asked.
    #[must_use]
    pub fn is_choice(self) -> bool {
        matches!(self, Self::Effect | Self::Commit)
    }
}

/// A unit that has arrived at the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Counts all units of one proxy, in the order of their arrival.
    pub number: u64,
    /// The session that it came on.
    pub session: SessionId,
    /// The process id of the session's backend.
    pub backend: u32,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its SQL; several statements stand one a line.
    pub sql: Arc<str>,
    /// Where the session stands before it.
    pub status: Status,
    /// It ends a transaction, if only its own, and so may let waiters go. An error may too,
    /// and ROLLBACK TO a savepoint.
    pub ends_transaction: bool,
    /// [`Verdict::DelayCommit`] has a meaning for it.
    pub delayable: bool,
    /// It only prepares, and is a choice because its transaction takes locks with it, or its snapshot.
    pub prepares: bool,
    /// Its transaction is REPEATABLE READ or stricter, as far as its session has said so.
    pub strict: bool,
}

/// What happens to a unit that was held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes to the server, its answer to the client.
    Forward,
    /// Sent as BEGIN and itself, its answer kept; then its COMMIT is announced as a unit of its
    /// own. As [`Verdict::Forward`] where it isn't [`Arrival::delayable`].
    DelayCommit,
    /// It takes effect, and the client never hears of it: its connection ends first.
    Withhold,
    /// The client dies before sending it: its connection ends without a word, the server sees
    /// the end of the stream. For a [`Kind::Commit`] this is more than a client's death can do
    /// (its statement would commit): it is the server's own.
    Kill,
    /// The connection is lost before the unit arrived: the client is told 57P01 and
    /// disconnected, as by a failover.
    DropConnection,
    /// It doesn't run and the client gets this error. A transaction block fails as it would
    /// have; a COMMIT that fails has rolled back.
    AnswerError(SqlError),
}

/// The right to release one held unit. Dropping it is [`Verdict::Kill`].
#[derive(Debug)]
pub struct Release(pub(super) oneshot::Sender<Verdict>);

impl Release {
    /// Releases the unit.
    pub fn give(self, verdict: Verdict) {
        // A session that ended meanwhile needs no verdict.
        let _ = self.0.send(verdict);
    }
}

/// How a unit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The server answered; [`Record::verdict`] tells whether the client heard it.
    Answered(Outcome),
    /// The proxy answered by itself (a ping, a BEGIN).
    AnsweredHere,
    /// It was forwarded, and the connection ended before an answer: maybe it took effect.
    Unanswered,
    /// It was never forwarded.
    NeverSent,
}

/// A unit with its end, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The unit.
    pub arrival: Arrival,
    /// What the gate said; nothing where it wasn't asked.
    pub verdict: Option<Verdict>,
    /// How it ended.
    pub ending: Ending,
    /// From its forwarding to its end; nothing is judged by it.
    pub took: Duration,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The client said goodbye or went away.
    ClientLeft,
    /// The server went away.
    ServerLeft,
    /// The gate's verdict, or [`super::Control::cut`].
    Ordered,
    /// One side doesn't speak the protocol.
    Malformed(Side, Malformed),
}

/// Who decides.
pub trait Gate: Send + Sync + 'static {
    /// A session is ready for its first query.
    fn opened(&self, _session: SessionId, _backend: u32, _startup: &Startup) {}

    /// Bytes came from the session's client: it isn't at rest.
    fn heard(&self, _session: SessionId) {}

    /// A unit is held until `release` is given its verdict.
    fn arrived(&self, arrival: Arrival, release: Release);

    /// The server answers a unit with an error: what the client is told instead, if anything.
    fn instead(&self, _arrival: &Arrival, _error: &SqlError) -> Option<SqlError> {
        None
    }

    /// A unit ended, asked or not.
    fn ended(&self, _record: Record) {}

    /// The client is gone. What it had sent may still be held, and may still be forwarded, as a
    /// dead process's last packet is delivered.
    fn left(&self, _session: SessionId) {}

    /// The session is over, and the server's socket has been read to its end: what was open is
    /// rolled back, for certain.
    fn closed(&self, _session: SessionId, _why: &Closing) {}
}
