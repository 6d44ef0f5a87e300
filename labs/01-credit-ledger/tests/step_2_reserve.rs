//! Step 01.2: reserve without overdraft.

use lab_01_credit_ledger::reserve::CreditLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn no_job_holds_credits_that_are_not_there() {
    Step::new("01.2", "Reserve without overdraft")
        .meets([
            Fault::DoubleClick,
            Fault::LostReply,
            Fault::CrashAfterCommit,
            Fault::NonsenseAmount,
        ])
        .holds([
            Invariant::AtomicLifecycle,
            Invariant::ExactlyOnce,
            Invariant::HonestReplies,
        ])
        .keeps([Invariant::Conservation])
        .in_every_order()
        .grade::<CreditLedger>();
}
