//! Ten-line ledgers: what they share, so that each shows only what is its own.

use simulator::{
    AccountId, Answer, Balance, Credits, FactId, Grant, JobId, Ledger, LedgerError, Reserve,
    Subject, World,
};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, PgPool};
use std::future::Future;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use tokio::sync::Mutex;

/// What a process of such a ledger has.
pub struct Shop {
    /// Its connections.
    pub pool: PgPool,
    /// Something in memory that only one may use at a time.
    pub memory: Mutex<()>,
}

/// A job to hold credits for.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Its id.
    pub id: &'a str,
    /// Who pays.
    pub account: &'a str,
    /// How much.
    pub amount: i64,
}

/// What one ledger does its own way.
pub trait Rules: Send + Sync + 'static {
    /// Holds credits.
    fn reserve(shop: &Shop, job: Job<'_>) -> impl Future<Output = Answer<Reserve>> + Send;

    /// Adds credits that were paid for.
    fn grant(
        shop: &Shop,
        account: &str,
        fact: &str,
        amount: i64,
    ) -> impl Future<Output = Answer<()>> + Send {
        grant_by(
            &shop.pool,
            "select grant_once($1::uuid, $2, $3)",
            account,
            fact,
            amount,
        )
    }

    /// Where the balance is read.
    fn balance() -> &'static str {
        "select credits from wallets where account = $1::uuid"
    }
}

/// A ledger with these rules.
pub struct Race<R: Rules>(Shop, PhantomData<R>);

/// A ledger with these rules, under a name.
#[must_use]
pub fn race<R: Rules>(name: &str) -> Subject {
    Subject::rust::<Race<R>>(name, "ten lines and a race")
}

impl<R: Rules> Ledger for Race<R> {
    fn migrations() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/races")
    }
    async fn open(world: &World) -> Answer<Self> {
        let options = PgPoolOptions::new().max_connections(4);
        let shop = Shop {
            pool: options.connect(world.database_url()).await?,
            memory: Mutex::new(()),
        };
        Ok(Self(shop, PhantomData))
    }
    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        sqlx::query("insert into wallets (account) values ($1::uuid) on conflict do nothing")
            .bind(account.as_str())
            .execute(&self.0.pool)
            .await?;
        Ok(())
    }
    async fn grant(&self, account: &AccountId, fact: &FactId, amount: Credits) -> Answer<Grant> {
        R::grant(&self.0, account.as_str(), fact.as_str(), amount.get()).await?;
        Ok(Grant::Granted)
    }
    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        let job = Job {
            id: job.as_str(),
            account: account.as_str(),
            amount: amount.get(),
        };
        R::reserve(&self.0, job).await
    }
    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let credits = sqlx::query_scalar(R::balance())
            .bind(account.as_str())
            .fetch_one(&self.0.pool)
            .await?;
        Ok(Balance {
            spendable: Credits::new(credits),
            held: None,
            owed: None,
        })
    }
}

/// Grants by one function.
///
/// # Errors
/// What the database says.
pub async fn grant_by(
    pool: &PgPool,
    sql: &'static str,
    account: &str,
    fact: &str,
    amount: i64,
) -> Answer<()> {
    sqlx::query(sql)
        .bind(account)
        .bind(fact)
        .bind(amount)
        .execute(pool)
        .await?;
    Ok(())
}

/// Holds by one function that answers in a word.
///
/// # Errors
/// What the database says.
pub async fn hold_by(pool: &PgPool, sql: &'static str, job: Job<'_>) -> Answer<Reserve> {
    let said: String = sqlx::query_scalar(sql)
        .bind(job.account)
        .bind(job.id)
        .bind(job.amount)
        .fetch_one(pool)
        .await?;
    match said.as_str() {
        "reserved" => Ok(Reserve::Reserved),
        "insufficient" => Ok(Reserve::Insufficient),
        other => Err(LedgerError::failed(other)),
    }
}

/// One number of one account's.
///
/// # Errors
/// What the database says.
pub async fn number(on: &mut PgConnection, sql: &'static str, about: &str) -> Answer<i64> {
    Ok(sqlx::query_scalar(sql).bind(about).fetch_one(on).await?)
}

/// Runs a statement about a job; returns how many rows it moved.
///
/// # Errors
/// What the database says.
pub async fn run(on: &mut PgConnection, sql: &'static str, job: Job<'_>) -> Answer<u64> {
    let done = sqlx::query(sql)
        .bind(job.account)
        .bind(job.id)
        .bind(job.amount)
        .execute(on)
        .await?;
    Ok(done.rows_affected())
}

/// Writes a balance if it still is what was read before; false if it isn't.
///
/// # Errors
/// What the database says.
pub async fn swap(on: &mut PgConnection, account: &str, had: i64, credits: i64) -> Answer<bool> {
    let sql = "update wallets set credits = $3 where account = $1::uuid and credits = $2";
    let done = sqlx::query(sql)
        .bind(account)
        .bind(had)
        .bind(credits)
        .execute(on)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes what is left of a balance that was read before.
///
/// # Errors
/// What the database says.
pub async fn set(on: &mut PgConnection, account: &str, credits: i64) -> Answer<()> {
    sqlx::query("update wallets set credits = $2 where account = $1::uuid")
        .bind(account)
        .bind(credits)
        .execute(on)
        .await?;
    Ok(())
}
