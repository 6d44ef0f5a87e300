//! Where schedules are played: a server, the ledger's schema on it, and a database to spoil.

use super::cast::Cast;
use super::line::{Line, News};
use super::play::Play;
use super::shop;
use crate::clock;
use crate::history::History;
use crate::server::{Database, Server, ServerError, Template};
use crate::storm::{Menu, Schedule};
use crate::strategy::{Choice, Diverged, Next};
use crate::stripe::Stripe;
use crate::target::{
    AccountId, Call, Catalogue, Credits, CustomerId, Delivery, FactId, JobId, LedgerError,
    OfferKind, Operation, Process, Reply, Subject, World,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use thiserror::Error;

/// A call that takes longer than this is given up as hung, unless a stage says otherwise.
/// Generous: nothing here takes a tenth of a second on an idle machine.
const LIMIT: Duration = Duration::from_secs(10);

/// A database serves so many schedules before it is replaced.
const SCHEDULES_A_DATABASE: u32 = 1_000;

/// Why a schedule could not be played at all. It is never the ledger's verdict.
#[derive(Debug, Error)]
pub enum StageError {
    /// The server, or the schema on it.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The wire's own folder or socket.
    #[error("cannot put the wire between the ledger and its database: {0}")]
    Wire(std::io::Error),
    /// The same steps led elsewhere than before.
    #[error("the ledger's own doing isn't the same each time: {0}")]
    Diverged(Diverged),
    /// The ledger's first instance did not open.
    #[error("the ledger `{ledger}` did not open: {why}")]
    Open {
        /// Its name.
        ledger: String,
        /// What it said.
        why: LedgerError,
    },
}

/// A ledger with everything that it needs to be attacked.
pub struct Stage {
    subject: Arc<Subject>,
    server: Server,
    template: Template,
    database: Database,
    played: u32,
    runs: u64,
    catalogue: Catalogue,
    offers: BTreeSet<Operation>,
    limit: Duration,
    /// Instances that the last schedule left alive.
    warm: Instances,
    /// The instances' lines, where calls can run inside one another.
    wire: Option<Wire>,
}

/// Both lines, what is told from them, and whether they hold.
struct Wire {
    lines: [Line; 2],
    news: Receiver<News>,
    hold: Arc<AtomicBool>,
}

/// The two instances of a ledger, each alive or not.
pub(super) type Instances = [Option<Process>; 2];

/// Who chooses at each step of a duel.
pub type Chooser<'a> = dyn FnMut(&[Choice]) -> Result<Next, Diverged> + 'a;

/// How a duel went.
#[derive(Clone, Debug)]
pub struct Fought {
    /// What happened; `None` for an order that can't be told from one that was tried.
    pub history: Option<History>,
    /// Which side moved at each choice.
    pub order: Vec<u32>,
}

/// Which instances a schedule begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// New ones, that have seen nothing: what a schedule shows is its own doing.
    Fresh,
    /// Those that the last schedule left alive: several times as many schedules in the same time.
    /// Whoever finds something so must find it again on fresh ones.
    Warm,
}

impl Stage {
    /// Installs the ledger's schema on the server, and asks the ledger once what it offers.
    ///
    /// # Errors
    /// SQL that doesn't apply, a server that fails, a ledger that doesn't open.
    pub fn new(subject: Arc<Subject>, server: Server) -> Result<Self, StageError> {
        Self::with_limit(subject, server, LIMIT)
    }

    /// The same, with another limit after which a call is given up as hung.
    ///
    /// # Errors
    /// As [`Stage::new`].
    pub fn with_limit(
        subject: Arc<Subject>,
        server: Server,
        limit: Duration,
    ) -> Result<Self, StageError> {
        let template = server.install(subject.migrations())?;
        let database = server.clone_database(&template)?;
        let mut stage = Self {
            subject,
            server,
            template,
            database,
            played: 0,
            runs: 0,
            catalogue: shop::catalogue(),
            offers: BTreeSet::new(),
            limit,
            warm: [None, None],
            wire: None,
        };
        stage.offers = stage.probe()?;
        Ok(stage)
    }

    /// Puts the wire between the ledger and its database, so that schedules may have duels.
    ///
    /// # Errors
    /// No folder or socket for it.
    pub fn with_wire(mut self) -> Result<Self, StageError> {
        let (tell, news) = channel();
        let hold = Arc::new(AtomicBool::new(false));
        let open = |actor| {
            let upstream = self.server.address();
            Line::open(actor, upstream, Arc::clone(&hold), tell.clone()).map_err(StageError::Wire)
        };
        let lines = [open(0)?, open(1)?];
        self.warm = [None, None];
        self.wire = Some(Wire { lines, news, hold });
        Ok(self)
    }

    /// The next thing that a doorkeeper tells; waits for it if `patient`.
    pub(super) fn news(&self, patience: Duration, patient: bool) -> Option<News> {
        let wire = self.wire.as_ref()?;
        if patient {
            wire.news.recv_timeout(patience).ok()
        } else {
            wire.news.try_recv().ok()
        }
    }

    /// Whether the doorkeepers hold.
    pub(super) fn hold(&self, hold: bool) {
        if let Some(wire) = &self.wire {
            wire.hold.store(hold, Ordering::SeqCst);
        }
    }

    /// Whether PostgreSQL says that this backend waits for another.
    pub(super) fn is_blocked(&self, backend: u32) -> bool {
        // A server that doesn't answer shows at the next statement of our own.
        self.server.blockers(backend).is_ok_and(|by| !by.is_empty())
    }

    /// After how long a call is given up as hung.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// The ledger under test.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What the ledger was found to offer.
    #[must_use]
    pub fn offers(&self) -> &BTreeSet<Operation> {
        &self.offers
    }

    /// What storms can draw from on this stage, before faults are chosen.
    #[must_use]
    pub fn menu(&self) -> Menu {
        let offers = |operation| self.offers.contains(&operation);
        let webhook = offers(Operation::Webhook);
        Menu {
            packs: shop::prices(&self.catalogue, OfferKind::Pack).len(),
            plans: shop::prices(&self.catalogue, OfferKind::Plan).len(),
            payments: webhook || offers(Operation::Grant),
            webhook,
            jobs: offers(Operation::Reserve),
            ends: offers(Operation::Charge) && offers(Operation::Refund),
            sweeps: offers(Operation::Sweep),
            links: offers(Operation::Link),
            abroad: !shop::abroad(&self.catalogue).is_empty(),
            faults: Vec::new(),
        }
    }

    /// Plays a schedule from its first step to the end of the calm.
    ///
    /// # Errors
    /// A server that fails; what the ledger does is in the history.
    pub fn play(&mut self, schedule: &Schedule, begin: Begin) -> Result<History, StageError> {
        if self.played >= SCHEDULES_A_DATABASE {
            self.refresh()?;
        }
        self.played += 1;
        self.runs += 1;
        let kept = std::mem::take(&mut self.warm);
        let instances = match begin {
            Begin::Warm => kept,
            Begin::Fresh => [None, None],
        };
        let (history, left, _) = Play::new(self, self.runs, instances, None).run(schedule);
        self.warm = left;
        Ok(history)
    }

    /// Plays a schedule whose duel is fought in the order that `chooser` says.
    ///
    /// # Errors
    /// A server that fails; an order that can't be kept.
    pub fn play_duel(
        &mut self,
        schedule: &Schedule,
        chooser: &mut Chooser<'_>,
    ) -> Result<Fought, StageError> {
        self.played += 1;
        self.runs += 1;
        let instances = std::mem::take(&mut self.warm);
        let play = Play::new(self, self.runs, instances, Some(chooser));
        let (history, left, chosen) = play.run(schedule);
        self.warm = left;
        if let Some(diverged) = chosen.diverged {
            return Err(StageError::Diverged(diverged));
        }
        Ok(Fought {
            history: (!chosen.redundant).then_some(history),
            order: chosen.order,
        })
    }

    /// Takes a fresh database, as after every schedule that broke something.
    ///
    /// # Errors
    /// A server that fails.
    pub fn refresh(&mut self) -> Result<(), StageError> {
        self.warm = [None, None];
        let fresh = self.server.clone_database(&self.template)?;
        let spoilt = std::mem::replace(&mut self.database, fresh);
        self.played = 0;
        self.server.drop_database(spoilt)?;
        Ok(())
    }

    pub(super) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Opens one instance of the ledger.
    pub(super) fn open(&self, instance: usize) -> Result<Process, LedgerError> {
        let url = match &self.wire {
            Some(wire) => wire.lines[instance % 2].url(self.database.name()),
            None => self.database.url().to_owned(),
        };
        let world = World::new(url, shop::stripe_access(), self.catalogue.clone());
        Process::start(&self.subject, &world, self.limit)
    }

    /// Asks a scratch instance which operations it has.
    fn probe(&mut self) -> Result<BTreeSet<Operation>, StageError> {
        let mut process = self.open(0).map_err(|why| StageError::Open {
            ledger: self.subject.name().to_owned(),
            why,
        })?;
        let account: AccountId = Cast::new(0).account(0);
        let job: JobId = Cast::new(0).job(0);
        let amount = Credits::new(1);
        let mut stripe = Stripe::new(0, self.catalogue.clone(), clock::unix_now());
        let customer: CustomerId = stripe.create_customer(&account);
        let calls = [
            Call::Open {
                account: account.clone(),
            },
            Call::Link {
                account: account.clone(),
                customer,
            },
            Call::Grant {
                account: account.clone(),
                fact: FactId::new("cs_test_probe"),
                amount,
            },
            Call::Reserve {
                account: account.clone(),
                job: job.clone(),
                amount,
            },
            Call::Refund { job: job.clone() },
            Call::Charge { job, cost: amount },
            Call::Sweep {
                older_than: Duration::ZERO,
            },
            // Not signed at all: whoever has a webhook refuses it.
            Call::Webhook(Delivery {
                headers: Vec::new(),
                body: b"{}".to_vec(),
            }),
            Call::Balance {
                account: account.clone(),
            },
            Call::Entries { account },
        ];
        let mut offers = BTreeSet::new();
        for call in calls {
            match process.call(&call) {
                Ok(Reply::Error(LedgerError::NotOffered)) => {}
                Ok(_) => {
                    offers.insert(call.operation());
                }
                // It has the operation; the storm will meet it again and say that it hangs.
                Err(_) => {
                    offers.insert(call.operation());
                    process = self.open(0).map_err(|why| StageError::Open {
                        ledger: self.subject.name().to_owned(),
                        why,
                    })?;
                }
            }
        }
        drop(process);
        self.refresh()?;
        Ok(offers)
    }
}
