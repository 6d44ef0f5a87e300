//! Time: the world's own, and that of test clocks (T1 to T6).

use super::super::error::StripeError;
use super::super::event::EventKind;
use super::super::object::{ClockStatus, Deleted, Object, TestClock};
use super::super::world::Stripe;
use crate::CustomerId;
use std::sync::Arc;

const YEAR: i64 = 365 * 24 * 60 * 60;

/// More than this at one go, and time stands still: nobody's business has as many.
const MOST_DUE: usize = 10_000;

impl Stripe {
    /// Moves the clock to `now` and does all that time brings until then: renewals, retries of
    /// declined payments, sessions that expire. It never goes back.
    pub fn run_until(&mut self, now: i64) {
        for _ in 0..MOST_DUE {
            let Some((at, due)) = self.next_due(None).filter(|(at, _)| *at <= now) else {
                break;
            };
            self.advance_to(at);
            self.bring(due);
        }
        self.advance_to(now);
    }

    /// A clock that stands still at `frozen_time`.
    pub(crate) fn new_clock(&mut self, frozen_time: i64, name: Option<String>) -> Arc<TestClock> {
        let clock = TestClock {
            id: self.ids.long("clock_", '1'),
            name,
            frozen_time,
            created: self.now,
            status: ClockStatus::Ready,
        };
        let clock = self.clocks.put(&clock.id.clone(), clock);
        self.mention(EventKind::ClockCreated, Object::Clock(Arc::clone(&clock)));
        clock
    }

    /// Sets a clock on its way; it is there once [`Stripe::clocks_arrive`] (T3).
    pub(crate) fn advance_clock(
        &mut self,
        id: &str,
        to: i64,
    ) -> Result<Arc<TestClock>, StripeError> {
        let clock = self.clocks.get(id);
        let clock = clock.ok_or_else(|| StripeError::NoSuchClock(id.to_owned()))?;
        if clock.status != ClockStatus::Ready {
            return Err(StripeError::ClockIsBusy(id.to_owned()));
        }
        // T4: forward only, and not too far.
        if to <= clock.frozen_time {
            return Err(StripeError::ClockGoesBack(id.to_owned()));
        }
        let theirs = self.subscriptions.newest();
        let theirs = theirs.filter(|it| it.test_clock.as_deref() == Some(id));
        let shortest = theirs
            .filter(|it| it.ended_at.is_none())
            .filter_map(|it| it.price.recurring)
            .map(|every| 2 * every.seconds())
            .min();
        if to - clock.frozen_time > shortest.unwrap_or(2 * YEAR) {
            return Err(StripeError::ClockGoesTooFar(id.to_owned()));
        }
        let status = ClockStatus::Advancing(to);
        let clock = self.clocks.change(id, |clock| clock.status = status);
        let clock = clock.ok_or_else(|| StripeError::NoSuchClock(id.to_owned()))?;
        self.mention(EventKind::ClockAdvancing, Object::Clock(Arc::clone(&clock)));
        Ok(clock)
    }

    /// Every clock that is on its way arrives, and what its time brings happens.
    pub fn clocks_arrive(&mut self) {
        let underway: Vec<(String, i64)> = self
            .clocks
            .newest()
            .filter_map(|clock| match clock.status {
                ClockStatus::Advancing(to) => Some((clock.id.clone(), to)),
                ClockStatus::Ready => None,
            })
            .collect();
        for (id, to) in underway {
            for _ in 0..MOST_DUE {
                let due = self.next_due(Some(&id));
                let Some((at, due)) = due.filter(|(at, _)| *at <= to) else {
                    break;
                };
                self.clocks
                    .change(&id, |clock| clock.frozen_time = clock.frozen_time.max(at));
                self.bring(due);
            }
            let clock = self.clocks.change(&id, |clock| {
                clock.frozen_time = to;
                clock.status = ClockStatus::Ready;
            });
            if let Some(clock) = clock {
                self.mention(EventKind::ClockReady, Object::Clock(clock));
            }
        }
    }

    /// A clock goes, with its customers and their subscriptions (T2).
    pub(in crate::stripe) fn delete_clock(&mut self, id: &str) -> Result<Object, StripeError> {
        let clock = self.clocks.get(id).cloned();
        let clock = clock.ok_or_else(|| StripeError::NoSuchClock(id.to_owned()))?;
        let theirs = self.customers.newest();
        let theirs: Vec<CustomerId> = theirs
            .filter(|it| it.test_clock.as_deref() == Some(id))
            .map(|it| it.id.clone())
            .collect();
        for customer in theirs {
            self.delete_customer(&customer)?;
        }
        self.clocks.remove(id);
        self.mention(EventKind::ClockDeleted, Object::Clock(clock));
        Ok(Object::Deleted(Deleted {
            id: id.to_owned(),
            object: "test_helpers.test_clock",
        }))
    }
}
