//! What a ledger is told about its world before it opens.

use super::{Answer, Credits, Money, StripeAccess};
use serde::{Deserialize, Serialize};

/// Everything that an instance may know: where its database is, how Stripe signs, what is sold.
///
/// How an account is found in an event: Checkout Sessions carry it in `client_reference_id`;
/// invoices and charges name the customer, which was linked to the account before the storm.
/// A Checkout Session names what was bought in `metadata.price`; an invoice line names it in
/// `pricing.price_details.price`.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) database_url: String,
    pub(crate) stripe: StripeAccess,
    pub(crate) catalogue: Catalogue,
}

impl World {
    /// A world with these parts.
    #[must_use]
    pub fn new(database_url: String, stripe: StripeAccess, catalogue: Catalogue) -> Self {
        Self {
            database_url,
            stripe,
            catalogue,
        }
    }

    /// Where the ledger's own database is, as a URL that any PostgreSQL client takes.
    #[must_use]
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// The secret that Stripe signs this endpoint's deliveries with, `whsec_…`.
    #[must_use]
    pub fn webhook_secret(&self) -> &str {
        &self.stripe.webhook_secret
    }

    /// Where Stripe's API is, such as `http://127.0.0.1:12111`: the base address for an SDK, or for
    /// requests to `/v1/…`. It knows of every object that the events tell of, as it is now.
    ///
    /// # Errors
    /// Nobody answers there.
    pub fn stripe_url(&self) -> Answer<&str> {
        self.stripe.url()
    }

    /// The key to Stripe's API, `sk_test_…`.
    #[must_use]
    pub fn stripe_key(&self) -> &str {
        self.stripe.key()
    }

    /// What is sold, and for how many credits.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }
}

/// What the business sells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Every offer; a price id stands once.
    pub offers: Vec<Offer>,
}

impl Catalogue {
    /// The offer with this price id.
    #[must_use]
    pub fn offer(&self, price: &str) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.price == price)
    }
}

/// One thing on sale: pay `amount`, get `credits`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Stripe's price id, `price_…`.
    pub price: String,
    /// What is paid for it.
    pub amount: Money,
    /// What it is worth in credits.
    pub credits: Credits,
    /// Bought once, or renewed each period.
    pub kind: OfferKind,
}

/// How an offer is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfferKind {
    /// A pack of credits, bought once in Checkout.
    Pack,
    /// A subscription plan that grants its credits each period.
    Plan,
}
