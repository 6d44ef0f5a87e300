//! An InvoicePayment: which PaymentIntent pays an Invoice (I6).

use crate::Money;
use crate::stripe::shape::{self, Filling, Shaped, Template};
use crate::stripe::version::Version;
use serde_json::json;
use std::sync::LazyLock;

/// One payment of an invoice.
#[derive(Clone, Debug)]
pub(crate) struct InvoicePayment {
    pub(crate) id: String,
    pub(crate) invoice: String,
    pub(crate) payment_intent: String,
    pub(crate) requested: Money,
    pub(crate) paid_at: Option<i64>,
    pub(crate) created: i64,
}

impl Shaped for InvoicePayment {
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| {
            let mut payment = shape::read(include_str!("shapes/invoice_payment.json"));
            shape::overwrite(
                &mut payment,
                json!({
                    "id": "{{id}}",
                    "amount_paid": "{{amount_paid}}",
                    "amount_requested": "{{amount_requested}}",
                    "created": "{{created}}",
                    "currency": "{{currency}}",
                    "invoice": "{{invoice}}",
                    "livemode": false,
                    "payment": { "payment_intent": "{{payment_intent}}", "type": "payment_intent" },
                    "status": "{{status}}",
                    "status_transitions": { "canceled_at": null, "paid_at": "{{paid_at}}" },
                }),
            );
            Template::of(payment)
        });
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => (&self.id).into(),
            "amount_paid" => self.paid_at.map(|_| self.requested.minor()).into(),
            "amount_requested" => self.requested.minor().into(),
            "created" => self.created.into(),
            "currency" => self.requested.currency().into(),
            "invoice" => (&self.invoice).into(),
            "payment_intent" => (&self.payment_intent).into(),
            "status" => self.paid_at.map_or("open", |_| "paid").into(),
            "paid_at" => self.paid_at.into(),
            _ => panic!("an invoice payment has no value for hole `{hole}`"),
        }
    }
}
