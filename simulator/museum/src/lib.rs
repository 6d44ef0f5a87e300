//! The museum: ledgers with bugs that someone really shipped.
//!
//! One file a specimen. Each opens with its story, its source, the invariants that it breaks, what
//! that costs a founder, and the cure. The museum is the simulator's own test: every specimen must
//! be found.
//!
//! | specimen | what is wrong with it |
//! |---|---|
//! | [`naive`] | nearly everything: what people ship first |
//! | [`invoice_twice`] | grants on invoice.paid and once more on invoice.payment_succeeded |
//! | [`subscription_twice`] | grants a subscription by its checkout and by its first invoice |
//! | [`event_id_alone`] | knows a sale by the id of the event that told it |
//! | [`unpaid_session`] | takes a completed checkout for a paid one |
//! | [`hundredths`] | divides every amount by a hundred to get the price |
//! | [`refund_delta`] | takes a charge's running total for one refund's amount |
//! | [`reserialized_body`] | verifies a body that its framework has parsed and printed again |
//! | [`first_signature`] | looks at the first v1 signature only |
//! | [`forgotten_stranger`] | refuses an unknown customer's invoice and remembers the event as done |
//! | [`latest_wins`] | ignores an event that was created before one that it has applied |
//! | [`old_invoice`] | looks for an invoice's subscription where it stood before basil |
//! | [`inquiry_as_dispute`] | takes credits back when a bank only asks |
//! | [`renewal_sets`] | sets the balance to the plan's credits on renewal day |
//! | [`every_delivery`] | adds whatever is delivered, as often as it is delivered |
//! | [`snapshot_is_now`] | takes an event's snapshot for how things stand now |
//! | [`parked_again`] | keeps an unknown customer's invoice at each attempt, and answers 400 to end them |
//! | [`moves_at_once`] | moves the credits in one transaction and notes it in another |
//! | [`looks_then_adds`] | looks whether a sale was granted, and then grants it |
//! | [`guest_checkout`] | finds accounts by Stripe's customer, which a guest doesn't have |
//! | [`active_is_paid`] | grants a renewal when the subscription is active, and when its invoice is paid |
//! | [`short_memory`] | forgets the keys of what it granted before Stripe is done with them |
//! | [`error_is_nothing`] | takes an error of Stripe's API for nothing to do |
//!
//! All but the first are one ledger, [`webhooks`], which is right but for one habit each. What all
//! of them get right, because Stripe's documentation spells it out, stands in
//! [`stripe_signature`].

pub mod active_is_paid;
pub mod error_is_nothing;
pub mod event_id_alone;
pub mod every_delivery;
pub mod first_signature;
pub mod forgotten_stranger;
pub mod guest_checkout;
pub mod hundredths;
pub mod inquiry_as_dispute;
pub mod invoice_twice;
pub mod latest_wins;
pub mod looks_then_adds;
pub mod moves_at_once;
pub mod naive;
pub mod old_invoice;
pub mod parked_again;
pub mod refund_delta;
pub mod renewal_sets;
pub mod reserialized_body;
pub mod short_memory;
pub mod snapshot_is_now;
pub mod stripe_signature;
pub mod subscription_twice;
pub mod unpaid_session;
pub mod webhooks;

use simulator::Subject;
use webhooks::{Habit, Webhooks};

/// Every specimen, in the order in which the museum shows them.
#[must_use]
pub fn specimens() -> Vec<Subject> {
    vec![
        Subject::rust::<naive::Naive>(
            "naive",
            "reads the balance, then writes it; remembers jobs and events in its process",
        ),
        webhooks::<invoice_twice::InvoiceTwice>(
            "invoice-twice",
            "grants on invoice.paid and once more on invoice.payment_succeeded",
        ),
        webhooks::<subscription_twice::SubscriptionTwice>(
            "subscription-twice",
            "grants a subscription by its checkout and by its first invoice",
        ),
        webhooks::<event_id_alone::EventIdAlone>(
            "event-id-alone",
            "knows a sale by the id of the event that told it",
        ),
        webhooks::<unpaid_session::UnpaidSession>(
            "unpaid-session",
            "takes a completed checkout for a paid one",
        ),
        webhooks::<hundredths::Hundredths>(
            "hundredths",
            "divides every amount by a hundred to get the price",
        ),
        webhooks::<refund_delta::RefundDelta>(
            "refund-delta",
            "takes a charge's running total for one refund's amount",
        ),
        webhooks::<reserialized_body::ReserializedBody>(
            "reserialized-body",
            "verifies a body that its framework has parsed and printed again",
        ),
        webhooks::<first_signature::FirstSignature>(
            "first-signature",
            "looks at the first v1 signature only",
        ),
        webhooks::<forgotten_stranger::ForgottenStranger>(
            "forgotten-stranger",
            "refuses an unknown customer's invoice and remembers the event as done",
        ),
        webhooks::<latest_wins::LatestWins>(
            "latest-wins",
            "ignores an event that was created before one that it has applied",
        ),
        webhooks::<old_invoice::OldInvoice>(
            "old-invoice",
            "looks for an invoice's subscription where it stood before basil",
        ),
        webhooks::<inquiry_as_dispute::InquiryAsDispute>(
            "inquiry-as-dispute",
            "takes credits back when a bank only asks",
        ),
        webhooks::<renewal_sets::RenewalSets>(
            "renewal-sets",
            "sets the balance to the plan's credits on renewal day",
        ),
        webhooks::<every_delivery::EveryDelivery>(
            "every-delivery",
            "adds whatever is delivered, as often as it is delivered",
        ),
        webhooks::<snapshot_is_now::SnapshotIsNow>(
            "snapshot-is-now",
            "takes an event's snapshot for how things stand now",
        ),
        webhooks::<parked_again::ParkedAgain>(
            "parked-again",
            "keeps an unknown customer's invoice at each attempt, and answers 400 to end them",
        ),
        webhooks::<moves_at_once::MovesAtOnce>(
            "moves-at-once",
            "moves the credits in one transaction and notes it in another",
        ),
        webhooks::<looks_then_adds::LooksThenAdds>(
            "looks-then-adds",
            "looks whether a sale was granted, and then grants it",
        ),
        webhooks::<guest_checkout::GuestCheckout>(
            "guest-checkout",
            "finds accounts by Stripe's customer, which a guest doesn't have",
        ),
        webhooks::<active_is_paid::ActiveIsPaid>(
            "active-is-paid",
            "grants a renewal when the subscription is active, and when its invoice is paid",
        ),
        webhooks::<short_memory::ShortMemory>(
            "short-memory",
            "forgets the keys of what it granted before Stripe is done with them",
        ),
        webhooks::<error_is_nothing::ErrorIsNothing>(
            "error-is-nothing",
            "takes an error of Stripe's API for nothing to do",
        ),
    ]
}

fn webhooks<H: Habit>(name: &str, story: &str) -> Subject {
    Subject::rust::<Webhooks<H>>(name, story)
}
