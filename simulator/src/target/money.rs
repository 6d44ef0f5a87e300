//! Money: an integer count of a currency's smallest unit, with its currency. Never a float.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// An ISO 4217 code as Stripe writes it: three lower-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// The text is no currency code.
#[derive(Debug, Error)]
#[error("`{0}` is no currency: expected three lower-case letters, such as usd")]
pub struct NotACurrency(String);

impl Currency {
    /// The US dollar, two decimals.
    pub const USD: Currency = Currency(*b"usd");

    /// The Japanese yen, no decimals.
    pub const JPY: Currency = Currency(*b"jpy");

    /// Whether its smallest unit is the unit itself, as Stripe counts: sixteen currencies
    /// (<https://docs.stripe.com/currencies#zero-decimal>).
    #[must_use]
    pub fn is_zero_decimal(self) -> bool {
        const ALL: [&[u8; 3]; 16] = [
            b"bif", b"clp", b"djf", b"gnf", b"jpy", b"kmf", b"krw", b"mga", b"pyg", b"rwf", b"ugx",
            b"vnd", b"vuv", b"xaf", b"xof", b"xpf",
        ];
        ALL.contains(&&self.0)
    }

    /// Reads a code such as `usd`.
    ///
    /// # Errors
    /// Anything but three lower-case ASCII letters.
    pub fn parse(code: &str) -> Result<Self, NotACurrency> {
        match code.as_bytes() {
            [a, b, c] if code.bytes().all(|l| l.is_ascii_lowercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(NotACurrency(code.to_owned())),
        }
    }

    /// The code, such as `usd`.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;
    fn try_from(code: String) -> Result<Self, NotACurrency> {
        Self::parse(&code)
    }
}

/// An amount of money in the smallest unit of its currency: 1000 of `usd` is ten dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// So many of the currency's smallest unit.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The count of the smallest unit.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.minor, self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_yen_has_no_decimals_and_the_rupiah_has_two() {
        let of = |code: &str| Currency::parse(code).unwrap().is_zero_decimal();
        assert!(of("jpy") && of("krw"));
        assert!(!of("usd") && !of("idr") && !of("kwd"));
    }

    #[test]
    fn a_currency_is_three_lower_case_letters() {
        assert_eq!(Currency::parse("idr").unwrap().code(), "idr");
        for wrong in ["", "us", "usdt", "USD", "u$d", "éa"] {
            assert!(Currency::parse(wrong).is_err(), "{wrong} was taken");
        }
    }
}
