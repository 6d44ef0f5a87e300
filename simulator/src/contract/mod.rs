//! Contract files: a ledger made of SQL, described in TOML so that it can be attacked.
//!
//! ```text
//! file ──► Contract ──► Subject (schema, policy, terms) ──► instances that speak SQL
//! ```
//!
//! - `source` reads TOML and knows where everything stands; `file` makes a [`Contract`] of it, with
//!   `setup`, `policy`, `catalogue` and `operation` for its sections. A mistake is a
//!   [`ContractError`]: file, line, what was found, what was expected.
//! - `template` is SQL with parameters; `literal` is how a value stands in it.
//! - `answer` is what came back; `meaning` is what the file says that it means.
//! - `ledger` makes calls of it all, over `connection`, and `memory` keeps what a client would.
//! - `supabase` lays out what a hosted project has.

mod answer;
mod catalogue;
mod connection;
mod error;
mod file;
mod ledger;
mod literal;
mod meaning;
mod memory;
mod operation;
mod policy;
mod setup;
mod source;
mod supabase;
mod template;
#[cfg(test)]
mod tests;

pub use error::ContractError;
pub use file::Contract;
