//! # The refund that is counted twice
//!
//! **Story.** `charge.refunded` has a field `amount_refunded`. One refund in a test takes exactly what
//! it should. Support refunds a second part months later.
//!
//! **Source.** Stripe's API reference, the Charge object: `amount_refunded` can be less than the
//! amount if partial refunds were issued: it is the sum of all.
//!
//! **What it breaks.** `reconciliation`: of two refunds, the first is taken twice.
//!
//! **The founder's cost.** A customer whom support meant to please loses credits that were paid for.
//!
//! **The cure.** Keep the highest total seen, and act on its growth alone; an older event that arrives
//! late then moves nothing either.

use crate::webhooks::{Event, Habit};

/// The specimen's habit.
pub struct RefundDelta;

impl Habit for RefundDelta {
    fn went_back(_: &Event) -> fn(before: i64, told: i64) -> i64 {
        |before, told| before + told
    }
}
