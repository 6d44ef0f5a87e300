//! Putting something in the way of a function that runs with its owner's rights.
//!
//! The function says `credits` and means the ledger's. PostgreSQL looks for that name along the
//! *caller's* search path, and in the caller's temporary tables first of all, unless the function
//! pins its own. So a client makes a table, a view, a function or an operator of that name, with
//! a spy in it, and calls. A spy that runs as somebody else than the client is the whole
//! database: it only notes as whom it ran.

use super::catalogue::{Relation, Routine};
use super::{Attacker, literal, quoted, write};
use crate::storm::{Fault, Trespass};
use crate::target::Reach;

/// The class of the advisory lock by which a spy notes as whom it ran, in its second number. It
/// stays when the statement fails or all is undone, and a function that may only read may take it.
pub(crate) const NOTE: u32 = 0x6261_6462;
/// How often one function is called with each thing in its way.
const MOST: usize = 12;
/// A schema of the client's own, where it may make one.
const OWN: &str = "badai_own";

impl Attacker<'_> {
    pub(super) fn shadows(&self) -> Vec<Trespass> {
        if self.reach == Reach::Rest {
            return Vec::new();
        }
        let mut attempts = Vec::new();
        let routines = self.catalogue.routines.iter();
        for routine in routines.filter(|it| it.definer && !it.body.is_empty()) {
            let most = if routine.execute { MOST } else { 1 };
            let calls = self.calls_of(routine, most);
            for way in self.ways(routine) {
                for call in &calls {
                    let mut typed = way.clone();
                    typed.push(call.clone());
                    attempts.push(self.attempt(Fault::TempShadow, typed));
                }
            }
        }
        attempts
    }

    /// What can be put in the way of a routine, as the statements that do it.
    fn ways(&self, routine: &Routine) -> Vec<Vec<String>> {
        let words = words(&routine.body);
        let relations = self.catalogue.relations.iter();
        let mut meant: Vec<&Relation> = Vec::new();
        for relation in relations {
            let new = !meant.iter().any(|it| it.name == relation.name);
            if new && names(&words, &relation.name) {
                meant.push(relation);
            }
        }
        let mut ways = Vec::new();
        if !meant.is_empty() && self.catalogue.powers.temporary {
            for reads in [true, false] {
                let mut way = vec![self.spy("pg_temp", reads)];
                way.extend(
                    meant
                        .iter()
                        .flat_map(|it| shadow(it, "temporary ", "pg_temp", reads)),
                );
                ways.push(way);
            }
        }
        if let Some((mut way, place)) = self.own_schema() {
            way.push(format!("grant usage on schema {place} to public"));
            let beside: Vec<_> = meant
                .iter()
                .filter(|it| quoted(&it.schema) != place)
                .collect();
            if !beside.is_empty() {
                let mut way = way.clone();
                way.push(self.spy(&place, true));
                way.extend(beside.iter().flat_map(|it| shadow(it, "", &place, true)));
                way.push(path(&place));
                ways.push(way);
            }
            way.push(self.spy(&place, true));
            way.extend(self.functions(routine, &words, &place));
            way.extend(self.operators(&routine.body, &place));
            way.push(path(&place));
            ways.push(way);
        }
        ways
    }

    /// The spy that sees reads, or the one that sees writes.
    fn spy(&self, place: &str, reads: bool) -> String {
        let (name, returns, what) = if reads {
            ("badai_sees_reads", "boolean", "true")
        } else {
            ("badai_sees_writes", "trigger", "null")
        };
        format!(
            "create function {place}.{name}() returns {returns} language plpgsql as $spy$ begin \
             if current_user <> {} then perform pg_advisory_lock_shared({NOTE}, \
             current_user::regrole::oid::integer); end if; return {what}; end $spy$",
            literal(&self.client.role)
        )
    }

    /// A schema that the client can put first in its path, and how it is made.
    fn own_schema(&self) -> Option<(Vec<String>, String)> {
        let powers = &self.catalogue.powers;
        if powers.schemas {
            return Some((vec![format!("create schema {OWN}")], OWN.to_owned()));
        }
        let first = powers.creates_in.first()?;
        Some((Vec::new(), quoted(first)))
    }

    /// Functions of the names that the routine calls, taking what those take.
    fn functions(&self, routine: &Routine, words: &[&str], place: &str) -> Vec<String> {
        let called = self.catalogue.routines.iter().filter(|it| {
            !it.procedure && it.schema != place.trim_matches('"') && it.name != routine.name
        });
        called
            .filter(|it| names(words, &it.name))
            .filter_map(|it| {
                let takes: Vec<_> = it.arguments.iter().map(|it| it.sql.as_str()).collect();
                let returns = it.returns.as_ref().filter(|it| *it != "void")?;
                Some(format!(
                    "create function {place}.{}({}) returns {returns} language plpgsql as $spy$ \
                     begin perform {place}.badai_sees_reads(); return null; end $spy$",
                    quoted(&it.name),
                    takes.join(", ")
                ))
            })
            .collect()
    }

    /// Comparisons that the routine makes, of the types that ledgers compare.
    fn operators(&self, body: &str, place: &str) -> Vec<String> {
        let used = ["=", "<>", "<", ">", "<=", ">="].into_iter();
        let used: Vec<_> = used.filter(|operator| body.contains(operator)).collect();
        let mut way = Vec::new();
        for sql in ["bigint", "integer", "numeric", "text", "uuid"] {
            way.push(format!(
                "create function {place}.badai_compares({sql}, {sql}) returns boolean language \
                 plpgsql as $spy$ begin return {place}.badai_sees_reads(); end $spy$"
            ));
            for operator in &used {
                way.push(format!(
                    "create operator {place}.{operator} (leftarg = {sql}, rightarg = {sql}, \
                     function = {place}.badai_compares)"
                ));
            }
        }
        way
    }
}

/// A table in the way of this one, with a row for each account, as the client would like it: it
/// sees whoever writes it, or, as a view, whoever reads it.
fn shadow(relation: &Relation, temporary: &str, place: &str, reads: bool) -> Vec<String> {
    let columns: Vec<_> = relation
        .columns
        .iter()
        .map(|column| format!("{} {}", quoted(&column.name), column.sql))
        .collect();
    let name = quoted(&relation.name);
    let table = if reads {
        quoted(&format!("badai_{}", relation.name))
    } else {
        name.clone()
    };
    let mut way = vec![format!(
        "create {temporary}table {place}.{table} ({})",
        columns.join(", ")
    )];
    // Nothing that it refers to need be there.
    let mut loose = relation.clone();
    for column in &mut loose.columns {
        column.refers = None;
    }
    for account in ["$ana", "$budi"] {
        if let Some(row) = write::row(&loose, account, "1000000", 0, true) {
            let (names, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
            let insert = format!(
                "insert into {place}.{table} ({}) values ({})",
                names.join(", "),
                values.join(", ")
            );
            if way.last() != Some(&insert) {
                way.push(insert);
            }
        }
    }
    if reads {
        way.push(format!(
            // Asked once, before any row is looked for.
            "create {temporary}view {place}.{name} as select * from {place}.{table} \
             where (select {place}.badai_sees_reads())"
        ));
    } else {
        way.push(format!(
            "create trigger badai_spy before insert or update or delete on {place}.{table} \
             execute function {place}.badai_sees_writes()"
        ));
    }
    way.push(format!("grant all on {place}.{name} to public"));
    way
}

/// A search path with the client's own schema first, before PostgreSQL's own.
fn path(place: &str) -> String {
    format!("set local search_path = {place}, pg_catalog, public")
}

/// The words of a routine's text.
fn words(body: &str) -> Vec<&str> {
    body.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether one of the words is that name: SQL takes it in any case.
fn names(words: &[&str], name: &str) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(name))
}
