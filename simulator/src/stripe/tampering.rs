//! Deliveries that Stripe never made so: what a verifying endpoint refuses.

use super::delivery::{Signing, deliver};
use super::event::{Event, EventKind};
use super::object::{Object, PaymentStatus};
use super::signature::TOLERANCE_SECONDS;
use crate::{Delivery, EventId, FactId, SIGNATURE_HEADER};
use std::sync::Arc;

/// How a delivery isn't genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tampering {
    /// A counterfeit event, signed with a secret that isn't the endpoint's.
    ForgedSignature,
    /// A replay: the honest event with an honest signature, made longer ago than the tolerance.
    StaleTimestamp,
    /// The honest event's fresh signature above a counterfeit body.
    AlteredBody,
    /// The honest event's fresh signature above its body, parsed and printed again (S10).
    ReserializedBody,
    /// A counterfeit event without any signature.
    MissingHeader,
    /// The same event as the live mode's, signed with the live endpoint's secret (S9).
    OtherMode,
    /// A counterfeit event of megabytes, signed with a secret that isn't the endpoint's.
    OversizedBody,
    /// The honest event's fresh signature above the first half of its body.
    TruncatedBody,
}

impl Tampering {
    /// All of them.
    pub const ALL: [Tampering; 8] = [
        Tampering::ForgedSignature,
        Tampering::StaleTimestamp,
        Tampering::AlteredBody,
        Tampering::ReserializedBody,
        Tampering::MissingHeader,
        Tampering::OtherMode,
        Tampering::OversizedBody,
        Tampering::TruncatedBody,
    ];
}

/// What somebody signs with who doesn't know the endpoint's secret.
const FORGERS_SECRET: &str = "whsec_NobodyEverGaveThisSecretToStripe";

/// The secret of the other mode's endpoint at the same URL.
const LIVE_SECRET: &str = "whsec_TheLiveModesEndpointHasItsOwnOne";

/// How long ago a stale delivery was signed, in seconds. Twice the tolerance, so that nobody is
/// accused over a rounding or a slow clock.
const STALE_SECONDS: i64 = 2 * TOLERANCE_SECONDS;

/// How large an oversized body is. Stripe's own are some kilobytes.
const OVERSIZED_BYTES: usize = 3 * 1024 * 1024;

impl Event {
    /// A delivery at `sent_at` (Unix seconds) that looks like this event's and isn't genuine. It
    /// must move nothing.
    #[must_use]
    pub fn tampered<'a>(
        &self,
        tampering: Tampering,
        signing: impl Into<Signing<'a>>,
        sent_at: i64,
    ) -> Delivery {
        let signing = signing.into();
        let by = |secret| Signing { secret, ..signing };
        match tampering {
            Tampering::ForgedSignature => {
                let body = self.counterfeit();
                let signature = by(FORGERS_SECRET).header(sent_at, &body);
                deliver(body, signature)
            }
            Tampering::StaleTimestamp => self.delivery(signing, sent_at - STALE_SECONDS),
            Tampering::AlteredBody => {
                let signature = signing.header(sent_at, self.body());
                deliver(self.counterfeit(), signature)
            }
            Tampering::ReserializedBody => {
                let signature = signing.header(sent_at, self.body());
                deliver(self.reserialized(), signature)
            }
            Tampering::MissingHeader => {
                let mut bare = deliver(self.counterfeit(), String::new());
                bare.headers.retain(|(name, _)| name != SIGNATURE_HEADER);
                bare
            }
            Tampering::OtherMode => {
                let body = String::from_utf8_lossy(self.body());
                let body = body.replace("\"livemode\": false", "\"livemode\": true");
                let signature = by(LIVE_SECRET).header(sent_at, body.as_bytes());
                deliver(body.into_bytes(), signature)
            }
            Tampering::OversizedBody => {
                let mut body = self.counterfeit();
                body.pop();
                body.extend_from_slice(b",\n  \"padding\": \"");
                body.resize(OVERSIZED_BYTES, b'x');
                body.extend_from_slice(b"\"\n}");
                let signature = by(FORGERS_SECRET).header(sent_at, &body);
                deliver(body, signature)
            }
            Tampering::TruncatedBody => {
                let signature = signing.header(sent_at, self.body());
                deliver(self.body()[..self.body().len() / 2].to_vec(), signature)
            }
        }
    }

    /// The same JSON without Stripe's spaces: what a framework's own parser and printer leave.
    fn reserialized(&self) -> Vec<u8> {
        let parsed: serde_json::Value =
            serde_json::from_slice(self.body()).expect("a printed event is JSON");
        parsed.to_string().into_bytes()
    }

    /// This event's body, changed so that a ledger that believes it goes wrong whether or not it
    /// sees the honest one too: another sale that nobody made, paid for the same account; or a
    /// refund of everything (harmless if everything was refunded anyway); or another dispute.
    fn counterfeit(&self) -> Vec<u8> {
        let mut kind = self.kind;
        let mut snapshot = self.snapshot.clone();
        match &mut snapshot.object {
            Object::Session(session) => {
                let session = Arc::make_mut(session);
                session.id = FactId::new(another(session.id.as_str()));
                session.payment_intent = session.payment_intent.as_deref().map(another);
                session.payment = PaymentStatus::Paid;
                kind = EventKind::CheckoutCompleted;
            }
            Object::Invoice(invoice) => {
                let invoice = Arc::make_mut(invoice);
                invoice.id = FactId::new(another(invoice.id.as_str()));
                if let Some(payment) = &mut invoice.payment {
                    let payment = Arc::make_mut(payment);
                    payment.payment_intent = another(&payment.payment_intent);
                }
            }
            Object::Charge(charge) => {
                let charge = Arc::make_mut(charge);
                charge.refunded = charge.amount.minor();
                kind = EventKind::ChargeRefunded;
            }
            Object::Dispute(dispute) => {
                let dispute = Arc::make_mut(dispute);
                dispute.id = another(&dispute.id);
                kind = EventKind::DisputeFundsWithdrawn;
            }
            _ => {}
        }
        let id = EventId::new(another(self.id.as_str()));
        let forged = Event::new(
            id,
            kind,
            self.created,
            snapshot,
            self.request.clone(),
            self.meaning.clone(),
        );
        forged.body().to_vec()
    }
}

/// An id that the world never makes: its last character is noise, so no other id differs in that
/// alone.
fn another(id: &str) -> String {
    let mut other = id.to_owned();
    let last = other.pop();
    other.push(if last == Some('X') { 'Y' } else { 'X' });
    other
}

#[cfg(test)]
mod tests {
    use super::super::event::Told;
    use super::super::signature::{Refusal, verify};
    use super::super::tests::{NOW, everything, world};
    use super::super::world::Stripe;
    use super::*;
    use serde_json::Value;

    const SECRET: &str = "whsec_honest";

    fn events() -> Stripe {
        let mut stripe = world();
        everything(&mut stripe).unwrap();
        stripe
    }

    #[test]
    fn a_verifying_endpoint_refuses_each() {
        for event in events().events() {
            for tampering in Tampering::ALL {
                let delivery = event.tampered(tampering, SECRET, NOW);
                let refusal = match tampering {
                    Tampering::StaleTimestamp => Refusal::TooOld { age: 600 },
                    Tampering::MissingHeader => {
                        assert_eq!(delivery.signature(), None);
                        continue;
                    }
                    _ => Refusal::Mismatch,
                };
                let header = delivery.signature().unwrap();
                let verdict = verify(SECRET, header, &delivery.body, NOW);
                assert_eq!(verdict, Err(refusal), "{tampering:?} of {}", event.kind);
            }
        }
    }

    #[test]
    fn s10_a_body_printed_again_says_the_same_in_other_bytes() {
        for event in events().events() {
            let delivery = event.tampered(Tampering::ReserializedBody, SECRET, NOW);
            assert_ne!(delivery.body, event.body());
            let value = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap();
            assert_eq!(value(&delivery.body), value(event.body()));
        }
    }

    #[test]
    fn s9_e5_the_other_mode_signs_with_a_secret_of_its_own() {
        let stripe = events();
        let delivery = stripe.events()[0].tampered(Tampering::OtherMode, SECRET, NOW);
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(body["livemode"], true);
        let header = delivery.signature().unwrap();
        assert_eq!(verify(LIVE_SECRET, header, &delivery.body, NOW), Ok(()));
    }

    #[test]
    fn an_oversized_body_is_json_of_megabytes() {
        let stripe = events();
        let delivery = stripe.events()[0].tampered(Tampering::OversizedBody, SECRET, NOW);
        assert!(delivery.body.len() > OVERSIZED_BYTES);
        assert!(serde_json::from_slice::<Value>(&delivery.body).is_ok());
    }

    #[test]
    fn each_differs_from_an_honest_delivery_in_one_thing_only() {
        for event in events().events() {
            let forged = event.tampered(Tampering::ForgedSignature, SECRET, NOW);
            let header = forged.signature().unwrap();
            assert_eq!(verify(FORGERS_SECRET, header, &forged.body, NOW), Ok(()));

            let stale = event.tampered(Tampering::StaleTimestamp, SECRET, NOW);
            let header = stale.signature().unwrap();
            let signed_at = NOW - STALE_SECONDS;
            assert_eq!(stale.body, event.body());
            assert_eq!(verify(SECRET, header, &stale.body, signed_at), Ok(()));

            let altered = event.tampered(Tampering::AlteredBody, SECRET, NOW);
            let header = altered.signature().unwrap();
            assert_eq!(verify(SECRET, header, event.body(), NOW), Ok(()));
            let length = altered.body.len().to_string();
            assert_eq!(altered.header("Content-Length"), Some(length.as_str()));
        }
    }

    #[test]
    fn a_ledger_that_believes_a_counterfeit_gives_credits_away_or_takes_too_many() {
        let stripe = events();
        let matters = |event: &&Event| event.meaning.told != Told::Nothing;
        for event in stripe.events().iter().filter(matters) {
            let delivery = event.tampered(Tampering::AlteredBody, SECRET, NOW);
            let body: Value = serde_json::from_slice(&delivery.body).unwrap();
            let object = &body["data"]["object"];
            let id = EventId::new(body["id"].as_str().unwrap());
            assert!(
                stripe.event(&id).is_none(),
                "not taken for one already applied"
            );
            let kind = body["type"].as_str().unwrap();
            match &event.snapshot.object {
                Object::Charge(_) => {
                    assert_eq!(object["amount_refunded"], object["amount"]);
                    assert_eq!(object["refunded"], true);
                }
                Object::Invoice(_) => assert_ne!(object["id"], event.meaning.fact.as_str()),
                Object::Dispute(dispute) => {
                    assert_ne!(object["id"], dispute.id);
                    assert_eq!(kind, "charge.dispute.funds_withdrawn");
                }
                _ => {
                    assert_ne!(object["id"], event.meaning.fact.as_str());
                    assert_eq!(kind, "checkout.session.completed");
                    assert_eq!(object["payment_status"], "paid");
                    let account = event.meaning.account.as_str();
                    assert_eq!(object["client_reference_id"], account);
                }
            }
        }
        let partial = |told| matches!(told, Told::Refunded { paid, refunded } if refunded < paid);
        assert!(
            stripe
                .events()
                .iter()
                .any(|event| partial(event.meaning.told))
        );
    }
}
