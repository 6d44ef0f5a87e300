//! An Event: a snapshot of one object, printed once, with what it means for a ledger.

use super::charge::{self, Charge};
use super::invoice::{self, Invoice};
use super::session::{self, PaymentMethod, Session};
use super::shape::{self, Filling, Template};
use crate::{AccountId, Credits, EventId, FactId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt;
use std::sync::LazyLock;

/// The version that events are rendered in (E8). The published shapes leave it null.
const API_VERSION: &str = "2026-10-28.endive";

/// Something that Stripe tells. Its id, body and `created` stay the same in every delivery (D3).
#[derive(Clone, Debug)]
pub struct Event {
    /// `evt_…`.
    pub id: EventId,
    /// Its `type`.
    pub kind: EventKind,
    /// Unix seconds of the world's clock. It orders nothing (D6).
    pub created: i64,
    /// The JSON that is signed and sent, byte for byte.
    pub body: Vec<u8>,
    /// What it says, without any JSON.
    pub meaning: Meaning,
    pub(super) snapshot: Snapshot,
    pub(super) request: Option<Request>,
}

/// The types of events that this world emits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// The buyer went through Checkout, which doesn't mean paid (C2).
    #[serde(rename = "checkout.session.completed")]
    CheckoutCompleted,
    /// The bank debit of an earlier Checkout brought the money (C14).
    #[serde(rename = "checkout.session.async_payment_succeeded")]
    CheckoutAsyncPaymentSucceeded,
    /// The bank debit of an earlier Checkout failed (C14).
    #[serde(rename = "checkout.session.async_payment_failed")]
    CheckoutAsyncPaymentFailed,
    /// A subscription's period was paid (I3).
    #[serde(rename = "invoice.paid")]
    InvoicePaid,
    /// Some or all of a charge went back; the total is cumulative (R1).
    #[serde(rename = "charge.refunded")]
    ChargeRefunded,
}

impl EventKind {
    /// Stripe's name, such as `invoice.paid`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            EventKind::CheckoutCompleted => "checkout.session.completed",
            EventKind::CheckoutAsyncPaymentSucceeded => "checkout.session.async_payment_succeeded",
            EventKind::CheckoutAsyncPaymentFailed => "checkout.session.async_payment_failed",
            EventKind::InvoicePaid => "invoice.paid",
            EventKind::ChargeRefunded => "charge.refunded",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an event says to a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meaning {
    /// Whose credits it is about.
    pub account: AccountId,
    /// The sale: the Session's or the Invoice's id; for a refund, the one that the charge paid.
    pub fact: FactId,
    /// What it says about the sale.
    pub told: Told,
}

/// What became of a sale, as far as one event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// No money yet, and maybe never.
    Unpaid,
    /// The money is there.
    Paid {
        /// What was bought.
        credits: Credits,
    },
    /// Money went back, in minor units of the sale's currency.
    Refunded {
        /// What had been paid.
        paid: i64,
        /// What has gone back by now, in all (R1).
        refunded: i64,
    },
}

/// The object that an event shows, as it was then (E2).
#[derive(Clone, Debug)]
pub(super) enum Snapshot {
    Session(Session),
    Invoice(Invoice),
    /// A charge, and its `amount_refunded` before this refund.
    Refund {
        charge: Charge,
        before: i64,
    },
}

/// The API call that caused an event; Checkout and renewals have none (E3).
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) idempotency_key: String,
}

impl Event {
    /// Prints the event.
    pub(super) fn new(
        id: EventId,
        kind: EventKind,
        created: i64,
        snapshot: Snapshot,
        request: Option<Request>,
    ) -> Self {
        let body = print(&id, kind, created, &snapshot, request.as_ref());
        let meaning = snapshot.meaning();
        Self {
            id,
            kind,
            created,
            body,
            meaning,
            snapshot,
            request,
        }
    }
}

impl Snapshot {
    fn meaning(&self) -> Meaning {
        let (account, fact, told) = match self {
            Snapshot::Session(session) => {
                let told = if session.paid {
                    Told::Paid {
                        credits: session.credits,
                    }
                } else {
                    Told::Unpaid
                };
                (&session.account, &session.id, told)
            }
            Snapshot::Invoice(invoice) => {
                let credits = invoice.credits;
                (&invoice.account, &invoice.id, Told::Paid { credits })
            }
            Snapshot::Refund { charge, .. } => {
                let told = Told::Refunded {
                    paid: charge.amount.minor(),
                    refunded: charge.refunded,
                };
                (&charge.account, &charge.pays, told)
            }
        };
        Meaning {
            account: account.clone(),
            fact: fact.clone(),
            told,
        }
    }

    /// The first character of the event's id after `evt_`: a charge's start with 3 (E6).
    pub(super) fn lead(&self) -> char {
        match self {
            Snapshot::Session(_) | Snapshot::Invoice(_) => '1',
            Snapshot::Refund { .. } => '3',
        }
    }

    fn template(&self) -> &'static Template {
        static SESSION: LazyLock<Template> = LazyLock::new(|| event(session::shape(), None));
        static INVOICE: LazyLock<Template> = LazyLock::new(|| event(invoice::shape(), None));
        static CARD: LazyLock<[Template; 2]> = LazyLock::new(|| refunds(PaymentMethod::Card));
        static BANK: LazyLock<[Template; 2]> = LazyLock::new(|| refunds(PaymentMethod::BankDebit));
        match self {
            Snapshot::Session(_) => &SESSION,
            Snapshot::Invoice(_) => &INVOICE,
            Snapshot::Refund { charge, .. } => {
                let [partial, whole] = match charge.method {
                    PaymentMethod::Card => &*CARD,
                    PaymentMethod::BankDebit => &*BANK,
                };
                if charge.is_whole_refund() {
                    whole
                } else {
                    partial
                }
            }
        }
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match self {
            Snapshot::Session(session) => session.value_of(hole),
            Snapshot::Invoice(invoice) => invoice.value_of(hole),
            Snapshot::Refund { before, .. } if hole == "before" => (*before).into(),
            Snapshot::Refund { charge, .. } => charge.value_of(hole),
        }
    }
}

/// The body of an event (E1), printed as Stripe does (S10).
pub(super) fn print(
    id: &EventId,
    kind: EventKind,
    created: i64,
    snapshot: &Snapshot,
    request: Option<&Request>,
) -> Vec<u8> {
    snapshot.template().fill(|hole| match hole {
        "event" => id.as_str().into(),
        "event_type" => kind.as_str().into(),
        "event_created" => created.into(),
        "request" => request.map(|request| request.id.as_str()).into(),
        "idempotency_key" => request
            .map(|request| request.idempotency_key.as_str())
            .into(),
        _ => snapshot.value_of(hole),
    })
}

/// The template of an event about this object. One endpoint listens and hasn't answered yet (E4).
fn event(object: Map<String, Value>, previous_attributes: Option<Value>) -> Template {
    let mut data = json!({ "object": Value::Object(object) });
    if let Some(previous) = previous_attributes {
        data["previous_attributes"] = previous;
    }
    let mut event = shape::read(include_str!("shapes/event.json"));
    shape::overwrite(
        &mut event,
        json!({
            "id": "{{event}}",
            "api_version": API_VERSION,
            "created": "{{event_created}}",
            "data": data,
            "pending_webhooks": 1,
            "request": { "id": "{{request}}", "idempotency_key": "{{idempotency_key}}" },
            "type": "{{event_type}}",
        }),
    );
    Template::new(&Value::Object(event))
}

/// The templates of a partial and of a whole refund: `previous_attributes` has only what changed.
fn refunds(method: PaymentMethod) -> [Template; 2] {
    [
        json!({ "amount_refunded": "{{before}}" }),
        json!({ "amount_refunded": "{{before}}", "refunded": false }),
    ]
    .map(|previous| event(charge::shape(method), Some(previous)))
}
