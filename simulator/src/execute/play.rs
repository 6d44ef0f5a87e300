//! Plays one schedule: a small discrete-event simulation on a virtual clock.
//!
//! Steps and retries wait in one queue, ordered by their virtual second. Whatever got no
//! definite answer goes back into the queue with its sender's backoff; so "Stripe delivers
//! until a 2xx" and "a client asks until it knows" are the same few lines. One request runs at
//! a time, and after each the money is read while nothing is under way.

use super::cast::Cast;
use super::lane::Lane;
use super::once::moved_nothing;
use super::sending::{Message, Sending};
use super::shop;
use super::stage::{Instances, Manner, Stage};
use super::travel::Journey;
use super::trespass::Asked;
use crate::clock;
use crate::history::{Happening, History, Names, Outcome, Party, Request, What};
use crate::model::Deed;
use crate::server::ServerError;
use crate::storm::{ACCOUNTS, Action, Copy, Fate, Moment, Schedule, Step};
use crate::strategy::{Diverged, Strategy};
use crate::stripe::rest::Api;
use crate::stripe::{Event, PaymentMethod, Stripe};
use crate::target::{
    Call, CustomerId, EventId, LedgerError, Lost, OfferKind, Operation, Process, Reply,
};
use std::collections::BTreeMap;
use std::sync::MutexGuard;

/// One schedule being played.
pub(super) struct Play<'a> {
    pub(super) stage: &'a Stage,
    pub(super) cast: Cast,
    pub(super) lanes: Vec<Lane>,
    pub(super) history: History,
    pub(super) customers: Vec<CustomerId>,
    pub(super) processes: [Result<Process, LedgerError>; 2],
    queue: BTreeMap<(u32, usize), Pending>,
    queued: usize,
    began: i64,
    pub(super) now: u32,
    /// A call never came back: nothing after it tells anything, and each would cost its limit.
    pub(super) hung: bool,
    /// The database died: whoever lives has connections that don't.
    pub(super) felled: bool,
    pub(super) journey: Journey,
    /// What the contract file doesn't describe: nothing after it tells anything either.
    pub(super) mistaken: Option<String>,
    /// Time was made to pass for all holds that there were.
    pub(super) aged: bool,
    /// The calm has begun.
    pub(super) calms: bool,
    /// Accounts that nothing in the schedule is of: they aren't even opened.
    absent: Vec<usize>,
    /// Who chooses in a duel.
    pub(super) strategy: Option<&'a mut dyn Strategy>,
    pub(super) manner: Manner,
    /// What was chosen.
    pub(super) chosen: Chosen,
}

/// How a schedule was played.
pub(super) struct Played {
    pub(super) history: History,
    /// The instances that are alive.
    pub(super) left: Instances,
    pub(super) chosen: Chosen,
    /// What the contract file doesn't describe.
    pub(super) mistaken: Option<String>,
}

/// What a duel's chooser said.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) order: Vec<u32>,
    pub(super) redundant: bool,
    pub(super) diverged: Option<Diverged>,
    /// Somebody waited for something in its own process.
    pub(super) parked: bool,
    /// The server failed.
    pub(super) failed: Option<ServerError>,
}

impl Chosen {
    /// Whether nothing can be said of what comes after.
    pub(super) fn stops(&self) -> bool {
        self.redundant || self.diverged.is_some() || self.failed.is_some()
    }
}

/// What waits in the queue.
enum Pending {
    Step(Step),
    Retry(Box<Sending>),
}

impl<'a> Play<'a> {
    pub(super) fn new(
        stage: &'a Stage,
        run: u64,
        instances: Instances,
        strategy: Option<&'a mut dyn Strategy>,
    ) -> Self {
        let [one, two] = instances;
        let processes = [
            one.map_or_else(|| stage.open(0), Ok),
            two.map_or_else(|| stage.open(1), Ok),
        ];
        let cast = Cast::new(run, stage.subject().terms());
        let began = clock::unix_now();
        let mut stripe = Stripe::new(run, stage.catalogue().clone(), began);
        let accounts: Vec<_> = (0..=ACCOUNTS).map(|number| cast.account(number)).collect();
        let customers = accounts
            .iter()
            .map(|account| stripe.create_customer(account))
            .collect();
        stage.counter().put(stripe);
        let parties = accounts
            .into_iter()
            .map(|account| Party {
                account,
                opening: None,
                rows: None,
            })
            .collect();
        Self {
            cast,
            lanes: Vec::new(),
            history: History {
                parties,
                offers: stage.offers().clone(),
                policy: stage.subject().policy().clone(),
                happenings: Vec::new(),
            },
            customers,
            processes,
            queue: BTreeMap::new(),
            queued: 0,
            began,
            now: 0,
            hung: false,
            felled: false,
            journey: Journey::begin(),
            mistaken: None,
            aged: false,
            calms: false,
            absent: Vec::new(),
            strategy,
            manner: Manner::default(),
            chosen: Chosen::default(),
            stage,
        }
    }

    /// From the first step to the end of the calm; the instances that are alive then come back.
    pub(super) fn run(mut self, schedule: &Schedule) -> Played {
        let of_nobody = |account: &usize| !schedule.concerns(*account);
        self.absent = (0..ACCOUNTS).filter(of_nobody).collect();
        self.open_accounts(schedule);
        self.begin(schedule);
        self.drain();
        let ends = self.chosen.diverged.is_none() && self.chosen.failed.is_none();
        if ends && self.mistaken.is_none() && !schedule.has_trespass() {
            self.calm();
        }
        self.leave()
    }

    /// Puts a schedule's steps into the queue.
    pub(super) fn begin(&mut self, schedule: &Schedule) {
        let inner = |step: &Step| match &step.action {
            Action::Duel { calls, .. } => calls.iter().map(|call| call.lane).max().unwrap_or(0),
            _ => step.lane,
        };
        let lanes = schedule.steps.iter().map(|step| inner(step) + 1).max();
        self.lanes = (0..lanes.unwrap_or(0))
            .map(|lane| Lane::new(self.cast.job(lane)))
            .collect();
        for step in &schedule.steps {
            self.enqueue(step.at, Pending::Step(step.clone()));
        }
    }

    /// What happened, and the instances that are fit to go on.
    pub(super) fn leave(self) -> Played {
        let fit = !self.hung && !self.felled;
        Played {
            left: self.processes.map(|it| it.ok().filter(|_| fit)),
            history: self.history,
            chosen: self.chosen,
            mistaken: self.mistaken,
        }
    }

    /// Runs whatever waits, in the order of its time, until nothing does.
    pub(super) fn drain(&mut self) {
        while let Some(((at, _), pending)) = self.queue.pop_first() {
            if self.hung || self.mistaken.is_some() || self.chosen.stops() {
                return;
            }
            self.now = at;
            self.stripe().world.advance_to(self.began + i64::from(at));
            match pending {
                Pending::Step(step) => self.step(&step),
                Pending::Retry(sending) => self.send(&sending),
            }
        }
    }

    /// The accounts that take part, and the bystander.
    pub(super) fn present(&self) -> Vec<usize> {
        let all = 0..self.history.parties.len();
        all.filter(|it| !self.absent.contains(it)).collect()
    }

    /// Accounts and customers exist before the weather; the bystander has bought a pack.
    pub(super) fn open_accounts(&mut self, schedule: &Schedule) {
        for number in self.present() {
            if self.hung {
                return;
            }
            let account = self.history.parties[number].account.clone();
            let customer = self.customers[number].clone();
            if self.offers(Operation::Open) {
                self.quietly(
                    0,
                    &Call::Open {
                        account: account.clone(),
                    },
                );
            }
            let later = schedule.steps.iter().any(|step| {
                step.account == number && matches!(step.action, Action::Acquaint { .. })
            });
            if self.offers(Operation::Link) && !later {
                self.quietly(0, &Call::Link { account, customer });
            }
        }
        self.fund_the_bystander();
        for number in self.present() {
            let opening = self.read_balance(number, 0).and_then(Result::ok);
            let rows = self.read_entries(number, 0).and_then(Result::ok);
            let party = &mut self.history.parties[number];
            (party.opening, party.rows) = (opening, rows);
        }
    }

    fn fund_the_bystander(&mut self) {
        let account = self.history.parties[ACCOUNTS].account.clone();
        let prices = shop::prices(self.stage.catalogue(), OfferKind::Pack);
        let Some(price) = prices.first() else {
            return;
        };
        let card = PaymentMethod::Card;
        let sold = self.stripe().world.checkout(&account, None, price, card);
        let Ok(sale) = sold else {
            return;
        };
        self.note_checkout(ACCOUNTS, &sale);
        if let Some(event) = self.needed_event(&sale)
            && let Some(sending) = Sending::event(self, ACCOUNTS, 0, &event, Copy::Genuine)
            && let Some((call, _)) = sending.request(self)
            && self.can_tell(&call)
        {
            self.quietly(0, &call);
        }
    }

    /// A call that belongs to the preparation: nobody judges its reply, but that it comes.
    pub(super) fn quietly(&mut self, instance: usize, call: &Call) {
        for _ in 0..3 {
            match self.call(instance, call) {
                Outcome::Replied(Reply::Error(LedgerError::Again(_))) => {}
                Outcome::Replied(Reply::Error(LedgerError::Failed(_)))
                    if !self.is_keyless(call) => {}
                Outcome::Hung(seconds) => {
                    let operation = call.operation();
                    self.happens(What::GaveUp(Request {
                        account: None,
                        instance: 0,
                        call: call.clone(),
                        deed: Deed::Tampered,
                        said: format!("{operation:?} before the storm").to_lowercase(),
                        attempt: 1,
                        outcome: Outcome::Hung(seconds),
                    }));
                    return;
                }
                _ => return,
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let (lane, account) = (step.lane, step.account);
        match &step.action {
            Action::Acquaint { instance } => {
                self.acquaint(account, *instance);
                self.look(account, *instance);
            }
            Action::Die { instance } => {
                let instance = *instance;
                self.reopen(instance);
                self.happens(What::Crash { instance });
                self.look_at_all(instance);
            }
            Action::Travel { seconds } => self.travel(*seconds),
            Action::Survey { faults } => self.trespass(&Asked::Every(faults)),
            Action::Trespass(trespass) => self.trespass(&Asked::One(trespass)),
            Action::Duel { calls, .. } => {
                let sendings: Option<Vec<_>> = calls.iter().map(|it| self.sending(it)).collect();
                if let Some(sendings) = sendings {
                    self.duel(&sendings);
                }
            }
            business => {
                self.does_business(lane, account, business);
                if let Some(sending) = self.sending(step) {
                    self.send(&sending);
                }
            }
        }
    }

    /// The ledger learns whose the account's customer is.
    fn acquaint(&mut self, account: usize, instance: usize) {
        if !self.offers(Operation::Link) {
            return;
        }
        let customer = self.customers[account].clone();
        let who = Names::account(account);
        let said = format!("{who}'s customer at Stripe is made known to the ledger");
        let knows = Vec::new();
        self.happens(What::Business {
            account,
            said,
            knows,
        });
        let account = self.history.parties[account].account.clone();
        self.quietly(instance, &Call::Link { account, customer });
    }

    /// The request that a step makes, if it makes one.
    fn sending(&mut self, step: &Step) -> Option<Sending> {
        let (lane, account) = (step.lane, step.account);
        Some(match &step.action {
            Action::Deliver {
                event,
                copy,
                instance,
                fate,
            } => {
                let event = match copy {
                    Copy::Beside => {
                        let beside = &self.lanes[lane].beside;
                        beside.get(event % beside.len().max(1)).cloned()?
                    }
                    _ => self.lanes[lane].events.get(*event).cloned()?,
                };
                let event = match copy {
                    Copy::Twin => self.stripe().world.twin(&event).ok()?,
                    _ => event,
                };
                Sending::event(self, account, *instance, &event, *copy)?.with_fate(*fate)
            }
            Action::Reserve {
                amount,
                instance,
                fate,
            } => {
                self.holds_now(lane);
                Sending::reserve(self, lane, account, *amount, *instance).with_fate(*fate)
            }
            Action::Charge {
                cost,
                instance,
                fate,
            } => Sending::charge(self, lane, account, *cost, *instance).with_fate(*fate),
            Action::Refund { instance, fate } => {
                Sending::refund(self, lane, account, *instance).with_fate(*fate)
            }
            Action::Nonsense { amount, instance } => {
                if !self.stage.subject().terms().plain_amounts {
                    return None;
                }
                Sending::nonsense(self, account, *amount, *instance)
            }
            Action::Sweep {
                older_than,
                instance,
                fate,
            } => {
                let reach = self.before_sweep(*older_than);
                Sending::sweep(*older_than, reach, *instance).with_fate(*fate)
            }
            _ => return None,
        })
    }

    /// Sends a request, records it, reads the money, and queues a retry where one is due.
    pub(super) fn send(&mut self, sending: &Sending) {
        let Some((call, deed)) = sending.request(self) else {
            return;
        };
        if !self.can_tell(&call) {
            return;
        }
        let instance = sending.instance;
        let mut struck = None;
        let outcome = match sending.fate {
            Fate::Dropped | Fate::CrashBefore => Outcome::NeverArrived,
            Fate::Answered => self.call(instance, &call),
            Fate::Struck(strike) => {
                let by = self.strike(instance, &call, strike);
                struck = by.what;
                by.outcome
            }
            Fate::ReplyLost | Fate::CrashAfter => match self.call(instance, &call) {
                Outcome::Replied(reply) => Outcome::ReplyLost(reply),
                other => other,
            },
        };
        let request = Request {
            account: sending.account,
            instance,
            call,
            deed,
            said: sending.said.clone(),
            attempt: sending.attempt,
            outcome,
        };
        // Inside the operation the database died before the reply, else after it.
        let felled = match &struck {
            Some(What::Struck { strike, .. }) if strike.fault.fells() => Some(strike.moment),
            _ => None,
        };
        if matches!(felled, Some(Moment::Before(_) | Moment::After(_))) {
            self.happens(What::ServerCrash);
        }
        self.happens(What::Request(request.clone()));
        let dies = match (sending.fate, &struck) {
            (Fate::CrashBefore | Fate::CrashAfter, _) => {
                self.reopen(instance);
                true
            }
            // It has died there, and a new one is open.
            (Fate::Struck(strike), Some(_)) => strike.fault.kills(),
            _ => false,
        };
        if let Some(what) = struck {
            self.happens(what);
        }
        if self.hung {
            self.happens(What::GaveUp(request));
            return;
        }
        if dies {
            self.happens(What::Crash { instance });
            self.look_at_all(instance);
        } else if let Some(moment) = felled {
            if moment == Moment::Replied {
                self.happens(What::ServerCrash);
            }
            self.look_at_all(instance);
        } else if !self.spares() {
            match request.account {
                Some(account) => self.look(account, instance),
                None => self.look_at_all(instance),
            }
        }
        self.follow_up(sending, request);
    }

    /// Whether the money isn't read after this request: what only leads to a duel is judged by its
    /// reply, and what comes after it in the calm by what is read at the end.
    fn spares(&self) -> bool {
        let leads_there = self.chosen.order.is_empty() || self.chosen.stops();
        self.manner.spares && (leads_there || self.calms)
    }

    /// Queues a retry where one is due, or notes that nobody asks again.
    pub(super) fn follow_up(&mut self, sending: &Sending, request: Request) {
        // Who can't tell twice asks again only where nothing moved for sure.
        if self.is_keyless(&request.call) && !moved_nothing(&request) {
            return;
        }
        if let Some((after, again)) = sending.again(&request.outcome) {
            self.enqueue(
                self.now.saturating_add(after),
                Pending::Retry(Box::new(again)),
            );
        } else if !request.outcome.is_definite() && sending.insists {
            self.happens(What::GaveUp(request));
        }
    }

    /// Runs one call on an instance.
    pub(super) fn call(&mut self, instance: usize, call: &Call) -> Outcome {
        if self.hung {
            return Outcome::NeverArrived;
        }
        match &mut self.processes[instance % 2] {
            Ok(process) => match process.call(call) {
                Ok(reply) => {
                    self.notice_mistake(&reply);
                    Outcome::Replied(reply)
                }
                Err(Lost::Hung(limit)) => {
                    self.hung = true;
                    Outcome::Hung(limit.as_secs())
                }
            },
            Err(why) => Outcome::Replied(Reply::Error(LedgerError::Failed(format!(
                "the ledger did not open again: {why}"
            )))),
        }
    }

    /// Remembers what the contract file doesn't describe.
    pub(super) fn notice_mistake(&mut self, reply: &Reply) {
        if let Reply::Error(LedgerError::Mistaken(what)) = reply {
            self.mistaken.get_or_insert_with(|| what.clone());
        }
    }

    /// The process dies with all that it had in memory, and a new one takes its place.
    fn reopen(&mut self, instance: usize) {
        self.processes[instance % 2] = Err(LedgerError::failed("dead"));
        self.processes[instance % 2] = self.stage.open(instance);
    }

    pub(super) fn offers(&self, operation: Operation) -> bool {
        self.stage.offers().contains(&operation)
    }

    pub(super) fn happens(&mut self, what: What) {
        let at = self.now;
        self.history.happenings.push(Happening { at, what });
    }

    fn enqueue(&mut self, at: u32, pending: Pending) {
        self.queue.insert((at, self.queued), pending);
        self.queued += 1;
    }

    /// Whether anything is still to come before the calm.
    pub(super) fn awaits(&self) -> bool {
        !self.queue.is_empty()
    }

    /// When the next delivery is signed: real seconds, because ledgers compare with a real clock.
    pub(super) fn sent_at() -> i64 {
        clock::unix_now()
    }

    /// The event's number in this schedule, counted from 1, for people to read.
    pub(super) fn event_number(&self, message: &Message) -> usize {
        let Message::Event { event, .. } = message else {
            return 0;
        };
        let stripe = self.stripe();
        let mut events = stripe.world.events().iter();
        events.position(|other| other.id == *event).unwrap_or(0)
    }

    /// Stripe, as it is now. Nobody else gets at it as long as this is held: neither the ledger nor
    /// another of the play's own steps.
    pub(super) fn stripe(&self) -> MutexGuard<'a, Api> {
        self.stage.counter().api()
    }

    /// One of Stripe's events.
    pub(super) fn event(&self, id: &EventId) -> Option<Event> {
        self.stripe().world.event(id).cloned()
    }
}
