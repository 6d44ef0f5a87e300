//! Step 03.2: out-of-order guards.
//!
//! It compiles, it runs, and it is wrong. The regions marked `your turn` are where: here.
//! Everything outside them is done for you.

use crate::given;
use simulator::{
    AccountId, Answer, Balance, Charge, Credits, Entry, FactId, Grant, JobId, LateSuccess, Ledger,
    Policy, Refund, Reserve, World,
};
use sqlx::PgPool;
use std::path::PathBuf;

/// The ledger of step 03.2: success, failure, cancel and time-out race.
#[derive(Debug)]
pub struct JobLedger {
    pool: PgPool,
}

impl Ledger for JobLedger {
    fn migrations() -> PathBuf {
        given::migration("002_out_of_order.sql")
    }

    /// A success that comes after the refund is too late: the refund was a promise.
    fn policy() -> Policy {
        Policy {
            late_success: Some(LateSuccess::Reject),
            partial_charge: Some(true),
            ..Policy::default()
        }
    }

    async fn open(world: &World) -> Answer<Self> {
        let pool = given::connect(world).await?;
        Ok(Self { pool })
    }

    /// The job succeeded: `cost` of what it holds is spent, the rest comes back.
    async fn charge(&self, job: &JobId, cost: Credits) -> Answer<Charge> {
        let mut tx = self.pool.begin().await?;
        // ANCHOR: charge
        // --- your turn: begin 03.2
        // What happened before?
        let hold: Option<(String, i64, String, Option<i64>)> = sqlx::query_as(
            "select account::text, amount, status, cost from holds where job = $1::uuid",
        )
        .bind(job.as_str())
        .fetch_optional(&mut *tx)
        .await?;
        let (account, rest) = match hold {
            None => return Ok(Charge::Unknown),
            Some((_, _, status, _)) if status == "refunded" => return Ok(Charge::Refunded),
            Some((_, _, _, Some(charged))) if charged == cost.get() => return Ok(Charge::Charged),
            Some((account, amount, _, None)) if cost.get() <= amount => {
                (account, amount - cost.get())
            }
            Some(_) => return Ok(Charge::Conflict),
        };
        sqlx::query("update holds set status = 'charged', cost = $2 where job = $1::uuid")
            .bind(job.as_str())
            .bind(cost.get())
            .execute(&mut *tx)
            .await?;
        // --- your turn: end 03.2
        // ANCHOR_END: charge
        given::release(&mut tx, &account, "charge", rest, job.as_str()).await?;
        tx.commit().await?;
        Ok(Charge::Charged)
    }

    /// The job failed, timed out, or was cancelled: all that it holds comes back.
    async fn refund(&self, job: &JobId) -> Answer<Refund> {
        let mut tx = self.pool.begin().await?;
        // ANCHOR: refund
        // --- your turn: begin 03.2
        let hold: Option<(String, i64, String)> =
            sqlx::query_as("select account::text, amount, status from holds where job = $1::uuid")
                .bind(job.as_str())
                .fetch_optional(&mut *tx)
                .await?;
        let (account, amount) = match hold {
            None => return Ok(Refund::Unknown),
            Some((_, _, status)) if status == "charged" => return Ok(Refund::Charged),
            Some((_, _, status)) if status == "refunded" => return Ok(Refund::Refunded),
            Some((account, amount, _)) => (account, amount),
        };
        sqlx::query("update holds set status = 'refunded' where job = $1::uuid")
            .bind(job.as_str())
            .execute(&mut *tx)
            .await?;
        // --- your turn: end 03.2
        // ANCHOR_END: refund
        given::release(&mut tx, &account, "refund", amount, job.as_str()).await?;
        tx.commit().await?;
        Ok(Refund::Refunded)
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
