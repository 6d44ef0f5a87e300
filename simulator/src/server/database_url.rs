//! A database's URL, as sqlx, libpq and node's `pg` all take it.

use super::error::ServerError;
use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The port in the name of the socket's file; nothing listens on it.
pub(super) const SOCKET_PORT: u16 = 5432;

/// A URL `postgres://…` that names a database. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

/// Where a server listens, for whoever speaks to it without a client library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket, its whole path.
    Socket(PathBuf),
    /// A host and a port.
    Tcp(String, u16),
}

impl DatabaseUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// If it is not one, or names no database.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        let url = Self(text.to_owned());
        let is_postgres = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| text.starts_with(scheme));
        let wrong = |why: &str| {
            ServerError::Request(format!(
                "{url} {why}; write it as postgres://user:password@host:5432/database"
            ))
        };
        if !is_postgres {
            return Err(wrong("is not the url of a postgresql database"));
        }
        PgConnectOptions::from_str(text)
            .map_err(|error| wrong(&format!("can't be read: {error}")))?;
        if url.path().is_empty() {
            return Err(wrong("names no database"));
        }
        if url.query().any(|(name, _)| name == "dbname") {
            return Err(wrong("names its database in 'dbname'"));
        }
        Ok(url)
    }

    /// The URL of a database behind a Unix socket in this folder.
    pub(crate) fn of_socket(folder: &Path, database: &str) -> Self {
        // The host before the path is only there for clients that insist on one.
        Self(format!(
            "postgres://postgres@localhost:{SOCKET_PORT}/{database}?host={}",
            folder.display()
        ))
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> String {
        let options = PgConnectOptions::from_str(&self.0).unwrap_or_default();
        options.get_database().unwrap_or_default().to_owned()
    }

    /// The same server's URL for another database, whose name is plain letters and digits.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let start = self.path_start();
        let rest = &self.0[start..];
        let query = rest.find('?').map_or("", |place| &rest[place..]);
        Self(format!("{}/{name}{query}", &self.0[..start]))
    }

    /// The URL of the same database for the same user, through a Unix socket in this folder.
    pub(crate) fn through(&self, folder: &Path) -> Self {
        let start = self.path_start();
        let authority = &self.0[self.0.find("://").map_or(0, |place| place + 3)..start];
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        let at = if user.is_empty() { "" } else { "@" };
        // The other end of the socket decides these.
        let elsewhere = |name: &str| name.starts_with("host") || name.starts_with("ssl");
        let kept = self
            .query()
            .filter(|(name, _)| !elsewhere(name) && *name != "port");
        let kept: String = kept
            .map(|(name, value)| format!("&{name}={value}"))
            .collect();
        Self(format!(
            "postgres://{user}{at}localhost:{SOCKET_PORT}/{}?host={}{kept}",
            self.path(),
            folder.display(),
        ))
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> Address {
        let options = PgConnectOptions::from_str(&self.0).unwrap_or_default();
        let port = options.get_port();
        match options.get_socket() {
            Some(folder) => Address::Socket(folder.join(format!(".s.PGSQL.{port}"))),
            None => Address::Tcp(options.get_host().to_owned(), port),
        }
    }

    /// The whole URL, password and all.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn path_start(&self) -> usize {
        let authority = self.0.find("://").map_or(0, |place| place + 3);
        let end = self.0[authority..].find(['/', '?']);
        end.map_or(self.0.len(), |end| authority + end)
    }

    fn path(&self) -> &str {
        let path = self.0[self.path_start()..].split('?').next();
        path.unwrap_or_default().trim_start_matches('/')
    }

    fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.0.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(|pair| pair.split_once('='))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (server, database) = self.0.split_at(self.path_start());
        let shown = match server.rsplit_once('@') {
            Some((user, host)) => match user.rmatch_indices(':').find(|(at, _)| {
                // The colon of `postgres://` is no password's.
                !user[*at..].starts_with("://")
            }) {
                Some((at, _)) => format!("{}:***@{host}", &user[..at]),
                None => server.to_owned(),
            },
            None => server.to_owned(),
        };
        write!(
            f,
            "{shown}{}",
            database.split('?').next().unwrap_or_default()
        )
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn through_a_socket_the_user_and_their_options_stay_and_the_host_goes() {
        let url = "postgres://me:pw@host:5433/shop?sslmode=require&host=/run&options=-crole%3Dx";
        let through = DatabaseUrl::parse(url).unwrap().through(Path::new("/line"));
        assert_eq!(
            through.as_str(),
            "postgres://me:pw@localhost:5432/shop?host=/line&options=-crole%3Dx"
        );
        let bare = DatabaseUrl::parse("postgres://host/shop").unwrap();
        assert_eq!(
            bare.through(Path::new("/line")).as_str(),
            "postgres://localhost:5432/shop?host=/line"
        );
    }

    #[test]
    fn another_database_keeps_all_else() {
        let url = DatabaseUrl::parse("postgres://me:a%3Fb@host:6000/mine?sslmode=disable").unwrap();
        assert_eq!(url.database(), "mine");
        assert_eq!(
            url.with_database("other").as_str(),
            "postgres://me:a%3Fb@host:6000/other?sslmode=disable"
        );
        assert_eq!(url.address(), Address::Tcp("host".into(), 6000));
    }

    #[test]
    fn a_socket_is_found_again_in_its_url() {
        let url = DatabaseUrl::of_socket(Path::new("/dev/shm/badai-x"), "d");
        assert_eq!(url.database(), "d");
        assert_eq!(
            url.address(),
            Address::Socket("/dev/shm/badai-x/.s.PGSQL.5432".into())
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = |text| DatabaseUrl::parse(text).unwrap().to_string();
        assert_eq!(shown("postgres://me:secret@h/d"), "postgres://me:***@h/d");
        assert_eq!(
            shown("postgres://me@h/d?password=secret"),
            "postgres://me@h/d"
        );
        assert_eq!(shown("postgres://h:1/d"), "postgres://h:1/d");
    }

    #[test]
    fn a_url_without_a_database_says_how_to_write_one() {
        let error = DatabaseUrl::parse("postgres://me:pw@host").unwrap_err();
        assert_eq!(
            error.to_string(),
            "postgres://me:***@host names no database; write it as \
             postgres://user:password@host:5432/database"
        );
        assert!(DatabaseUrl::parse("mysql://host/d").is_err());
    }
}
