//! Disputes: the bank asks, takes, and sometimes gives back.

use super::super::error::StripeError;
use super::super::event::{EventKind, Snapshot, Told};
use super::super::object::{ChargeStatus, Dispute, DisputeStatus, Object};
use super::super::world::{Sale, Stripe};
use super::{Emitted, Telling};
use crate::{FactId, Money};
use serde_json::json;
use std::sync::Arc;

impl Stripe {
    /// The bank only asks about a sale (R9): `charge.dispute.created` in `warning_needs_response`,
    /// and nothing was taken.
    ///
    /// # Errors
    /// No such sale, not paid, all of it refunded, or disputed before.
    pub fn inquire(&mut self, sale: &FactId) -> Result<Emitted, StripeError> {
        let (mut telling, dispute) = self.new_dispute(sale, DisputeStatus::WarningNeedsResponse)?;
        telling.mention(self, EventKind::DisputeCreated, Object::Dispute(dispute));
        Ok(telling.done())
    }

    /// The bank takes a sale's money, as much as wasn't refunded: `charge.dispute.created` and
    /// `charge.dispute.funds_withdrawn` (R7).
    ///
    /// # Errors
    /// As [`Stripe::inquire`].
    pub fn dispute(&mut self, sale: &FactId) -> Result<Emitted, StripeError> {
        let (mut telling, dispute) = self.new_dispute(sale, DisputeStatus::NeedsResponse)?;
        let told = self.withdrawn(&dispute);
        let object = || Object::Dispute(Arc::clone(&dispute));
        telling.tell(self, EventKind::DisputeCreated, object(), told);
        telling.tell(self, EventKind::DisputeFundsWithdrawn, object(), told);
        Ok(telling.done())
    }

    /// An inquiry becomes a dispute: `charge.dispute.updated`, and the money is taken (R9).
    ///
    /// # Errors
    /// No open inquiry about that sale.
    pub fn escalate(&mut self, sale: &FactId) -> Result<Emitted, StripeError> {
        let (id, status) = self.open_dispute(sale)?;
        if !status.is_inquiry() {
            return Err(StripeError::NoSuchDispute(sale.clone()));
        }
        let taken = self.ids.long("txn_", '3');
        let (mut telling, dispute) = self.change_dispute(&id, sale, |dispute| {
            dispute.status = DisputeStatus::NeedsResponse;
            dispute.transactions.push(taken);
        })?;
        let told = self.withdrawn(&dispute);
        let object = || Object::Dispute(Arc::clone(&dispute));
        let updated = Snapshot {
            object: object(),
            previous: Some(json!({ "status": status.name() })),
        };
        telling.tell(self, EventKind::DisputeUpdated, updated, told);
        telling.tell(self, EventKind::DisputeFundsWithdrawn, object(), told);
        Ok(telling.done())
    }

    /// The shop answers: `charge.dispute.updated`, under review.
    ///
    /// # Errors
    /// No open dispute about that sale.
    pub fn submit_evidence(&mut self, sale: &FactId) -> Result<Emitted, StripeError> {
        let (id, status) = self.open_dispute(sale)?;
        let (mut telling, dispute) = self.change_dispute(&id, sale, |dispute| {
            dispute.evidence = true;
            dispute.status = match status.is_inquiry() {
                true => DisputeStatus::WarningUnderReview,
                false => DisputeStatus::UnderReview,
            };
        })?;
        let object = Object::Dispute(dispute);
        let previous = Some(json!({ "status": status.name() }));
        telling.mention(
            self,
            EventKind::DisputeUpdated,
            Snapshot { object, previous },
        );
        Ok(telling.done())
    }

    /// It is over. An inquiry is closed and nothing had moved; a dispute is lost, and what was
    /// taken stays taken; or it is won: `charge.dispute.funds_reinstated` beside
    /// `charge.dispute.closed` (R8, R10).
    ///
    /// # Errors
    /// No open dispute about that sale.
    pub fn close_dispute(&mut self, sale: &FactId, won: bool) -> Result<Emitted, StripeError> {
        let (id, status) = self.open_dispute(sale)?;
        let given_back = (won && !status.is_inquiry()).then(|| self.ids.long("txn_", '3'));
        let (mut telling, dispute) = self.change_dispute(&id, sale, |dispute| {
            dispute.transactions.extend(given_back);
            dispute.status = match (status.is_inquiry(), won) {
                (true, _) => DisputeStatus::WarningClosed,
                (false, true) => DisputeStatus::Won,
                (false, false) => DisputeStatus::Lost,
            };
        })?;
        let object = || Object::Dispute(Arc::clone(&dispute));
        let paid = self.paid(&dispute);
        let told = match dispute.status {
            DisputeStatus::Won => Told::Reinstated { paid },
            DisputeStatus::Lost => self.withdrawn(&dispute),
            _ => Told::Nothing,
        };
        if dispute.status == DisputeStatus::Won {
            telling.tell(self, EventKind::DisputeFundsReinstated, object(), told);
        }
        telling.tell(self, EventKind::DisputeClosed, object(), told);
        Ok(telling.done())
    }

    fn new_dispute(
        &mut self,
        sale: &FactId,
        status: DisputeStatus,
    ) -> Result<(Telling, Arc<Dispute>), StripeError> {
        let charge = self.paid_by.get(sale).and_then(|id| self.charges.get(id));
        let charge = charge.ok_or_else(|| StripeError::NoSuchSale(sale.clone()))?;
        if charge.status != ChargeStatus::Succeeded {
            return Err(StripeError::NotPaid(sale.clone()));
        }
        // R10: what went back whole can't be disputed.
        if charge.left() == 0 {
            return Err(StripeError::AlreadyRefunded(sale.clone()));
        }
        if charge.disputed {
            return Err(StripeError::AlreadyDisputed(sale.clone()));
        }
        let charge = Arc::clone(charge);
        let at = self.time_of(charge.customer.as_ref());
        let mut transactions = Vec::new();
        if !status.is_inquiry() {
            transactions.push(self.ids.long("txn_", '3'));
        }
        let dispute = Dispute {
            id: self.ids.long("du_", '1'),
            sale: sale.clone(),
            charge: charge.id.clone(),
            payment_intent: Some(charge.payment_intent.clone()),
            amount: Money::new(charge.left(), charge.amount.currency()),
            transactions,
            refundable: status.is_inquiry(),
            evidence: false,
            created: at,
            status,
        };
        self.charges.change(&charge.id, |it| it.disputed = true);
        let sale = Sale {
            account: charge.account.clone(),
            fact: sale.clone(),
        };
        let dispute = self.disputes.put(&dispute.id.clone(), dispute);
        Ok((Telling::of(sale, at), dispute))
    }

    fn open_dispute(&self, sale: &FactId) -> Result<(String, DisputeStatus), StripeError> {
        let about = |it: &&Arc<Dispute>| it.sale == *sale && !it.status.is_closed();
        let found = self.disputes.newest().find(about);
        found
            .map(|it| (it.id.clone(), it.status))
            .ok_or_else(|| StripeError::NoSuchDispute(sale.clone()))
    }

    fn change_dispute(
        &mut self,
        id: &str,
        sale: &FactId,
        change: impl FnOnce(&mut Dispute),
    ) -> Result<(Telling, Arc<Dispute>), StripeError> {
        let none = || StripeError::NoSuchDispute(sale.clone());
        let dispute = self.disputes.change(id, change).ok_or_else(none)?;
        let charge = self.charges.get(&dispute.charge).ok_or_else(none)?;
        let at = self.time_of(charge.customer.as_ref());
        let sale = Sale {
            account: charge.account.clone(),
            fact: sale.clone(),
        };
        Ok((Telling::of(sale, at), dispute))
    }

    fn paid(&self, dispute: &Dispute) -> i64 {
        let charge = self.charges.get(&dispute.charge);
        charge.map_or(dispute.amount.minor(), |it| it.amount.minor())
    }

    fn withdrawn(&self, dispute: &Dispute) -> Told {
        Told::Withdrawn {
            paid: self.paid(dispute),
            withdrawn: dispute.amount.minor(),
        }
    }
}
