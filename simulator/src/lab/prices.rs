//! Prices as a shop window shows them, and what Stripe is to be sent for each: the truth that a
//! lab's conversion is compared with.
//!
//! From Stripe's page on currencies: amounts are counted in the smallest unit, with two decimals
//! unless the currency is on one of the lists below. The rupiah isn't: Rp 10,000 is 1000000.

use crate::target::Currency;
use proptest::prelude::*;
use proptest::sample::select;
use std::fmt;

/// Those whose unit is the smallest there is.
const NO_DECIMALS: [&str; 15] = [
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
];
/// Three decimals, of which the last must be 0: no card network knows the tenth of a hundredth.
const THREE_DECIMALS: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];
/// Sent with two decimals, which must be 00: they have had no cents for years.
const WHOLE_UNITS: [&str; 2] = ["isk", "ugx"];
/// Plain ones, two decimals. The forint and the Taiwan dollar have none on payouts only.
const TWO_DECIMALS: [&str; 7] = ["usd", "eur", "gbp", "idr", "sgd", "huf", "twd"];

/// One price in a shop window.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Price {
    /// Such as `19.99`; sometimes what no price is.
    pub(super) text: String,
    pub(super) currency: Currency,
    /// In the smallest unit; `None` where it can't be charged exactly as shown.
    pub(super) minor: Option<i64>,
}

impl fmt::Debug for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {}", self.text, self.currency.code())
    }
}

/// Prices of all kinds: mostly plain ones, some that can't be charged, some that aren't numbers.
pub(super) fn prices() -> impl Strategy<Value = Price> {
    let currency = || {
        prop_oneof![
            select(TWO_DECIMALS.to_vec()),
            select(NO_DECIMALS.to_vec()),
            select(THREE_DECIMALS.to_vec()),
            select(WHOLE_UNITS.to_vec()),
        ]
    };
    let whole = prop_oneof![0..200i64, 0..100_000i64];
    let shown = (currency(), whole, 0..5usize, 0..10_000u32)
        .prop_map(|(code, whole, digits, fraction)| number(code, whole, digits, fraction));
    let strange = select(vec![
        "", ".", "5.", ".5", "-1", "+1", "1e3", "1,50", "ten", "１",
    ]);
    let strange = (currency(), strange).prop_map(|(code, text)| price(code, text.to_owned(), None));
    prop_oneof![9 => shown, 1 => strange]
}

/// A number with so many digits after its point, and what it is in the smallest unit.
fn number(code: &str, whole: i64, digits: usize, fraction: u32) -> Price {
    let fraction = fraction % 10u32.pow(u32::try_from(digits).unwrap_or(0));
    if digits == 0 {
        let minor = whole * 10i64.pow(decimals(code));
        return price(code, whole.to_string(), Some(minor));
    }
    let text = format!("{whole}.{fraction:0digits$}");
    let given = u32::try_from(digits).unwrap_or(0);
    let minor = (given <= decimals(code)).then(|| {
        whole * 10i64.pow(decimals(code)) + i64::from(fraction) * 10i64.pow(decimals(code) - given)
    });
    let smallest = match code {
        _ if WHOLE_UNITS.contains(&code) => 100,
        _ if THREE_DECIMALS.contains(&code) => 10,
        _ => 1,
    };
    price(code, text, minor.filter(|minor| minor % smallest == 0))
}

fn decimals(code: &str) -> u32 {
    match code {
        _ if NO_DECIMALS.contains(&code) => 0,
        _ if THREE_DECIMALS.contains(&code) => 3,
        _ => 2,
    }
}

fn price(code: &str, text: String, minor: Option<i64>) -> Price {
    // The lists hold nothing but codes.
    let currency = Currency::parse(code).unwrap_or(Currency::USD);
    Price {
        text,
        currency,
        minor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_on_currencies_is_what_prices_are_compared_with() {
        let minor = |code, whole, digits, fraction| number(code, whole, digits, fraction).minor;
        assert_eq!(minor("usd", 19, 2, 99), Some(1_999));
        assert_eq!(minor("usd", 19, 1, 5), Some(1_950));
        assert_eq!(minor("usd", 0, 3, 1), None);
        assert_eq!(minor("jpy", 500, 0, 0), Some(500));
        assert_eq!(minor("jpy", 500, 1, 0), None);
        assert_eq!(minor("idr", 10_000, 0, 0), Some(1_000_000));
        assert_eq!(minor("kwd", 5, 2, 12), Some(5_120));
        assert_eq!(minor("kwd", 5, 3, 124), None);
        assert_eq!(minor("isk", 5, 2, 0), Some(500));
        assert_eq!(minor("isk", 5, 2, 50), None);
    }

    #[test]
    fn a_price_is_shown_with_all_its_digits() {
        let price = number("kwd", 5, 3, 20);
        assert_eq!(format!("{price:?}"), "`5.020` in kwd");
    }
}
