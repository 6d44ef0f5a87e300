//! The trait that a ledger in Rust implements.

use super::reply::{Balance, Charge, Delivery, Entry, Grant, LedgerError, Refund, Reserve, Status};
use super::{AccountId, Clients, Credits, CustomerId, FactId, JobId, Policy, World};
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

/// What every operation returns: its own reply, or why there is none.
pub type Answer<T> = Result<T, LedgerError>;

/// A credit ledger that Badai can attack.
///
/// An implementation writes plain `async fn`s. `open` makes one instance, as a process in
/// production would: its pool, its caches. Dropping it is its death. Every operation has a
/// default that answers "not offered": leave out what the ledger doesn't do, and the
/// invariants that need it are reported as `unchecked`.
pub trait Ledger: Sized + Send + Sync + 'static {
    /// The `.sql` file that makes the schema, or a folder of them, applied once in name order.
    fn migrations() -> PathBuf;

    /// The choices that this ledger makes.
    fn policy() -> Policy {
        Policy::default()
    }

    /// The client roles that reach its database without it, for `boundary`.
    fn clients() -> Clients {
        Clients::none()
    }

    /// Opens one instance.
    fn open(world: &World) -> impl Future<Output = Answer<Self>> + Send;

    /// The account exists from now on.
    fn open_account(&self, _account: &AccountId) -> impl Future<Output = Answer<()>> + Send {
        not_offered()
    }

    /// Stripe's customer is this account's.
    fn link(
        &self,
        _account: &AccountId,
        _customer: &CustomerId,
    ) -> impl Future<Output = Answer<()>> + Send {
        not_offered()
    }

    /// Holds `amount` for the job if spendable covers it.
    fn reserve(
        &self,
        _account: &AccountId,
        _job: &JobId,
        _amount: Credits,
    ) -> impl Future<Output = Answer<Reserve>> + Send {
        not_offered()
    }

    /// The job succeeded: `cost` is spent, the rest of its hold released, at once.
    fn charge(&self, _job: &JobId, _cost: Credits) -> impl Future<Output = Answer<Charge>> + Send {
        not_offered()
    }

    /// The job failed: its whole hold is released.
    fn refund(&self, _job: &JobId) -> impl Future<Output = Answer<Refund>> + Send {
        not_offered()
    }

    /// Refunds every open hold at least `older_than` old, and no other; returns their jobs.
    fn sweep(&self, _older_than: Duration) -> impl Future<Output = Answer<Vec<JobId>>> + Send {
        not_offered()
    }

    /// Adds `amount` once for that fact.
    fn grant(
        &self,
        _account: &AccountId,
        _fact: &FactId,
        _amount: Credits,
    ) -> impl Future<Output = Answer<Grant>> + Send {
        not_offered()
    }

    /// Applies a Stripe event once; answers with an HTTP status.
    fn webhook(&self, _delivery: &Delivery) -> impl Future<Output = Answer<Status>> + Send {
        not_offered()
    }

    /// What the account has now.
    fn balance(&self, _account: &AccountId) -> impl Future<Output = Answer<Balance>> + Send {
        not_offered()
    }

    /// The account's rows, oldest first.
    fn entries(&self, _account: &AccountId) -> impl Future<Output = Answer<Vec<Entry>>> + Send {
        not_offered()
    }
}

/// The default of every operation.
fn not_offered<T: Send>() -> impl Future<Output = Answer<T>> + Send {
    std::future::ready(Err(LedgerError::NotOffered))
}
