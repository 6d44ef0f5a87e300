//! The storm: business that should happen (the workload) and what goes wrong with it (the
//! weather), drawn from one seed and laid into a schedule. Pure: nothing here touches the world.
//!
//! - [`Storm`] is what proptest draws and shrinks; [`Menu`] says what it may draw.
//! - [`Schedule`] is the exact order of steps that follows from it; saved, it replays alone.
//! - [`Fault`] is the catalogue of what can go wrong; a [`Strike`] is one inside an operation, and
//!   a [`Ladder`] has every moment of one operation.

mod ages;
mod duel;
mod fault;
mod forecast;
mod generate;
mod ladder;
mod sale;
mod schedule;
mod strike;
mod survey;
mod trespass;
mod workload;

pub use ages::{OLD, SWEPT_AGE};
pub use duel::Duel;
pub use fault::{Fault, Group};
pub use generate::{ACCOUNTS, Menu, SIZES};
pub use ladder::Ladder;
pub use schedule::{Action, Copy, Fate, Schedule, Step};
pub use strike::{Moment, Strike};
pub use trespass::Trespass;
pub use workload::{Affair, Business, Gust, Kind, Storm};
