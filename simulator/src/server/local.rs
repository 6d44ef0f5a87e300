//! The second way: PostgreSQL's own programs, started in a throw-away folder.

use super::baked;
use super::binaries::{self, Binaries, FOLDER_VARIABLE};
use super::database_url::DatabaseUrl;
use super::error::ServerError;
use super::keeper::Keeper;
use super::scratch;
use super::server::Server;
use super::source::Source;
use super::version::OLDEST_MAJOR;

/// Starts the programs that this machine has.
#[derive(Clone, Debug)]
pub struct LocalBinaries {
    binaries: Option<Binaries>,
}

impl LocalBinaries {
    /// The programs to prefer: those in `BADAI_PG_BIN`, else the newest.
    #[must_use]
    pub fn find() -> Self {
        let mut found = binaries::find().into_iter();
        Self {
            binaries: found.find(|binaries| binaries.version.is_supported()),
        }
    }

    /// These programs.
    #[must_use]
    pub fn new(binaries: Binaries) -> Self {
        Self {
            binaries: Some(binaries),
        }
    }
}

impl Source for LocalBinaries {
    fn name(&self) -> &str {
        "local binaries"
    }

    fn start(&self) -> Result<Server, ServerError> {
        let binaries = self.binaries.as_ref().ok_or_else(|| {
            ServerError::Absent(format!(
                "found no PostgreSQL {OLDEST_MAJOR} or newer in PATH, by pg_config, or in the \
                 usual folders; if it is elsewhere: export {FOLDER_VARIABLE}=/its/bin"
            ))
        })?;
        scratch::sweep();
        let folder = scratch::folder()?;
        let account = folder.give_to_server()?;
        baked::fill(&folder, binaries, account)?;
        let keeper = Keeper::start(binaries, folder, account)?;
        let url = DatabaseUrl::of_socket(keeper.socket_folder(), "postgres");
        Server::connect(url, Some(Box::new(keeper)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::database_url::Address;
    use crate::server::schema::Script;
    use crate::server::session::Session;

    fn start() -> Server {
        LocalBinaries::find().start().unwrap()
    }

    fn script(name: &str, sql: &str) -> Script {
        Script {
            name: name.into(),
            sql: sql.into(),
            ..Script::default()
        }
    }

    /// The folder of a running server.
    fn folder_of(server: &Server) -> std::path::PathBuf {
        let Address::Socket(socket) = server.address() else {
            panic!("a local server listens on a socket");
        };
        socket.parent().unwrap().to_owned()
    }

    /// How many processes name this folder in their command lines.
    fn processes_in(folder: &std::path::Path) -> usize {
        let output = std::process::Command::new("ps")
            .args(["-axo", "command="])
            .output();
        let listed = String::from_utf8(output.unwrap().stdout).unwrap();
        listed.matches(folder.to_str().unwrap()).count()
    }

    #[test]
    fn a_stopped_server_leaves_no_process_and_no_folder() {
        let server = start();
        let folder = folder_of(&server);
        assert!(folder.join("data/PG_VERSION").exists());
        assert!(processes_in(&folder) > 0);
        drop(server);
        assert!(!folder.exists());
        assert_eq!(processes_in(&folder), 0);
    }

    #[test]
    fn a_clone_has_what_the_template_has_and_is_its_own() {
        let server = start();
        let scripts = [
            script("1.sql", "create table credits (amount bigint)"),
            script("2.sql", "insert into credits values (1), (2)"),
        ];
        let template = server.install_scripts(&scripts).unwrap();
        let one = server.clone_database(&template).unwrap();
        let two = server.clone_database(&template).unwrap();
        let sum = "select sum(amount)::text from credits";
        let mut session = Session::open(one.url()).unwrap();
        assert_eq!(session.texts(sum).unwrap(), ["3"]);
        session.run("delete from credits").unwrap();
        assert_eq!(Session::open(two.url()).unwrap().texts(sum).unwrap(), ["3"]);
    }

    #[test]
    fn a_database_in_use_is_dropped_all_the_same() {
        let server = start();
        let template = server.install_scripts(&[]).unwrap();
        let database = server.clone_database(&template).unwrap();
        let mut session = Session::open(database.url()).unwrap();
        server.drop_database(database.clone()).unwrap();
        assert!(session.run("select 1").is_err());
        assert!(Session::open(database.url()).is_err());
    }

    #[test]
    fn two_servers_at_once_know_nothing_of_each_other() {
        let (one, two) = std::thread::scope(|scope| {
            let other = scope.spawn(start);
            (start(), other.join().unwrap())
        });
        assert_ne!(folder_of(&one), folder_of(&two));
        let names = "select datname from pg_database where datname like 'badai%'";
        let template = one.install_scripts(&[]).unwrap();
        one.clone_database(&template).unwrap();
        let mut session = Session::open(&two.url("postgres")).unwrap();
        assert!(session.texts(names).unwrap().is_empty());
        drop(one);
        assert_eq!(session.texts("select 'alive'").unwrap(), ["alive"]);
    }

    #[test]
    fn a_schema_error_names_file_line_and_message() {
        let server = start();
        let wrong = |sql: &str| {
            let scripts = [
                script("001.sql", "create table x ()"),
                script("002.sql", sql),
            ];
            server.install_scripts(&scripts).unwrap_err().to_string()
        };
        assert_eq!(
            wrong("select 1;\n\nselect\n  nothing;"),
            "002.sql:4: column \"nothing\" does not exist (42703)"
        );
        assert_eq!(
            wrong("create table y ();\n-- again\ncreate table x ();\n"),
            "002.sql:3: relation \"x\" already exists (42P07)"
        );
        assert_eq!(
            wrong(
                "begin;\ncreate table z (i int);\ninsert into z\n values (1);\nselect 1 / i - i from z, lateral (select pg_sleep(0 / (i - 1))) t;\ncommit"
            ),
            "002.sql:5: division by zero (22012)"
        );
        assert!(wrong("do $$\nbegin\n  raise 'stop';\nend $$").starts_with(
            "002.sql:1: stop (P0001)\n  where: PL/pgSQL function inline_code_block line 3"
        ));
    }

    #[test]
    fn a_shifted_clock_moves_the_day_and_no_time_out() {
        let server = start();
        server.loosen_clock().unwrap();
        let mut session = Session::open(&server.url("postgres")).unwrap();
        session
            .run("create table stamps (at timestamptz default clock_timestamp())")
            .unwrap();
        session.run("insert into stamps default values").unwrap();
        let age = "select (clock_timestamp() - at > interval '119 minutes')::text from stamps";
        assert_eq!(session.texts(age).unwrap(), ["false"]);
        server.shift_clock(7_200).unwrap();
        assert_eq!(session.texts(age).unwrap(), ["true"]);
        session.run("set statement_timeout = '100ms'").unwrap();
        let slept = session.run("select pg_sleep(20)").unwrap_err();
        assert!(slept.to_string().contains("statement timeout"), "{slept}");
        session.run("select pg_sleep(0.01)").unwrap();
        server.shift_clock(0).unwrap();
        assert_eq!(session.texts(age).unwrap(), ["false"]);
    }

    #[test]
    fn acknowledged_commits_are_not_traded_for_speed() {
        let server = start();
        let settings = "select name || '=' || setting from pg_settings where name in \
            ('synchronous_commit', 'fsync', 'listen_addresses', 'TimeZone') order by name";
        assert_eq!(
            Session::open(&server.url("postgres"))
                .unwrap()
                .texts(settings)
                .unwrap(),
            [
                "TimeZone=UTC",
                "fsync=off",
                "listen_addresses=",
                "synchronous_commit=on"
            ]
        );
    }
}
