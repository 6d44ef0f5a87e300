//! Payments: the PaymentIntent and the Charge behind every sale.

use super::super::event::{EventKind, Snapshot};
use super::super::object::{
    Charge, ChargeStatus, IntentStatus, Object, PaymentIntent, PaymentMethod,
};
use super::super::shape::Metadata;
use super::super::world::Stripe;
use super::Telling;
use crate::{CustomerId, Money};
use serde_json::json;
use std::sync::Arc;

/// What is to be paid.
pub(super) struct Bill<'a> {
    pub(super) amount: Money,
    pub(super) customer: Option<&'a CustomerId>,
    pub(super) method: PaymentMethod,
    pub(super) invoice: Option<&'a str>,
    pub(super) metadata: Metadata,
}

impl Stripe {
    /// A PaymentIntent that nobody has tried yet.
    pub(super) fn new_intent(&mut self, bill: Bill<'_>, at: i64) -> Arc<PaymentIntent> {
        let intent = PaymentIntent {
            id: self.ids.long("pi_", '3'),
            amount: bill.amount,
            customer: bill.customer.cloned(),
            method: bill.method,
            payment_method: None,
            latest_charge: None,
            invoice: bill.invoice.map(str::to_owned),
            metadata: bill.metadata,
            created: at,
            status: IntentStatus::RequiresPaymentMethod,
            declined: None,
        };
        self.intents.put(&intent.id.clone(), intent)
    }

    /// One try to pay it; what the bank says shows in the charge.
    pub(super) fn new_charge(
        &mut self,
        telling: &Telling,
        intent: &PaymentIntent,
        status: ChargeStatus,
    ) -> Arc<Charge> {
        let charge = Charge {
            id: self.ids.long(intent.method.charge_prefix(), '3'),
            pays: telling.sale.fact.clone(),
            account: telling.sale.account.clone(),
            customer: intent.customer.clone(),
            amount: intent.amount,
            refunded: 0,
            disputed: false,
            method: intent.method,
            payment_intent: intent.id.clone(),
            payment_method: self.ids.long("pm_", '1'),
            balance_transaction: None,
            invoice: intent.invoice.clone(),
            created: telling.at,
            status,
            declined: (status == ChargeStatus::Failed).then_some("generic_decline"),
        };
        self.paid_by
            .insert(telling.sale.fact.clone(), charge.id.clone());
        let charge = self.charges.put(&charge.id.clone(), charge);
        self.follow(intent, &charge);
        charge
    }

    /// Brings the intent to where its latest charge is.
    fn follow(&mut self, intent: &PaymentIntent, charge: &Charge) {
        self.intents.change(&intent.id, |intent| {
            intent.latest_charge = Some(charge.id.clone());
            (intent.status, intent.declined) = match charge.status {
                ChargeStatus::Pending => (IntentStatus::Processing, None),
                ChargeStatus::Succeeded => (IntentStatus::Succeeded, None),
                // R11: back to the start, and the same intent may still succeed.
                ChargeStatus::Failed => (IntentStatus::RequiresPaymentMethod, charge.declined),
            };
            let paying = charge.status != ChargeStatus::Failed;
            intent.payment_method = paying.then(|| charge.payment_method.clone());
        });
    }

    /// The bank's late answer to a pending charge.
    pub(super) fn answer_charge(&mut self, id: &str, status: ChargeStatus) -> Option<Arc<Charge>> {
        let charge = self.charges.change(id, |charge| {
            charge.status = status;
            charge.declined = (status == ChargeStatus::Failed).then_some("debit_not_authorized");
        })?;
        if let Some(intent) = self.intents.get(&charge.payment_intent).cloned() {
            self.follow(&intent, &charge);
        }
        Some(charge)
    }

    /// Tells how a payment went: the charge and the intent. The balance transaction comes a
    /// moment later (C13).
    pub(super) fn tell_payment(&mut self, telling: &mut Telling, charge: &Arc<Charge>) {
        let Some(intent) = self.intents.get(&charge.payment_intent).cloned() else {
            return;
        };
        let (of_charge, of_intent) = match charge.status {
            ChargeStatus::Pending => (EventKind::ChargePending, EventKind::IntentProcessing),
            ChargeStatus::Succeeded => (EventKind::ChargeSucceeded, EventKind::IntentSucceeded),
            ChargeStatus::Failed => (EventKind::ChargeFailed, EventKind::IntentPaymentFailed),
        };
        telling.mention(self, of_charge, Object::Charge(Arc::clone(charge)));
        telling.mention(self, of_intent, Object::Intent(intent));
        if charge.status == ChargeStatus::Succeeded {
            let transaction = self.ids.long("txn_", '3');
            let settled = self.charges.change(&charge.id, |charge| {
                charge.balance_transaction = Some(transaction);
            });
            if let Some(charge) = settled {
                let object = Object::Charge(charge);
                let previous = Some(json!({ "balance_transaction": null }));
                telling.mention(
                    self,
                    EventKind::ChargeUpdated,
                    Snapshot { object, previous },
                );
            }
        }
    }
}
