//! # The second signature
//!
//! **Story.** The header is split by hand: a timestamp and a signature, as in the example. Two years
//! later the secret is rolled, by the book, with a day of grace.
//!
//! **Source.** Stripe's webhook guide: while a secret is being rolled "Stripe generates one signature
//! for each secret until expiration". async-stripe up to 1.0.0-rc.6 kept one `v1` alone.
//!
//! **What it breaks.** `reconciliation`: where the other secret's signature stands in the way, genuine
//! deliveries are refused.
//!
//! **The founder's cost.** The safest thing to do with a leaked secret takes the shop down.
//!
//! **The cure.** Any matching `v1` is enough.

use crate::webhooks::{Habit, Right};

/// The specimen's habit.
pub struct FirstSignature;

impl Habit for FirstSignature {
    fn is_genuine(secret: &str, header: &str, body: &[u8]) -> bool {
        let mut pairs: Vec<&str> = header.split(',').collect();
        pairs.truncate(2);
        Right::is_genuine(secret, &pairs.join(","), body)
    }
}
