//! One account's way through a history, beside the model.
//!
//! The model's account is a *set* of states, because a lost reply leaves two. A reply narrows
//! the set; a reply that no state allows is wrong. A balance is compared with the set and
//! narrows nothing: what is wrong for a moment and right after the calm was late, not wrong.
//! So a wrong balance counts from where it first showed, and only if it still stands at the end.
//!
//! It is one walk, and so one file, longer than most.

use super::audit::{Audit, Deviation, Part, Wrong};
use crate::history::{History, Outcome, Request, What};
use crate::model::{Account, Choices, Deed, Standing};
use crate::target::{Balance, JobId, Reply};
use std::collections::BTreeSet;

/// More states than this and the audit says that it doesn't know.
const MAX_STATES: usize = 4_096;

/// One account's way through the history.
pub(super) struct Walk<'a> {
    history: &'a History,
    account: usize,
    audit: &'a mut Audit,
    states: Vec<Account>,
    shown: Option<Balance>,
    last: Option<Last>,
    /// The last that happened to the account, but for reading, was a death.
    crashed: bool,
    /// Some process has died by now.
    died: bool,
    swept: bool,
    /// The states before the last sweep that found nothing, where one should have found something.
    unswept: Vec<Account>,
    onset: Option<Deviation>,
    /// The latest delivery that was acknowledged and may be acted on later, with its standing.
    promise: Option<(usize, Standing)>,
}

/// The last request of the account, with the states before it.
struct Last {
    place: usize,
    standing: Standing,
    acknowledged: bool,
    /// It ran and nobody heard the answer.
    lost: bool,
    instance: usize,
    before: Vec<Account>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(history: &'a History, account: usize, audit: &'a mut Audit) -> Self {
        let shown = history.parties[account].opening;
        let opening = shown.map_or(0, |balance| balance.spendable.get());
        let states = Choices::allowed_by(&history.policy)
            .into_iter()
            .map(|choices| Account::opening(choices, opening))
            .collect();
        Self {
            history,
            account,
            audit,
            states,
            shown,
            last: None,
            crashed: false,
            died: false,
            swept: false,
            unswept: Vec::new(),
            onset: None,
            promise: None,
        }
    }

    pub(super) fn run(mut self) {
        for (place, happening) in self.history.happenings.iter().enumerate() {
            let ours =
                |account: &Option<usize>| account.is_none_or(|account| account == self.account);
            match &happening.what {
                What::Request(request) if ours(&request.account) => {
                    let right = self.request(place, request);
                    if !right {
                        break;
                    }
                }
                What::Duel { requests, .. } => {
                    let ours: Vec<&Request> =
                        requests.iter().filter(|it| ours(&it.account)).collect();
                    let right = self.duel(place, &ours);
                    if !right {
                        break;
                    }
                }
                What::Balance {
                    account,
                    read: Ok(balance),
                } if *account == self.account => self.compare(place, balance),
                What::Crash { .. } => {
                    (self.crashed, self.died) = (true, true);
                    self.audit.left_a_hold |= self.holds();
                }
                What::Calm => {
                    self.audit.left_a_hold |= self.holds();
                    self.settle(place);
                }
                What::Swept => {
                    self.swept = true;
                    let held = self.states.iter().filter(|state| state.held() > 0);
                    self.unswept = held.cloned().collect();
                    self.states = self.states.drain(..).map(Account::swept).collect();
                    self.tidy();
                }
                _ => {}
            }
            if self.states.len() > MAX_STATES {
                self.audit.exhausted = true;
                return;
            }
        }
        self.audit.deviations.extend(self.onset);
    }

    /// Every event of every fact has come by now. A balance that was right as long as something
    /// could still be done, and isn't now, is that promise broken.
    fn settle(&mut self, place: usize) {
        let Some(shown) = self.shown else { return };
        let right = |states: &[Account]| states.iter().any(|state| state.shows(&shown));
        let was_right = right(&self.states);
        self.states = self.states.drain(..).flat_map(Account::settled).collect();
        self.tidy();
        match self.promise {
            Some((told, standing)) if was_right && !right(&self.states) => {
                self.onset = Some(Deviation {
                    account: self.account,
                    place,
                    cause: Some(told),
                    standing: Some(standing),
                    wrong: mismatch(&self.states, &shown),
                    by_crash: false,
                    suspects_crash: self.died,
                    after_sweep: false,
                });
            }
            // A balance that hasn't changed isn't told again.
            _ => self.compare(place, &shown),
        }
    }

    fn holds(&self) -> bool {
        self.states.iter().all(|state| state.held() > 0)
    }

    fn tidy(&mut self) {
        self.states.sort();
        self.states.dedup();
    }

    /// Moves the states by a request; false if its reply was wrong and the walk ends there.
    fn request(&mut self, place: usize, request: &Request) -> bool {
        self.replies(&[request]);
        let standing = self.standing(&request.deed);
        let before = std::mem::take(&mut self.states);
        match self.apply(&before, &request.deed, &request.outcome) {
            Ok(after) => self.states = after,
            Err(wrong) => {
                self.accuse(place, standing, wrong);
                return false;
            }
        }
        self.stands_after(place, standing, &[request], before);
        true
    }

    /// Moves the states by two requests that ran inside one another: as if one had come wholly
    /// before the other, in either order; a sweep may be cut by the other, as it is any number of
    /// refunds. False if no order gives both replies.
    fn duel(&mut self, place: usize, requests: &[&Request]) -> bool {
        let [one, two] = requests else {
            return requests.iter().all(|request| self.request(place, request));
        };
        self.replies(requests);
        let before = std::mem::take(&mut self.states);
        let mut after = BTreeSet::new();
        let mut standing = None;
        let mut wrong: Option<(Standing, Wrong)> = None;
        for order in orders(one, two) {
            let mut states = before.clone();
            for (turn, (deed, outcome)) in order.iter().enumerate() {
                let stands = states
                    .first()
                    .map_or(Standing::First, |it| it.standing(deed));
                match self.apply(&states, deed, outcome) {
                    Ok(then) => states = then,
                    Err(what) => {
                        // The order that went further tells more.
                        if turn > 0 || wrong.is_none() {
                            wrong = Some((stands, what));
                        }
                        states.clear();
                        break;
                    }
                }
                if turn + 1 == order.len() && standing.is_none() {
                    standing = Some(stands);
                }
            }
            after.extend(states);
        }
        if let (true, Some((standing, wrong))) = (after.is_empty(), wrong) {
            self.accuse(place, standing, wrong);
            return false;
        }
        self.states = after.into_iter().collect();
        let standing = standing.unwrap_or(Standing::First);
        self.stands_after(place, standing, requests, before);
        true
    }

    fn replies(&mut self, requests: &[&Request]) {
        for request in requests {
            if request.outcome.heard().is_some() {
                self.audit.replies += 1;
                self.audit.seen.insert(self.standing(&request.deed));
            }
        }
    }

    /// The states after a deed with that outcome, or what is wrong with its reply.
    fn apply(
        &self,
        before: &[Account],
        deed: &Deed,
        outcome: &Outcome,
    ) -> Result<Vec<Account>, Wrong> {
        let mut after: Vec<Account> = match outcome {
            Outcome::NeverArrived => before.to_vec(),
            Outcome::ReplyLost(_) | Outcome::Hung(_) => {
                before.iter().flat_map(|state| state.maybe(deed)).collect()
            }
            Outcome::Replied(reply) => {
                let reply = self.only_ours(reply, before);
                let after: Vec<_> = before
                    .iter()
                    .flat_map(|state| state.after(deed, &reply))
                    .collect();
                if after.is_empty() {
                    return Err(Wrong::Reply {
                        got: reply,
                        allowed: allowed(before, deed),
                    });
                }
                after
            }
        };
        after.sort();
        after.dedup();
        Ok(after)
    }

    fn accuse(&mut self, place: usize, standing: Standing, wrong: Wrong) {
        self.onset.get_or_insert(Deviation {
            account: self.account,
            place,
            cause: Some(place),
            standing: Some(standing),
            wrong,
            by_crash: false,
            suspects_crash: self.died && standing == Standing::First,
            after_sweep: false,
        });
    }

    fn stands_after(
        &mut self,
        place: usize,
        standing: Standing,
        requests: &[&Request],
        before: Vec<Account>,
    ) {
        self.tidy();
        let promises = |request: &&Request| {
            let later = matches!(
                request.deed,
                Deed::Echoed { .. } | Deed::Withdrawn { .. } | Deed::Reinstated { .. }
            );
            later && request.outcome.heard().is_some()
        };
        if standing != Standing::Repeat && requests.iter().any(promises) {
            self.promise = Some((place, standing));
        }
        let lost = |request: &&Request| matches!(request.outcome, Outcome::ReplyLost(_));
        self.last = Some(Last {
            place,
            standing,
            acknowledged: requests.iter().any(|it| it.outcome.heard().is_some()),
            lost: requests.iter().any(lost),
            instance: requests.last().map_or(0, |it| it.instance),
            before,
        });
        self.crashed = false;
    }

    /// Of a sweep's jobs, those that this account's states know.
    fn only_ours(&self, reply: &Reply, states: &[Account]) -> Reply {
        match reply {
            Reply::Sweep(jobs) => Reply::Sweep(
                jobs.iter()
                    .filter(|job| states.iter().any(|state| state.jobs.contains_key(job)))
                    .cloned()
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    /// How the deed stands, by the states that the last balance shown fits best.
    fn standing(&self, deed: &Deed) -> Standing {
        let fits = |state: &&Account| self.shown.is_none_or(|shown| state.shows(&shown));
        self.states
            .iter()
            .find(fits)
            .or_else(|| self.states.first())
            .map_or(Standing::First, |state| state.standing(deed))
    }

    fn compare(&mut self, place: usize, shown: &Balance) {
        self.shown = Some(*shown);
        if self.states.iter().any(|state| state.shows(shown)) {
            self.onset = None;
            return;
        }
        let stuck = self.unswept.iter().any(|state| state.shows(shown));
        if let Some(onset) = &mut self.onset {
            onset.after_sweep |= stuck;
            return;
        }
        let unapplied = self.last.as_ref().is_some_and(|last| {
            last.acknowledged && last.before.iter().any(|state| state.shows(shown))
        });
        // A request that its own crash cut off may have done it; else it was the crash.
        let at_crash = self.crashed && !self.last.as_ref().is_some_and(|last| last.lost);
        let cause = self.last.as_ref().filter(|_| !at_crash && !self.swept);
        self.onset = Some(Deviation {
            account: self.account,
            place,
            cause: cause.map(|last| last.place),
            standing: cause.map(|last| last.standing),
            wrong: mismatch(&self.states, shown),
            by_crash: at_crash,
            suspects_crash: !at_crash
                && cause.is_some_and(|last| last.standing == Standing::First)
                && (self.died || unapplied && self.dies_later()),
            after_sweep: self.swept,
        });
    }

    fn dies_later(&self) -> bool {
        let Some(last) = &self.last else {
            return false;
        };
        self.history.happenings[last.place..].iter().any(|happening| {
            matches!(happening.what, What::Crash { instance } if instance == last.instance)
        })
    }
}

/// The orders in which two requests may have taken effect.
fn orders(one: &Request, two: &Request) -> Vec<Vec<(Deed, Outcome)>> {
    let whole = |request: &Request| (request.deed.clone(), request.outcome.clone());
    let mut orders = vec![vec![whole(one), whole(two)], vec![whole(two), whole(one)]];
    for (sweep, other) in [(one, two), (two, one)] {
        let Outcome::Replied(Reply::Sweep(jobs)) = &sweep.outcome else {
            continue;
        };
        let part = |jobs: &[JobId]| {
            let reply = Reply::Sweep(jobs.to_vec());
            (sweep.deed.clone(), Outcome::Replied(reply))
        };
        for cut in 1..jobs.len() {
            let (first, second) = jobs.split_at(cut);
            orders.push(vec![part(first), whole(other), part(second)]);
            orders.push(vec![part(second), whole(other), part(first)]);
        }
    }
    orders
}

/// What the ledger could have said.
fn allowed(states: &[Account], deed: &Deed) -> Vec<Reply> {
    let mut replies: Vec<Reply> = states
        .iter()
        .flat_map(|state| state.outcomes(deed))
        .map(|(reply, _)| reply)
        .collect();
    replies.sort();
    replies.dedup();
    replies
}

/// The first part of the balance that fits no state.
fn mismatch(states: &[Account], shown: &Balance) -> Wrong {
    let parts = [
        (Part::Spendable, Some(shown.spendable)),
        (Part::Held, shown.held),
        (Part::Owed, shown.owed),
    ];
    let value = |state: &Account, part: Part| match part {
        Part::Spendable => state.spendable,
        Part::Held => state.held(),
        Part::Owed => state.owed,
    };
    let mut fitting: Vec<&Account> = states.iter().collect();
    for (part, shown) in parts {
        let Some(shown) = shown else { continue };
        let wanted: BTreeSet<i64> = fitting.iter().map(|state| value(state, part)).collect();
        fitting.retain(|state| value(state, part) == shown.get());
        if fitting.is_empty() {
            return Wrong::Balance {
                part,
                wanted: wanted.into_iter().collect(),
                got: shown.get(),
            };
        }
    }
    unreachable!("a balance that fits in every part fits some state")
}
