//! The fingerprint of a duel: its statements in the order in which they moved, without what
//! differs from run to run. A replay that makes others runs another program.

use crate::history::{History, Names, What};
use crate::wire::{Lexeme, lexemes};
use serde::{Deserialize, Serialize};

/// One statement of a duel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Who made it.
    pub actor: u32,
    /// Its text; strings and numbers in it are `?`.
    pub sql: String,
}

/// Where a replay left the run that was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// Which statement or choice of the duel, counted from 1.
    pub step: usize,
    /// What moved there when it was saved.
    pub wanted: String,
    /// What moved instead, or could have.
    pub got: String,
}

/// The statements of all duels of a history.
#[must_use]
pub fn statements(history: &History) -> Vec<Statement> {
    let moves = history.happenings.iter().flat_map(|it| match &it.what {
        What::Duel { moves, .. } => &moves[..],
        _ => &[],
    });
    let made = moves.filter(|it| !it.sql.is_empty());
    made.map(|it| Statement {
        actor: u32::try_from(it.actor).unwrap_or(u32::MAX),
        sql: normal(&it.sql),
    })
    .collect()
}

impl Divergence {
    /// Compares what was saved with what a replay made. Nothing saved is nothing to compare with:
    /// the file is older than that.
    #[must_use]
    pub fn between(saved: &[Statement], made: &[Statement]) -> Option<Self> {
        if saved.is_empty() || saved == made {
            return None;
        }
        let same = saved.iter().zip(made).take_while(|(one, two)| one == two);
        let step = same.count();
        Some(Self {
            step: step + 1,
            wanted: told(saved.get(step)),
            got: told(made.get(step)),
        })
    }

    /// The replay came to a choice where whoever was chosen couldn't be. `choice` is counted from 0.
    #[must_use]
    pub fn stuck(choice: usize, wanted: &[u32], could: &[u32]) -> Self {
        let names = |actors: &[u32]| {
            let letters = actors.iter().map(|actor| letter(*actor).to_string());
            letters.collect::<Vec<_>>().join(" or ")
        };
        Self {
            step: choice + 1,
            wanted: format!("a move of {}", names(wanted)),
            got: format!("only {} could move", names(could)),
        }
    }
}

impl std::fmt::Display for Divergence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { step, wanted, got } = self;
        write!(f, "diverged at step {step}: wanted {wanted}, got {got}")
    }
}

fn told(statement: Option<&Statement>) -> String {
    statement.map_or_else(
        || "no more statements".to_owned(),
        |it| format!("{}'s `{}`", letter(it.actor), it.sql),
    )
}

fn letter(actor: u32) -> char {
    Names::instance(usize::try_from(actor).unwrap_or(usize::MAX))
}

/// SQL without comments, doubled blanks, and what stands in strings and numbers: ids and amounts
/// differ from run to run, the statement doesn't.
fn normal(sql: &str) -> String {
    let mut normal = String::new();
    for lexeme in lexemes(sql) {
        match lexeme {
            Lexeme::Blank if normal.is_empty() || normal.ends_with(' ') => {}
            Lexeme::Blank => normal.push(' '),
            // A doubled quote reads as two strings in a row.
            Lexeme::Literal if normal.ends_with('?') => {}
            Lexeme::Literal => normal.push('?'),
            Lexeme::Text(text) => normal.push_str(text),
        }
    }
    normal.truncate(normal.trim_end().len());
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(actor: u32, sql: &str) -> Statement {
        Statement {
            actor,
            sql: normal(sql),
        }
    }

    #[test]
    fn ids_and_amounts_make_no_difference_and_all_else_does() {
        let same = |one: &str, two: &str| normal(one) == normal(two);
        assert!(same(
            "select f('0c4e', 12) -- now",
            "select  f('it''s',\n 1.5e3)"
        ));
        assert!(same("select $1, t2.x", "select $1, t2.x "));
        assert!(!same("select $1", "select $2"));
        assert!(!same("select x from t1", "select x from t2"));
        assert!(!same("select x from t", "select x from t for update"));
        assert_eq!(
            normal("update t set x = x - 30 where id = 'a''b' /* ! */"),
            "update t set x = x - ? where id = ?"
        );
    }

    #[test]
    fn a_divergence_names_the_first_statement_that_differs() {
        let saved = [statement(0, "select 1"), statement(1, "update t set x = 2")];
        assert_eq!(Divergence::between(&saved, &saved), None);
        assert_eq!(Divergence::between(&[], &saved), None, "an older file");
        let said = |made: &[Statement]| Divergence::between(&saved, made).unwrap().to_string();
        let locked = [
            statement(0, "select 1"),
            statement(1, "select 1 for update"),
        ];
        assert_eq!(
            said(&locked),
            "diverged at step 2: wanted B's `update t set x = ?`, got B's `select ? for update`"
        );
        assert_eq!(
            said(&saved[..1]),
            "diverged at step 2: wanted B's `update t set x = ?`, got no more statements"
        );
        let stuck = Divergence::stuck(1, &[1], &[0, 2]).to_string();
        assert_eq!(
            stuck,
            "diverged at step 2: wanted a move of B, got only A or C could move"
        );
    }
}
