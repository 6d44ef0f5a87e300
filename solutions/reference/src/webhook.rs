//! What the endpoint answers to a delivery.
//!
//! Stripe retries whatever isn't a 2xx. So 200 is said only after the commit, and only for what
//! is done or needs nothing done; everything else must come again.

use crate::event::{Dispute, Event, Payment, Refund, Told};
use crate::refusal::refusal;
use crate::signature;
use simulator::{AccountId, Answer, CustomerId, Delivery, LedgerError, Status};
use sqlx::PgPool;
use std::time::{SystemTime, UNIX_EPOCH};

/// Which of Stripe's two modes an endpoint belongs to. Each has accounts, prices and secrets of its
/// own, and what is told in one is nothing to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nobody pays.
    #[default]
    Test,
    /// Real money.
    Live,
}

/// Verifies a delivery and applies its event, once.
pub(crate) async fn receive(
    pool: &PgPool,
    secret: &str,
    mode: Mode,
    delivery: &Delivery,
) -> Answer<Status> {
    let header = delivery.signature().unwrap_or_default();
    if signature::verify(secret, header, &delivery.body, unix_now()).is_err() {
        return Ok(Status::BAD_REQUEST);
    }
    let Ok(event) = Event::parse(&delivery.body) else {
        return Ok(Status::BAD_REQUEST);
    };
    // What the other mode reports was meant for another ledger.
    if event.livemode != (mode == Mode::Live) {
        return Ok(Status::BAD_REQUEST);
    }
    match &event.told {
        Told::Payment(payment) => receive_payment(pool, &event.id, payment).await,
        Told::Refund(refund) => receive_refund(pool, &event.id, refund).await,
        Told::Dispute(dispute) => receive_dispute(pool, &event.id, dispute).await,
        Told::Nothing => Ok(Status::OK),
    }
}

async fn receive_payment(pool: &PgPool, event: &str, payment: &Payment) -> Answer<Status> {
    let prices: Vec<&str> = payment.items.iter().map(|item| &*item.price).collect();
    let quantities: Vec<i64> = payment.items.iter().map(|item| item.quantity).collect();
    let answer: String =
        sqlx::query_scalar("select ledger.receive_payment($1, $2, $3::uuid, $4, $5, $6, $7, $8)")
            .bind(event)
            .bind(payment.fact.as_str())
            .bind(payment.account.as_ref().map(AccountId::as_str))
            .bind(payment.customer.as_ref().map(CustomerId::as_str))
            .bind(&payment.intent)
            .bind(payment.paid)
            .bind(prices)
            .bind(quantities)
            .fetch_one(pool)
            .await
            .map_err(refusal)?;
    match &*answer {
        "granted" | "parked" | "seen" => Ok(Status::OK),
        // Somebody paid for what our catalogue doesn't have: the shop was changed before this
        // deployment was. A 200 would lose it; told again after the deployment, it is granted.
        "unknown price" => Ok(Status::UNAVAILABLE),
        other => Err(LedgerError::failed(format!("the database said `{other}`"))),
    }
}

async fn receive_refund(pool: &PgPool, event: &str, refund: &Refund) -> Answer<Status> {
    sqlx::query("select ledger.receive_refund($1, $2, $3, $4)")
        .bind(event)
        .bind(&refund.intent)
        .bind(refund.paid)
        .bind(refund.refunded)
        .execute(pool)
        .await
        .map_err(refusal)?;
    Ok(Status::OK)
}

async fn receive_dispute(pool: &PgPool, event: &str, dispute: &Dispute) -> Answer<Status> {
    sqlx::query("select ledger.receive_dispute($1, $2, $3, $4, $5)")
        .bind(event)
        .bind(&dispute.id)
        .bind(&dispute.intent)
        .bind(dispute.amount)
        .bind(dispute.given_back)
        .execute(pool)
        .await
        .map_err(refusal)?;
    Ok(Status::OK)
}

/// The one place where this ledger reads a clock of its own; the database stamps everything else.
#[allow(clippy::disallowed_methods)]
fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
