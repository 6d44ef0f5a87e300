//! A Refund: some of a charge's money on its way back.

use crate::stripe::shape::{self, Filling, Metadata, Shaped, Template};
use crate::stripe::version::Version;
use crate::{FactId, Money};
use serde_json::json;
use std::sync::LazyLock;

/// Where the money is (R4), as far as this world takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefundStatus {
    Succeeded,
    /// The customer's bank sent it back.
    Failed,
}

/// One refund.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) id: String,
    /// The sale whose money it is.
    pub(crate) sale: FactId,
    pub(crate) charge: String,
    pub(crate) payment_intent: Option<String>,
    pub(crate) amount: Money,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) balance_transaction: String,
    pub(crate) failure_transaction: Option<String>,
    pub(crate) created: i64,
    pub(crate) status: RefundStatus,
}

impl Shaped for Refund {
    fn template(&self, _: Version) -> &'static Template {
        static TODAY: LazyLock<Template> = LazyLock::new(|| {
            let mut refund = shape::read(include_str!("shapes/refund.json"));
            shape::overwrite(
                &mut refund,
                json!({
                    "id": "{{id}}",
                    "amount": "{{amount}}",
                    "balance_transaction": "{{balance_transaction}}",
                    "charge": "{{charge}}",
                    "created": "{{created}}",
                    "currency": "{{currency}}",
                    "metadata": "{{metadata}}",
                    "payment_intent": "{{payment_intent}}",
                    "reason": "{{reason}}",
                    "status": "{{status}}",
                    "failure_balance_transaction": "{{failure_transaction}}",
                    "failure_reason": "{{failure_reason}}",
                }),
            );
            Template::of(refund)
        });
        &TODAY
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        let failed = self.status == RefundStatus::Failed;
        match hole {
            "id" => (&self.id).into(),
            "amount" => self.amount.minor().into(),
            "balance_transaction" => (&self.balance_transaction).into(),
            "charge" => (&self.charge).into(),
            "created" => self.created.into(),
            "currency" => self.amount.currency().into(),
            "failure_reason" => failed.then_some("expired_or_canceled_card").into(),
            "failure_transaction" => self.failure_transaction.as_ref().into(),
            "metadata" => (&self.metadata).into(),
            "payment_intent" => self.payment_intent.as_ref().into(),
            "reason" => self.reason.as_ref().into(),
            "status" => if failed { "failed" } else { "succeeded" }.into(),
            _ => panic!("a refund has no value for hole `{hole}`"),
        }
    }
}
