//! When Stripe hands an event over, and with which headers.

use super::event::Event;
use super::signature::{junk, sign};
use super::version::Version;
use crate::{Delivery, SIGNATURE_HEADER, Status};
use bytes::Bytes;
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
    /// The other live secret, while the endpoint's is being rolled (S7).
    pub rolled: Option<Rolled<'a>>,
}

/// A second live secret. Which of the two `v1` comes first is unpublished (S6), so it may be
/// either.
#[derive(Clone, Copy, Debug)]
pub struct Rolled<'a> {
    /// The other secret, `whsec_…`.
    pub secret: &'a str,
    /// Whether its `v1` stands before the endpoint's.
    pub first: bool,
}

impl<'a> From<&'a str> for Signing<'a> {
    fn from(secret: &'a str) -> Self {
        Self {
            secret,
            junk: false,
            rolled: None,
        }
    }
}

impl Signing<'_> {
    /// The signature header's value for a body sent at `t` (Unix seconds).
    pub(super) fn header(&self, t: i64, body: &[u8]) -> String {
        let ours = sign(self.secret, t, body);
        let mut header = match &self.rolled {
            None => ours,
            Some(rolled) => {
                let theirs = sign(rolled.secret, t, body);
                let (one, two) = if rolled.first {
                    (theirs, ours)
                } else {
                    (ours, theirs)
                };
                let second = two.split_once(',').map_or("", |(_, v1)| v1);
                format!("{one},{second}")
            }
        };
        if self.junk {
            header.push_str(&junk(t, body));
        }
        header
    }
}

impl Event {
    /// One attempt to hand the event over, signed at `sent_at` (Unix seconds). Each attempt has a
    /// new signature over the same body (S8).
    #[must_use]
    pub fn delivery<'a>(&self, signing: impl Into<Signing<'a>>, sent_at: i64) -> Delivery {
        let signature = signing.into().header(sent_at, self.body());
        deliver(self.shared_body(), signature)
    }

    /// The same for an endpoint of another API version: the same event in another shape (E8).
    #[must_use]
    pub fn delivery_in<'a>(
        &self,
        version: Version,
        signing: impl Into<Signing<'a>>,
        sent_at: i64,
    ) -> Delivery {
        let body = self.body_in(version, 1);
        let signature = signing.into().header(sent_at, &body);
        deliver(body, signature)
    }
}

/// A request with the headers of real deliveries (D13).
pub(super) fn deliver(body: impl Into<Bytes>, signature: String) -> Delivery {
    let body = body.into();
    let agent = "Stripe/1.0 (+https://stripe.com/docs/webhooks)";
    let headers = [
        ("Content-Type", "application/json; charset=utf-8".into()),
        ("User-Agent", agent.into()),
        ("Accept", "*/*; q=0.5, application/xml".into()),
        ("Cache-Control", "no-cache".into()),
        ("Accept-Encoding", "gzip".into()),
        ("Content-Length", body.len().to_string().into()),
        (SIGNATURE_HEADER, signature.into()),
    ];
    Delivery {
        headers: headers.map(|(name, value)| (name.into(), value)).into(),
        body,
    }
}

#[cfg(test)]
mod tests {
    use super::super::signature::verify;
    use super::super::tests::{NOW, everything, world};
    use super::*;

    #[test]
    fn live_retries_go_on_for_three_days() {
        let hours = |attempt| {
            let delay = RetrySchedule::Live.delay_before(attempt);
            delay.map(|delay| delay.as_secs_f64() / 3600.0)
        };
        let gaps: Vec<_> = (0..).map_while(hours).collect();
        assert_eq!(gaps[0], 0.0);
        assert_eq!(gaps[1] * 60.0, 5.0);
        assert_eq!(gaps[2..], [0.5, 2.0, 5.0, 10.0, 12.0, 12.0, 12.0, 12.0]);
        let whole: f64 = gaps.iter().sum();
        assert!(whole <= 72.0 && whole + 12.0 > 72.0, "{whole} hours");
    }

    #[test]
    fn test_mode_tries_three_more_times_within_four_hours() {
        let gaps: Vec<_> = (0..)
            .map_while(|attempt| RetrySchedule::Test.delay_before(attempt))
            .collect();
        assert_eq!(gaps.len(), 4);
        assert!(gaps.iter().sum::<Duration>() < Duration::from_secs(4 * HOUR));
    }

    #[test]
    fn only_200_to_299_is_delivered() {
        for code in [200, 204, 299] {
            let next = RetrySchedule::Test.after(0, Some(Status::new(code)));
            assert_eq!(next, Next::Done, "{code}");
        }
        let retry = Next::RetryIn(Duration::from_secs(5 * MINUTE));
        for code in [199, 301, 400, 404, 500] {
            let next = RetrySchedule::Test.after(0, Some(Status::new(code)));
            assert_eq!(next, retry, "{code}");
        }
        assert_eq!(RetrySchedule::Test.after(0, None), retry);
        assert_eq!(RetrySchedule::Test.after(3, None), Next::GivenUp);
    }

    #[test]
    fn s8_every_attempt_signs_the_same_body_anew() {
        let mut stripe = world();
        everything(&mut stripe).unwrap();
        for event in stripe.events() {
            let (first, retry) = (
                event.delivery("whsec_a", NOW),
                event.delivery("whsec_a", NOW + 9),
            );
            assert_eq!(first.body, event.body());
            assert_eq!(first.body, retry.body);
            assert_ne!(first.signature(), retry.signature());
            for (delivery, now) in [(first, NOW), (retry, NOW + 9)] {
                let header = delivery.signature().unwrap();
                assert!(header.starts_with(&format!("t={now},v1=")), "{header}");
                assert_eq!(verify("whsec_a", header, &delivery.body, now), Ok(()));
            }
        }
    }

    #[test]
    fn d13_deliveries_have_the_headers_of_real_ones() {
        let mut stripe = world();
        everything(&mut stripe).unwrap();
        let event = &stripe.events()[0];
        let delivery = event.delivery("whsec_a", NOW);
        let length = event.body().len().to_string();
        assert_eq!(delivery.header("content-length"), Some(length.as_str()));
        let json = Some("application/json; charset=utf-8");
        assert_eq!(delivery.header("content-type"), json);
        let agent = delivery.header("user-agent").unwrap();
        assert!(agent.starts_with("Stripe/1.0 "), "{agent}");
    }

    #[test]
    fn junk_is_sent_only_where_it_was_asked_for() {
        let mut stripe = world();
        everything(&mut stripe).unwrap();
        let event = &stripe.events()[0];
        let plain = event.delivery("whsec_a", NOW);
        let secret = "whsec_a";
        let signing = Signing {
            junk: true,
            ..secret.into()
        };
        let junk = event.delivery(signing, NOW);
        assert!(!plain.signature().unwrap().contains("v0="));
        let header = junk.signature().unwrap();
        assert!(header.contains(",v0="), "{header}");
        assert_eq!(verify(secret, header, &junk.body, NOW), Ok(()));
    }

    #[test]
    fn s7_while_a_secret_is_rolled_each_live_secret_signs_in_either_order() {
        let mut stripe = world();
        everything(&mut stripe).unwrap();
        let event = &stripe.events()[0];
        for first in [false, true] {
            let rolled = Some(Rolled {
                secret: "whsec_b",
                first,
            });
            let signing = Signing {
                rolled,
                ..Signing::from("whsec_a")
            };
            let delivery = event.delivery(signing, NOW);
            let header = delivery.signature().unwrap();
            assert_eq!(header.matches("v1=").count(), 2, "{header}");
            assert_eq!(header.matches("t=").count(), 1, "{header}");
            for secret in ["whsec_a", "whsec_b"] {
                assert_eq!(verify(secret, header, &delivery.body, NOW), Ok(()));
            }
            let leads = if first { "whsec_b" } else { "whsec_a" };
            assert!(header.starts_with(&sign(leads, NOW, &delivery.body)));
        }
    }
}
