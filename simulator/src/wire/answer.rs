//! The answer to a unit that is under way: read message by message, and passed on, kept,
//! lost or replaced, as its plan says.

use super::message::{Message, Piece};
use super::outcome::{Outcome, SqlError, Status};
use super::prepared::Reading;
use super::unit::{Unit, Until};
use crate::clock::Stopwatch;
use bytes::{BufMut, BytesMut};

use super::gate::{Arrival, Verdict};

/// PostgreSQL's own send buffer. A larger answer reaches the client in part before its
/// statement has committed, with or without us, so no more than this is kept.
const MOST_KEPT: usize = 8192;

/// What becomes of the answer.
#[derive(Debug)]
pub(super) enum Plan {
    /// The client gets it.
    Relay,
    /// Nobody gets it.
    Lose,
    /// The client gets this error instead, once.
    Swap(Option<SqlError>),
    /// It is kept until the commit, which is a unit of its own.
    Keep(Kept),
    /// This is the answer to our own COMMIT, or to our ROLLBACK where the statement failed:
    /// the kept answer follows it, with `instead` or the server's error where there is one.
    Settle {
        kept: Kept,
        instead: Option<SqlError>,
    },
}

/// An answer that waits for its commit.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// All but its ReadyForQuery.
    body: BytesMut,
    /// Where its CommandComplete begins, if the commit comes before it (see [`Kept::write`]).
    complete: Option<usize>,
}

impl Kept {
    /// Writes the answer as PostgreSQL would have.
    ///
    /// A simple query commits before it says CommandComplete, so an error of the commit stands
    /// in its place. In the extended protocol the commit happens at Sync, after it.
    fn write(mut self, error: Option<&[u8]>, until: Until, to: &mut BytesMut) {
        if let (Some(_), Some(complete), Until::Ready) = (error, self.complete, until) {
            self.body.truncate(complete);
        }
        to.put_slice(&self.body);
        to.put_slice(error.unwrap_or_default());
    }
}

/// Where bytes of the answer go.
#[derive(Clone, Copy, Debug)]
enum Route {
    Client,
    Kept,
    Nowhere,
}

/// A unit under way at the server.
#[derive(Debug)]
pub(super) struct Answering {
    pub(super) arrival: Arrival,
    pub(super) verdict: Option<Verdict>,
    pub(super) unit: Unit,
    pub(super) reading: Reading,
    pub(super) plan: Plan,
    /// Statements of ours that went before it, whose answers nobody gets.
    pub(super) prelude: usize,
    /// How many of its parts have been answered.
    pub(super) done: usize,
    pub(super) outcome: Outcome,
    /// COPY is under way: the client speaks too.
    pub(super) copying: bool,
    pub(super) since: Stopwatch,
    /// Where the bulk message goes that is on its way.
    route: Route,
}

impl Answering {
    pub(super) fn new(
        arrival: Arrival,
        verdict: Option<Verdict>,
        unit: Unit,
        reading: Reading,
        plan: Plan,
    ) -> Self {
        Self {
            arrival,
            verdict,
            unit,
            reading,
            plan,
            prelude: 0,
            done: 0,
            outcome: Outcome::default(),
            copying: false,
            since: Stopwatch::start(),
            route: Route::Nowhere,
        }
    }

    /// Takes the next piece from the server; true when the answer is complete.
    pub(super) fn take(&mut self, piece: &Piece, to_client: &mut BytesMut) -> bool {
        let Some(tag) = piece.tag() else {
            self.pass(piece, to_client);
            return false;
        };
        if self.prelude > 0 {
            if tag == b'Z' {
                self.prelude -= 1;
            }
            // Our BEGIN fails only where the server is going down: that the client must hear.
            self.route = if b"ENSA".contains(&tag) {
                Route::Client
            } else {
                Route::Nowhere
            };
            self.pass(piece, to_client);
            return false;
        }
        if let Piece::Whole(message) = piece {
            self.note(message);
        }
        match tag {
            b'1' | b'2' | b'3' | b'T' | b'n' | b'C' | b's' | b'I' => self.done += 1,
            b'G' | b'W' => self.copying = true,
            _ => {}
        }
        self.route = self.route_of(piece, to_client);
        self.pass(piece, to_client);
        tag == b'Z' || self.is_answered_without_ready()
    }

    /// After Flush the server never says that it is ready: the parts are counted.
    pub(super) fn is_answered_without_ready(&self) -> bool {
        let all = self.done >= self.unit.parts.len() || self.outcome.error.is_some();
        self.unit.until == Until::Flush && all
    }

    fn note(&mut self, message: &Message) {
        match message.tag {
            b'C' => self.outcome.complete(message),
            b'E' => self.outcome.error = Some(SqlError::of(message)),
            b'Z' => self.outcome.status = Some(Status::of(message)),
            _ => {}
        }
    }

    fn route_of(&mut self, piece: &Piece, to_client: &mut BytesMut) -> Route {
        let tag = piece.tag().unwrap_or_default();
        let asynchronous = b"NSA".contains(&tag);
        match &mut self.plan {
            Plan::Relay => Route::Client,
            Plan::Lose => Route::Nowhere,
            Plan::Keep(_) if tag == b'Z' => Route::Nowhere,
            Plan::Keep(kept) => {
                if tag == b'C' {
                    kept.complete = Some(kept.body.len());
                }
                Route::Kept
            }
            Plan::Swap(_) | Plan::Settle { .. } if asynchronous => Route::Client,
            Plan::Swap(error) => match (tag, error.take()) {
                (b'Z', _) => Route::Client,
                (b'E' | b'C', Some(error)) => {
                    error.write(to_client);
                    self.outcome.error = Some(error);
                    Route::Nowhere
                }
                (_, error) => {
                    self.plan = Plan::Swap(error);
                    Route::Nowhere
                }
            },
            Plan::Settle { .. } if tag == b'Z' => Route::Client,
            Plan::Settle { kept, instead } => {
                let until = self.unit.until;
                match (tag, piece, instead.take()) {
                    (b'C' | b'E', _, Some(error)) => {
                        let mut bytes = BytesMut::new();
                        error.write(&mut bytes);
                        std::mem::take(kept).write(Some(&bytes), until, to_client);
                        self.outcome.error = Some(error);
                    }
                    (b'E', Piece::Whole(error), None) => {
                        std::mem::take(kept).write(Some(&error.bytes), until, to_client);
                    }
                    (b'C', ..) => std::mem::take(kept).write(None, until, to_client),
                    (_, _, still) => *instead = still,
                }
                Route::Nowhere
            }
        }
    }

    fn pass(&mut self, piece: &Piece, to_client: &mut BytesMut) {
        match (self.route, &mut self.plan) {
            (Route::Client, _) => to_client.put_slice(piece.bytes()),
            (Route::Kept, Plan::Keep(kept)) => {
                kept.body.put_slice(piece.bytes());
                if kept.body.len() > MOST_KEPT && kept.complete.is_none() {
                    to_client.put(kept.body.split());
                }
            }
            _ => {}
        }
    }
}
