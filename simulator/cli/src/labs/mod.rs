//! The labs, as `badai` knows them: by stable ids and by what lies on disk, never by their code.
//!
//! - [`course`] lists labs and steps, and says what of them is missing.
//! - [`region`] finds the marks between which a learner writes.
//! - [`sitting`] builds one step's test and runs it, within a limit.
//! - [`marks`] keeps what was passed, in one small file.
//! - [`summary`], [`junit`] and [`timings`] say what came of it all.
//! - [`watch`] grades again what changed.
//! - [`hint`], [`reset`] and [`solution`] are verbs of their own; [`diff`] shows a cure.

pub(crate) mod course;
mod diff;
pub(crate) mod hint;
pub(crate) mod junit;
pub(crate) mod marks;
mod region;
pub(crate) mod reset;
pub(crate) mod sitting;
pub(crate) mod solution;
pub(crate) mod summary;
pub(crate) mod timings;
pub(crate) mod watch;
