//! The operations as JSON. What the ledger answers is in `answer`, and in the status.

use super::Shared;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use simulator::{
    AccountId, Charge, Credits, CustomerId, FactId, Grant, JobId, Ledger, LedgerError, Refund,
    Reserve,
};
use std::sync::Arc;
use std::time::Duration;

type Ledgers = State<Arc<Shared>>;

pub(super) fn routes() -> Router<Arc<Shared>> {
    // ANCHOR: routes
    Router::new()
        .route("/accounts", post(open))
        .route("/accounts/{account}", get(balance))
        .route("/accounts/{account}/link", post(link))
        .route("/accounts/{account}/entries", get(entries))
        .route("/jobs", post(reserve))
        .route("/jobs/{job}/charge", post(charge))
        .route("/jobs/{job}/refund", post(refund))
        .route("/sweep", post(sweep))
        .route("/grants", post(grant))
    // ANCHOR_END: routes
}

fn answer(status: StatusCode, answer: &str) -> Response {
    (status, Json(json!({ "answer": answer }))).into_response()
}

/// The thresholds that somebody is told of now.
async fn below(shared: &Shared, account: &AccountId) -> Vec<i64> {
    let low = shared.alerts.after(&shared.ledger, account).await;
    shared.metrics.alerts(low.len());
    low
}

/// No answer of the operation's own: a definite no, or nobody knows.
fn error(error: &LedgerError) -> Response {
    let status = match error {
        LedgerError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        LedgerError::Again(_) => StatusCode::SERVICE_UNAVAILABLE,
        LedgerError::NotOffered => StatusCode::NOT_FOUND,
        LedgerError::Failed(_) | LedgerError::Mistaken(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(json!({ "error": error.to_string() }))).into_response()
}

#[derive(Deserialize)]
struct Open {
    account: AccountId,
}

async fn open(State(shared): Ledgers, Json(asked): Json<Open>) -> Response {
    match shared.ledger.open_account(&asked.account).await {
        Ok(()) => answer(StatusCode::OK, "done"),
        Err(why) => error(&why),
    }
}

#[derive(Deserialize)]
struct Link {
    customer: CustomerId,
}

async fn link(
    State(shared): Ledgers,
    Path(account): Path<AccountId>,
    Json(asked): Json<Link>,
) -> Response {
    match shared.ledger.link(&account, &asked.customer).await {
        Ok(()) => answer(StatusCode::OK, "done"),
        Err(why) => error(&why),
    }
}

async fn balance(State(shared): Ledgers, Path(account): Path<AccountId>) -> Response {
    match shared.ledger.balance(&account).await {
        Ok(credits) => Json(json!({ "credits": credits })).into_response(),
        Err(why) => error(&why),
    }
}

async fn entries(State(shared): Ledgers, Path(account): Path<AccountId>) -> Response {
    match shared.ledger.entries(&account).await {
        Ok(entries) => Json(json!({ "entries": entries })).into_response(),
        Err(why) => error(&why),
    }
}

#[derive(Deserialize)]
struct Job {
    account: AccountId,
    job: JobId,
    amount: i64,
}

async fn reserve(State(shared): Ledgers, Json(asked): Json<Job>) -> Response {
    let amount = Credits::new(asked.amount);
    let reserved = shared
        .ledger
        .reserve(&asked.account, &asked.job, amount)
        .await;
    match reserved {
        Ok(Reserve::Reserved) => {
            let low = below(&shared, &asked.account).await;
            let said = json!({ "answer": "reserved", "below": low });
            (StatusCode::CREATED, Json(said)).into_response()
        }
        Ok(Reserve::Insufficient) => answer(StatusCode::PAYMENT_REQUIRED, "insufficient"),
        Ok(Reserve::Conflict) => answer(StatusCode::CONFLICT, "conflict"),
        Ok(Reserve::Settled) => answer(StatusCode::CONFLICT, "settled"),
        Err(why) => error(&why),
    }
}

#[derive(Deserialize)]
struct Cost {
    cost: i64,
}

async fn charge(
    State(shared): Ledgers,
    Path(job): Path<JobId>,
    Json(asked): Json<Cost>,
) -> Response {
    match shared.ledger.charge(&job, Credits::new(asked.cost)).await {
        Ok(Charge::Charged) => answer(StatusCode::OK, "charged"),
        Ok(Charge::Unknown) => answer(StatusCode::NOT_FOUND, "unknown"),
        Ok(Charge::Conflict) => answer(StatusCode::CONFLICT, "conflict"),
        Ok(Charge::Refunded) => answer(StatusCode::GONE, "refunded"),
        Err(why) => error(&why),
    }
}

async fn refund(State(shared): Ledgers, Path(job): Path<JobId>) -> Response {
    match shared.ledger.refund(&job).await {
        Ok(Refund::Refunded) => answer(StatusCode::OK, "refunded"),
        Ok(Refund::Unknown) => answer(StatusCode::NOT_FOUND, "unknown"),
        Ok(Refund::Charged) => answer(StatusCode::CONFLICT, "charged"),
        Err(why) => error(&why),
    }
}

#[derive(Deserialize)]
struct Sweep {
    older_than_seconds: u64,
}

async fn sweep(State(shared): Ledgers, Json(asked): Json<Sweep>) -> Response {
    let inspected = shared.ledger.open_holds().await.unwrap_or(0);
    let age = Duration::from_secs(asked.older_than_seconds);
    let swept = shared.ledger.sweep(age).await;
    let refunded = swept.as_ref().ok().map(Vec::len);
    shared.metrics.sweep(inspected, refunded);
    match swept {
        Ok(jobs) => Json(json!({ "jobs": jobs })).into_response(),
        Err(why) => error(&why),
    }
}

#[derive(Deserialize)]
struct Paid {
    account: AccountId,
    fact: FactId,
    amount: i64,
}

async fn grant(State(shared): Ledgers, Json(asked): Json<Paid>) -> Response {
    let amount = Credits::new(asked.amount);
    let granted = shared
        .ledger
        .grant(&asked.account, &asked.fact, amount)
        .await;
    match granted {
        Ok(Grant::Granted) => {
            let low = below(&shared, &asked.account).await;
            Json(json!({ "answer": "granted", "below": low })).into_response()
        }
        Ok(Grant::Conflict) => answer(StatusCode::CONFLICT, "conflict"),
        Err(why) => error(&why),
    }
}
