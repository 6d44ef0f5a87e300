//! Ledgers that are a few SQL functions and a contract file: attacked like any other.

use simulator::Subject;
use simulator::execute::StageError;
use simulator::hunt::{self, Plan};
use simulator::invariant::Invariant;
use simulator::report::{Judged, Report, Verdict};
use tests::{broken, contract, order, root, stage, written};

fn storm(subject: Subject, cases: u32) -> Report {
    let mut stage = stage(subject).unwrap();
    hunt::hunt(&mut stage, &order(1, cases), &mut ()).unwrap()
}

fn duels(subject: Subject) -> Report {
    let mut stage = stage(subject).unwrap().with_wire().unwrap();
    hunt::duel(&mut stage, &order(1, 1), &Plan::pairs(), &mut ()).unwrap()
}

fn judged(report: &Report, invariant: Invariant) -> Judged {
    let mut entries = report.invariants.iter();
    entries.find(|it| it.id == invariant).unwrap().verdict
}

fn holds(open: impl Fn() -> Subject) -> (Report, Report) {
    let in_turn = storm(open(), 60);
    assert_eq!(in_turn.verdict, Verdict::Held, "{in_turn:?}");
    let at_once = duels(open());
    assert_eq!(at_once.verdict, Verdict::Held, "{at_once:?}");
    let mut duels = at_once.duels.iter();
    assert!(
        // Some charges write nothing that a payment looks at: their orders can't be told apart.
        duels.all(|duel| duel.whole && (duel.orders > 1 || duel.name == "charge ∥ payment")),
        "{at_once:?}"
    );
    (in_turn, at_once)
}

#[test]
fn a_right_ledger_of_sql_holds_in_storms_and_in_every_order_of_every_pair() {
    let (in_turn, at_once) = holds(|| contract("right.toml"));
    for invariant in [
        Invariant::ExactlyOnce,
        Invariant::OrderGuard,
        Invariant::Recovery,
        Invariant::AtomicLifecycle,
        Invariant::HonestReplies,
    ] {
        assert_eq!(judged(&in_turn, invariant), Judged::Held, "{invariant}");
        assert_eq!(judged(&at_once, invariant), Judged::Held, "{invariant}");
    }
    assert_eq!(at_once.duels.len(), 17);
    assert_eq!(in_turn.ledger, "right");
}

#[test]
fn the_reference_schema_holds_without_its_rust() {
    holds(|| {
        let path = root().join("solutions/reference/contract.toml");
        let contract = simulator::contract::Contract::read(&path).unwrap();
        contract.subject("reference-sql")
    });
}

#[test]
fn a_supabase_project_holds_with_its_trigger_its_tokens_and_its_sweep() {
    let (in_turn, _) = holds(|| contract("supabase.toml"));
    for invariant in [Invariant::Recovery, Invariant::Conservation] {
        assert_eq!(judged(&in_turn, invariant), Judged::Held, "{invariant}");
    }
    let remarks = in_turn.remarks.join("\n");
    assert!(remarks.contains("left out extension pg_cron"), "{remarks}");
}

/// Each call is a transaction that begins with who asks, on a connection of the process's pool.
#[test]
fn transactions_on_one_pool_are_told_apart_by_whose_they_are() {
    let subject = contract("supabase.toml");
    let mut stage = stage(subject).unwrap().with_wire().unwrap();
    let plan = Plan {
        orders: 1,
        threes: 30,
        ..Plan::brief()
    };
    let report = hunt::duel(&mut stage, &order(1, 1), &plan, &mut ()).unwrap();
    assert_eq!(report.verdict, Verdict::Held, "{report:?}");
    assert!(report.dying.deaths > 0, "{report:?}");
}

#[test]
fn integer_ids_and_decimals_reach_the_ledger_as_such() {
    holds(|| contract("integers.toml"));
}

#[test]
fn a_deduct_only_ledger_holds_and_nothing_without_a_key_is_told_twice() {
    let (in_turn, at_once) = holds(|| contract("deduct.toml"));
    for wanted in [
        "reserve: no idempotency key",
        "refund: no idempotency key",
        "grant: no answer means `conflict`",
        "not mapped, and so not attempted: charge, sweep, entries",
    ] {
        let mut remarks = in_turn.remarks.iter();
        assert!(remarks.any(|it| it.contains(wanted)), "{in_turn:?}");
    }
    let mut names = at_once.duels.iter().map(|it| it.name.as_str());
    assert!(names.all(|it| it != "reserve ∥ reserve" && it != "refund ∥ refund"));
}

#[test]
fn a_copy_that_waited_and_is_told_that_the_money_is_gone_is_found_by_choosing_the_order() {
    let report = duels(contract("copy-is-refused.toml"));
    assert!(
        broken(&report).contains(&Invariant::HonestReplies),
        "{report:?}"
    );
}

#[test]
fn reserved_for_a_job_that_has_ended_is_found_and_replays() {
    let mut stage = stage(contract("reserved-for-ever.toml")).unwrap();
    let report = hunt::hunt(&mut stage, &order(1, 60), &mut ()).unwrap();
    let mut entries = report.broken();
    let found = entries.find(|it| it.id == Invariant::HonestReplies);
    let found = found.and_then(|it| it.counterexample.as_ref()).unwrap();
    assert_eq!(found.wrong, "the reply `reserved`, wanted `settled`");
    assert_eq!(found.saved().ledger, "reserved-for-ever.toml");
    let again = hunt::replay(&mut stage, found.saved()).unwrap();
    assert!(broken(&again).contains(&Invariant::HonestReplies));
}

/// A purse that keys its grants on whatever the query hands over, and takes in steps.
const PURSE: &str = "
kind = 'sql'
[setup]
sql = '''
create table purses (id uuid primary key, credits bigint not null default 0);
create table seen (key text primary key);
create table holds (job uuid primary key, id uuid, amount bigint, state text default 'held');
create function add_once(who uuid, what bigint, key text) returns boolean language plpgsql as $$ begin
    insert into seen values (key) on conflict do nothing;
    if found then update purses set credits = credits + what where id = who; end if;
    return found;
end $$;
'''
[sql]
open    = { query = 'insert into purses (id) values ($account) on conflict do nothing' }
balance = { query = 'select credits from purses where id = $account' }
";

#[test]
fn a_grant_that_is_keyed_on_the_event_is_told_twice_by_a_twin() {
    let keyed = |key: &str| {
        written(&format!(
            "{PURSE}grant = {{ query = 'select add_once($account, $amount, {key})', \
             replies = {{ t = 'granted', f = 'granted' }} }}"
        ))
    };
    assert_eq!(storm(keyed("$fact"), 40).verdict, Verdict::Held);
    let twice = storm(keyed("$event"), 40);
    assert!(
        broken(&twice).contains(&Invariant::ExactlyOnce),
        "{twice:?}"
    );
}

/// A reserve in steps of its own.
fn in_steps(steps: &str) -> Subject {
    let granted = "replies = { t = 'granted', f = 'granted' }";
    written(&format!(
        "{PURSE}
grant   = {{ query = 'select add_once($account, $amount, $fact)', {granted} }}
[sql.reserve]
steps = [{steps}]
"
    ))
}

/// Takes what is there, and writes down what for.
const TAKE: &str = "with it as (update purses set credits = credits - $amount where id = $account";
const WRITE: &str =
    "returning id) insert into holds (job, id, amount) select $job, id, $amount from it";

#[test]
fn steps_are_transactions_of_their_own_and_a_gap_between_them_is_found() {
    // Take or be stopped by the key, then look what is held.
    let cured = duels(in_steps(&format!(
        "
    {{ query = '{TAKE} and credits >= $amount {WRITE}', errors = {{ '23505' = 'next' }},
       replies = {{ 'affected 1' = 'reserved', 'affected 0' = 'next' }} }},
    {{ query = 'select state from holds where job = $job',
       replies = {{ held = 'reserved', none = 'insufficient', '*' = 'settled' }} }},
"
    )));
    assert_eq!(broken(&cured), [], "{cured:?}");
    // Look first, then take.
    let wrong = duels(in_steps(&format!(
        "
    {{ query = 'select credits >= $amount from purses where id = $account',
       replies = {{ t = 'next', f = 'insufficient' }} }},
    {{ query = '{TAKE} {WRITE}', replies = {{ 'affected 1' = 'reserved' }} }},
"
    )));
    assert!(
        broken(&wrong).contains(&Invariant::AtomicLifecycle),
        "{wrong:?}"
    );
}

#[test]
fn an_answer_that_the_file_has_no_reply_for_ends_the_run_with_the_line_to_add() {
    let subject = written(&format!(
        "{PURSE}grant = {{ query = 'select add_once($account, $amount, $fact)', replies = {{ t = 'granted' }} }}"
    ));
    let mut stage = stage(subject).unwrap();
    let error = hunt::hunt(&mut stage, &order(1, 40), &mut ()).unwrap_err();
    let StageError::Mistaken(said) = error else {
        panic!("{error}");
    };
    assert!(said.contains("grant: it answered `f`"), "{said}");
    assert!(said.contains("replies = { f = \"granted\" }"), "{said}");
}

#[test]
fn a_connection_that_is_lost_is_an_error_and_the_next_call_has_a_new_one() {
    let report = storm(
        written(&format!(
            "{PURSE}grant = {{ query = '''
select add_once($account, $amount, $fact), pg_terminate_backend(pg_backend_pid())''' }}
refund = {{ query = 'select true' }}"
        )),
        3,
    );
    // Nobody ever hears that the credits are there, and that is all that is wrong.
    assert_eq!(broken(&report), [Invariant::Progress], "{report:?}");
}

#[test]
fn what_supabase_grants_by_name_outlives_a_revoke_from_public_but_not_a_dump() {
    let with = |setup: &str| {
        stage(written(&format!(
            "kind = 'sql'\n[setup]\nflavour = 'supabase'\nsql = [{setup}]\n[sql]\n\
             balance = {{ query = 'select 1' }}"
        )))
    };
    let function = "create function give() returns int language sql as 'select 1'; \
                    revoke execute on function give() from public;";
    let wants = |can: bool| {
        format!(
            "do $$ begin assert has_function_privilege('anon', 'give()', 'execute') = {can}; \
             assert current_user = 'postgres'; assert auth.uid() is null; end $$"
        )
    };
    let three = |it: &str| format!("'''{it}'''");
    let migrations = [three(function), three(&wants(true))].join(", ");
    with(&migrations).unwrap();
    let dump = format!(
        "-- PostgreSQL database dump\n{function} create table t (); grant select on t to anon;"
    );
    with(&[three(&dump), three(&wants(false))].join(", ")).unwrap();
}

#[test]
fn what_may_be_skipped_is_remarked_on_and_what_may_not_fails_with_its_line() {
    let with = |skip: &str| {
        stage(written(&format!(
            "kind = 'sql'\n[setup]\n{skip}\nsql = '''\nbegin;\ncreate table kept ();\n\
             select cron.schedule('x');\ncommit;\nselect from kept;\n'''\n[sql]\n\
             balance = {{ query = 'select 1' }}"
        )))
    };
    let stage = with("may_skip = ['cron.schedule']").unwrap();
    let remarks = stage.remarks().join("\n");
    assert!(
        remarks.contains("ledger.toml:7: schema \"cron\" does not exist"),
        "{remarks}"
    );
    let error = with("").err().unwrap().to_string();
    assert!(
        error.contains("ledger.toml:7: schema \"cron\" does not exist"),
        "{error}"
    );
}
