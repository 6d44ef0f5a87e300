//! Stripe's objects: typed structs, printed into Stripe's own published shapes (`shapes/`).

mod charge;
mod customer;
mod dispute;
mod endpoint;
mod invoice;
mod line;
mod payment;
mod payment_intent;
mod price;
mod refund;
mod session;
mod subscription;
mod test_clock;

pub(super) use charge::{Charge, ChargeStatus};
pub(super) use customer::{Customer, Deleted};
pub(super) use dispute::{Dispute, DisputeStatus};
pub(super) use endpoint::{Endpoint, With};
pub use invoice::BillingReason;
pub(super) use invoice::{Invoice, InvoiceStatus};
pub(super) use line::Line;
pub(super) use payment::InvoicePayment;
pub(super) use payment_intent::{IntentStatus, PaymentIntent};
pub(super) use price::{Item, Price, Product, Recurring};
pub(super) use refund::{Refund, RefundStatus};
pub use session::PaymentMethod;
pub(super) use session::{Mode, PaymentStatus, Session, SessionStatus};
pub(super) use subscription::{Period, Proration, Subscription, SubscriptionStatus};
pub(super) use test_clock::{ClockStatus, TestClock};

use super::shape::{Filling, Shaped, Template};
use super::version::Version;
use std::sync::Arc;

/// Any object, as it was when it was taken from its shelf.
#[derive(Clone, Debug)]
pub(super) enum Object {
    Customer(Arc<Customer>),
    Deleted(Deleted),
    Product(Arc<Product>),
    Price(Arc<Price>),
    Session(Arc<Session>),
    Intent(Arc<PaymentIntent>),
    Charge(Arc<Charge>),
    Refund(Arc<Refund>),
    Dispute(Arc<Dispute>),
    Subscription(Arc<Subscription>),
    Invoice(Arc<Invoice>),
    Payment(Arc<InvoicePayment>),
    Clock(Arc<TestClock>),
    Endpoint(Arc<Endpoint>),
}

impl Object {
    fn inner(&self) -> &dyn Shaped {
        match self {
            Object::Customer(it) => &**it,
            Object::Deleted(it) => it,
            Object::Product(it) => &**it,
            Object::Price(it) => &**it,
            Object::Session(it) => &**it,
            Object::Intent(it) => &**it,
            Object::Charge(it) => &**it,
            Object::Refund(it) => &**it,
            Object::Dispute(it) => &**it,
            Object::Subscription(it) => &**it,
            Object::Invoice(it) => &**it,
            Object::Payment(it) => &**it,
            Object::Clock(it) => &**it,
            Object::Endpoint(it) => &**it,
        }
    }

    /// The first character of an event's id after `evt_` (E6).
    pub(super) fn lead(&self) -> char {
        match self {
            Object::Charge(_) | Object::Intent(_) | Object::Refund(_) => '3',
            _ => '1',
        }
    }
}

impl Shaped for Object {
    fn template(&self, version: Version) -> &'static Template {
        self.inner().template(version)
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        self.inner().value_of(hole)
    }
}
