//! Step 03.1: payment state is not work state.
//!
//! It compiles, it runs, and it is wrong. The regions marked `your turn` are where: here, and
//! in `migrations/001_one_hold.sql`.
//! Everything outside them is done for you.

use crate::given;
use simulator::{
    AccountId, Answer, Balance, Charge, Credits, Entry, FactId, Grant, JobId, LateSuccess, Ledger,
    LedgerError, Policy, Refund, Reserve, World,
};
use sqlx::PgPool;
use std::path::PathBuf;

/// The ledger of step 03.1: a job is worked at, and paid for.
#[derive(Debug)]
pub struct JobLedger {
    pool: PgPool,
}

impl Ledger for JobLedger {
    fn migrations() -> PathBuf {
        given::migration("001_one_hold.sql")
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

    /// The job is about to run, for the first time or again.
    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        if amount.get() < 1 {
            return Err(LedgerError::refused("a reserve is at least 1 credit"));
        }
        let mut tx = self.pool.begin().await?;
        // ANCHOR: reserve
        // --- your turn: begin 03.1
        let prior: Option<(String, i64)> =
            sqlx::query_as("select account::text, amount from jobs where job = $1::uuid")
                .bind(job.as_str())
                .fetch_optional(&mut *tx)
                .await?;
        if let Some((owner, held)) = prior {
            if owner != account.as_str() || held != amount.get() {
                return Ok(Reserve::Conflict);
            }
            // A worker that crashed is replaced, and the job is taken up again.
            sqlx::query("update jobs set status = 'running' where job = $1::uuid")
                .bind(job.as_str())
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            return Ok(Reserve::Reserved);
        }
        // --- your turn: end 03.1
        // ANCHOR_END: reserve
        let taken = sqlx::query(
            "update accounts set spendable = spendable - $2
             where id = $1::uuid and spendable >= $2",
        )
        .bind(account.as_str())
        .bind(amount.get())
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if taken == 0 {
            return Ok(Reserve::Insufficient);
        }
        sqlx::query("insert into jobs (job, account, amount) values ($1::uuid, $2::uuid, $3)")
            .bind(job.as_str())
            .bind(account.as_str())
            .bind(amount.get())
            .execute(&mut *tx)
            .await?;
        given::row(
            &mut tx,
            account.as_str(),
            "reserve",
            -amount.get(),
            job.as_str(),
        )
        .await?;
        tx.commit().await?;
        Ok(Reserve::Reserved)
    }

    /// The job succeeded: `cost` of what it holds is spent, the rest comes back.
    async fn charge(&self, job: &JobId, cost: Credits) -> Answer<Charge> {
        let mut tx = self.pool.begin().await?;
        // ANCHOR: charge
        // --- your turn: begin 03.1
        let was = "select case status when 'failed' then 'refunded' else 'charged' end, cost
                   from jobs where job = $1::uuid";
        let ended: Option<(String, i64)> = sqlx::query_as(
            "update jobs set status = 'succeeded', cost = $2
             where job = $1::uuid and status = 'running' and amount >= $2
             returning account::text, amount",
        )
        // --- your turn: end 03.1
        // ANCHOR_END: charge
        .bind(job.as_str())
        .bind(cost.get())
        .fetch_optional(&mut *tx)
        .await?;
        if let Some((account, amount)) = ended {
            let rest = amount - cost.get();
            given::release(&mut tx, &account, "charge", rest, job.as_str()).await?;
            tx.commit().await?;
            return Ok(Charge::Charged);
        }
        let prior: Option<(String, Option<i64>)> = sqlx::query_as(was)
            .bind(job.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        Ok(match prior {
            None => Charge::Unknown,
            Some((how, _)) if how == "refunded" => Charge::Refunded,
            Some((_, charged)) if charged == Some(cost.get()) => Charge::Charged,
            Some(_) => Charge::Conflict,
        })
    }

    /// The job failed: all that it holds comes back.
    async fn refund(&self, job: &JobId) -> Answer<Refund> {
        let mut tx = self.pool.begin().await?;
        // ANCHOR: refund
        // --- your turn: begin 03.1
        let was = "select case status when 'failed' then 'refunded' else 'charged' end
                   from jobs where job = $1::uuid";
        let ended: Option<(String, i64)> = sqlx::query_as(
            "update jobs set status = 'failed' where job = $1::uuid and status = 'running'
             returning account::text, amount",
        )
        // --- your turn: end 03.1
        // ANCHOR_END: refund
        .bind(job.as_str())
        .fetch_optional(&mut *tx)
        .await?;
        if let Some((account, amount)) = ended {
            given::release(&mut tx, &account, "refund", amount, job.as_str()).await?;
            tx.commit().await?;
            return Ok(Refund::Refunded);
        }
        let prior: Option<String> = sqlx::query_scalar(was)
            .bind(job.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        Ok(match prior.as_deref() {
            None => Refund::Unknown,
            Some("charged") => Refund::Charged,
            Some(_) => Refund::Refunded,
        })
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
