//! Step 04.3: packs, subscriptions and usage on one ledger.
//!
//! The lab's file. What the learner writes is in `migrations/003_one_ledger.sql`.

use crate::given::{self, Endpoint};
use crate::told::Told;
use simulator::{
    AccountId, Answer, Balance, Charge, Clawback, Credits, CustomerId, Delivery, Entry, JobId,
    LateSuccess, Ledger, Policy, Refund, Reserve, Status, World,
};
use std::path::PathBuf;

/// The ledger of step 04.3: whatever is sold, it is one balance.
#[derive(Debug)]
pub struct GlobalLedger {
    endpoint: Endpoint,
}

impl Ledger for GlobalLedger {
    fn migrations() -> PathBuf {
        given::migration("003_one_ledger.sql")
    }

    fn policy() -> Policy {
        Policy {
            clawback: Some(Clawback::None),
            late_success: Some(LateSuccess::Reject),
            partial_charge: Some(true),
            ..Policy::default()
        }
    }

    async fn open(world: &World) -> Answer<Self> {
        let endpoint = Endpoint::open(world).await?;
        Ok(Self { endpoint })
    }

    async fn webhook(&self, delivery: &Delivery) -> Answer<Status> {
        let payment = match self.endpoint.verified(delivery) {
            Ok((_, Told::Payment(payment))) => payment,
            Ok(_) => return Ok(Status::OK),
            Err(status) => return Ok(status),
        };
        let Some(account) = self.endpoint.account_of(&payment).await? else {
            return Ok(Status::UNAVAILABLE);
        };
        sqlx::query("select receive_payment($1, $2::uuid, $3, $4)")
            .bind(payment.fact)
            .bind(account)
            .bind(payment.kind)
            .bind(payment.credits)
            .execute(&self.endpoint.pool)
            .await?;
        Ok(Status::OK)
    }

    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        self.endpoint.reserve(account, job, amount).await
    }

    async fn charge(&self, job: &JobId, cost: Credits) -> Answer<Charge> {
        self.endpoint.charge(job, cost).await
    }

    async fn refund(&self, job: &JobId) -> Answer<Refund> {
        self.endpoint.refund(job).await
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
