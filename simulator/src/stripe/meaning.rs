//! What an event says to a ledger, without any JSON: all that the model needs.

use crate::{AccountId, Credits, FactId};
use serde::{Deserialize, Serialize};

/// What an event says to a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meaning {
    /// Whose credits it is about.
    pub account: AccountId,
    /// The sale: the Session's or the Invoice's id; for a refund, the one that the charge paid.
    pub fact: FactId,
    /// What it says about the sale.
    pub told: Told,
}

/// What became of a sale, as far as one event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// Nothing that moves credits.
    Nothing,
    /// No money yet, and maybe never.
    Unpaid,
    /// The money is there, and this event alone says so.
    Paid {
        /// What was bought.
        credits: Credits,
    },
    /// The money is there, and several events say so (I3, I15): a ledger acts on the one that it
    /// likes.
    Echoed {
        /// What was bought.
        credits: Credits,
    },
    /// Nothing was asked for (I5): whether a trial gives credits is the ledger's own choice.
    Free {
        /// What the plan gives.
        credits: Credits,
    },
    /// Money went back, in minor units of the sale's currency.
    Refunded {
        /// What had been paid.
        paid: i64,
        /// What has gone back by now, in all (R1).
        refunded: i64,
    },
    /// The bank took money because of a dispute, in minor units. Several events say so.
    Withdrawn {
        /// What had been paid.
        paid: i64,
        /// What was taken.
        withdrawn: i64,
    },
    /// The dispute was won: the bank gives back what it took. Several events say so.
    Reinstated {
        /// What had been paid.
        paid: i64,
    },
}
