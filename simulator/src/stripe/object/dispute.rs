//! A Dispute: the cardholder's bank asks for the money, or only asks.

use crate::stripe::shape::{self, Filling, Shaped, Template};
use crate::stripe::version::Version;
use crate::{FactId, Money};
use serde_json::json;
use std::sync::LazyLock;

/// Where a dispute stands (R8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DisputeStatus {
    /// An inquiry: nothing was withdrawn (R9).
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
}

impl DisputeStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            DisputeStatus::WarningNeedsResponse => "warning_needs_response",
            DisputeStatus::WarningUnderReview => "warning_under_review",
            DisputeStatus::WarningClosed => "warning_closed",
            DisputeStatus::NeedsResponse => "needs_response",
            DisputeStatus::UnderReview => "under_review",
            DisputeStatus::Won => "won",
            DisputeStatus::Lost => "lost",
        }
    }

    /// Whether it only asks.
    pub(crate) fn is_inquiry(self) -> bool {
        matches!(
            self,
            DisputeStatus::WarningNeedsResponse
                | DisputeStatus::WarningUnderReview
                | DisputeStatus::WarningClosed
        )
    }

    /// Whether it is over.
    pub(crate) fn is_closed(self) -> bool {
        matches!(
            self,
            DisputeStatus::WarningClosed | DisputeStatus::Won | DisputeStatus::Lost
        )
    }
}

/// One dispute.
#[derive(Clone, Debug)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    /// The sale whose money it is.
    pub(crate) sale: FactId,
    pub(crate) charge: String,
    pub(crate) payment_intent: Option<String>,
    pub(crate) amount: Money,
    /// One for the withdrawal, one for what came back (R7).
    pub(crate) transactions: Vec<String>,
    /// A fully refunded charge can't be refunded again (R10).
    pub(crate) refundable: bool,
    pub(crate) evidence: bool,
    pub(crate) created: i64,
    pub(crate) status: DisputeStatus,
}

impl Shaped for Dispute {
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| {
            let mut dispute = shape::read(include_str!("shapes/dispute.json"));
            shape::overwrite(
                &mut dispute,
                json!({
                    "id": "{{id}}",
                    "amount": "{{amount}}",
                    "balance_transactions": "{{transactions}}",
                    "charge": "{{charge}}",
                    "created": "{{created}}",
                    "currency": "{{currency}}",
                    "evidence_details": {
                        "due_by": "{{due_by}}",
                        "enhanced_eligibility": {},
                        "has_evidence": "{{has_evidence}}",
                        "past_due": false,
                        "submission_count": "{{submissions}}",
                    },
                    "is_charge_refundable": "{{refundable}}",
                    "payment_intent": "{{payment_intent}}",
                    "payment_method_details": {
                        "card": {
                            "brand": "visa",
                            "case_type": "{{case_type}}",
                            "network": "visa",
                            "network_reason_code": "10.4",
                        },
                        "type": "card",
                    },
                    "reason": "fraudulent",
                    "status": "{{status}}",
                    "enhanced_eligibility_types": [],
                }),
            );
            Template::of(dispute)
        });
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        const WEEK: i64 = 7 * 24 * 60 * 60;
        match hole {
            "id" => (&self.id).into(),
            "amount" => self.amount.minor().into(),
            "case_type" if self.transactions.is_empty() => "inquiry".into(),
            "case_type" => "chargeback".into(),
            "charge" => (&self.charge).into(),
            "created" => self.created.into(),
            "currency" => self.amount.currency().into(),
            "due_by" => (self.created + WEEK).into(),
            "has_evidence" => self.evidence.into(),
            "submissions" => i64::from(self.evidence).into(),
            "payment_intent" => self.payment_intent.as_ref().into(),
            "refundable" => self.refundable.into(),
            "status" => self.status.name().into(),
            "transactions" => {
                let signs = [-1, 1];
                let each = self.transactions.iter().zip(signs);
                let each = each.map(|(id, sign)| transaction(self, id, sign * self.amount.minor()));
                serde_json::Value::Array(each.collect()).into()
            }
            _ => panic!("a dispute has no value for hole `{hole}`"),
        }
    }
}

fn transaction(dispute: &Dispute, id: &str, amount: i64) -> serde_json::Value {
    json!({
        "id": id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": dispute.created,
        "balance_type": "payments",
        "created": dispute.created,
        "currency": dispute.amount.currency(),
        "description": format!("Chargeback of {}", dispute.charge),
        "exchange_rate": null,
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "reporting_category": if amount < 0 { "dispute" } else { "dispute_reversal" },
        "source": dispute.id,
        "status": "available",
        "type": "adjustment",
    })
}
