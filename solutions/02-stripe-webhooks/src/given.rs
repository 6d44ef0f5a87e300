//! What every step finds done: the endpoint around the event, accounts, customers, the balance, and
//! the rows. There is nothing to write here.

use crate::told::{Payment, Told, read};
use simulator::{AccountId, Answer, Balance, Catalogue, Credits, CustomerId, Delivery, Entry};
use simulator::{Status, World, stripe};
use sqlx::PgPool;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// One endpoint: its database, its secret, and what is sold.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) pool: PgPool,
    pub(crate) secret: String,
    pub(crate) catalogue: Catalogue,
}

/// The file of a step's tables.
pub(crate) fn migration(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(file)
}

/// Unix seconds: signatures grow old.
#[allow(clippy::disallowed_methods)]
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

impl Endpoint {
    pub(crate) async fn open(world: &World) -> Answer<Self> {
        Ok(Self {
            pool: PgPool::connect(world.database_url()).await?,
            secret: world.webhook_secret().to_owned(),
            catalogue: world.catalogue().clone(),
        })
    }

    /// Step 02.1, done: the event in a delivery that Stripe signed, or the status that it gets.
    pub(crate) fn verified(&self, delivery: &Delivery) -> Result<(String, Told), Status> {
        let header = delivery.signature().unwrap_or_default();
        stripe::signature::verify(&self.secret, header, &delivery.body, now())
            .map_err(|_| Status::BAD_REQUEST)?;
        read(&delivery.body, &self.catalogue)
    }

    /// The account that a payment is for: our own reference first, then Stripe's customer.
    pub(crate) async fn account_of(&self, payment: &Payment) -> Answer<Option<String>> {
        if payment.account.is_some() {
            return Ok(payment.account.clone());
        }
        Ok(
            sqlx::query_scalar("select account::text from customers where id = $1")
                .bind(&payment.customer)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    pub(crate) async fn open_account(&self, account: &AccountId) -> Answer<()> {
        sqlx::query("insert into accounts (id) values ($1::uuid) on conflict do nothing")
            .bind(account.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub(crate) async fn link(&self, account: &AccountId, customer: &CustomerId) -> Answer<()> {
        sqlx::query(
            "insert into customers (id, account) values ($1, $2::uuid) on conflict do nothing",
        )
        .bind(customer.as_str())
        .bind(account.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub(crate) async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let (spendable, owed) =
            sqlx::query_as("select spendable, owed from accounts where id = $1::uuid")
                .bind(account.as_str())
                .fetch_one(&self.pool)
                .await?;
        Ok(Balance {
            spendable: Credits::new(spendable),
            held: None,
            owed: Some(Credits::new(owed)),
        })
    }

    pub(crate) async fn entries(&self, account: &AccountId) -> Answer<Vec<Entry>> {
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
