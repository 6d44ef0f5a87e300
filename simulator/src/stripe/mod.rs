//! The mocked Stripe: a small business with a virtual clock, and the events that Stripe would
//! send about it.
//!
//! - [`Stripe`] is the world. Its business moves (a checkout, a renewal, a refund) change it and
//!   emit [`Event`]s; each event also says what it means without any JSON ([`Meaning`]), which
//!   is all that the model needs.
//! - [`RetrySchedule`] and [`Event::delivery`] say when and how Stripe hands an event over;
//!   [`Tampering`] is how somebody else would.
//! - [`signature`] signs as Stripe does.
//!
//! Everything here is pure: no clock is read, nothing is drawn, nothing is sent. The same run,
//! catalogue and moves give the same bytes.
//!
//! Objects are typed structs (`object/`); JSON is only a view of them, printed into Stripe's own
//! published shapes. A new object is a struct with a shape; a new move is a method of [`Stripe`]
//! (`moves/`). Row ids such as S2 are those of the fidelity table.

mod delivery;
mod error;
mod event;
mod id;
mod kind;
mod meaning;
mod moves;
mod object;
pub mod rest;
#[cfg(test)]
mod rows;
mod shape;
mod shelf;
pub mod signature;
mod tampering;
#[cfg(test)]
mod tests;
mod version;
mod world;

pub use delivery::{Next, RetrySchedule, Rolled, Signing};
pub use error::StripeError;
pub use event::{Event, EventKind, Meaning, Told};
pub use moves::Emitted;
pub use object::{BillingReason, PaymentMethod};
pub use tampering::Tampering;
pub use version::Version;
pub use world::{Sold, Stripe};
