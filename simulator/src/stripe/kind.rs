//! The types of events that this world emits, as Stripe names them.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
        /// A type of event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum EventKind {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl EventKind {
            /// All of them.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$name),*];

            /// Stripe's name, such as `invoice.paid`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(EventKind::$name => $text),* }
            }
        }
    };
}

kinds! {
    /// The buyer went through Checkout, which doesn't mean paid (C2).
    CheckoutCompleted "checkout.session.completed";
    /// The bank debit of an earlier Checkout brought the money (C14).
    CheckoutAsyncPaymentSucceeded "checkout.session.async_payment_succeeded";
    /// The bank debit of an earlier Checkout failed (C14).
    CheckoutAsyncPaymentFailed "checkout.session.async_payment_failed";
    /// Nobody went through it in time (C9).
    CheckoutExpired "checkout.session.expired";
    /// An invoice was paid, by a payment or by hand (I3).
    InvoicePaid "invoice.paid";
    /// An invoice was paid by a payment (I3): the same fact once more.
    InvoicePaymentSucceeded "invoice.payment_succeeded";
    /// A payment of an invoice was declined (I18).
    InvoicePaymentFailed "invoice.payment_failed";
    /// A draft was made (D15).
    InvoiceCreated "invoice.created";
    /// A draft was opened: not a payment (I7).
    InvoiceFinalized "invoice.finalized";
    /// An invoice changed (I7).
    InvoiceUpdated "invoice.updated";
    /// A renewal comes in some days; its object has no id (I7).
    InvoiceUpcoming "invoice.upcoming";
    /// A PaymentIntent paid an invoice (I6).
    InvoicePaymentPaid "invoice_payment.paid";
    /// A charge went through.
    ChargeSucceeded "charge.succeeded";
    /// A bank was asked for the money.
    ChargePending "charge.pending";
    /// A charge was declined.
    ChargeFailed "charge.failed";
    /// A charge changed; its balance transaction is known now (C13).
    ChargeUpdated "charge.updated";
    /// Some or all of a charge went back; the total is cumulative (R1).
    ChargeRefunded "charge.refunded";
    /// The old name of `refund.updated` (R2).
    ChargeRefundUpdated "charge.refund.updated";
    /// A dispute or an inquiry began (R8, R9).
    DisputeCreated "charge.dispute.created";
    /// A dispute changed.
    DisputeUpdated "charge.dispute.updated";
    /// A dispute is won, lost, or a closed inquiry (R8).
    DisputeClosed "charge.dispute.closed";
    /// The money was taken.
    DisputeFundsWithdrawn "charge.dispute.funds_withdrawn";
    /// The money was given back (R10).
    DisputeFundsReinstated "charge.dispute.funds_reinstated";
    /// A refund was made (R2).
    RefundCreated "refund.created";
    /// A refund changed (R2).
    RefundUpdated "refund.updated";
    /// A refund came back, perhaps after it had succeeded (R4).
    RefundFailed "refund.failed";
    /// A payment began; this may well arrive last (C12).
    IntentCreated "payment_intent.created";
    /// The bank was asked for the money.
    IntentProcessing "payment_intent.processing";
    /// A payment went through.
    IntentSucceeded "payment_intent.succeeded";
    /// A try was declined; the same payment may still succeed (R11).
    IntentPaymentFailed "payment_intent.payment_failed";
    /// Somebody is a customer now.
    CustomerCreated "customer.created";
    /// A customer changed.
    CustomerUpdated "customer.updated";
    /// A customer is gone.
    CustomerDeleted "customer.deleted";
    /// A subscription began, paid or not.
    SubscriptionCreated "customer.subscription.created";
    /// A subscription changed: its period too, before the money (I17).
    SubscriptionUpdated "customer.subscription.updated";
    /// A subscription ended (I20).
    SubscriptionDeleted "customer.subscription.deleted";
    /// A trial ends in three days (I16).
    SubscriptionTrialWillEnd "customer.subscription.trial_will_end";
    /// Something is for sale.
    ProductCreated "product.created";
    /// It has a price.
    PriceCreated "price.created";
    /// A test clock was made (T1).
    ClockCreated "test_helpers.test_clock.created";
    /// A test clock is on its way (T3).
    ClockAdvancing "test_helpers.test_clock.advancing";
    /// A test clock has arrived (T3).
    ClockReady "test_helpers.test_clock.ready";
    /// A test clock is gone (T2).
    ClockDeleted "test_helpers.test_clock.deleted";
}

impl EventKind {
    /// Whether a ledger's endpoint is set up for it: what tells of money for a sale, by any name.
    #[must_use]
    pub const fn is_needed(self) -> bool {
        matches!(
            self,
            EventKind::CheckoutCompleted
                | EventKind::CheckoutAsyncPaymentSucceeded
                | EventKind::CheckoutAsyncPaymentFailed
                | EventKind::InvoicePaid
                | EventKind::InvoicePaymentSucceeded
                | EventKind::ChargeRefunded
                | EventKind::DisputeCreated
                | EventKind::DisputeUpdated
                | EventKind::DisputeClosed
                | EventKind::DisputeFundsWithdrawn
                | EventKind::DisputeFundsReinstated
        )
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
