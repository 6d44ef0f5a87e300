//! Step 04.2: delayed payment methods.

use lab_04_global_payments::delayed::GlobalLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn what_is_paid_days_later_is_granted_then_and_once() {
    Step::new("04.2", "Delayed payment methods")
        .meets([
            Fault::UnpaidSession,
            Fault::Duplicate,
            Fault::Reorder,
            Fault::Delay,
            Fault::LateRetry,
            Fault::LostReply,
            Fault::CrashBetween,
        ])
        .holds([Invariant::Reconciliation])
        .keeps([Invariant::ExactlyOnce, Invariant::Conservation])
        .in_every_order()
        .grade::<GlobalLedger>();
}
