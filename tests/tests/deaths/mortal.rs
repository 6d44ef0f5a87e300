//! A ledger whose operations are transactions of several statements, right but for one bug.

use simulator::{
    AccountId, Answer, Balance, Charge, Clawback, Credits, FactId, Grant, JobId, LateSuccess,
    Ledger, LedgerError, Policy, Refund, Reserve, RetryAnswer, World,
};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{PgPool, PgTransaction, Row};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// No bug.
pub(crate) const CURED: u8 = 0;
/// A grant is answered, and committed afterwards.
pub(crate) const ACKNOWLEDGES_EARLY: u8 = 1;
/// A charge is noted in one transaction, and gives back what it didn't need in another.
pub(crate) const CHARGES_IN_TWO: u8 = 2;
/// What is held is known to the process alone.
pub(crate) const REMEMBERS: u8 = 3;
/// A grant whose commit failed adds its credits once more.
pub(crate) const GRANTS_AGAIN: u8 = 4;
/// A reserve that couldn't be serialized says that it reserved.
pub(crate) const SWALLOWS: u8 = 5;
/// Whoever loses the connection waits for ever.
pub(crate) const WAITS_FOR_EVER: u8 = 6;
/// A sweep takes all holds, whatever their age.
pub(crate) const SWEEPS_ALL: u8 = 7;

/// Commits are acknowledged before they are on disk.
pub(crate) const COMMITS_LATER: u8 = 8;

/// A sweep takes minutes for seconds.
pub(crate) const SWEEPS_EARLY: u8 = 9;
/// A sweep goes by the process's own clock, which is as good as the database's.
pub(crate) const OWN_CLOCK: u8 = 10;
/// Holds are stamped by the process's clock, and swept by the database's.
pub(crate) const TWO_CLOCKS: u8 = 11;
/// A sweep that finds an old hold takes all of its account's.
pub(crate) const SWEEPS_ACCOUNTS: u8 = 12;

pub(crate) struct Mortal<const BUG: u8> {
    pool: PgPool,
    /// The jobs that this process has held.
    remembered: std::sync::Mutex<Vec<JobId>>,
}

impl<const BUG: u8> Ledger for Mortal<BUG> {
    fn migrations() -> PathBuf {
        tests::nothing().join("mortal")
    }

    fn policy() -> Policy {
        Policy {
            late_success: Some(LateSuccess::Reject),
            clawback: Some(Clawback::None),
            retry_answer: Some(RetryAnswer::Now),
            partial_charge: Some(true),
            ..Policy::default()
        }
    }

    async fn open(world: &World) -> Answer<Self> {
        let options: PgConnectOptions = world.database_url().parse()?;
        let options = if BUG == COMMITS_LATER {
            options.options([("synchronous_commit", "off")])
        } else {
            options
        };
        Ok(Self {
            pool: PgPool::connect_with(options).await?,
            remembered: std::sync::Mutex::default(),
        })
    }

    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        sqlx::query("insert into purses (account) values ($1::uuid) on conflict do nothing")
            .bind(account.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn grant(&self, account: &AccountId, fact: &FactId, amount: Credits) -> Answer<Grant> {
        if amount.get() <= 0 {
            return Ok(Grant::Conflict);
        }
        let mut transaction = self.pool.begin().await?;
        let new = sqlx::query("insert into facts values ($1, $2::uuid, $3) on conflict do nothing")
            .bind(fact.as_str())
            .bind(account.as_str())
            .bind(amount.get())
            .execute(&mut *transaction)
            .await?;
        if new.rows_affected() == 0 {
            let same: bool = sqlx::query_scalar(
                "select account = $2::uuid and amount = $3 from facts where fact = $1",
            )
            .bind(fact.as_str())
            .bind(account.as_str())
            .bind(amount.get())
            .fetch_one(&mut *transaction)
            .await?;
            return Ok(if same {
                Grant::Granted
            } else {
                Grant::Conflict
            });
        }
        add(&mut transaction, account.as_str(), amount.get()).await?;
        match BUG {
            ACKNOWLEDGES_EARLY => {
                tokio::spawn(transaction.commit());
            }
            GRANTS_AGAIN => {
                if transaction.commit().await.is_err() {
                    let mut again = self.pool.begin().await?;
                    add(&mut again, account.as_str(), amount.get()).await?;
                    again.commit().await?;
                }
            }
            _ => transaction.commit().await?,
        }
        Ok(Grant::Granted)
    }

    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        match self.hold(account, job, amount.get()).await {
            Err(LedgerError::Again(_)) if BUG == SWALLOWS => Ok(Reserve::Reserved),
            Err(LedgerError::Failed(_)) if BUG == WAITS_FOR_EVER => std::future::pending().await,
            other => other,
        }
    }

    async fn charge(&self, job: &JobId, cost: Credits) -> Answer<Charge> {
        let mut transaction = self.pool.begin().await?;
        let cost = cost.get();
        let Some(hold) = self.locked(&mut transaction, job).await? else {
            return Ok(Charge::Unknown);
        };
        let amount: i64 = hold.get("amount");
        match hold.get::<&str, _>("status") {
            "charged" if hold.get::<i64, _>("cost") == cost => return Ok(Charge::Charged),
            "refunded" => return Ok(Charge::Refunded),
            "held" if (0..=amount).contains(&cost) => {}
            _ => return Ok(Charge::Conflict),
        }
        sqlx::query("update holds set status = 'charged', cost = $2 where job = $1::uuid")
            .bind(job.as_str())
            .bind(cost)
            .execute(&mut *transaction)
            .await?;
        if BUG == CHARGES_IN_TWO {
            transaction.commit().await?;
            transaction = self.pool.begin().await?;
        }
        add(&mut transaction, hold.get("account"), amount - cost).await?;
        transaction.commit().await?;
        Ok(Charge::Charged)
    }

    async fn refund(&self, job: &JobId) -> Answer<Refund> {
        let mut transaction = self.pool.begin().await?;
        let Some(hold) = self.locked(&mut transaction, job).await? else {
            return Ok(Refund::Unknown);
        };
        match hold.get::<&str, _>("status") {
            "held" => {}
            "charged" => return Ok(Refund::Charged),
            _ => return Ok(Refund::Refunded),
        }
        sqlx::query("update holds set status = 'refunded' where job = $1::uuid")
            .bind(job.as_str())
            .execute(&mut *transaction)
            .await?;
        add(&mut transaction, hold.get("account"), hold.get("amount")).await?;
        transaction.commit().await?;
        Ok(Refund::Refunded)
    }

    async fn sweep(&self, older_than: Duration) -> Answer<Vec<JobId>> {
        let age = match BUG {
            SWEEPS_ALL => 0.0,
            SWEEPS_EARLY => older_than.as_secs_f64() / 60.0,
            _ => older_than.as_secs_f64(),
        };
        let old: Vec<String> = sqlx::query_scalar(
            "with old as (select * from holds
                           where status = 'held'
                             and created_at <= coalesce(to_timestamp($2), clock_timestamp())
                                               - make_interval(secs => $1))
             select job::text from holds
              where status = 'held'
                and (job in (select job from old)
                     or $3 and account in (select account from old))
              order by created_at, job",
        )
        .bind(age)
        .bind((BUG == OWN_CLOCK).then(unix_now))
        .bind(BUG == SWEEPS_ACCOUNTS)
        .fetch_all(&self.pool)
        .await?;
        let mut swept = Vec::new();
        for job in old.into_iter().map(JobId::new) {
            if self.refund(&job).await? == Refund::Refunded {
                swept.push(job);
            }
        }
        Ok(swept)
    }

    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let row = sqlx::query(
            "select credits, (select coalesce(sum(amount), 0)::bigint from holds h
               where h.account = p.account and h.status = 'held') as held
               from purses p where account = $1::uuid",
        )
        .bind(account.as_str())
        .fetch_one(&self.pool)
        .await?;
        Ok(Balance {
            spendable: Credits::new(row.get("credits")),
            held: Some(Credits::new(row.get("held"))),
            owed: None,
        })
    }
}

impl<const BUG: u8> Mortal<BUG> {
    async fn hold(&self, account: &AccountId, job: &JobId, amount: i64) -> Answer<Reserve> {
        if amount <= 0 {
            return Err(LedgerError::refused("an amount that makes no sense"));
        }
        let mut transaction = self.pool.begin().await?;
        let credits: i64 =
            sqlx::query_scalar("select credits from purses where account = $1::uuid for update")
                .bind(account.as_str())
                .fetch_one(&mut *transaction)
                .await?;
        if let Some(prior) = self.locked(&mut transaction, job).await? {
            let same = prior.get::<i64, _>("amount") == amount
                && prior.get::<&str, _>("account") == account.as_str();
            return Ok(match prior.get::<&str, _>("status") {
                _ if !same => Reserve::Conflict,
                "held" => Reserve::Reserved,
                _ => Reserve::Settled,
            });
        }
        if credits < amount {
            return Ok(Reserve::Insufficient);
        }
        add(&mut transaction, account.as_str(), -amount).await?;
        sqlx::query(
            "insert into holds (job, account, amount, created_at)
             values ($1::uuid, $2::uuid, $3, coalesce(to_timestamp($4), clock_timestamp()))",
        )
        .bind(job.as_str())
        .bind(account.as_str())
        .bind(amount)
        .bind(matches!(BUG, OWN_CLOCK | TWO_CLOCKS).then(unix_now))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        self.remembered.lock().expect("no panic").push(job.clone());
        Ok(Reserve::Reserved)
    }

    /// The job's hold, locked; none that this process doesn't remember, if it is one of those.
    async fn locked(
        &self,
        transaction: &mut PgTransaction<'_>,
        job: &JobId,
    ) -> Answer<Option<PgRow>> {
        if BUG == REMEMBERS && !self.remembered.lock().expect("no panic").contains(job) {
            return Ok(None);
        }
        let hold = sqlx::query(
            "select account::text, amount, status, cost from holds
              where job = $1::uuid for update",
        );
        Ok(hold
            .bind(job.as_str())
            .fetch_optional(&mut **transaction)
            .await?)
    }
}

/// Adds to a purse.
async fn add(transaction: &mut PgTransaction<'_>, account: &str, credits: i64) -> Answer<()> {
    sqlx::query("update purses set credits = credits + $2 where account = $1::uuid")
        .bind(account)
        .bind(credits)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// A ledger under test reads its own clock.
#[allow(clippy::disallowed_methods)]
fn unix_now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}
