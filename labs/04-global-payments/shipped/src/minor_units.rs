//! Step 04.1: minor units and currencies.
//!
//! It compiles, it runs, and it is wrong. The regions marked `your turn` are where: here.
//! Everything outside them is done for you.

use simulator::{Currency, Money};

/// What Stripe is to be sent for a price as the shop window shows it, such as `19.99`: a whole number
/// of the currency's smallest unit. `None` for what can't be charged exactly as shown.
///
/// Stripe's page on currencies: two decimals unless it says otherwise, the rupiah among them. None:
/// bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf. Three, the last of them 0: bhd jod kwd
/// omr tnd. Two that must be 00: isk ugx.
#[must_use]
pub fn to_minor(shown: &str, currency: Currency) -> Option<Money> {
    // ANCHOR: to_minor
    // --- your turn: begin 04.1
    // Cents, as everywhere.
    let amount: f64 = shown.parse().ok()?;
    let cents = (amount * 100.0) as i64;
    Some(Money::new(cents, currency))
    // --- your turn: end 04.1
    // ANCHOR_END: to_minor
}
