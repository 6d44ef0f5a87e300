//! Step 04.3: packs, subscriptions and usage on one ledger.

use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;
use solution_04_global_payments::one_ledger::GlobalLedger;

#[test]
fn credits_are_credits_wherever_they_came_from() {
    Step::new("04.3", "Packs, subscriptions and usage on one ledger")
        .meets([
            Fault::Duplicate,
            Fault::TwinEvent,
            Fault::LateRetry,
            Fault::PartialOutput,
            Fault::LateFailure,
            Fault::DoubleClick,
        ])
        .holds([Invariant::Reconciliation])
        .keeps([
            Invariant::AtomicLifecycle,
            Invariant::HonestReplies,
            Invariant::ExactlyOnce,
            Invariant::OrderGuard,
            Invariant::Conservation,
        ])
        .in_every_order()
        .grade::<GlobalLedger>();
}
