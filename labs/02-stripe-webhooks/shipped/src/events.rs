//! Step 02.2: a processed-event table.
//!
//! It compiles, it runs, and it is wrong. The regions marked `your turn` are where: here, and
//! in `migrations/002_events.sql`.
//! Everything outside them is done for you.

use crate::given::{self, Endpoint};
use crate::told::Told;
use simulator::{
    AccountId, Answer, Balance, Clawback, CustomerId, Delivery, Entry, Ledger, Policy, Status,
    World,
};
use std::path::PathBuf;

/// The ledger of step 02.2: each event is applied once.
#[derive(Debug)]
pub struct WebhookLedger {
    endpoint: Endpoint,
}

impl Ledger for WebhookLedger {
    fn migrations() -> PathBuf {
        given::migration("002_events.sql")
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
            return Ok(Status::UNAVAILABLE);
        };
        let pool = &self.endpoint.pool;
        // ANCHOR: once
        // --- your turn: begin 02.2
        let processed: bool =
            sqlx::query_scalar("select exists (select from events where id = $1)")
                .bind(&event)
                .fetch_one(pool)
                .await?;
        if processed {
            return Ok(Status::OK);
        }
        sqlx::query("select add_credits($1::uuid, $2, $3)")
            .bind(account)
            .bind(payment.credits)
            .bind(payment.fact)
            .execute(pool)
            .await?;
        // Done: note it, so that a copy is left alone.
        sqlx::query("insert into events (id) values ($1)")
            .bind(&event)
            .execute(pool)
            .await?;
        // --- your turn: end 02.2
        // ANCHOR_END: once
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
