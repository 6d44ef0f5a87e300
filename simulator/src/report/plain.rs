//! SQL in plain words, for whoever doesn't read SQL: what a statement does, and what came of it.

use crate::wire::{Lexeme, lexemes};

/// What a statement does, such as `reads wallets`; `None` where its verb says nothing that plain.
#[must_use]
pub(super) fn does(sql: &str) -> Option<String> {
    let words: Vec<&str> = lexemes(sql)
        .filter_map(|lexeme| match lexeme {
            Lexeme::Text(text) => Some(text),
            Lexeme::Literal => Some("?"),
            Lexeme::Blank => None,
        })
        .collect();
    let is = |place: usize, word: &str| {
        let at = words.get(place);
        at.is_some_and(|it| it.eq_ignore_ascii_case(word))
    };
    // The name after a keyword, past a word that may stand between.
    let named = |keyword: usize| {
        let skips = is(keyword + 1, "only") || is(keyword + 1, "table");
        words.get(keyword + 1 + usize::from(skips)).copied()
    };
    let first = |word: &str| (0..words.len()).find(|place| is(*place, word));
    let changes = |verb: usize| {
        let name = |place| named(place).unwrap_or("a table");
        if is(verb, "insert") || is(verb, "merge") {
            format!("adds to {}", name(verb + 1))
        } else if is(verb, "delete") {
            format!("deletes from {}", name(verb + 1))
        } else {
            format!("changes {}", name(verb))
        }
    };
    let verb = words.first()?.to_ascii_lowercase();
    Some(match verb.as_str() {
        "select" | "table" | "values" => reads(&words),
        // A WITH may change rows too, and that is what matters then.
        "with" => {
            let writes = ["insert", "update", "delete", "merge"];
            let is_write = |place: &usize| {
                let locks = *place > 0 && (is(place - 1, "for") || is(place - 1, "key"));
                !locks && writes.iter().any(|word| is(*place, word))
            };
            match (0..words.len()).find(is_write) {
                Some(place) => changes(place),
                None => reads(&words),
            }
        }
        "insert" | "update" | "delete" | "merge" => changes(0),
        "truncate" => format!("empties {}", named(0)?),
        "lock" => format!("locks {}", named(0)?),
        "call" => format!("calls {}", named(0)?),
        "begin" | "start" => "begins a transaction".to_owned(),
        "commit" | "end" => "commits".to_owned(),
        "rollback" if first("to").is_some() => "goes back to a savepoint".to_owned(),
        "rollback" | "abort" => "takes it all back".to_owned(),
        "savepoint" => "sets a savepoint".to_owned(),
        _ => return None,
    })
}

/// What a query does: it locks, reads, or calls.
fn reads(words: &[&str]) -> String {
    let is = |place: usize, word: &str| {
        let at = words.get(place);
        at.is_some_and(|it| it.eq_ignore_ascii_case(word))
    };
    let mut depth = 0;
    let mut from = None;
    let mut locks = false;
    for (place, word) in words.iter().enumerate() {
        match *word {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ if depth == 0 && from.is_none() && is(place, "from") => from = Some(place + 1),
            _ if is(place, "for") => {
                let how = ["update", "share", "no", "key"];
                locks |= how.iter().any(|word| is(place + 1, word));
            }
            _ => {}
        }
    }
    let is_call = |place: usize| {
        let name = words
            .get(place)
            .is_some_and(|it| it.starts_with(|c: char| c.is_alphabetic()));
        name && is(place + 1, "(")
    };
    match from {
        Some(place) if is_call(place) => format!("calls {}", words[place]),
        Some(place) => {
            let table = words.get(place).copied().filter(|it| *it != "(");
            let verb = if locks { "locks and reads" } else { "reads" };
            format!("{verb} {}", table.unwrap_or("rows"))
        }
        None => match (1..words.len()).find(|place| is_call(*place)) {
            Some(place) => format!("calls {}", words[place]),
            None => "asks the server".to_owned(),
        },
    }
}

/// What came of a statement: a command tag in words; anything else as it is.
#[must_use]
pub(super) fn came(said: &str) -> String {
    for mark in ["wakes: ", "waits, then "] {
        if let Some(rest) = said.strip_prefix(mark) {
            let rest = came(rest);
            let mark = mark.trim_end();
            return format!("{mark} {rest}")
                .trim_end_matches([' ', ':'])
                .to_owned();
        }
    }
    let tags = said.split(", ").map(tag).collect::<Option<Vec<_>>>();
    let Some(tags) = tags else {
        return said.to_owned();
    };
    let told = tags.into_iter().filter(|tag| !tag.is_empty());
    told.collect::<Vec<_>>().join(", ")
}

/// A command tag in words, empty for one that tells nothing; `None` for what is no tag.
fn tag(tag: &str) -> Option<String> {
    let mut parts = tag.split(' ');
    let verb = parts.next()?;
    let count: Option<u64> = parts.next_back().and_then(|count| count.parse().ok());
    match verb {
        "SELECT" | "UPDATE" | "INSERT" | "DELETE" | "MERGE" => {
            let count = count?;
            let plural = if count == 1 { "" } else { "s" };
            Some(format!("{count} row{plural}"))
        }
        "ROLLBACK" if count.is_none() => Some("taken back".to_owned()),
        "BEGIN" | "COMMIT" | "SAVEPOINT" | "RELEASE" | "SET" | "CALL" | "DO" => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_statement_says_what_it_does_and_to_what() {
        for (sql, wanted) in [
            ("select credits from wallets where id = $1", "reads wallets"),
            (
                "SELECT x FROM wallets FOR UPDATE",
                "locks and reads wallets",
            ),
            (
                "select (select max(x) from other) from \"my wallets\" w for no key update",
                "locks and reads \"my wallets\"",
            ),
            (
                "select public.reserve($1::uuid, 'x', 3)",
                "calls public.reserve",
            ),
            ("select * from reserve($1)", "calls reserve"),
            ("update only wallets set x = 1", "changes wallets"),
            ("insert into entries (a) values (1)", "adds to entries"),
            ("delete from holds where id = 3", "deletes from holds"),
            (
                "with old as (select 1 from t for update) update wallets set x = 2",
                "changes wallets",
            ),
            (
                "with old as (select 1) select * from wallets",
                "reads wallets",
            ),
            ("lock table wallets in share mode", "locks wallets"),
            ("commit", "commits"),
            ("rollback to savepoint s", "goes back to a savepoint"),
            ("select 1", "asks the server"),
        ] {
            assert_eq!(does(sql).as_deref(), Some(wanted), "{sql}");
        }
        for other in ["inside `select f()`: before UPDATE of t", "vacuum", "", "?"] {
            assert_eq!(does(other), None, "{other}");
        }
    }

    #[test]
    fn a_tag_says_how_many_rows_and_an_error_says_itself() {
        for (said, wanted) in [
            ("UPDATE 1", "1 row"),
            ("INSERT 0 2", "2 rows"),
            ("BEGIN, SELECT 1", "1 row"),
            ("COMMIT", ""),
            ("ROLLBACK", "taken back"),
            ("wakes: UPDATE 0", "wakes: 0 rows"),
            ("wakes: COMMIT", "wakes"),
            ("waits for A", "waits for A"),
            ("waits, then UPDATE 1", "waits, then 1 row"),
            (
                "deadlock detected, try again",
                "deadlock detected, try again",
            ),
        ] {
            assert_eq!(came(said), wanted, "{said}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_read_without_a_panic(
            sql in "(select|with|update|insert|delete|lock|for|from|\\(|\\)|'|\"|é|;| |x){0,12}|\\PC{0,30}",
            said in "(SELECT|wakes: |, |[0-9]| |x){0,6}"
        ) {
            let _ = (does(&sql), came(&said));
        }
    }
}
