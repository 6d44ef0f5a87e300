//! Step 01.3: charge and refund, idempotent.
//!
//! It compiles, it runs, and it is wrong. The regions marked `your turn` are where: here, and
//! in `migrations/003_settle.sql`. Everything outside them is done for you.

use crate::given;
use simulator::{AccountId, Answer, Balance, Charge, Credits, Entry, FactId, Grant, JobId};
use simulator::{LateSuccess, Ledger, LedgerError, Policy, Refund, Reserve, World};
use sqlx::{PgConnection, PgPool};
use std::path::PathBuf;

/// The ledger of step 01.3: what was held is spent, or comes back.
#[derive(Debug)]
pub struct CreditLedger {
    pool: PgPool,
}

impl Ledger for CreditLedger {
    fn migrations() -> PathBuf {
        given::migration("003_settle.sql")
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

    /// The job succeeded: `cost` of what was held is spent, the rest comes back.
    async fn charge(&self, job: &JobId, cost: Credits) -> Answer<Charge> {
        if cost.get() < 0 {
            return Err(LedgerError::refused("a cost is at least 0"));
        }
        let mut tx = self.pool.begin().await?;
        // ANCHOR: charge
        // --- your turn: begin 01.3
        let hold: Option<(String, i64)> =
            sqlx::query_as("select account::text, amount from holds where job = $1::uuid")
                .bind(job.as_str())
                .fetch_optional(&mut *tx)
                .await?;
        let Some((account, amount)) = hold else {
            return Ok(Charge::Unknown);
        };
        if cost.get() > amount {
            return Ok(Charge::Conflict);
        }
        sqlx::query("update holds set status = 'charged', cost = $2 where job = $1::uuid")
            .bind(job.as_str())
            .bind(cost.get())
            .execute(&mut *tx)
            .await?;
        // --- your turn: end 01.3
        // ANCHOR_END: charge
        release(&mut tx, &account, "charge", amount - cost.get(), job).await?;
        tx.commit().await?;
        Ok(Charge::Charged)
    }

    /// The job failed: the whole hold comes back.
    async fn refund(&self, job: &JobId) -> Answer<Refund> {
        let mut tx = self.pool.begin().await?;
        // ANCHOR: refund
        // --- your turn: begin 01.3
        let hold: Option<(String, i64)> =
            sqlx::query_as("select account::text, amount from holds where job = $1::uuid")
                .bind(job.as_str())
                .fetch_optional(&mut *tx)
                .await?;
        let Some((account, amount)) = hold else {
            return Ok(Refund::Unknown);
        };
        sqlx::query("update holds set status = 'refunded', cost = null where job = $1::uuid")
            .bind(job.as_str())
            .execute(&mut *tx)
            .await?;
        // --- your turn: end 01.3
        // ANCHOR_END: refund
        release(&mut tx, &account, "refund", amount, job).await?;
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

/// Gives credits back to an account, and writes the row that says so.
async fn release(
    tx: &mut PgConnection,
    account: &str,
    kind: &str,
    amount: i64,
    job: &JobId,
) -> Answer<()> {
    sqlx::query("update accounts set spendable = spendable + $2 where id = $1::uuid")
        .bind(account)
        .bind(amount)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into entries (account, kind, delta, job) values ($1::uuid, $2, $3, $4::uuid)",
    )
    .bind(account)
    .bind(kind)
    .bind(amount)
    .bind(job.as_str())
    .execute(&mut *tx)
    .await?;
    Ok(())
}
