//! `[catalogue]`: what is sold, and the constants that queries can name it by.

use super::literal::{Literal, Scale};
use super::source::{Read, Table};
use crate::target::{Catalogue, Credits, Currency, Money, Offer, OfferKind};

/// What `[catalogue]` comes to.
pub(super) struct Shop {
    /// `None` for the storm's own shop.
    pub(super) catalogue: Option<Catalogue>,
    /// `$price.pack` and so on.
    pub(super) constants: Vec<(String, Literal)>,
}

/// Reads the section.
pub(super) fn read(table: Option<&Table<'_>>, scale: Scale) -> Read<Shop> {
    let mut offers: Vec<Offer> = Vec::new();
    let mut constants = Vec::new();
    for (name, node) in table.map(Table::entries).unwrap_or_default() {
        let entry = node.table()?;
        entry.only(&["price", "amount", "currency", "credits", "kind"])?;
        let price = entry.wanted("price", "Stripe's price id")?;
        let amount = entry.wanted("amount", "what is paid, in the currency's smallest unit")?;
        let credits = entry.wanted("credits", "what it is worth in credits")?;
        let kinds = [("pack", OfferKind::Pack), ("plan", OfferKind::Plan)];
        let kind = entry.get("kind").map(|kind| kind.one_of(&kinds));
        let currency = match entry.get("currency") {
            None => Currency::USD,
            Some(node) => Currency::parse(node.text()?)
                .map_err(|error| node.error(format!("`{}`: {error}", node.name)))?,
        };
        let written = credits.number()?;
        let parts = scale.read(written).filter(|parts| *parts > 0);
        let parts = parts.ok_or_else(|| {
            credits.error(format!(
                "`{}` is {written}; expected more than 0, with at most {} decimals",
                credits.name, scale.0
            ))
        })?;
        let minor = i64::try_from(amount.count()?).unwrap_or(i64::MAX);
        if minor == 0 {
            let said = format!("`{}` is 0; expected a price above it", amount.name);
            return Err(amount.error(said));
        }
        let id = price.text()?.to_owned();
        if offers.iter().any(|offer| offer.price == id) {
            return Err(price.error(format!("the price `{id}` is sold twice")));
        }
        constants.push((format!("price.{name}"), Literal::Text(id.clone())));
        offers.push(Offer {
            price: id,
            amount: Money::new(minor, currency),
            credits: Credits::new(parts),
            kind: kind.transpose()?.unwrap_or(OfferKind::Pack),
        });
    }
    Ok(Shop {
        catalogue: (!offers.is_empty()).then_some(Catalogue { offers }),
        constants,
    })
}
