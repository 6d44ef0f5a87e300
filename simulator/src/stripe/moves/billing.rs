//! Billing: subscriptions begin, go on, change, fall behind and end, by moves or by time.

use super::super::error::StripeError;
use super::super::event::{EventKind, Snapshot};
use super::super::object::{
    BillingReason, Invoice, InvoiceStatus, Object, Period, Price, Proration, SessionStatus,
    Subscription, SubscriptionStatus,
};
use super::super::shape::Metadata;
use super::super::world::{Sale, Stripe};
use super::{Emitted, Telling};
use crate::{AccountId, CustomerId, FactId, OfferKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// How long before a renewal `invoice.upcoming` comes, and before a trial's end
/// `trial_will_end` (I16).
const UPCOMING: i64 = 7 * DAY;
const TRIAL_WILL_END: i64 = 3 * DAY;

/// A customer has at most so many subscriptions on a test clock (T5).
const SUBSCRIPTIONS_A_CUSTOMER: usize = 3;

impl Stripe {
    /// The customer pays for a period of a plan: `invoice.paid` and what comes with it.
    ///
    /// `SubscriptionCreate` begins a subscription now. `SubscriptionCycle` goes on with the
    /// customer's latest to that price, or with one that began a period before this world did.
    /// Every period starts where the one before ended, whatever the clock says, so that two
    /// renewals are never for the same period.
    ///
    /// # Errors
    /// An unknown price or customer, a pack, a free plan, or a change of plan.
    pub fn renew(
        &mut self,
        customer: &CustomerId,
        price: &str,
        reason: BillingReason,
    ) -> Result<Emitted, StripeError> {
        self.bill(customer, price, reason, false)
    }

    /// The bank declines a renewal: `invoice.payment_failed`, and the subscription is `past_due`
    /// (I18). The fact is the open invoice.
    ///
    /// # Errors
    /// As [`Stripe::renew`].
    pub fn renewal_fails(
        &mut self,
        customer: &CustomerId,
        price: &str,
    ) -> Result<Emitted, StripeError> {
        self.bill(customer, price, BillingReason::SubscriptionCycle, true)
    }

    fn bill(
        &mut self,
        customer: &CustomerId,
        price: &str,
        reason: BillingReason,
        declines: bool,
    ) -> Result<Emitted, StripeError> {
        let price = self.offer(price, OfferKind::Plan)?;
        let account = self.account_of(customer)?.clone();
        let latest = self.subscriptions.newest().find(|it| {
            it.customer == *customer && it.price.id == price.id && it.ended_at.is_none()
        });
        let latest = latest.filter(|_| reason == BillingReason::SubscriptionCycle);
        let id = match (latest, reason) {
            (Some(subscription), _) => subscription.id.clone(),
            (None, BillingReason::SubscriptionCreate) => {
                let begun = self.begin(customer, price, 1, 0, Metadata::new());
                return Ok(self.bill_first(&begun, account).0.done());
            }
            (None, BillingReason::SubscriptionCycle) => {
                self.begin(customer, price, 1, 0, Metadata::new())
            }
            (None, BillingReason::SubscriptionUpdate) => {
                return Err(StripeError::NotARenewal);
            }
        };
        let invoice = self.next_period(&id, account)?;
        let mut telling = self.telling_of(&invoice);
        self.tell_renewal(&mut telling, &id, &invoice);
        self.open_invoice(&mut telling, &invoice.id);
        self.collect(&mut telling, &invoice.id, declines);
        Ok(telling.done())
    }

    /// A subscription that is in no period yet.
    pub(super) fn begin(
        &mut self,
        customer: &CustomerId,
        price: Arc<Price>,
        quantity: i64,
        trial_days: i64,
        metadata: Metadata,
    ) -> String {
        let now = self.time_of(Some(customer));
        let clock = self.customers.get(customer.as_str());
        let trial = (trial_days > 0).then_some(Period {
            start: now,
            end: now.saturating_add(trial_days.saturating_mul(DAY)),
        });
        let subscription = Subscription {
            id: self.ids.long("sub_", '1'),
            item: self.ids.short("si_"),
            customer: customer.clone(),
            period: Subscription::first_period(&price, now),
            price,
            quantity,
            trial,
            status: SubscriptionStatus::Incomplete,
            cancel_at_period_end: false,
            canceled_at: None,
            ended_at: None,
            latest_invoice: None,
            test_clock: clock.and_then(|customer| customer.test_clock.clone()),
            metadata,
            created: now,
            renews_itself: false,
            announced: false,
            pending: Vec::new(),
        };
        let id = subscription.id.clone();
        self.subscriptions.put(&id, subscription);
        id
    }

    /// The API's way to begin one: time renews it from now on.
    pub(crate) fn new_subscription(
        &mut self,
        customer: &CustomerId,
        price: Arc<Price>,
        quantity: i64,
        trial_days: i64,
        metadata: Metadata,
    ) -> Result<Arc<Subscription>, StripeError> {
        let account = self.account_of(customer)?.clone();
        let on_clock = self.customers.get(customer.as_str());
        let on_clock = on_clock.is_some_and(|it| it.test_clock.is_some());
        let living = |it: &&Arc<Subscription>| it.customer == *customer && it.ended_at.is_none();
        let theirs = self.subscriptions.newest().filter(living).count();
        if on_clock && theirs >= SUBSCRIPTIONS_A_CUSTOMER {
            return Err(StripeError::TooManySubscriptions(customer.clone()));
        }
        let id = self.begin(customer, price, quantity, trial_days, metadata);
        self.subscriptions.change(&id, |it| it.renews_itself = true);
        self.bill_first(&id, account);
        let found = self.subscriptions.get(&id).cloned();
        found.ok_or(StripeError::NoSuchSubscription(id))
    }

    /// The first invoice of a subscription that has begun, collected at once.
    pub(super) fn bill_first(&mut self, id: &str, account: AccountId) -> (Telling, FactId) {
        let mut look_back = None;
        let subscription = self.subscriptions.change(id, |it| {
            look_back = Some(it.go_on(BillingReason::SubscriptionCreate));
            if let Some(trial) = it.trial {
                it.period = trial;
                it.status = SubscriptionStatus::Trialing;
            }
        });
        let (Some(subscription), Some(look_back)) = (subscription, look_back) else {
            unreachable!("who begins a subscription bills it");
        };
        let reason = BillingReason::SubscriptionCreate;
        let invoice = self.draft(&subscription, reason, look_back, account);
        let mut telling = self.telling_of(&invoice);
        telling.mention(
            self,
            EventKind::InvoiceCreated,
            Object::Invoice(Arc::clone(&invoice)),
        );
        self.open_invoice(&mut telling, &invoice.id);
        let declines = self.declines(&subscription.customer);
        self.collect(&mut telling, &invoice.id, declines);
        if let Some(subscription) = self.subscriptions.get(id).cloned() {
            let object = Object::Subscription(subscription);
            telling.mention(self, EventKind::SubscriptionCreated, object);
        }
        (telling, invoice.id.clone())
    }

    /// A subscription goes on: it is in its next period before the money is there (I17).
    fn next_period(&mut self, id: &str, account: AccountId) -> Result<Arc<Invoice>, StripeError> {
        let mut look_back = None;
        let subscription = self
            .subscriptions
            .change(id, |it| {
                look_back = Some(it.go_on(BillingReason::SubscriptionCycle));
                it.status = SubscriptionStatus::Active;
                it.announced = false;
            })
            .ok_or_else(|| StripeError::NoSuchSubscription(id.to_owned()))?;
        let look_back = look_back.unwrap_or(subscription.period);
        let reason = BillingReason::SubscriptionCycle;
        Ok(self.draft(&subscription, reason, look_back, account))
    }

    fn tell_renewal(&mut self, telling: &mut Telling, id: &str, invoice: &Arc<Invoice>) {
        let before = invoice.look_back;
        self.tell_updated(
            telling,
            id,
            json!({ "items": { "data": [{
                "current_period_end": before.end,
                "current_period_start": before.start,
            }] } }),
        );
        let draft = Object::Invoice(Arc::clone(invoice));
        telling.mention(self, EventKind::InvoiceCreated, draft);
    }

    fn tell_updated(&mut self, telling: &mut Telling, id: &str, previous: Value) {
        if let Some(subscription) = self.subscriptions.get(id).cloned() {
            let updated = Snapshot {
                object: Object::Subscription(subscription),
                previous: Some(previous),
            };
            telling.mention(self, EventKind::SubscriptionUpdated, updated);
        }
    }

    /// An invoice of it was paid.
    pub(super) fn subscription_paid(&mut self, telling: &mut Telling, invoice: &Invoice) {
        let Some(before) = self.subscriptions.get(&invoice.subscription).cloned() else {
            return;
        };
        let behind = matches!(
            before.status,
            SubscriptionStatus::Incomplete | SubscriptionStatus::PastDue
        );
        if behind {
            let active = SubscriptionStatus::Active;
            self.subscriptions
                .change(&before.id, |it| it.status = active);
            if invoice.attempts > 1 || before.status == SubscriptionStatus::PastDue {
                let previous = json!({ "status": before.status.name() });
                self.tell_updated(telling, &before.id, previous);
            }
        }
    }

    /// An invoice of it was declined (I18).
    pub(super) fn subscription_unpaid(&mut self, telling: &mut Telling, invoice: &Invoice) {
        let Some(before) = self.subscriptions.get(&invoice.subscription).cloned() else {
            return;
        };
        if before.status == SubscriptionStatus::Active {
            let behind = SubscriptionStatus::PastDue;
            self.subscriptions
                .change(&before.id, |it| it.status = behind);
            self.tell_updated(telling, &before.id, json!({ "status": "active" }));
        }
    }

    /// The customer changes to another plan. What the rest of the period costs and gives back
    /// waits for the next invoice, or with `at_once` is invoiced now (I19).
    ///
    /// # Errors
    /// No such subscription, an ended one, an unknown price, a pack, or a free plan.
    pub fn change_plan(
        &mut self,
        subscription: &str,
        price: &str,
        at_once: bool,
    ) -> Result<Emitted, StripeError> {
        let price = self.offer(price, OfferKind::Plan)?;
        let before = self.living(subscription)?;
        let account = self.account_of(&before.customer)?.clone();
        let now = self.time_of(Some(&before.customer));
        let period = before.period;
        let left = (period.end - now).clamp(0, period.end - period.start);
        let whole = (period.end - period.start).max(1);
        let share = |price: &Price| {
            let amount = i128::from(price.amount.minor()) * i128::from(before.quantity);
            i64::try_from(amount * i128::from(left) / i128::from(whole)).unwrap_or(i64::MAX)
        };
        let rest = Period {
            start: now.max(period.start),
            end: period.end,
        };
        let prorations = [
            (Arc::clone(&before.price), -share(&before.price)),
            (Arc::clone(&price), share(&price)),
        ];
        self.subscriptions.change(subscription, |it| {
            it.price = price;
            let each = prorations.into_iter();
            it.pending.extend(each.map(|(price, amount)| Proration {
                price,
                amount,
                period: rest,
            }));
        });
        let changed = self.living(subscription)?;
        let previous = json!({ "items": { "data": [{ "price": { "id": before.price.id } }] } });
        if !at_once {
            let fact = FactId::new(subscription);
            let mut telling = Telling::of(Sale { account, fact }, now);
            self.tell_updated(&mut telling, subscription, previous);
            return Ok(telling.done());
        }
        let reason = BillingReason::SubscriptionUpdate;
        let invoice = self.draft(&changed, reason, period, account);
        let mut telling = self.telling_of(&invoice);
        self.tell_updated(&mut telling, subscription, previous);
        let draft = Object::Invoice(Arc::clone(&invoice));
        telling.mention(self, EventKind::InvoiceCreated, draft);
        self.open_invoice(&mut telling, &invoice.id);
        if invoice.total() < 0 {
            let customer = invoice.customer.as_str();
            self.customers.change(customer, |it| {
                it.balance = it.balance.saturating_add(invoice.total());
            });
        }
        let declines = self.declines(&invoice.customer);
        self.collect(&mut telling, &invoice.id, declines);
        Ok(telling.done())
    }

    /// A subscription ends now (I20).
    ///
    /// # Errors
    /// No such subscription, or it has ended.
    pub fn cancel(&mut self, subscription: &str) -> Result<Emitted, StripeError> {
        let living = self.living(subscription)?;
        let account = self.account_of(&living.customer)?.clone();
        let now = self.time_of(Some(&living.customer));
        let ended = self.subscriptions.change(subscription, |it| {
            it.status = SubscriptionStatus::Canceled;
            it.canceled_at = it.canceled_at.or(Some(now));
            it.ended_at = Some(now);
        });
        let fact = FactId::new(subscription);
        let mut telling = Telling::of(Sale { account, fact }, now);
        if let Some(ended) = ended {
            let object = Object::Subscription(ended);
            telling.mention(self, EventKind::SubscriptionDeleted, object);
        }
        Ok(telling.done())
    }

    /// A subscription will end with its period, or won't after all (I20).
    ///
    /// # Errors
    /// No such subscription, or it has ended.
    pub fn cancel_at_period_end(
        &mut self,
        subscription: &str,
        will_end: bool,
    ) -> Result<Emitted, StripeError> {
        let living = self.living(subscription)?;
        let account = self.account_of(&living.customer)?.clone();
        let now = self.time_of(Some(&living.customer));
        self.subscriptions.change(subscription, |it| {
            it.cancel_at_period_end = will_end;
            it.canceled_at = will_end.then_some(now);
        });
        let fact = FactId::new(subscription);
        let mut telling = Telling::of(Sale { account, fact }, now);
        if living.cancel_at_period_end != will_end {
            let previous = json!({ "cancel_at_period_end": !will_end });
            self.tell_updated(&mut telling, subscription, previous);
        }
        Ok(telling.done())
    }

    fn living(&self, subscription: &str) -> Result<Arc<Subscription>, StripeError> {
        let found = self.subscriptions.get(subscription);
        let found =
            found.ok_or_else(|| StripeError::NoSuchSubscription(subscription.to_owned()))?;
        if found.ended_at.is_some() {
            return Err(StripeError::Ended(subscription.to_owned()));
        }
        Ok(Arc::clone(found))
    }

    /// What time brings next for those who live by this clock (`None`: the world's own), and when.
    pub(super) fn next_due(&self, clock: Option<&str>) -> Option<(i64, Due)> {
        let by_clock = |customer: &CustomerId| {
            let customer = self.customers.get(customer.as_str());
            customer.and_then(|it| it.test_clock.as_deref()) == clock
        };
        let subscriptions = self.subscriptions.newest();
        let subscriptions = subscriptions
            .filter(|it| it.renews_itself && it.ended_at.is_none() && by_clock(&it.customer))
            .map(|it| {
                let trial = it.status == SubscriptionStatus::Trialing;
                let notice = if trial { TRIAL_WILL_END } else { UPCOMING };
                let id = it.id.clone();
                if it.announced || it.cancel_at_period_end && !trial {
                    (it.period.end, Due::PeriodEnds(id))
                } else {
                    let at = (it.period.end - notice).max(it.period.start);
                    (at, Due::Announce(id))
                }
            });
        let invoices = self.invoices.newest();
        let invoices = invoices
            .filter(|it| by_clock(&it.customer))
            .filter_map(|it| {
                let id = it.id.clone();
                match it.status {
                    InvoiceStatus::Draft => {
                        Some((gate(&self.gates, &id, it.created), Due::Finalize(id)))
                    }
                    InvoiceStatus::Open => it.next_attempt.map(|at| (at, Due::Attempt(id))),
                    _ => None,
                }
            });
        let sessions = self.sessions.newest();
        let sessions = sessions
            .filter(|it| it.status == SessionStatus::Open)
            .filter(|it| it.customer.as_ref().map_or(clock.is_none(), by_clock))
            .map(|it| (it.expires_at, Due::Expire(it.id.clone())));
        subscriptions
            .chain(invoices)
            .chain(sessions)
            .min_by_key(|(at, _)| *at)
    }

    /// Does what time has brought.
    pub(in crate::stripe) fn bring(&mut self, due: Due) {
        // What was due was found in this world a moment ago; whoever ended it meanwhile was right.
        let _ = match due {
            Due::Announce(id) => {
                self.announce(&id);
                Ok(())
            }
            Due::PeriodEnds(id) => self.period_ends(&id),
            Due::Finalize(id) => {
                self.finalize(&id);
                Ok(())
            }
            Due::Attempt(id) => self.retry_payment(&id).map(|_| ()),
            Due::Expire(id) => self.expire_session(&id).map(|_| ()),
        };
    }

    fn announce(&mut self, id: &str) {
        let Some(subscription) = self.subscriptions.change(id, |it| it.announced = true) else {
            return;
        };
        if subscription.status == SubscriptionStatus::Trialing {
            let object = Object::Subscription(subscription);
            self.mention(EventKind::SubscriptionTrialWillEnd, object);
            return;
        }
        let Ok(account) = self.account_of(&subscription.customer).cloned() else {
            return;
        };
        let mut next = Subscription::clone(&subscription);
        let look_back = next.go_on(BillingReason::SubscriptionCycle);
        let reason = BillingReason::SubscriptionCycle;
        let draft = self.draft(&next, reason, look_back, account);
        // It was only a look ahead: nothing of it stays.
        self.invoices.remove(draft.id.as_str());
        self.subscriptions
            .put(id, Subscription::clone(&subscription));
        let upcoming = Invoice {
            id: FactId::new(""),
            ..Invoice::clone(&draft)
        };
        let object = Object::Invoice(Arc::new(upcoming));
        self.mention(EventKind::InvoiceUpcoming, object);
    }

    fn period_ends(&mut self, id: &str) -> Result<(), StripeError> {
        let subscription = self.living(id)?;
        if subscription.cancel_at_period_end {
            return self.cancel(id).map(|_| ());
        }
        let account = self.account_of(&subscription.customer)?.clone();
        let trial = subscription.status == SubscriptionStatus::Trialing;
        let invoice = self.next_period(id, account)?;
        let mut telling = self.telling_of(&invoice);
        self.tell_renewal(&mut telling, id, &invoice);
        if trial {
            self.tell_updated(&mut telling, id, json!({ "status": "trialing" }));
        }
        Ok(())
    }

    fn finalize(&mut self, id: &FactId) {
        let Some(invoice) = self.invoices.get(id.as_str()).cloned() else {
            return;
        };
        let mut telling = self.telling_of(&invoice);
        self.open_invoice(&mut telling, id);
        let declines = self.declines(&invoice.customer);
        self.collect(&mut telling, id, declines);
    }
}

/// When a draft's gate opens (D15): an hour after everybody has answered its `invoice.created`, or
/// after three days.
fn gate(gates: &BTreeMap<FactId, Option<i64>>, invoice: &FactId, created: i64) -> i64 {
    match gates.get(invoice) {
        Some(None) => created + 72 * HOUR,
        Some(Some(answered)) => (*answered).max(created) + HOUR,
        None => created + HOUR,
    }
}

/// What time brings.
pub(crate) enum Due {
    /// `invoice.upcoming`, or `trial_will_end`.
    Announce(String),
    PeriodEnds(String),
    /// A draft is an hour old (I17).
    Finalize(FactId),
    /// A declined payment is tried again.
    Attempt(FactId),
    /// A session was left (C9).
    Expire(FactId),
}
