//! How an instance takes its leave: first it says that it isn't ready, so that nobody sends it
//! more, and only then does it stop to listen. What is under way is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether an instance is on its way out.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on it isn't ready. It works as before.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
