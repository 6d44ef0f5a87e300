//! The only part that touches the world: plays a schedule against a ledger on a real server.
//!
//! - [`Stage`] holds what all schedules share: the server, the schema, what the ledger offers.
//! - `play` runs one schedule, one request at a time: `business` happens at Stripe, `sending` is
//!   a request with its sender's patience, `once` is what can't be told twice, `look` reads the
//!   money, `calm` is how it ends.
//! - `counter` is where a schedule's Stripe stands: storms move it, and ledgers may ask it.
//! - `strike` is a call inside which something goes wrong; an `ambush` on its line does it.
//! - `travel` moves the database's clock.
//! - `trespass` sends clients to the boundary, with what the `catalogue` suggests; all is undone.
//! - `duel` runs calls inside one another: a `fight` of `actor`s on the lines of the `wire`, one
//!   `line` an instance. One moves, then all come to `rest`; who `waits` for whom is chosen too, and
//!   whether a process finds its `death` there.
//! - `load` runs calls side by side that nobody holds back.

mod actor;
mod ambush;
mod business;
mod calm;
mod cast;
mod catalogue;
mod counter;
mod death;
mod duel;
mod fight;
mod lane;
mod line;
mod load;
mod look;
mod masks;
mod once;
mod play;
mod rest;
mod sending;
mod shop;
mod stage;
mod strike;
mod travel;
mod trespass;
mod typing;
mod waits;
mod wire;

pub use load::Loaded;
pub use stage::{Begin, Fought, Manner, Stage, StageError};
