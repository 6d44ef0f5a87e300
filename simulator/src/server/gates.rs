//! Write gates: a pause before each write inside a database function, in plain SQL.
//!
//! A call of a function is one unit on the wire, but what it writes can be held too. Each table
//! of the ledger gets a trigger that fires first, before any row, and takes and gives back a
//! shared advisory lock. While nobody holds that lock exclusively it is a formality; while we do,
//! the backend rests there, and its statement has a snapshot but no effect yet.
//!
//! Each backend has two such *doors*, used in turn, so that one write can be let through while
//! the next is already kept:
//!
//! ```text
//!  we hold        A B      B        A B            A
//!  backend      … ▌A ─ open A ─ writes ─ … ▌B ─ shut A, open B ─ writes ─ …
//! ```
//!
//! Which door is next is remembered in a lock too, as a roll-back undoes no session's lock; and
//! so is what is about to be written, for people to read.
//!
//! Reads aren't held, nor are writes under `session_replication_role = replica`, which fires no
//! such trigger, nor those to tables that the ledger makes while it runs.

use super::error::ServerError;
use super::session::Session;
use std::collections::BTreeMap;

/// The classes of our advisory locks: the doors, whose turn it is, and what is about to happen.
const DOORS: [u32; 2] = [0x6261_6470, 0x6261_6471];
const TURN: u32 = 0x6261_6472;
const DEED: u32 = 0x6261_6478;

/// What a backend can be about to do, by its number above [`DEED`].
const DEEDS: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"];

/// Where a backend stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for nobody.
    Runs,
    /// It rests at a gate, about to do this, such as `UPDATE wallets`.
    AtGate(String),
    /// It waits for these backends.
    Waits(Vec<u32>),
}

/// The session from which backends of one database are watched and held.
///
/// # Panics
/// Its methods must not be called from within an async runtime: they would block it.
#[derive(Debug)]
pub struct Gates {
    session: Session,
    /// Our own backend.
    me: u32,
    /// Whom we keep, with the door that is open since a write was let through it.
    kept: BTreeMap<u32, Option<u32>>,
}

impl Gates {
    /// The SQL that gives every table of a database its gate; each line is for [`Session::run`].
    pub(super) fn installation() -> String {
        let [a, b] = DOORS;
        format!(
            "create schema if not exists badai_gates;
create or replace function badai_gates.pause() returns trigger language plpgsql
    set search_path = pg_catalog, pg_temp set client_min_messages = error as $badai$
declare
    me   constant int := pg_backend_pid();
    deed constant int := {DEED} + array_position(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'], tg_op) - 1;
    on_  constant int := (tg_relid::bigint - 2147483648)::int;
    door int := {a};
begin
    if pg_advisory_unlock_shared({TURN}, me) then
        door := {b};
    else
        perform pg_advisory_lock_shared({TURN}, me);
    end if;
    perform pg_advisory_lock_shared(deed, on_);
    perform pg_advisory_lock_shared(door, me);
    perform pg_advisory_unlock_shared(door, me);
    perform pg_advisory_unlock_shared(deed, on_);
    return null;
end $badai$;
do $badai$
declare
    it regclass;
begin
    for it in
        select c.oid from pg_catalog.pg_class c
         where c.relkind in ('r', 'p') and c.relpersistence <> 't'
           and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema|badai_gates)'
           and not exists (select from pg_catalog.pg_depend d
                            where d.objid = c.oid and d.deptype = 'e')
    loop
        execute format('create trigger \" badai gate\" before insert or update or delete on %s
                        for each statement execute function badai_gates.pause()', it);
        execute format('create trigger \" badai gate for truncate\" before truncate on %s
                        for each statement execute function badai_gates.pause()', it);
    end loop;
end $badai$;"
        )
    }

    /// Watches a database whose tables have gates.
    pub(super) fn open(url: &str) -> Result<Self, ServerError> {
        let failed = || ServerError::database("watch over the ledger's backends");
        let mut session = Session::open(url).map_err(failed())?;
        let me = session.texts("select pg_backend_pid()::text");
        let me = me.map_err(failed())?.first().and_then(|it| it.parse().ok());
        // The doors must open however little the ledger's owner lets statements wait.
        let stay = "set statement_timeout = 0; set lock_timeout = 0; set idle_session_timeout = 0";
        session.run(stay).map_err(failed())?;
        Ok(Self {
            session,
            me: me.unwrap_or_default(),
            kept: BTreeMap::new(),
        })
    }

    /// Keeps a backend's writes from now on.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn hold(&mut self, backend: u32) -> Result<(), ServerError> {
        let [a, b] = DOORS;
        let shut = match self.kept.insert(backend, None) {
            None => format!(
                "select concat(pg_advisory_lock({a}, {backend}), pg_advisory_lock({b}, {backend}))"
            ),
            Some(Some(open)) => format!("select pg_advisory_lock({open}, {backend})::text"),
            Some(None) => return Ok(()),
        };
        self.ask(&shut).map(drop)
    }

    /// Where each of these backends stands, in one question.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn standings(&mut self, backends: &[u32]) -> Result<Vec<Standing>, ServerError> {
        let (me, last) = (self.me, DEED + 3);
        let pids = backends.iter().map(ToString::to_string);
        let pids = pids.collect::<Vec<_>>().join(", ");
        let told = self.ask(&format!(
            "select concat(array_to_string(it.waits_for, ','), ':', deed.told)
               from (select n, pid, pg_blocking_pids(pid) as waits_for
                       from unnest(array[{pids}]::int[]) with ordinality as of (pid, n)) it
               left join lateral (
                    select concat(l.classid::bigint - {DEED}, ' ',
                           ((l.objid::bigint + 2147483648) % 4294967296)::oid::regclass) as told
                      from pg_locks l
                     where {me} = any(it.waits_for) and l.pid = it.pid
                       and l.locktype = 'advisory' and l.objsubid = 2 and l.granted
                       and l.classid::bigint between {DEED} and {last} limit 1) deed on true
              order by it.n"
        ))?;
        Ok(told.iter().map(|it| self.read(it)).collect())
    }

    fn read(&self, told: &str) -> Standing {
        let (blockers, deed) = told.split_once(':').unwrap_or((told, ""));
        let blockers: Vec<u32> = blockers.split(',').flat_map(str::parse).collect();
        if blockers.is_empty() {
            return Standing::Runs;
        }
        if !blockers.contains(&self.me) {
            return Standing::Waits(blockers);
        }
        let place = deed.split_once(' ').and_then(|(deed, table)| {
            let deed = DEEDS.get(deed.parse::<usize>().ok()?)?;
            Some(format!("{deed} {table}"))
        });
        Standing::AtGate(place.unwrap_or_default())
    }

    /// Lets the write pass at whose gate the backend rests, and keeps the one after it.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn let_through(&mut self, backend: u32) -> Result<(), ServerError> {
        let [a, b] = DOORS;
        let door = self.ask(&format!(
            "select l.classid::text from pg_locks l
              where l.pid = {backend} and l.locktype = 'advisory' and l.objsubid = 2
                and not l.granted and l.classid::bigint in ({a}, {b})"
        ))?;
        let Some(door) = door.first().and_then(|it| it.parse::<u32>().ok()) else {
            return Ok(());
        };
        // Nobody stands at the other door, so shutting it needs no wait.
        let shut = match self.kept.insert(backend, Some(door)) {
            Some(Some(other)) if other != door => {
                format!("pg_advisory_lock({other}, {backend})::text")
            }
            _ => "''".to_owned(),
        };
        let pass = format!("select concat({shut}, pg_advisory_unlock({door}, {backend}))");
        self.ask(&pass).map(drop)
    }

    /// Breaks a backend's statement off.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn cancel(&mut self, backend: u32) -> Result<(), ServerError> {
        let cancel = format!("select pg_cancel_backend({backend})::text");
        self.ask(&cancel).map(drop)
    }

    /// Opens every door: whoever rests goes on, and nobody is kept any more.
    ///
    /// # Errors
    /// The server doesn't answer.
    pub fn open_all(&mut self) -> Result<(), ServerError> {
        if std::mem::take(&mut self.kept).is_empty() {
            return Ok(());
        }
        self.ask("select pg_advisory_unlock_all()::text").map(drop)
    }

    fn ask(&mut self, sql: &str) -> Result<Vec<String>, ServerError> {
        let answer = self.session.texts(sql);
        answer.map_err(ServerError::database("see who waits for whom"))
    }
}
