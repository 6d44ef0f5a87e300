//! Step 01.2: reserve without overdraft.
//!
//! It compiles, it runs, and it is wrong. The regions marked `your turn` are where: here, and
//! in `migrations/002_reserve.sql`. Everything outside them is done for you.

use crate::given;
use simulator::{AccountId, Answer, Balance, Credits, Entry, FactId, Grant, JobId, Ledger};
use simulator::{LedgerError, Reserve, World};
use sqlx::PgPool;
use std::path::PathBuf;

/// The ledger of step 01.2: credits come in, and are held for jobs.
#[derive(Debug)]
pub struct CreditLedger {
    pool: PgPool,
}

impl Ledger for CreditLedger {
    fn migrations() -> PathBuf {
        given::migration("002_reserve.sql")
    }

    async fn open(world: &World) -> Answer<Self> {
        let pool = given::connect(world).await?;
        Ok(Self { pool })
    }

    /// Holds `amount` for the job if the account can spend it.
    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        if amount.get() < 1 {
            return Err(LedgerError::refused("a reserve is at least 1 credit"));
        }
        // ANCHOR: reserve
        // --- your turn: begin 01.2
        let mut tx = self.pool.begin().await?;
        // A double click: the job holds its credits already.
        let prior: Option<(String, i64)> =
            sqlx::query_as("select account::text, amount from holds where job = $1::uuid")
                .bind(job.as_str())
                .fetch_optional(&mut *tx)
                .await?;
        if let Some((owner, held)) = prior {
            let same = owner == account.as_str() && held == amount.get();
            return Ok(if same {
                Reserve::Reserved
            } else {
                Reserve::Conflict
            });
        }
        // Is there enough?
        let spendable: i64 =
            sqlx::query_scalar("select spendable from accounts where id = $1::uuid")
                .bind(account.as_str())
                .fetch_one(&mut *tx)
                .await?;
        if spendable < amount.get() {
            return Ok(Reserve::Insufficient);
        }
        sqlx::query("update accounts set spendable = spendable - $2 where id = $1::uuid")
            .bind(account.as_str())
            .bind(amount.get())
            .execute(&mut *tx)
            .await?;
        sqlx::query("insert into holds (job, account, amount) values ($1::uuid, $2::uuid, $3)")
            .bind(job.as_str())
            .bind(account.as_str())
            .bind(amount.get())
            .execute(&mut *tx)
            .await?;
        // --- your turn: end 01.2
        // ANCHOR_END: reserve
        sqlx::query(
            "insert into entries (account, kind, delta, job)
             values ($1::uuid, 'reserve', -$2, $3::uuid)",
        )
        .bind(account.as_str())
        .bind(amount.get())
        .bind(job.as_str())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Reserve::Reserved)
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
