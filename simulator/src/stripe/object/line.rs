//! An invoice's line: so many of a price for a time, or what a change of plan costs or gives back.

use super::price::Price;
use super::subscription::Period;
use crate::stripe::shape::{self, Filling, Shaped, Template};
use crate::stripe::version::Version;
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) invoice: String,
    pub(crate) price: Arc<Price>,
    pub(crate) quantity: i64,
    /// In minor units; below zero for what a change of plan gives back (I19).
    pub(crate) amount: i64,
    pub(crate) subscription: String,
    pub(crate) subscription_item: String,
    pub(crate) proration: bool,
    /// The service period (I12).
    pub(crate) period: Period,
}

impl Shaped for Line {
    fn template(&self, version: Version) -> &'static Template {
        static TODAY: LazyLock<Template> = LazyLock::new(|| Template::of(today()));
        static BEFORE_BASIL: LazyLock<Template> = LazyLock::new(|| Template::of(before_basil()));
        match version {
            Version::Endive => &TODAY,
            Version::Acacia => &BEFORE_BASIL,
        }
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => (&self.id).into(),
            "amount" => self.amount.into(),
            "currency" => self.price.amount.currency().into(),
            "description" => match (self.proration, self.amount < 0) {
                (false, _) => format!("{} × plan", self.quantity),
                (true, true) => "Unused time on plan".to_owned(),
                (true, false) => "Remaining time on plan".to_owned(),
            }
            .into(),
            "invoice" => (&self.invoice).into(),
            "price" => (&self.price.id).into(),
            "whole_price" => Filling::One(&*self.price),
            "plan" => self.price.plan().into(),
            "product" => (&self.price.product).into(),
            "proration" => self.proration.into(),
            "quantity" => self.quantity.into(),
            "quantity_decimal" => self.quantity.to_string().into(),
            "subscription" => (&self.subscription).into(),
            "subscription_item" => (&self.subscription_item).into(),
            "unit_amount_decimal" => self.price.amount.minor().to_string().into(),
            "start" => self.period.start.into(),
            "end" => self.period.end.into(),
            _ => panic!("a line has no value for hole `{hole}`"),
        }
    }
}

/// The price in `pricing`, the subscription in `parent` (I10).
fn today() -> Map<String, Value> {
    let mut line = shape::read(include_str!("shapes/line_item.json"));
    shape::remove(&mut line, &["subscription"]);
    shape::overwrite(
        &mut line,
        json!({
            "id": "{{id}}",
            "amount": "{{amount}}",
            "currency": "{{currency}}",
            "description": "{{description}}",
            "invoice": "{{invoice}}",
            "parent": {
                "invoice_item_details": null,
                "subscription_item_details": {
                    "invoice_item": null,
                    "proration": "{{proration}}",
                    "proration_details": { "credited_items": null },
                    "subscription": "{{subscription}}",
                    "subscription_item": "{{subscription_item}}",
                },
                "type": "subscription_item_details",
            },
            "period": { "end": "{{end}}", "start": "{{start}}" },
            "pretax_credit_amounts": [],
            "pricing": {
                "price_details": { "price": "{{price}}", "product": "{{product}}" },
                "type": "price_details",
                "unit_amount_decimal": "{{unit_amount_decimal}}",
            },
            "quantity": "{{quantity}}",
            "quantity_decimal": "{{quantity_decimal}}",
            "subtotal": "{{amount}}",
            "taxes": [],
        }),
    );
    line
}

/// The whole price, its plan, and the subscription at top.
fn before_basil() -> Map<String, Value> {
    let mut line = today();
    shape::remove(
        &mut line,
        &["parent", "pricing", "quantity_decimal", "subtotal", "taxes"],
    );
    shape::overwrite(
        &mut line,
        json!({
            "amount_excluding_tax": "{{amount}}",
            "plan": "{{plan}}",
            "price": "{{whole_price}}",
            "proration": "{{proration}}",
            "proration_details": { "credited_items": null },
            "subscription": "{{subscription}}",
            "subscription_item": "{{subscription_item}}",
            "tax_amounts": [],
            "tax_rates": [],
            "type": "subscription",
            "unit_amount_excluding_tax": "{{unit_amount_decimal}}",
        }),
    );
    line
}
