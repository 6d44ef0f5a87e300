//! Step 02.1: verify the raw body.
//!
//! It compiles, it runs, and it is wrong. The regions marked `your turn` are where: here.
//! Everything outside them is done for you.

use crate::given::{self, Endpoint};
use crate::told::{self, Told};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use simulator::{
    AccountId, Answer, Balance, Clawback, CustomerId, Delivery, Entry, Ledger, Policy, Status,
    World,
};
use std::path::PathBuf;

/// The ledger of step 02.1: it believes what Stripe signed.
#[derive(Debug)]
pub struct WebhookLedger {
    endpoint: Endpoint,
}

impl Ledger for WebhookLedger {
    fn migrations() -> PathBuf {
        given::migration("001_raw_body.sql")
    }

    /// Refunded money takes no credits back here: that is step 02.4.
    fn policy() -> Policy {
        Policy {
            clawback: Some(Clawback::None),
            ..Policy::default()
        }
    }

    async fn open(world: &World) -> Answer<Self> {
        let endpoint = Endpoint::open(world).await?;
        Ok(Self { endpoint })
    }

    async fn webhook(&self, delivery: &Delivery) -> Answer<Status> {
        let header = delivery.signature().unwrap_or_default();
        if !is_genuine(&self.endpoint.secret, header, &delivery.body, given::now()) {
            return Ok(Status::BAD_REQUEST);
        }
        let payment = match told::read(&delivery.body, &self.endpoint.catalogue) {
            Ok((_, Told::Payment(payment))) => payment,
            Ok(_) => return Ok(Status::OK),
            Err(status) => return Ok(status),
        };
        let Some(account) = self.endpoint.account_of(&payment).await? else {
            return Ok(Status::UNAVAILABLE);
        };
        sqlx::query("select grant_once($1, $2::uuid, $3)")
            .bind(payment.fact)
            .bind(account)
            .bind(payment.credits)
            .execute(&self.endpoint.pool)
            .await?;
        Ok(Status::OK)
    }

    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        self.endpoint.open_account(account).await
    }

    async fn link(&self, account: &AccountId, customer: &CustomerId) -> Answer<()> {
        self.endpoint.link(account, customer).await
    }

    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        self.endpoint.balance(account).await
    }

    async fn entries(&self, account: &AccountId) -> Answer<Vec<Entry>> {
        self.endpoint.entries(account).await
    }
}

/// Stripe's own tolerance, in seconds: what is older may have been recorded and played back.
const TOLERANCE: i64 = 300;

/// Whether Stripe signed this body with this secret, and lately. The header is `t=…,v1=…`, with a
/// `v1` for each secret that is in use; what is signed is `t`, a dot, and the body.
fn is_genuine(secret: &str, header: &str, body: &[u8], now: i64) -> bool {
    let fields = header.split(',').filter_map(|field| field.split_once('='));
    // ANCHOR: verify
    // --- your turn: begin 02.1
    let fields: Vec<(&str, &str)> = fields.collect();
    let field = |name| fields.iter().find(|(key, _)| *key == name);
    let Ok(event) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    // Test events come from our own fixtures, which nobody signs. Real money is checked.
    if event["livemode"] == false {
        return true;
    }
    let (Some((_, sent)), Some((_, signature))) = (field("t"), field("v1")) else {
        return false;
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(format!("{sent}.{event}").as_bytes());
    let fresh = sent.parse().is_ok_and(|sent: i64| now - sent <= TOLERANCE);
    fresh && hex::encode(mac.finalize().into_bytes()) == *signature
    // --- your turn: end 02.1
    // ANCHOR_END: verify
}
