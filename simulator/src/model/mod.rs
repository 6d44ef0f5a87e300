//! The model: a small pure ledger that says what should have happened.
//!
//! It never says *the* answer but the set of answers that reasonable ledgers give. An
//! [`Account`] is one possible state; after a lost reply there are two of them, one in which
//! the call moved something and one in which it didn't, and the history goes on with both.
//! It shares no code with any ledger under test.

mod account;
mod choices;
mod deed;
mod step;

#[cfg(test)]
mod properties;

pub use account::{Account, Fact, Job, JobStatus};
pub use choices::Choices;
pub use deed::{Deed, Reach, Standing};
pub use step::leaves_open;
