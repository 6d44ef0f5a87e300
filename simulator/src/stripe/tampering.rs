//! Deliveries that Stripe never made: what a verifying endpoint refuses.

use super::delivery::{Signing, deliver};
use super::event::{Event, EventKind, Snapshot, print};
use super::signature::TOLERANCE_SECONDS;
use crate::{Delivery, EventId, FactId};
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
}

/// What somebody signs with who doesn't know the endpoint's secret.
const FORGERS_SECRET: &str = "whsec_NobodyEverGaveThisSecretToStripe";

/// How long ago a stale delivery was signed, in seconds. Twice the tolerance, so that nobody is
/// accused over a rounding or a slow clock.
const STALE_SECONDS: i64 = 2 * TOLERANCE_SECONDS;

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
        match tampering {
            Tampering::ForgedSignature => {
                let body = self.counterfeit();
                let forger = Signing {
                    secret: FORGERS_SECRET,
                    ..signing
                };
                let signature = forger.header(sent_at, &body);
                deliver(body, signature)
            }
            Tampering::StaleTimestamp => self.delivery(signing, sent_at - STALE_SECONDS),
            Tampering::AlteredBody => {
                let signature = signing.header(sent_at, &self.body);
                deliver(self.counterfeit(), signature)
            }
        }
    }

    /// This event's body, changed so that a ledger that believes it goes wrong whether or not it
    /// sees the honest one too: another sale that nobody made, paid for the same account; or a
    /// refund of everything (harmless if everything was refunded anyway).
    fn counterfeit(&self) -> Vec<u8> {
        let mut kind = self.kind;
        let mut snapshot = self.snapshot.clone();
        match &mut snapshot {
            Snapshot::Session(session) => {
                let session = Arc::make_mut(session);
                session.id = FactId::new(another(session.id.as_str()));
                session.payment_intent = another(&session.payment_intent);
                session.paid = true;
                kind = EventKind::CheckoutCompleted;
            }
            Snapshot::Invoice(invoice) => {
                let invoice = Arc::make_mut(invoice);
                invoice.id = FactId::new(another(invoice.id.as_str()));
                invoice.payment_intent = another(&invoice.payment_intent);
            }
            Snapshot::Refund { charge, .. } => {
                let charge = Arc::make_mut(charge);
                charge.refunded = charge.amount.minor();
            }
        }
        let id = EventId::new(another(self.id.as_str()));
        print(&id, kind, self.created, &snapshot, self.request.as_ref())
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
            for (tampering, refusal) in [
                (Tampering::ForgedSignature, Refusal::Mismatch),
                (Tampering::StaleTimestamp, Refusal::TooOld { age: 600 }),
                (Tampering::AlteredBody, Refusal::Mismatch),
            ] {
                let delivery = event.tampered(tampering, SECRET, NOW);
                let header = delivery.signature().unwrap();
                let verdict = verify(SECRET, header, &delivery.body, NOW);
                assert_eq!(verdict, Err(refusal), "{tampering:?} of {}", event.kind);
            }
        }
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
            assert_eq!(stale.body, event.body);
            assert_eq!(verify(SECRET, header, &stale.body, signed_at), Ok(()));

            let altered = event.tampered(Tampering::AlteredBody, SECRET, NOW);
            let header = altered.signature().unwrap();
            assert_eq!(verify(SECRET, header, &event.body, NOW), Ok(()));
            let length = altered.body.len().to_string();
            assert_eq!(altered.header("Content-Length"), Some(length.as_str()));
        }
    }

    #[test]
    fn a_ledger_that_believes_a_counterfeit_gives_credits_away_or_takes_too_many() {
        let stripe = events();
        for event in stripe.events() {
            let delivery = event.tampered(Tampering::AlteredBody, SECRET, NOW);
            let body: Value = serde_json::from_slice(&delivery.body).unwrap();
            let object = &body["data"]["object"];
            let id = EventId::new(body["id"].as_str().unwrap());
            assert!(
                stripe.event(&id).is_none(),
                "not taken for one already applied"
            );
            match event.kind {
                EventKind::ChargeRefunded => {
                    assert_eq!(object["amount_refunded"], object["amount"]);
                    assert_eq!(object["refunded"], true);
                }
                EventKind::InvoicePaid => assert_ne!(object["id"], event.meaning.fact.as_str()),
                _ => {
                    assert_ne!(object["id"], event.meaning.fact.as_str());
                    assert_eq!(body["type"], "checkout.session.completed");
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
