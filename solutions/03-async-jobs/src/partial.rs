//! Step 03.4: partial output, timeouts, cancel.
//!
//! The lab's file. What the learner writes is in `migrations/004_partial.sql`.

use crate::given;
use simulator::{
    AccountId, Answer, Balance, Charge, Credits, Entry, FactId, Grant, JobId, LateSuccess, Ledger,
    Policy, Refund, Reserve, World,
};
use sqlx::PgPool;
use std::path::PathBuf;

/// The ledger of step 03.4: work that is delivered in part, or too late.
#[derive(Debug)]
pub struct JobLedger {
    pool: PgPool,
}

impl Ledger for JobLedger {
    fn migrations() -> PathBuf {
        given::migration("004_partial.sql")
    }

    /// A success that comes after the refund is paid again, if the balance still covers it.
    fn policy() -> Policy {
        Policy {
            late_success: Some(LateSuccess::Recollect),
            partial_charge: Some(true),
            ..Policy::default()
        }
    }

    async fn open(world: &World) -> Answer<Self> {
        let pool = given::connect(world).await?;
        Ok(Self { pool })
    }

    async fn charge(&self, job: &JobId, cost: Credits) -> Answer<Charge> {
        let answer: String = sqlx::query_scalar("select charge_job($1::uuid, $2)")
            .bind(job.as_str())
            .bind(cost.get())
            .fetch_one(&self.pool)
            .await?;
        Ok(match &*answer {
            "charged" => Charge::Charged,
            "refunded" => Charge::Refunded,
            "unknown" => Charge::Unknown,
            _ => Charge::Conflict,
        })
    }

    async fn refund(&self, job: &JobId) -> Answer<Refund> {
        let answer: String = sqlx::query_scalar("select refund_job($1::uuid)")
            .bind(job.as_str())
            .fetch_one(&self.pool)
            .await?;
        Ok(match &*answer {
            "charged" => Refund::Charged,
            "refunded" => Refund::Refunded,
            _ => Refund::Unknown,
        })
    }

    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        given::reserve(&self.pool, account, job, amount).await
    }

    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        given::open_account(&self.pool, account).await
    }

    async fn grant(&self, account: &AccountId, fact: &FactId, amount: Credits) -> Answer<Grant> {
        given::grant(&self.pool, account, fact, amount).await
    }

    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        given::balance(&self.pool, account).await
    }

    async fn entries(&self, account: &AccountId) -> Answer<Vec<Entry>> {
        given::entries(&self.pool, account).await
    }
}
