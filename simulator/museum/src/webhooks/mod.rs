//! A ledger that reads its webhooks right, but for one habit.
//!
//! [`Webhooks`] is a whole ledger of what Stripe tells: it verifies, de-duplicates, grants, claws
//! back and gives back. What people get wrong are small decisions; each of them is a method of
//! [`Habit`], which is right as it stands. A specimen overrides one.
//!
//! Deliveries wait for each other (one advisory lock, one transaction a delivery) unless that is the
//! habit, so no specimen is found by anything else.

mod event;
mod habit;
mod money;
mod question;

pub use event::Event;
pub use habit::{Fetches, Habit, Right, Stranger, Unanswered};

use question::Stripe;
use serde_json::Value;
use simulator::{
    AccountId, Answer, Balance, Catalogue, Clawback, Credits, CustomerId, Delivery, EntriesSum,
    Entry, Ledger, LedgerError, Policy, Status, World,
};
use sqlx::{PgConnection, PgPool};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// A ledger of webhooks with one habit.
pub struct Webhooks<H> {
    pool: PgPool,
    webhook_secret: String,
    catalogue: Catalogue,
    /// For those who ask it.
    stripe: Option<Stripe>,
    habit: PhantomData<H>,
}

impl<H: Habit> Ledger for Webhooks<H> {
    fn migrations() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("webhooks")
    }

    fn policy() -> Policy {
        Policy {
            clawback: Some(Clawback::Negative),
            entries_sum: Some(EntriesSum::Spendable),
            ..Policy::default()
        }
    }

    async fn open(world: &World) -> Answer<Self> {
        let asks = H::asks_stripe().is_some();
        Ok(Self {
            stripe: asks.then(|| Stripe::of(world)).transpose()?,
            pool: PgPool::connect(world.database_url()).await?,
            webhook_secret: world.webhook_secret().to_owned(),
            catalogue: world.catalogue().clone(),
            habit: PhantomData,
        })
    }

    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        sqlx::query("insert into accounts (id) values ($1::uuid) on conflict do nothing")
            .bind(account.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn link(&self, account: &AccountId, customer: &CustomerId) -> Answer<()> {
        let mut tx = self.pool.begin().await?;
        alone(&mut tx).await?;
        sqlx::query("update accounts set customer = $2 where id = $1::uuid")
            .bind(account.as_str())
            .bind(customer.as_str())
            .execute(&mut *tx)
            .await?;
        money::unpark(&mut tx, account.as_str(), customer.as_str()).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn webhook(&self, delivery: &Delivery) -> Answer<Status> {
        let Some(header) = delivery.signature() else {
            return Ok(Status::BAD_REQUEST);
        };
        if !H::is_genuine(&self.webhook_secret, header, &delivery.body) {
            return Ok(Status::BAD_REQUEST);
        }
        let Ok(body) = serde_json::from_slice::<Value>(&delivery.body) else {
            return Ok(Status::BAD_REQUEST);
        };
        let event = match self.as_it_is(Event::new(body)).await {
            Ok(event) => event,
            Err(Unanswered::IsNothing) => return Ok(Status::OK),
            Err(Unanswered::IsAskedAgain) => return Ok(Status::UNAVAILABLE),
        };
        let mut tx = self.pool.begin().await?;
        if !H::looks_first() {
            alone(&mut tx).await?;
        }
        if let Some(last) = H::remembers() {
            money::forget_all_but(&mut tx, last).await?;
        }
        let known = if H::looks_first() {
            money::is_known(&mut tx, event.id()).await?
        } else {
            !money::note(&mut tx, event.id()).await?
        };
        if known && H::knows_what_it_did() {
            return Ok(Status::OK);
        }
        let status = self.apply(&mut tx, &event).await?;
        if status.is_success() || H::remembers_what_it_refused() {
            if H::looks_first() {
                money::note(&mut tx, event.id()).await?;
            }
            tx.commit().await?;
        }
        Ok(status)
    }

    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let credits: Option<i64> =
            sqlx::query_scalar("select credits from accounts where id = $1::uuid")
                .bind(account.as_str())
                .fetch_optional(&self.pool)
                .await?;
        let credits =
            credits.ok_or_else(|| LedgerError::refused(format!("no account {account}")))?;
        Ok(Balance {
            spendable: Credits::new(credits),
            held: None,
            owed: None,
        })
    }

    async fn entries(&self, account: &AccountId) -> Answer<Vec<Entry>> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "select delta, kind from movements where account = $1::uuid order by id",
        )
        .bind(account.as_str())
        .fetch_all(&self.pool)
        .await?;
        let entry = |(delta, kind): (i64, String)| Entry {
            delta: Credits::new(delta),
            kind,
            job: None,
        };
        Ok(rows.into_iter().map(entry).collect())
    }
}

impl<H: Habit> Webhooks<H> {
    /// The event with what Stripe says of its session now, for those who ask.
    async fn as_it_is(&self, event: Event) -> Result<Event, Unanswered> {
        let (Some(stripe), Some(unanswered)) = (&self.stripe, H::asks_stripe()) else {
            return Ok(event);
        };
        let Some(id) = event.text("/id").filter(|_| event.is_checkout()) else {
            return Ok(event);
        };
        let session = stripe.session(id).await.ok_or(unanswered)?;
        Ok(event.with_object(session))
    }

    /// Does what an event asks for, once.
    async fn apply(&self, tx: &mut PgConnection, event: &Event) -> Answer<Status> {
        if let Some(fact) = H::paid_fact(event) {
            return self.grant(tx, event, &fact).await;
        }
        if event.kind() == "charge.refunded" {
            return money::went_back(tx, event, H::went_back(event)).await;
        }
        if H::withdraws(event) {
            return money::was_withdrawn(tx, event).await;
        }
        if event.kind() == "charge.dispute.funds_reinstated" {
            return money::was_reinstated(tx, event).await;
        }
        Ok(Status::OK)
    }

    async fn grant(&self, tx: &mut PgConnection, event: &Event, fact: &str) -> Answer<Status> {
        let Some(credits) = H::credits(&self.catalogue, event) else {
            return Ok(Status::OK);
        };
        let account = match H::account(event) {
            Some(account) => Some(account.to_owned()),
            None => money::owner(tx, event.customer()).await?,
        };
        if account.is_none() {
            match H::meets_a_stranger() {
                Stranger::IsParked => {}
                Stranger::IsRefused => return Ok(Status::BAD_REQUEST),
                Stranger::IsKeptAndRefused => {
                    money::keep(tx, event, fact, credits).await?;
                    return Ok(Status::BAD_REQUEST);
                }
            }
        }
        if let Some(account) = &account
            && !H::is_timely(event.created(), money::told_at(tx, account).await?)
        {
            return Ok(Status::OK);
        }
        if H::looks_first() && money::is_granted(tx, fact).await? {
            return Ok(Status::OK);
        }
        let new = sqlx::query(
            "insert into grants (fact, account, customer, credits, payment)
             values ($1, $2::uuid, $3, $4, $5) on conflict do nothing",
        )
        .bind(fact)
        .bind(&account)
        .bind(event.customer())
        .bind(credits)
        .bind(event.payment())
        .execute(&mut *tx)
        .await?;
        let is_news = new.rows_affected() == 1 || H::looks_first() || !H::knows_what_it_did();
        let (Some(account), true) = (account, is_news) else {
            return Ok(Status::OK);
        };
        if H::renewal_sets() && event.kind().starts_with("invoice.") {
            let had = money::credits(tx, &account).await?;
            money::moves(tx, &account, -had, "expiry").await?;
        }
        if H::moves_at_once() {
            let mut apart = self.pool.begin().await?;
            money::moves(&mut apart, &account, credits, "grant").await?;
            apart.commit().await?;
        } else {
            money::moves(tx, &account, credits, "grant").await?;
        }
        money::told_now(tx, &account, event.created()).await?;
        if let Some(payment) = event.payment() {
            money::claw_back(tx, payment).await?;
        }
        Ok(Status::OK)
    }
}

/// Whoever changes something waits for everybody else who does.
async fn alone(tx: &mut PgConnection) -> Answer<()> {
    sqlx::query("select pg_advisory_xact_lock(1)")
        .execute(tx)
        .await?;
    Ok(())
}
