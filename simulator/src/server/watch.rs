//! A watch over one database: a session of Badai's own beside the ledger's, that shuts and opens
//! the write gates, and asks who waits for whom and what each has touched.
//!
//! The gates themselves are SQL in the database (`gates.sql`). What the watch holds is gone with
//! its connection, so nobody waits at a gate for longer than Badai lives.

use super::error::ServerError;
use super::session::Session;
use std::collections::{BTreeMap, BTreeSet};

/// The two locks of each gate, of which the watch holds one in turn: "badA", "badB" in ASCII.
const KEYS: [u32; 2] = [0x6261_6441, 0x6261_6442];

/// What a backend at a gate is about to do, as the gate's own note in `pg_locks` says it:
/// "badI", "badU", "badD", "badT".
const VERBS: [(u32, &str); 4] = [
    (0x6261_6449, "insert into"),
    (0x6261_6455, "update"),
    (0x6261_6444, "delete from"),
    (0x6261_6454, "truncate"),
];

/// Where a backend stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It waits for nobody: it works, or waits for its client.
    #[default]
    Free,
    /// It rests at a write gate.
    AtGate,
    /// It waits for these backends.
    Waits(Vec<u32>),
}

/// What is seen of a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Where it stands.
    pub standing: Standing,
    /// What its transaction has touched so far.
    pub touched: Touched,
}

/// What a backend's transaction has touched so far, as its locks tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Tables that it looked at, by object id.
    pub read: BTreeSet<u32>,
    /// Tables in which it wrote rows.
    pub written: BTreeSet<u32>,
    /// Tables in which it locked rows.
    pub locked: BTreeSet<u32>,
    /// Sequences that it drew from.
    pub drawn: BTreeSet<u32>,
    /// It has a number of its own, without which no row can be written or locked.
    pub numbered: bool,
    /// It holds something else: a whole table, advisory locks of the ledger's own, the marks that
    /// SERIALIZABLE leaves.
    pub more: bool,
    /// The write that it is about to do, where it rests at a gate: the table, and in words such
    /// as `update wallets`.
    pub pending: Option<(u32, String)>,
}

/// What of a database's doings can be chosen, and what is left to PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Tables without a gate: they belong to somebody else.
    pub ungated: u32,
    /// A transaction may check or do more at its commit than its locks tell before.
    pub defers: bool,
    /// Some role or database asks for another isolation than READ COMMITTED by default.
    pub isolates: bool,
}

/// A session that watches one database.
#[derive(Debug)]
pub struct Watch {
    session: Session,
    backend: u32,
    /// Which of a gate's keys is held, for each backend whose gate is shut.
    shut: BTreeMap<u32, usize>,
}

impl Watch {
    /// Watches the database of this URL.
    pub(super) fn open(url: &str) -> Result<Self, ServerError> {
        let mut session = Session::open(url).map_err(failed("watch a database"))?;
        // Nothing that it asks for is ever held for long.
        let set = "set lock_timeout = '10s'; set statement_timeout = 0; \
                   set idle_session_timeout = 0; set search_path = public";
        session.run(set).map_err(failed("watch a database"))?;
        let backend = session.texts("select pg_backend_pid()::text");
        let backend = backend.map_err(failed("watch a database"))?;
        Ok(Self {
            session,
            backend: numbers(&backend).first().copied().unwrap_or(0),
            shut: BTreeMap::new(),
        })
    }

    /// Lays a gate before each table that has none yet, and looks at what else there is.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn look(&mut self) -> Result<Reach, ServerError> {
        let sql = "select badai_wire.lay()::text \
             union all select count(*)::text from pg_trigger where tgdeferrable \
             union all select count(*)::text from pg_db_role_setting \
               where array_to_string(setconfig, ' ') like '%isolation%'";
        let counts = self.session.texts(sql).map_err(failed("lay gates"))?;
        let counts = numbers(&counts);
        let count = |place: usize| counts.get(place).copied().unwrap_or(0);
        Ok(Reach {
            ungated: count(0),
            defers: count(1) > 0,
            isolates: count(2) > 0,
        })
    }

    /// Shuts the gates of a backend that isn't working now: its writes will rest there.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn shut(&mut self, backend: u32) -> Result<(), ServerError> {
        if self.shut.contains_key(&backend) {
            return Ok(());
        }
        let sql = format!("select pg_advisory_lock({}, {backend})", KEYS[0]);
        self.session.run(&sql).map_err(failed("shut a gate"))?;
        self.shut.insert(backend, 0);
        Ok(())
    }

    /// Lets a backend that rests at a gate go on to its next.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn pass(&mut self, backend: u32) -> Result<(), ServerError> {
        let Some(held) = self.shut.get_mut(&backend) else {
            return Ok(());
        };
        let next = 1 - *held;
        let sql = format!(
            "select pg_advisory_lock({}, {backend}), pg_advisory_unlock({}, {backend})",
            KEYS[next], KEYS[*held]
        );
        *held = next;
        self.session.run(&sql).map_err(failed("open a gate"))
    }

    /// Opens all gates, for good.
    ///
    /// # Errors
    /// The server doesn't answer; the gates are open then too, for its sessions are gone.
    pub fn open_all(&mut self) -> Result<(), ServerError> {
        if self.shut.is_empty() {
            return Ok(());
        }
        self.shut.clear();
        let all = "select pg_advisory_unlock_all()";
        self.session.run(all).map_err(failed("open the gates"))
    }

    /// Where each of these backends stands, and then what it has touched in the transaction that it
    /// is in: whoever didn't work when the first was asked hasn't moved since.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn see(&mut self, backends: &BTreeSet<u32>) -> Result<BTreeMap<u32, Seen>, ServerError> {
        let sql = "select concat_ws(' ', 'by', b, array_to_string(pg_blocking_pids(b::int), ' ')) \
               from unnest($1) b \
             union all select concat_ws(' ', l.pid, l.mode, coalesce(l.relation, l.classid, 0), \
               coalesce(c.relkind::text, l.locktype), l.objid::bigint, \
               case when l.locktype = 'advisory' then l.objid::regclass end) \
             from pg_locks l left join pg_class c \
               on l.locktype = 'relation' and c.oid = l.relation \
             where l.pid = any($1) and (l.locktype = 'advisory' or l.mode = 'SIReadLock' \
               or l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted \
               or l.relation >= 16384 and c.relkind in ('r', 'p', 'm', 'S'))";
        let rows = (self.session).texts_of(sql, backends.iter().copied());
        let rows = rows.map_err(failed("see who waits for whom"))?;
        let mut seen: BTreeMap<u32, Seen> = backends
            .iter()
            .map(|backend| (*backend, Seen::default()))
            .collect();
        for row in &rows {
            if let Some(by) = row.strip_prefix("by ") {
                if let [backend, by @ ..] = numbers(by.split(' ')).as_slice() {
                    seen.entry(*backend).or_default().standing = self.standing(by);
                }
                continue;
            }
            let mut words = row.splitn(6, ' ');
            let mut word = || words.next().unwrap_or_default();
            let Ok(backend) = word().parse() else {
                continue;
            };
            let (mode, what) = (word(), word().parse().unwrap_or(0));
            let kind = word();
            let touched = &mut seen.entry(backend).or_default().touched;
            if kind == "advisory" {
                touched.advisory(what, word().parse().unwrap_or(0), word());
            } else {
                touched.lock(mode, kind, what);
            }
        }
        Ok(seen)
    }

    /// Where a backend stands that waits for these.
    fn standing(&self, by: &[u32]) -> Standing {
        match by {
            [] => Standing::Free,
            [only] if *only == self.backend => Standing::AtGate,
            _ => Standing::Waits(by.to_vec()),
        }
    }

    /// Ends what a backend does, as PostgreSQL ends a deadlock's victim: its client gets an error.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn cancel(&mut self, backend: u32) -> Result<(), ServerError> {
        let sql = format!("select pg_cancel_backend({backend})");
        self.session.run(&sql).map_err(failed("end a statement"))
    }

    /// Ends a backend that never comes back.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn terminate(&mut self, backend: u32) -> Result<(), ServerError> {
        let sql = format!("select pg_terminate_backend({backend})");
        self.session.run(&sql).map_err(failed("end a session"))
    }
}

impl Touched {
    /// Takes a lock of this mode on something of this kind: `pg_class.relkind`, or another word.
    fn lock(&mut self, mode: &str, kind: &str, table: u32) {
        let tables = match (mode, kind) {
            (_, "transactionid") => {
                self.numbered = true;
                return;
            }
            ("RowExclusiveLock", "S") => &mut self.drawn,
            ("AccessShareLock", _) => &mut self.read,
            ("RowExclusiveLock", _) => &mut self.written,
            ("RowShareLock", _) => &mut self.locked,
            _ => {
                self.more = true;
                return;
            }
        };
        tables.insert(table);
    }

    fn advisory(&mut self, class: u32, key: u32, name: &str) {
        if let Some((_, verb)) = VERBS.iter().find(|(verb, _)| *verb == class) {
            self.pending = Some((key, format!("{verb} {name}")));
        } else if !KEYS.contains(&class) {
            self.more = true;
        }
    }
}

fn failed(doing: &'static str) -> impl FnOnce(sqlx::Error) -> ServerError {
    ServerError::database(doing)
}

fn numbers<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<u32> {
    let texts = texts.into_iter();
    texts.filter_map(|it| it.as_ref().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::schema::Script;
    use crate::server::{Database, LocalBinaries, Server, Source};
    use std::sync::mpsc::{Receiver, channel};

    const SCHEMA: &str = "create role anon nologin;
        create table notes (note text);
        create table secrets (secret text);
        grant insert on notes to anon;
        create function keep(what text) returns void
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            insert into public.secrets values (what);
            delete from public.secrets where secret <> what;
        end $$;";

    /// A server with a gated database, and a watch over it.
    fn gated() -> (Server, Database, Watch) {
        let server = LocalBinaries::find().start().unwrap();
        let script = Script {
            name: "schema.sql".into(),
            sql: SCHEMA.into(),
            ..Script::default()
        };
        let template = server.install_scripts(&[script]).unwrap();
        server.lay_gates(&template).unwrap();
        let database = server.clone_database(&template).unwrap();
        let watch = server.watch(&database).unwrap();
        (server, database, watch)
    }

    /// A session with its backend.
    fn session(database: &Database) -> (Session, u32) {
        let mut session = Session::open(database.url()).unwrap();
        let pid = session.texts("select pg_backend_pid()::text").unwrap();
        (session, pid[0].parse().unwrap())
    }

    /// Runs statements on a thread of their own.
    fn runs(mut session: Session, sql: &'static str) -> Receiver<Result<(), sqlx::Error>> {
        let (tell, told) = channel();
        std::thread::spawn(move || tell.send(session.run(sql)));
        told
    }

    fn seen(watch: &mut Watch, backend: u32) -> Seen {
        let mut seen = watch.see(&BTreeSet::from([backend])).unwrap();
        seen.remove(&backend).unwrap()
    }

    fn until(watch: &mut Watch, backend: u32, wanted: &str) {
        loop {
            let seen = seen(watch, backend);
            let pending = seen.touched.pending;
            if seen.standing == Standing::AtGate && pending.is_some_and(|(_, it)| it == wanted) {
                return;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn each_write_inside_a_function_rests_at_its_own_gate() {
        let (_server, database, mut watch) = gated();
        let (mut session, backend) = session(&database);
        session.run("set role anon").unwrap();
        watch.shut(backend).unwrap();
        let done = runs(session, "insert into notes values ('a'); select keep('b')");
        until(&mut watch, backend, "insert into notes");
        watch.pass(backend).unwrap();
        until(&mut watch, backend, "insert into secrets");
        watch.pass(backend).unwrap();
        until(&mut watch, backend, "delete from secrets");
        assert!(done.try_recv().is_err());
        watch.pass(backend).unwrap();
        done.recv().unwrap().unwrap();
    }

    #[test]
    fn a_gate_is_open_to_all_whom_nobody_watches_and_shut_to_those_who_switch_triggers_off() {
        let (_server, database, mut watch) = gated();
        let (mut free, _) = session(&database);
        free.run("insert into notes values ('a')").unwrap();
        let (session, backend) = session(&database);
        watch.shut(backend).unwrap();
        let sql = "set session_replication_role = replica; truncate notes";
        let done = runs(session, sql);
        until(&mut watch, backend, "truncate notes");
        watch.open_all().unwrap();
        done.recv().unwrap().unwrap();
    }

    #[test]
    fn a_table_that_is_made_later_gets_its_gate_at_the_next_look() {
        let (_server, database, mut watch) = gated();
        let (mut session, backend) = session(&database);
        session.run("create table later (i int)").unwrap();
        assert_eq!(watch.look().unwrap(), Reach::default());
        watch.shut(backend).unwrap();
        let done = runs(session, "insert into later values (1)");
        until(&mut watch, backend, "insert into later");
        watch.cancel(backend).unwrap();
        assert!(done.recv().unwrap().is_err());
    }

    #[test]
    fn what_a_transaction_touched_is_told_by_table() {
        let (_server, database, mut watch) = gated();
        let (mut session, backend) = session(&database);
        let oid = "select unnest(array['notes', 'secrets'])::regclass::oid::bigint::text";
        let oids = numbers(session.texts(oid).unwrap());
        let sql = "begin; select * from notes; select * from secrets for update;
                   insert into notes values ('a')";
        session.run(sql).unwrap();
        let touched = seen(&mut watch, backend).touched;
        assert_eq!(touched.read, BTreeSet::from([oids[0]]));
        assert_eq!(touched.written, BTreeSet::from([oids[0]]));
        assert_eq!(touched.locked, BTreeSet::from([oids[1]]));
        assert!(touched.numbered && !touched.more && touched.pending.is_none());
        session.run("select pg_advisory_lock(7)").unwrap();
        assert!(seen(&mut watch, backend).touched.more);
    }
}
