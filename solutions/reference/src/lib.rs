//! The reference ledger: every invariant holds.
//!
//! The rules live in the database, one SQL function a mutation, where two processes that die at
//! the wrong moment can't break them: read `migrations/` in the order of its numbers. This crate
//! only asks.
//!
//! | file | what it knows |
//! |---|---|
//! | `ledger.rs` | the operations: one call of one function each, and what its answer means |
//! | `webhook.rs` | what an endpoint answers to a delivery |
//! | `signature.rs` | whether a delivery is Stripe's |
//! | `event.rs` | what an event tells: JSON in, types out |
//! | `service/` | the same over HTTP, with what an operator asks |
//! | `refusal.rs` | what an SQL error says about what moved |

mod event;
mod ledger;
mod refusal;
mod service;
mod signature;
mod webhook;

use simulator::Subject;

pub use ledger::PostgresLedger;
pub use service::{Draining, Settings, service};
pub use signature::{Forged, TOLERANCE_SECONDS, verify};
pub use webhook::Mode;

/// The reference ledger as it is recommended: a success that comes after its refund is rejected.
///
/// The customer has seen the refund, and a refund is a promise. What it costs is the odd job that
/// finished after everyone gave up on it, which is cheaper than a charge nobody expects.
pub type Reference = PostgresLedger<false>;

/// The same ledger with the other choice: a late success is collected again if the balance covers
/// it. For work that is dear to produce and is handed over whenever it finishes.
pub type RecollectingReference = PostgresLedger<true>;

/// The ledgers that `badai storm --ledger` knows by name.
#[must_use]
pub fn subjects() -> Vec<Subject> {
    vec![
        Subject::rust::<Reference>(
            "reference",
            "The full ledger, every invariant held; a late success is rejected.",
        ),
        Subject::rust::<RecollectingReference>(
            "reference-recollect",
            "The same, but a late success is collected again if the balance covers it.",
        ),
    ]
}
