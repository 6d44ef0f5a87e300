//! A ledger that panics, hangs, lies or answers nonsense gets a verdict; badai never falls over.

use simulator::invariant::Invariant;
use simulator::report::Verdict;
use simulator::{
    AccountId, Answer, Balance, Charge, Credits, Delivery, Entry, FactId, Grant, JobId, Ledger,
    LedgerError, Refund, Reserve, Status, World,
};
use std::path::PathBuf;
use tests::{attack, broken, nothing};

/// An account with a fortune, whatever happens.
fn fortune() -> Balance {
    Balance {
        spendable: Credits::new(1_000_000),
        held: None,
        owed: None,
    }
}

struct Panics;

impl Ledger for Panics {
    fn migrations() -> PathBuf {
        nothing()
    }
    async fn open(_: &World) -> Answer<Self> {
        Ok(Self)
    }
    async fn reserve(&self, _: &AccountId, _: &JobId, amount: Credits) -> Answer<Reserve> {
        panic!("no reserve of {amount} today")
    }
    async fn balance(&self, _: &AccountId) -> Answer<Balance> {
        Ok(fortune())
    }
}

#[test]
fn a_ledger_that_panics_breaks_progress_and_its_words_are_kept() {
    let report = attack::<Panics>(3);
    assert_eq!(broken(&report), [Invariant::Progress]);
    let found = report
        .broken()
        .find_map(|entry| entry.counterexample.as_ref());
    assert!(found.unwrap().wrong.contains("today"), "{found:?}");
}

struct Hangs;

impl Ledger for Hangs {
    fn migrations() -> PathBuf {
        nothing()
    }
    async fn open(_: &World) -> Answer<Self> {
        Ok(Self)
    }
    async fn webhook(&self, delivery: &Delivery) -> Answer<Status> {
        if delivery.headers.is_empty() {
            return Ok(Status::BAD_REQUEST);
        }
        std::future::pending().await
    }
    async fn balance(&self, _: &AccountId) -> Answer<Balance> {
        Ok(fortune())
    }
}

#[test]
fn a_ledger_that_hangs_breaks_progress_and_the_run_ends() {
    let report = attack::<Hangs>(20);
    assert_eq!(broken(&report), [Invariant::Progress]);
    assert!(
        report.cases < 20,
        "one hang is enough, and each costs its limit"
    );
}

struct AlwaysInsufficient;

impl Ledger for AlwaysInsufficient {
    fn migrations() -> PathBuf {
        nothing()
    }
    async fn open(_: &World) -> Answer<Self> {
        Ok(Self)
    }
    async fn reserve(&self, _: &AccountId, _: &JobId, _: Credits) -> Answer<Reserve> {
        Ok(Reserve::Insufficient)
    }
    async fn balance(&self, _: &AccountId) -> Answer<Balance> {
        Ok(fortune())
    }
}

#[test]
fn a_ledger_that_says_insufficient_to_a_full_purse_is_not_honest() {
    let report = attack::<AlwaysInsufficient>(5);
    let broken = broken(&report);
    assert!(broken.contains(&Invariant::HonestReplies), "{broken:?}");
    let found = report
        .broken()
        .find_map(|entry| entry.counterexample.as_ref());
    assert!(
        found.unwrap().wrong.contains("wanted `reserved`"),
        "{found:?}"
    );
}

/// Locks its row, finds nothing to do, and lets its transaction go without a word.
struct DropsItsTransaction(sqlx::PgPool);

impl Ledger for DropsItsTransaction {
    fn migrations() -> PathBuf {
        nothing()
    }
    async fn open(world: &World) -> Answer<Self> {
        Ok(Self(sqlx::PgPool::connect(world.database_url()).await?))
    }
    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        sqlx::query("insert into purses (account) values ($1::uuid) on conflict do nothing")
            .bind(account.as_str())
            .execute(&self.0)
            .await?;
        Ok(())
    }
    async fn reserve(&self, account: &AccountId, _: &JobId, amount: Credits) -> Answer<Reserve> {
        let mut transaction = self.0.begin().await?;
        sqlx::query("select credits from purses where account = $1::uuid for update")
            .bind(account.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        Err(LedgerError::refused(format!("no {amount} today")))
    }
}

#[test]
fn a_dropped_transaction_is_rolled_back_before_anybody_waits_for_it() {
    let report = attack::<DropsItsTransaction>(20);
    let broken = broken(&report);
    assert!(!broken.contains(&Invariant::Progress), "{report:?}");
}

/// Answers with the ends of what a number can be.
struct Absurd;

impl Ledger for Absurd {
    fn migrations() -> PathBuf {
        nothing()
    }
    async fn open(_: &World) -> Answer<Self> {
        Ok(Self)
    }
    async fn grant(&self, _: &AccountId, _: &FactId, _: Credits) -> Answer<Grant> {
        Ok(Grant::Granted)
    }
    async fn reserve(&self, _: &AccountId, _: &JobId, _: Credits) -> Answer<Reserve> {
        Ok(Reserve::Reserved)
    }
    async fn charge(&self, _: &JobId, _: Credits) -> Answer<Charge> {
        Ok(Charge::Charged)
    }
    async fn refund(&self, _: &JobId) -> Answer<Refund> {
        Ok(Refund::Refunded)
    }
    async fn sweep(&self, _: std::time::Duration) -> Answer<Vec<JobId>> {
        Ok(vec![JobId::new("nobody's"); 3])
    }
    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let most = account.as_str().ends_with('0');
        Ok(Balance {
            spendable: Credits::new(if most { i64::MAX } else { i64::MIN }),
            held: Some(Credits::new(i64::MAX)),
            owed: Some(Credits::new(i64::MIN)),
        })
    }
    async fn entries(&self, _: &AccountId) -> Answer<Vec<Entry>> {
        let row = |delta| Entry {
            delta: Credits::new(delta),
            kind: String::new(),
            job: None,
        };
        Ok(vec![row(i64::MAX), row(i64::MAX), row(i64::MIN)])
    }
}

#[test]
fn a_ledger_that_answers_the_ends_of_the_range_gets_its_verdict() {
    let report = attack::<Absurd>(40);
    assert_eq!(report.verdict, Verdict::Broken);
}

/// Goes on for ever on a thread that nobody can stop.
struct Spins;

impl Ledger for Spins {
    fn migrations() -> PathBuf {
        nothing()
    }
    async fn open(_: &World) -> Answer<Self> {
        Ok(Self)
    }
    async fn reserve(&self, _: &AccountId, _: &JobId, _: Credits) -> Answer<Reserve> {
        tokio::task::spawn_blocking(std::thread::park).await.ok();
        loop {
            std::thread::park();
        }
    }
    async fn balance(&self, _: &AccountId) -> Answer<Balance> {
        Ok(fortune())
    }
}

#[test]
fn a_ledger_that_never_gives_its_thread_back_is_left_behind() {
    let report = attack::<Spins>(20);
    assert_eq!(broken(&report), [Invariant::Progress]);
}

struct OffersNothing;

impl Ledger for OffersNothing {
    fn migrations() -> PathBuf {
        nothing()
    }
    async fn open(_: &World) -> Answer<Self> {
        Ok(Self)
    }
}

#[test]
fn a_ledger_that_offers_nothing_is_held_to_nothing() {
    let report = attack::<OffersNothing>(5);
    assert_eq!(broken(&report), []);
    assert_eq!(report.verdict, Verdict::Inconclusive);
}

struct DoesNotOpen;

impl Ledger for DoesNotOpen {
    fn migrations() -> PathBuf {
        nothing()
    }
    async fn open(_: &World) -> Answer<Self> {
        Err(LedgerError::failed("no such table: credits"))
    }
}

#[test]
fn a_ledger_that_does_not_open_is_told_so() {
    let subject = simulator::Subject::rust::<DoesNotOpen>("closed", "never opens");
    let Err(error) = tests::stage(subject) else {
        panic!("it opened");
    };
    let said = error.to_string();
    assert!(
        said.contains("`closed` did not open: no such table"),
        "{said}"
    );
}
