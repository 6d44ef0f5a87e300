//! The ledger over HTTP: Stripe's webhook, the operations as JSON, and what an operator asks.
//!
//! ```text
//! POST /webhooks/stripe                     signed by Stripe
//! POST /accounts                            {"account"}
//! POST /accounts/{account}/link             {"customer"}
//! GET  /accounts/{account}                  {"credits": {"spendable", "held", "owed"}}
//! GET  /accounts/{account}/entries
//! POST /jobs                                {"account", "job", "amount"}   201, 402, 409
//! POST /jobs/{job}/charge                   {"cost"}                       200, 404, 409, 410
//! POST /jobs/{job}/refund                                                  200, 404, 409
//! POST /sweep                               {"older_than_seconds"}         {"jobs"}
//! POST /grants                              {"account", "fact", "amount"}  200, 409
//! GET  /healthz  /readyz  /metrics
//! ```
//!
//! Everything but the webhook and the last line asks for `Authorization: Bearer <token>`. Nothing is
//! kept in memory between two requests but counters, so any number of instances may run.

mod alerts;
mod draining;
mod metrics;
mod operations;

use crate::{Mode, Reference};
use alerts::Alerts;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
pub use draining::Draining;
use metrics::Metrics;
use sha2::{Digest, Sha256};
use simulator::{Answer, Delivery, Ledger, World};
use std::sync::Arc;

/// Stripe's events have some kilobytes; whoever sends more isn't Stripe.
const LARGEST_BODY: usize = 256 * 1024;

/// What an instance is told before it starts.
pub struct Settings {
    /// Where the database is, how Stripe signs, what is sold.
    pub world: World,
    /// Whose events the webhook believes.
    pub mode: Mode,
    /// What our own servers say to be let in.
    pub token: String,
    /// Balances below which somebody is to be told.
    pub low_balances: Vec<i64>,
    /// Whether it is on its way out.
    pub draining: Draining,
}

/// One instance's state: a pool, and counters.
struct Shared {
    ledger: Reference,
    token: [u8; 32],
    alerts: Alerts,
    metrics: Metrics,
    draining: Draining,
}

/// The service of one instance.
///
/// # Errors
/// The database can't be reached, or isn't migrated.
pub async fn service(settings: Settings) -> Answer<Router> {
    let shared = Arc::new(Shared {
        ledger: Reference::open(&settings.world)
            .await?
            .in_mode(settings.mode),
        token: Sha256::digest(settings.token.as_bytes()).into(),
        alerts: Alerts::new(settings.low_balances),
        metrics: Metrics::default(),
        draining: settings.draining,
    });
    let ours =
        operations::routes().layer(middleware::from_fn_with_state(Arc::clone(&shared), let_in));
    Ok(ours
        .route("/webhooks/stripe", post(webhook))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(shared))
}

/// Lets our own servers in. Digests are compared, so that how long it takes says nothing.
async fn let_in(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let said = request.headers().get(header::AUTHORIZATION);
    let said = said.and_then(|value| value.to_str().ok());
    let token = said.and_then(|value| value.strip_prefix("Bearer "));
    let digest = token.map(|token| <[u8; 32]>::from(Sha256::digest(token.as_bytes())));
    if digest == Some(shared.token) {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

/// The raw bytes go to the ledger: a parsed copy couldn't be verified.
async fn webhook(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let headers = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned().into(), value.into())
    });
    let delivery = Delivery {
        headers: headers.collect(),
        body,
    };
    let answer = shared.ledger.webhook(&delivery).await;
    let status = match &answer {
        Ok(status) => status.code(),
        // Stripe tries again.
        Err(_) => 500,
    };
    shared.metrics.webhook(status);
    StatusCode::from_u16(status)
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        .into_response()
}

/// Whether to send it anything: the database answers, and it isn't on its way out.
async fn ready(State(shared): State<Arc<Shared>>) -> StatusCode {
    if shared.draining.has_begun() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match shared.ledger.open_holds().await {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> String {
    shared.metrics.text()
}
