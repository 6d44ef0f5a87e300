//! An event, read as JSON: where today's Stripe has what a ledger needs.

use serde_json::Value;

/// One event.
#[derive(Clone, Debug)]
pub struct Event(Value);

impl Event {
    /// Takes a parsed body.
    #[must_use]
    pub fn new(body: Value) -> Self {
        Self(body)
    }

    /// The same event, with its object as it is now.
    #[must_use]
    pub fn with_object(mut self, object: Value) -> Self {
        self.0["data"]["object"] = object;
        self
    }

    /// `evt_…`
    #[must_use]
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }

    /// Its `type`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0["type"].as_str().unwrap_or_default()
    }

    /// Unix seconds.
    #[must_use]
    pub fn created(&self) -> i64 {
        self.0["created"].as_i64().unwrap_or_default()
    }

    /// The object that it shows.
    #[must_use]
    pub fn object(&self) -> &Value {
        &self.0["data"]["object"]
    }

    /// A text of the object.
    #[must_use]
    pub fn text(&self, place: &str) -> Option<&str> {
        self.object().pointer(place).and_then(Value::as_str)
    }

    /// A number of the object.
    #[must_use]
    pub fn number(&self, place: &str) -> i64 {
        let number = self.object().pointer(place);
        number.and_then(Value::as_i64).unwrap_or_default()
    }

    /// Whether it is of a Checkout that went through, now or after the bank's answer.
    #[must_use]
    pub fn is_checkout(&self) -> bool {
        matches!(
            self.kind(),
            "checkout.session.completed" | "checkout.session.async_payment_succeeded"
        )
    }

    /// Whose it is, by our own reference.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.text("/client_reference_id")
    }

    /// Whose it is, by Stripe's name.
    #[must_use]
    pub fn customer(&self) -> Option<&str> {
        self.text("/customer")
    }

    /// The PaymentIntent. Before basil an invoice had it at its top.
    #[must_use]
    pub fn payment(&self) -> Option<&str> {
        self.text("/payment_intent")
            .or_else(|| self.text("/payments/data/0/payment/payment_intent"))
    }

    /// What was bought. Before basil a line had the whole price.
    #[must_use]
    pub fn price(&self) -> Option<&str> {
        self.text("/metadata/price")
            .or_else(|| self.text("/lines/data/0/pricing/price_details/price"))
            .or_else(|| self.text("/lines/data/0/price/id"))
    }
}
