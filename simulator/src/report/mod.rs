//! What a run says to people and machines: the document, its lanes, and saved schedules. Pure,
//! but for reading and writing schedule files.

mod document;
mod lane;
mod saved;
pub mod text;

pub use document::{Counterexample, Coverage, Entry, Judged, Refused, Report, Verdict};
pub use lane::{Line, lines};
pub use saved::{Saved, SavedError};
