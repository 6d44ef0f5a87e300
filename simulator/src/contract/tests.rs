//! Files that are wrong say where; SQL that is right arrives as it was meant.

use super::connection::{Connections, run};
use super::file::Contract;
use super::literal::{Literal, Scale};
use super::source::{Source, Table};
use super::template::{Argument, Names, Template};
use crate::server::{Request, Server, provision};
use crate::target::{IdForm, OfferKind, Operation, SweepAge};
use proptest::prelude::*;
use std::cell::RefCell;

/// A file that uses every key there is.
const EVERYTHING: &str = r#"
name = "everything"
kind = "sql"

[setup]
sql      = ["create table a (id int)", "select 1"]
roles    = ["anon"]
session  = ["set role anon"]
may_skip = ["cron."]
flavour  = "supabase"

[policy]
late_success   = "recollect"
clawback       = "none"
retry_answer   = "first"
partial_charge = false
entries_sum    = "with_holds"
overcharge     = "allowed"
overdraft      = "allowed"
shortfall      = "partial"
renewal        = "reset"
charge         = "whole"
min_cost       = 0.5
applies        = "later"
credit_scale   = 3

[ids]
account = "integer"
job     = "text"

[catalogue]
pack = { price = "price_pack", amount = 1000, currency = "eur", credits = 100 }
plan = { price = "price_plan", amount = 900, credits = 50.5, kind = "plan" }

[boundary]
reach = "sql"

[sql]
open     = { query = "select open($account)" }
link     = { query = "select link($account, $customer)" }
checkout = { query = "select checkout($account, $fact, $amount, $price)" }
charge   = { query = "select charge($hold, $cost)", replies = { t = "charged", f = ["unknown", "conflict"] } }
refund   = { query = "select refund($hold)", errors = { P0002 = "unknown" }, as = { role = "service_role", claims = { email = "a@b.c" } } }
sweep    = { query = "select sweep()", returns = "count", age = 300 }
balance  = { query = "select balance($account)", returns = { spendable = "/free", held = "/held", owed = "owed" } }
entries  = { query = "select x, y from rows($account)", returns = { delta = "x", kind = "y" } }
age      = { query = "select age(secs => $seconds)" }

[sql.grant.pack]
facts = ["checkout"]
query = "select grant_pack($1, $2, $3, $4)"
args  = ["$account", "$amount", "$event", "$price.pack"]

[sql.grant.plan]
facts = "invoice"
query = "select renew($account, $amount, $fact, $period_start, $period_end)"

[sql.reserve]
as    = { role = "authenticated", sub = "$account" }
steps = [
    { query = "select reserve($account, -$amount)", column = "r", at = "id", keep = { hold = "/id" }, replies = { null = "insufficient", "<0" = "conflict", ">= 5" = "next", none = "error", "affected 0" = "again", "*" = "next" }, errors = { "too much" = "refused" } },
    { query = "insert into log values ($hold, $job)" },
]
"#;

fn parse(text: &str) -> Result<Contract, String> {
    let source = Source {
        path: "x.toml".into(),
        text: text.to_owned(),
    };
    Contract::parse(&source).map_err(|error| error.to_string())
}

#[test]
fn every_key_is_understood() {
    let contract = parse(EVERYTHING).unwrap();
    let subject = contract.clone().subject("x.toml");
    assert_eq!((subject.name(), subject.handle()), ("everything", "x.toml"));
    let terms = subject.terms();
    assert_eq!((terms.account, terms.job), (IdForm::Integer, IdForm::Text));
    assert_eq!(
        terms.sweep,
        SweepAge::Fixed(std::time::Duration::from_secs(300))
    );
    assert_eq!(terms.offers.as_ref().unwrap().len(), 11);
    assert!(terms.keyless.is_empty(), "{:?}", terms.keyless);
    assert!(!terms.plain_amounts, "the mapping says -$amount");
    // A renewal that resets isn't judged, and so isn't sent.
    assert!(terms.packs && !terms.plans);
    let catalogue = terms.catalogue.as_ref().unwrap();
    let plan = catalogue.offer("price_plan").unwrap();
    assert_eq!((plan.kind, plan.credits.get()), (OfferKind::Plan, 50_500));
    assert_eq!(subject.policy().min_cost.unwrap().get(), 500);
}

#[test]
fn what_carries_no_key_is_never_told_twice_and_the_report_says_so() {
    let contract = parse(
        "kind = 'sql'\n[sql]\nreserve = { query = 'select deduct($account, $amount)' }\n\
         refund = { query = 'select add($account, $amount)' }\n\
         grant = { query = 'select add($account, $amount)' }\n\
         charge = { query = 'select done($job)' }",
    );
    let subject = contract.unwrap().subject("x");
    let keyless: Vec<_> = subject.terms().keyless.iter().copied().collect();
    assert_eq!(
        keyless,
        [Operation::Reserve, Operation::Refund, Operation::Grant]
    );
    let told = |it: &&String| it.contains("no idempotency key");
    assert_eq!(subject.remarks().iter().filter(told).count(), 3);
}

#[test]
fn every_mistake_has_its_line_and_what_was_expected() {
    let sql = "kind = 'sql'\n[sql]\n";
    for (text, wanted) in [
        ("kind = 'sql", "x.toml:1: this is no TOML"),
        (
            "name = 'a'",
            "x.toml:1: the file has no `kind`; expected kind = \"sql\"",
        ),
        (
            "kind = 'http'",
            "x.toml:1: `kind` is `http`, which this version doesn't speak yet",
        ),
        (
            "\nknd = 'sql'",
            "x.toml:2: no key `knd` at the top, did you mean `kind`?",
        ),
        (
            "kind = 'sqll'",
            "x.toml:1: `kind` is `sqll`, did you mean `sql`?",
        ),
        (
            "kind = 3",
            "x.toml:1: `kind` is of type integer; expected a string",
        ),
        ("kind = 'sql'", "x.toml:1: the file has no `sql`"),
        (
            "kind = 'sql'\n[policy]\n\nclawback = 'ow'",
            "x.toml:4: `policy.clawback` is `ow`, did you mean `owed`?",
        ),
        (
            "kind = 'sql'\n[policy]\ncredit_scale = -1",
            "x.toml:3: `policy.credit_scale` is -1; expected a whole number of at least 0",
        ),
        (
            "kind = 'sql'\n[catalogue]\np = { price = 'x', amount = 0, credits = 1 }",
            "x.toml:3: `catalogue.p.amount` is 0",
        ),
        (
            &format!("{sql}reserve = {{ query = '''\n\nselect $acount''' }}"),
            "x.toml:5: no parameter `$acount` in `sql.reserve.query`, did you mean `account`?",
        ),
        (
            &format!("{sql}refund = {{ query = 'select 1', replies = {{ t = 'refundd' }} }}"),
            "x.toml:3: `sql.refund.replies.t` is `refundd`, did you mean `refunded`?",
        ),
        (
            &format!("{sql}refund = {{ qery = 'select 1' }}"),
            "x.toml:3: no key `qery` in `sql.refund`, did you mean `query`?",
        ),
        (
            &format!("{sql}refund = {{ replies = {{ t = 'refunded' }} }}"),
            "x.toml:3: `sql.refund` has no `query`; expected SQL",
        ),
        (
            &format!("{sql}refund = {{ query = '  -- nothing' }}"),
            "x.toml:3: `sql.refund.query` is empty; expected SQL",
        ),
        (
            &format!("{sql}refund = {{ query = 'select 1', replies = {{ '<x' = 'refunded' }} }}"),
            "x.toml:3: `<x` compares with no number",
        ),
        (
            &format!("{sql}refund = {{ steps = [{{ query = 'x', replies = {{ t = 'next' }} }}] }}"),
            "x.toml:3: `sql.refund.steps[0].replies.t` is `next`",
        ),
        (
            &format!("{sql}refund = {{ query = 'select $1', args = [] }}"),
            "x.toml:3: `$1` in `sql.refund.query` is none of its 0 `args`",
        ),
        (
            &format!("{sql}reserve = {{ query = 'select 1', keep = {{ job = '/id' }} }}"),
            "x.toml:3: `job` can't be kept",
        ),
        (
            &format!("{sql}balance = {{ query_file = 'nowhere.sql' }}"),
            "x.toml:3: cannot read nowhere.sql",
        ),
        (
            "kind = 'sql'\n[setup]\nfiles = ['nowhere/*.sql']\n[sql]\nage = { query = 'select 1' }",
            "x.toml:3: no file fits `nowhere/*.sql`",
        ),
    ] {
        let said = parse(text).unwrap_err();
        assert!(said.starts_with(wanted), "{said}\nwanted {wanted}");
    }
}

#[test]
fn a_slip_in_a_query_file_has_that_files_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.toml");
    std::fs::write(folder.path().join("r.sql"), "select\n  f($acount)").unwrap();
    let toml = "kind = 'sql'\n[sql]\nopen = { query_file = 'r.sql' }";
    std::fs::write(&path, toml).unwrap();
    let said = Contract::read(&path).unwrap_err().to_string();
    assert!(said.contains("r.sql:2: no parameter `$acount`"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mangled_file_is_read_or_refused_with_a_line_that_it_has(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..12usize, "[\\[\\]{}=\"'\n.$a-z0-9é-]{0,6}"), 1..5)
    ) {
        let mut text: Vec<char> = EVERYTHING.chars().collect();
        for (at, length, put) in cuts {
            let at = at.index(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, put.chars());
        }
        let text: String = text.into_iter().collect();
        let source = Source { path: "x.toml".into(), text: text.clone() };
        if let Err(error) = Contract::parse(&source) {
            prop_assert!(error.line >= 1 && error.line <= 1 + text.matches('\n').count());
        }
    }

    #[test]
    fn whatever_is_written_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }
}

fn template(sql: &str) -> Template {
    let text = format!("q = {}", serde_json::Value::from(sql));
    let source = Source {
        path: "x.toml".into(),
        text,
    };
    let document = source.parse().unwrap();
    let table = Table::whole(&source, &document);
    let node = table.get("q").unwrap();
    let known = ["a".to_owned(), "b".to_owned()];
    let names = Names {
        known: &known,
        constants: &[("price.pack".to_owned(), Literal::Text("p".to_owned()))],
        arguments: &[
            Argument::Parameter("b".to_owned()),
            Argument::Constant(Literal::Number("7".to_owned())),
        ],
    };
    Template::read(&node.origin(), sql, &names).unwrap()
}

fn spliced(sql: &str) -> String {
    let number = |name: &str| {
        let number = if name == "a" { "-3" } else { "5" };
        Some(Literal::Number(number.to_owned()))
    };
    template(sql).sql(number).unwrap()
}

#[test]
fn a_parameter_is_one_only_where_postgres_would_read_code() {
    assert_eq!(spliced("select $a + $b::int"), "select (-3) + 5::int");
    assert_eq!(spliced("select -$a"), "select -(-3)");
    assert_eq!(
        spliced("select f($1, $2, $price.pack)"),
        "select f(5, 7, 'p')"
    );
    for verbatim in [
        "select '$a', \"$a\", E'\\'$a' -- $a\n, /* $a /* $b */ $x */ $$ $a $$, $q$ $a $q$",
        "select a$b, '''$x'",
    ] {
        assert_eq!(spliced(verbatim), verbatim);
    }
}

#[test]
fn a_sign_that_is_turned_round_is_noticed() {
    for sql in [
        "select f(-$a)",
        "select f(- ($a))",
        "set x = x - $a",
        "select $a * -1",
        "select ($a::bigint) * (-1)",
        "select -1 * $a",
    ] {
        assert!(template(sql).negates("a"), "{sql}");
    }
    for sql in [
        "select f($a, -1)",
        "select $a - 1",
        "select '{}'::json -> 'x', $a",
        "select 2 * $a",
        "-- minus -\nselect $a",
    ] {
        assert!(!template(sql).negates("a"), "{sql}");
    }
}

/// A server with a connection to it, for many statements.
struct Echo {
    connections: Connections,
    runtime: tokio::runtime::Runtime,
    _server: Server,
}

impl Echo {
    fn new(session: &[&str]) -> Self {
        let server = provision(&Request::default()).unwrap();
        let session = session.iter().map(|it| (*it).to_owned()).collect();
        let connections = Connections::new(&server.url("postgres"), session).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            connections,
            runtime,
            _server: server,
        }
    }

    /// What the server makes of a literal.
    fn says(&self, sql: &str) -> String {
        self.runtime.block_on(async {
            let mut connection = self.connections.take().await.unwrap();
            let answer = run(&mut connection, sql).await.unwrap();
            self.connections.put_back(connection);
            answer.rows[0][0].clone().unwrap()
        })
    }
}

#[test]
fn any_text_and_any_number_comes_back_from_a_real_server_as_it_was_sent() {
    for session in [&[][..], &["set standard_conforming_strings = off"]] {
        let echo = RefCell::new(Echo::new(session));
        let mut runner = crate::random::runner(1);
        let texts = "(\\PC|['\"\\\\$\n-]){0,40}";
        runner
            .run(
                &(texts, any::<i64>(), 0..=9u32),
                |(text, parts, decimals)| {
                    let echo = echo.borrow();
                    let literal = Literal::Text(text.clone()).sql();
                    prop_assert_eq!(echo.says(&format!("select {literal}::text")), text);
                    let scale = Scale(decimals);
                    let number = Literal::Number(scale.write(parts)).sql();
                    let back = echo.says(&format!("select -{number}"));
                    prop_assert_eq!(
                        i128::from(
                            scale
                                .read(&echo.says(&format!("select {number}::text")))
                                .unwrap()
                        ),
                        i128::from(parts)
                    );
                    prop_assert!(parts == i64::MIN || scale.read(&back) == Some(-parts));
                    Ok(())
                },
            )
            .unwrap();
    }
}
