//! The wire: a proxy between the ledger and PostgreSQL that decides when each statement moves.
//!
//! # The idea
//!
//! A race is an order of statements. Badai can choose the order if it sees each statement
//! before PostgreSQL does and lets only one move at a time. So it stands between them, speaks
//! the same protocol on both sides, cuts what the client sends into *units*, and holds each
//! unit that could make a difference until somebody (the [`Gate`]) releases it:
//!
//! ```text
//!   ledger            proxy                              PostgreSQL
//!     │  BEGIN          │                                    │
//!     ├────────────────▶│ no choice: forwarded at once ─────▶│
//!     │  UPDATE …       │                                    │
//!     ├────────────────▶│ a choice: announced, held          │
//!     │                 │      gate: Forward ───────────────▶│
//!     │◀────────────────┼──────────────────────── UPDATE 1 ──┤
//!     │  COMMIT         │                                    │
//!     ├────────────────▶│ a choice: announced, held          │
//!     │                 │      gate: Withhold ──────────────▶│ committed
//!     │        (closed) │◀──────────────────────── COMMIT ───┤ and the ledger never knows
//! ```
//!
//! # Layout, from the bytes upwards
//!
//! - [`Cutter`] cuts a stream into messages and believes no length; `startup` reads the first
//!   packet, which is different.
//! - [`Unit`]s are gathered from messages; [`Nature`] reads what their SQL is to others;
//!   `prepared` remembers the SQL behind a statement's name; [`Outcome`] reads the answer.
//! - `session` and `answer` are the conversation: pure, bytes in and bytes out. `own` has the
//!   statements that it says itself. `transparency` tests it without sockets.
//! - [`Gate`] is who decides; [`Verdict`] is what it can say.
//! - [`Traffic`] tells whether anything is under way at all.
//! - `pump` and `socket` move the bytes; `ferry` moves them unread; [`Proxy`] listens.
//!
//! # What a death is
//!
//! Three things look alike to a client and are not: it died before the statement arrived
//! ([`Verdict::Kill`]); it died after the effect and before the answer ([`Verdict::Withhold`]);
//! it died while the statement waited for a lock ([`Control::cut`]): then PostgreSQL doesn't
//! notice, and an autocommit write still happens, unless `client_connection_check_interval` is
//! set. Only when [`Gate::closed`] was called is everything of the session's decided.
//!
//! # What is left out
//!
//! - Encryption: both ends are on this machine.
//! - Statements inside a database function are one unit; write gates in the database itself
//!   hold them (`server/gates.sql`).
//! - A pipeline's statements before one Sync are one unit, as PostgreSQL runs them as one.
//! - A COMMIT that is answered with an error inside a flushed pipeline leaves the block failed
//!   instead of ended.
//! - Cancel requests and replication pass unasked.

mod answer;
mod ferry;
mod gate;
mod lexer;
mod message;
mod nature;
mod outcome;
mod own;
mod prepared;
mod proxy;
mod pump;
mod session;
mod socket;
mod startup;
mod traffic;
#[cfg(test)]
mod transparency;
mod unit;

pub use gate::{Arrival, Closing, Ending, Gate, Kind, Record, Release, SessionId, Verdict};
pub(crate) use lexer::{Lexeme, lexemes};
pub use lexer::{Token, pieces};
pub use message::{Cutter, LONGEST, Malformed, Message, Piece, Side};
pub use nature::{Nature, Reach, Text};
pub use outcome::{Outcome, SqlError, Status};
pub use proxy::{CannotListen, Control, Mode, Proxy};
pub use startup::Startup;
pub use traffic::Traffic;
pub use unit::{Part, Unit, Until};
