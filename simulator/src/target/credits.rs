//! Credits: what a product sells and a job costs.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A whole number of credits. A balance is at least 0; a movement may be negative, and an
/// attack carries what it likes, so the type itself refuses nothing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Credits(i64);

impl Credits {
    /// No credits.
    pub const ZERO: Credits = Credits(0);

    /// So many credits.
    #[must_use]
    pub const fn new(credits: i64) -> Self {
        Self(credits)
    }

    /// The number, as a database column holds it.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
