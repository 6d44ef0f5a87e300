//! Stops a server that nobody answers for any more.
//!
//! The process id in `postmaster.pid` may be years old, so it is only believed when that
//! process's own command line names the same data folder.

use crate::clock::Stopwatch;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long a server may take to die.
const LIMIT: Duration = Duration::from_secs(10);

/// Stops the server that runs on this data folder, if there is one, and waits for its end.
pub(super) fn stop(data: &Path) {
    let Some(process) = running_on(data) else {
        return;
    };
    signal("QUIT", &process);
    let watch = Stopwatch::start();
    while running_on(data).is_some() {
        if watch.elapsed() > LIMIT {
            signal("KILL", &process);
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The process id of the server that runs on this data folder.
fn running_on(data: &Path) -> Option<String> {
    let file = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let process = file.lines().next()?.trim().to_owned();
    let is_ours = command_line(&process)?.contains(data.to_str()?);
    is_ours.then_some(process)
}

/// A process's command line: from `/proc` where there is one, else from `ps`.
fn command_line(process: &str) -> Option<String> {
    if Path::new("/proc/self").exists() {
        let bytes = fs::read(format!("/proc/{process}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&bytes).into_owned());
    }
    let output = Command::new("ps")
        .args(["-o", "command=", "-p", process])
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Sends a signal through the shell's own `kill`: slim machines lack the program.
pub(super) fn signal(name: &str, process: &str) {
    // A process that has ended meanwhile is what was wanted.
    let _ = Command::new("/bin/sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, process])
        .stderr(Stdio::null())
        .status();
}
