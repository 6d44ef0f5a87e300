//! Lab 04: one ledger for the whole world. The lab's files, cured.
//!
//! - [`minor_units`], step 04.1: minor units and currencies.
//! - [`delayed`], step 04.2: delayed payment methods.
//! - [`one_ledger`], step 04.3: packs, subscriptions and usage on one ledger.
//! - [`whole_storm`], step 04.4: the whole storm.
//!
//! `given` and `told` are what the steps with a ledger find done.

pub mod delayed;
mod given;
pub mod minor_units;
pub mod one_ledger;
mod told;
pub mod whole_storm;
