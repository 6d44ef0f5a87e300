//! Step 01.1: immutable rows and prepaid grants.
//!
//! The lab's file, cured. The regions marked `your turn` are what the learner writes: here, and
//! in `migrations/001_prepaid_grants.sql`.

use simulator::{AccountId, Answer, Balance, Credits, Entry, FactId, Grant, Ledger};
use simulator::{LedgerError, World};
use sqlx::PgPool;
use std::path::{Path, PathBuf};

/// More than anybody buys at once, and small enough that no sum of grants overflows.
const LARGEST_GRANT: i64 = 1_000_000_000;

/// The ledger: everything that it knows is in the database, so that it may die at any moment.
#[derive(Debug)]
pub struct CreditLedger {
    pool: PgPool,
}

impl Ledger for CreditLedger {
    fn migrations() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/001_prepaid_grants.sql")
    }

    async fn open(world: &World) -> Answer<Self> {
        let pool = PgPool::connect(world.database_url()).await?;
        Ok(Self { pool })
    }

    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        sqlx::query("insert into accounts (id) values ($1::uuid) on conflict do nothing")
            .bind(account.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Step 01.1. A purchase was paid: `fact` names it, and `amount` credits are due once,
    /// however often we are told.
    async fn grant(&self, account: &AccountId, fact: &FactId, amount: Credits) -> Answer<Grant> {
        if !(1..=LARGEST_GRANT).contains(&amount.get()) {
            return Err(LedgerError::refused(
                "a grant is 1 to 1,000,000,000 credits",
            ));
        }
        // ANCHOR: grant
        // --- your turn: begin 01.1
        // Check and add are one statement: a copy that comes at the same moment waits for the
        // unique index, and then adds nothing.
        let added = sqlx::query(
            "insert into entries (account, fact, kind, delta) values ($1::uuid, $2, 'grant', $3)
             on conflict (fact) do nothing",
        )
        .bind(account.as_str())
        .bind(fact.as_str())
        .bind(amount.get())
        .execute(&self.pool)
        .await?
        .rows_affected();
        if added == 1 {
            return Ok(Grant::Granted);
        }
        // The fact was granted before. Told again it is true; told differently it is a mistake
        // that somebody must see.
        let same: bool = sqlx::query_scalar(
            "select account = $1::uuid and delta = $3 from entries where fact = $2",
        )
        .bind(account.as_str())
        .bind(fact.as_str())
        .bind(amount.get())
        .fetch_one(&self.pool)
        .await?;
        Ok(if same {
            Grant::Granted
        } else {
            Grant::Conflict
        })
        // --- your turn: end 01.1
        // ANCHOR_END: grant
    }

    /// Step 01.1. What the account can spend now.
    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        // ANCHOR: balance
        // --- your turn: begin 01.1
        let spendable =
            "select coalesce(sum(delta), 0)::bigint from entries where account = $1::uuid";
        // --- your turn: end 01.1
        // ANCHOR_END: balance
        Ok(Balance {
            spendable: Credits::new(
                sqlx::query_scalar(spendable)
                    .bind(account.as_str())
                    .fetch_one(&self.pool)
                    .await?,
            ),
            held: None,
            owed: None,
        })
    }

    async fn entries(&self, account: &AccountId) -> Answer<Vec<Entry>> {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("select delta, kind from entries where account = $1::uuid order by id")
                .bind(account.as_str())
                .fetch_all(&self.pool)
                .await?;
        let entry = |(delta, kind)| Entry {
            delta: Credits::new(delta),
            kind,
            job: None,
        };
        Ok(rows.into_iter().map(entry).collect())
    }
}
