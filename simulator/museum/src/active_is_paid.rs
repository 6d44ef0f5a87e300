//! # Active before the money
//!
//! **Story.** A subscription that is `active` in a new period has been renewed, so it gets the
//! month's credits; the invoice is taken care of too, for those who begin.
//!
//! **Source.** Stripe's guide to subscription webhooks: at the period's end the subscription is
//! updated at once; the invoice is paid about an hour later, or not.
//!
//! **What it breaks.** `reconciliation`: the renewal is granted by the subscription and by its
//! invoice.
//!
//! **The founder's cost.** Every month is two months, and the month of a declined card is one.
//!
//! **The cure.** Credits follow money: `invoice.paid`, and nothing that merely says how a
//! subscription stands.

use crate::webhooks::{Event, Habit, Right};
use simulator::Catalogue;

/// The specimen's habit.
pub struct ActiveIsPaid;

impl Habit for ActiveIsPaid {
    fn paid_fact(event: &Event) -> Option<String> {
        let renewed = event.kind() == "customer.subscription.updated"
            && event.text("/status") == Some("active");
        if !renewed {
            return Right::paid_fact(event);
        }
        let period = event.number("/items/data/0/current_period_start");
        Some(format!("{}@{period}", event.text("/id")?))
    }

    fn credits(catalogue: &Catalogue, event: &Event) -> Option<i64> {
        let Some(price) = event.text("/items/data/0/price/id") else {
            return Right::credits(catalogue, event);
        };
        Some(catalogue.offer(price)?.credits.get())
    }
}
