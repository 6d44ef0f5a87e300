//! Deliveries that Stripe never made: what a verifying endpoint refuses.

use super::delivery::{Signing, deliver};
use super::event::{Event, Snapshot, print};
use super::signature::TOLERANCE_SECONDS;
use crate::{Delivery, EventId, FactId};

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
        let mut snapshot = self.snapshot.clone();
        match &mut snapshot {
            Snapshot::Session(session) => {
                session.id = FactId::new(another(session.id.as_str()));
                session.payment_intent = another(&session.payment_intent);
                session.paid = true;
            }
            Snapshot::Invoice(invoice) => {
                invoice.id = FactId::new(another(invoice.id.as_str()));
                invoice.payment_intent = another(&invoice.payment_intent);
            }
            Snapshot::Refund { charge, .. } => charge.refunded = charge.amount.minor(),
        }
        let id = EventId::new(another(self.id.as_str()));
        print(
            &id,
            self.kind,
            self.created,
            &snapshot,
            self.request.as_ref(),
        )
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
