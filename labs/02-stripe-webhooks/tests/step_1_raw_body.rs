//! Step 02.1: verify the raw body.

use lab_02_stripe_webhooks::raw_body::WebhookLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn only_what_stripe_signed_moves_credits() {
    Step::new("02.1", "Verify the raw body")
        .meets([
            Fault::ForgedSignature,
            Fault::AlteredBody,
            Fault::StaleTimestamp,
            Fault::MissingHeader,
            Fault::ReserializedBody,
            Fault::RotatedSecret,
        ])
        .holds([Invariant::Reconciliation])
        .keeps([Invariant::Conservation])
        .grade::<WebhookLedger>();
}
