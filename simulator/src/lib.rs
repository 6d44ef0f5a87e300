//! The storm: attacks a credit ledger on real PostgreSQL and says which invariant broke, in
//! which order of steps, and how to replay it.
//!
//! One loop, the [`hunt`], sends a run through these once, left to right, and shrinks what it finds:
//!
//! ```text
//! seed → storm (workload + weather) → execute → history → invariant (model) → report
//!                                       │  │  │
//!                                 stripe/ server/ target/
//! ```
//!
//! `storm`, `client`, `model`, `invariant` and `report` are pure; only `execute` touches the world.

pub mod client;
pub mod clock;
pub mod contract;
pub mod execute;
pub mod history;
pub mod hunt;
pub mod invariant;
pub mod lab;
pub mod model;
pub mod nearest;
mod one_core;
pub mod random;
pub mod report;
pub mod server;
pub mod storm;
pub mod strategy;
pub mod stripe;
pub mod stripe_server;
pub mod target;
pub mod wire;

pub use one_core::OneCore;
pub use target::*;
