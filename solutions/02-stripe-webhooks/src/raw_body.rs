//! Step 02.1: verify the raw body.
//!
//! The lab's file, cured. The regions marked `your turn` are what the learner writes: here.

use crate::given::{self, Endpoint};
use crate::told::{self, Told};
use hmac::{Hmac, KeyInit, Mac};
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
    let (mut sent, mut signatures) = ("", Vec::new());
    for (name, value) in fields {
        match name {
            "t" => sent = value,
            // While a secret is being rolled there is one for each.
            "v1" => signatures.push(value),
            // No other scheme counts: its sender would choose how it is checked.
            _ => {}
        }
    }
    // The bytes that came, in whatever mode: a body that is parsed and printed again is another.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(sent.as_bytes());
    mac.update(b".");
    mac.update(body);
    // In constant time: how long it takes says nothing about how much was right.
    let genuine = signatures.iter().any(|signature| {
        hex::decode(signature).is_ok_and(|bytes| mac.clone().verify_slice(&bytes).is_ok())
    });
    // An age means something only if the time in it is genuine.
    genuine && sent.parse().is_ok_and(|sent: i64| now - sent <= TOLERANCE)
    // --- your turn: end 02.1
    // ANCHOR_END: verify
}
