//! Lab 01: a credit ledger that loses no money.
//!
//! It compiles, it runs, and it is wrong. A module a step, each with a ledger and a file under
//! `migrations/` of its own, so that you can begin with any of them:
//!
//! - [`prepaid_grants`], step 01.1: immutable rows and prepaid grants.
//! - [`reserve`], step 01.2: reserve without overdraft.
//! - [`settle`], step 01.3: charge and refund, idempotent.
//! - [`boundary`], step 01.4: the backend-only boundary.
//!
//! `given` is what the later steps find done.

pub mod boundary;
mod given;
pub mod prepaid_grants;
pub mod reserve;
pub mod settle;
