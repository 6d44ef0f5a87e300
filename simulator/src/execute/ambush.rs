//! An ambush: a gate that strikes one statement of one call, and knows when a process is gone.
//!
//! It stands before the line's own doorkeeper and lets everything pass to it, until it is told
//! to strike. It counts the statements that the fault can happen to; at the chosen one it gives
//! the verdict that the fault means:
//!
//! ```text
//!                     before                        after
//!   a death           held, cut with the rest       withheld, then everything is cut
//!   a lost connection DropConnection                Withhold
//!   an error          AnswerError
//!   a server's crash  held till it is back          withheld, and all else held till then
//! ```
//!
//! From a death on, whatever the dying process still sends is killed: kill -9 runs no handler.
//! Once its connections are closed, which is when PostgreSQL's sockets have been read to their
//! ends, all that was open is rolled back for certain.

use super::actor::is_plain_read;
use crate::storm::{Fault, Moment, Strike};
use crate::wire::{
    Arrival, Closing, Ending, Gate, Record, Release, SessionId, SqlError, Startup, Verdict,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where a call was struck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// The statement, in one line; empty where it was struck after its reply.
    pub(super) sql: String,
    /// It commits what was done.
    pub(super) commits: bool,
    /// The connection that was lost by it.
    pub(super) lost: Option<SessionId>,
}

/// What a line's ambush is told, and what it has seen; shared with whoever plays.
#[derive(Clone, Default)]
pub(super) struct Ambush(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A connection was closed.
    closed: Condvar,
}

#[derive(Default)]
struct State {
    strike: Option<Strike>,
    /// Statements that the fault could have happened to so far.
    counted: u32,
    /// The unit whose answer is withheld.
    awaited: Option<u64>,
    /// Units that aren't decided yet.
    held: Vec<(Arrival, Release)>,
    hit: Option<Hit>,
    dead: bool,
    /// The database is about to die: nothing more reaches it before.
    frozen: bool,
    /// Connections that PostgreSQL knows of.
    open: BTreeSet<SessionId>,
}

impl Ambush {
    /// Strikes the next call at that moment.
    pub(super) fn lie_in_wait(&self, strike: Strike) {
        let mut state = self.lock();
        state.strike = Some(strike);
        state.counted = 0;
        state.hit = None;
    }

    /// Lets everything pass again.
    pub(super) fn stand_down(&self) {
        let mut state = self.lock();
        (state.strike, state.awaited) = (None, None);
        (state.dead, state.frozen) = (false, false);
        for (_, release) in state.held.drain(..) {
            release.give(Verdict::Forward);
        }
    }

    /// Where the call was struck, if it was by now.
    pub(super) fn hit(&self) -> Option<Hit> {
        self.lock().hit.clone()
    }

    /// The process or the database is dead from here on.
    pub(super) fn end(&self, fault: Fault) {
        let mut state = self.lock();
        (state.dead, state.frozen) = (fault.kills(), fault.fells());
    }

    /// Whether a statement waits for [`Ambush::pass`].
    pub(super) fn holds(&self) -> bool {
        !self.lock().held.is_empty()
    }

    /// Forwards the statements that wait.
    pub(super) fn pass(&self) {
        for (_, release) in self.lock().held.drain(..) {
            release.give(Verdict::Forward);
        }
    }

    /// Kills the statements that wait: their senders are dead.
    pub(super) fn kill_held(&self) {
        self.lock().held.clear();
    }

    /// Waits until PostgreSQL has let go of this connection; false if it doesn't.
    pub(super) fn has_let_go(&self, session: SessionId, patience: Duration) -> bool {
        self.wait(patience, |state| !state.open.contains(&session))
    }

    /// Waits until PostgreSQL has let go of all connections; false if it doesn't.
    pub(super) fn is_left(&self, patience: Duration) -> bool {
        self.is_left_but_for(&[], patience)
    }

    /// Waits until PostgreSQL has let go of all connections but these; false if it doesn't.
    pub(super) fn is_left_but_for(&self, these: &[SessionId], patience: Duration) -> bool {
        self.wait(patience, |state| {
            state.open.iter().all(|session| these.contains(session))
        })
    }

    fn wait(&self, patience: Duration, until: impl Fn(&State) -> bool) -> bool {
        let still = |state: &mut State| !until(state);
        let waited = (self.0.closed).wait_timeout_while(self.lock(), patience, still);
        let (state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(state);
        !waited.timed_out()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing is ever left half done under this lock.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The verdict on a unit, if it isn't the doorkeeper's to give.
    fn decide(&self, arrival: &Arrival, release: Release) -> Option<Release> {
        let mut state = self.lock();
        if state.dead {
            release.give(Verdict::Kill);
            return None;
        }
        if state.frozen {
            state.held.push((arrival.clone(), release));
            return None;
        }
        let Some(strike) = state.strike.filter(|_| state.hit.is_none()) else {
            return Some(release);
        };
        if !happens_to(strike.fault, arrival) {
            return Some(release);
        }
        let number = state.counted;
        state.counted += 1;
        match strike.moment {
            Moment::Replied => {
                // Whether it belongs to the call or comes after its reply is seen from outside.
                state.held.push((arrival.clone(), release));
            }
            Moment::Before(at) if at == number => {
                state.strike(strike.fault, arrival);
                match error_of(strike.fault) {
                    Some(error) => release.give(Verdict::AnswerError(error)),
                    None if strike.fault.kills() || strike.fault.fells() => {
                        state.held.push((arrival.clone(), release));
                    }
                    None => release.give(Verdict::DropConnection),
                }
            }
            Moment::After(at) if at == number => {
                state.awaited = Some(arrival.number);
                release.give(Verdict::Withhold);
            }
            _ => return Some(release),
        }
        None
    }
}

impl State {
    fn strike(&mut self, fault: Fault, arrival: &Arrival) {
        (self.dead, self.frozen) = (fault.kills(), fault.fells());
        self.hit = Some(Hit {
            sql: arrival.sql.split_whitespace().collect::<Vec<_>>().join(" "),
            commits: commits(arrival),
            lost: (error_of(fault).is_none() && !fault.fells()).then_some(arrival.session),
        });
    }
}

/// Whether a fault can happen to a statement.
fn happens_to(fault: Fault, arrival: &Arrival) -> bool {
    // Whether a client prepares at all depends on which of its connections it takes.
    if arrival.prepares {
        return false;
    }
    let sql = arrival.sql.trim_start().to_ascii_lowercase();
    match fault {
        Fault::CommitAckLost => commits(arrival),
        // COMMIT takes no lock and no time that is worth speaking of.
        Fault::Deadlock => !is_end(&sql) && !is_plain_read(&arrival.sql),
        Fault::StatementTimeout => !is_end(&sql),
        Fault::SerializationFailure => !rolls_back(&sql),
        _ => true,
    }
}

/// Whether a statement commits, be it only itself.
fn commits(arrival: &Arrival) -> bool {
    let sql = arrival.sql.trim_start().to_ascii_lowercase();
    arrival.ends_transaction && !rolls_back(&sql) && !is_plain_read(&arrival.sql)
}

fn rolls_back(sql: &str) -> bool {
    sql.starts_with("rollback") || sql.starts_with("abort")
}

fn is_end(sql: &str) -> bool {
    ["commit", "end", "rollback", "abort"]
        .iter()
        .any(|verb| sql.starts_with(verb))
}

/// What the client is told in the place of an answer.
fn error_of(fault: Fault) -> Option<SqlError> {
    match fault {
        Fault::SerializationFailure => Some(SqlError::serialization_failure()),
        Fault::Deadlock => Some(SqlError::deadlock()),
        Fault::StatementTimeout => Some(SqlError::statement_timeout()),
        _ => None,
    }
}

/// The ambush before a line's own gate.
pub(super) struct Ambushed<G> {
    pub(super) ambush: Ambush,
    pub(super) gate: G,
}

impl<G: Gate> Gate for Ambushed<G> {
    fn opened(&self, session: SessionId, backend: u32, startup: &Startup) {
        self.ambush.lock().open.insert(session);
        self.gate.opened(session, backend, startup);
    }

    fn heard(&self, session: SessionId) {
        self.gate.heard(session);
    }

    fn arrived(&self, arrival: Arrival, release: Release) {
        if let Some(release) = self.ambush.decide(&arrival, release) {
            self.gate.arrived(arrival, release);
        }
    }

    fn instead(&self, arrival: &Arrival, error: &SqlError) -> Option<SqlError> {
        self.gate.instead(arrival, error)
    }

    fn ended(&self, record: Record) {
        let mut state = self.ambush.lock();
        if let Some(strike) = state.strike
            && state.awaited == Some(record.arrival.number)
            && record.ending != Ending::NeverSent
        {
            state.awaited = None;
            state.strike(strike.fault, &record.arrival);
        }
        drop(state);
        self.gate.ended(record);
    }

    fn left(&self, session: SessionId) {
        self.gate.left(session);
    }

    fn closed(&self, session: SessionId, why: &Closing) {
        self.ambush.lock().open.remove(&session);
        self.ambush.0.closed.notify_all();
        self.gate.closed(session, why);
    }
}
