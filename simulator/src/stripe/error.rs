//! Why Stripe refuses a business move, and how it says so.

use crate::{AccountId, CustomerId, EventId, FactId};
use thiserror::Error;

/// A move that Stripe would answer with a 400, or that makes no sense in this world.
/// Nothing changed and nothing was emitted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StripeError {
    /// The catalogue has no such price.
    #[error("No such price: '{0}'")]
    NoSuchPrice(String),
    /// Nothing of this id is sold.
    #[error("No such product: '{0}'")]
    NoSuchProduct(String),
    /// Checkout in payment mode sells packs only.
    #[error("The price '{0}' is recurring: use `mode` = `subscription`")]
    NotAPack(String),
    /// Only plans are renewed.
    #[error("The price '{0}' is not recurring: only a plan is renewed")]
    NotAPlan(String),
    /// Free things make no charge; the workload's sales all move money.
    #[error("The price '{0}' costs nothing: every sale of this world moves money")]
    Free(String),
    /// A renewal is of a period; a change of plan has a move of its own.
    #[error("A renewal begins a subscription or goes on with one")]
    NotARenewal,
    /// Prices of one session are in one currency.
    #[error("The Checkout Session's line items must all be in one currency")]
    SeveralCurrencies,
    /// A session has something to sell.
    #[error("The Checkout Session has no line items")]
    NothingToSell,
    /// A1: amounts have at most eight digits.
    #[error("The total amount due must be no more than 99999999")]
    TooLarge,
    /// Nobody made this customer.
    #[error("No such customer: '{0}'")]
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
    #[error("No such sale: '{0}'")]
    NoSuchSale(FactId),
    /// No Charge of this id.
    #[error("No such charge: '{0}'")]
    NoSuchCharge(String),
    /// No Invoice of this id.
    #[error("No such invoice: '{0}'")]
    NoSuchInvoice(FactId),
    /// No Refund of this id that could still fail.
    #[error("No such refund: '{0}'")]
    NoSuchRefund(String),
    /// No Subscription of this id.
    #[error("No such subscription: '{0}'")]
    NoSuchSubscription(String),
    /// The subscription is over.
    #[error("The subscription '{0}' has been canceled")]
    Ended(String),
    /// T5.
    #[error("Customer '{0}' has as many subscriptions as a test clock allows")]
    TooManySubscriptions(CustomerId),
    /// Somebody went through it, or it has expired or was voided.
    #[error("'{0}' is not open")]
    NotOpen(FactId),
    /// The invoice is paid.
    #[error("Invoice is already paid")]
    AlreadyPaid(FactId),
    /// The bank said no.
    #[error("Your card was declined.")]
    Declined(FactId),
    /// The bank has answered already, or was never asked.
    #[error("No bank debit is processing for '{0}'")]
    NotProcessing(FactId),
    /// Nothing was paid, so nothing can be given back.
    #[error("The charge of '{0}' has not succeeded")]
    NotPaid(FactId),
    /// A refund moves at least one unit.
    #[error("Invalid positive integer")]
    NotAnAmount(i64),
    /// R5: all of the charge was refunded before.
    #[error("The charge of '{0}' has already been refunded.")]
    AlreadyRefunded(FactId),
    /// R5: the sum of refunds would pass the charge. Both in minor units.
    #[error("Refund amount ({asked}) is greater than unrefunded amount on charge ({left})")]
    AboveCharge {
        /// What was to be refunded.
        asked: i64,
        /// What could be.
        left: i64,
    },
    /// One dispute a charge.
    #[error("The charge of '{0}' has been disputed before")]
    AlreadyDisputed(FactId),
    /// No open dispute, or inquiry, about this sale.
    #[error("No open dispute of '{0}'")]
    NoSuchDispute(FactId),
    /// No such event was emitted, or too long ago (E7).
    #[error("No such event: '{0}'")]
    NoSuchEvent(EventId),
    /// Nobody made this endpoint.
    #[error("No such webhook endpoint: '{0}'")]
    NoSuchEndpoint(String),
    /// D12.
    #[error("You have reached the maximum of 16 test webhook endpoints.")]
    TooManyEndpoints,
    /// Nobody made this clock.
    #[error("No such test clock: '{0}'")]
    NoSuchClock(String),
    /// T3.
    #[error("The test clock '{0}' is advancing: wait until it is ready")]
    ClockIsBusy(String),
    /// T4.
    #[error("The test clock '{0}' can only be advanced to a later time")]
    ClockGoesBack(String),
    /// T4.
    #[error(
        "The test clock '{0}' can be advanced by two intervals of its shortest subscription, or two years"
    )]
    ClockGoesTooFar(String),
    /// T5.
    #[error("The test clock '{0}' has as many customers as it can")]
    ClockIsFull(String),
}

impl StripeError {
    /// Stripe's `code`, where it has one.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoSuchPrice(_)
            | Self::NoSuchProduct(_)
            | Self::NoSuchCustomer(_)
            | Self::NoSuchSale(_)
            | Self::NoSuchCharge(_)
            | Self::NoSuchInvoice(_)
            | Self::NoSuchRefund(_)
            | Self::NoSuchSubscription(_)
            | Self::NoSuchEvent(_)
            | Self::NoSuchEndpoint(_)
            | Self::NoSuchDispute(_)
            | Self::NoSuchClock(_) => "resource_missing",
            Self::AlreadyRefunded(_) => "charge_already_refunded",
            Self::Declined(_) => "card_declined",
            Self::TooLarge => "amount_too_large",
            Self::NotAnAmount(_) => "parameter_invalid_integer",
            _ => return None,
        })
    }

    /// The parameter that is to blame, where it is one.
    #[must_use]
    pub fn param(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoSuchPrice(_) | Self::NotAPack(_) | Self::NotAPlan(_) => "line_items[0][price]",
            Self::NoSuchProduct(_) => "product",
            Self::NoSuchCustomer(_) | Self::NotTheirCustomer { .. } => "customer",
            Self::NoSuchCharge(_) => "charge",
            Self::NoSuchClock(_) => "test_clock",
            Self::NotAnAmount(_) | Self::AboveCharge { .. } => "amount",
            Self::ClockGoesBack(_) | Self::ClockGoesTooFar(_) => "frozen_time",
            _ => return None,
        })
    }
}
