//! Step 03.2: out-of-order guards.

use lab_03_async_jobs::out_of_order::JobLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn whoever_reports_last_does_not_win() {
    Step::new("03.2", "Out-of-order guards")
        .meets([
            Fault::LateSuccess,
            Fault::LateFailure,
            Fault::SuccessAndFailure,
            Fault::LostReply,
            Fault::CrashAfterCommit,
        ])
        .holds([
            Invariant::OrderGuard,
            Invariant::ExactlyOnce,
            Invariant::HonestReplies,
        ])
        .keeps([Invariant::AtomicLifecycle, Invariant::Conservation])
        .in_every_order()
        .grade::<JobLedger>();
}
