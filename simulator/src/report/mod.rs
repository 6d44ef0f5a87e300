//! What a run says to people and machines: the document, its lanes, and saved schedules; as text,
//! HTML, JSON and JUnit's XML. Pure, but for reading and writing files.

mod document;
mod files;
mod html;
mod junit;
mod lane;
mod plain;
#[cfg(test)]
mod sample;
mod saved;
mod statements;
mod steps;
pub mod text;
mod trespass;

pub use document::{Counterexample, Coverage, Dying, Entry, Judged, Refused, Report, Verdict};
pub use lane::{Line, lines};
pub use saved::{Saved, SavedError};
pub use statements::{Divergence, Statement, statements};
