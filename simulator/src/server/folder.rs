//! A throw-away folder that deletes itself, and that the next run deletes if we could not.
//!
//! The folder is its own lock: whoever answers for it holds an `flock` on the folder itself,
//! and the kernel lets go of it when the last holder dies, however it dies. So the living are
//! told from the dead by asking, never by guessing from a process id or an age:
//!
//! ```text
//! badai ───┐ one open folder, one lock
//!          ├──────────────▶ /dev/shm/badai-Xy12Ab/   badai-run  data/  log  .s.PGSQL.5432
//! keeper ──┘
//! another run: try the lock ─▶ refused: alive, leave it ─▶ granted: both are dead, delete it
//! ```

use super::account::{self, Account};
use super::error::ServerError;
use super::postmaster;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What the names of our folders start with.
const PREFIX: &str = "badai-";
/// The file that says that a folder with such a name is really ours.
const MARK: &str = "badai-run";
/// Where a folder keeps its server's data.
pub(super) const DATA: &str = "data";

/// A folder that we answer for; dropping it stops what runs in it and deletes it.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: File,
}

impl Folder {
    /// Makes a folder that only its owner can enter.
    pub(super) fn create_in(base: &Path) -> Result<Self, ServerError> {
        let refused = || ServerError::file("create a folder in", base);
        for _ in 0..10 {
            let path = tempfile::Builder::new()
                .prefix(PREFIX)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(base)
                .map_err(refused())?
                .keep();
            // Until it is locked, another run's sweep may rightly take it for an orphan.
            if let Some(folder) = Self::lock(&path)
                && fs::write(path.join(MARK), "made by badai, gone when its run ends\n").is_ok()
            {
                return Ok(folder);
            }
        }
        Err(refused()(std::io::ErrorKind::ResourceBusy.into()))
    }

    /// Takes over a folder whose holders are all dead; nothing if it lives or is not ours.
    pub(super) fn adopt(path: &Path) -> Option<Self> {
        let is_ours = path.file_name()?.to_str()?.starts_with(PREFIX)
            && fs::symlink_metadata(path).ok()?.is_dir()
            && (path.join(MARK).is_file() || fs::read_dir(path).ok()?.next().is_none());
        if is_ours { Self::lock(path) } else { None }
    }

    fn lock(path: &Path) -> Option<Self> {
        let lock = File::open(path).ok()?;
        lock.try_lock().ok()?;
        let (held, named) = (lock.metadata().ok()?, fs::symlink_metadata(path).ok()?);
        // A lock on a folder that was deleted meanwhile holds nothing.
        ((held.dev(), held.ino()) == (named.dev(), named.ino())).then(|| Self {
            path: path.to_owned(),
            lock,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The server's data inside it.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }

    /// The lock, to be held by a child as well.
    pub(super) fn share_lock(&self) -> Result<Stdio, ServerError> {
        let shared = self.lock.try_clone();
        Ok(shared
            .map_err(ServerError::file("share", &self.path))?
            .into())
    }

    /// Hands the folder to the user that the server runs as; none if we are not root.
    pub(super) fn give_to_server(&self) -> Result<Option<Account>, ServerError> {
        if account::me()? != 0 {
            return Ok(None);
        }
        let account = Account::find()?;
        account.own(&self.path)?;
        Ok(Some(account))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.path.exists() {
            postmaster::stop(&self.data());
            // The data first: while the mark is there, a sweep can finish what we can't.
            let _ = fs::remove_dir_all(self.data());
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The folders in `base` that dead runs left behind.
pub(super) fn orphans_in(base: &Path) -> Vec<Folder> {
    let Ok(entries) = fs::read_dir(base) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| Folder::adopt(&entry.path()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_held_is_no_orphan() {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::create_in(base.path()).unwrap();
        assert!(orphans_in(base.path()).is_empty());
        drop(folder);
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_a_child_still_holds_is_no_orphan() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("badai-killed");
        fs::create_dir(&path).unwrap();
        fs::write(path.join(MARK), "").unwrap();
        let lock = File::open(&path).unwrap();
        lock.lock().unwrap();
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", "read -r _"])
            .stdin(Stdio::piped())
            .stdout(lock)
            .spawn()
            .unwrap();
        assert!(orphans_in(base.path()).is_empty());
        drop(child.stdin.take());
        child.wait().unwrap();
        drop(orphans_in(base.path()));
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_only_has_our_kind_of_name_is_left_alone() {
        let base = tempfile::tempdir().unwrap();
        let theirs = base.path().join("badai-lesson");
        fs::create_dir(&theirs).unwrap();
        fs::write(theirs.join("notes"), "keep me").unwrap();
        drop(orphans_in(base.path()));
        assert!(theirs.join("notes").exists());
    }
}
