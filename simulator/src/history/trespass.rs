//! What clients found at the boundary: where the accounts stood, and what each attempt did.

use crate::storm::Trespass;
use crate::target::{Balance, Entry};

/// How things stood when the clients came.
#[derive(Clone, Debug, Default)]
pub struct Boundary {
    /// Where each account stood, as the ledger told it.
    pub stands: Vec<Stand>,
    /// Why nobody could be sent, in plain words.
    pub closed: Option<String>,
    /// Why not everything was tried, in plain words.
    pub unfinished: Option<String>,
}

/// Where an account stands. Beside it, in rows and statements, its id is `$ana` and what hangs on
/// it `$ana_…`.
#[derive(Clone, Debug)]
pub struct Stand {
    /// The account's name, with its `$`.
    pub name: &'static str,
    /// What the ledger says of it.
    pub reading: Reading,
}

/// What a ledger says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it has, or why that can't be read.
    pub balance: Result<Balance, String>,
    /// Its rows; `None` where the ledger shows none.
    pub rows: Option<Vec<Entry>>,
}

/// One attempt and what came of it.
#[derive(Clone, Debug)]
pub struct Trespassed {
    /// The attempt.
    pub trespass: Trespass,
    /// What the API ran for the client before.
    pub session: Vec<String>,
    /// What the client was told, with names for ids.
    pub answer: Answer,
    /// As whom something of the client's own ran that should have run as the client.
    pub ran_as: Option<String>,
    /// Where it left the accounts, if it wrote anything.
    pub effect: Option<Effect>,
}

/// What the ledger says of each account, on two copies of one database.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Without the attempt.
    pub without: Vec<Reading>,
    /// With it.
    pub with: Vec<Reading>,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The last statement's rows.
    Rows(Vec<Vec<String>>),
    /// PostgreSQL's error.
    Refused(String),
    /// It took too long, or its connection broke.
    CutShort(String),
    /// There is no longer what it was aimed at.
    Nothing,
}
