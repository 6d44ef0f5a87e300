//! Lays write gates into a template, and a watch over what is made of it.

use super::error::ServerError;
use super::server::{Database, Server, Template};
use super::session::Session;
use super::watch::Watch;

impl Server {
    /// Lays a gate before every table of a template, for all the clones that are made of it.
    ///
    /// # Errors
    /// A ledger with a schema `badai_wire` of its own, a server without PL/pgSQL.
    pub fn lay_gates(&self, template: &Template) -> Result<(), ServerError> {
        let failed = || ServerError::database("lay gates before the ledger's tables");
        let mut session = Session::open(&self.url(template.name())).map_err(failed())?;
        let laid = session.run(include_str!("gates.sql")).map_err(failed());
        session.close().map_err(failed())?;
        laid?;
        self.wait_until_left(template.name())
    }

    /// Watches a database of this run.
    ///
    /// # Errors
    /// A server that takes no more connections.
    pub fn watch(&self, database: &Database) -> Result<Watch, ServerError> {
        Watch::open(database.url())
    }

    /// Leaves the end of a deadlock in this database to whoever watches it, for all sessions that
    /// open from now on; false if this server's owner may not.
    pub fn keep_deadlocks(&self, database: &Database) -> bool {
        let name = database.name();
        let sql = format!("alter database {name} set deadlock_timeout = '1h'");
        self.session().run(&sql).is_ok()
    }
}
