//! `Stripe-Signature`: how Stripe proves that it sent a body, and what an endpoint must check.
//!
//! ```text
//! Stripe-Signature: t=12345,v1=2672d138c9a4…
//!
//!         v1 = HMAC-SHA256(secret, "12345" + "." + raw body)        (S1, S2)
//! ```
//!
//! The key is the whole secret with its `whsec_` prefix; the body is the bytes as they came, since
//! parsing and printing again gives other bytes (S10).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write;
use thiserror::Error;

/// How old a signature may be, in seconds: the default of Stripe's own SDKs (S11).
pub const TOLERANCE_SECONDS: i64 = 300;

/// The header's value for a body sent at `t` (Unix seconds): `t=…,v1=…` (S1, S2).
#[must_use]
pub fn sign(secret: &str, t: i64, body: &[u8]) -> String {
    let mut header = String::with_capacity(100);
    write!(header, "t={t}").expect("a string takes all that is written");
    let mac = mac(secret, &header[2..], body);
    header.push_str(",v1=");
    push_hex(&mut header, mac);
    header
}

/// What test mode appends: `,v0=…`, bogus, so that every verifier must ignore it (S5). How
/// Stripe computes it is unpublished; here it is an HMAC under an unrelated key (S6).
#[must_use]
pub fn junk(t: i64, body: &[u8]) -> String {
    let mut header = ",v0=".to_owned();
    push_hex(&mut header, mac("junk", &t.to_string(), body));
    header
}

/// Why a delivery isn't taken for Stripe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The header has no `t` that is a number.
    #[error("unable to extract timestamp and signatures from header")]
    NoTimestamp,
    /// The header has no `v1`; other schemes don't count (S5).
    #[error("no signatures found with expected scheme v1")]
    NoSignature,
    /// No `v1` is this secret's over this body.
    #[error("no signatures found matching the expected signature for payload")]
    Mismatch,
    /// Signed too long ago: a replay.
    #[error("timestamp outside the tolerance zone: {age} s old")]
    TooOld {
        /// Seconds between `t` and now.
        age: i64,
    },
}

/// Whether this header proves that Stripe sent this body, checked in the order of Stripe's SDKs
/// (S15): header, scheme, HMAC, age. Any `v1` may match (S14), only too old is refused (S11, S12),
/// and hex is lower case (S16).
///
/// # Errors
/// The first check that fails.
pub fn verify(secret: &str, header: &str, body: &[u8], now: i64) -> Result<(), Refusal> {
    let mut t = None;
    let mut offered = Vec::new();
    for pair in header.split(',') {
        match pair.split_once('=') {
            Some(("t", seconds)) => t = seconds.parse().ok(),
            Some(("v1", signature)) => offered.push(signature),
            _ => {}
        }
    }
    let t: i64 = t.ok_or(Refusal::NoTimestamp)?;
    if offered.is_empty() {
        return Err(Refusal::NoSignature);
    }
    let expected = mac(secret, &t.to_string(), body);
    if !offered.iter().any(|hex| matches(&expected, hex)) {
        return Err(Refusal::Mismatch);
    }
    let age = now.saturating_sub(t);
    if age > TOLERANCE_SECONDS {
        return Err(Refusal::TooOld { age });
    }
    Ok(())
}

/// Compares in constant time, so that nobody can guess a signature byte by byte.
fn matches(expected: &Hmac<Sha256>, lower_hex: &str) -> bool {
    let lower = !lower_hex.bytes().any(|digit| digit.is_ascii_uppercase());
    let bytes = hex::decode(lower_hex);
    lower && bytes.is_ok_and(|bytes| expected.clone().verify_slice(&bytes).is_ok())
}

/// Appends the result in lower-case hex. Written in place: it runs for every delivery.
fn push_hex(header: &mut String, mac: Hmac<Sha256>) {
    let mut digits = [0; 64];
    hex::encode_to_slice(mac.finalize().into_bytes(), &mut digits).expect("SHA-256 makes 32 bytes");
    header.push_str(std::str::from_utf8(&digits).expect("hex digits are ASCII"));
}

/// The HMAC over the time of sending, as the header has it, and the body.
fn mac(secret: &str, t: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(t.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::runner;
    use proptest::prelude::*;

    const SECRET: &str = "whsec_test_secret";
    const BODY: &[u8] = b"{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\"\n}";
    const V1: &str = "2672d138c9a412830f3bfe2ecc5bfb3277cf6f5b49d0119d77dd6cb64da1257e";

    #[test]
    fn s1_s2_s3_s4_signatures_are_stripes_own() {
        assert_eq!(sign(SECRET, 12345, BODY), format!("t=12345,v1={V1}"));
        assert_eq!(
            sign(
                SECRET,
                12345,
                br#"{"id":"evt_test_webhook","object":"event"}"#
            ),
            "t=12345,v1=e7df43adcf699b3839cf5fe20429cae4712141aee3660a1671b34f77a1be9444"
        );
        // S3: not by the secret without its prefix, and not over a body that was printed again.
        let header = sign(SECRET, 12345, BODY);
        let bare = SECRET.trim_start_matches("whsec_");
        assert_eq!(verify(bare, &header, BODY, 12345), Err(Refusal::Mismatch));
        let value: serde_json::Value = serde_json::from_slice(BODY).unwrap();
        let compact = serde_json::to_vec(&value).unwrap();
        let mut wider = Vec::new();
        let four = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut printer = serde_json::Serializer::with_formatter(&mut wider, four);
        serde::Serialize::serialize(&value, &mut printer).unwrap();
        for printed in [compact, wider] {
            let verdict = verify(SECRET, &header, &printed, 12345);
            assert_eq!(verdict, Err(Refusal::Mismatch));
        }
    }

    #[test]
    fn s5_the_junk_of_test_mode_proves_nothing() {
        let header = sign(SECRET, 12345, BODY) + &junk(12345, BODY);
        assert_eq!(verify(SECRET, &header, BODY, 12345), Ok(()));
        let (proof, junk) = header.rsplit_once(",v0=").unwrap();
        assert_eq!(proof, sign(SECRET, 12345, BODY));
        assert_eq!(junk.len(), 64);
        assert!(!proof.contains(junk));
        let only_junk = format!("t=12345,v0={V1}");
        let refused = verify(SECRET, &only_junk, BODY, 12345);
        assert_eq!(refused, Err(Refusal::NoSignature));
    }

    #[test]
    fn s15_s16_checks_run_in_stripes_order() {
        let now = 12345 + TOLERANCE_SECONDS + 1;
        let cases = [
            ("bad_header".to_owned(), Err(Refusal::NoTimestamp)),
            (String::new(), Err(Refusal::NoTimestamp)),
            ("t=soon,v1=ff".to_owned(), Err(Refusal::NoTimestamp)),
            (format!("v1={V1}"), Err(Refusal::NoTimestamp)),
            ("t=12345".to_owned(), Err(Refusal::NoSignature)),
            (format!("t=12345, v1={V1}"), Err(Refusal::NoSignature)),
            ("t=12345,v1=bad".to_owned(), Err(Refusal::Mismatch)),
            (format!("t=12346,v1={V1}"), Err(Refusal::Mismatch)),
            (
                format!("t=12345,v1={}", V1.to_uppercase()),
                Err(Refusal::Mismatch),
            ),
            (
                format!("t=12345,v1={V1}"),
                Err(Refusal::TooOld { age: 301 }),
            ),
        ];
        for (header, expected) in cases {
            assert_eq!(verify(SECRET, &header, BODY, now), expected, "{header}");
        }
    }

    #[test]
    fn s11_s12_an_age_of_300_seconds_passes_and_the_future_does_too() {
        let header = sign(SECRET, 12345, BODY);
        for now in [0, 12345, 12345 + 300] {
            assert_eq!(verify(SECRET, &header, BODY, now), Ok(()), "now {now}");
        }
    }

    #[test]
    fn s14_one_good_v1_among_bad_ones_is_enough() {
        for header in [
            format!("t=12345,v1=potato,v1={V1}"),
            format!("t=12345,v1={V1},v1=potato"),
            format!("v1={V1},stray,t=12345"),
        ] {
            assert_eq!(verify(SECRET, &header, BODY, 12345), Ok(()), "{header}");
        }
    }

    #[test]
    fn every_body_verifies_and_no_changed_byte_does() {
        let bodies = (
            "whsec_[a-zA-Z0-9]{32}",
            any::<u32>(),
            prop::collection::vec(any::<u8>(), 1..200),
            1..=u8::MAX,
        );
        runner(1)
            .run(&bodies, |(secret, t, mut body, change)| {
                let t = i64::from(t);
                let header = sign(&secret, t, &body);
                prop_assert_eq!(verify(&secret, &header, &body, t), Ok(()));
                for place in 0..body.len() {
                    body[place] ^= change;
                    prop_assert_eq!(verify(&secret, &header, &body, t), Err(Refusal::Mismatch));
                    body[place] ^= change;
                }
                Ok(())
            })
            .unwrap();
    }
}
