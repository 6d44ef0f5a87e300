//! # The body that isn't the body
//!
//! **Story.** A framework parses JSON bodies for every route. The handler prints the object again and
//! verifies that.
//!
//! **Source.** Stripe's webhook guide: "Stripe requires the raw body of the request to perform
//! signature verification. If you're using a framework, make sure it doesn't manipulate the raw body."
//! stripe-node's README opens its webhook section with it.
//!
//! **What it breaks.** `reconciliation`: Stripe prints with two spaces and the framework without, so no
//! delivery verifies, and every sale is lost after three days of retries.
//!
//! **The founder's cost.** Customers pay and get nothing. The usual next step is worse: the check is
//! taken out.
//!
//! **The cure.** Take the raw bytes on this route, verify, and parse afterwards.

use crate::webhooks::{Habit, Right};

/// The specimen's habit.
pub struct ReserializedBody;

impl Habit for ReserializedBody {
    fn is_genuine(secret: &str, header: &str, body: &[u8]) -> bool {
        let Ok(parsed) = serde_json::from_slice::<serde_json::Value>(body) else {
            return false;
        };
        Right::is_genuine(secret, header, parsed.to_string().as_bytes())
    }
}
