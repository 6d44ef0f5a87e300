//! Progress on stderr: a bar where a terminal listens, nothing where not. Ctrl-C stops the hunt
//! at the next schedule, so that everything that was started is stopped too; a second Ctrl-C
//! doesn't wait (a server of ours goes all the same).

use indicatif::{ProgressBar, ProgressStyle};
use simulator::hunt::Watcher;
use simulator::invariant::Invariant;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a shell calls a program that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

static INTERRUPT: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C was typed.
pub(crate) fn interrupted() -> bool {
    INTERRUPT.load(Ordering::Relaxed)
}

/// From now on Ctrl-C is noted; a second one ends the program.
pub(crate) fn heed_interrupts() {
    // Refused only if it is set already, which is as well.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPT.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
    });
}

/// A bar for the hunt.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(cases: u32) -> Self {
        heed_interrupts();
        let bar = ProgressBar::new(u64::from(cases));
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        Self { bar }
    }

    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

impl Watcher for Progress {
    fn stop(&self) -> bool {
        interrupted()
    }

    fn case(&mut self, done: u32, of: u32) {
        self.bar.set_length(u64::from(of));
        self.bar.set_position(u64::from(done));
        self.bar.set_message("");
    }

    fn striking(&mut self, made: u32) {
        self.bar
            .set_message(format!("striking operations inside ({made})"));
    }

    fn shrinking(&mut self, invariant: Invariant, tried: u32) {
        self.bar.set_message(format!(
            "{invariant} broke; looking for the shortest schedule ({tried} tried)"
        ));
    }
}
