//! A Subscription: a plan that is paid each period, from its first day to its end.

use super::invoice::BillingReason;
use super::price::{Price, Recurring};
use crate::CustomerId;
use crate::stripe::shape::{self, Filling, Metadata, Shaped, Template};
use crate::stripe::version::Version;
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};

/// A stretch of time in Unix seconds, from `start` up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// What a change of plan costs, or below zero gives back, for the rest of a period.
#[derive(Clone, Debug)]
pub(crate) struct Proration {
    pub(crate) price: Arc<Price>,
    pub(crate) amount: i64,
    pub(crate) period: Period,
}

/// Where a subscription stands (I2), as far as this world takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscriptionStatus {
    /// Its first payment was declined: nothing is granted (I18).
    Incomplete,
    Trialing,
    Active,
    /// A renewal was declined.
    PastDue,
    Canceled,
}

impl SubscriptionStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            SubscriptionStatus::Incomplete => "incomplete",
            SubscriptionStatus::Trialing => "trialing",
            SubscriptionStatus::Active => "active",
            SubscriptionStatus::PastDue => "past_due",
            SubscriptionStatus::Canceled => "canceled",
        }
    }
}

/// A customer's subscription to one plan.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) item: String,
    pub(crate) customer: CustomerId,
    pub(crate) price: Arc<Price>,
    pub(crate) quantity: i64,
    /// The period that it is in.
    pub(crate) period: Period,
    pub(crate) trial: Option<Period>,
    pub(crate) status: SubscriptionStatus,
    pub(crate) cancel_at_period_end: bool,
    pub(crate) canceled_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) latest_invoice: Option<String>,
    pub(crate) test_clock: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) created: i64,
    /// Whether time renews it, or only a move of the workload does.
    pub(crate) renews_itself: bool,
    /// Whether what comes at the end of this period was announced.
    pub(crate) announced: bool,
    /// What a change of plan costs and gives back, for the next invoice (I19).
    pub(crate) pending: Vec<Proration>,
}

impl Subscription {
    fn every(&self) -> i64 {
        self.price.recurring.unwrap_or(Recurring::Month).seconds()
    }

    /// The period that follows, as of a subscription that is in none yet.
    pub(crate) fn first_period(price: &Price, now: i64) -> Period {
        let every = price.recurring.unwrap_or(Recurring::Month).seconds();
        Period {
            start: now - every,
            end: now,
        }
    }

    /// Goes on to the next period. Returns what its invoice looks back on: the period before, or
    /// for a first invoice no time at all (I12).
    pub(crate) fn go_on(&mut self, reason: BillingReason) -> Period {
        let before = self.period;
        self.period = Period {
            start: before.end,
            end: before.end + self.every(),
        };
        match reason {
            BillingReason::SubscriptionCycle => before,
            BillingReason::SubscriptionCreate | BillingReason::SubscriptionUpdate => Period {
                start: before.end,
                end: before.end,
            },
        }
    }
}

impl Shaped for Subscription {
    fn template(&self, version: Version) -> &'static Template {
        static TODAY: LazyLock<Template> = LazyLock::new(|| Template::of(shape(true)));
        static BEFORE_BASIL: LazyLock<Template> = LazyLock::new(|| {
            let mut subscription = shape(false);
            shape::overwrite(
                &mut subscription,
                json!({ "current_period_end": "{{end}}", "current_period_start": "{{start}}" }),
            );
            Template::of(subscription)
        });
        match version {
            Version::Endive => &TODAY,
            Version::Acacia => &BEFORE_BASIL,
        }
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => (&self.id).into(),
            "item" => (&self.item).into(),
            "items_url" => format!("/v1/subscription_items?subscription={}", self.id).into(),
            "cancel_at" => self.cancel_at_period_end.then_some(self.period.end).into(),
            "cancel_at_period_end" => self.cancel_at_period_end.into(),
            "canceled_at" => self.canceled_at.into(),
            "ended_at" => self.ended_at.into(),
            "created" => self.created.into(),
            "currency" => self.price.amount.currency().into(),
            "customer" => self.customer.as_str().into(),
            "latest_invoice" => self.latest_invoice.as_ref().into(),
            "metadata" => (&self.metadata).into(),
            "plan" => self.price.plan().into(),
            "price" => Filling::One(&*self.price),
            "quantity" => self.quantity.into(),
            "start" => self.period.start.into(),
            "end" => self.period.end.into(),
            "status" => self.status.name().into(),
            "test_clock" => self.test_clock.as_ref().into(),
            "trial_start" => self.trial.map(|trial| trial.start).into(),
            "trial_end" => self.trial.map(|trial| trial.end).into(),
            _ => panic!("a subscription has no value for hole `{hole}`"),
        }
    }
}

/// Its period stands in its item since basil (I11).
fn shape(period_in_item: bool) -> Map<String, Value> {
    let mut item = shape::read(include_str!("shapes/subscription_item.json"));
    shape::remove(&mut item, &["current_period_end", "current_period_start"]);
    shape::overwrite(
        &mut item,
        json!({
            "id": "{{item}}",
            "billing_thresholds": null,
            "created": "{{created}}",
            "plan": "{{plan}}",
            "price": "{{price}}",
            "quantity": "{{quantity}}",
            "subscription": "{{id}}",
        }),
    );
    if period_in_item {
        shape::overwrite(
            &mut item,
            json!({ "current_period_end": "{{end}}", "current_period_start": "{{start}}" }),
        );
    }
    let mut subscription = shape::read(include_str!("shapes/subscription.json"));
    shape::overwrite(
        &mut subscription,
        json!({
            "id": "{{id}}",
            "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null },
            "billing_cycle_anchor": "{{created}}",
            "billing_cycle_anchor_config": null,
            "billing_schedules": [],
            "billing_thresholds": null,
            "cancel_at": "{{cancel_at}}",
            "cancel_at_period_end": "{{cancel_at_period_end}}",
            "canceled_at": "{{canceled_at}}",
            "created": "{{created}}",
            "currency": "{{currency}}",
            "customer": "{{customer}}",
            "ended_at": "{{ended_at}}",
            "items": {
                "object": "list",
                "data": [item],
                "has_more": false,
                "total_count": 1,
                "url": "{{items_url}}",
            },
            "latest_invoice": "{{latest_invoice}}",
            "managed_payments": { "enabled": false },
            "metadata": "{{metadata}}",
            "next_pending_invoice_item_invoice": null,
            "pause_collection": null,
            "payment_settings": {
                "payment_method_options": null,
                "payment_method_types": null,
                "save_default_payment_method": "off",
            },
            "pending_invoice_item_interval": null,
            "pending_update": null,
            "start_date": "{{created}}",
            "status": "{{status}}",
            "test_clock": "{{test_clock}}",
            "transfer_data": null,
            "trial_end": "{{trial_end}}",
            "trial_start": "{{trial_start}}",
        }),
    );
    subscription
}
