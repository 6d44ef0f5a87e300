//! Every step drawn from those possible. Shallow bugs fall to it; deep ones seldom do.

use super::{Choice, Diverged, Next, Strategy};
use proptest::prelude::RngExt;
use proptest::test_runner::TestRunner;

/// The strategy, for ever.
#[derive(Debug)]
pub struct Random(TestRunner);

impl Random {
    /// Draws that follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(crate::random::runner(seed))
    }
}

impl Strategy for Random {
    fn begin(&mut self) -> bool {
        true
    }

    fn choose(&mut self, enabled: &[Choice]) -> Result<Next, Diverged> {
        let drawn = self.0.rng().random_range(0..enabled.len());
        Ok(Next::Move(enabled[drawn].actor))
    }
}
