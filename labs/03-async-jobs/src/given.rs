//! What every step finds done: accounts, bought credits, the balance, the rows, and how credits
//! are given back. There is nothing to write here.

use simulator::{AccountId, Answer, Balance, Credits, Entry, FactId, Grant, JobId};
use simulator::{LedgerError, Reserve, World};
use sqlx::{PgConnection, PgPool};
use std::path::{Path, PathBuf};

/// The file of a step's tables.
pub(crate) fn migration(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(file)
}

pub(crate) async fn connect(world: &World) -> Answer<PgPool> {
    Ok(PgPool::connect(world.database_url()).await?)
}

pub(crate) async fn open_account(pool: &PgPool, account: &AccountId) -> Answer<()> {
    sqlx::query("insert into accounts (id) values ($1::uuid) on conflict do nothing")
        .bind(account.as_str())
        .execute(pool)
        .await?;
    Ok(())
}

/// Lab 01: one row a purchase, once, and the account's number with it.
pub(crate) async fn grant(
    pool: &PgPool,
    account: &AccountId,
    fact: &FactId,
    amount: Credits,
) -> Answer<Grant> {
    if !(1..=1_000_000_000).contains(&amount.get()) {
        return Err(LedgerError::refused(
            "a grant is 1 to 1,000,000,000 credits",
        ));
    }
    let same: bool = sqlx::query_scalar("select grant_credits($1::uuid, $2, $3)")
        .bind(account.as_str())
        .bind(fact.as_str())
        .bind(amount.get())
        .fetch_one(pool)
        .await?;
    Ok(if same {
        Grant::Granted
    } else {
        Grant::Conflict
    })
}

/// Lab 01: check and deduct in one statement, once a job.
pub(crate) async fn reserve(
    pool: &PgPool,
    account: &AccountId,
    job: &JobId,
    amount: Credits,
) -> Answer<Reserve> {
    if amount.get() < 1 {
        return Err(LedgerError::refused("a reserve is at least 1 credit"));
    }
    let answer: String = sqlx::query_scalar("select reserve_credits($1::uuid, $2::uuid, $3)")
        .bind(job.as_str())
        .bind(account.as_str())
        .bind(amount.get())
        .fetch_one(pool)
        .await?;
    Ok(match &*answer {
        "reserved" => Reserve::Reserved,
        "insufficient" => Reserve::Insufficient,
        "settled" => Reserve::Settled,
        _ => Reserve::Conflict,
    })
}

pub(crate) async fn balance(pool: &PgPool, account: &AccountId) -> Answer<Balance> {
    let spendable = sqlx::query_scalar("select spendable from accounts where id = $1::uuid")
        .bind(account.as_str())
        .fetch_one(pool)
        .await?;
    Ok(Balance {
        spendable: Credits::new(spendable),
        held: None,
        owed: None,
    })
}

pub(crate) async fn entries(pool: &PgPool, account: &AccountId) -> Answer<Vec<Entry>> {
    let rows: Vec<(i64, String, Option<String>)> = sqlx::query_as(
        "select delta, kind, job::text from entries where account = $1::uuid order by id",
    )
    .bind(account.as_str())
    .fetch_all(pool)
    .await?;
    let entry = |(delta, kind, job): (i64, String, Option<String>)| Entry {
        delta: Credits::new(delta),
        kind,
        job: job.map(JobId::new),
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// Gives credits back to an account, and writes the row that says so.
pub(crate) async fn release(
    tx: &mut PgConnection,
    account: &str,
    kind: &str,
    amount: i64,
    job: &str,
) -> Answer<()> {
    sqlx::query("update accounts set spendable = spendable + $2 where id = $1::uuid")
        .bind(account)
        .bind(amount)
        .execute(&mut *tx)
        .await?;
    row(tx, account, kind, amount, job).await
}

/// Writes a row of the history.
pub(crate) async fn row(
    tx: &mut PgConnection,
    account: &str,
    kind: &str,
    delta: i64,
    job: &str,
) -> Answer<()> {
    sqlx::query(
        "insert into entries (account, kind, delta, job) values ($1::uuid, $2, $3, $4::uuid)",
    )
    .bind(account)
    .bind(kind)
    .bind(delta)
    .bind(job)
    .execute(&mut *tx)
    .await?;
    Ok(())
}
