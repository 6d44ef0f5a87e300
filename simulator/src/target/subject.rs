//! The ledger under test before it is opened: a name, a schema, and a way to make instances.

use super::call::{Call, Reply};
use super::ledger::{Answer, Ledger};
use super::{Clients, LedgerError, Policy, Schema, Terms, World};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// A future that a ledger's own thread drives.
pub type Running<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One opened ledger, whatever its kind: it takes a call and answers.
pub trait Instance: Send + Sync {
    /// Runs one call to its end.
    fn call<'a>(&'a self, call: &'a Call) -> Running<'a, Reply>;
}

/// A kind of ledger: how an instance of it is opened, and what it can be told.
pub trait Driver: Send + Sync {
    /// Opens one instance in this world.
    fn open<'a>(&'a self, world: &'a World) -> Running<'a, Answer<Box<dyn Instance>>>;

    /// Whether there is a way to say this now. Some calls need what an earlier one answered.
    fn can_send(&self, _call: &Call) -> bool {
        true
    }

    /// What came up while it ran that whoever reads the verdict should know.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
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
                    ..
                } => wrap(self.grant(account, fact, *amount).await, Reply::Grant),
                Call::Checkout { .. } | Call::Age { .. } => Reply::Error(LedgerError::NotOffered),
                Call::Webhook(delivery) => wrap(self.webhook(delivery).await, Reply::Webhook),
                Call::Balance { account } => wrap(self.balance(account).await, Reply::Balance),
                Call::Entries { account } => wrap(self.entries(account).await, Reply::Entries),
            }
        })
    }
}

/// A ledger in Rust.
struct Rust<L>(PhantomData<fn() -> L>);

impl<L: Ledger> Driver for Rust<L> {
    fn open<'a>(&'a self, world: &'a World) -> Running<'a, Answer<Box<dyn Instance>>> {
        Box::pin(async move {
            let ledger = L::open(world).await?;
            Ok(Box::new(ledger) as Box<dyn Instance>)
        })
    }
}

/// A ledger that Badai can attack by name.
pub struct Subject {
    name: String,
    handle: String,
    story: String,
    schema: Schema,
    policy: Policy,
    terms: Terms,
    clients: Clients,
    driver: Box<dyn Driver>,
}

impl Subject {
    /// The Rust ledger `L`, under a name and with a one-line story for `list ledgers`.
    #[must_use]
    pub fn rust<L: Ledger>(name: &str, story: &str) -> Self {
        let schema = Schema::Folder(L::migrations());
        Self::new(name, schema, L::policy(), Rust::<L>(PhantomData))
            .with_story(story)
            .with_clients(L::clients())
    }

    /// A ledger of any kind.
    #[must_use]
    pub fn new(name: &str, schema: Schema, policy: Policy, driver: impl Driver + 'static) -> Self {
        Self {
            name: name.to_owned(),
            handle: name.to_owned(),
            story: String::new(),
            schema,
            policy,
            terms: Terms::default(),
            clients: Clients::default(),
            driver: Box::new(driver),
        }
    }

    /// The same, with a one-line story.
    #[must_use]
    pub fn with_story(mut self, story: &str) -> Self {
        story.clone_into(&mut self.story);
        self
    }

    /// The same, with what `--ledger` takes where that isn't its name.
    #[must_use]
    pub fn with_handle(mut self, handle: &str) -> Self {
        handle.clone_into(&mut self.handle);
        self
    }

    /// The same, on these terms.
    #[must_use]
    pub fn with_terms(mut self, terms: Terms) -> Self {
        self.terms = terms;
        self
    }

    /// The same, with these clients.
    #[must_use]
    pub fn with_clients(mut self, clients: Clients) -> Self {
        self.clients = clients;
        self
    }

    /// What reports call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What `--ledger` takes: its name, or the path of its file.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// One line about what it is.
    #[must_use]
    pub fn story(&self) -> &str {
        &self.story
    }

    /// What makes its schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The choices that it declares.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// On what terms it can be called.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The client roles that reach its database without it.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Opens one instance in this world.
    pub fn open<'a>(&'a self, world: &'a World) -> Running<'a, Answer<Box<dyn Instance>>> {
        self.driver.open(world)
    }

    /// Whether there is a way to say this now.
    #[must_use]
    pub fn can_send(&self, call: &Call) -> bool {
        self.driver.can_send(call)
    }

    /// What whoever reads the verdict should know.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = self.terms.remarks.clone();
        remarks.extend(self.driver.remarks());
        remarks
    }
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subject({})", self.name)
    }
}
