//! A server that a run can use, and the databases that it makes there.

use super::database_url::{Address, DatabaseUrl};
use super::error::ServerError;
use super::foreign::LOCK_CLASS;
use super::ours::Ours;
use super::run_id::RunId;
use super::schema::{self, Script};
use super::session::Session;
use super::version::{OLDEST_MAJOR, Version};
use crate::clock::{Stopwatch, unix_now};
use crate::target::Schema;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long clients may take to leave a database; usually 1 ms.
const PATIENCE: Duration = Duration::from_secs(1);

/// A PostgreSQL server for one run. Dropping it stops the server if Badai started it, and
/// otherwise drops the databases that this run made.
///
/// All methods block, so they must not be called from within an async runtime.
pub struct Server {
    url: DatabaseUrl,
    version: Version,
    run: RunId,
    databases: AtomicU32,
    session: Mutex<Session>,
    /// Stops a server of ours when it is dropped, which is after the session has gone.
    keeper: Option<Box<dyn Ours>>,
    /// What holds a server that isn't ours and was started for us all the same.
    holder: Option<Box<dyn Send + Sync>>,
}

/// A migrated database that clones are made of. Nobody connects to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    name: String,
    fingerprint: String,
}

impl Template {
    /// Tells one schema from another: twelve hexadecimal digits of the scripts that made it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// A database of this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    name: String,
    url: DatabaseUrl,
}

impl Server {
    /// Connects to a server; `keeper` stops it when it is dropped, if it is ours to stop.
    pub(super) fn connect(
        url: DatabaseUrl,
        keeper: Option<Box<dyn Ours>>,
    ) -> Result<Self, ServerError> {
        let failed = || ServerError::database(format!("connect to {url}"));
        let mut session = Session::open(url.as_str()).map_err(failed())?;
        let number = session
            .texts("select current_setting('server_version_num')")
            .map_err(failed())?;
        let number = number.first().and_then(|number| number.parse().ok());
        let version = Version::from_number(number.unwrap_or_default());
        if !version.is_supported() {
            return Err(ServerError::Request(format!(
                "{url} is postgresql {version}; name a server of version {OLDEST_MAJOR} or newer"
            )));
        }
        let run = RunId::fresh();
        session.run(&stay(&run)).map_err(failed())?;
        Ok(Self {
            url,
            version,
            run,
            databases: AtomicU32::new(0),
            session: Mutex::new(session),
            keeper,
            holder: None,
        })
    }

    /// Keeps something until the server isn't needed any more.
    pub(super) fn held_by(mut self, holder: impl Send + Sync + 'static) -> Self {
        self.holder = Some(Box::new(holder));
        self
    }

    /// The URL of one of its databases, for sqlx, libpq (`psql`) and node's `pg`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url.with_database(database).as_str().to_owned()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> Address {
        self.url.address()
    }

    /// Which PostgreSQL it is.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Whether Badai started it, and so may crash it or shift its clock, and has it to itself.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.keeper.is_some()
    }

    /// Crashes it and starts it again: all connections are lost, and what was committed isn't.
    ///
    /// # Errors
    /// [`ServerError::Absent`] if it is somebody else's, another if it doesn't come back.
    pub fn crash(&self) -> Result<(), ServerError> {
        let ours = self.ours("and so is not taken down")?;
        let mut session = self.session();
        ours.crash()?;
        let failed = || ServerError::database(format!("connect to {} after its crash", self.url));
        *session = Session::open(self.url.as_str()).map_err(failed())?;
        session.run(&stay(&self.run)).map_err(failed())
    }

    /// Lets its clock be shifted, which takes a restart: all connections are lost.
    ///
    /// # Errors
    /// [`ServerError::Absent`] where it can't be had, another if the server doesn't come back.
    pub fn loosen_clock(&self) -> Result<(), ServerError> {
        self.ours("and so keeps its clock")?.loosen_clock()?;
        self.crash()?;
        // A server that doesn't take its time from the C library has another way to tell it.
        let hour = 3_600;
        self.shift_clock(hour)?;
        let told = self
            .session()
            .texts("select floor(extract(epoch from clock_timestamp()))::bigint::text");
        self.shift_clock(0)?;
        let told = told.map_err(ServerError::database("read the clock"))?;
        let told: Option<i64> = told.first().and_then(|told| told.parse().ok());
        if told.is_some_and(|told| (told - unix_now() - hour).abs() < hour / 2) {
            return Ok(());
        }
        Err(ServerError::Absent(
            "this server's clock doesn't move with the C library's".into(),
        ))
    }

    /// Shifts its clock by so many seconds in all. Backwards only while nothing sleeps there.
    ///
    /// # Errors
    /// If its clock wasn't [loosened](Server::loosen_clock) before.
    pub fn shift_clock(&self, seconds: i64) -> Result<(), ServerError> {
        self.ours("and so keeps its clock")?.shift_clock(seconds)
    }

    fn ours(&self, and_so: &str) -> Result<&dyn Ours, ServerError> {
        let lent = || ServerError::Absent(format!("the server is lent to us, {and_so}"));
        self.keeper.as_deref().ok_or_else(lent)
    }

    /// Makes a template database and applies to it a `.sql` file, or a folder's in name order.
    ///
    /// # Errors
    /// [`ServerError::Schema`] with file and line if one of them fails.
    pub fn install(&self, place: &Path) -> Result<Template, ServerError> {
        self.install_scripts(&Script::read_all(place)?)
    }

    /// Makes a template database and applies these scripts to it in order.
    ///
    /// # Errors
    /// [`ServerError::Schema`] with file and line if one of them fails.
    pub fn install_scripts(&self, scripts: &[Script]) -> Result<Template, ServerError> {
        self.made_of(scripts).map(|(template, _)| template)
    }

    /// Makes a template database with a ledger's schema; also returns what was left out of it.
    ///
    /// # Errors
    /// [`ServerError::Schema`] with file and line if something fails that may not.
    pub fn install_schema(&self, schema: &Schema) -> Result<(Template, Vec<String>), ServerError> {
        self.made_of(&schema::scripts(schema)?)
    }

    fn made_of(&self, scripts: &[Script]) -> Result<(Template, Vec<String>), ServerError> {
        let template = Template {
            name: self.create_database("template", "template0")?,
            fingerprint: Script::fingerprint(scripts),
        };
        match self.apply(&template, scripts) {
            Ok(remarks) => Ok((template, remarks)),
            Err(error) => {
                self.drop_named(&template.name)?;
                Err(error)
            }
        }
    }

    /// Makes a database with all that the template has, in 10 to 30 ms.
    ///
    /// # Errors
    /// If the server refuses, such as when it has no space left.
    pub fn clone_database(&self, template: &Template) -> Result<Database, ServerError> {
        let name = self.create_database("clone", &template.name)?;
        Ok(Database {
            url: self.url.with_database(&name),
            name,
        })
    }

    /// Makes a copy of a database as it stands, once nobody is connected to it.
    ///
    /// # Errors
    /// If somebody stays on, or the server refuses.
    pub fn copy_database(&self, database: &Database) -> Result<Database, ServerError> {
        self.wait_until_left(&database.name)?;
        let name = self.create_database("copy", &database.name)?;
        Ok(Database {
            url: self.url.with_database(&name),
            name,
        })
    }

    /// Drops a database, and whoever is still connected to it.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn drop_database(&self, database: Database) -> Result<(), ServerError> {
        let Database { name, .. } = database;
        self.drop_named(&name)
    }

    fn apply(&self, template: &Template, scripts: &[Script]) -> Result<Vec<String>, ServerError> {
        let failed = || ServerError::database(format!("open {}", template.name));
        let mut session = Session::open(&self.url(&template.name)).map_err(failed())?;
        let mut remarks = Vec::new();
        let applied = scripts
            .iter()
            .try_for_each(|script| script.apply(&mut session, &mut remarks));
        session.close().map_err(failed())?;
        applied?;
        self.wait_until_left(&template.name)?;
        Ok(remarks)
    }

    /// Waits until nobody is connected: Postgres itself would look only every 100 ms. Whoever
    /// stays on is left to Postgres to deal with.
    pub(super) fn wait_until_left(&self, name: &str) -> Result<(), ServerError> {
        let who = format!("select pid::text from pg_stat_activity where datname = '{name}'");
        let ask = || {
            let pids = self.session().texts(&who);
            pids.map_err(ServerError::database("see who is connected"))
        };
        let watch = Stopwatch::start();
        while !ask()?.is_empty() && watch.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn create_database(&self, kind: &str, template: &str) -> Result<String, ServerError> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{kind}{number}", self.run.prefix());
        // Copying files asks for two checkpoints: nothing on our own server, a burden on others'.
        let strategy = if self.is_ours() && self.version.major >= 15 {
            " strategy file_copy"
        } else {
            ""
        };
        let sql = format!("create database {name} template {template}{strategy}");
        self.session()
            .run(&sql)
            .map_err(ServerError::database(format!("create {name}")))?;
        Ok(name)
    }

    fn drop_named(&self, name: &str) -> Result<(), ServerError> {
        // Dropping with force would wait 100 ms for each round of goodbyes. It stays for whoever
        // comes in between, and for those whom only it may send away.
        let leave = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        );
        if self.session().run(&leave).is_ok() {
            self.wait_until_left(name)?;
        }
        self.session()
            .run(&format!("drop database if exists {name} with (force)"))
            .map_err(ServerError::database(format!("drop {name}")))
    }

    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What our own connection says first. The lock is held as long as we are connected: it tells
/// other runs that this one lives.
fn stay(run: &RunId) -> String {
    let lock = format!("select pg_advisory_lock({LOCK_CLASS}, {})", run.number());
    format!("set idle_session_timeout = 0; {lock}")
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.is_ours() {
            return;
        }
        let mine = format!(
            "select datname from pg_database where starts_with(datname, '{}')",
            self.run.prefix()
        );
        let names = self.session().texts(&mine).unwrap_or_default();
        for name in names {
            // What can't be dropped now is dropped by the next run's sweep.
            let _ = self.drop_named(&name);
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}, {})", self.url, self.version)
    }
}

impl Template {
    /// Its database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Database {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Its URL through a Unix socket in this folder, behind which somebody passes on what comes.
    pub(crate) fn url_through(&self, folder: &Path) -> String {
        self.url.through(folder).as_str().to_owned()
    }
}
