//! Step 03.1: payment state is not work state.

use lab_03_async_jobs::one_hold::JobLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn a_job_that_is_tried_again_is_paid_once() {
    Step::new("03.1", "Payment state is not work state")
        .meets([
            Fault::DoubleClick,
            Fault::Duplicate,
            Fault::LostReply,
            Fault::LateSuccess,
            Fault::LateFailure,
        ])
        .holds([Invariant::OrderGuard, Invariant::HonestReplies])
        .keeps([
            Invariant::ExactlyOnce,
            Invariant::AtomicLifecycle,
            Invariant::Conservation,
        ])
        .grade::<JobLedger>();
}
