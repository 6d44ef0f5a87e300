//! The decisions that people get wrong, each right as it stands.

use super::Event;
use crate::stripe_signature;
use simulator::Catalogue;

/// What becomes of a payment of somebody whom the ledger doesn't know yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// It is kept, and granted when the customer is linked.
    IsParked,
    /// It is answered 400.
    IsRefused,
    /// It is kept, once for each delivery, and answered 400 all the same.
    IsKeptAndRefused,
}

/// What a question to Stripe comes to that isn't answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Stripe is to deliver the event again.
    IsAskedAgain,
    /// There is nothing to do.
    IsNothing,
}

/// How a ledger reads its webhooks.
pub trait Habit: Send + Sync + 'static {
    /// Whether the delivery is Stripe's: any `v1` of the raw body, made lately.
    #[must_use]
    fn is_genuine(secret: &str, header: &str, body: &[u8]) -> bool {
        stripe_signature::is_genuine(secret, header, body)
    }

    /// Whether it fetches a checkout's session from Stripe before it believes anything of it, and what
    /// it does if it can't.
    #[must_use]
    fn asks_stripe() -> Option<Unanswered> {
        None
    }

    /// The fact that an event says is paid, once whatever tells it: the Checkout Session of a
    /// pack, the Invoice of a plan.
    #[must_use]
    fn paid_fact(event: &Event) -> Option<String> {
        let paid_pack = event.is_checkout()
            && event.text("/mode") == Some("payment")
            && event.text("/payment_status") == Some("paid");
        let paid_plan = event.kind() == "invoice.paid" && event.number("/amount_paid") > 0;
        (paid_pack || paid_plan)
            .then(|| event.text("/id").map(str::to_owned))
            .flatten()
    }

    /// Whose it is, by our own reference; else it is the customer's.
    #[must_use]
    fn account(event: &Event) -> Option<&str> {
        event.account()
    }

    /// What is granted for it: what the catalogue says of the price.
    #[must_use]
    fn credits(catalogue: &Catalogue, event: &Event) -> Option<i64> {
        let offer = catalogue.offer(event.price()?)?;
        Some(offer.credits.get())
    }

    /// Whether a renewal sets the balance instead of adding to it.
    #[must_use]
    fn renewal_sets() -> bool {
        false
    }

    /// How much of a charge went back by now, when so much had before, in minor units.
    #[must_use]
    fn went_back(event: &Event) -> fn(before: i64, told: i64) -> i64 {
        let _ = event;
        i64::max
    }

    /// Whether an event says that a bank took the money.
    #[must_use]
    fn withdraws(event: &Event) -> bool {
        event.kind() == "charge.dispute.funds_withdrawn"
    }

    /// What becomes of an unknown customer's payment.
    #[must_use]
    fn meets_a_stranger() -> Stranger {
        Stranger::IsParked
    }

    /// Whether what was noted before a refusal stays.
    #[must_use]
    fn remembers_what_it_refused() -> bool {
        false
    }

    /// Whether an event and a sale are known that came before.
    #[must_use]
    fn knows_what_it_did() -> bool {
        true
    }

    /// Of how many events and sales it remembers that they came; of all, if it says nothing.
    #[must_use]
    fn remembers() -> Option<i64> {
        None
    }

    /// Whether it looks for what came before, and then does what it does, waiting for nobody.
    #[must_use]
    fn looks_first() -> bool {
        false
    }

    /// Whether the credits move in a transaction of their own, before the delivery's commits.
    #[must_use]
    fn moves_at_once() -> bool {
        false
    }

    /// Whether an event counts that was made at `created`, when one made at `latest` was applied.
    #[must_use]
    fn is_timely(created: i64, latest: i64) -> bool {
        let _ = (created, latest);
        true
    }
}

/// Nothing wrong with it: what shows that a specimen is found by its own habit.
pub struct Right;

impl Habit for Right {}

/// Nothing wrong with it either: it fetches what it was told of, and what it can't fetch it hears
/// again.
pub struct Fetches;

impl Habit for Fetches {
    fn asks_stripe() -> Option<Unanswered> {
        Some(Unanswered::IsAskedAgain)
    }
}
