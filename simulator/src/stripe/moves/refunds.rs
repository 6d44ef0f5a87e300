//! Refunds: money goes back, in parts or whole, and sometimes returns.

use super::super::error::StripeError;
use super::super::event::{EventKind, Request, Snapshot, Told};
use super::super::object::{Object, Refund, RefundStatus};
use super::super::shape::Metadata;
use super::super::world::{Sale, Stripe};
use super::{Emitted, Telling};
use crate::{FactId, Money};
use serde_json::{Map, json};
use std::sync::Arc;

impl Stripe {
    /// Gives `minor` units of a sale back: `charge.refunded` with the running total (R1), and the
    /// refund's own events (R2). The refund is made through the API, so the events name its
    /// request (E3).
    ///
    /// # Errors
    /// No such sale, not paid, not an amount, or more than what is left (R5).
    pub fn refund(&mut self, sale: &FactId, minor: i64) -> Result<Emitted, StripeError> {
        let charge = self.paid_by.get(sale).and_then(|id| self.charges.get(id));
        let charge = charge.ok_or_else(|| StripeError::NoSuchSale(sale.clone()))?;
        let key = format!("refund-{}-{}", charge.id, charge.refunded + minor);
        let id = charge.id.clone();
        let mut tried = (**charge).clone();
        tried.refund(minor)?;
        let cause = Request {
            id: self.ids.short("req_"),
            idempotency_key: Some(key),
        };
        let before = self.cause.replace(cause);
        let made = self.refund_charge(&id, minor, None, Metadata::new());
        self.cause = before;
        made.map(|(_, emitted)| emitted)
    }

    /// The same of one charge, with all that the API takes.
    pub(crate) fn refund_charge(
        &mut self,
        charge: &str,
        minor: i64,
        reason: Option<String>,
        metadata: Metadata,
    ) -> Result<(Arc<Refund>, Emitted), StripeError> {
        let found = self.charges.get(charge);
        let found = found.ok_or_else(|| StripeError::NoSuchCharge(charge.to_owned()))?;
        let before = found.refunded;
        let mut refunded = (**found).clone();
        refunded.refund(minor)?;
        let charge = self.charges.put(charge, refunded);
        let mut telling = Telling::of(
            Sale {
                account: charge.account.clone(),
                fact: charge.pays.clone(),
            },
            self.time_of(charge.customer.as_ref()),
        );
        let bank = charge.id.starts_with("py_");
        let refund = Refund {
            id: self.ids.long(if bank { "pyr_" } else { "re_" }, '3'),
            sale: charge.pays.clone(),
            charge: charge.id.clone(),
            payment_intent: Some(charge.payment_intent.clone()),
            amount: Money::new(minor, charge.amount.currency()),
            reason,
            metadata,
            balance_transaction: self.ids.long("txn_", '3'),
            failure_transaction: None,
            created: telling.at,
            status: RefundStatus::Succeeded,
        };
        let refund = self.refunds.put(&refund.id.clone(), refund);
        let object = || Object::Refund(Arc::clone(&refund));
        telling.mention(self, EventKind::RefundCreated, object());
        let mut previous = Map::new();
        previous.insert("amount_refunded".to_owned(), json!(before));
        if charge.is_whole_refund() {
            previous.insert("refunded".to_owned(), json!(false));
        }
        let told = Told::Refunded {
            paid: charge.amount.minor(),
            refunded: charge.refunded,
        };
        let snapshot = Snapshot {
            object: Object::Charge(Arc::clone(&charge)),
            previous: Some(previous.into()),
        };
        telling.tell(self, EventKind::ChargeRefunded, snapshot, told);
        for kind in [EventKind::RefundUpdated, EventKind::ChargeRefundUpdated] {
            let previous = Some(json!({ "balance_transaction": null }));
            let object = object();
            telling.mention(self, kind, Snapshot { object, previous });
        }
        Ok((refund, telling.done()))
    }

    /// The customer's bank sends a refund back, after it had succeeded (R4). The charge's total
    /// falls by it, as this model has it (R6).
    ///
    /// # Errors
    /// No such refund, or it has failed before.
    pub fn refund_fails(&mut self, refund: &str) -> Result<Emitted, StripeError> {
        let found = self.refunds.get(refund);
        let found = found.filter(|it| it.status == RefundStatus::Succeeded);
        let found = found.ok_or_else(|| StripeError::NoSuchRefund(refund.to_owned()))?;
        let (charge, amount) = (found.charge.clone(), found.amount.minor());
        let sale = found.sale.clone();
        let transaction = self.ids.long("txn_", '3');
        let failed = self.refunds.change(refund, |refund| {
            refund.status = RefundStatus::Failed;
            refund.failure_transaction = Some(transaction);
        });
        let charge = self.charges.change(&charge, |it| it.refunded -= amount);
        let (Some(failed), Some(charge)) = (failed, charge) else {
            return Err(StripeError::NoSuchRefund(refund.to_owned()));
        };
        let account = charge.account.clone();
        let at = self.time_of(charge.customer.as_ref());
        let mut telling = Telling::of(
            Sale {
                account,
                fact: sale,
            },
            at,
        );
        let object = || Object::Refund(Arc::clone(&failed));
        for kind in [
            EventKind::RefundFailed,
            EventKind::RefundUpdated,
            EventKind::ChargeRefundUpdated,
        ] {
            let previous = Some(json!({ "status": "succeeded" }));
            let object = object();
            telling.mention(self, kind, Snapshot { object, previous });
        }
        let previous = Some(json!({ "amount_refunded": charge.refunded + amount }));
        let object = Object::Charge(charge);
        telling.mention(
            self,
            EventKind::ChargeUpdated,
            Snapshot { object, previous },
        );
        Ok(telling.done())
    }
}
