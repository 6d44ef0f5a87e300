//! Step 02.4: refunds and clawbacks.
//!
//! It compiles, it runs, and it is wrong. The region marked `your turn` is in
//! `migrations/004_clawbacks.sql`: a change there needs no compile. There is nothing to write here.

use crate::given::{self, Endpoint};
use crate::told::{Payment, Refund, Told};
use simulator::{
    AccountId, Answer, Balance, Clawback, CustomerId, Delivery, Entry, Ledger, Policy, Status,
    World,
};
use std::path::PathBuf;

/// The ledger of step 02.4: refunded money takes its credits back.
#[derive(Debug)]
pub struct WebhookLedger {
    endpoint: Endpoint,
}

impl Ledger for WebhookLedger {
    fn migrations() -> PathBuf {
        given::migration("004_clawbacks.sql")
    }

    /// What was spent already is owed, and paid by whatever comes in.
    fn policy() -> Policy {
        Policy {
            clawback: Some(Clawback::Owed),
            ..Policy::default()
        }
    }

    async fn open(world: &World) -> Answer<Self> {
        let endpoint = Endpoint::open(world).await?;
        Ok(Self { endpoint })
    }

    async fn webhook(&self, delivery: &Delivery) -> Answer<Status> {
        match self.endpoint.verified(delivery) {
            Ok((event, Told::Payment(payment))) => self.payment(&event, &payment).await,
            Ok((event, Told::Refund(refund))) => self.refund(&event, &refund).await,
            Ok((_, Told::Nothing)) => Ok(Status::OK),
            Err(status) => Ok(status),
        }
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

impl WebhookLedger {
    async fn payment(&self, event: &str, payment: &Payment) -> Answer<Status> {
        let Some(account) = self.endpoint.account_of(payment).await? else {
            return Ok(Status::UNAVAILABLE);
        };
        sqlx::query("select receive_payment($1, $2, $3, $4::uuid, $5, $6)")
            .bind(event)
            .bind(&payment.kind)
            .bind(&payment.fact)
            .bind(account)
            .bind(payment.credits)
            .bind(&payment.intent)
            .execute(&self.endpoint.pool)
            .await?;
        Ok(Status::OK)
    }

    async fn refund(&self, event: &str, refund: &Refund) -> Answer<Status> {
        sqlx::query("select receive_refund($1, $2, $3, $4)")
            .bind(event)
            .bind(&refund.intent)
            .bind(refund.paid)
            .bind(refund.refunded)
            .execute(&self.endpoint.pool)
            .await?;
        Ok(Status::OK)
    }
}
