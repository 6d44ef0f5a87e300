//! The keeper: a child that stops the server and deletes its folder when we are gone.
//!
//! It is a shell script blocked on our pipe. The kernel closes the pipe however we end, so
//! there is no way to die that leaves a server behind; and a script needs no program of ours,
//! so that a learner's test binary has it just as `badai` does.
//!
//! Left out: a keeper that is itself killed. Then [`Folder`]'s own drop, or the next run's
//! sweep, does its work.

use super::account::{Account, command};
use super::binaries::Binaries;
use super::error::ServerError;
use super::folder::Folder;
use crate::clock::Stopwatch;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

/// How long a start may take. On a busy machine it takes a second; usually 30 ms.
const LIMIT: Duration = Duration::from_secs(60);

/// A running server with its folder; dropping it waits until both are gone.
#[derive(Debug)]
pub(super) struct Keeper {
    // Its drop order matters: the folder deletes what the keeper left.
    child: Child,
    pipe: Option<ChildStdin>,
    folder: Folder,
}

impl Keeper {
    /// Starts a server on the folder's data and waits until it takes connections.
    pub(super) fn start(
        binaries: &Binaries,
        folder: Folder,
        account: Option<Account>,
    ) -> Result<Self, ServerError> {
        let shell = Path::new("/bin/sh");
        let mut child = command(shell, account)
            .args(["-c", include_str!("keeper.sh"), "badai-keeper"])
            .args([binaries.program("postgres").as_path(), folder.path()])
            .stdin(Stdio::piped())
            .stdout(folder.share_lock()?)
            .stderr(Stdio::null())
            // Ctrl-C in a terminal goes to the whole group in front; the keeper outlives it.
            .process_group(0)
            .spawn()
            .map_err(ServerError::file("run", shell))?;
        let pipe = child.stdin.take();
        let keeper = Self {
            child,
            pipe,
            folder,
        };
        keeper.wait_until_ready()?;
        Ok(keeper)
    }

    /// The folder with the server's socket.
    pub(super) fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    fn wait_until_ready(&self) -> Result<(), ServerError> {
        let watch = Stopwatch::start();
        while !is_ready(&self.folder.data()) {
            if self.folder.path().join("stopped").exists() || watch.elapsed() > LIMIT {
                let log = fs::read_to_string(self.folder.path().join("log"));
                let said = log.unwrap_or_else(|error| format!("nothing ({error})"));
                return Err(ServerError::Start {
                    program: "postgres".into(),
                    said: said.trim_end().to_owned(),
                });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// Whether the server says that it is ready, as `pg_ctl` asks: on the eighth line of its own file.
fn is_ready(data: &Path) -> bool {
    fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|file| {
        file.lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
    })
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // Its status tells nothing: if it failed, the folder's own drop does the rest.
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{baked, binaries, scratch};

    /// A filled folder, and what it takes to start a server on it.
    fn prepared() -> (Binaries, Folder, Option<Account>) {
        let binaries = binaries::find().remove(0);
        let folder = scratch::folder().unwrap();
        let account = folder.give_to_server().unwrap();
        baked::fill(&folder, &binaries, account).unwrap();
        (binaries, folder, account)
    }

    #[test]
    fn a_server_that_will_not_start_shows_its_log() {
        let (binaries, folder, account) = prepared();
        let path = folder.path().to_owned();
        fs::write(folder.data().join("postgresql.conf"), "no_such = 1").unwrap();
        let error = Keeper::start(&binaries, folder, account).unwrap_err();
        assert!(error.to_string().contains("no_such"), "{error}");
        assert!(!path.exists());
    }

    #[test]
    fn a_server_whose_keeper_was_killed_is_stopped_all_the_same() {
        let (binaries, folder, account) = prepared();
        let mut keeper = Keeper::start(&binaries, folder, account).unwrap();
        let path = keeper.socket_folder().to_owned();
        keeper.child.kill().unwrap();
        drop(keeper);
        assert!(!path.exists());
    }
}
