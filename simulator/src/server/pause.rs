//! Stops backends for a moment, so that of several that wait for one lock a chosen one goes first.
//!
//! PostgreSQL doesn't say which waiter gets a row when its holder commits: they race. So all but
//! one are stopped (SIGSTOP) before the commit and go on (SIGCONT) one after another. It takes
//! the server's own user, or root: only a server that Badai started is treated so.

use rustix::process::{Pid, Signal, kill_process};

/// Backends that are stopped. Dropping it lets them go on: a stopped one would hang whoever drops
/// its database, or stops the server.
#[derive(Debug, Default)]
pub struct Paused(Vec<u32>);

impl Paused {
    /// Stops a backend that waits for a lock; false if it can't be.
    #[must_use]
    pub fn stop(&mut self, backend: u32) -> bool {
        let stopped = send(backend, Signal::STOP);
        if stopped {
            self.0.push(backend);
        }
        stopped
    }

    /// Lets a backend go on, if it is stopped.
    pub fn resume(&mut self, backend: u32) {
        if let Some(place) = self.0.iter().position(|it| *it == backend) {
            self.0.remove(place);
            send(backend, Signal::CONT);
        }
    }

    /// Whether this backend is stopped.
    #[must_use]
    pub fn holds(&self, backend: u32) -> bool {
        self.0.contains(&backend)
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        for backend in self.0.drain(..) {
            send(backend, Signal::CONT);
        }
    }
}

fn send(backend: u32, signal: Signal) -> bool {
    // 0 and 1 are no backends, whatever a start-up packet said.
    let pid = i32::try_from(backend).ok().filter(|pid| *pid > 1);
    let pid = pid.and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
}
