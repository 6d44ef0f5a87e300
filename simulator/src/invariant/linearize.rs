//! Linearizability: is there an order, consistent with real time, in which a sound ledger would
//! have given these answers?
//!
//! # The idea
//!
//! A request takes effect at one moment between its call and its answer. Requests that overlap may
//! have done so in either order; one that was over before another was sent may not:
//!
//! ```text
//! reserve j1 ├──────────────┤ reserved
//! payment        ├──────┤ HTTP 200
//! reserve j2                 ├─────┤ insufficient      (after both, whatever they did)
//! ```
//!
//! The search takes one request after another into such an order, each from among those that
//! nothing left out must precede, and lets the model answer (Wing and Gong, *Testing and verifying
//! concurrent objects*, 1993). The same requests taken with the same account to show for it needn't
//! be continued twice (Lowe, *Testing for linearizability*, 2017). The model answers with a *set*,
//! so all orders are followed to their ends, and where the account may be is what they leave.
//!
//! - **An answer that nobody heard**, or that doesn't say whether anything moved, is a *maybe*: it
//!   takes effect at any moment after its call, long after a retry of it too, or never. So it stays
//!   under way from one stretch of history to the next, until the calm.
//! - **A sweep** is as many refunds as it tells jobs, each with a moment of its own.
//! - **A budget** counts what was looked at. Past it the answer is *unknown*, and nobody is accused.
//!
//! # What is left out
//!
//! One account at a time: what holds between accounts isn't seen here. A request of which it is
//! known that it never arrived is none.

use super::places::Places;
use crate::history::{Outcome, Span};
use crate::model::{Account, Deed, JobStatus, Standing, leaves_open};
use crate::target::{JobId, Refund, Reply};
use std::collections::BTreeSet;

/// A request as far as this goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed<'a> {
    pub(super) deed: &'a Deed,
    pub(super) outcome: &'a Outcome,
    pub(super) span: Span,
}

/// So many jobs of a sweep are told apart where only their number is told.
const MOST_SWEPT: u64 = 8;

const ONE_SWEPT: Reply = Reply::Swept(1);

impl Timed<'_> {
    fn overlaps(&self, other: &Timed<'_>) -> bool {
        !self.span.is_before(other.span) && !other.span.is_before(self.span)
    }

    /// Whether it says that it refunded that job.
    fn refunds(&self, job: &JobId) -> bool {
        match (self.deed, self.outcome.heard()) {
            (Deed::Refund { job: other }, Some(Reply::Refund(Refund::Refunded))) => other == job,
            (_, Some(Reply::Sweep(jobs))) => jobs.contains(job),
            _ => false,
        }
    }
}

/// Everywhere an account may be after a history.
#[derive(Clone, Debug)]
pub(super) struct Possible {
    accounts: Vec<Account>,
    /// The jobs for which it was asked to reserve, whatever was said to that.
    jobs: BTreeSet<JobId>,
    /// What may still be under way. For an account that shows it to have happened it is past
    /// ([`Account::is_past`]), so that each account says itself what may still come of it.
    unheard: Vec<Deed>,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub(super) enum Explained {
    /// Some order gives these answers; in the first of them each request that was answered stood
    /// like this.
    Yes(Vec<Option<Standing>>),
    /// None does.
    No(Refusal),
    /// The budget ran out.
    Unknown,
}

/// The answer that the orders which went furthest came to grief at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Whose, by its place among the requests.
    pub(super) request: usize,
    pub(super) standing: Standing,
    pub(super) got: Reply,
    pub(super) allowed: Vec<Reply>,
}

impl Possible {
    /// Before anything has happened.
    pub(super) fn opening(accounts: Vec<Account>) -> Self {
        let jobs = accounts.iter().flat_map(|account| account.jobs.keys());
        Self {
            jobs: jobs.cloned().collect(),
            accounts,
            unheard: Vec::new(),
        }
    }

    pub(super) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The calm: what was under way has happened by now, or never will.
    pub(super) fn come_to_rest(&mut self) {
        self.unheard.clear();
    }

    /// Stripe says this from now on to a ledger that asks, and the ledger may have asked.
    pub(super) fn learn(&mut self, deeds: &[Deed]) {
        for deed in deeds {
            let accounts = std::mem::take(&mut self.accounts).into_iter();
            self.accounts = accounts.flat_map(|it| it.learns(deed).by_now()).collect();
            self.tidy();
        }
    }

    /// Every event of every fact has come: what they promised is done.
    pub(super) fn settle(&mut self) {
        let accounts = std::mem::take(&mut self.accounts).into_iter();
        self.accounts = accounts.flat_map(Account::settled).collect();
        self.tidy();
    }

    /// As a sweep leaves it that was repeated until it found nothing.
    pub(super) fn sweep(&mut self) {
        let accounts = std::mem::take(&mut self.accounts).into_iter();
        self.accounts = accounts.map(Account::swept).collect();
        self.tidy();
    }

    /// Goes on by requests, of which some may overlap. Accounts that `seem` right are tried first.
    /// If no order explains the answers, or the budget runs out, it is where it was.
    pub(super) fn explain(
        &mut self,
        requests: &[Timed<'_>],
        seem: impl Fn(&Account) -> bool,
        budget: &mut u32,
    ) -> Explained {
        let reserved = requests.iter().filter_map(|request| match request.deed {
            Deed::Reserve { job, .. } => Some(job.clone()),
            _ => None,
        });
        self.jobs.extend(reserved);
        let mut search = Search::new(self.maybes(requests), self.answers(requests), requests);
        let (likely, others): (Vec<_>, Vec<_>) = self.accounts.iter().partition(|it| seem(it));
        // The last that is put there is the first that is taken.
        for account in others.into_iter().rev().chain(likely.into_iter().rev()) {
            search.begin(account.clone());
        }
        if !search.run(budget) {
            return Explained::Unknown;
        }
        let Some(first) = search.ends.first() else {
            return search.refusal().map_or(Explained::Unknown, Explained::No);
        };
        let standings = search.standings(*first);
        let unheard = search.maybes.iter().map(|op| op.deed.clone()).collect();
        (self.accounts, self.unheard) = (search.accounts(), unheard);
        self.tidy();
        Explained::Yes(standings)
    }

    /// What may have an effect, or not: of before, and of now.
    fn maybes<'a>(&'a self, requests: &[Timed<'a>]) -> Vec<Op<'a>> {
        let before = self.unheard.iter().map(|deed| (deed, 0));
        let now = requests.iter().filter_map(|timed| match timed.outcome {
            Outcome::NeverArrived => None,
            Outcome::Replied(reply) if !leaves_open(reply) => None,
            Outcome::Replied(_) | Outcome::ReplyLost(_) | Outcome::Died | Outcome::Hung(_) => {
                Some((timed.deed, timed.span.begins))
            }
        });
        let op = |(deed, begins)| Op {
            request: usize::MAX,
            deed,
            effect: Effect::Maybe,
            span: Span { begins, ends: None },
        };
        before.chain(now).map(op).collect()
    }

    /// What has to be put in order: all that was answered.
    fn answers<'a>(&self, requests: &[Timed<'a>]) -> Vec<Op<'a>> {
        let mut ops = Vec::new();
        for (request, timed) in requests.iter().enumerate() {
            let op = |effect| Op {
                request,
                deed: timed.deed,
                effect,
                span: timed.span,
            };
            match timed.outcome.heard() {
                Some(Reply::Sweep(jobs)) => {
                    // Another account's jobs are judged with that account.
                    let ours = jobs.iter().filter(|job| self.jobs.contains(job));
                    ops.extend(ours.map(|job| {
                        let mut others = requests.iter().enumerate();
                        op(
                            if others.any(|(other, it)| {
                                other != request && it.overlaps(timed) && it.refunds(job)
                            }) {
                                Effect::FindsRefunded(job)
                            } else {
                                Effect::Refunds(job)
                            },
                        )
                    }));
                }
                // Only how many: each of them has a moment of its own. More than a few are other
                // accounts' too, and say the same.
                Some(Reply::Swept(count)) if *count <= MOST_SWEPT => {
                    ops.extend((0..*count).map(|_| op(Effect::Says(&ONE_SWEPT))));
                }
                Some(reply) if !leaves_open(reply) => ops.push(op(Effect::Says(reply))),
                _ => {}
            }
        }
        ops
    }

    /// Forgets equal accounts, and what is past for all of them.
    fn tidy(&mut self) {
        self.accounts.sort();
        self.accounts.dedup();
        let mut awaited: Vec<Deed> = Vec::new();
        for deed in self.unheard.drain(..) {
            let is_past = self.accounts.iter().all(|account| account.is_past(&deed));
            if !is_past && !awaited.contains(&deed) {
                awaited.push(deed);
            }
        }
        self.unheard = awaited;
    }
}

/// One thing that has, or may have, a moment at which it took effect.
#[derive(Clone, Copy, Debug)]
struct Op<'a> {
    /// Which request; none for a maybe.
    request: usize,
    deed: &'a Deed,
    effect: Effect<'a>,
    span: Span,
}

#[derive(Clone, Copy, Debug)]
enum Effect<'a> {
    /// It was answered so.
    Says(&'a Reply),
    /// A sweep said that it refunded this job.
    Refunds(&'a JobId),
    /// The same, of a job that somebody else says to have refunded meanwhile: whoever comes second
    /// finds it refunded, and may say that it is.
    FindsRefunded(&'a JobId),
    /// Nobody knows.
    Maybe,
}

impl Op<'_> {
    /// Everywhere it may lead from there. A maybe that moves nothing leads nowhere: not yet to have
    /// happened is the same, and leaves it its chance.
    fn leads(&self, from: &Account) -> Vec<Account> {
        match self.effect {
            Effect::Says(reply) => from.after(self.deed, reply),
            Effect::FindsRefunded(job)
                if from.jobs.get(job).map(|job| job.status) == Some(JobStatus::Refunded) =>
            {
                vec![from.clone()]
            }
            Effect::Refunds(job) | Effect::FindsRefunded(job) => {
                let held = from.jobs.get(job).map(|job| job.status) == Some(JobStatus::Held);
                let one = Reply::Sweep(vec![job.clone()]);
                let after = held.then(|| from.after(self.deed, &one));
                after.unwrap_or_default()
            }
            Effect::Maybe if from.is_past(self.deed) => Vec::new(),
            Effect::Maybe => {
                let mut states = from.maybe(self.deed);
                states.retain(|state| state != from);
                states
            }
        }
    }
}

/// Some requests taken, in some order.
#[derive(Clone, Debug)]
struct Node {
    account: Account,
    /// Answers that aren't taken yet.
    left: Places,
    /// How many are.
    taken: usize,
    /// From which node, by which answer; a maybe is none.
    came: Option<(usize, Option<usize>)>,
}

/// Depth first through all orders.
struct Search<'a> {
    maybes: Vec<Op<'a>>,
    answers: Vec<Op<'a>>,
    requests: &'a [Timed<'a>],
    nodes: Vec<Node>,
    stack: Vec<usize>,
    seen: BTreeSet<(Places, Account)>,
    /// Nodes in which all that was answered is taken.
    ends: Vec<usize>,
    /// Where the orders that went furthest ended: at which node, at which answer.
    stuck: Vec<(usize, usize)>,
}

impl<'a> Search<'a> {
    fn new(maybes: Vec<Op<'a>>, answers: Vec<Op<'a>>, requests: &'a [Timed<'a>]) -> Self {
        Self {
            maybes,
            answers,
            requests,
            nodes: Vec::new(),
            stack: Vec::new(),
            seen: BTreeSet::new(),
            ends: Vec::new(),
            stuck: Vec::new(),
        }
    }

    fn begin(&mut self, account: Account) {
        let left = (0..self.answers.len()).collect();
        self.push(Node {
            account,
            left,
            taken: 0,
            came: None,
        });
    }

    fn push(&mut self, node: Node) {
        // One answer alone comes to no node twice.
        let alone = self.maybes.is_empty() && self.answers.len() < 2;
        if alone || self.seen.insert((node.left.clone(), node.account.clone())) {
            self.stack.push(self.nodes.len());
            self.nodes.push(node);
        }
    }

    /// False if the budget ran out.
    fn run(&mut self, budget: &mut u32) -> bool {
        while let Some(place) = self.stack.pop() {
            let Some(rest) = budget.checked_sub(1) else {
                return false;
            };
            *budget = rest;
            self.go_on(place);
        }
        true
    }

    fn go_on(&mut self, place: usize) {
        let Node {
            account,
            left,
            taken,
            ..
        } = self.nodes[place].clone();
        // Maybes are put on the stack first, and so taken last: what was answered explains more.
        for maybe in 0..self.maybes.len() {
            let maybe = self.maybes[maybe];
            if self.may_be_next(maybe.span, &left) {
                for account in maybe.leads(&account) {
                    self.push(Node {
                        account,
                        left: left.clone(),
                        taken,
                        came: Some((place, None)),
                    });
                }
            }
        }
        if left.is_empty() {
            self.ends.push(place);
        }
        let next = left
            .iter()
            .filter(|it| self.may_be_next(self.answers[*it].span, &left));
        let mut next: Vec<usize> = next.collect();
        if self.is_rest_of_a_sweep(&left) {
            next.truncate(1);
        }
        for answer in next.into_iter().rev() {
            let leads = self.answers[answer].leads(&account);
            if leads.is_empty() {
                self.gets_stuck(place, answer);
            }
            let mut left = left.clone();
            left.remove(answer);
            for account in leads {
                self.push(Node {
                    account,
                    left: left.clone(),
                    taken: taken + 1,
                    came: Some((place, Some(answer))),
                });
            }
        }
    }

    /// Whether nothing that is left was over before this began.
    fn may_be_next(&self, span: Span, left: &Places) -> bool {
        !left
            .iter()
            .any(|other| self.answers[other].span.is_before(span))
    }

    /// Refunds of one sweep come to the same in any order, if nothing can come between.
    fn is_rest_of_a_sweep(&self, left: &Places) -> bool {
        let mut rest = left.iter().map(|answer| &self.answers[answer]);
        let Some(first) = rest.next() else {
            return false;
        };
        let same = |op: &Op<'_>| op.request == first.request;
        matches!(first.effect, Effect::Refunds(_)) && self.maybes.is_empty() && rest.all(same)
    }

    fn gets_stuck(&mut self, place: usize, answer: usize) {
        let taken = |place: usize| self.nodes[place].taken;
        match self.stuck.last().map(|(deepest, _)| taken(*deepest)) {
            Some(deepest) if taken(place) < deepest => return,
            Some(deepest) if taken(place) > deepest => self.stuck.clear(),
            _ => {}
        }
        self.stuck.push((place, answer));
    }

    /// Of the orders that went furthest, the answer that came last: those before it can be true.
    fn refusal(&self) -> Option<Refusal> {
        let op = |answer: usize| &self.answers[answer];
        let ends = |answer: usize| op(answer).span.ends.unwrap_or(u32::MAX);
        let last = |(_, answer): &&(usize, usize)| (ends(*answer), op(*answer).request);
        let (_, answer) = *self.stuck.iter().max_by_key(last)?;
        let blamed = op(answer);
        let stuck = self.stuck.iter();
        let mut stuck = stuck.filter(|(_, other)| op(*other).request == blamed.request);
        let allowed: BTreeSet<Reply> = stuck
            .clone()
            .flat_map(|(place, _)| self.nodes[*place].account.outcomes(blamed.deed))
            .map(|(reply, _)| reply)
            .collect();
        let got = match blamed.effect {
            Effect::Says(reply) => reply.clone(),
            Effect::Refunds(_) | Effect::FindsRefunded(_) | Effect::Maybe => {
                let ours = self
                    .answers
                    .iter()
                    .filter(|it| it.request == blamed.request);
                let jobs = ours.filter_map(|it| match it.effect {
                    Effect::Refunds(job) => Some(job.clone()),
                    _ => None,
                });
                Reply::Sweep(jobs.collect())
            }
        };
        // Of several ways to it, the one that was tried first.
        let (first, _) = stuck.next()?;
        Some(Refusal {
            request: blamed.request,
            standing: self.nodes[*first].account.standing(blamed.deed),
            got,
            allowed: allowed.into_iter().collect(),
        })
    }

    /// How each request stood on the way to a node.
    fn standings(&self, mut node: usize) -> Vec<Option<Standing>> {
        let mut standings = vec![None; self.requests.len()];
        while let Some((from, answer)) = self.nodes[node].came {
            if let Some(op) = answer.map(|answer| &self.answers[answer]) {
                let standing = self.nodes[from].account.standing(op.deed);
                standings[op.request] = Some(standing);
            }
            node = from;
        }
        standings
    }

    fn accounts(&self) -> Vec<Account> {
        let account = |place: &usize| self.nodes[*place].account.clone();
        self.ends.iter().map(account).collect()
    }
}
