//! One account as it should be: a purse, its jobs, and the facts that were told about it.

use super::Choices;
use crate::target::{Balance, Clawback, Credits, FactId, JobId};
use std::collections::BTreeMap;

/// The model's state of one account. Small, pure, and shares no code with any ledger. A ledger may
/// open with any balance, an absurd one too, so sums stop at the ends of the range.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// The ledger's choices, as far as they matter here.
    pub choices: Choices,
    /// Credits that can be reserved; below zero only under [`Clawback::Negative`] or an overdraft
    /// that was declared.
    pub spendable: i64,
    /// Credits clawed back that could not be taken yet.
    pub owed: i64,
    /// Every job that was ever held.
    pub jobs: BTreeMap<JobId, Job>,
    /// Every fact that was ever told.
    pub facts: BTreeMap<FactId, Fact>,
}

/// One job: what was held for it and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Job {
    /// Credits asked for.
    pub amount: i64,
    /// Credits held: the same, but for a ledger that takes what is there.
    pub held: i64,
    /// Where it stands.
    pub status: JobStatus,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobStatus {
    /// Its credits are held.
    Held,
    /// It succeeded, at this cost.
    Charged(i64),
    /// It failed or was given up.
    Refunded,
}

/// One fact: what was paid for, and what was given back since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// Credits granted for it; `None` before the payment is known.
    pub credits: Option<i64>,
    /// What was paid, in minor units; 0 before a refund is known.
    pub paid: i64,
    /// The highest running total of money given back that was told, in minor units.
    pub refunded: i64,
    /// What a bank holds because of a dispute, in minor units, as far as the ledger acted on it.
    pub withdrawn: i64,
    /// Credits taken back so far.
    pub taken: i64,
    /// Of those, what was forgiven because spendable didn't cover it.
    pub forgiven: i64,
    /// Told, and perhaps not acted on before everything has been told.
    pub promised: Promised,
}

/// What several events tell, what waits until it is known whose it is, or what Stripe says to a
/// ledger that asks: it is done at whatever time the ledger likes, and by the time that all has been
/// told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Promised {
    /// Credits that were paid for.
    pub credits: Option<i64>,
    /// Nothing was asked for them: the ledger needn't give them at all.
    pub free: bool,
    /// What a bank took, in minor units.
    pub withdrawn: Option<i64>,
    /// That the bank gives it back, which is final.
    pub reinstated: bool,
    /// The running total of money given back, in minor units, that no event needs to have told.
    pub refunded: Option<i64>,
}

impl Account {
    /// An account that opens with this balance.
    #[must_use]
    pub fn opening(choices: Choices, spendable: i64) -> Self {
        Self {
            choices,
            spendable,
            owed: 0,
            jobs: BTreeMap::new(),
            facts: BTreeMap::new(),
        }
    }

    /// Credits held by open jobs.
    #[must_use]
    pub fn held(&self) -> i64 {
        self.jobs
            .values()
            .filter(|job| job.status == JobStatus::Held)
            .fold(0, |held: i64, job| held.saturating_add(job.held))
    }

    /// The balance that a ledger in this state would show.
    #[must_use]
    pub fn balance(&self) -> Balance {
        Balance {
            spendable: Credits::new(self.spendable),
            held: Some(Credits::new(self.held())),
            owed: Some(Credits::new(self.owed)),
        }
    }

    /// Whether a ledger in this state may show that balance; what it doesn't tell may be anything.
    #[must_use]
    pub fn shows(&self, balance: &Balance) -> bool {
        let same = |told: Option<Credits>, is: i64| told.is_none_or(|told| told.get() == is);
        balance.spendable.get() == self.spendable
            && same(balance.held, self.held())
            && same(balance.owed, self.owed)
    }

    /// Raises spendable; what is owed is paid first.
    pub(super) fn raise(&mut self, credits: i64) {
        let pays = self.owed.min(credits);
        self.owed -= pays;
        self.spendable = self.spendable.saturating_add(credits - pays);
    }

    /// Takes back what a fact's refunds and dispute ask for and hasn't been taken yet, or gives
    /// back what they no longer ask for.
    pub(super) fn claw_back(&mut self, fact: &FactId) {
        let Some(known) = self.facts.get_mut(fact) else {
            return;
        };
        let (Some(credits), true) = (known.credits, known.paid > 0) else {
            return;
        };
        let gone = i128::from(known.refunded) + i128::from(known.withdrawn);
        let share = i128::from(credits) * gone / i128::from(known.paid);
        let target = i64::try_from(share).unwrap_or(credits).min(credits);
        let take = target - known.taken;
        known.taken = target;
        if take <= 0 {
            if self.choices.clawback != Clawback::None {
                self.raise(-take);
            }
            return;
        }
        let covered = take.min(self.spendable.max(0));
        if self.choices.clawback == Clawback::Floor {
            known.forgiven += take - covered;
        }
        match self.choices.clawback {
            Clawback::Owed => {
                self.spendable -= covered;
                self.owed = self.owed.saturating_add(take - covered);
            }
            Clawback::Negative => self.spendable = self.spendable.saturating_sub(take),
            Clawback::Floor => self.spendable -= covered,
            Clawback::None => {}
        }
    }

    /// The ways in which it can be by now: with what was promised done, fact by fact, or not yet.
    #[must_use]
    pub fn by_now(self) -> Vec<Self> {
        let facts: Vec<FactId> = self.facts.keys().cloned().collect();
        let mut states = vec![self];
        for fact in &facts {
            for state in states.clone() {
                states.extend(state.fulfilled(fact));
            }
            for state in states.clone() {
                states.extend(state.repaid(fact));
            }
        }
        states
    }

    /// The ways in which it can be once every event of every fact has come: what was promised is
    /// done.
    #[must_use]
    pub fn settled(self) -> Vec<Self> {
        let facts: Vec<FactId> = self.facts.keys().cloned().collect();
        let mut states = vec![self];
        for fact in &facts {
            let settle = |state: Self| {
                let mut done = state.fulfilled(fact);
                if done.is_empty() || state.facts[fact].promised.free {
                    done.push(state);
                }
                done
            };
            states = states.into_iter().flat_map(settle).collect();
        }
        states
    }

    /// As it is once the ledger has asked Stripe how much was given back; nothing where that is no
    /// news.
    fn repaid(&self, fact: &FactId) -> Option<Self> {
        let known = &self.facts[fact];
        let told = known.promised.refunded;
        let refunded = told.filter(|told| *told > known.refunded)?;
        let mut then = self.clone();
        then.facts.entry(fact.clone()).or_default().refunded = refunded;
        then.claw_back(fact);
        Some(then)
    }

    /// The ways in which a fact's promise can be kept; none if nothing is open.
    fn fulfilled(&self, fact: &FactId) -> Vec<Self> {
        let known = &self.facts[fact];
        let promised = known.promised;
        let credits = promised.credits.filter(|_| known.credits.is_none());
        let gives_back = promised.reinstated && known.withdrawn > 0;
        let takes = promised
            .withdrawn
            .filter(|taken| !promised.reinstated && *taken != known.withdrawn);
        if credits.is_none() && !gives_back && takes.is_none() {
            return Vec::new();
        }
        let mut then = self.clone();
        if let Some(credits) = credits {
            then.pay_in(fact, credits);
        }
        if let Some(withdrawn) = takes {
            then.withdraw(fact, withdrawn);
        }
        if !gives_back {
            return vec![then];
        }
        let forgiven = then.reinstate(fact);
        let less = forgiven.map(|forgiven| {
            let mut less = then.clone();
            less.spendable -= forgiven;
            less
        });
        std::iter::once(then).chain(less).collect()
    }

    /// Credits were paid for.
    pub(super) fn pay_in(&mut self, fact: &FactId, credits: i64) {
        self.facts.entry(fact.clone()).or_default().credits = Some(credits);
        self.raise(credits);
        self.claw_back(fact);
    }

    /// A bank has taken money.
    fn withdraw(&mut self, fact: &FactId, withdrawn: i64) {
        self.facts.entry(fact.clone()).or_default().withdrawn = withdrawn;
        self.claw_back(fact);
    }

    /// A bank has given back what it took. What had been forgiven then may be given back with the
    /// rest, or not: as much as that is `Some`.
    fn reinstate(&mut self, fact: &FactId) -> Option<i64> {
        let known = self.facts.entry(fact.clone()).or_default();
        let held = std::mem::take(&mut known.withdrawn);
        let forgiven = std::mem::take(&mut known.forgiven);
        self.claw_back(fact);
        (held > 0 && forgiven > 0).then_some(forgiven)
    }

    /// As a sweep leaves it that was repeated until it found nothing: no job is held.
    #[must_use]
    pub fn swept(mut self) -> Self {
        let open: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, job)| job.status == JobStatus::Held)
            .map(|(id, _)| id.clone())
            .collect();
        for id in open {
            self.release(&id);
        }
        self
    }

    /// Ends a held job without cost.
    pub(super) fn release(&mut self, id: &JobId) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.status = JobStatus::Refunded;
            let held = job.held;
            self.raise(held);
        }
    }
}
