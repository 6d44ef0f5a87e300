//! Contract files: a ledger made of SQL, described in TOML so that it can be attacked.
//!
//! ```text
//! file ──► Contract ──► Subject (schema, policy, terms) ──► instances that speak SQL
//! ```
//!
//! - `source` reads TOML and knows where everything stands; `file` makes a [`Contract`] of it, with
//!   `setup`, `policy`, `catalogue` and `operation` for its sections, and `terms` is what it leaves
//!   out. A mistake is a [`ContractError`]: file, line, what was found, what was expected.
//! - `step` is one statement: a `template` is its SQL with parameters, `values` are what they stand
//!   for, `literal` is how a value stands in SQL.
//! - `answer` is what came back; `pattern` and `meaning` are what the file says that it means, and
//!   `reading` takes figures from it.
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
mod pattern;
mod policy;
mod reading;
mod setup;
mod source;
mod step;
mod supabase;
mod template;
mod terms;
#[cfg(test)]
mod tests;
mod values;

pub use error::ContractError;
pub use file::Contract;
