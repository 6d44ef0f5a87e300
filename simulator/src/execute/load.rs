//! Load: many clients at once on both instances, and nobody holds anything back.
//!
//! Each client reserves a job of its own and then charges or refunds it. There is enough for all
//! of them, so that what each hears, and what is left in the end, is the same in any order: that,
//! and nothing in between, is judged.

use super::lane::Lane;
use super::play::{Play, Played};
use super::sending::Sending;
use crate::clock::Stopwatch;
use crate::history::{Outcome, Request, What};
use crate::storm::{Action, Copy, Fate, Schedule, Step};
use crate::target::Ticket;
use std::time::Duration;

/// Clients on each instance.
const CLIENTS: usize = 4;

/// What ran side by side.
#[derive(Clone, Copy, Debug)]
pub struct Loaded {
    /// Calls that were answered.
    pub calls: usize,
    /// In how long.
    pub took: Duration,
}

/// One client under way.
struct Client {
    instance: usize,
    job: usize,
    /// What it asks next, or waits for.
    asks: Option<(Ticket, Sending, Request)>,
    ends: bool,
}

impl Play<'_> {
    /// Runs so many jobs, paid for with so many packs, and then the calm. Returns what happened,
    /// and how many calls were answered in how long.
    pub(super) fn load(mut self, jobs: usize, packs: usize) -> (Played, Loaded) {
        self.open_accounts(&Schedule::default());
        self.fund(packs);
        let loaded = self.side_by_side(jobs);
        self.drain();
        self.calm();
        (self.leave(), loaded)
    }

    fn side_by_side(&mut self, jobs: usize) -> Loaded {
        let first = self.lanes.len();
        for lane in first..first + jobs {
            let job = self.cast.job(lane);
            self.lanes.push(Lane::new(job));
        }
        let mut left = first..first + jobs;
        let mut clients: Vec<Client> = Vec::new();
        let mut calls = 0;
        let watch = Stopwatch::start();
        let mut last = watch;
        loop {
            let place = clients.len();
            if place < 2 * CLIENTS
                && let Some(job) = left.next()
            {
                clients.push(self.client(place % 2, job));
                continue;
            }
            let mut idle = true;
            for client in &mut clients {
                if self.hear(client) {
                    idle = false;
                    calls += 1;
                    if client.asks.is_none()
                        && let Some(job) = left.next()
                    {
                        *client = self.client(client.instance, job);
                    }
                }
            }
            if clients.iter().all(|client| client.asks.is_none()) {
                break;
            }
            if !idle {
                last = Stopwatch::start();
            } else if last.elapsed() > self.stage.limit() {
                self.give_up(clients);
                break;
            } else {
                std::thread::sleep(Duration::from_micros(50));
            }
        }
        Loaded {
            calls,
            took: watch.elapsed(),
        }
    }

    /// Buys as much as all jobs can need.
    fn fund(&mut self, packs: usize) {
        let step = |at, lane, action| Step {
            at,
            lane,
            account: 0,
            action,
        };
        let buys = (0..packs).map(|lane| {
            let (pack, debit) = (0, false);
            step(0, lane, Action::Buy { pack, debit })
        });
        let tells = (0..packs).map(|lane| {
            let action = Action::Deliver {
                event: 0,
                copy: Copy::Genuine,
                instance: lane % 2,
                fate: Fate::Answered,
            };
            step(1, lane, action)
        });
        let schedule = Schedule {
            steps: buys.chain(tells).collect(),
            faults: Vec::new(),
        };
        self.begin(&schedule);
        self.drain();
    }

    fn client(&mut self, instance: usize, job: usize) -> Client {
        let reserve = Sending::reserve(self, job, 0, 1, instance);
        let mut client = Client {
            instance,
            job,
            asks: None,
            ends: false,
        };
        self.ask(&mut client, &reserve);
        client
    }

    fn ask(&mut self, client: &mut Client, sending: &Sending) {
        if let (Some(request), Ok(process)) = (
            self.prepare(sending),
            &mut self.processes[client.instance % 2],
        ) {
            let ticket = process.begin(&request.call);
            client.asks = Some((ticket, sending.clone(), request));
        }
    }

    /// Notes what a client was told, if it was, and lets it ask for the end of its job.
    fn hear(&mut self, client: &mut Client) -> bool {
        let Some((ticket, sending, request)) = &client.asks else {
            return false;
        };
        let Ok(process) = &mut self.processes[client.instance % 2] else {
            return false;
        };
        let Some(reply) = process.reply(*ticket) else {
            return false;
        };
        let (sending, mut request) = (sending.clone(), request.clone());
        client.asks = None;
        request.outcome = Outcome::Replied(reply);
        self.happens(What::Request(request.clone()));
        if !request.outcome.is_definite() {
            // It asks again as any client would, when the others are done.
            self.follow_up(&sending, request);
            return true;
        }
        if !client.ends {
            client.ends = true;
            let (job, instance) = (client.job, client.instance);
            let end = if job % 2 == 0 {
                Sending::charge(self, job, 0, 1, instance)
            } else {
                Sending::refund(self, job, 0, instance)
            };
            self.ask(client, &end);
        }
        true
    }

    fn give_up(&mut self, clients: Vec<Client>) {
        self.hung = true;
        for (_, _, mut request) in clients.into_iter().filter_map(|client| client.asks) {
            request.outcome = Outcome::Hung(self.stage.limit().as_secs());
            self.happens(What::Request(request.clone()));
            self.happens(What::GaveUp(request));
        }
    }
}
