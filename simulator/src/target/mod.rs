//! The ledger under test: what Badai calls, and what comes back.
//!
//! - [`Ledger`] is the trait that a Rust ledger implements; [`World`] is what it is told.
//! - [`Call`] and [`Reply`] are the same operations as data: scheduled, recorded, judged.
//! - [`Subject`] is a ledger with a name that can be opened as often as crashes ask for; its
//!   [`Driver`] is the kind of ledger that it is, [`Terms`] what it can be told.
//! - [`StripeAccess`] is how it knows Stripe, [`StripeApi`] where it may ask.
//! - [`Clients`] are the roles that reach its database around it.
//! - [`Process`] hosts one opened instance on a thread of its own, and can be killed.

mod call;
mod clients;
mod credits;
mod floor;
mod id;
mod ledger;
mod money;
mod policy;
mod process;
mod reply;
mod script;
mod stripe_access;
mod subject;
mod terms;
mod world;

pub use call::{Call, Operation, Reply, Sale};
pub use clients::{ACCOUNT, Client, Clients, Reach};
pub use credits::Credits;
pub use floor::Ticket;
pub use id::{AccountId, CustomerId, EventId, FactId, JobId};
pub use ledger::{Answer, Ledger};
pub use money::{Currency, Money, NotACurrency};
pub use policy::{
    Applies, ChargeWhat, Clawback, EntriesSum, LateSuccess, Policy, Renewal, RetryAnswer, Shortfall,
};
pub use process::{Lost, Process};
pub use reply::{
    Balance, Charge, Delivery, Entry, Grant, LedgerError, Refund, Reserve, SIGNATURE_HEADER, Status,
};
pub use script::{Leeway, Schema, Script};
pub use stripe_access::{StripeAccess, StripeApi};
pub use subject::{Driver, Instance, Running, Subject};
pub use terms::{IdForm, SweepAge, Terms};
pub use world::{Catalogue, Offer, OfferKind, World};
