//! Stripe's REST API over one world, as data in and data out: nothing here listens or sends.
//!
//! - [`Api`] answers an [`ApiRequest`]: authentication, idempotency, version, then the route.
//! - `routes` is the table of paths; `create` and `read` are what stands behind it.
//! - `form`, `list`, `fault` are Stripe's manners: nested parameters, pages, errors.
//! - [`Outbox`] keeps what is to be delivered to whom, and when it is tried again.
//! - [`Failure`] is what can be made to go wrong.
//! - `desk` takes the moves that no API has: a buyer pays, a bank answers.

mod answer;
mod api;
mod create;
mod desk;
mod failure;
mod fault;
mod form;
mod idempotency;
mod list;
mod minimum;
mod outbox;
mod read;
mod routes;
#[cfg(test)]
mod tests;

pub use answer::{Answer, ApiRequest};
pub use api::{Api, CUT, Step, Ticket};
pub use failure::Failure;
pub use outbox::{Attempted, Dispatch, Outbox};
