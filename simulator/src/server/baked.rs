//! A data folder baked once: `initdb` takes half a second, unpacking its result 25 ms.
//!
//! The result is one archive in the user's cache, named after all that went into it. It is
//! written under another name, flushed, and renamed, so a file with the right name is whole even
//! if the power goes; and runs that start at once take turns, so only the first one bakes.

use super::account::{self, Account, command};
use super::binaries::Binaries;
use super::error::ServerError;
use super::folder::{DATA, Folder};
use super::settings;
use std::fs::{self, DirBuilder, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Fills a run's folder with fresh data, baking it first if nobody has yet.
pub(super) fn fill(
    folder: &Folder,
    binaries: &Binaries,
    account: Option<Account>,
) -> Result<(), ServerError> {
    let cache = cache_folder()?;
    let archive = cache.join(name(binaries));
    if !archive.exists() {
        let lock = cache.join("lock");
        let file = File::create(&lock).map_err(ServerError::file("create", &lock))?;
        file.lock().map_err(ServerError::file("lock", &lock))?;
        // Another run may have baked it while we waited.
        if !archive.exists() {
            bake(folder, binaries, account, &archive)?;
        }
    }
    let packed = File::open(&archive).map_err(ServerError::file("open", &archive))?;
    let mut unpack = command(Path::new("tar"), account);
    unpack.arg("-C").arg(folder.path()).args(["-xmf", "-"]);
    run(unpack.stdin(packed))
}

/// The archive's name: anything that would change its contents changes the name.
fn name(binaries: &Binaries) -> String {
    let mut hasher = DefaultHasher::new();
    settings::INITDB.hash(&mut hasher);
    settings::configuration(binaries.version).hash(&mut hasher);
    (std::env::consts::OS, std::env::consts::ARCH).hash(&mut hasher);
    binaries.folder.hash(&mut hasher);
    format!("postgres-{}-{:016x}.tar", binaries.version, hasher.finish())
}

fn bake(
    folder: &Folder,
    binaries: &Binaries,
    account: Option<Account>,
    archive: &Path,
) -> Result<(), ServerError> {
    let data = folder.data();
    // macOS had no C.UTF-8 for long; C sorts the same.
    initdb(&data, binaries, account, "C.UTF-8")
        .or_else(|_| initdb(&data, binaries, account, "C"))?;
    let configuration = data.join("postgresql.conf");
    fs::write(&configuration, settings::configuration(binaries.version))
        .map_err(ServerError::file("write", &configuration))?;

    // Only whoever holds the lock writes under this name; what a killed run left is overwritten.
    let unfinished = archive.with_extension("unfinished");
    let output = File::create(&unfinished).map_err(ServerError::file("create", &unfinished))?;
    let flush = output.try_clone();
    let mut pack = Command::new("tar");
    pack.arg("-C").arg(folder.path()).args(["-cf", "-", DATA]);
    run(pack.stdout(output))?;
    flush
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&unfinished, archive))
        .map_err(ServerError::file("finish", &unfinished))?;
    fs::remove_dir_all(&data).map_err(ServerError::file("delete", &data))
}

fn initdb(
    data: &Path,
    binaries: &Binaries,
    account: Option<Account>,
    locale: &str,
) -> Result<(), ServerError> {
    let mut initdb = command(&binaries.program("initdb"), account);
    initdb.arg("-D").arg(data).args(settings::INITDB);
    initdb.arg(format!("--locale={locale}"));
    run(initdb.stdout(Stdio::null()))
}

/// Runs a program to its end; if it fails, what it said is the error.
fn run(command: &mut Command) -> Result<(), ServerError> {
    let program = PathBuf::from(command.get_program());
    let output = command
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .map_err(ServerError::file("run", &program))?;
    if output.status.success() {
        return Ok(());
    }
    Err(ServerError::Start {
        program: program.display().to_string(),
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Where baked folders are kept: `badai` in the user's cache, else in the temporary folder.
///
/// # Errors
/// If there is no place that we own: an archive that somebody else could write is not trusted.
pub(super) fn cache_folder() -> Result<PathBuf, ServerError> {
    let me = account::me()?;
    let absolute = |name| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let places = [
        absolute("XDG_CACHE_HOME").map(|cache| cache.join("badai")),
        absolute("HOME").map(|home| home.join(".cache/badai")),
        Some(std::env::temp_dir().join(format!("badai-cache-{me}"))),
    ];
    let ours = places.into_iter().flatten().find(|place| {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(place);
        made.is_ok()
            && fs::symlink_metadata(place).is_ok_and(|found| found.is_dir() && found.uid() == me)
    });
    ours.ok_or_else(|| {
        ServerError::Absent(
            "no folder to keep a prepared server in; set XDG_CACHE_HOME to a writable one".into(),
        )
    })
}
