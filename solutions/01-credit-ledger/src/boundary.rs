//! Step 01.4: the backend-only boundary.
//!
//! The lab's file. What the learner writes is in `migrations/004_boundary.sql`.

use crate::given;
use simulator::{AccountId, Answer, Balance, Clients, Credits, Entry, FactId, Grant, JobId};
use simulator::{Ledger, Reserve, World};
use sqlx::PgPool;
use std::path::PathBuf;

/// The ledger of step 01.4: browsers reach its database, and may only look.
#[derive(Debug)]
pub struct CreditLedger {
    pool: PgPool,
}

impl Ledger for CreditLedger {
    fn migrations() -> PathBuf {
        given::migration("004_boundary.sql")
    }

    /// Visitors and signed-in customers, through the platform's API.
    fn clients() -> Clients {
        Clients::supabase()
    }

    async fn open(world: &World) -> Answer<Self> {
        let pool = given::connect(world).await?;
        Ok(Self { pool })
    }

    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        given::reserve(&self.pool, account, job, amount).await
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
