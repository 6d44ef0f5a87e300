//! Business at Stripe: what customers do there, and the events that it makes.

use super::play::Play;
use super::shop;
use crate::history::{Names, What};
use crate::stripe::{BillingReason, Emitted, PaymentMethod};
use crate::target::{Call, OfferKind, Operation};

impl Play<'_> {
    pub(super) fn buy(&mut self, lane: usize, account: usize, pack: usize, debit: bool) {
        let prices = shop::prices(self.stage.catalogue(), OfferKind::Pack);
        let Some(price) = prices.iter().cycle().nth(pack) else {
            return;
        };
        let who = self.history.parties[account].account.clone();
        // Every other purchase is made by a customer that Stripe knows (C5).
        let customer = (lane % 2 == 1).then(|| self.customers[account].clone());
        let method = if debit {
            PaymentMethod::BankDebit
        } else {
            PaymentMethod::Card
        };
        let Ok(sale) = self.stripe.checkout(&who, customer.as_ref(), price, method) else {
            return;
        };
        let offer = self.stage.catalogue().offer(price);
        let (credits, amount) = offer.map_or((0, 0), |o| (o.credits.get(), o.amount.minor()));
        self.lanes[lane].sold(&sale, amount);
        let how = if debit { " by bank debit" } else { "" };
        self.business(account, &format!("buys a pack of {credits} credits{how}"));
        self.note_checkout(account, &sale);
    }

    /// Tells the ledger that a Checkout Session was made, if it wants to know.
    pub(super) fn note_checkout(&mut self, account: usize, sale: &Emitted) {
        let who = self.history.parties[account].account.clone();
        let told = sale.events.first();
        let credits = self.stripe.sold(&sale.fact).and_then(|sold| {
            let offer = self.stage.catalogue().offer(&sold.price)?;
            Some(offer.credits)
        });
        if let (Some(event), Some(amount)) = (told, credits)
            && self.offers(Operation::Checkout)
            && let Some(noted) = self.sale(event, &sale.fact, account)
        {
            self.quietly(&Call::Checkout {
                account: who,
                fact: sale.fact.clone(),
                amount,
                sale: noted,
            });
        }
    }

    pub(super) fn clear(&mut self, lane: usize, account: usize) {
        let Some(fact) = self.lanes[lane].fact.clone() else {
            return;
        };
        if let Ok(told) = self.stripe.bank_debit_clears(&fact) {
            self.lanes[lane].events.extend(told.events);
            self.business(account, "sees the bank debit clear");
        }
    }

    pub(super) fn renew(&mut self, lane: usize, account: usize, plan: usize) {
        let prices = shop::prices(self.stage.catalogue(), OfferKind::Plan);
        let Some(price) = prices.iter().cycle().nth(plan) else {
            return;
        };
        let customer = self.customers[account].clone();
        let reason = BillingReason::SubscriptionCycle;
        let Ok(sale) = self.stripe.renew(&customer, price, reason) else {
            return;
        };
        let offer = self.stage.catalogue().offer(price);
        let (credits, amount) = offer.map_or((0, 0), |o| (o.credits.get(), o.amount.minor()));
        self.lanes[lane].sold(&sale, amount);
        self.business(account, &format!("pays a renewal of {credits} credits"));
    }

    pub(super) fn give_back(&mut self, lane: usize, account: usize, percent: u8) {
        let Some((fact, minor)) = self.lanes[lane].give_back(percent) else {
            return;
        };
        if let Ok(told) = self.stripe.refund(&fact, minor) {
            self.lanes[lane].events.extend(told.events);
            self.business(account, &format!("gets {percent} % of the price back"));
        }
    }

    fn business(&mut self, account: usize, said: &str) {
        let said = format!("{} {said}", Names::account(account));
        self.happens(What::Business { account, said });
    }
}
