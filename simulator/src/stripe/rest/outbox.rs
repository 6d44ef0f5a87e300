//! What is to be delivered to whom, and when it is tried again.
//!
//! ```text
//! event × endpoint that listens → delivery → attempt, attempt, … → a 2xx, or given up
//! ```
//!
//! Each enabled endpoint whose types match gets its own delivery, with its own secret, version and
//! retries (D11). Nothing waits for anything else: several are in flight at once, of one object
//! too (D14).

use crate::stripe::delivery::{Rolled, Signing, deliver};
use crate::stripe::object::{Endpoint, Object};
use crate::stripe::{Event, EventKind, Next, RetrySchedule, Stripe, Version};
use crate::{Delivery, EventId, Status};
use std::collections::BTreeMap;

/// After so long without a single 2xx a live endpoint is switched off (D8).
const PATIENCE_SECONDS: i64 = 9 * 24 * 60 * 60;

/// Deliveries on their way.
#[derive(Debug)]
pub struct Outbox {
    schedule: RetrySchedule,
    /// How many of the world's events were looked at.
    seen: usize,
    waiting: Vec<Waiting>,
    /// Endpoints that haven't answered 2xx yet, by event (E4).
    pending: BTreeMap<EventId, i64>,
    /// Since when an endpoint has answered nothing with 2xx.
    failing: BTreeMap<String, i64>,
    sent: u64,
}

/// One delivery, waiting for its next attempt.
#[derive(Clone, Debug)]
struct Waiting {
    event: EventId,
    endpoint: String,
    attempt: usize,
    at: i64,
    /// In flight: not to be sent again before it is answered.
    number: Option<u64>,
    /// Sent by hand: it isn't tried again, and stops nothing (D9).
    by_hand: bool,
}

/// One attempt, ready to be sent.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Say it with the answer.
    pub number: u64,
    /// Where to.
    pub url: String,
    /// Which event.
    pub event: EventId,
    /// Its type.
    pub kind: &'static str,
    /// Counted from 1.
    pub attempt: usize,
    /// Headers and body.
    pub delivery: Delivery,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// What follows.
    pub next: Next,
    /// Whether the endpoint was switched off because of it (D8).
    pub disabled: bool,
}

impl Outbox {
    /// An empty one that retries by this schedule.
    #[must_use]
    pub fn new(schedule: RetrySchedule) -> Self {
        Self {
            schedule,
            seen: 0,
            waiting: Vec::new(),
            pending: BTreeMap::new(),
            failing: BTreeMap::new(),
            sent: 0,
        }
    }

    /// Takes in what has happened since, in an order that Stripe doesn't promise (D6).
    pub fn collect(&mut self, world: &mut Stripe) {
        let new = world.events()[self.seen..].to_vec();
        self.seen = world.events().len();
        for event in shuffled(&new) {
            let listening = world.endpoints.newest();
            let listening = listening.filter(|endpoint| endpoint.listens_to(event.kind));
            let mut told = false;
            for endpoint in listening {
                told = true;
                *self.pending.entry(event.id.clone()).or_default() += 1;
                self.waiting.push(Waiting {
                    event: event.id.clone(),
                    endpoint: endpoint.id.clone(),
                    attempt: 0,
                    at: world.now(),
                    number: None,
                    by_hand: false,
                });
            }
            if told
                && event.kind == EventKind::InvoiceCreated
                && let Object::Invoice(invoice) = &event.snapshot.object
            {
                world.gates.insert(invoice.id.clone(), None);
            }
        }
    }

    /// How many endpoints haven't answered an event with 2xx yet.
    #[must_use]
    pub fn pending(&self, event: &EventId) -> i64 {
        self.pending.get(event).copied().unwrap_or(0)
    }

    /// Sends an event once more, by hand; to how many endpoints.
    pub fn resend(&mut self, world: &Stripe, event: &Event, endpoint: Option<&str>) -> usize {
        let listening = world.endpoints.newest();
        let listening = listening
            .filter(|it| endpoint.map_or_else(|| it.listens_to(event.kind), |id| it.id == id));
        let before = self.waiting.len();
        self.waiting.extend(listening.map(|endpoint| Waiting {
            event: event.id.clone(),
            endpoint: endpoint.id.clone(),
            attempt: 0,
            at: world.now(),
            number: None,
            by_hand: true,
        }));
        self.waiting.len() - before
    }

    /// When something is to be sent next.
    #[must_use]
    pub fn next_at(&self) -> Option<i64> {
        let idle = self.waiting.iter().filter(|it| it.number.is_none());
        idle.map(|it| it.at).min()
    }

    /// What is to be sent by now, signed at `signed_at` (Unix seconds): the world's clock may be
    /// elsewhere, a signature's never is (T6).
    pub fn due(&mut self, world: &Stripe, signed_at: i64) -> Vec<Dispatch> {
        let now = world.now();
        // D7: who is switched off or gone at that time gets nothing more of that event.
        self.waiting.retain(|it| {
            let endpoint = world.endpoints.get(&it.endpoint);
            let on = endpoint.is_some_and(|endpoint| endpoint.enabled);
            on || it.at > now || it.number.is_some()
        });
        let mut due = Vec::new();
        for waiting in &mut self.waiting {
            if waiting.number.is_some() || waiting.at > now {
                continue;
            }
            let (Some(endpoint), Some(event)) = (
                world.endpoints.get(&waiting.endpoint),
                world.event(&waiting.event),
            ) else {
                continue;
            };
            self.sent += 1;
            waiting.number = Some(self.sent);
            due.push(Dispatch {
                number: self.sent,
                url: endpoint.url.clone(),
                event: event.id.clone(),
                kind: event.kind.as_str(),
                attempt: waiting.attempt + 1,
                delivery: sign(endpoint, event, now, signed_at),
            });
        }
        due
    }

    /// What was answered, or `None` if nothing was in time: a 2xx that comes too late counts for
    /// nothing (D2).
    pub fn answered(
        &mut self,
        world: &mut Stripe,
        number: u64,
        answer: Option<Status>,
    ) -> Attempted {
        let now = world.now();
        let none = Attempted {
            next: Next::Done,
            disabled: false,
        };
        let place = self.waiting.iter().position(|it| it.number == Some(number));
        let Some(place) = place else {
            return none;
        };
        let waiting = self.waiting[place].clone();
        let mut next = self.schedule.after(waiting.attempt, answer);
        if waiting.by_hand && next != Next::Done {
            next = Next::GivenUp;
        }
        match next {
            Next::RetryIn(gap) => {
                let gap = i64::try_from(gap.as_secs()).unwrap_or(i64::MAX);
                let again = &mut self.waiting[place];
                again.attempt += 1;
                again.at = now.saturating_add(gap);
                again.number = None;
            }
            Next::Done | Next::GivenUp => {
                self.waiting.remove(place);
            }
        }
        if next == Next::Done {
            self.failing.remove(&waiting.endpoint);
            if let Some(pending) = self.pending.get_mut(&waiting.event) {
                *pending = (*pending - 1).max(0);
                if *pending == 0 {
                    release(world, &waiting.event);
                }
            }
            return none;
        }
        let since = *self.failing.entry(waiting.endpoint.clone()).or_insert(now);
        let disabled = self.schedule == RetrySchedule::Live && now - since >= PATIENCE_SECONDS;
        if disabled {
            world
                .endpoints
                .change(&waiting.endpoint, |it| it.enabled = false);
        }
        Attempted { next, disabled }
    }
}

/// An `invoice.created` that everybody has answered lets the invoice go on in an hour (D15).
fn release(world: &mut Stripe, event: &EventId) {
    let created = world
        .event(event)
        .and_then(|event| match &event.snapshot.object {
            Object::Invoice(invoice) => Some(invoice.id.clone()),
            _ => None,
        });
    if let Some(invoice) = created {
        let now = world.now();
        world
            .gates
            .entry(invoice)
            .and_modify(|gate| *gate = Some(now));
    }
}

fn sign(endpoint: &Endpoint, event: &Event, now: i64, signed_at: i64) -> Delivery {
    let secrets = endpoint.secrets(now);
    let signing = Signing {
        secret: secrets[0],
        junk: true,
        rolled: secrets.get(1).map(|secret| Rolled {
            secret,
            // S6: unpublished, so either.
            first: event.created % 2 == 0,
        }),
    };
    let version = endpoint.version.unwrap_or_default();
    let body = match version {
        Version::Endive => event.shared_body(),
        Version::Acacia => event.body_in(version, 1).into(),
    };
    let signature = signing.header(signed_at, &body);
    deliver(body, signature)
}

/// The same events in another order, the same each time.
fn shuffled(events: &[Event]) -> Vec<&Event> {
    let mut shuffled: Vec<&Event> = events.iter().collect();
    // The end of an id is noise.
    shuffled.sort_by_key(|event| {
        let id = event.id.as_str();
        id[id.len().saturating_sub(7)..].to_owned()
    });
    shuffled
}
