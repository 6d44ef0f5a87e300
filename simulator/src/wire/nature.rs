//! What a text of SQL is to the scheduler: whether anybody else could see it, whether it ends a
//! transaction, whether its commit can be made a step of its own.
//!
//! It is told by the verbs, not by parsing SQL. Where a verb leaves doubt, the answer is the one
//! that costs a choice too many, never one too few.

use super::lexer::{Token, tokens};
use std::sync::Arc;

/// What is known of a text by its verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Four questions that are asked apart.
pub struct Nature {
    /// Another session could see its effect, wait for it, or have been seen by it. What isn't
    /// visible is forwarded at once: its place in the order makes no difference.
    pub visible: bool,
    /// It ends a transaction by name (COMMIT, ROLLBACK, …), and so lets waiters go.
    pub ends: bool,
    /// Called outside of a transaction block, it may run as BEGIN, itself, COMMIT.
    pub delayable: bool,
    /// It is one plain BEGIN, which can be answered before the server has seen it.
    pub begins: bool,
    /// It asks for REPEATABLE READ or SERIALIZABLE.
    pub strict: Option<Reach>,
}

/// How long a wish for an isolation level lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Until the transaction ends.
    Transaction,
    /// As long as the session lives.
    Session,
}

/// SQL text with its nature, worked out once a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// As the client sent it.
    pub sql: Arc<str>,
    /// What its verbs tell.
    pub nature: Nature,
}

impl Text {
    /// Reads the verbs of `sql`.
    #[must_use]
    pub fn new(sql: &str) -> Self {
        Self {
            nature: Nature::of(sql),
            sql: sql.into(),
        }
    }

    /// For what isn't SQL, or isn't known: anything may happen.
    #[must_use]
    pub fn opaque(what: &str) -> Self {
        Self {
            sql: what.into(),
            nature: Nature {
                visible: true,
                ends: false,
                delayable: false,
                begins: false,
                strict: None,
            },
        }
    }
}

impl Nature {
    /// Reads the verbs of `sql`, which may hold several statements.
    #[must_use]
    pub fn of(sql: &str) -> Self {
        let tokens: Vec<Token<'_>> = tokens(sql).collect();
        let statements = tokens.split(|token| *token == Token::Semicolon);
        let statements: Vec<_> = statements.filter(|tokens| !tokens.is_empty()).collect();
        Self {
            visible: statements.iter().any(|tokens| is_visible(tokens)),
            ends: statements.iter().any(|tokens| is_end(tokens)),
            delayable: !statements.is_empty()
                && statements.iter().all(|tokens| is_delayable(tokens)),
            begins: matches!(statements[..], [only] if is_plain_begin(only)),
            strict: strictness(sql, &statements),
        }
    }
}

fn verb<'a>(statement: &[Token<'a>]) -> Token<'a> {
    // A SELECT may open with a parenthesis.
    let mut words = statement.iter().copied();
    words
        .find(|token| *token != Token::Open)
        .unwrap_or(Token::Other)
}

fn second<'a>(statement: &[Token<'a>]) -> Token<'a> {
    statement.get(1).copied().unwrap_or(Token::Other)
}

/// The verbs that only their own session can notice. SAVEPOINT and SET stand here beside BEGIN:
/// they take no lock, no snapshot, and write nothing.
fn is_visible(statement: &[Token<'_>]) -> bool {
    let own = [
        "begin",
        "start",
        "show",
        "reset",
        "savepoint",
        "release",
        "deallocate",
    ];
    let verb = verb(statement);
    if verb.is("set") {
        // SET CONSTRAINTS … IMMEDIATE checks what was deferred, and may wait there.
        return second(statement).is("constraints");
    }
    if verb.is("prepare") {
        return second(statement).is("transaction");
    }
    !(verb.is_one_of(&own) || is_type_lookup(statement))
}

/// COMMIT, END, ROLLBACK, ABORT and PREPARE TRANSACTION; ROLLBACK TO a savepoint goes on.
fn is_end(statement: &[Token<'_>]) -> bool {
    let verb = verb(statement);
    let back_to_savepoint = || statement.iter().take(3).any(|token| token.is("to"));
    verb.is_one_of(&["commit", "end"])
        || verb.is_one_of(&["rollback", "abort"]) && !back_to_savepoint()
        || verb.is("prepare") && second(statement).is("transaction")
}

/// Plain queries and writes. Left out is all that may commit by itself (CALL, DO) or refuses a
/// transaction block (VACUUM, CREATE INDEX CONCURRENTLY, …), and COPY, which talks meanwhile.
fn is_delayable(statement: &[Token<'_>]) -> bool {
    let plain = [
        "select", "insert", "update", "delete", "merge", "with", "values", "table",
    ];
    verb(statement).is_one_of(&plain) && !is_type_lookup(statement)
}

/// `BEGIN` or `START TRANSACTION` with nothing that the server could refuse.
fn is_plain_begin(statement: &[Token<'_>]) -> bool {
    match statement {
        [begin] => begin.is("begin"),
        [begin, noun] => {
            begin.is("begin") && noun.is_one_of(&["work", "transaction"])
                || begin.is("start") && noun.is("transaction")
        }
        _ => false,
    }
}

fn strictness(sql: &str, statements: &[&[Token<'_>]]) -> Option<Reach> {
    // The level may stand in a string (`set_config`), so the text is searched, not its words.
    let lower = sql.to_ascii_lowercase();
    if !lower.contains("serializable") && !lower.contains("repeatable") {
        return None;
    }
    let for_one_transaction = statements.iter().all(|statement| {
        let verb = verb(statement);
        verb.is_one_of(&["begin", "start"])
            || verb.is("set") && second(statement).is_one_of(&["transaction", "local"])
    });
    Some(if for_one_transaction {
        Reach::Transaction
    } else {
        Reach::Session
    })
}

/// The questions that clients ask about types on their own, such as sqlx for an enum: a SELECT
/// from the type catalogues alone, which calls nothing but what such questions call.
fn is_type_lookup(statement: &[Token<'_>]) -> bool {
    let catalogues = [
        "pg_type",
        "pg_enum",
        "pg_range",
        "pg_attribute",
        "pg_namespace",
        "pg_class",
    ];
    let calls = [
        "array_agg",
        "coalesce",
        "nullif",
        "to_regtype",
        "format_type",
        "unnest",
        "values",
        "in",
        "any",
        "on",
        "from",
        "and",
        "or",
        "not",
        "exists",
        "select",
        "distinct",
        "as",
        "where",
    ];
    let is_catalogue = |token: &Token<'_>| match token {
        Token::Word(word) => {
            let word = word.to_ascii_lowercase();
            catalogues.contains(&word.strip_prefix("pg_catalog.").unwrap_or(&word))
        }
        _ => false,
    };
    let mut asks_a_catalogue = false;
    for (at, token) in statement.iter().enumerate() {
        let next = statement.get(at + 1);
        if token.is_one_of(&["from", "join"]) && next != Some(&Token::Open) {
            if !next.is_some_and(is_catalogue) || is_listed(&statement[at + 2..]) {
                return false;
            }
            asks_a_catalogue = true;
        }
        // A word after a closing parenthesis is the name of what was in it, not a call.
        let names = at > 0 && statement[at - 1] == Token::Close;
        let is_call = matches!(token, Token::Word(_)) && next == Some(&Token::Open) && !names;
        if is_call && !token.is_one_of(&calls) || token.is_one_of(&["for", "into"]) {
            return false;
        }
    }
    verb(statement).is("select") && asks_a_catalogue
}

/// Whether a comma follows the table's alias: then more tables do, and they could be anyone's.
fn is_listed(after_table: &[Token<'_>]) -> bool {
    let mut rest = after_table.iter().filter(|token| !token.is("as"));
    match rest.next() {
        Some(Token::Comma) => true,
        Some(Token::Word(_)) => rest.next() == Some(&Token::Comma),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(sql: &str) -> bool {
        Nature::of(sql).visible
    }

    #[test]
    fn what_no_other_session_can_notice_is_no_choice() {
        for sql in [
            "",
            "  -- nothing",
            "BEGIN",
            "start transaction read only",
            "SAVEPOINT a",
            "set a = 1",
            "show all",
            "DEALLOCATE ALL",
            "prepare q as select 1",
            "SELECT enumlabel FROM pg_catalog.pg_enum WHERE enumtypid = $1 ORDER BY enumsortorder",
            "SELECT t.oid, (SELECT array_agg(l) FROM (SELECT * FROM pg_enum) l) FROM (VALUES ($1)) \
             lookup(oid) INNER JOIN pg_catalog.pg_type t ON lookup.oid = t.oid",
        ] {
            assert!(!seen(sql), "{sql}");
        }
    }

    #[test]
    fn what_others_can_notice_is_a_choice() {
        for sql in [
            "select 1",
            "commit",
            "ROLLBACK TO a",
            "begin; update t set a = 1",
            "discard all",
            "set constraints all immediate",
            "prepare transaction 'x'",
            "call p()",
            "select pg_advisory_lock(1) from pg_type",
            "select * from pg_type, f(1)",
            "select * from pg_type, t",
            "select * from pg_catalog.pg_type as a, t",
            "select 1, 2 from t",
            "select * from pg_type join t on true",
            "select * from pg_type for update",
        ] {
            assert!(seen(sql), "{sql}");
        }
    }

    #[test]
    fn an_end_is_told_from_a_step_back() {
        for sql in [
            "COMMIT",
            "end",
            "rollback work",
            "abort",
            "select 1; commit",
            "prepare transaction 'x'",
        ] {
            assert!(Nature::of(sql).ends, "{sql}");
        }
        for sql in [
            "rollback to a",
            "ROLLBACK WORK TO SAVEPOINT a",
            "select 'commit'",
            "prepare a as select 1",
        ] {
            assert!(!Nature::of(sql).ends, "{sql}");
        }
    }

    #[test]
    fn only_plain_statements_may_commit_later() {
        for sql in [
            "select f(1)",
            "with a as (select 1) update t set b = 2",
            "insert into t values (1); select 2;",
            "(select 1)",
        ] {
            assert!(Nature::of(sql).delayable, "{sql}");
        }
        for sql in [
            "",
            "call p()",
            "vacuum",
            "create index concurrently i on t (a)",
            "copy t from stdin",
            "do $$ select 1 $$",
            "select 1; commit",
            "begin",
        ] {
            assert!(!Nature::of(sql).delayable, "{sql}");
        }
    }

    #[test]
    fn a_begin_that_the_server_might_refuse_is_not_plain() {
        assert!(Nature::of("BEGIN;").begins);
        assert!(Nature::of("start transaction").begins);
        assert!(!Nature::of("BEGIN ISOLATION LEVEL SERIALIZABLE").begins);
        assert!(!Nature::of("begin; select 1").begins);
    }

    #[test]
    fn a_wish_for_isolation_is_heard_with_its_reach() {
        let strict = |sql| Nature::of(sql).strict;
        assert_eq!(
            strict("BEGIN ISOLATION LEVEL REPEATABLE READ"),
            Some(Reach::Transaction)
        );
        assert_eq!(
            strict("set transaction isolation level serializable"),
            Some(Reach::Transaction)
        );
        assert_eq!(
            strict("set default_transaction_isolation = 'serializable'"),
            Some(Reach::Session)
        );
        assert_eq!(
            strict("select set_config('default_transaction_isolation', 'repeatable read', false)"),
            Some(Reach::Session)
        );
        assert_eq!(strict("begin"), None);
    }
}
