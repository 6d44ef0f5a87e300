//! The operations: one call of one SQL function each, and what its answer means.
//!
//! A call is a transaction of its own. Nothing is kept in memory between two calls, so an
//! instance may die at any moment, and any number of them may run side by side.

use crate::refusal::refusal;
use crate::webhook::{self, Mode};
use simulator::{
    AccountId, Answer, Balance, Charge, Clawback, Clients, Credits, CustomerId, Delivery,
    EntriesSum, Entry, FactId, Grant, JobId, LateSuccess, Ledger, LedgerError, Policy, Refund,
    Reserve, RetryAnswer, Status, World,
};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many accounts one sweep's transaction locks at most.
const SWEEP_BATCH: i32 = 50;

/// How many rows of history are read at a time.
const PAGE: i32 = 1000;

/// The reference ledger. `RECOLLECT` says whether a success that comes after its refund is
/// collected again.
pub struct PostgresLedger<const RECOLLECT: bool> {
    pool: PgPool,
    webhook_secret: String,
    mode: Mode,
}

impl<const RECOLLECT: bool> Ledger for PostgresLedger<RECOLLECT> {
    fn migrations() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations")
    }

    fn policy() -> Policy {
        Policy {
            late_success: Some(if RECOLLECT {
                LateSuccess::Recollect
            } else {
                LateSuccess::Reject
            }),
            clawback: Some(Clawback::Owed),
            retry_answer: Some(RetryAnswer::Now),
            partial_charge: Some(true),
            entries_sum: Some(EntriesSum::Spendable),
            ..Policy::default()
        }
    }

    fn clients() -> Clients {
        // Were the schema exposed to browsers, which it needn't be, this is who would come.
        Clients::supabase().through(&[])
    }

    async fn open(world: &World) -> Answer<Self> {
        // The backend connects as the backend: it can call functions, and touch no table.
        let options: PgConnectOptions = world.database_url().parse().map_err(refusal)?;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .connect_with(options.options([("role", "service_role")]))
            .await?;

        let offers = &world.catalogue().offers;
        let prices: Vec<&str> = offers.iter().map(|offer| &*offer.price).collect();
        let credits: Vec<i64> = offers.iter().map(|offer| offer.credits.get()).collect();
        sqlx::query("select ledger.set_prices($1, $2)")
            .bind(prices)
            .bind(credits)
            .execute(&pool)
            .await
            .map_err(refusal)?;
        sqlx::query("select ledger.set_late_success($1)")
            .bind(if RECOLLECT { "recollect" } else { "reject" })
            .execute(&pool)
            .await
            .map_err(refusal)?;
        Ok(Self {
            pool,
            webhook_secret: world.webhook_secret().to_owned(),
            mode: Mode::default(),
        })
    }

    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        sqlx::query("select ledger.open_account($1::uuid)")
            .bind(account.as_str())
            .execute(&self.pool)
            .await
            .map_err(refusal)?;
        Ok(())
    }

    async fn link(&self, account: &AccountId, customer: &CustomerId) -> Answer<()> {
        sqlx::query("select ledger.link_customer($1::uuid, $2)")
            .bind(account.as_str())
            .bind(customer.as_str())
            .execute(&self.pool)
            .await
            .map_err(refusal)?;
        Ok(())
    }

    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        let answer: String = sqlx::query_scalar("select ledger.reserve($1::uuid, $2, $3)")
            .bind(account.as_str())
            .bind(job.as_str())
            .bind(amount.get())
            .fetch_one(&self.pool)
            .await
            .map_err(refusal)?;
        match &*answer {
            "reserved" => Ok(Reserve::Reserved),
            "insufficient" => Ok(Reserve::Insufficient),
            "conflict" => Ok(Reserve::Conflict),
            "settled" => Ok(Reserve::Settled),
            other => Err(surprise(other)),
        }
    }

    async fn charge(&self, job: &JobId, cost: Credits) -> Answer<Charge> {
        let answer: String = sqlx::query_scalar("select ledger.charge($1, $2)")
            .bind(job.as_str())
            .bind(cost.get())
            .fetch_one(&self.pool)
            .await
            .map_err(refusal)?;
        match &*answer {
            "charged" => Ok(Charge::Charged),
            "unknown" => Ok(Charge::Unknown),
            "conflict" => Ok(Charge::Conflict),
            "refunded" => Ok(Charge::Refunded),
            other => Err(surprise(other)),
        }
    }

    async fn refund(&self, job: &JobId) -> Answer<Refund> {
        let answer: String = sqlx::query_scalar("select ledger.refund($1)")
            .bind(job.as_str())
            .fetch_one(&self.pool)
            .await
            .map_err(refusal)?;
        match &*answer {
            "refunded" => Ok(Refund::Refunded),
            "unknown" => Ok(Refund::Unknown),
            "charged" => Ok(Refund::Charged),
            other => Err(surprise(other)),
        }
    }

    async fn sweep(&self, older_than: Duration) -> Answer<Vec<JobId>> {
        let mut refunded = Vec::new();
        loop {
            let batch: Vec<String> =
                sqlx::query_scalar("select ledger.sweep(make_interval(secs => $1), $2)")
                    .bind(older_than.as_secs_f64())
                    .bind(SWEEP_BATCH)
                    .fetch_all(&self.pool)
                    .await
                    .map_err(refusal)?;
            if batch.is_empty() {
                return Ok(refunded);
            }
            refunded.extend(batch.into_iter().map(JobId::new));
        }
    }

    async fn grant(&self, account: &AccountId, fact: &FactId, amount: Credits) -> Answer<Grant> {
        let answer: String = sqlx::query_scalar("select ledger.grant_credits($1::uuid, $2, $3)")
            .bind(account.as_str())
            .bind(fact.as_str())
            .bind(amount.get())
            .fetch_one(&self.pool)
            .await
            .map_err(refusal)?;
        match &*answer {
            "granted" => Ok(Grant::Granted),
            "conflict" => Ok(Grant::Conflict),
            other => Err(surprise(other)),
        }
    }

    async fn webhook(&self, delivery: &Delivery) -> Answer<Status> {
        webhook::receive(&self.pool, &self.webhook_secret, self.mode, delivery).await
    }

    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let row: Option<(i64, i64, i64)> =
            sqlx::query_as("select spendable, held, owed from ledger.balance($1::uuid)")
                .bind(account.as_str())
                .fetch_optional(&self.pool)
                .await
                .map_err(refusal)?;
        let (spendable, held, owed) =
            row.ok_or_else(|| LedgerError::refused(format!("no account {account}")))?;
        Ok(Balance {
            spendable: Credits::new(spendable),
            held: Some(Credits::new(held)),
            owed: Some(Credits::new(owed)),
        })
    }

    async fn entries(&self, account: &AccountId) -> Answer<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut last = 0;
        loop {
            let page: Vec<(i64, i64, String, Option<String>)> =
                sqlx::query_as("select id, delta, kind, job from ledger.history($1::uuid, $2, $3)")
                    .bind(account.as_str())
                    .bind(last)
                    .bind(PAGE)
                    .fetch_all(&self.pool)
                    .await
                    .map_err(refusal)?;
            let Some((id, ..)) = page.last() else {
                return Ok(entries);
            };
            last = *id;
            entries.extend(page.into_iter().map(|(_, delta, kind, job)| Entry {
                delta: Credits::new(delta),
                kind,
                job: job.map(JobId::new),
            }));
        }
    }
}

impl<const RECOLLECT: bool> PostgresLedger<RECOLLECT> {
    /// The same ledger, believing what this mode of Stripe's reports and nothing else.
    #[must_use]
    pub fn in_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// How many holds are open.
    pub(crate) async fn open_holds(&self) -> Answer<usize> {
        let open: i64 =
            sqlx::query_scalar("select count(*) from ledger.holds where status = 'held'")
                .fetch_one(&self.pool)
                .await
                .map_err(refusal)?;
        Ok(usize::try_from(open).unwrap_or(0))
    }

    /// The thresholds that an account has fallen below since it was last told.
    pub(crate) async fn low_balance(
        &self,
        account: &AccountId,
        thresholds: &[i64],
    ) -> Answer<Vec<i64>> {
        let mut low: Vec<i64> = sqlx::query_scalar("select ledger.low_balance($1::uuid, $2)")
            .bind(account.as_str())
            .bind(thresholds)
            .fetch_all(&self.pool)
            .await
            .map_err(refusal)?;
        low.sort_unstable();
        Ok(low)
    }
}

/// The SQL says something that this code doesn't know: one of the two was deployed without the
/// other, and what moved is unknown here.
fn surprise(answer: &str) -> LedgerError {
    LedgerError::failed(format!("the database answered `{answer}`"))
}
