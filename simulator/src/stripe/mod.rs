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
//! Objects are typed structs (`session`, `invoice`, `charge`); JSON is only a view of them,
//! printed into Stripe's own published shapes (`shapes/`). A new object is a struct with a shape;
//! a new move is a method of [`Stripe`]. Row ids such as S2 are those of the fidelity table.

mod charge;
mod delivery;
mod error;
mod event;
mod id;
mod invoice;
mod moves;
mod session;
mod shape;
pub mod signature;
mod subscription;
mod tampering;
#[cfg(test)]
mod tests;
mod world;

pub use delivery::{Next, RetrySchedule, Signing};
pub use error::StripeError;
pub use event::{Event, EventKind, Meaning, Told};
pub use invoice::BillingReason;
pub use moves::Emitted;
pub use session::PaymentMethod;
pub use tampering::Tampering;
pub use world::{Sold, Stripe};
