//! Step 01.1: immutable rows and prepaid grants.

use lab_01_credit_ledger::prepaid_grants::CreditLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn a_paid_fact_is_one_row_that_never_changes() {
    Step::new("01.1", "Immutable rows and prepaid grants")
        .meets([
            Fault::Duplicate,
            Fault::TwinEvent,
            Fault::LostReply,
            Fault::CrashAfterCommit,
            Fault::AlteredBody,
        ])
        .holds([Invariant::ExactlyOnce, Invariant::Conservation])
        .in_every_order()
        .grade::<CreditLedger>();
}
