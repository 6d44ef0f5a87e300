//! Where throw-away folders are put: in memory if the machine has a place for it.

use super::account;
use super::error::ServerError;
use super::folder::{Folder, orphans_in};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Linux's memory-backed folder. A container's default is 64 MB of it, which is too little.
const MEMORY: &str = "/dev/shm";
/// The space that a run may need: the server, a template, and a clone for each worker.
const ROOM_KIB: u64 = 512 * 1024;
/// A Unix socket's path may be 103 bytes long on macOS, 107 on Linux.
const SOCKET_PATH_LIMIT: usize = 103;
/// What comes after the base in a socket's path: `/badai-Xy12Ab/.s.PGSQL.5432`.
const SOCKET_PATH_REST: usize = 27;

/// Makes a throw-away folder in the first place that is fit for one.
pub(super) fn folder() -> Result<Folder, ServerError> {
    let fit = places().into_iter().filter(|base| is_fit(base));
    let mut refusal = None;
    for base in fit {
        match Folder::create_in(&base) {
            Ok(folder) => return Ok(folder),
            Err(error) => refusal = Some(error),
        }
    }
    Err(refusal.unwrap_or_else(|| {
        ServerError::Absent(
            "no folder is fit for a throw-away server; set TMPDIR to a writable one with a path \
             shorter than 76 characters that every user may enter"
                .into(),
        )
    }))
}

/// Deletes what dead runs left behind in any of the places, and says what.
pub(super) fn sweep() -> Vec<PathBuf> {
    let orphans = places().into_iter().flat_map(|base| orphans_in(&base));
    orphans.map(|folder| folder.path().to_owned()).collect()
}

/// Whether throw-away folders are kept in memory here.
pub(super) fn is_in_memory() -> bool {
    is_fit(Path::new(MEMORY))
}

fn places() -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from(MEMORY), std::env::temp_dir(), "/tmp".into()];
    places.dedup();
    places
}

fn is_fit(base: &Path) -> bool {
    base.is_dir()
        && base.as_os_str().len() + SOCKET_PATH_REST <= SOCKET_PATH_LIMIT
        && (base != Path::new(MEMORY) || free_kib(base).is_some_and(|free| free >= ROOM_KIB))
        && (account::me().is_ok_and(|uid| uid != 0) || is_open_to_all(base))
}

/// Whether another user can reach into it: when we are root, the server is another user.
fn is_open_to_all(base: &Path) -> bool {
    base.ancestors().all(|folder| {
        let metadata = folder.metadata();
        metadata.is_ok_and(|found| found.permissions().mode() & 0o001 != 0)
    })
}

/// The free space, asked of `df`: the standard library can't tell.
fn free_kib(base: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(base).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_too_long_for_a_socket_is_not_fit() {
        let base = tempfile::tempdir().unwrap();
        let long = base.path().join("x".repeat(80));
        std::fs::create_dir(&long).unwrap();
        assert!(!is_fit(&long));
    }

    #[test]
    fn a_folder_closed_to_others_is_not_open_to_all() {
        let closed = std::fs::Permissions::from_mode(0o700);
        let base = tempfile::Builder::new()
            .permissions(closed)
            .tempdir()
            .unwrap();
        assert!(!is_open_to_all(base.path()));
        assert!(is_open_to_all(Path::new("/")));
    }
}
