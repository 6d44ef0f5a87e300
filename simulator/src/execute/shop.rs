//! The shop that every storm plays in: what is sold, and the secret that Stripe signs with.

use crate::target::{Catalogue, Credits, Currency, Money, Offer, OfferKind, StripeAccess};

/// The endpoint's signing secret. It is as secret as a throw-away database.
pub(super) const WEBHOOK_SECRET: &str = "whsec_badai_storm";

/// Two packs and a plan. The small pack's credits don't divide evenly by its price, so that a
/// clawback has to round.
pub(super) fn catalogue() -> Catalogue {
    let offer = |price: &str, minor, credits, kind| Offer {
        price: price.to_owned(),
        amount: Money::new(minor, Currency::USD),
        credits: Credits::new(credits),
        kind,
    };
    Catalogue {
        offers: vec![
            offer("price_pack_100", 1_000, 100, OfferKind::Pack),
            offer("price_pack_33", 399, 33, OfferKind::Pack),
            offer("price_plan_50", 900, 50, OfferKind::Plan),
        ],
    }
}

/// The price ids of a kind, in the catalogue's order.
pub(super) fn prices(catalogue: &Catalogue, kind: OfferKind) -> Vec<String> {
    catalogue
        .offers
        .iter()
        .filter(|offer| offer.kind == kind)
        .map(|offer| offer.price.clone())
        .collect()
}

/// How the ledger and this Stripe know each other.
pub(super) fn stripe_access() -> StripeAccess {
    StripeAccess {
        webhook_secret: WEBHOOK_SECRET.to_owned(),
    }
}
