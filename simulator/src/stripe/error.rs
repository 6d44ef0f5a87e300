//! Why Stripe refuses a business move.

use crate::{AccountId, CustomerId, EventId, FactId};
use thiserror::Error;

/// A move that Stripe would answer with a 400, or that makes no sense in this world.
/// Nothing changed and nothing was emitted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StripeError {
    /// The catalogue has no such price.
    #[error("no such price: '{0}'; the catalogue names what is sold")]
    NoSuchPrice(String),
    /// Checkout in payment mode sells packs only.
    #[error("price '{0}' is a plan; a plan is renewed, not bought in checkout")]
    NotAPack(String),
    /// Only plans are renewed.
    #[error("price '{0}' is a pack; only a plan is renewed")]
    NotAPlan(String),
    /// Free things make no charge; this world has none yet.
    #[error("price '{0}' costs nothing; every sale of this world moves money")]
    Free(String),
    /// Nobody made this customer.
    #[error("no such customer: '{0}'")]
    NoSuchCustomer(CustomerId),
    /// A sale would belong to two accounts.
    #[error("customer '{customer}' is not account {account}'s")]
    NotTheirCustomer {
        /// The customer that was passed.
        customer: CustomerId,
        /// The account that buys.
        account: AccountId,
    },
    /// No Session or Invoice of this id.
    #[error("no such sale: '{0}'")]
    NoSuchSale(FactId),
    /// The bank has answered already, or was never asked.
    #[error("no bank debit is processing for '{0}'")]
    NotProcessing(FactId),
    /// Nothing was paid, so nothing can be given back.
    #[error("'{0}' isn't paid")]
    NotPaid(FactId),
    /// A refund moves at least one unit.
    #[error("invalid positive integer: {0}")]
    NotAnAmount(i64),
    /// R5: all of the charge was refunded before.
    #[error("the charge of '{0}' has already been refunded")]
    AlreadyRefunded(FactId),
    /// R5: the sum of refunds would pass the charge. Both in minor units.
    #[error("refund amount ({asked}) is greater than unrefunded amount on charge ({left})")]
    AboveCharge {
        /// What was to be refunded.
        asked: i64,
        /// What could be.
        left: i64,
    },
    /// No such event was emitted.
    #[error("no such event: '{0}'")]
    NoSuchEvent(EventId),
}
