//! Reads what a database has, as one role sees it.

use crate::client::{Catalogue, Kind, Relation};
use crate::server::Session;
use serde::de::DeserializeOwned;

/// What is asked of PostgreSQL.
const RELATIONS: &str = include_str!("catalogue/relations.sql");
const ROUTINES: &str = include_str!("catalogue/routines.sql");
const POWERS: &str = include_str!("catalogue/powers.sql");

/// A text that a column holds is taken for one of a few known words up to this many.
const FEW: usize = 6;

/// Whose view it is, and which part of the database.
pub(super) struct View<'a> {
    /// The role.
    pub(super) role: &'a str,
    /// The schemas; none for all.
    pub(super) schemas: &'a [String],
    /// The database that was migrated: clones don't take its own rights with them.
    pub(super) migrated: &'a str,
    /// Ids that accounts have.
    pub(super) accounts: &'a [String],
}

/// Reads it.
pub(super) fn read(session: &mut Session, view: &View<'_>) -> Result<Catalogue, sqlx::Error> {
    let mut catalogue = Catalogue {
        relations: ask(session, RELATIONS, view)?,
        routines: ask(session, ROUTINES, view)?,
        powers: ask(session, POWERS, view)?,
    };
    for relation in &mut catalogue.relations {
        // Some can't be read by anybody: then their columns' names must do.
        let _ = look_inside(session, relation, view.accounts);
        relation.presume();
    }
    Ok(catalogue)
}

fn ask<T: DeserializeOwned>(
    session: &mut Session,
    question: &str,
    view: &View<'_>,
) -> Result<T, sqlx::Error> {
    let schemas: Vec<_> = view.schemas.iter().map(|it| literal(it)).collect();
    let sql = question
        .replace(":role", &literal(view.role))
        .replace(":migrated", &literal(view.migrated))
        .replace(
            ":schemas",
            &format!("array[{}]::text[]", schemas.join(", ")),
        );
    let told = session.texts(&sql)?;
    let told = told.first().map(String::as_str).unwrap_or_default();
    serde_json::from_str(told).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Learns from a relation's rows which columns hold accounts, and which a few words.
fn look_inside(
    session: &mut Session,
    relation: &mut Relation,
    accounts: &[String],
) -> Result<(), sqlx::Error> {
    let table = relation.path();
    let ids: Vec<_> = accounts.iter().map(|it| literal(it)).collect();
    let ids = ids.join(", ");
    for column in &mut relation.columns {
        let name = format!("\"{}\"", column.name.replace('"', "\"\""));
        if matches!(column.kind, Kind::Uuid | Kind::Text | Kind::Number) {
            let holds =
                format!("select 1::text from {table} where {name}::text in ({ids}) limit 1");
            column.account = !session.texts(&holds)?.is_empty();
        }
        if column.kind == Kind::Text && column.labels.is_empty() && !column.unique {
            let words = format!(
                "select distinct {name}::text from {table} \
                 where {name}::text ~ '^[A-Za-z_.-]{{2,24}}$' order by 1 limit {FEW}"
            );
            column.labels = session.texts(&words)?;
        }
    }
    Ok(())
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
