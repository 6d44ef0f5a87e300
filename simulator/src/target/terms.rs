//! The terms on which a ledger can be called, where it can't be called in every way.
//!
//! A Rust ledger takes whatever the trait has. A contract file may leave something out: a key, a
//! cost, a clock. What can't be said isn't sent, and whatever would have been judged by it is
//! `unchecked`.

use super::{Catalogue, Operation};
use std::collections::BTreeSet;
use std::time::Duration;

/// What a ledger can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What ids of accounts look like.
    pub account: IdForm,
    /// What ids of jobs look like.
    pub job: IdForm,
    /// The operations that it has; `None` where it is asked.
    pub offers: Option<BTreeSet<Operation>>,
    /// What is sold; `None` for the storm's own shop.
    pub catalogue: Option<Catalogue>,
    /// Operations without a key. Told twice they would move twice, and nobody could blame the
    /// ledger, so they aren't.
    pub keyless: BTreeSet<Operation>,
    /// Whether an amount arrives as it is. Where the way there turns its sign round, an amount
    /// that makes no sense would blame the way.
    pub plain_amounts: bool,
    /// Whether a charge says what the job cost; else it costs what was held.
    pub costs: bool,
    /// Operations that can't say `conflict`: nobody tells them the same with other figures, since
    /// their answer couldn't be right.
    pub mute: BTreeSet<Operation>,
    /// Whether grants are told of packs.
    pub packs: bool,
    /// Whether grants are told of plans.
    pub plans: bool,
    /// How old a hold has to be for the sweep.
    pub sweep: SweepAge,
    /// What whoever reads the verdict should know.
    pub remarks: Vec<String>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            account: IdForm::Uuid,
            job: IdForm::Uuid,
            offers: None,
            catalogue: None,
            keyless: BTreeSet::new(),
            plain_amounts: true,
            costs: true,
            mute: BTreeSet::new(),
            packs: true,
            plans: false,
            sweep: SweepAge::Asked,
            remarks: Vec::new(),
        }
    }
}

/// What an id looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdForm {
    /// A UUID in its text form.
    Uuid,
    /// A positive number of at most 31 bits.
    Integer,
    /// A short text of letters, digits and dashes.
    Text,
}

/// How old a hold has to be for a sweep to refund it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepAge {
    /// As old as each sweep is told.
    Asked,
    /// So old, whatever a sweep is told: the ledger fixed it.
    Fixed(Duration),
    /// The ledger fixed it and nobody says at what.
    Untold,
}
