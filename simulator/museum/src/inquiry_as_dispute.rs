//! # The bank that only asked
//!
//! **Story.** `charge.dispute.created` means that the money is gone, so the credits go too.
//!
//! **Source.** Stripe, how disputes work: an inquiry (`warning_needs_response`) comes as a dispute,
//! and takes no money. The withdrawal has an event of its own.
//!
//! **What it breaks.** `reconciliation`: an inquiry that is closed leaves the customer without what
//! was paid for.
//!
//! **The founder's cost.** An honest customer asked the bank what a line on the statement was.
//!
//! **The cure.** Take on `charge.dispute.funds_withdrawn`, give back on `funds_reinstated`.

use crate::webhooks::{Event, Habit};

/// The specimen's habit.
pub struct InquiryAsDispute;

impl Habit for InquiryAsDispute {
    fn withdraws(event: &Event) -> bool {
        event.kind() == "charge.dispute.created"
    }
}
