//! A ledger's schema as data: the SQL that makes it, and how much of that may fail.

use std::path::PathBuf;

/// How a ledger's schema is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// By this `.sql` file, or by every one of this folder, in the order of their names.
    Folder(PathBuf),
    /// By these, in this order.
    Scripts(Vec<Script>),
}

/// One SQL script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Where it is from, as errors name it.
    pub name: PathBuf,
    /// How many lines of that come before its text.
    pub above: usize,
    /// Its text.
    pub sql: String,
    /// What is said on the connection before it, each on its own.
    pub prelude: Vec<String>,
    /// What of it may fail.
    pub leeway: Leeway,
}

/// What of a script may fail. Whatever did is remarked on in the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leeway {
    /// The whole script: then nothing of it is kept.
    pub whole: bool,
    /// Statements with one of these in their text.
    pub statements: Vec<String>,
    /// `create extension` of what the server doesn't have.
    pub extensions: bool,
}
