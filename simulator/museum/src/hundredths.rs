//! # The yen has no cents
//!
//! **Story.** Amounts come in cents, so the handler divides by 100 and compares with the price list: a
//! careful check that what was paid is what was asked. Then a pack is sold in yen.
//!
//! **Source.** Stripe, supported currencies: zero-decimal currencies are charged in their own unit,
//! and 1200 is ¥1200.
//!
//! **What it breaks.** `reconciliation`: ¥1200 is taken for ¥12, too little for the pack, and nothing
//! is granted.
//!
//! **The founder's cost.** Every customer of that country pays and gets nothing, with a log that says
//! 'underpaid'.
//!
//! **The cure.** Compare in the smallest unit of the currency, as Stripe sends it; better, let the
//! price decide what was bought and never compute from an amount.

use crate::webhooks::{Event, Habit};
use simulator::Catalogue;

/// The specimen's habit.
pub struct Hundredths;

impl Habit for Hundredths {
    fn credits(catalogue: &Catalogue, event: &Event) -> Option<i64> {
        let offer = catalogue.offer(event.price()?)?;
        let paid = (event.number("/amount_total") + event.number("/amount_paid")) / 100;
        // As the price list on the website says it: 10 dollars, 1200 yen.
        let listed = match offer.amount.currency().is_zero_decimal() {
            true => offer.amount.minor(),
            false => offer.amount.minor() / 100,
        };
        (paid >= listed).then_some(offer.credits.get())
    }
}
