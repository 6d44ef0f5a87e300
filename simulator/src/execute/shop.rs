//! The shop that every storm plays in: what is sold, and the secret that Stripe signs with.

use crate::target::{Catalogue, Credits, Currency, Money, Offer, OfferKind};

/// The endpoint's signing secret. It is as secret as a throw-away database.
pub(super) const WEBHOOK_SECRET: &str = "whsec_badai_storm";

/// The other secret, while the endpoint's is being rolled.
pub(super) const ROLLED_SECRET: &str = "whsec_badai_storm_before";

/// Three packs and a plan. The small pack's credits don't divide evenly by its price, so that a
/// clawback has to round; the last is sold in a currency without decimals.
pub(super) fn catalogue() -> Catalogue {
    let offer = |price: &str, minor, currency, credits, kind| Offer {
        price: price.to_owned(),
        amount: Money::new(minor, currency),
        credits: Credits::new(credits),
        kind,
    };
    let (usd, jpy) = (Currency::USD, Currency::JPY);
    Catalogue {
        offers: vec![
            offer("price_pack_100", 1_000, usd, 100, OfferKind::Pack),
            offer("price_pack_33", 399, usd, 33, OfferKind::Pack),
            offer("price_plan_50", 900, usd, 50, OfferKind::Plan),
            offer("price_pack_jpy_80", 1_200, jpy, 80, OfferKind::Pack),
        ],
    }
}

/// The price ids of a kind, in the catalogue's order; of packs, those that the workload's buyers
/// at home choose from.
pub(super) fn prices(catalogue: &Catalogue, kind: OfferKind) -> Vec<String> {
    priced(catalogue, kind, false)
}

/// The packs in a currency without decimals.
pub(super) fn abroad(catalogue: &Catalogue) -> Vec<String> {
    priced(catalogue, OfferKind::Pack, true)
}

fn priced(catalogue: &Catalogue, kind: OfferKind, abroad: bool) -> Vec<String> {
    let all: Vec<&Offer> = catalogue
        .offers
        .iter()
        .filter(|offer| offer.kind == kind)
        .collect();
    // A shop that sells in nothing else is at home there.
    let is_home = |offer: &&&Offer| !offer.amount.currency().is_zero_decimal();
    let at_home = all.iter().any(|offer| is_home(&offer));
    all.iter()
        .filter(|offer| is_home(offer) != abroad || !at_home && !abroad)
        .map(|offer| offer.price.clone())
        .collect()
}
