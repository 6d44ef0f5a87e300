//! The library that shifts a server's clock, compiled where and when it is wanted.
//!
//! It is some sixty lines of C, since safe Rust can't stand in for `gettimeofday`. It is loaded
//! into the server alone. What it reads is a file of eight bytes: seconds, in the machine's own
//! order.

use super::error::ServerError;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

const SOURCE: &str = include_str!("clock.c");
/// The library's name in a run's folder: the keeper loads it into the server from then on.
const LIBRARY: &str = "preload.so";
/// The file with the seconds, which the keeper names to the library.
const SHIFT: &str = "clock";

/// Compiles the library into a run's folder, and sets its shift to nothing.
///
/// # Errors
/// [`ServerError::Absent`] if this machine can't: no Linux, no C compiler.
pub(super) fn install(folder: &Path) -> Result<(), ServerError> {
    if !cfg!(target_os = "linux") {
        return Err(ServerError::Absent(
            "a server's clock can be shifted on Linux only".into(),
        ));
    }
    shift(folder, 0)?;
    let source = folder.join("clock.c");
    fs::write(&source, SOURCE).map_err(ServerError::file("write", &source))?;
    // Under another name first: the keeper must never load half of it.
    let (unfinished, library) = (folder.join("preload.part"), folder.join(LIBRARY));
    compile(&source, &unfinished)?;
    open_to_server(&unfinished)?;
    fs::rename(&unfinished, &library).map_err(ServerError::file("finish", &library))
}

/// Shifts the clock by so many seconds in all.
pub(super) fn shift(folder: &Path, seconds: i64) -> Result<(), ServerError> {
    let path = folder.join(SHIFT);
    // In place: the server has this very file mapped.
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).open(&path);
    file.and_then(|mut file| file.write_all(&seconds.to_ne_bytes()))
        .map_err(ServerError::file("write", &path))?;
    open_to_server(&path)
}

fn compile(source: &Path, library: &Path) -> Result<(), ServerError> {
    let absent = |why: String| {
        ServerError::Absent(format!(
            "shifting a server's clock takes a C compiler: {why}"
        ))
    };
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let output = Command::new(&compiler)
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .args([library, source])
        .arg("-ldl")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| absent(format!("{}: {error}", compiler.display())))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(absent(
        said.lines().next().unwrap_or("it failed").to_owned(),
    ))
}

/// The server may run as another user, and our umask may have closed the file to it.
fn open_to_server(path: &Path) -> Result<(), ServerError> {
    fs::set_permissions(path, Permissions::from_mode(0o755))
        .map_err(ServerError::file("open to the server", path))
}
