//! Lab 02: webhooks that are safe for real payments.
//!
//! It compiles, it runs, and it is wrong. A module a step, each with a ledger and a file under
//! `migrations/` of its own, so that you can begin with any of them:
//!
//! - [`raw_body`], step 02.1: verify the raw body.
//! - [`events`], step 02.2: a processed-event table.
//! - [`grants`], step 02.3: grants that add.
//! - [`clawbacks`], step 02.4: refunds, disputes, clawbacks.
//!
//! `given` and `told` are what all of them find done.

pub mod clawbacks;
pub mod events;
mod given;
pub mod grants;
pub mod raw_body;
mod told;
