//! Whether a delivery is Stripe's: the `Stripe-Signature` header against the raw body.
//!
//! ```text
//! Stripe-Signature: t=1700000000,v1=5257a8…,v1=9f86d0…,v0=6ffbb5…
//!                   │            └─ HMAC-SHA256(secret, "1700000000." + body), in hex;
//!                   │               one for each live secret while one is being rolled
//!                   └─ when this attempt was sent, in Unix seconds
//! ```
//!
//! The bytes that came are what was signed. A body that was parsed and printed again is another
//! body, and fails.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

/// How old a delivery may be: Stripe's own default. Older than this, somebody may have recorded
/// it and be playing it again.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Why a delivery is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Forged {
    /// The header isn't of the form `t=…,v1=…`.
    #[error("the signature header has no timestamp or no v1 signature")]
    Header,
    /// None of the signatures is made of this body with our secret.
    #[error("no v1 signature matches the raw body: is this the endpoint's own secret?")]
    Signature,
    /// Genuine once, but too old.
    #[error("signed more than {TOLERANCE_SECONDS} s ago")]
    Stale,
}

/// Verifies a delivery.
///
/// - `secret`: the endpoint's, with its `whsec_` prefix; the whole text is the key.
/// - `header`: the value of `Stripe-Signature`.
/// - `body`: the raw bytes.
/// - `now`: Unix seconds.
///
/// # Errors
/// [`Forged`] says which check failed. The age is looked at last: only a genuine timestamp
/// means anything.
// ANCHOR: verify
pub fn verify(secret: &str, header: &str, body: &[u8], now: i64) -> Result<(), Forged> {
    let mut sent = None;
    let mut signatures = Vec::new();
    for (scheme, value) in header.split(',').filter_map(|pair| pair.split_once('=')) {
        match scheme {
            "t" => sent = Some(value),
            "v1" => signatures.push(value),
            // Test mode adds a bogus v0; believing any other scheme invites a downgrade.
            _ => {}
        }
    }
    let sent = sent.ok_or(Forged::Header)?;
    let sent_at: i64 = sent.parse().map_err(|_| Forged::Header)?;
    if signatures.is_empty() {
        return Err(Forged::Header);
    }

    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(sent.as_bytes());
    mac.update(b".");
    mac.update(body);
    // `verify_slice` compares in constant time: how long it takes says nothing about how many
    // bytes were right.
    let genuine = signatures.iter().any(|signature| {
        hex::decode(signature).is_ok_and(|bytes| mac.clone().verify_slice(&bytes).is_ok())
    });
    if !genuine {
        return Err(Forged::Signature);
    }
    // A timestamp ahead of our clock is only a clock ahead of ours, as Stripe's own SDKs see it.
    if now.saturating_sub(sent_at) > TOLERANCE_SECONDS {
        return Err(Forged::Stale);
    }
    Ok(())
}
// ANCHOR_END: verify

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test_secret";
    const PRETTY: &str = "{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\"\n}";
    const COMPACT: &str = r#"{"id":"evt_test_webhook","object":"event"}"#;
    const OF_PRETTY: &str = "2672d138c9a412830f3bfe2ecc5bfb3277cf6f5b49d0119d77dd6cb64da1257e";
    const OF_COMPACT: &str = "e7df43adcf699b3839cf5fe20429cae4712141aee3660a1671b34f77a1be9444";

    fn at(header: &str, body: &str, now: i64) -> Result<(), Forged> {
        verify(SECRET, header, body.as_bytes(), now)
    }

    fn fresh(header: &str) -> Result<(), Forged> {
        at(header, PRETTY, 12345)
    }

    #[test]
    fn the_golden_signatures_are_accepted() {
        assert_eq!(
            at(&format!("t=12345,v1={OF_PRETTY}"), PRETTY, 12345),
            Ok(())
        );
        assert_eq!(
            at(&format!("t=12345,v1={OF_COMPACT}"), COMPACT, 12345),
            Ok(())
        );
    }

    #[test]
    fn a_body_printed_anew_is_another_body() {
        let header = format!("t=12345,v1={OF_PRETTY}");
        assert_eq!(at(&header, COMPACT, 12345), Err(Forged::Signature));
    }

    #[test]
    fn the_secret_is_the_key_with_its_prefix() {
        let header = format!("t=12345,v1={OF_PRETTY}");
        for secret in ["test_secret", "whsec_another", ""] {
            let verdict = verify(secret, &header, PRETTY.as_bytes(), 12345);
            assert_eq!(verdict, Err(Forged::Signature), "`{secret}` was taken");
        }
    }

    #[test]
    fn any_v1_suffices_wherever_it_stands() {
        let junk = "0".repeat(64);
        for header in [
            format!("t=12345,v1={OF_PRETTY},v1={junk}"),
            format!("t=12345,v1={junk},v1={OF_PRETTY},v0={junk}"),
            format!("v1={OF_PRETTY},v1=potato,t=12345"),
            format!("t=12345,stray,v1={OF_PRETTY}"),
        ] {
            assert_eq!(fresh(&header), Ok(()), "{header}");
        }
    }

    #[test]
    fn no_other_scheme_counts() {
        assert_eq!(
            fresh(&format!("t=12345,v0={OF_PRETTY}")),
            Err(Forged::Header)
        );
        let mixed = format!("t=12345,v0={OF_PRETTY},v1={}", "0".repeat(64));
        assert_eq!(fresh(&mixed), Err(Forged::Signature));
    }

    #[test]
    fn a_header_of_another_form_is_refused() {
        let unsigned = format!("v1={OF_PRETTY}");
        for header in ["", "bad_header", "t=12345", "t=soon,v1=00", &unsigned] {
            assert_eq!(fresh(header), Err(Forged::Header), "`{header}`");
        }
    }

    #[test]
    fn the_timestamp_is_signed_too() {
        let later = format!("t=12346,v1={OF_PRETTY}");
        assert_eq!(fresh(&later), Err(Forged::Signature));
    }

    #[test]
    fn age_300_passes_and_301_does_not() {
        let header = format!("t=12345,v1={OF_PRETTY}");
        assert_eq!(at(&header, PRETTY, 12345 + 300), Ok(()));
        assert_eq!(at(&header, PRETTY, 12345 + 301), Err(Forged::Stale));
        assert_eq!(at(&header, PRETTY, 0), Ok(()), "a clock behind Stripe's");
    }
}
