//! Step 03.4: partial output, timeouts, cancel.

use lab_03_async_jobs::partial::JobLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn a_part_costs_its_part_and_a_late_success_all_or_nothing() {
    Step::new("03.4", "Partial output, timeouts, cancel")
        .meets([
            Fault::PartialOutput,
            Fault::LateSuccess,
            Fault::LateFailure,
            Fault::SuccessAndFailure,
            Fault::Duplicate,
            Fault::LostReply,
        ])
        .holds([
            Invariant::AtomicLifecycle,
            Invariant::OrderGuard,
            Invariant::ExactlyOnce,
            Invariant::HonestReplies,
        ])
        .keeps([Invariant::Conservation])
        .in_every_order()
        .grade::<JobLedger>();
}
