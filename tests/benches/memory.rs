//! What badai's own process takes in memory over a million schedules: it should stop growing.
//!
//! The storms are drawn, played and judged as `badai storm` does, at a ledger that keeps its purses
//! in memory and forgets old ones, so that what grows is badai's. Then come chosen orders of pairs
//! on real tables, through the wire: each costs some ten round trips, so they are fewer. It takes
//! some 80 minutes for the first; what it says after 1,000, 10,000 and so on it says at once.

use simulator::execute::Manner;
use simulator::hunt::{self, Watcher};
use simulator::report::Verdict;
use simulator::strategy::{Exhaustive, Strategy};
use simulator::{
    AccountId, Answer, Balance, Credits, FactId, Grant, JobId, Ledger, LedgerError, Reserve,
    Subject, World,
};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use tests::races::race;
use tests::schoolbook::Careful;
use tests::{nothing, order, stage};

const STORMS: u32 = 1_000_000;
const ORDERS: u32 = 20_000;

fn main() {
    let subject = Subject::rust::<Forgetful>("forgetful", "purses in memory");
    let mut free = stage(subject).expect("a stage");
    let storms = order(1, STORMS);
    let report = hunt::hunt(&mut free, &storms, &mut Scale("storms")).expect("a report");
    assert_ne!(report.verdict, Verdict::Broken, "{report:#?}");
    drop(free);

    let mut chosen = stage(race::<Careful>("careful")).expect("a stage");
    chosen = chosen.with_wire().expect("a wire");
    let duels = chosen.menu().duels();
    let (mut played, mut scale) = (0, Scale("chosen orders"));
    while played < ORDERS {
        for duel in &duels {
            let mut strategy = Exhaustive::new();
            while played < ORDERS && strategy.begin() {
                let fought = chosen.play_duel(&duel.schedule, &mut strategy, Manner::default());
                fought.expect("a run");
                played += 1;
                scale.case(played, ORDERS);
            }
        }
    }
}

/// Says what the process takes, ten times as late each time.
struct Scale(&'static str);

impl Watcher for Scale {
    fn case(&mut self, done: u32, of: u32) {
        let power = done.to_string().trim_end_matches('0') == "1" && done >= 1_000;
        if power || done == of || done == of / 2 {
            let what = self.0;
            println!("{done:>9} {what:<14} {:>5.1} MiB", resident());
        }
    }
}

/// Resident memory of this process, in MiB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let kib = line.and_then(|it| it.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.expect("a number") / 1_024.0
}

/// A right ledger of which only the last accounts are left.
struct Forgetful;

#[derive(Default)]
struct Purse {
    credits: i64,
    facts: BTreeMap<String, i64>,
    jobs: BTreeMap<String, i64>,
}

#[derive(Default)]
struct Purses {
    by_account: BTreeMap<String, Purse>,
    in_order: VecDeque<String>,
}

/// More accounts than any schedule has.
const KEPT: usize = 100;

static PURSES: Mutex<Purses> = Mutex::new(Purses {
    by_account: BTreeMap::new(),
    in_order: VecDeque::new(),
});

fn purses() -> MutexGuard<'static, Purses> {
    PURSES.lock().expect("nobody panics")
}

impl Purses {
    fn of(&mut self, account: &AccountId) -> Answer<&mut Purse> {
        let purse = self.by_account.get_mut(account.as_str());
        purse.ok_or_else(|| LedgerError::failed("no such account"))
    }
}

fn sensible(amount: Credits) -> Answer<i64> {
    let amount = Some(amount.get()).filter(|it| *it > 0);
    amount.ok_or_else(|| LedgerError::refused("an amount that makes no sense"))
}

impl Ledger for Forgetful {
    fn migrations() -> PathBuf {
        nothing()
    }
    async fn open(_: &World) -> Answer<Self> {
        Ok(Self)
    }
    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        let mut purses = purses();
        let account = account.as_str().to_owned();
        if !purses.by_account.contains_key(&account) {
            purses.by_account.insert(account.clone(), Purse::default());
            purses.in_order.push_back(account);
        }
        if purses.in_order.len() > KEPT {
            let oldest = purses.in_order.pop_front().unwrap_or_default();
            purses.by_account.remove(&oldest);
        }
        Ok(())
    }
    async fn grant(&self, account: &AccountId, fact: &FactId, amount: Credits) -> Answer<Grant> {
        let mut purses = purses();
        let purse = purses.of(account)?;
        let amount = sensible(amount)?;
        if let Some(granted) = purse.facts.get(fact.as_str()) {
            let same = *granted == amount;
            return Ok(if same {
                Grant::Granted
            } else {
                Grant::Conflict
            });
        }
        purse.credits += amount;
        purse.facts.insert(fact.as_str().to_owned(), amount);
        Ok(Grant::Granted)
    }
    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        let mut purses = purses();
        let purse = purses.of(account)?;
        let amount = sensible(amount)?;
        if let Some(held) = purse.jobs.get(job.as_str()) {
            let same = *held == amount;
            return Ok(if same {
                Reserve::Reserved
            } else {
                Reserve::Conflict
            });
        }
        if purse.credits < amount {
            return Ok(Reserve::Insufficient);
        }
        purse.credits -= amount;
        purse.jobs.insert(job.as_str().to_owned(), amount);
        Ok(Reserve::Reserved)
    }
    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let credits = purses().of(account)?.credits;
        Ok(Balance {
            spendable: Credits::new(credits),
            held: None,
            owed: None,
        })
    }
}
