//! Step 02.4: refunds, disputes, clawbacks.

use lab_02_stripe_webhooks::clawbacks::WebhookLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn refunded_money_takes_its_credits_back_and_no_more() {
    Step::new("02.4", "Refunds, disputes, clawbacks")
        .meets([
            Fault::DisputeLifecycle,
            Fault::Reorder,
            Fault::Delay,
            Fault::Duplicate,
            Fault::TwinEvent,
            Fault::DropThenRetry,
            Fault::LostReply,
        ])
        .holds([Invariant::Reconciliation, Invariant::ExactlyOnce])
        .keeps([Invariant::Conservation])
        .in_storms(120)
        .in_every_order()
        .grade::<WebhookLedger>();
}
