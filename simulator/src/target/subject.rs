//! The ledger under test before it is opened: a name, a schema, and a way to make instances.

use super::call::{Call, Reply};
use super::ledger::{Answer, Ledger};
use super::{Clients, Policy, World};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

/// A future that a ledger's own thread drives.
pub type Running<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One opened ledger, whatever its kind: it takes a call and answers.
pub trait Instance: Send + Sync {
    /// Runs one call to its end.
    fn call<'a>(&'a self, call: &'a Call) -> Running<'a, Reply>;
}

impl<L: Ledger> Instance for L {
    fn call<'a>(&'a self, call: &'a Call) -> Running<'a, Reply> {
        Box::pin(async move {
            fn wrap<T>(answer: Answer<T>, reply: impl FnOnce(T) -> Reply) -> Reply {
                answer.map_or_else(Reply::Error, reply)
            }
            match call {
                Call::Open { account } => wrap(self.open_account(account).await, |()| Reply::Done),
                Call::Link { account, customer } => {
                    wrap(self.link(account, customer).await, |()| Reply::Done)
                }
                Call::Reserve {
                    account,
                    job,
                    amount,
                } => wrap(self.reserve(account, job, *amount).await, Reply::Reserve),
                Call::Charge { job, cost } => wrap(self.charge(job, *cost).await, Reply::Charge),
                Call::Refund { job } => wrap(self.refund(job).await, Reply::Refund),
                Call::Sweep { older_than } => wrap(self.sweep(*older_than).await, Reply::Sweep),
                Call::Grant {
                    account,
                    fact,
                    amount,
                } => wrap(self.grant(account, fact, *amount).await, Reply::Grant),
                Call::Webhook(delivery) => wrap(self.webhook(delivery).await, Reply::Webhook),
                Call::Balance { account } => wrap(self.balance(account).await, Reply::Balance),
                Call::Entries { account } => wrap(self.entries(account).await, Reply::Entries),
            }
        })
    }
}

type Opener =
    Box<dyn for<'a> Fn(&'a World) -> Running<'a, Answer<Box<dyn Instance>>> + Send + Sync>;

/// A ledger that Badai can attack by name.
pub struct Subject {
    name: String,
    story: String,
    migrations: PathBuf,
    policy: Policy,
    clients: Clients,
    open: Opener,
}

impl Subject {
    /// The Rust ledger `L`, under a name and with a one-line story for `list ledgers`.
    #[must_use]
    pub fn rust<L: Ledger>(name: &str, story: &str) -> Self {
        Self {
            name: name.to_owned(),
            story: story.to_owned(),
            migrations: L::migrations(),
            policy: L::policy(),
            clients: L::clients(),
            open: Box::new(|world| {
                Box::pin(async move {
                    let ledger = L::open(world).await?;
                    Ok(Box::new(ledger) as Box<dyn Instance>)
                })
            }),
        }
    }

    /// The same, with these clients.
    #[must_use]
    pub fn with_clients(mut self, clients: Clients) -> Self {
        self.clients = clients;
        self
    }

    /// The name that `--ledger` takes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One line about what it is.
    #[must_use]
    pub fn story(&self) -> &str {
        &self.story
    }

    /// The folder of `.sql` files that make its schema.
    #[must_use]
    pub fn migrations(&self) -> &std::path::Path {
        &self.migrations
    }

    /// The choices that it declares.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The client roles that reach its database without it.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Opens one instance in this world.
    pub fn open<'a>(&'a self, world: &'a World) -> Running<'a, Answer<Box<dyn Instance>>> {
        (self.open)(world)
    }
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subject({})", self.name)
    }
}
