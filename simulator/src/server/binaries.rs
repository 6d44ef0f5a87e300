//! Finds the PostgreSQL programs of this machine.
//!
//! Distributions keep `postgres` and `initdb` out of `PATH`, so the usual folders are looked
//! through as well. `BADAI_PG_BIN` names a folder that is taken before all others.

use super::version::Version;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable that names the folder to look in first.
pub const FOLDER_VARIABLE: &str = "BADAI_PG_BIN";

/// Folders that hold one folder a version; `*` stands for any name.
const USUAL: [&str; 7] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/libexec/postgresql*",
];

/// A folder with the programs of one PostgreSQL version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// Where `postgres` and `initdb` are.
    pub folder: PathBuf,
    /// Which version they are.
    pub version: Version,
}

impl Binaries {
    /// The programs in this folder, if it holds a whole server.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Option<Self> {
        if !folder.join("postgres").is_file() || !folder.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        Some(Self {
            folder: folder.to_owned(),
            version: Version::from_program(&String::from_utf8_lossy(&output.stdout))?,
        })
    }

    /// One of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Every PostgreSQL of this machine, the one to use first: the folder in `BADAI_PG_BIN`, then
/// the newest version. Versions that are too old are in the list too, for `doctor` to name.
#[must_use]
pub fn find() -> Vec<Binaries> {
    let chosen = std::env::var_os(FOLDER_VARIABLE)
        .and_then(|folder| Binaries::in_folder(Path::new(&folder)));
    let mut found: Vec<Binaries> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    for folder in candidates() {
        // `/usr/bin/postgres` is often a link into one of the usual folders.
        let Ok(real) = folder.join("postgres").canonicalize() else {
            continue;
        };
        if !seen.contains(&real) {
            seen.push(real);
            found.extend(Binaries::in_folder(&folder));
        }
    }
    found.sort_by_key(|binaries| std::cmp::Reverse(binaries.version));
    chosen.into_iter().chain(found).collect()
}

fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Some(config) = folders
        .iter()
        .map(|folder| folder.join("pg_config"))
        .find(|program| program.is_file())
        && let Ok(output) = Command::new(config).arg("--bindir").output()
    {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    folders.extend(USUAL.iter().flat_map(|pattern| matches(Path::new(pattern))));
    folders
}

/// The folders that a pattern with at most one `*` stands for.
fn matches(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern {
        let part = part.to_string_lossy();
        let Some((start, end)) = part.split_once('*') else {
            found.iter_mut().for_each(|folder| folder.push(&*part));
            continue;
        };
        found = found
            .iter()
            .filter_map(|folder| folder.read_dir().ok())
            .flat_map(Iterator::flatten)
            .filter(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                name.starts_with(start) && name.ends_with(end)
            })
            .map(|entry| entry.path())
            .collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_version() {
        let root = tempfile::tempdir().unwrap();
        for name in ["pgsql-15/bin", "pgsql-16/bin", "other/bin"] {
            std::fs::create_dir_all(root.path().join(name)).unwrap();
        }
        let mut found = matches(&root.path().join("pgsql-*/bin"));
        found.sort();
        assert_eq!(
            found,
            [
                root.path().join("pgsql-15/bin"),
                root.path().join("pgsql-16/bin")
            ]
        );
    }

    #[test]
    fn a_folder_without_initdb_is_no_server() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("postgres"), "").unwrap();
        assert_eq!(Binaries::in_folder(folder.path()), None);
    }
}
