//! Clients at the boundary: each door that people leave open is found, and its cured twin isn't
//! accused.

use simulator::execute::Stage;
use simulator::hunt::{self, Order};
use simulator::invariant::Invariant;
use simulator::report::{Counterexample, Entry, Judged, Report, Saved, Verdict};
use simulator::storm::Fault;
use simulator::{
    AccountId, Answer, Balance, Client, Clients, Credits, FactId, Grant, JobId, Ledger, Reach,
    Reserve, Subject, World,
};
use std::fs;
use std::path::{Path, PathBuf};
use tests::{order, stage};

/// The doors, as `tests/schema/boundary` names them.
const DOORS: [&str; 13] = [
    "table_without_rls",
    "policy_for_everyone",
    "own_row_is_writable",
    "own_history_is_erasable",
    "granting_function",
    "negative_spending",
    "anybodys_balance",
    "view_of_its_owner",
    "unpinned_search_path",
    "pinned_without_pg_temp",
    "operators_of_the_callers",
    "path_through_a_playground",
    "harmless",
];

/// A ledger with one door, which stands open or is shut.
struct Purse<const DOOR: usize, const OPEN: bool>(sqlx::PgPool);

impl<const DOOR: usize, const OPEN: bool> Ledger for Purse<DOOR, OPEN> {
    fn migrations() -> PathBuf {
        let name = format!("{}.{}.sql", DOORS[DOOR], if OPEN { "open" } else { "shut" });
        let from = tests::nothing().join("boundary");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{DOOR}-{name}"));
        fs::create_dir_all(&folder).unwrap();
        fs::copy(from.join("purses.sql"), folder.join("1_purses.sql")).unwrap();
        fs::copy(from.join(&name), folder.join("2_door.sql")).unwrap();
        folder
    }
    fn clients() -> Clients {
        Clients::supabase()
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
    async fn grant(&self, account: &AccountId, fact: &FactId, amount: Credits) -> Answer<Grant> {
        let told = "with new as (insert into movements (account, delta, fact) \
                    values ($1::uuid, $2, $3) on conflict do nothing returning delta) \
                    update purses set credits = credits + new.delta from new \
                    where account = $1::uuid";
        sqlx::query(told)
            .bind(account.as_str())
            .bind(amount.get())
            .bind(fact.as_str())
            .execute(&self.0)
            .await?;
        Ok(Grant::Granted)
    }
    async fn reserve(&self, account: &AccountId, job: &JobId, amount: Credits) -> Answer<Reserve> {
        let spent = "with paid as (update purses set credits = credits - $2 \
                     where account = $1::uuid and credits >= $2 returning account) \
                     insert into movements (account, delta, job) select account, -$2, $3::uuid \
                     from paid";
        let done = sqlx::query(spent)
            .bind(account.as_str())
            .bind(amount.get())
            .bind(job.as_str())
            .execute(&self.0)
            .await?;
        Ok(match done.rows_affected() {
            0 => Reserve::Insufficient,
            _ => Reserve::Reserved,
        })
    }
    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        let credits = sqlx::query_scalar("select credits from purses where account = $1::uuid")
            .bind(account.as_str())
            .fetch_one(&self.0)
            .await?;
        Ok(Balance {
            spendable: Credits::new(credits),
            held: None,
            owed: None,
        })
    }
    async fn entries(&self, account: &AccountId) -> Answer<Vec<simulator::Entry>> {
        let rows: Vec<(i64, Option<String>)> = sqlx::query_as(
            "select delta, job::text from movements where account = $1::uuid order by id",
        )
        .bind(account.as_str())
        .fetch_all(&self.0)
        .await?;
        let row = |(delta, job): (i64, Option<String>)| simulator::Entry {
            delta: Credits::new(delta),
            kind: if job.is_some() { "spent" } else { "bought" }.to_owned(),
            job: job.map(JobId::new),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

/// The same two roles with any SQL, and no account: who has SQL could claim any.
fn with_sql() -> Clients {
    Clients {
        roles: vec![Client::visitor("anon"), Client::visitor("authenticated")],
        reach: Reach::Sql,
        schemas: Vec::new(),
    }
}

fn visit(subject: Subject, faults: &[Fault]) -> (Stage, Report) {
    let mut stage = stage(subject).unwrap();
    let order = Order {
        faults: faults.to_vec(),
        only: vec![Invariant::Boundary],
        ..order(1, 1)
    };
    let report = hunt::hunt(&mut stage, &order, &mut ()).unwrap();
    (stage, report)
}

fn all() -> Vec<Fault> {
    let all = Fault::ALL.iter().copied();
    all.filter(|fault| fault.is_trespass()).collect()
}

fn found(report: &Report) -> Option<&Counterexample> {
    report.invariants[0].counterexample.as_ref()
}

fn verdict(report: &Report) -> &Entry {
    &report.invariants[0]
}

/// The open door is found by this fault, though all are tried, and the shut one by none.
fn assert_found<const DOOR: usize>(fault: Fault, clients: &Clients, wrong: &str) {
    let door = DOORS[DOOR];
    let open = Subject::rust::<Purse<DOOR, true>>(door, "an open door");
    let (mut stage, report) = visit(open.with_clients(clients.clone()), &all());
    let counterexample = found(&report).unwrap_or_else(|| panic!("{door}: {report:?}"));
    assert_eq!(verdict(&report).verdict, Judged::Broken, "{door}");
    assert_eq!(counterexample.wrong, wrong, "{door}");
    let typed = serde_json::to_value(counterexample.saved()).unwrap();
    let steps = typed["schedule"]["steps"].as_array().unwrap();
    let trespass = &steps.last().unwrap()["action"]["trespass"];
    assert_eq!(trespass["fault"], fault.id(), "{door}: {trespass}");
    // What was typed stands in the report, word for word.
    let last = trespass["typed"].as_array().unwrap().last().unwrap();
    let line = counterexample.steps.last().unwrap();
    assert_eq!(
        line.what.trim_start(),
        format!("it: {}", last.as_str().unwrap())
    );
    assert!(line.wrong);
    let again = hunt::replay(&mut stage, counterexample.saved()).unwrap();
    let same = again
        .broken()
        .next()
        .and_then(|it| it.counterexample.as_ref());
    assert_eq!(
        same.map(|it| &it.steps),
        Some(&counterexample.steps),
        "{door}"
    );
    assert_eq!(same.map(|it| &*it.wrong), Some(wrong), "{door}");

    let shut = Subject::rust::<Purse<DOOR, false>>(door, "a shut door");
    let (mut stage, report) = visit(shut.with_clients(clients.clone()), &all());
    assert_eq!(verdict(&report).verdict, Judged::Held, "{door}: {report:?}");
    assert!(report.faults.contains_key(fault.id()), "{door}: {report:?}");
    // The same attempt is refused there, or there is nothing left to aim it at.
    let again = hunt::replay(&mut stage, counterexample.saved()).unwrap();
    assert_eq!(tests::broken(&again), [], "{door}");
    assert_eq!(again.verdict, Verdict::Held, "{door}");
}

#[test]
fn a_table_without_row_level_security_is_written() {
    let wrong = "ana's spendable is 1000, wanted 0";
    assert_found::<0>(Fault::DirectWrite, &Clients::supabase(), wrong);
}

#[test]
fn a_policy_for_everyone_shows_everyone() {
    let wrong = "a client was shown 133 of budi's, wanted nothing";
    assert_found::<1>(Fault::ForeignRead, &Clients::supabase(), wrong);
}

#[test]
fn whoever_may_update_their_own_row_raises_their_own_credits() {
    let wrong = "ana's spendable is 1000, wanted at most 0";
    assert_found::<2>(Fault::DirectWrite, &Clients::supabase(), wrong);
}

#[test]
fn whoever_may_delete_their_own_rows_changes_history() {
    let wrong = "a row of ana is gone or changed: spent -12";
    assert_found::<3>(Fault::DirectWrite, &Clients::supabase(), wrong);
}

#[test]
fn a_granting_function_that_everyone_may_execute_grants_to_everyone() {
    let wrong = "ana's spendable is 1000, wanted 0";
    assert_found::<4>(Fault::FunctionCall, &Clients::supabase(), wrong);
}

#[test]
fn a_negative_amount_that_is_spent_is_earned() {
    let wrong = "ana's spendable is 1000, wanted at most 0";
    assert_found::<5>(Fault::FunctionCall, &Clients::supabase(), wrong);
}

#[test]
fn a_function_that_is_told_whose_balance_to_show_shows_anybodys() {
    let wrong = "a client was shown 133 of ana's, wanted nothing";
    assert_found::<6>(Fault::FunctionCall, &Clients::supabase(), wrong);
}

#[test]
fn a_view_shows_what_its_owner_sees() {
    let wrong = "a client was shown 133 of budi's, wanted nothing";
    assert_found::<7>(Fault::ForeignRead, &Clients::supabase(), wrong);
}

#[test]
fn a_function_with_an_unpinned_search_path_reads_the_callers_table() {
    let wrong = "code of the client's own ran as `postgres`, wanted `anon`";
    assert_found::<8>(Fault::TempShadow, &with_sql(), wrong);
}

#[test]
fn a_search_path_that_leaves_pg_temp_out_has_it_first() {
    let wrong = "code of the client's own ran as `postgres`, wanted `anon`";
    assert_found::<9>(Fault::TempShadow, &with_sql(), wrong);
}

#[test]
fn an_operator_of_the_callers_is_run_where_the_search_path_is_theirs() {
    let wrong = "code of the client's own ran as `postgres`, wanted `anon`";
    assert_found::<10>(Fault::TempShadow, &with_sql(), wrong);
}

#[test]
fn a_search_path_through_a_schema_of_the_clients_is_theirs() {
    let wrong = "code of the client's own ran as `postgres`, wanted `anon`";
    assert_found::<11>(Fault::TempShadow, &with_sql(), wrong);
}

#[test]
fn what_is_nobodys_money_accuses_nobody() {
    let subject = Subject::rust::<Purse<12, false>>("harmless", "nicknames and a guest book");
    let (_, report) = visit(subject, &all());
    assert_eq!(verdict(&report).verdict, Judged::Held, "{report:?}");
}

#[test]
fn the_reference_holds_against_clients_with_an_api_and_against_clients_with_sql() {
    for subject in reference::subjects() {
        let (_, report) = visit(subject, &all());
        assert_eq!(verdict(&report).verdict, Judged::Held, "{report:?}");
        assert!(
            !report.faults.contains_key("temp-shadow"),
            "an API has no temporary tables"
        );
    }
    let subject = reference::subjects().remove(0).with_clients(with_sql());
    let (_, report) = visit(subject, &all());
    assert_eq!(verdict(&report).verdict, Judged::Held, "{report:?}");
    for fault in all() {
        assert!(
            report.faults.contains_key(fault.id()),
            "{fault}: {report:?}"
        );
    }
}

#[test]
fn whoever_has_sql_and_is_known_by_a_setting_is_anybody() {
    let clients = Clients {
        reach: Reach::Sql,
        ..Clients::supabase()
    };
    let subject = Subject::rust::<Purse<12, false>>("claims", "a setting says who it is");
    let (_, report) = visit(subject.with_clients(clients), &[Fault::ForeignRead]);
    let wrong = &found(&report).expect("budi's purse").wrong;
    assert_eq!(
        wrong,
        "a client was shown $budi_fact of budi's, wanted nothing"
    );
}

#[test]
fn where_nobody_can_be_sent_it_says_why() {
    let why = |report: &Report| {
        let entry = verdict(report);
        assert_eq!(entry.verdict, Judged::Unchecked);
        entry.why.clone().unwrap_or_default()
    };
    let (_, report) = visit(museum::specimens().remove(0), &all());
    assert_eq!(why(&report), "the ledger declares no client role");
    let nobody = Clients {
        roles: vec![Client::visitor("nobody_at_all")],
        ..Clients::none()
    };
    let subject = reference::subjects().remove(0);
    let (_, report) = visit(subject.with_clients(nobody), &all());
    assert_eq!(why(&report), "the database has no role nobody_at_all");
    let (_, report) = visit(reference::subjects().remove(0), &[Fault::Duplicate]);
    assert_eq!(why(&report), "no client was to pass the ledger by");
}

#[test]
fn what_a_file_says_is_looked_up_and_never_run() {
    let open = Subject::rust::<Purse<4, true>>("granting_function", "an open door");
    let (mut stage, report) = visit(open, &all());
    let saved = found(&report).expect("an open door").saved();
    let text = serde_json::to_string(saved).unwrap();
    let forged = text.replace(
        "select * from public.add_credits",
        "select * from  public.add_credits",
    );
    assert_ne!(forged, text);
    let forged: Saved = serde_json::from_str(&forged).unwrap();
    let again = hunt::replay(&mut stage, &forged).unwrap();
    assert_eq!(tests::broken(&again), []);
    assert!(again.faults.is_empty(), "nothing was typed: {again:?}");
}
