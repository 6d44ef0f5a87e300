//! Step 03.3: the recovery sweep.

use lab_03_async_jobs::sweep::JobLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn what_a_dead_worker_held_comes_back_and_nothing_else() {
    Step::new("03.3", "The recovery sweep")
        .meets([
            Fault::NeverEnds,
            Fault::LateSuccess,
            Fault::LateFailure,
            Fault::LostReply,
            Fault::CrashAfterCommit,
        ])
        .holds([Invariant::Recovery, Invariant::HonestReplies])
        .keeps([
            Invariant::OrderGuard,
            Invariant::ExactlyOnce,
            Invariant::AtomicLifecycle,
            Invariant::Conservation,
        ])
        .in_every_order()
        .grade::<JobLedger>();
}
