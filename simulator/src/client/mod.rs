//! The client at the boundary: what somebody with a database role, and no right to move credits,
//! would try.
//!
//! ```text
//! Catalogue (what is there, as one role sees it) → attempts: write, call, shadow, read → Trespass
//! ```
//!
//! Every attempt is made from the catalogue, in the order of its names, so that the same schema
//! gives the same attempts and a saved one is found again. What may be refused is tried all the
//! same: whether a door is shut is seen by pushing it. [`Mask`] lets statements name accounts and
//! jobs before there are any. Pure: `execute` reads the catalogue and types what is made here.

mod call;
mod catalogue;
mod guess;
mod mask;
mod read;
mod shadow;
mod write;

pub use catalogue::{Argument, Catalogue, Column, Kind, May, Powers, Relation, Routine};
pub use mask::Mask;
pub(crate) use shadow::NOTE;

use crate::storm::{Fault, Trespass};
use crate::target::{ACCOUNT, Client, Reach};

/// Who tries: a client, what it can do, and what it sees.
#[derive(Clone, Copy, Debug)]
pub struct Attacker<'a> {
    /// The client.
    pub client: &'a Client,
    /// What it can do.
    pub reach: Reach,
    /// The database as its role sees it.
    pub catalogue: &'a Catalogue,
}

impl Attacker<'_> {
    /// Every attempt of a kind.
    #[must_use]
    pub fn attempts(&self, fault: Fault) -> Vec<Trespass> {
        match fault {
            Fault::DirectWrite => self.writes(),
            Fault::FunctionCall => self.calls(),
            Fault::TempShadow => self.shadows(),
            Fault::ForeignRead => self.reads(),
            _ => Vec::new(),
        }
    }

    fn attempt(&self, fault: Fault, typed: Vec<String>) -> Trespass {
        Trespass {
            fault,
            role: self.client.role.clone(),
            account: self.client.is_signed_in().then_some(0),
            typed,
        }
    }

    /// The statements that make this client budi, where it can type them itself.
    fn claims_of_budi(&self) -> Vec<String> {
        let session = self.client.session.iter();
        session.map(|it| it.replace(ACCOUNT, "$budi")).collect()
    }
}

/// A name as SQL takes it.
fn quoted(name: &str) -> String {
    let mut letters = name.chars();
    let plain = letters
        .next()
        .is_some_and(|first| first == '_' || first.is_ascii_lowercase())
        && letters.all(|it| it == '_' || it.is_ascii_lowercase() || it.is_ascii_digit());
    if plain && !RESERVED.split_whitespace().any(|word| word == name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// The words that SQL keeps to itself (PostgreSQL manual, appendix “SQL key words”).
const RESERVED: &str = "\
    all analyse analyze and any array as asc asymmetric both case cast check collate column \
    constraint create current_catalog current_date current_role current_time \
    current_timestamp current_user default deferrable desc distinct do else end except false \
    fetch for foreign from grant group having in initially intersect into lateral leading \
    limit localtime localtimestamp not null offset on only or order placing primary \
    references returning select session_user some symmetric table then to trailing true \
    union unique user using variadic when where window with";

/// A text as an SQL literal.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
