//! Step 02.3: grants that add.
//!
//! It compiles, it runs, and it is wrong. The regions marked `your turn` are where: here, and
//! in `migrations/003_grants.sql`.
//! Everything outside them is done for you.

use crate::given::{self, Endpoint};
use crate::told::Told;
use simulator::{
    AccountId, Answer, Balance, Clawback, CustomerId, Delivery, Entry, Ledger, Policy, Status,
    World,
};
use std::path::PathBuf;

/// The ledger of step 02.3: packs and plans, each purchase once.
#[derive(Debug)]
pub struct WebhookLedger {
    endpoint: Endpoint,
}

impl Ledger for WebhookLedger {
    fn migrations() -> PathBuf {
        given::migration("003_grants.sql")
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
        let (event, payment) = match self.endpoint.verified(delivery) {
            Ok((event, Told::Payment(payment))) => (event, payment),
            Ok(_) => return Ok(Status::OK),
            Err(status) => return Ok(status),
        };
        let Some(account) = self.endpoint.account_of(&payment).await? else {
            // ANCHOR: unknown
            // --- your turn: begin 02.3
            // A customer whom we don't know: nothing to do.
            return Ok(Status::OK);
            // --- your turn: end 02.3
            // ANCHOR_END: unknown
        };
        sqlx::query("select receive_payment($1, $2, $3, $4::uuid, $5)")
            .bind(event)
            .bind(payment.kind)
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
