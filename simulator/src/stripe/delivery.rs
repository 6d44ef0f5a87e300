//! When Stripe hands an event over, and with which headers.

use super::event::Event;
use super::signature::{sign, sign_with_junk};
use crate::{Delivery, SIGNATURE_HEADER, Status};
use std::time::Duration;

/// When Stripe tries again. The exact gaps are unpublished; these are the fidelity table's model
/// (D3, D4), in virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetrySchedule {
    /// Up to three days.
    Live,
    /// Three more times within four hours.
    Test,
}

/// What Stripe does after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It was delivered.
    Done,
    /// It is sent again after this long.
    RetryIn(Duration),
    /// Nobody will send it again, but by hand.
    GivenUp,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Seconds before each attempt, counted from the one before.
const GAPS: [u64; 10] = [
    0,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    12 * HOUR,
    12 * HOUR,
    12 * HOUR,
    12 * HOUR,
];

impl RetrySchedule {
    /// How long Stripe waits before an attempt (0 is the first) once the one before has failed;
    /// `None` if it has given up by then.
    #[must_use]
    pub fn delay_before(self, attempt: usize) -> Option<Duration> {
        let attempts = match self {
            RetrySchedule::Live => GAPS.len(),
            RetrySchedule::Test => 4,
        };
        let gap = GAPS[..attempts].get(attempt)?;
        Some(Duration::from_secs(*gap))
    }

    /// What follows when `attempt` was answered so, or not at all. Only 200 to 299 counts as
    /// delivered: redirects and refusals are retried like failures (D1).
    #[must_use]
    pub fn after(self, attempt: usize, answer: Option<Status>) -> Next {
        if answer.is_some_and(Status::is_success) {
            return Next::Done;
        }
        self.delay_before(attempt + 1)
            .map_or(Next::GivenUp, Next::RetryIn)
    }
}

/// How deliveries to an endpoint are signed. A bare secret is one without junk.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// The endpoint's secret, `whsec_…`.
    pub secret: &'a str,
    /// Whether to append test mode's bogus `v0` (S5).
    pub junk: bool,
}

impl<'a> From<&'a str> for Signing<'a> {
    fn from(secret: &'a str) -> Self {
        Self {
            secret,
            junk: false,
        }
    }
}

impl Signing<'_> {
    /// The signature header's value for a body sent at `t` (Unix seconds).
    pub(super) fn header(&self, t: i64, body: &[u8]) -> String {
        if self.junk {
            sign_with_junk(self.secret, t, body)
        } else {
            sign(self.secret, t, body)
        }
    }
}

impl Event {
    /// One attempt to hand the event over, signed at `sent_at` (Unix seconds). Each attempt has a
    /// new signature over the same body (S8).
    #[must_use]
    pub fn delivery<'a>(&self, signing: impl Into<Signing<'a>>, sent_at: i64) -> Delivery {
        let signature = signing.into().header(sent_at, &self.body);
        deliver(self.body.clone(), signature)
    }
}

/// A request with the headers of real deliveries (D13).
pub(super) fn deliver(body: Vec<u8>, signature: String) -> Delivery {
    let headers = [
        ("Content-Type", "application/json; charset=utf-8".to_owned()),
        (
            "User-Agent",
            "Stripe/1.0 (+https://stripe.com/docs/webhooks)".to_owned(),
        ),
        ("Accept", "*/*; q=0.5, application/xml".to_owned()),
        ("Cache-Control", "no-cache".to_owned()),
        ("Accept-Encoding", "gzip".to_owned()),
        ("Content-Length", body.len().to_string()),
        (SIGNATURE_HEADER, signature),
    ];
    Delivery {
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        body,
    }
}
