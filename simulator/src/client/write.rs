//! Writing tables: more for oneself, less for somebody else, another history.

use super::catalogue::{Column, Kind, Relation};
use super::guess::{MUCH, Meaning};
use super::{Attacker, literal, quoted};
use crate::storm::{Fault, Trespass};
use crate::target::Reach;

/// Whose rows are written.
const WHOSE: [&str; 2] = ["$ana", "$budi"];
/// How many known values of a column are tried.
const LABELS: usize = 6;

impl Attacker<'_> {
    pub(super) fn writes(&self) -> Vec<Trespass> {
        let relations = self.catalogue.relations.iter();
        relations
            .filter(|relation| relation.is_writable())
            .flat_map(|relation| self.writes_to(relation))
            .map(|typed| self.attempt(Fault::DirectWrite, vec![typed]))
            .collect()
    }

    fn writes_to(&self, relation: &Relation) -> Vec<String> {
        let may = relation.may;
        let mut typed = Vec::new();
        if may.update {
            typed.extend(updates(relation));
        }
        if may.insert {
            typed.extend(inserts(relation));
        }
        if may.delete {
            typed.extend(deletes(relation));
        }
        if may.truncate && self.reach == Reach::Sql {
            typed.push(format!("truncate {} cascade", relation.path()));
        }
        if typed.is_empty() {
            // Nothing is allowed: let PostgreSQL say so once.
            typed.push(format!("delete from {} where true", relation.path()));
        }
        typed
    }
}

/// `where …` for each account, or for all rows where no column says whose they are.
fn whose(relation: &Relation) -> Vec<String> {
    relation.key().map_or_else(
        || vec!["where true".to_owned()],
        |key| {
            let key = quoted(&key.name);
            let one = |account: &&str| format!("where {key} = {}", literal(account));
            WHOSE.iter().map(one).collect()
        },
    )
}

fn updates(relation: &Relation) -> Vec<String> {
    let table = relation.path();
    let mut typed = Vec::new();
    for column in relation.columns.iter().filter(|it| it.update && !it.fixed) {
        let name = quoted(&column.name);
        if column.account {
            // One's own debts to another, another's credits to oneself.
            for (from, to) in [("$budi", "$ana"), ("$ana", "$budi")] {
                let (from, to) = (literal(from), literal(to));
                typed.push(format!(
                    "update {table} set {name} = {to} where {name} = {from}"
                ));
            }
            continue;
        }
        let values: Vec<String> = match column.kind {
            Kind::Number if !column.unique => vec![
                format!("{name} + {MUCH}"),
                format!("{name} - 1"),
                "0".to_owned(),
            ],
            Kind::Bool => vec![format!("not {name}")],
            Kind::Text => column
                .labels
                .iter()
                .take(LABELS)
                .map(|it| literal(it))
                .collect(),
            _ => Vec::new(),
        };
        for value in values {
            for whose in whose(relation) {
                typed.push(format!("update {table} set {name} = {value} {whose}"));
            }
        }
    }
    typed
}

fn deletes(relation: &Relation) -> Vec<String> {
    let table = relation.path();
    let mut typed = Vec::new();
    for whose in whose(relation) {
        // What was spent goes, what was bought stays.
        for column in &relation.columns {
            if column.kind == Kind::Number && !column.unique && !column.account {
                let name = quoted(&column.name);
                typed.push(format!("delete from {table} {whose} and {name} < 0"));
            }
        }
        typed.push(format!("delete from {table} {whose}"));
    }
    typed
}

fn inserts(relation: &Relation) -> Vec<String> {
    let told = relation.columns.iter().find(|it| tells(it));
    let labels = told.map_or(1, |column| column.labels.len().clamp(1, LABELS));
    let mut typed = Vec::new();
    for whole in [false, true] {
        for label in 0..labels {
            for account in WHOSE {
                for amount in [MUCH, "-1000"] {
                    let Some(row) = row(relation, account, amount, label, whole) else {
                        continue;
                    };
                    let (names, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
                    let insert = format!(
                        "insert into {} ({}) values ({})",
                        relation.path(),
                        names.join(", "),
                        values.join(", ")
                    );
                    if !typed.contains(&insert) {
                        typed.push(insert);
                    }
                }
            }
        }
    }
    typed
}

/// Whether a column says what a row is, by one of a few words.
fn tells(column: &Column) -> bool {
    column.kind == Kind::Text && !column.labels.is_empty() && !column.account
}

/// A row's columns with values: what it must have, whose it is and how much, or the `whole` row;
/// `None` if a value can't be guessed that it must have.
pub(super) fn row(
    relation: &Relation,
    account: &str,
    amount: &str,
    label: usize,
    whole: bool,
) -> Option<Vec<(String, String)>> {
    let mut row = Vec::new();
    let mut told = false;
    for column in relation.columns.iter().filter(|it| !it.fixed) {
        let matters = column.required
            || column.account
            || column.kind == Kind::Number && !column.unique
            || tells(column);
        if !(matters || whole && column.insert) {
            continue;
        }
        let nth = if tells(column) && !told { label } else { 0 };
        told |= tells(column);
        match value(column, account, amount, nth) {
            Some(value) => row.push((quoted(&column.name), value)),
            None if column.required => return None,
            None => {}
        }
    }
    (!row.is_empty()).then_some(row)
}

fn value(column: &Column, account: &str, amount: &str, label: usize) -> Option<String> {
    if column.account {
        return Some(literal(account));
    }
    if let Some(label) = column.labels.get(label).or(column.labels.first()) {
        return Some(literal(label));
    }
    let meaning = Meaning::of(&column.name);
    if matches!(column.kind, Kind::Text | Kind::Uuid) {
        let hangs_on = match meaning {
            Meaning::Job => Some("job"),
            Meaning::Fact => Some("fact"),
            Meaning::Customer => Some("customer"),
            _ => None,
        };
        return Some(match (hangs_on, &column.refers) {
            (Some(what), Some(_)) => literal(&format!("{account}_{what}")),
            (_, Some(refers)) => refers.clone(),
            _ => literal("$new"),
        });
    }
    if let Some(refers) = &column.refers {
        return Some(refers.clone());
    }
    Some(match column.kind {
        Kind::Number if column.unique => "900001".to_owned(),
        Kind::Number => amount.to_owned(),
        Kind::Bool => "true".to_owned(),
        Kind::Json => "'{}'".to_owned(),
        Kind::Moment => "'now'".to_owned(),
        Kind::Interval => "'0 s'".to_owned(),
        Kind::Array => "'{}'".to_owned(),
        Kind::Text | Kind::Uuid | Kind::Other => return None,
    })
}
