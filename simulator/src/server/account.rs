//! Who the server runs as: PostgreSQL refuses to run as root.

use super::error::ServerError;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The unprivileged user that stands in for root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// `postgres` if this machine has such a user, else `nobody`.
    pub(super) fn find() -> Result<Self, ServerError> {
        let path = Path::new("/etc/passwd");
        let users = fs::read_to_string(path).map_err(ServerError::file("read", path))?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| Self::in_passwd(&users, name))
            .ok_or_else(|| {
                ServerError::Absent(
                    "postgresql does not run as root, and /etc/passwd has neither a user \
                     'postgres' nor 'nobody'; run badai as another user, or: useradd postgres"
                        .into(),
                )
            })
    }

    fn in_passwd(users: &str, name: &str) -> Option<Self> {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next()? != name {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        })
    }

    /// Gives a file or folder to this user.
    pub(super) fn own(self, path: &Path) -> Result<(), ServerError> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .map_err(ServerError::file("give away", path))
    }
}

/// The user id that our files get. It is read from one, since safe Rust has no other way to ask.
pub(super) fn me() -> Result<u32, ServerError> {
    let folder = std::env::temp_dir();
    let file = tempfile::tempfile().and_then(|file| file.metadata());
    Ok(file
        .map_err(ServerError::file("create a file in", &folder))?
        .uid())
}

/// A command that runs as this user, or as ourselves if there is none, in a folder that
/// every user may stand in.
///
/// Variables such as `PGPORT` and `PGDATA` are meant for the user's own server, not for ours.
pub(super) fn command(program: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env("LC_ALL", "C");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\n\
                     postgres2:x:7:7::/:/bin/sh\n\
                     postgres:x:101:104:x,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(
            Account::in_passwd(users, "postgres"),
            Some(Account { uid: 101, gid: 104 })
        );
        assert_eq!(Account::in_passwd(users, "nobody"), None);
    }

    #[test]
    fn root_never_stands_in_for_root() {
        assert_eq!(Account::in_passwd("postgres:x:0:0::/:", "postgres"), None);
    }
}
