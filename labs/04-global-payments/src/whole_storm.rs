//! Step 04.4: the whole storm.
//!
//! It compiles, it runs, and it is wrong. The region marked `your turn` is in
//! `migrations/004_whole_storm.sql`: a change there needs no compile. There is nothing to write here.

use crate::given::{self, Endpoint};
use crate::told::Told;
use simulator::{
    AccountId, Answer, Balance, Charge, Clawback, Credits, CustomerId, Delivery, Entry, JobId,
    LateSuccess, Ledger, Policy, Refund, Reserve, Status, World,
};
use std::path::PathBuf;
use std::time::Duration;

/// The ledger of step 04.4: all of it, in all weather.
#[derive(Debug)]
pub struct GlobalLedger {
    endpoint: Endpoint,
}

impl Ledger for GlobalLedger {
    fn migrations() -> PathBuf {
        given::migration("004_whole_storm.sql")
    }

    fn policy() -> Policy {
        Policy {
            clawback: Some(Clawback::Owed),
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
        let pool = &self.endpoint.pool;
        match self.endpoint.verified(delivery) {
            Ok((event, Told::Payment(payment))) => {
                let Some(account) = self.endpoint.account_of(&payment).await? else {
                    return Ok(Status::UNAVAILABLE);
                };
                sqlx::query("select receive_payment($1, $2, $3, $4::uuid, $5, $6)")
                    .bind(event)
                    .bind(payment.kind)
                    .bind(payment.fact)
                    .bind(account)
                    .bind(payment.credits)
                    .bind(payment.intent)
                    .execute(pool)
                    .await?;
            }
            Ok((event, Told::Refund(refund))) => {
                sqlx::query("select receive_refund($1, $2, $3, $4)")
                    .bind(event)
                    .bind(refund.intent)
                    .bind(refund.paid)
                    .bind(refund.refunded)
                    .execute(pool)
                    .await?;
            }
            Ok((_, Told::Later(_) | Told::Nothing)) => {}
            Err(status) => return Ok(status),
        }
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

    async fn sweep(&self, older_than: Duration) -> Answer<Vec<JobId>> {
        let jobs: Vec<String> =
            sqlx::query_scalar("select sweep_holds(make_interval(secs => $1))::text")
                .bind(older_than.as_secs_f64())
                .fetch_all(&self.endpoint.pool)
                .await?;
        Ok(jobs.into_iter().map(JobId::new).collect())
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
