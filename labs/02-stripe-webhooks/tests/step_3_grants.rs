//! Step 02.3: grants that add.

use lab_02_stripe_webhooks::grants::WebhookLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn a_purchase_adds_its_credits_once_and_takes_no_others() {
    Step::new("02.3", "Grants that add")
        .meets([
            Fault::TwinEvent,
            Fault::UnknownCustomer,
            Fault::Duplicate,
            Fault::LateRetry,
            Fault::Reorder,
            Fault::Delay,
            Fault::LostReply,
        ])
        .holds([Invariant::ExactlyOnce, Invariant::Reconciliation])
        .keeps([Invariant::Conservation])
        .in_every_order()
        .grade::<WebhookLedger>();
}
