//! # The naive ledger: what people ship first
//!
//! **Story.** A product is built in a weekend. The balance is a column of the profile. Code reads
//! it, computes, writes it back, and adds a line to a history table. Running jobs and the ids of
//! handled Stripe events are kept in maps of the process, because there is one process. Each
//! operation guards against its own repetition, so clicking twice is fine. With one customer at a
//! time it is right, and every demo works.
//!
//! **What it breaks, and where.**
//!
//! | invariant | how |
//! |---|---|
//! | `atomic-lifecycle` | two reserves read the same balance, and both are paid from it; a negative amount is "covered" by any balance |
//! | `exactly-once` | two deliveries of one event run side by side, go to two processes, or meet a restart in between; two events tell one fact |
//! | `order-guard` | refund doesn't ask whether the job was charged, charge not whether it was refunded |
//! | `reconciliation` | a renewal sets the balance to the plan's credits, bought packs included; an invoice of a customer that isn't linked yet is answered 200 and forgotten |
//! | `recovery` | a restart forgets every hold, and a sweep knows only its own process's jobs |
//! | `conservation` | history is written beside the balance: a crash between the two leaves one of them, a renewal writes what it doesn't add, and a lost update has a row |
//!
//! **The founder's cost.** Nothing for months. Then the product is liked: two tabs, a second
//! server, a deploy in the middle of a busy hour. Some customers render for free, some pay for
//! jobs that the deploy killed, and a subscriber who bought a pack loses it on renewal day. The
//! history page explains none of it, so each one is a ticket, a guess, and a gift.
//!
//! **The cure.** The database decides, in the statement that moves the money: `UPDATE … WHERE
//! credits >= cost`; a row lock, and a look at prior rows under it; a unique key on the fact; holds
//! and events as rows, in the same transaction as what they explain; grants that add.

use crate::stripe_signature;
use serde_json::Value;
use simulator::{
    AccountId, Answer, Balance, Catalogue, Charge, Clawback, Credits, CustomerId, Delivery,
    EntriesSum, Entry, JobId, Ledger, LedgerError, Policy, Refund, Reserve, Status, World,
};
use sqlx::PgPool;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The naive ledger.
pub struct Naive {
    pool: PgPool,
    webhook_secret: String,
    catalogue: Catalogue,
    /// The work in progress.
    jobs: Mutex<HashMap<JobId, Job>>,
    /// The Stripe events that were handled.
    events: Mutex<HashSet<String>>,
}

/// A job that credits were taken for.
#[derive(Clone)]
struct Job {
    account: AccountId,
    amount: i64,
    started: Instant,
    charged: bool,
    refunded: bool,
}

impl Ledger for Naive {
    fn migrations() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("naive")
    }

    fn policy() -> Policy {
        Policy {
            clawback: Some(Clawback::None),
            partial_charge: Some(true),
            entries_sum: Some(EntriesSum::Spendable),
            ..Policy::default()
        }
    }

    async fn open(world: &World) -> Answer<Self> {
        Ok(Self {
            pool: PgPool::connect(world.database_url()).await?,
            webhook_secret: world.webhook_secret().to_owned(),
            catalogue: world.catalogue().clone(),
            jobs: Mutex::default(),
            events: Mutex::default(),
        })
    }

    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        sqlx::query("insert into profiles (id) values ($1::uuid) on conflict do nothing")
            .bind(account.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn link(&self, account: &AccountId, customer: &CustomerId) -> Answer<()> {
        sqlx::query("update profiles set stripe_customer_id = $2 where id = $1::uuid")
            .bind(account.as_str())
            .bind(customer.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        // A double click.
        if self.jobs().contains_key(job) {
            return Ok(Reserve::Reserved);
        }
        let amount = amount.get();
        let credits = self.credits(account).await?;
        if credits < amount {
            return Ok(Reserve::Insufficient);
        }
        self.set_credits(account, credits - amount).await?;
        self.log(account, -amount, "reserve", Some(job)).await?;
        self.jobs().insert(
            job.clone(),
            Job {
                account: account.clone(),
                amount,
                started: Instant::now(),
                charged: false,
                refunded: false,
            },
        );
        Ok(Reserve::Reserved)
    }

    async fn charge(&self, job: &JobId, cost: Credits) -> Answer<Charge> {
        let Some(known) = self.job(job) else {
            return Ok(Charge::Unknown);
        };
        if known.charged {
            return Ok(Charge::Charged);
        }
        // The credits were taken when the job started; what it didn't need goes back.
        let rest = known.amount - cost.get();
        if rest != 0 {
            self.add_credits(&known.account, rest, "release", job)
                .await?;
        }
        self.update(job, |job| job.charged = true);
        Ok(Charge::Charged)
    }

    async fn refund(&self, job: &JobId) -> Answer<Refund> {
        let Some(known) = self.job(job) else {
            return Ok(Refund::Unknown);
        };
        if known.refunded {
            return Ok(Refund::Refunded);
        }
        self.add_credits(&known.account, known.amount, "refund", job)
            .await?;
        self.update(job, |job| job.refunded = true);
        Ok(Refund::Refunded)
    }

    async fn sweep(&self, older_than: Duration) -> Answer<Vec<JobId>> {
        let mut stuck: Vec<JobId> = self
            .jobs()
            .iter()
            .filter(|(_, job)| !job.charged && !job.refunded)
            .filter(|(_, job)| job.started.elapsed() >= older_than)
            .map(|(id, _)| id.clone())
            .collect();
        stuck.sort();
        for job in &stuck {
            self.refund(job).await?;
        }
        Ok(stuck)
    }

    async fn webhook(&self, delivery: &Delivery) -> Answer<Status> {
        let header = delivery.signature().unwrap_or_default();
        if !stripe_signature::is_genuine(&self.webhook_secret, header, &delivery.body) {
            return Ok(Status::BAD_REQUEST);
        }
        let Ok(event) = serde_json::from_slice::<Value>(&delivery.body) else {
            return Ok(Status::BAD_REQUEST);
        };
        // Stripe sends some events twice.
        let id = event["id"].as_str().unwrap_or_default();
        if self.events().contains(id) {
            return Ok(Status::OK);
        }
        self.handle(&event).await?;
        self.events().insert(id.to_owned());
        Ok(Status::OK)
    }

    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        Ok(Balance {
            spendable: Credits::new(self.credits(account).await?),
            held: None,
            owed: None,
        })
    }

    async fn entries(&self, account: &AccountId) -> Answer<Vec<Entry>> {
        let rows: Vec<(i64, String, Option<String>)> = sqlx::query_as(
            "select amount, kind, job_id from credit_transactions
              where profile_id = $1::uuid order by id",
        )
        .bind(account.as_str())
        .fetch_all(&self.pool)
        .await?;
        let entry = |(amount, kind, job): (i64, String, Option<String>)| Entry {
            delta: Credits::new(amount),
            kind,
            job: job.map(JobId::new),
        };
        Ok(rows.into_iter().map(entry).collect())
    }
}

impl Naive {
    /// Does what an event asks for.
    async fn handle(&self, event: &Value) -> Answer<()> {
        let object = &event["data"]["object"];
        match event["type"].as_str().unwrap_or_default() {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                if object["mode"] != "payment" || object["payment_status"] != "paid" {
                    return Ok(());
                }
                let account = AccountId::new(text(&object["client_reference_id"])?);
                let bought = self.credits_of(text(&object["metadata"]["price"])?)?;
                let credits = self.credits(&account).await?;
                self.set_credits(&account, credits + bought).await?;
                self.log(&account, bought, "purchase", None).await
            }
            "invoice.paid" => {
                let Some(account) = self.account_of(text(&object["customer"])?).await? else {
                    // Not one of ours.
                    return Ok(());
                };
                let line = &object["lines"]["data"][0];
                let monthly = self.credits_of(text(&line["pricing"]["price_details"]["price"])?)?;
                // A new month: last month's credits lapse.
                self.set_credits(&account, monthly).await?;
                self.log(&account, monthly, "renewal", None).await
            }
            _ => Ok(()),
        }
    }

    async fn credits(&self, account: &AccountId) -> Answer<i64> {
        sqlx::query_scalar("select credits from profiles where id = $1::uuid")
            .bind(account.as_str())
            .fetch_optional(&self.pool)
            .await?
            .ok_or_else(|| LedgerError::refused(format!("no profile {account}")))
    }

    async fn set_credits(&self, account: &AccountId, credits: i64) -> Answer<()> {
        sqlx::query("update profiles set credits = $2 where id = $1::uuid")
            .bind(account.as_str())
            .bind(credits)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A line for the history page.
    async fn log(
        &self,
        account: &AccountId,
        amount: i64,
        kind: &str,
        job: Option<&JobId>,
    ) -> Answer<()> {
        sqlx::query(
            "insert into credit_transactions (profile_id, amount, kind, job_id)
             values ($1::uuid, $2, $3, $4)",
        )
        .bind(account.as_str())
        .bind(amount)
        .bind(kind)
        .bind(job.map(JobId::as_str))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn add_credits(
        &self,
        account: &AccountId,
        amount: i64,
        kind: &str,
        job: &JobId,
    ) -> Answer<()> {
        let credits = self.credits(account).await?;
        self.set_credits(account, credits + amount).await?;
        self.log(account, amount, kind, Some(job)).await
    }

    async fn account_of(&self, customer: &str) -> Answer<Option<AccountId>> {
        let id: Option<String> =
            sqlx::query_scalar("select id::text from profiles where stripe_customer_id = $1")
                .bind(customer)
                .fetch_optional(&self.pool)
                .await?;
        Ok(id.map(AccountId::new))
    }

    fn credits_of(&self, price: &str) -> Answer<i64> {
        self.catalogue
            .offer(price)
            .map(|offer| offer.credits.get())
            .ok_or_else(|| LedgerError::failed(format!("unknown price {price}")))
    }

    fn job(&self, job: &JobId) -> Option<Job> {
        self.jobs().get(job).cloned()
    }

    fn update(&self, job: &JobId, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs().get_mut(job) {
            change(job);
        }
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<JobId, Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn events(&self) -> MutexGuard<'_, HashSet<String>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(value: &Value) -> Answer<&str> {
    value
        .as_str()
        .ok_or_else(|| LedgerError::failed("a field is missing in the event"))
}
