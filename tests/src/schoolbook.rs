//! Ten-line ledgers, each with one race that schoolbooks name, and their cured twins.

use crate::races::{Job, Rules, Shop, grant_by, hold_by, number, run, set};
use simulator::{Answer, LedgerError, Reserve};

/// An account's credits.
pub const CREDITS: &str = "select credits from wallets where account = $1::uuid";
/// The same, and nobody else may write them until the end.
pub const LOCK: &str = "select credits from wallets where account = $1::uuid for update";
/// Takes the credits if they are there.
const TAKE: &str = "update wallets set credits = credits - $3 \
                    where account = $1::uuid and credits >= $3 and $2 <> ''";
/// Notes a job, once.
pub const NOTE: &str = "insert into jobs (account, job, amount) values ($1::uuid, $2::uuid, $3) \
                    on conflict do nothing";

/// Notes the job, and takes its credits where they are, in one step each.
pub struct Careful;
impl Rules for Careful {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let mut tx = shop.pool.begin().await?;
        if run(&mut tx, NOTE, job).await? == 0 {
            return Ok(Reserve::Reserved);
        }
        if run(&mut tx, TAKE, job).await? == 0 {
            return Ok(Reserve::Insufficient);
        }
        tx.commit().await?;
        Ok(Reserve::Reserved)
    }
}

/// Writes what it has read before, less the amount.
pub struct LostUpdate;
impl Rules for LostUpdate {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let mut tx = shop.pool.begin().await?;
        if run(&mut tx, NOTE, job).await? == 0 {
            return Ok(Reserve::Reserved);
        }
        let had = number(&mut tx, CREDITS, job.account).await?;
        if had < job.amount {
            return Ok(Reserve::Insufficient);
        }
        set(&mut tx, job.account, had - job.amount).await?;
        tx.commit().await?;
        Ok(Reserve::Reserved)
    }
}

/// Each adds a row that the other's sum doesn't see.
pub struct WriteSkew<const SERIALIZABLE: bool>;
impl<const SERIALIZABLE: bool> Rules for WriteSkew<SERIALIZABLE> {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let mut tx = if SERIALIZABLE {
            shop.pool
                .begin_with("begin isolation level serializable")
                .await?
        } else {
            shop.pool.begin().await?
        };
        if run(&mut tx, NOTE, job).await? == 0 {
            return Ok(Reserve::Reserved);
        }
        if number(&mut tx, Self::balance(), job.account).await? < 0 {
            return Ok(Reserve::Insufficient);
        }
        tx.commit().await?;
        Ok(Reserve::Reserved)
    }
    fn balance() -> &'static str {
        "select (coalesce((select sum(amount) from grants where account = $1::uuid), 0) \
              - coalesce((select sum(amount) from jobs where account = $1::uuid), 0))::bigint"
    }
}

/// Checks one reading and writes by another; or locks what it reads.
pub struct ReadsTwice<const LOCKED: bool>;
impl<const LOCKED: bool> Rules for ReadsTwice<LOCKED> {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let mut tx = shop.pool.begin().await?;
        if run(&mut tx, NOTE, job).await? == 0 {
            return Ok(Reserve::Reserved);
        }
        let read = if LOCKED { LOCK } else { CREDITS };
        if number(&mut tx, read, job.account).await? < job.amount {
            return Ok(Reserve::Insufficient);
        }
        let still = number(&mut tx, CREDITS, job.account).await?;
        set(&mut tx, job.account, still - job.amount).await?;
        tx.commit().await?;
        Ok(Reserve::Reserved)
    }
}

/// Looks whether the job is there, and then adds it.
pub struct InsertsTwice;
impl Rules for InsertsTwice {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let mut tx = shop.pool.begin().await?;
        let held = "select count(*) from jobs_twice where job = $1::uuid";
        if number(&mut tx, held, job.id).await? > 0 {
            return Ok(Reserve::Reserved);
        }
        if run(&mut tx, TAKE, job).await? == 0 {
            return Ok(Reserve::Insufficient);
        }
        let note = "insert into jobs_twice (account, job, amount) values ($1::uuid, $2::uuid, $3)";
        run(&mut tx, note, job).await?;
        tx.commit().await?;
        Ok(Reserve::Reserved)
    }
}

/// Locks the wallet, then the total, beside a grant that goes the other way or the same.
/// What it makes of a deadlock's error is the ledger's own affair.
pub struct Locks<const SAME_WAY: bool, const HONEST: bool>;
impl<const SAME_WAY: bool, const HONEST: bool> Locks<SAME_WAY, HONEST> {
    async fn hold(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let mut tx = shop.pool.begin().await?;
        let total = "update totals set moved = moved - $3 where $1 <> $2";
        if run(&mut tx, NOTE, job).await? == 0 {
            return Ok(Reserve::Reserved);
        }
        if SAME_WAY {
            run(&mut tx, total, job).await?;
        }
        if run(&mut tx, TAKE, job).await? == 0 {
            return Ok(Reserve::Insufficient);
        }
        if !SAME_WAY {
            run(&mut tx, total, job).await?;
        }
        tx.commit().await?;
        Ok(Reserve::Reserved)
    }
}
impl<const SAME_WAY: bool, const HONEST: bool> Rules for Locks<SAME_WAY, HONEST> {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let done = Self::hold(shop, job).await;
        if HONEST {
            return done;
        }
        // Whatever the database complains about, it was surely the balance.
        Ok(done.unwrap_or(Reserve::Insufficient))
    }
    async fn grant(shop: &Shop, account: &str, fact: &str, amount: i64) -> Answer<()> {
        let grant = "select grant_total_first($1::uuid, $2, $3)";
        grant_by(&shop.pool, grant, account, fact, amount).await
    }
}

/// One call of one function, beside a grant that is one too and takes the same rows the other way.
pub struct Functions<const SAME_WAY: bool>;
impl<const SAME_WAY: bool> Rules for Functions<SAME_WAY> {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let hold = if SAME_WAY {
            "select hold_total_first($1::uuid, $2::uuid, $3)"
        } else {
            "select hold_wallet_first($1::uuid, $2::uuid, $3)"
        };
        match hold_by(&shop.pool, hold, job).await {
            Err(LedgerError::Failed(why)) if why.contains("insufficient") => {
                Ok(Reserve::Insufficient)
            }
            Err(LedgerError::Again(why)) if why.contains("deadlock") => Ok(Reserve::Insufficient),
            done => done,
        }
    }
    async fn grant(shop: &Shop, account: &str, fact: &str, amount: i64) -> Answer<()> {
        let grant = "select grant_total_first($1::uuid, $2, $3)";
        grant_by(&shop.pool, grant, account, fact, amount).await
    }
}

/// One call of one function that reads without a lock, and then writes what it has read; or waits
/// its turn.
pub struct OneFunction<const LOCKED: bool>;
impl<const LOCKED: bool> Rules for OneFunction<LOCKED> {
    async fn reserve(shop: &Shop, job: Job<'_>) -> Answer<Reserve> {
        let hold = if LOCKED {
            "select hold_locked($1::uuid, $2::uuid, $3)"
        } else {
            "select hold_unlocked($1::uuid, $2::uuid, $3)"
        };
        hold_by(&shop.pool, hold, job).await
    }
}
