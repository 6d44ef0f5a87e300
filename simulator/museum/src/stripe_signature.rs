//! Stripe's signature check, as its documentation has it and everyone copies it. It is right; no
//! specimen is here because of it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many seconds old a delivery may be.
const TOLERANCE: i64 = 300;

/// Whether the `Stripe-Signature` header was made of this raw body with this secret, lately.
#[must_use]
pub fn is_genuine(secret: &str, header: &str, body: &[u8]) -> bool {
    is_genuine_at(secret, header, body, unix_now())
}

fn is_genuine_at(secret: &str, header: &str, body: &[u8], now: i64) -> bool {
    let pairs = || header.split(',').filter_map(|pair| pair.split_once('='));
    let Some((_, sent)) = pairs().find(|(scheme, _)| *scheme == "t") else {
        return false;
    };
    let Ok(sent_at) = sent.parse::<i64>() else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return false;
    };
    mac.update(sent.as_bytes());
    mac.update(b".");
    mac.update(body);
    // One v1 for each live secret; `verify_slice` takes the same time whatever is wrong.
    let matches = pairs().any(|(scheme, signature)| {
        scheme == "v1"
            && hex::decode(signature).is_ok_and(|bytes| mac.clone().verify_slice(&bytes).is_ok())
    });
    matches && now.saturating_sub(sent_at) <= TOLERANCE
}

/// A specimen is a process of its own in what it knows, and reads the clock itself.
#[allow(clippy::disallowed_methods)]
fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::is_genuine_at;

    const BODY: &[u8] = br#"{"id":"evt_test_webhook","object":"event"}"#;
    const V1: &str = "e7df43adcf699b3839cf5fe20429cae4712141aee3660a1671b34f77a1be9444";

    #[test]
    fn a_delivery_is_genuine_by_any_v1_while_it_is_fresh() {
        let check = |header: &str, now| is_genuine_at("whsec_test_secret", header, BODY, now);
        let header = format!("t=12345,v1=potato,v1={V1},v0=00");
        assert!(check(&header, 12345 + 300));
        assert!(!check(&header, 12345 + 301));
        assert!(!check(&format!("t=12346,v1={V1}"), 12345));
        assert!(!check(&format!("t=12345,v0={V1}"), 12345));
        assert!(!is_genuine_at("whsec_other", &header, BODY, 12345));
        assert!(!is_genuine_at("whsec_test_secret", &header, b"{}", 12345));
    }
}
