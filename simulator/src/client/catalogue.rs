//! What a database has, as one role sees it.

use super::guess::Meaning;
use super::quoted;
use serde::Deserialize;

/// Everything that the ledger's schema made, in the order of its names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Tables, views and materialised views.
    pub relations: Vec<Relation>,
    /// Functions and procedures.
    pub routines: Vec<Routine>,
    /// What the role may do beyond them.
    pub powers: Powers,
}

/// What a role may do to the database itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Powers {
    /// Make temporary tables.
    pub temporary: bool,
    /// Make schemas.
    pub schemas: bool,
    /// The schemas in which it may make things.
    pub creates_in: Vec<String>,
}

/// A table, or what can be read like one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Relation {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// PostgreSQL's letter for it: `r` and `p` tables, `v` a view, `m` a materialised one, `f` a
    /// foreign table.
    pub kind: String,
    /// What the role may do with it, row level security aside.
    pub may: May,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
}

/// Rights to a relation, or to some column of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[allow(missing_docs)]
pub struct May {
    pub select: bool,
    pub insert: bool,
    pub update: bool,
    pub delete: bool,
    pub truncate: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as SQL writes it.
    #[serde(rename = "type")]
    pub sql: String,
    /// What it holds.
    pub kind: Kind,
    /// The values that a row can have there, if they are few and known.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The role may read it.
    pub select: bool,
    /// The role may write it in a new row.
    pub insert: bool,
    /// The role may change it.
    pub update: bool,
    /// A new row must say it.
    pub required: bool,
    /// PostgreSQL alone writes it.
    pub fixed: bool,
    /// No two rows have the same.
    pub unique: bool,
    /// Where another row's key is had that it must name.
    pub refers: Option<String>,
    /// It holds ids of accounts.
    #[serde(default)]
    pub account: bool,
}

/// A function or procedure.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Routine {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Called, not selected.
    pub procedure: bool,
    /// It runs with its owner's rights.
    pub definer: bool,
    /// The role may call it.
    pub execute: bool,
    /// Its rows have no columns that SQL knows beforehand.
    pub loose: bool,
    /// What it returns, as SQL writes it.
    pub returns: Option<String>,
    /// What it takes, in order.
    pub arguments: Vec<Argument>,
    /// Its source text; empty where it was parsed when it was made.
    pub body: String,
}

/// What a routine takes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Argument {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its type, as SQL writes it.
    #[serde(rename = "type")]
    pub sql: String,
    /// What it holds.
    pub kind: Kind,
    /// The values of its type, if they are listed.
    #[serde(default)]
    pub labels: Vec<String>,
    /// It may be left out.
    pub optional: bool,
}

/// What a value is, as far as somebody who guesses one must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Kind {
    Number,
    Text,
    Uuid,
    Bool,
    Json,
    Moment,
    Interval,
    Array,
    Other,
}

impl Relation {
    /// Its whole name, as SQL takes it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    /// The first column that holds accounts' ids.
    #[must_use]
    pub fn key(&self) -> Option<&Column> {
        self.columns.iter().find(|column| column.account)
    }

    /// Goes by the columns' names where no row told which of them holds accounts.
    pub fn presume(&mut self) {
        let named = |column: &&mut Column| {
            let fits = match column.kind {
                Kind::Uuid | Kind::Text => true,
                Kind::Number => column.name.ends_with("id"),
                _ => false,
            };
            fits && Meaning::of(&column.name) == Meaning::Account
        };
        if self.key().is_none()
            && let Some(column) = self.columns.iter_mut().find(named)
        {
            column.account = true;
        }
    }

    /// Whether rows can be put into it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.kind != "m"
    }
}

impl Routine {
    /// Its whole name, as SQL takes it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}
