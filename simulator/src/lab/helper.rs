//! The same test once more, as a process that helps with its races.

use crate::hunt::Helper;
use std::cell::Cell;
use std::process::Command;

/// Says to a test's process that it is to help, and with which of the ledgers that it grades.
const HELPS: &str = "BADAI_HELPS";

thread_local! {
    /// How many ledgers this test has graded, with the one that it is at.
    static GRADED: Cell<u32> = const { Cell::new(0) };
}

/// What a process is there for, when it comes to its next ledger.
pub(super) enum Role {
    /// To grade it.
    Grades,
    /// To help somebody with it, and with nothing after it.
    Helps,
    /// To come to the one that it helps with.
    Passes,
}

/// The role at the ledger that comes now.
pub(super) fn role() -> Role {
    let number = GRADED.get() + 1;
    GRADED.set(number);
    match super::from_environment::<u32>(HELPS) {
        None => Role::Grades,
        Some(wanted) if wanted == number => Role::Helps,
        Some(_) => Role::Passes,
    }
}

/// A helper ends with whoever started it, however that ends.
pub(super) fn stays_with_its_parent() {
    // Where it can't be told to, it ends at its next question.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Starts this very test once more. Rust's test harness names a test's thread after it; where it
/// doesn't there is nobody to help.
pub(super) fn start() -> Option<Helper> {
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main")?;
    // Not its path: cargo may have put another test there since.
    let mut again = Command::new("/proc/self/exe");
    again.args(["--exact", test]);
    again.env(HELPS, GRADED.get().to_string());
    Helper::start(again).ok()
}
