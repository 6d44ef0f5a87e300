//! Step 02.2: a processed-event table.

use lab_02_stripe_webhooks::events::WebhookLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn an_event_is_applied_once_however_many_copies_come() {
    Step::new("02.2", "A processed-event table")
        .meets([
            Fault::Duplicate,
            Fault::Burst,
            Fault::LateRetry,
            Fault::LostReply,
            Fault::CrashBetween,
        ])
        .holds([Invariant::ExactlyOnce])
        .keeps([Invariant::Reconciliation, Invariant::Conservation])
        .in_every_order()
        .grade::<WebhookLedger>();
}
