//! Business at Stripe: moves that make events and send nothing yet.

use super::play::Play;
use super::sending::tells;
use super::shop;
use crate::history::{Names, What};
use crate::model::Deed;
use crate::storm::Action;
use crate::stripe::{BillingReason, Emitted, PaymentMethod, Stripe, StripeError};
use crate::target::{Call, EventId, FactId, OfferKind, Operation};

/// How long a trial lasts, in days.
const TRIAL_DAYS: u16 = 14;

impl Play<'_> {
    /// Does what a step says of the business, if it is business.
    pub(super) fn does_business(&mut self, lane: usize, account: usize, action: &Action) {
        match *action {
            Action::Buy { pack, debit } => {
                let prices = shop::prices(self.stage.catalogue(), OfferKind::Pack);
                self.buy(lane, account, &prices, pack, debit);
            }
            Action::BuyAbroad { debit } => {
                let prices = shop::abroad(self.stage.catalogue());
                self.buy(lane, account, &prices, 0, debit);
            }
            Action::Subscribe { plan, trial } => self.subscribe(lane, account, plan, trial),
            Action::Renew { plan } => self.renew(lane, account, plan),
            Action::GiveBack { percent } => self.give_back(lane, account, percent),
            Action::Clear => self.goes_on(
                lane,
                account,
                "sees the bank debit clear",
                Stripe::bank_debit_clears,
            ),
            Action::Bounce => self.goes_on(
                lane,
                account,
                "has the bank refuse",
                Stripe::bank_debit_fails,
            ),
            Action::Inquire => self.goes_on(lane, account, "has the bank ask", Stripe::inquire),
            Action::Dispute => self.goes_on(lane, account, "disputes the payment", Stripe::dispute),
            Action::Escalate => {
                self.goes_on(
                    lane,
                    account,
                    "disputes what was asked about",
                    Stripe::escalate,
                );
            }
            Action::Close { won } => {
                let said = if won {
                    "loses the dispute"
                } else {
                    "sees the bank's case closed"
                };
                self.goes_on(lane, account, said, |it, sale| it.close_dispute(sale, won));
            }
            Action::Acquaint { .. }
            | Action::Deliver { .. }
            | Action::Reserve { .. }
            | Action::Charge { .. }
            | Action::Refund { .. }
            | Action::Nonsense { .. }
            | Action::Sweep { .. }
            | Action::Die { .. }
            | Action::Travel { .. }
            | Action::Survey { .. }
            | Action::Trespass(_)
            | Action::Duel { .. } => {}
        }
    }

    fn buy(&mut self, lane: usize, account: usize, prices: &[String], pack: usize, debit: bool) {
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
        let sale = (self.stripe().world).checkout(&who, customer.as_ref(), price, method);
        let how = if debit { " by bank debit" } else { "" };
        if let Some(sale) = self.sold(lane, account, price, sale, |credits| {
            format!("buys a pack of {credits} credits{how}")
        }) {
            self.note_checkout(account, &sale);
        }
    }

    /// Tells the ledger that a Checkout Session was made, if it wants to know.
    pub(super) fn note_checkout(&mut self, account: usize, sale: &Emitted) {
        let who = self.history.parties[account].account.clone();
        let told = self.needed_event(sale);
        let credits = self.stripe().world.sold(&sale.fact).and_then(|sold| {
            let offer = self.stage.catalogue().offer(&sold.price)?;
            Some(offer.credits)
        });
        if let (Some(event), Some(amount)) = (told, credits)
            && self.offers(Operation::Checkout)
            && let Some(noted) = self.sale(&event, &sale.fact, account)
        {
            self.quietly(
                0,
                &Call::Checkout {
                    account: who,
                    fact: sale.fact.clone(),
                    amount,
                    sale: noted,
                },
            );
        }
    }

    /// The first event of a sale that a ledger's endpoint is set up for.
    pub(super) fn needed_event(&self, sale: &Emitted) -> Option<EventId> {
        let stripe = self.stripe();
        let needed = |id: &&EventId| {
            let event = stripe.world.event(id);
            event.is_some_and(|event| event.kind.is_needed())
        };
        sale.events.iter().find(needed).cloned()
    }

    fn subscribe(&mut self, lane: usize, account: usize, plan: usize, trial: bool) {
        let prices = shop::prices(self.stage.catalogue(), OfferKind::Plan);
        let Some(price) = prices.iter().cycle().nth(plan) else {
            return;
        };
        let who = self.history.parties[account].account.clone();
        let customer = self.customers[account].clone();
        let days = if trial { TRIAL_DAYS } else { 0 };
        let sale = (self.stripe().world).subscribe_with_trial(&who, &customer, price, days);
        self.sold(lane, account, price, sale, |credits| {
            let free = if trial { ", free at first" } else { "" };
            format!("subscribes to a plan of {credits} credits{free}")
        });
    }

    fn renew(&mut self, lane: usize, account: usize, plan: usize) {
        let prices = shop::prices(self.stage.catalogue(), OfferKind::Plan);
        let Some(price) = prices.iter().cycle().nth(plan) else {
            return;
        };
        let customer = self.customers[account].clone();
        let reason = BillingReason::SubscriptionCycle;
        let sale = self.stripe().world.renew(&customer, price, reason);
        self.sold(lane, account, price, sale, |credits| {
            format!("pays a renewal of {credits} credits")
        });
    }

    /// Notes what was sold, if Stripe sold it.
    fn sold(
        &mut self,
        lane: usize,
        account: usize,
        price: &str,
        sale: Result<Emitted, StripeError>,
        said: impl Fn(i64) -> String,
    ) -> Option<Emitted> {
        let sale = sale.ok()?;
        let offer = self.stage.catalogue().offer(price);
        let (credits, amount) = offer.map_or((0, 0), |o| (o.credits.get(), o.amount.minor()));
        let stripe = self.stripe();
        self.lanes[lane].sold(&stripe.world, &sale, amount);
        drop(stripe);
        self.business(account, &said(credits), &sale);
        Some(sale)
    }

    fn give_back(&mut self, lane: usize, account: usize, percent: u8) {
        let Some((fact, minor)) = self.lanes[lane].give_back(percent) else {
            return;
        };
        let refunded = self.stripe().world.refund(&fact, minor);
        if let Ok(told) = refunded {
            self.lane_hears(lane, &told);
            self.business(
                account,
                &format!("gets {percent} % of the price back"),
                &told,
            );
        }
    }

    /// What becomes of this lane's sale.
    fn goes_on(
        &mut self,
        lane: usize,
        account: usize,
        said: &str,
        goes_on: impl Fn(&mut Stripe, &FactId) -> Result<Emitted, StripeError>,
    ) {
        let Some(fact) = self.lanes[lane].fact.clone() else {
            return;
        };
        let went = goes_on(&mut self.stripe().world, &fact);
        if let Ok(told) = went {
            self.lane_hears(lane, &told);
            self.business(account, said, &told);
        }
    }

    /// More is told of a lane's sale.
    fn lane_hears(&mut self, lane: usize, told: &Emitted) {
        let stripe = self.stripe();
        self.lanes[lane].heard(&stripe.world, told);
    }

    fn business(&mut self, account: usize, said: &str, told: &Emitted) {
        let said = format!("{} {said}", Names::account(account));
        let knows = self.to_be_known(told);
        self.happens(What::Business {
            account,
            said,
            knows,
        });
    }

    /// What Stripe says of it from now on to a ledger that asks.
    fn to_be_known(&self, told: &Emitted) -> Vec<Deed> {
        if !self.stage.asks() {
            return Vec::new();
        }
        let stripe = self.stripe();
        let events = told.events.iter().filter_map(|id| stripe.world.event(id));
        events.map(|event| tells(&event.meaning)).collect()
    }
}
