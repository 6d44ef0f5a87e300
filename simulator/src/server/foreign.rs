//! The first way: a server that somebody lent us.
//!
//! Nothing in the lent database is read or written. Badai makes its own databases beside it,
//! `badai_<run>_…`, and drops them when the run ends. A run that was killed can't, so the next
//! one does: each run holds an advisory lock with its number for as long as it is connected, and
//! a database whose run holds none belongs to the dead.

use super::database_url::DatabaseUrl;
use super::error::ServerError;
use super::run_id::RunId;
use super::server::Server;
use super::session::Session;
use super::source::Source;
use std::collections::HashSet;

/// The first number of our advisory locks, so that they are no application's: "bada" in ASCII.
pub(super) const LOCK_CLASS: u32 = 0x6261_6461;

/// A server behind a URL.
#[derive(Clone, Debug)]
pub struct Foreign {
    url: DatabaseUrl,
}

impl Foreign {
    /// The server of this database, which its owner has called disposable.
    #[must_use]
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url }
    }
}

impl Source for Foreign {
    fn name(&self) -> &str {
        "database url"
    }

    fn start(&self) -> Result<Server, ServerError> {
        sweep(&self.url)?;
        may_create_databases(&self.url)?;
        Server::connect(self.url.clone(), None)
    }
}

/// Refuses a user who could not make a single database.
fn may_create_databases(url: &DatabaseUrl) -> Result<(), ServerError> {
    let failed = || ServerError::database(format!("connect to {url}"));
    let mut session = Session::open(url.as_str()).map_err(failed())?;
    let barred = session
        .texts(
            "select quote_ident(rolname) from pg_roles \
             where rolname = current_user and not (rolcreatedb or rolsuper)",
        )
        .map_err(failed())?;
    barred.first().map_or(Ok(()), |role| {
        Err(ServerError::Request(format!(
            "{role} may not create databases at {url}; as its administrator: \
             alter role {role} createdb"
        )))
    })
}

/// Drops the databases that dead runs left on this server, and says which.
///
/// # Errors
/// If the server can't be reached. What belongs to another user is left alone.
pub(super) fn sweep(url: &DatabaseUrl) -> Result<Vec<String>, ServerError> {
    let failed = || ServerError::database(format!("connect to {url}"));
    let mut session = Session::open(url.as_str()).map_err(failed())?;
    // The databases are listed before the living: what a run makes after it has locked is then
    // never taken for an orphan.
    let databases = session
        .texts(
            "select datname::text from pg_database \
             where starts_with(datname, 'badai_') and datname <> current_database() \
             and pg_has_role(datdba, 'member')",
        )
        .map_err(failed())?;
    let living: HashSet<String> = session
        .texts(&format!(
            "select objid::text from pg_locks \
             where locktype = 'advisory' and classid = {LOCK_CLASS} and objsubid = 2"
        ))
        .map_err(failed())?
        .into_iter()
        .collect();
    let mut orphans = databases;
    orphans.retain(|name| {
        RunId::of_database(name).is_some_and(|run| !living.contains(&run.number().to_string()))
            && session
                .run(&format!("drop database if exists {name} with (force)"))
                .is_ok()
    });
    Ok(orphans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::LocalBinaries;

    /// A server with a database that is lent, and a session that looks on.
    fn lent() -> (Server, DatabaseUrl, Session) {
        let server = LocalBinaries::find().start().unwrap();
        let mut session = Session::open(&server.url("postgres")).unwrap();
        session.run("create database lent").unwrap();
        let url = DatabaseUrl::parse(&server.url("lent")).unwrap();
        (server, url, session)
    }

    fn databases(session: &mut Session) -> Vec<String> {
        session
            .texts(
                "select datname::text from pg_database \
                 where datname not in ('postgres', 'template0', 'template1') order by datname",
            )
            .unwrap()
    }

    #[test]
    fn a_lent_server_gets_back_what_it_lent() {
        let (_lender, url, mut session) = lent();
        let server = Foreign::new(url).start().unwrap();
        assert!(!server.is_ours());
        let template = server.install_scripts(&[]).unwrap();
        let clone = server.clone_database(&template).unwrap();
        assert_eq!(databases(&mut session).len(), 3);
        let _still_connected = Session::open(clone.url()).unwrap();
        drop(server);
        assert_eq!(databases(&mut session), ["lent"]);
    }

    #[test]
    fn a_dead_runs_databases_are_dropped_and_a_living_ones_are_not() {
        let (_lender, url, mut session) = lent();
        let living = Foreign::new(url.clone()).start().unwrap();
        let template = living.install_scripts(&[]).unwrap();
        let clone = living.clone_database(&template).unwrap();
        for name in ["badai_0000dead_clone1", "badai_lesson_1"] {
            session.run(&format!("create database {name}")).unwrap();
        }
        assert_eq!(sweep(&url).unwrap(), ["badai_0000dead_clone1"]);
        let left = databases(&mut session);
        assert!(left.contains(&clone.name().to_owned()), "{left:?}");
        assert!(left.contains(&"badai_lesson_1".to_owned()), "{left:?}");
    }

    #[test]
    fn a_user_who_may_not_create_databases_is_told_what_to_type() {
        let (_lender, url, mut session) = lent();
        session.run("create role poor login").unwrap();
        let poor = url.as_str().replace("postgres@", "poor@");
        let error = Foreign::new(DatabaseUrl::parse(&poor).unwrap()).start();
        let error = error.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error.to_string().ends_with("alter role poor createdb"),
            "{error}"
        );
    }
}
