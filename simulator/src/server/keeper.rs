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
use super::clock_library;
use super::error::ServerError;
use super::folder::Folder;
use super::ours::Ours;
use super::postmaster;
use crate::clock::Stopwatch;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

/// How long a start may take. On a busy machine it takes a second; usually 30 ms.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long the keeper may take to stop the server and to delete its folder; usually 12 ms.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A running server with its folder; dropping it waits until both are gone.
#[derive(Debug)]
pub(super) struct Keeper {
    child: Child,
    pipe: Option<ChildStdin>,
    /// Dropped when the keeper has ended, it deletes what the keeper left.
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
        // From a file, so that whoever lists the processes sees a name and not a whole script.
        let script = folder.path().join("badai-keeper");
        fs::write(&script, include_str!("keeper.sh"))
            .map_err(ServerError::file("write", &script))?;
        // Our umask may have closed it to others.
        account.map_or(Ok(()), |account| account.own(&script))?;
        let mut child = command(shell, account)
            .args([&script, &binaries.program("postgres")])
            .arg(folder.path())
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
        keeper.wait_until_ready(None)?;
        Ok(keeper)
    }

    /// The folder with the server's socket.
    pub(super) fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits for a server that isn't `before`.
    fn wait_until_ready(&self, before: Option<&str>) -> Result<(), ServerError> {
        let watch = Stopwatch::start();
        while !self.is_ready(before) {
            if self.folder.path().join("stopped").exists() || watch.elapsed() > START_LIMIT {
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

    /// Whether the server says that it is ready, as `pg_ctl` asks: on the eighth line of its own
    /// file. The first has its process id.
    fn is_ready(&self, before: Option<&str>) -> bool {
        let file = fs::read_to_string(self.folder.data().join("postmaster.pid"));
        file.is_ok_and(|file| {
            let line = |number| file.lines().nth(number).map(str::trim);
            line(0) != before && line(7) == Some("ready")
        })
    }
}

impl Ours for Keeper {
    fn crash(&self) -> Result<(), ServerError> {
        let path = self.folder.path();
        let file = path.join("server");
        let server = fs::read_to_string(&file).map_err(ServerError::file("read", &file))?;
        let again = path.join("again");
        fs::write(&again, "").map_err(ServerError::file("write", &again))?;
        postmaster::signal("QUIT", server.trim());
        self.wait_until_ready(Some(server.trim()))
    }

    fn loosen_clock(&self) -> Result<(), ServerError> {
        clock_library::install(self.folder.path())
    }

    fn shift_clock(&self, seconds: i64) -> Result<(), ServerError> {
        clock_library::shift(self.folder.path(), seconds)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let watch = Stopwatch::start();
        // Its status tells nothing: if it failed, the folder's own drop does the rest.
        while let Ok(None) = self.child.try_wait() {
            if watch.elapsed() > STOP_LIMIT {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
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
    fn a_server_that_crashes_comes_back_and_still_stops_with_its_run() {
        let (binaries, folder, account) = prepared();
        let path = folder.path().to_owned();
        let keeper = Keeper::start(&binaries, folder, account).unwrap();
        let server = || fs::read_to_string(path.join("server")).unwrap();
        let first = server();
        keeper.crash().unwrap();
        let second = server();
        assert_ne!(first, second);
        keeper.crash().unwrap();
        assert_ne!(server(), second);
        drop(keeper);
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
