//! Progress on stderr: a bar where a terminal listens, nothing where not.

use indicatif::{ProgressBar, ProgressStyle};
use simulator::hunt::Watcher;
use simulator::invariant::Invariant;

/// A bar for the hunt.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(cases: u32) -> Self {
        let bar = ProgressBar::new(u64::from(cases));
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} storms  {msg}") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        Self { bar }
    }

    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

impl Watcher for Progress {
    fn case(&mut self, done: u32, _of: u32) {
        self.bar.set_position(u64::from(done));
    }

    fn shrinking(&mut self, invariant: Invariant, tried: u32) {
        self.bar.set_message(format!(
            "{invariant} broke; looking for the shortest schedule ({tried} tried)"
        ));
    }
}
