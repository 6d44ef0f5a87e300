//! The least that can be charged (A6). Stripe counts in the currency that an account is paid out
//! in; this one is paid out in each currency that it sells in.

use super::fault::ApiError;
use crate::Money;

/// Currencies that have a minimum, in their smallest unit
/// (<https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>).
const MINIMA: [(&str, i64); 12] = [
    ("usd", 50),
    ("eur", 50),
    ("gbp", 30),
    ("jpy", 50),
    ("aud", 50),
    ("cad", 50),
    ("chf", 50),
    ("sgd", 50),
    ("hkd", 400),
    ("mxn", 1_000),
    ("inr", 50),
    ("huf", 17_500),
];

/// Refuses what is too little to be charged; nothing is no charge.
pub(super) fn is_enough(total: Money) -> Result<(), ApiError> {
    let code = total.currency();
    let least = MINIMA.iter().find(|(it, _)| *it == code.code());
    match least {
        Some((_, least)) if (1..*least).contains(&total.minor()) => {
            Err(ApiError::too_small(*least, code.code()))
        }
        _ => Ok(()),
    }
}
