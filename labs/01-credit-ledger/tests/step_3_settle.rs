//! Step 01.3: charge and refund, idempotent.

use lab_01_credit_ledger::settle::CreditLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn a_job_ends_once_however_often_its_end_is_told() {
    Step::new("01.3", "Charge and refund, idempotent")
        .meets([
            Fault::Duplicate,
            Fault::LostReply,
            Fault::CrashBetween,
            Fault::LateFailure,
            Fault::LateSuccess,
            Fault::PartialOutput,
            Fault::UnknownJob,
        ])
        .holds([
            Invariant::ExactlyOnce,
            Invariant::OrderGuard,
            Invariant::HonestReplies,
            Invariant::AtomicLifecycle,
        ])
        .keeps([Invariant::Conservation])
        .in_every_order()
        .grade::<CreditLedger>();
}
