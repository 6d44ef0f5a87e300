//! One account's way through a history, beside the model.
//!
//! The model's account is a *set* of states, because a lost reply leaves two. A reply narrows
//! the set; a reply that no state allows, in no order of what overlaps, is wrong. A balance is
//! compared with the set and narrows nothing: what is wrong for a moment and right after the calm
//! was late, not wrong. So a wrong balance counts from where it first showed, and only if it still
//! stands at the end.
//!
//! It is one walk, and so one file, longer than most.

use super::audit::{Audit, Deviation, Part, Wrong};
use super::linearize::{Explained, Possible, Timed};
use crate::history::{History, Outcome, Request, Span, What};
use crate::model::{Account, Choices, Standing};
use crate::target::{Applies, Balance};
use std::collections::BTreeSet;

/// When a request was under way of which nobody noted it.
const ANY: Span = Span {
    begins: 0,
    ends: None,
};

/// One account's way through the history.
pub(super) struct Walk<'a> {
    history: &'a History,
    account: usize,
    audit: &'a mut Audit,
    possible: Possible,
    /// How many configurations may still be looked at before the audit says that it doesn't know.
    budget: u32,
    shown: Option<Balance>,
    last: Option<Last>,
    /// The last that happened to the account, but for reading, was a death.
    crashed: bool,
    /// Some process has died by now.
    died: bool,
    swept: bool,
    /// The weather is over.
    calm: bool,
    /// The states before the last sweep that found nothing, where one should have found something.
    unswept: Vec<Account>,
    onset: Option<Deviation>,
    /// The latest delivery that was acknowledged and may be acted on later.
    promise: Option<Promise>,
}

/// A delivery that was acknowledged and may be acted on later.
#[derive(Clone, Copy)]
struct Promise {
    place: usize,
    /// Which of the requests at that place.
    nth: usize,
    standing: Standing,
}

/// The last requests of the account, with the states before them.
struct Last {
    place: usize,
    standing: Standing,
    acknowledged: bool,
    /// It ran and nobody heard the answer.
    lost: bool,
    instance: usize,
    before: Vec<Account>,
}

/// Why a walk ends before the history does.
enum Stop {
    /// A reply was wrong: what comes after it tells nothing.
    Wrong,
    /// The budget ran out.
    Exhausted,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        history: &'a History,
        account: usize,
        audit: &'a mut Audit,
        budget: u32,
    ) -> Self {
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
            possible: Possible::opening(states),
            budget,
            shown,
            last: None,
            crashed: false,
            died: false,
            swept: false,
            calm: false,
            unswept: Vec::new(),
            onset: None,
            promise: None,
        }
    }

    pub(super) fn run(mut self) {
        for (place, happening) in self.history.happenings.iter().enumerate() {
            let went = match &happening.what {
                What::Request(request) => self.requests(place, &[(0, request, Span::default())]),
                What::Duel {
                    requests, spans, ..
                } => {
                    let spans = spans.iter().copied().chain(std::iter::repeat(ANY));
                    let timed = requests.iter().zip(spans).enumerate();
                    let timed: Vec<_> = timed.map(|(nth, (it, span))| (nth, it, span)).collect();
                    self.requests(place, &timed)
                }
                What::Balance {
                    account,
                    read: Ok(balance),
                } if *account == self.account => {
                    self.compare(place, balance);
                    Ok(())
                }
                What::Business { account, knows, .. } if *account == self.account => {
                    self.possible.learn(knows);
                    Ok(())
                }
                What::Crash { .. } | What::ServerCrash => {
                    (self.crashed, self.died) = (true, true);
                    self.audit.left_a_hold |= self.holds();
                    Ok(())
                }
                What::GaveUp(request) if request.account.is_none_or(|it| it == self.account) => {
                    let mut states = self.possible.accounts().iter();
                    if states.any(|state| state.may_refuse(&request.deed)) {
                        self.audit.refusable.insert(place);
                    }
                    Ok(())
                }
                What::Calm => {
                    self.possible.come_to_rest();
                    self.calm = true;
                    self.audit.left_a_hold |= self.holds();
                    self.settle(place);
                    Ok(())
                }
                What::Swept => {
                    self.swept = true;
                    let held = self
                        .possible
                        .accounts()
                        .iter()
                        .filter(|state| state.held() > 0);
                    self.unswept = held.cloned().collect();
                    self.possible.sweep();
                    Ok(())
                }
                _ => Ok(()),
            };
            match went {
                Ok(()) => {}
                Err(Stop::Wrong) => break,
                Err(Stop::Exhausted) => {
                    self.audit.exhausted = true;
                    return;
                }
            }
        }
        self.audit.deviations.extend(self.onset);
    }

    /// Every event of every fact has come by now. A balance that was right as long as something
    /// could still be done, and isn't now, is that promise broken.
    fn settle(&mut self, place: usize) {
        let before = self.possible.accounts().to_vec();
        self.possible.settle();
        // What a queue has left to do is told by the balances of the calm.
        if self.history.policy.applies == Some(Applies::Later) {
            return;
        }
        let Some(shown) = self.shown else { return };
        let right = |states: &[Account]| states.iter().any(|state| state.shows(&shown));
        match self.promise {
            Some(promise) if right(&before) && !right(self.possible.accounts()) => {
                self.onset = Some(Deviation {
                    account: self.account,
                    place,
                    cause: Some(promise.place),
                    nth: Some(promise.nth),
                    standing: Some(promise.standing),
                    wrong: mismatch(self.possible.accounts(), &shown),
                    by_crash: false,
                    suspects_crash: self.died,
                    after_sweep: false,
                });
            }
            _ => self.compare(place, &shown),
        }
    }

    fn holds(&self) -> bool {
        self.possible
            .accounts()
            .iter()
            .all(|state| state.held() > 0)
    }

    /// Goes on by the requests of one place that are this account's, or everybody's.
    fn requests(&mut self, place: usize, all: &[(usize, &'a Request, Span)]) -> Result<(), Stop> {
        let is_ours = |request: &Request| request.account.is_none_or(|it| it == self.account);
        let ours: Vec<_> = all.iter().filter(|(_, it, _)| is_ours(it)).collect();
        let Some((_, last, _)) = ours.last() else {
            return Ok(());
        };
        let seems: Vec<Standing> = ours.iter().map(|(_, it, _)| self.standing(it)).collect();
        for ((_, request, _), standing) in ours.iter().zip(&seems) {
            if request.outcome.heard().is_some() {
                self.audit.replies += 1;
                self.audit.seen.insert(*standing);
            }
        }
        let before: Vec<Account> = self.possible.accounts().to_vec();
        let timed: Vec<Timed<'_>> = ours
            .iter()
            .map(|(_, request, span)| Timed {
                deed: &request.deed,
                outcome: &request.outcome,
                span: *span,
            })
            .collect();
        let shown = self.shown;
        let fits = |state: &Account| shown.is_none_or(|shown| state.shows(&shown));
        let stood = match self.possible.explain(&timed, fits, &mut self.budget) {
            Explained::Yes(stood) => stood,
            Explained::Unknown => return Err(Stop::Exhausted),
            Explained::No(refusal) => {
                let (nth, ..) = ours[refusal.request];
                let wrong = Wrong::Reply {
                    got: refusal.got,
                    allowed: refusal.allowed,
                };
                self.accuse(place, *nth, refusal.standing, wrong);
                return Err(Stop::Wrong);
            }
        };
        let stood = stood.into_iter().zip(seems);
        let stood: Vec<Standing> = stood
            .map(|(answered, seems)| answered.unwrap_or(seems))
            .collect();
        for ((nth, request, _), standing) in ours.iter().zip(&stood) {
            let acknowledged = request.outcome.heard().is_some();
            if acknowledged && request.deed.is_promise() && *standing != Standing::Repeat {
                self.promise = Some(Promise {
                    place,
                    nth: *nth,
                    standing: *standing,
                });
            }
        }
        self.last = Some(Last {
            place,
            standing: stood
                .into_iter()
                .max_by_key(|standing| tells(*standing))
                .unwrap_or(Standing::First),
            acknowledged: ours.iter().any(|(_, it, _)| it.outcome.heard().is_some()),
            lost: ours
                .iter()
                .any(|(_, it, _)| matches!(it.outcome, Outcome::ReplyLost(_) | Outcome::Died)),
            instance: last.instance,
            before,
        });
        self.crashed = false;
        Ok(())
    }

    fn accuse(&mut self, place: usize, nth: usize, standing: Standing, wrong: Wrong) {
        let suspects_crash = self.died && (standing == Standing::First || wrong.forgets());
        self.onset.get_or_insert(Deviation {
            account: self.account,
            place,
            cause: Some(place),
            nth: Some(nth),
            standing: Some(standing),
            wrong,
            by_crash: false,
            suspects_crash,
            after_sweep: false,
        });
    }

    /// How a request stands, by the states that the last balance shown fits best.
    fn standing(&self, request: &Request) -> Standing {
        let fits = |state: &&Account| self.shown.is_none_or(|shown| state.shows(&shown));
        let accounts = self.possible.accounts();
        let likely = accounts.iter().find(fits).or_else(|| accounts.first());
        likely.map_or(Standing::First, |state| state.standing(&request.deed))
    }

    fn compare(&mut self, place: usize, shown: &Balance) {
        // Whoever applies events from a queue is judged by what stands once it is empty.
        if self.history.policy.applies == Some(Applies::Later) && !self.calm {
            return;
        }
        self.shown = Some(*shown);
        if self
            .possible
            .accounts()
            .iter()
            .any(|state| state.shows(shown))
        {
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
            nth: None,
            standing: cause.map(|last| last.standing),
            wrong: mismatch(self.possible.accounts(), shown),
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
        self.history.happenings[last.place..]
            .iter()
            .any(|happening| match happening.what {
                What::Crash { instance } => instance == last.instance,
                What::ServerCrash => true,
                _ => false,
            })
    }
}

/// Of requests that overlapped, which one a wrong balance is put down to: a repeat or a contrary end
/// is likelier behind it than what was told for the first time; of equals, the last.
fn tells(standing: Standing) -> u8 {
    match standing {
        Standing::Repeat => 3,
        Standing::Contrary => 2,
        Standing::Mismatch | Standing::Nonsense | Standing::Tampered | Standing::Clawback => 1,
        Standing::First | Standing::Overdraw | Standing::Unfounded | Standing::Sweep => 0,
    }
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
