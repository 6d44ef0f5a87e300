//! A Customer, and what is left of a deleted one.

use crate::stripe::shape::{self, Filling, Metadata, Shaped, Template};
use crate::stripe::version::Version;
use crate::{AccountId, CustomerId};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Somebody who pays.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) id: CustomerId,
    /// Whose it is in the ledger under test.
    pub(crate) account: AccountId,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    /// Minor units; below zero is credit for the next invoice.
    pub(crate) balance: i64,
    pub(crate) test_clock: Option<String>,
    /// Whether the bank declines its card from now on.
    pub(crate) declines: bool,
    pub(crate) created: i64,
}

impl Shaped for Customer {
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| {
            let mut customer = shape::read(include_str!("shapes/customer.json"));
            shape::remove(&mut customer, &["discount"]);
            shape::overwrite(
                &mut customer,
                json!({
                    "id": "{{id}}",
                    "address": null,
                    "balance": "{{balance}}",
                    "created": "{{created}}",
                    "currency": null,
                    "description": "{{description}}",
                    "discount": null,
                    "email": "{{email}}",
                    "invoice_prefix": "{{invoice_prefix}}",
                    "invoice_settings": {
                        "custom_fields": null,
                        "default_payment_method": null,
                        "footer": null,
                        "rendering_options": null,
                    },
                    "metadata": "{{metadata}}",
                    "name": "{{name}}",
                    "shipping": null,
                    "test_clock": "{{test_clock}}",
                }),
            );
            Template::of(customer)
        });
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => self.id.as_str().into(),
            "balance" => self.balance.into(),
            "created" => self.created.into(),
            "description" => self.description.as_ref().into(),
            "email" => self.email.as_ref().into(),
            "invoice_prefix" => {
                let id = self.id.as_str();
                id[id.len().saturating_sub(8)..].to_uppercase().into()
            }
            "metadata" => (&self.metadata).into(),
            "name" => self.name.as_ref().into(),
            "test_clock" => self.test_clock.as_ref().into(),
            _ => panic!("a customer has no value for hole `{hole}`"),
        }
    }
}

/// What the API shows of a deleted object.
#[derive(Clone, Debug)]
pub(crate) struct Deleted {
    pub(crate) id: String,
    /// Its `object`, such as `customer`.
    pub(crate) object: &'static str,
}

impl Shaped for Deleted {
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| {
            let deleted: Value = json!({"id": "{{id}}", "object": "{{object}}", "deleted": true});
            Template::new(&deleted)
        });
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => self.id.as_str().into(),
            _ => self.object.into(),
        }
    }
}
