//! Step 02.4: refunds, disputes, clawbacks.
//!
//! It compiles, it runs, and it is wrong. The regions marked `your turn` are where: here, and
//! in `migrations/004_clawbacks.sql`.
//! Everything outside them is done for you.

use crate::given::{self, Endpoint};
use crate::told::{Dispute, Payment, Refund, Told};
use simulator::{
    AccountId, Answer, Balance, Clawback, CustomerId, Delivery, Entry, Ledger, Policy, Status,
    World,
};
use std::path::PathBuf;

/// The ledger of step 02.4: money that goes back takes its credits with it.
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
            Ok((event, Told::Dispute(dispute))) => self.dispute(&event, &dispute).await,
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
        sqlx::query("select receive_payment($1, $2, $3, $4::uuid, $5, $6, $7)")
            .bind(event)
            .bind(&payment.kind)
            .bind(&payment.fact)
            .bind(account)
            .bind(payment.credits)
            .bind(&payment.intent)
            .bind(payment.paid)
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

    async fn dispute(&self, event: &str, dispute: &Dispute) -> Answer<Status> {
        let Some(money) = moved(&dispute.kind) else {
            return Ok(Status::OK);
        };
        sqlx::query("select receive_dispute($1, $2, $3, $4, $5)")
            .bind(event)
            .bind(&dispute.id)
            .bind(&dispute.intent)
            .bind(dispute.amount)
            .bind(money == Money::GivenBack)
            .execute(&self.endpoint.pool)
            .await?;
        Ok(Status::OK)
    }
}

/// Where a bank moves the money of a dispute.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Money {
    /// Away from us.
    Taken,
    /// To us: the dispute was won.
    GivenBack,
}

/// What happened to the money, by the type of a dispute's event; `None` if it is where it was.
fn moved(kind: &str) -> Option<Money> {
    match kind {
        // ANCHOR: disputes
        // --- your turn: begin 02.4
        // The customer went to the bank: the money is gone.
        "charge.dispute.created" => Some(Money::Taken),
        // --- your turn: end 02.4
        // ANCHOR_END: disputes
        _ => None,
    }
}
