//! Where schedules are played: a server, the ledger's schema on it, and a database to spoil.

use super::cast::Cast;
use super::counter::Counter;
use super::line::Line;
use super::load::Loaded;
use super::play::{Play, Played};
use super::shop;
use super::travel::Travel;
use super::wire::Wire;
use crate::clock;
use crate::history::History;
use crate::server::{Database, Server, ServerError, Template};
use crate::storm::{Fault, Menu, Schedule};
use crate::strategy::{Diverged, Strategy};
use crate::stripe::Stripe;
use crate::target::{
    AccountId, Call, Catalogue, Credits, CustomerId, Delivery, EventId, FactId, JobId, LedgerError,
    OfferKind, Operation, Process, Reply, Sale, Subject, World,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;

/// A call that takes longer than this is given up as hung, unless a stage says otherwise.
/// Generous: nothing here takes a tenth of a second on an idle machine.
const LIMIT: Duration = Duration::from_secs(10);

/// A database serves so many schedules before it is replaced: a ledger without an index reads all
/// that the schedules before have left there, and a fresh copy costs about as much as one schedule.
const SCHEDULES_A_DATABASE: u32 = 50;

/// Why a schedule could not be played at all. It is never the ledger's verdict.
#[derive(Debug, Error)]
pub enum StageError {
    /// The server, or the schema on it.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The wire's own folder or socket.
    #[error("cannot put the wire between the ledger and its database: {0}")]
    Wire(std::io::Error),
    /// The ledger can't be called as its contract file says, or answers what that doesn't describe.
    #[error("{0}")]
    Mistaken(String),
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
    /// The Stripe that storms move.
    counter: Counter,
    /// What a new account can spend before anything is bought.
    opening: i64,
    /// What was left out of the schema.
    left_out: Vec<String>,
    limit: Duration,
    /// Instances that the last schedule left alive.
    warm: Instances,
    /// The instances' lines, where calls can run inside one another.
    wire: Option<Wire>,
    /// The server didn't come back from a crash.
    fallen: Mutex<Option<ServerError>>,
    /// What is known of its clock.
    pub(super) travel: Travel,
}

/// The two instances of a ledger, each alive or not.
pub(super) type Instances = [Option<Process>; 2];

/// How a duel went.
#[derive(Clone, Debug)]
pub struct Fought {
    /// What happened; `None` for an order that can't be told from one that was tried.
    pub history: Option<History>,
    /// Which side was chosen at each choice.
    pub order: Vec<u32>,
    /// Where it left the run that the strategy was repeating; what happened ends there.
    pub diverged: Option<Diverged>,
    /// Somebody waited for another in one process: what it has in memory matters.
    pub waited_inside: bool,
}

/// How a duel is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Moves of those who share a process are never taken for independent.
    pub minds_memory: bool,
    /// The money isn't read where that only tells how it came to the duel: of many orders, most
    /// have nothing to tell.
    pub spares: bool,
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
        let (template, left_out) = server.install_schema(subject.schema())?;
        let catalogue = subject.terms().catalogue.clone();
        let catalogue = catalogue.unwrap_or_else(shop::catalogue);
        let database = server.clone_database(&template)?;
        let mut stage = Self {
            subject,
            server,
            template,
            database,
            played: 0,
            runs: 0,
            counter: Counter::new(Stripe::new(0, catalogue.clone(), clock::unix_now())),
            catalogue,
            offers: BTreeSet::new(),
            opening: 0,
            left_out,
            limit,
            warm: [None, None],
            wire: None,
            fallen: Mutex::default(),
            travel: Travel::Untried,
        };
        stage.probe()?;
        Ok(stage)
    }

    /// Puts the wire between the ledger and its database, so that calls can run inside one another
    /// and be struck.
    ///
    /// # Errors
    /// No folder or socket for it; a server that insists on encryption, which the wire can't read; a
    /// schema in which no gates can be laid.
    pub fn with_wire(mut self) -> Result<Self, StageError> {
        self.put_wire()?;
        self.hold_writes()?;
        Ok(self)
    }

    /// Lays a gate before every table, so that writes inside a database function can be held too;
    /// only on a stage with a wire.
    ///
    /// # Errors
    /// A schema in which no gates can be laid, a server that fails.
    pub fn hold_writes(&mut self) -> Result<(), StageError> {
        self.server.lay_gates(&self.template)?;
        self.renew_database()?;
        if let Some(wire) = &self.wire {
            wire.watch_over(&self.server, &self.database)?;
        }
        Ok(())
    }

    /// The same where it can be had, without gates, and as it was where not.
    #[must_use]
    pub fn with_wire_if_possible(mut self) -> Self {
        if self.put_wire().is_err() {
            self.wire = None;
        }
        self
    }

    fn put_wire(&mut self) -> Result<(), StageError> {
        let wire = Wire::open(&self.server)?;
        self.warm = [None, None];
        self.wire = Some(wire);
        // What can't be opened through it would be the ledger's fault at every call.
        let opened = self.open(0).map_err(|why| StageError::Open {
            ledger: self.subject.name().to_owned(),
            why,
        })?;
        self.warm = [Some(opened), None];
        Ok(())
    }

    /// The wire, where there is one.
    pub(super) fn wire(&self) -> Option<&Wire> {
        self.wire.as_ref()
    }

    /// An instance's line, where there is a wire.
    pub(super) fn line(&self, instance: usize) -> Option<&Line> {
        self.wire.as_ref().map(|wire| wire.line(instance))
    }

    /// Takes the database down and starts it again. If it doesn't come back, the schedule is
    /// nobody's fault and has no verdict: then this is false.
    pub(super) fn fell(&self) -> bool {
        let back = self.server.crash();
        let back = back.and_then(|()| self.follow());
        let Err(error) = back else {
            return true;
        };
        let mut fallen = self.fallen.lock().unwrap_or_else(PoisonError::into_inner);
        fallen.get_or_insert(error);
        false
    }

    /// Whoever watches over the database watches the one that there is now.
    fn follow(&self) -> Result<(), ServerError> {
        match &self.wire {
            Some(wire) if wire.watches() => wire.watch_over(&self.server, &self.database),
            _ => Ok(()),
        }
    }

    /// Why this fault can't strike here, or tells only half, if so.
    #[must_use]
    pub fn refuses(&self, fault: Fault) -> Option<String> {
        if fault.needs_wire() && !self.has_wire() {
            Some("no wire between the ledger and its database".to_owned())
        } else if fault.fells() && !self.server.is_ours() {
            Some("the server is lent, and badai takes down only its own".to_owned())
        } else if fault.needs_questions() && !self.asks() {
            Some("the ledger never asks where Stripe is".to_owned())
        } else if fault == Fault::TimeTravel {
            self.refuses_travel()
        } else {
            None
        }
    }

    /// Lets the server's clock be moved.
    pub(super) fn loosen_clock(&self) -> Result<(), ServerError> {
        self.server.loosen_clock()
    }

    /// Shifts the database's clock by so many seconds in all; false where it can't be.
    pub(super) fn shift_clock(&self, seconds: u64) -> bool {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        self.can_travel() && self.server.shift_clock(seconds).is_ok()
    }

    /// Lets the instances go that were kept: their connections won't last.
    pub(super) fn let_go(&mut self) {
        self.warm = [None, None];
    }

    /// After how long a call is given up as hung.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Whether the wire stands between the ledger and its database.
    #[must_use]
    pub fn has_wire(&self) -> bool {
        self.wire.is_some()
    }

    /// The ledger under test.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Which version of the ledger this is, as far as its SQL tells.
    #[must_use]
    pub fn version(&self) -> &str {
        self.template.fingerprint()
    }

    /// What the ledger was found to offer.
    #[must_use]
    pub fn offers(&self) -> &BTreeSet<Operation> {
        &self.offers
    }

    /// Whether the ledger has asked where Stripe is: then it may ask Stripe anything.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.counter.is_known()
    }

    /// Where the Stripe stands that storms move.
    pub(super) fn counter(&self) -> &Counter {
        &self.counter
    }

    /// What whoever reads the verdict should know.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = self.left_out.clone();
        remarks.extend(self.subject.remarks());
        remarks
    }

    /// What storms can draw from on this stage, before faults are chosen.
    #[must_use]
    pub fn menu(&self) -> Menu {
        let terms = self.subject.terms();
        let offers = |operation| self.offers.contains(&operation);
        let webhook = offers(Operation::Webhook);
        let grants = |told: bool| webhook || offers(Operation::Grant) && told;
        let priced = |kind, told| {
            let prices = shop::prices(&self.catalogue, kind);
            if grants(told) { prices.len() } else { 0 }
        };
        let packs = priced(OfferKind::Pack, terms.packs);
        let pack = self
            .catalogue
            .offers
            .iter()
            .find(|it| it.kind == OfferKind::Pack);
        let bought = pack.filter(|_| packs > 0).map_or(0, |it| it.credits.get());
        Menu {
            packs,
            plans: priced(OfferKind::Plan, terms.plans),
            purse: self.opening.saturating_add(bought),
            webhook,
            jobs: offers(Operation::Reserve),
            charges: offers(Operation::Charge),
            refunds: offers(Operation::Refund),
            sweeps: offers(Operation::Sweep),
            keyless: terms.keyless.clone(),
            costs: terms.costs,
            altered: webhook || !terms.mute.contains(&Operation::Grant),
            nonsense: terms.plain_amounts,
            links: offers(Operation::Link),
            abroad: !shop::abroad(&self.catalogue).is_empty(),
            faults: Vec::new(),
        }
    }

    /// Plays a schedule from its first step to the end of the calm. Nobody chooses: a duel's calls
    /// are sent all at once, and run as they come.
    ///
    /// # Errors
    /// A server that fails; what the ledger does is in the history.
    pub fn play(&mut self, schedule: &Schedule, begin: Begin) -> Result<History, StageError> {
        if schedule.travels() {
            self.prepare_to_travel()?;
        }
        if self.played >= SCHEDULES_A_DATABASE {
            self.refresh()?;
        }
        self.played += 1;
        self.runs += 1;
        let kept = std::mem::take(&mut self.warm);
        let instances = match begin {
            Begin::Warm => kept,
            Begin::Fresh => {
                drop(kept);
                [None, None]
            }
        };
        let played = Play::new(self, self.runs, instances, None).run(schedule);
        self.warm = played.left;
        if schedule.travels() {
            // Nobody is at work, so the clock may go back.
            self.shift_clock(0);
        }
        let fallen = self
            .fallen
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = fallen.take() {
            return Err(error.into());
        }
        match played.mistaken {
            Some(what) => Err(StageError::Mistaken(what)),
            None => Ok(played.history),
        }
    }

    /// Plays a schedule whose duel is fought in the order that a strategy says.
    ///
    /// # Errors
    /// A server that fails.
    pub fn play_duel(
        &mut self,
        schedule: &Schedule,
        strategy: &mut dyn Strategy,
        manner: Manner,
    ) -> Result<Fought, StageError> {
        if self.played >= SCHEDULES_A_DATABASE {
            self.refresh()?;
        }
        self.played += 1;
        self.runs += 1;
        let instances = std::mem::take(&mut self.warm);
        let mut play = Play::new(self, self.runs, instances, Some(strategy));
        play.manner = manner;
        let Played {
            history,
            left,
            chosen,
            mistaken,
        } = play.run(schedule);
        self.warm = left;
        if let Some(what) = mistaken {
            return Err(StageError::Mistaken(what));
        }
        let redundant = chosen.redundant;
        if let Some(error) = chosen.failed {
            return Err(error.into());
        }
        Ok(Fought {
            history: (!redundant).then_some(history),
            order: chosen.order,
            diverged: chosen.diverged,
            waited_inside: chosen.parked,
        })
    }

    /// Runs so many jobs side by side, and then the calm; nothing if this ledger has no jobs that
    /// are paid for and end.
    ///
    /// # Errors
    /// A server that fails.
    pub fn load(&mut self, jobs: usize) -> Result<Option<(History, Loaded)>, StageError> {
        let menu = self.menu();
        if !(menu.jobs && menu.charges && menu.refunds && menu.packs > 0) {
            return Ok(None);
        }
        self.refresh()?;
        self.runs += 1;
        let pack = menu.purse - self.opening;
        let packs = jobs.div_ceil(usize::try_from(pack).unwrap_or(1).max(1));
        let play = Play::new(self, self.runs, [None, None], None);
        let (played, loaded) = play.load(jobs, packs);
        self.warm = played.left;
        match played.mistaken {
            Some(what) => Err(StageError::Mistaken(what)),
            None => Ok(Some((played.history, loaded))),
        }
    }

    /// What is left to PostgreSQL on this stage, though a strategy should choose it.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        self.wire.as_ref().map(Wire::left_out).unwrap_or_default()
    }

    /// Takes a fresh database, as after every schedule that broke something.
    ///
    /// # Errors
    /// A server that fails.
    pub fn refresh(&mut self) -> Result<(), StageError> {
        self.renew_database()?;
        Ok(self.follow()?)
    }

    fn renew_database(&mut self) -> Result<(), StageError> {
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

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    pub(super) fn template(&self) -> &Template {
        &self.template
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// Opens an instance on another database, past the wire.
    pub(super) fn open_on(&self, database: &Database) -> Result<Process, LedgerError> {
        let url = database.url().to_owned();
        let world = World::new(url, self.counter.access(), self.catalogue.clone());
        Process::start(&self.subject, &world, self.limit)
    }

    /// Opens one instance of the ledger.
    pub(super) fn open(&self, instance: usize) -> Result<Process, LedgerError> {
        let url = match &self.wire {
            Some(wire) => wire.url(instance, &self.database),
            None => self.database.url().to_owned(),
        };
        let world = World::new(url, self.counter.access(), self.catalogue.clone());
        Process::start(&self.subject, &world, self.limit)
    }

    /// Asks a scratch instance which operations it has, or whether those that it is said to have
    /// can be called as it is said.
    fn probe(&mut self) -> Result<(), StageError> {
        let opened = |it: Result<Process, LedgerError>| {
            it.map_err(|why| StageError::Open {
                ledger: self.subject.name().to_owned(),
                why,
            })
        };
        let mut process = opened(self.open(0))?;
        let said = self.subject.terms().offers.clone();
        let mut offers = BTreeSet::new();
        let mut opening = None;
        for call in self.scratch_calls() {
            let has = said
                .as_ref()
                .is_none_or(|it| it.contains(&call.operation()));
            if !has || !self.subject.can_send(&call) {
                continue;
            }
            match process.call(&call) {
                Ok(Reply::Error(LedgerError::NotOffered)) => continue,
                Ok(Reply::Error(LedgerError::Mistaken(what))) => {
                    return Err(StageError::Mistaken(what));
                }
                Ok(Reply::Balance(balance)) => {
                    opening.get_or_insert(balance.spendable.get().max(0));
                }
                Ok(_) => {}
                // It has the operation; the storm will meet it again and say that it hangs.
                Err(_) => process = opened(self.open(0))?,
            }
            offers.insert(call.operation());
        }
        drop(process);
        self.offers = said.unwrap_or(offers);
        self.opening = opening.unwrap_or(0);
        self.refresh()
    }

    /// Each operation once, on a scratch account; the balance before anything moves.
    fn scratch_calls(&self) -> Vec<Call> {
        let cast = Cast::new(0, self.subject.terms());
        let account: AccountId = cast.account(0);
        let [job, another]: [JobId; 2] = [cast.job(0), cast.job(1)];
        let amount = Credits::new(1);
        let customer: CustomerId = self.counter.api().world.create_customer(&account);
        let fact = FactId::new("cs_test_probe");
        let pack = self
            .catalogue
            .offers
            .iter()
            .find(|it| it.kind == OfferKind::Pack);
        let sale = Sale {
            event: EventId::new("evt_probe"),
            customer: customer.clone(),
            price: pack.map_or_else(String::new, |it| it.price.clone()),
            kind: OfferKind::Pack,
            period: None,
        };
        let reserve = |job: &JobId| Call::Reserve {
            account: account.clone(),
            job: job.clone(),
            amount,
        };
        let balance = || Call::Balance {
            account: account.clone(),
        };
        vec![
            Call::Open {
                account: account.clone(),
            },
            Call::Link {
                account: account.clone(),
                customer,
            },
            balance(),
            Call::Checkout {
                account: account.clone(),
                fact: fact.clone(),
                amount,
                sale: sale.clone(),
            },
            Call::Grant {
                account: account.clone(),
                fact,
                amount,
                sale,
            },
            reserve(&job),
            Call::Refund { job },
            reserve(&another),
            Call::Charge {
                job: another,
                cost: amount,
            },
            Call::Age {
                by: Duration::from_secs(1),
            },
            Call::Sweep {
                older_than: Duration::ZERO,
            },
            // Not signed at all: whoever has a webhook refuses it.
            Call::Webhook(Delivery {
                headers: Vec::new(),
                body: "{}".into(),
            }),
            balance(),
            Call::Entries {
                account: account.clone(),
            },
        ]
    }
}
