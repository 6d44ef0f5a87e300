//! Step 01.4: the backend-only boundary.

use lab_01_credit_ledger::boundary::CreditLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn a_browser_reads_its_own_rows_and_writes_none() {
    Step::new("01.4", "The backend-only boundary")
        .meets([Fault::DirectWrite, Fault::FunctionCall, Fault::ForeignRead])
        .holds([Invariant::Boundary])
        .keeps([Invariant::AtomicLifecycle, Invariant::Conservation])
        .grade::<CreditLedger>();
}
