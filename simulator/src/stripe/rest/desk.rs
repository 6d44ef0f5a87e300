//! The desk: what no API has, because buyers, banks and time do it. Under `/_badai/`.
//!
//! ```text
//! POST /_badai/moves/pay      session=cs_…            the buyer goes through Checkout
//! POST /_badai/moves/clear    sale=cs_…               the bank sends the money
//! POST /_badai/moves/dispute  sale=cs_…|in_…          the bank takes it back
//! POST /_badai/moves/advance  seconds=86400           time passes
//! POST /_badai/moves/fail     failure=rate-limited    the next call goes wrong
//! POST /_badai/trigger/invoice.paid                   whatever leads to that event
//! ```

use super::api::Api;
use super::failure::Failure;
use super::fault::ApiError;
use super::form::Params;
use super::routes::Reply;
use crate::nearest::nearest;
use crate::stripe::moves::{Due, NewPrice, Order};
use crate::stripe::object::{Mode, Object};
use crate::stripe::shape::Metadata;
use crate::stripe::{BillingReason, Emitted, EventKind, PaymentMethod, Stripe, StripeError};
use crate::{AccountId, Currency, CustomerId, FactId, Money, OfferKind};
use serde_json::{Value, json};

/// Serves a path under `/_badai/`; `None` if there is none such.
pub(super) fn serve(
    api: &mut Api,
    method: &str,
    path: &[&str],
    params: &Params,
) -> Option<Result<Reply, ApiError>> {
    // What happens at the desk is nobody's API call.
    api.world.cause = None;
    let done = match (method, path) {
        ("POST", ["moves", name]) => go(api, name, params)?,
        ("POST", ["trigger", kind]) => trigger(api, kind),
        _ => return None,
    };
    Some(done.map(Reply))
}

/// Does the move of this name; `None` if there is none such.
fn go(api: &mut Api, name: &str, params: &Params) -> Option<Result<Value, ApiError>> {
    let sale = || params.required(&["sale"]).map(FactId::new);
    let customer = || params.required(&["customer"]).map(CustomerId::new);
    let world = &mut api.world;
    let done: Result<Emitted, ApiError> = match name {
        "pay" => params
            .required(&["session"])
            .and_then(|id| Ok(world.complete_session(&FactId::new(id))?)),
        "clear" => sale().and_then(|sale| Ok(world.bank_debit_clears(&sale)?)),
        "bounce" => sale().and_then(|sale| Ok(world.bank_debit_fails(&sale)?)),
        "inquire" => sale().and_then(|sale| Ok(world.inquire(&sale)?)),
        "dispute" => sale().and_then(|sale| Ok(world.dispute(&sale)?)),
        "escalate" => sale().and_then(|sale| Ok(world.escalate(&sale)?)),
        "win" => sale().and_then(|sale| Ok(world.close_dispute(&sale, true)?)),
        "lose" => sale().and_then(|sale| Ok(world.close_dispute(&sale, false)?)),
        "renew" => customer().and_then(|customer| {
            let price = params.required(&["price"])?;
            let reason = BillingReason::SubscriptionCycle;
            Ok(world.renew(&customer, &price, reason)?)
        }),
        "fail-renewal" => customer().and_then(|customer| {
            let price = params.required(&["price"])?;
            Ok(world.renewal_fails(&customer, &price)?)
        }),
        "retry" => params
            .required(&["invoice"])
            .and_then(|id| Ok(world.retry_payment(&FactId::new(id))?)),
        "fail-refund" => params
            .required(&["refund"])
            .and_then(|id| Ok(world.refund_fails(&id)?)),
        "twin" => params.required(&["event"]).and_then(|id| {
            let twin = world.twin(&crate::EventId::new(id))?;
            let fact = FactId::new("");
            let events = vec![twin];
            Ok(Emitted { fact, events })
        }),
        "decline" | "accept" => {
            return Some(customer().and_then(|customer| {
                world.card_declines(&customer, name == "decline")?;
                Ok(json!({ "customer": customer, "declines": name == "decline" }))
            }));
        }
        "advance" => return Some(advance(api, params)),
        "roll" => return Some(roll(api, params)),
        "fail" => return Some(fail(api, params)),
        _ => return None,
    };
    Some(done.map(|emitted| told(&emitted)))
}

fn told(emitted: &Emitted) -> Value {
    json!({ "sale": emitted.fact, "events": emitted.events })
}

/// Time passes, and brings what it brings.
fn advance(api: &mut Api, params: &Params) -> Result<Value, ApiError> {
    const LONGEST: i64 = 10 * 365 * 24 * 60 * 60;
    let seconds = params.number(&["seconds"])?;
    let seconds = seconds.ok_or_else(|| ApiError::missing("seconds"))?;
    if !(0..=LONGEST).contains(&seconds) {
        return Err(ApiError::not_an_integer("seconds", &seconds.to_string()));
    }
    api.world.run_until(api.world.now() + seconds);
    Ok(json!({ "now": api.world.now() }))
}

/// An endpoint's secret is rolled; the old one signs beside the new for so many seconds (S7).
fn roll(api: &mut Api, params: &Params) -> Result<Value, ApiError> {
    const LONGEST: i64 = 24 * 60 * 60;
    let id = params.required(&["endpoint"])?;
    let grace = params
        .number(&["grace"])?
        .unwrap_or(LONGEST)
        .clamp(0, LONGEST);
    let until = api.world.now() + grace;
    let secret = api.world.ids.secret();
    let rolled = api.world.endpoints.change(&id, |endpoint| {
        let before = std::mem::replace(&mut endpoint.secret, secret);
        endpoint.before_roll = Some((before, until));
    });
    let endpoint = rolled.ok_or_else(|| ApiError::no_such("webhook endpoint", &id, "endpoint"))?;
    Ok(json!({ "endpoint": id, "secret": endpoint.secret, "until": until }))
}

fn fail(api: &mut Api, params: &Params) -> Result<Value, ApiError> {
    let name = params.required(&["failure"])?;
    let failure = Failure::ALL.into_iter().find(|it| it.name() == name);
    let failure = failure.ok_or_else(|| {
        let names = Failure::ALL.map(Failure::name).join(", ");
        ApiError::request(format!("Invalid failure: must be one of {names}")).about("failure")
    })?;
    api.fail_next(failure);
    Ok(json!({ "failure": name }))
}

/// Whatever leads to an event of this type, with customers and sales of its own.
fn trigger(api: &mut Api, kind: &str) -> Result<Value, ApiError> {
    let wanted = EventKind::ALL.iter().find(|it| it.as_str() == kind);
    let wanted = wanted.ok_or_else(|| {
        let meant = nearest(kind, EventKind::ALL.iter().map(|it| it.as_str()));
        ApiError::request(format!(
            "No move leads to an event of type '{kind}'{meant} \
             there are those of checkouts, invoices, subscriptions, refunds and disputes"
        ))
    })?;
    let before = api.world.events().len();
    lead_to(&mut api.world, *wanted)?;
    let events: Vec<_> = api.world.events()[before..]
        .iter()
        .map(|event| json!({ "id": event.id, "type": event.kind }))
        .collect();
    Ok(json!({ "events": events }))
}

fn lead_to(world: &mut Stripe, kind: EventKind) -> Result<(), StripeError> {
    use EventKind as K;
    let pack = world.price_of(false)?;
    let plan = world.price_of(true)?;
    let account = AccountId::new("8b1f5a50-6f0c-4c0e-9f4e-3a52d3b9c001");
    let customer = world.create_customer(&account);
    let buys =
        |world: &mut Stripe, method| world.checkout(&account, Some(&customer), &pack, method);
    let card = PaymentMethod::Card;
    match kind {
        K::CustomerCreated => {}
        K::CustomerUpdated => {
            if let Some(it) = world.customers.get(customer.as_str()).cloned() {
                world.mention(kind, Object::Customer(it));
            }
        }
        K::CustomerDeleted => {
            world.delete_customer(&customer)?;
        }
        K::CheckoutAsyncPaymentSucceeded | K::ChargePending | K::IntentProcessing => {
            let sale = buys(world, PaymentMethod::BankDebit)?;
            world.bank_debit_clears(&sale.fact)?;
        }
        K::CheckoutAsyncPaymentFailed | K::ChargeFailed | K::IntentPaymentFailed => {
            let sale = buys(world, PaymentMethod::BankDebit)?;
            world.bank_debit_fails(&sale.fact)?;
        }
        K::ChargeRefunded | K::ChargeRefundUpdated | K::RefundCreated | K::RefundUpdated => {
            let sale = buys(world, card)?;
            world.refund(&sale.fact, 1)?;
        }
        K::RefundFailed => {
            let sale = buys(world, card)?;
            world.refund(&sale.fact, 1)?;
            let refund = world.refunds.newest().next().map(|it| it.id.clone());
            world.refund_fails(&refund.unwrap_or_default())?;
        }
        K::DisputeCreated | K::DisputeFundsWithdrawn => {
            let sale = buys(world, card)?;
            world.dispute(&sale.fact)?;
        }
        K::DisputeUpdated | K::DisputeClosed | K::DisputeFundsReinstated => {
            let sale = buys(world, card)?;
            world.dispute(&sale.fact)?;
            world.submit_evidence(&sale.fact)?;
            world.close_dispute(&sale.fact, true)?;
        }
        K::InvoicePaymentFailed => {
            world.renew(&customer, &plan, BillingReason::SubscriptionCreate)?;
            world.renewal_fails(&customer, &plan)?;
        }
        K::SubscriptionUpdated | K::InvoiceUpdated => {
            world.renew(&customer, &plan, BillingReason::SubscriptionCycle)?;
        }
        K::SubscriptionDeleted => {
            world.subscribe(&account, &customer, &plan)?;
            let begun = world.subscriptions.newest().next().map(|it| it.id.clone());
            world.cancel(&begun.unwrap_or_default())?;
        }
        K::InvoiceCreated
        | K::InvoiceFinalized
        | K::InvoicePaid
        | K::InvoicePaymentSucceeded
        | K::InvoicePaymentPaid
        | K::SubscriptionCreated => {
            world.subscribe(&account, &customer, &plan)?;
        }
        K::InvoiceUpcoming | K::SubscriptionTrialWillEnd => {
            let trial = i64::from(kind == K::SubscriptionTrialWillEnd);
            let price = world.offer(&plan, OfferKind::Plan)?;
            let begun = world.new_subscription(&customer, price, 1, trial, Metadata::new())?;
            world.bring(Due::Announce(begun.id.clone()));
        }
        K::ClockCreated | K::ClockAdvancing | K::ClockReady | K::ClockDeleted => {
            let now = world.now();
            let clock = world.new_clock(now, None).id.clone();
            world.advance_clock(&clock, now + 60)?;
            world.clocks_arrive();
            world.delete_clock(&clock)?;
        }
        K::ProductCreated | K::PriceCreated => {
            let product = world.new_product("A product".to_owned(), None, Metadata::new());
            world.new_price(NewPrice {
                product: product.id.clone(),
                amount: Money::new(100, Currency::USD),
                recurring: None,
                metadata: Metadata::new(),
            })?;
        }
        K::CheckoutExpired => {
            let order = Order::new(Mode::Setup);
            let session = world.open_session(order)?;
            world.expire_session(&session.id.clone())?;
        }
        K::CheckoutCompleted
        | K::ChargeSucceeded
        | K::ChargeUpdated
        | K::IntentCreated
        | K::IntentSucceeded => {
            buys(world, card)?;
        }
    }
    Ok(())
}
