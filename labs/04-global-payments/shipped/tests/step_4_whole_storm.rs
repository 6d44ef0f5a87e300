//! Step 04.4: the whole storm.

use lab_04_global_payments::whole_storm::GlobalLedger;
use simulator::invariant::Invariant;
use simulator::lab::Step;
use simulator::storm::Fault;

#[test]
fn the_ledger_stands_in_all_weather() {
    Step::new("04.4", "The whole storm")
        .meets([
            Fault::Duplicate,
            Fault::TwinEvent,
            Fault::Reorder,
            Fault::Delay,
            Fault::DropThenRetry,
            Fault::LostReply,
            Fault::Burst,
            Fault::LateRetry,
            Fault::ForgedSignature,
            Fault::StaleTimestamp,
            Fault::AlteredBody,
            Fault::CrashBefore,
            Fault::CrashAfterCommit,
            Fault::DoubleClick,
            Fault::LateSuccess,
            Fault::LateFailure,
            Fault::SuccessAndFailure,
            Fault::NeverEnds,
            Fault::PartialOutput,
            Fault::UnknownJob,
            Fault::NonsenseAmount,
        ])
        .holds([
            Invariant::Recovery,
            Invariant::HonestReplies,
            Invariant::ExactlyOnce,
        ])
        .keeps([
            Invariant::Reconciliation,
            Invariant::OrderGuard,
            Invariant::Durability,
            Invariant::AtomicLifecycle,
            Invariant::Conservation,
        ])
        .in_every_order()
        .grade::<GlobalLedger>();
}
