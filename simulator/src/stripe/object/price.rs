//! A Product, its Prices, and so many of a Price.

use crate::stripe::shape::{self, Filling, Metadata, Shaped, Template};
use crate::stripe::version::Version;
use crate::{Credits, Money};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// Something that is sold.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
}

impl Shaped for Product {
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| {
            let mut product = shape::read(include_str!("shapes/product.json"));
            shape::overwrite(
                &mut product,
                json!({
                    "id": "{{id}}",
                    "created": "{{created}}",
                    "default_price": null,
                    "description": "{{description}}",
                    "metadata": "{{metadata}}",
                    "name": "{{name}}",
                    "package_dimensions": null,
                    "type": "service",
                    "updated": "{{created}}",
                }),
            );
            Template::of(product)
        });
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => (&self.id).into(),
            "created" => self.created.into(),
            "description" => self.description.as_ref().into(),
            "metadata" => (&self.metadata).into(),
            "name" => (&self.name).into(),
            _ => panic!("a product has no value for hole `{hole}`"),
        }
    }
}

/// How often a price is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recurring {
    Day,
    Week,
    Month,
    Year,
}

impl Recurring {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Day, Self::Week, Self::Month, Self::Year]
            .into_iter()
            .find(|interval| interval.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Recurring::Day => "day",
            Recurring::Week => "week",
            Recurring::Month => "month",
            Recurring::Year => "year",
        }
    }

    /// Stripe's months have 28 to 31 days; which, no ledger should care.
    pub(crate) fn seconds(self) -> i64 {
        let days = match self {
            Recurring::Day => 1,
            Recurring::Week => 7,
            Recurring::Month => 30,
            Recurring::Year => 365,
        };
        days * 24 * 60 * 60
    }
}

/// What a unit of a product costs, once or each period.
#[derive(Clone, Debug)]
pub(crate) struct Price {
    pub(crate) id: String,
    pub(crate) product: String,
    pub(crate) amount: Money,
    /// What the ledger under test grants for it.
    pub(crate) credits: Credits,
    pub(crate) recurring: Option<Recurring>,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
}

impl Shaped for Price {
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| {
            let mut price = shape::read(include_str!("shapes/price.json"));
            shape::overwrite(
                &mut price,
                json!({
                    "id": "{{id}}",
                    "created": "{{created}}",
                    "currency": "{{currency}}",
                    "custom_unit_amount": null,
                    "metadata": "{{metadata}}",
                    "product": "{{product}}",
                    "recurring": "{{recurring}}",
                    "transform_quantity": null,
                    "type": "{{type}}",
                    "unit_amount": "{{amount}}",
                    "unit_amount_decimal": "{{decimal}}",
                }),
            );
            Template::of(price)
        });
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => (&self.id).into(),
            "created" => self.created.into(),
            "currency" => self.amount.currency().into(),
            "metadata" => (&self.metadata).into(),
            "product" => (&self.product).into(),
            "recurring" => self
                .recurring
                .map(|every| {
                    json!({
                        "interval": every.name(),
                        "interval_count": 1,
                        "meter": null,
                        "trial_period_days": null,
                        "usage_type": "licensed",
                    })
                })
                .into(),
            "type" => self.recurring.map_or("one_time", |_| "recurring").into(),
            "amount" => self.amount.minor().into(),
            "decimal" => self.amount.minor().to_string().into(),
            _ => panic!("a price has no value for hole `{hole}`"),
        }
    }
}

impl Price {
    /// The same as a Plan, which older versions show beside or instead of a Price.
    pub(crate) fn plan(&self) -> Value {
        json!({
            "id": self.id,
            "object": "plan",
            "active": true,
            "amount": self.amount.minor(),
            "amount_decimal": self.amount.minor().to_string(),
            "billing_scheme": "per_unit",
            "created": self.created,
            "currency": self.amount.currency(),
            "interval": self.recurring.map(Recurring::name),
            "interval_count": 1,
            "livemode": false,
            "metadata": {},
            "meter": null,
            "nickname": null,
            "product": self.product,
            "tiers_mode": null,
            "transform_usage": null,
            "trial_period_days": null,
            "usage_type": "licensed",
        })
    }
}

/// So many of a price: a Checkout Session's line item.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) price: Arc<Price>,
    pub(crate) quantity: i64,
}

impl Item {
    /// What all of it costs, in minor units; `None` beyond what a number holds.
    pub(crate) fn total(&self) -> Option<i64> {
        self.price.amount.minor().checked_mul(self.quantity)
    }
}

impl Shaped for Item {
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| {
            let mut item = shape::read(include_str!("shapes/item.json"));
            shape::overwrite(
                &mut item,
                json!({
                    "id": "{{id}}",
                    "amount_subtotal": "{{amount}}",
                    "amount_total": "{{amount}}",
                    "adjustable_quantity": null,
                    "currency": "{{currency}}",
                    "description": "{{description}}",
                    "metadata": {},
                    "price": "{{price}}",
                    "quantity": "{{quantity}}",
                }),
            );
            Template::of(item)
        });
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => (&self.id).into(),
            "amount" => self.total().unwrap_or(i64::MAX).into(),
            "currency" => self.price.amount.currency().into(),
            "description" => (&self.price.product).into(),
            "price" => Filling::One(&*self.price),
            "quantity" => self.quantity.into(),
            _ => panic!("an item has no value for hole `{hole}`"),
        }
    }
}
