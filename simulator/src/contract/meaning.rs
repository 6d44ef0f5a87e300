//! What the file says that an answer means.

use super::answer::{Answer, Place};
use super::pattern::{Number, Pattern, same};
use super::source::{Node, Read, Table};
use crate::target::{Charge, Grant, LedgerError, Operation, Refund, Reply, Reserve};
use std::cmp::Ordering;

/// What an answer means: a reply of the operation's own, or that the next step is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Go on with the next step.
    Next,
    /// The reply.
    Is(Reply),
}

impl Meaning {
    fn replies(&self) -> &[Reply] {
        match self {
            Meaning::Next => &[],
            Meaning::Is(Reply::Either { replies, .. }) => replies,
            Meaning::Is(reply) => std::slice::from_ref(reply),
        }
    }

    fn widen(&mut self, wordless: &[Reply]) {
        let Meaning::Is(reply) = self else { return };
        if wordless.is_empty() || !is_no(reply) {
            return;
        }
        let said = crate::history::says(reply);
        let mut replies = match std::mem::replace(reply, Reply::Done) {
            Reply::Either { replies, .. } => replies,
            other => vec![other],
        };
        replies.extend(wordless.iter().cloned());
        *reply = Reply::Either { said, replies };
    }
}

/// The noes of an operation: answers that say why nothing moved.
pub(super) fn noes(operation: Operation) -> Vec<Reply> {
    let words = words(operation, true).into_iter();
    let replies = words.filter_map(|(_, meaning)| match meaning {
        Meaning::Is(reply) if is_no(&reply) => Some(reply),
        _ => None,
    });
    replies.collect()
}

fn is_no(reply: &Reply) -> bool {
    use {Charge as C, Grant as G, Refund as F, Reserve as R};
    match reply {
        Reply::Reserve(it) => *it != R::Reserved,
        Reply::Charge(it) => *it != C::Charged,
        Reply::Refund(it) => *it != F::Refunded,
        Reply::Grant(it) => *it != G::Granted,
        Reply::Either { replies, .. } => replies.iter().all(is_no),
        _ => false,
    }
}

/// A statement's `replies`: what its values mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replies {
    /// The most particular first.
    patterns: Vec<(Pattern, Meaning)>,
    /// What it means that a statement went well which the file has no replies for.
    plain: Meaning,
}

/// A statement's `errors`: what its SQL errors mean, by a part of the message or by SQLSTATE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Errors(Vec<(String, Meaning)>);

/// An answer that the file doesn't describe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unmapped {
    /// A value that no reply is for.
    Value(String),
    /// There is no value where the file looks for it.
    Nowhere(String),
}

impl Unmapped {
    /// What to add to the file; `word` is what the value usually means.
    pub(super) fn said(&self, word: &str) -> String {
        match self {
            Unmapped::Nowhere(said) => said.clone(),
            Unmapped::Value(value) if value.starts_with('{') => format!(
                "it answered `{value}`, and no reply is for that; to look inside, add where: \
                 at = \"/…\""
            ),
            Unmapped::Value(value) => {
                let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                let key = if !value.is_empty() && value.chars().all(bare) {
                    value.clone()
                } else {
                    serde_json::Value::from(value.as_str()).to_string()
                };
                format!(
                    "it answered `{value}`, and no reply is for that; add what it means, such as: \
                     replies = {{ {key} = \"{word}\" }}"
                )
            }
        }
    }
}

impl Replies {
    /// Reads `replies`; what isn't there means the operation's good answer, or the next step.
    pub(super) fn read(table: &Table<'_>, operation: Operation, last: bool) -> Read<Self> {
        let words = words(operation, last);
        let mut patterns = Vec::new();
        if let Some(node) = table.get("replies") {
            for (key, node) in node.table()?.entries() {
                patterns.push((Pattern::read(key, &node)?, meaning(&node, &words)?));
            }
        }
        patterns.sort_by(|(one, _), (two, _)| one.cmp(two));
        let plain = if last {
            Meaning::Is(good(operation))
        } else {
            Meaning::Next
        };
        Ok(Self { patterns, plain })
    }

    /// What an answer means; else the value that nobody knows the meaning of.
    pub(super) fn meaning(
        &self,
        answer: &Answer,
        place: &Place,
        verb: &str,
    ) -> Result<Meaning, Unmapped> {
        if answer.rows.is_empty() {
            let count = answer.affected;
            let counts = ["insert", "update", "delete", "merge", "with"].contains(&verb);
            // What counts nothing and returns nothing, such as CALL, is simply done.
            let done = count > 0 || !(counts || ["select", "values", "table"].contains(&verb));
            let fits = |pattern: &Pattern| match pattern {
                Pattern::None => count == 0,
                Pattern::Affected(wanted) => count == *wanted,
                Pattern::Any => done,
                _ => false,
            };
            let found = self.first(fits).or_else(|| self.plainly(done, count > 0));
            return found.ok_or_else(|| {
                Unmapped::Value(if counts && verb != "with" {
                    format!("affected {count}")
                } else {
                    "none".to_owned()
                })
            });
        }
        let value = place.find(answer, 0).map_err(Unmapped::Nowhere)?;
        let fits = |pattern: &Pattern| match (pattern, &value) {
            (Pattern::Any, _) | (Pattern::Null, None) => true,
            (Pattern::Null, Some(value)) => value == "null",
            (Pattern::None, Some(value)) => value == "none",
            (Pattern::Text(wanted), Some(value)) => same(wanted, value),
            (Pattern::Compared(order, or_equal, bound), Some(value)) => Number::read(value)
                .is_some_and(|value| {
                    let found = value.cmp(bound);
                    found == *order || *or_equal && found == Ordering::Equal
                }),
            (Pattern::Affected(wanted), _) => answer.affected == *wanted,
            _ => false,
        };
        // A function that returns void, or says nothing but yes.
        let yes = value
            .as_ref()
            .is_some_and(|it| it.is_empty() || same("t", it));
        let some = value.as_ref().is_some_and(|it| !same("f", it));
        self.first(fits)
            .or_else(|| self.plainly(yes, some))
            .ok_or_else(|| Unmapped::Value(value.unwrap_or_else(|| "null".to_owned())))
    }

    /// Every reply that it may come to.
    pub(super) fn all(&self) -> impl Iterator<Item = &Reply> {
        self.patterns
            .iter()
            .flat_map(|(_, meaning)| meaning.replies())
    }

    /// Lets each of these noes mean any other no that the file has no word for.
    pub(super) fn widen(&mut self, wordless: &[Reply]) {
        for (_, meaning) in &mut self.patterns {
            meaning.widen(wordless);
        }
    }

    fn first(&self, fits: impl Fn(&Pattern) -> bool) -> Option<Meaning> {
        let found = self.patterns.iter().find(|(pattern, _)| fits(pattern));
        found.map(|(_, meaning)| meaning.clone())
    }

    /// The good answer, where the file needn't say so: it has no replies and all is `well`, or it
    /// says only what nothing means, and there is `something`.
    fn plainly(&self, well: bool, something: bool) -> Option<Meaning> {
        // Where nothing hangs on the answer, nobody need look at it.
        let ignored = matches!(self.plain, Meaning::Next | Meaning::Is(Reply::Done));
        let nothing = |it: &Pattern| matches!(it, Pattern::None | Pattern::Affected(0));
        let is_good = if self.patterns.is_empty() {
            well || ignored
        } else {
            something && self.patterns.iter().all(|(pattern, _)| nothing(pattern))
        };
        is_good.then(|| self.plain.clone())
    }
}

impl Errors {
    /// Reads `errors`.
    pub(super) fn read(table: &Table<'_>, operation: Operation, last: bool) -> Read<Self> {
        let words = words(operation, last);
        let mut errors = Vec::new();
        if let Some(node) = table.get("errors") {
            for (key, node) in node.table()?.entries() {
                errors.push((key.to_owned(), meaning(&node, &words)?));
            }
        }
        // The longest says the most.
        errors.sort_by_key(|(key, _)| std::cmp::Reverse(key.len()));
        Ok(Self(errors))
    }

    /// Every reply that it may come to.
    pub(super) fn all(&self) -> impl Iterator<Item = &Reply> {
        self.0.iter().flat_map(|(_, meaning)| meaning.replies())
    }

    /// Lets each of these noes mean any other no that the file has no word for.
    pub(super) fn widen(&mut self, wordless: &[Reply]) {
        for (_, meaning) in &mut self.0 {
            meaning.widen(wordless);
        }
    }

    /// What an error means, if the file says so.
    pub(super) fn meaning(&self, message: &str, sqlstate: &str) -> Option<Meaning> {
        let message = message.to_lowercase();
        let found = self.0.iter().find(|(key, _)| {
            key.eq_ignore_ascii_case(sqlstate) || message.contains(&key.to_lowercase())
        });
        found.map(|(_, meaning)| meaning.clone())
    }
}

/// What an operation may answer, in words.
fn words(operation: Operation, last: bool) -> Vec<(&'static str, Meaning)> {
    let mut words: Vec<(&str, Reply)> = match operation {
        Operation::Reserve => vec![
            ("reserved", Reply::Reserve(Reserve::Reserved)),
            ("insufficient", Reply::Reserve(Reserve::Insufficient)),
            ("conflict", Reply::Reserve(Reserve::Conflict)),
            ("settled", Reply::Reserve(Reserve::Settled)),
        ],
        Operation::Charge => vec![
            ("charged", Reply::Charge(Charge::Charged)),
            ("unknown", Reply::Charge(Charge::Unknown)),
            ("conflict", Reply::Charge(Charge::Conflict)),
            ("refunded", Reply::Charge(Charge::Refunded)),
        ],
        Operation::Refund => vec![
            ("refunded", Reply::Refund(Refund::Refunded)),
            ("unknown", Reply::Refund(Refund::Unknown)),
            ("charged", Reply::Refund(Refund::Charged)),
        ],
        Operation::Grant => vec![
            ("granted", Reply::Grant(Grant::Granted)),
            ("conflict", Reply::Grant(Grant::Conflict)),
        ],
        Operation::Open | Operation::Link | Operation::Checkout | Operation::Age => {
            vec![("done", Reply::Done)]
        }
        Operation::Sweep | Operation::Balance | Operation::Entries | Operation::Webhook => vec![],
    };
    let said = || "the contract file maps it so".to_owned();
    words.push(("again", Reply::Error(LedgerError::Again(said()))));
    words.push(("refused", Reply::Error(LedgerError::Refused(said()))));
    words.push(("error", Reply::Error(LedgerError::Failed(said()))));
    let mut words: Vec<_> = words
        .into_iter()
        .map(|(word, reply)| (word, Meaning::Is(reply)))
        .collect();
    if !last {
        words.push(("next", Meaning::Next));
    }
    words
}

/// The answer of an operation that went well.
fn good(operation: Operation) -> Reply {
    match operation {
        Operation::Reserve => Reply::Reserve(Reserve::Reserved),
        Operation::Charge => Reply::Charge(Charge::Charged),
        Operation::Refund => Reply::Refund(Refund::Refunded),
        Operation::Grant => Reply::Grant(Grant::Granted),
        _ => Reply::Done,
    }
}

/// A word that an operation's answers may mean, for the line to add.
pub(super) fn usual(operation: Operation, last: bool) -> &'static str {
    match operation {
        _ if !last => "next",
        Operation::Reserve => "insufficient",
        Operation::Charge | Operation::Refund => "unknown",
        Operation::Grant => "granted",
        _ => "done",
    }
}

/// A word, or a list of words of which the ledger may mean any.
fn meaning(node: &Node<'_>, words: &[(&'static str, Meaning)]) -> Read<Meaning> {
    let places: Vec<(&str, usize)> = words.iter().map(|(word, _)| *word).zip(0..).collect();
    if !node.is_list() {
        return Ok(words[node.one_of(&places)?].1.clone());
    }
    let mut replies = Vec::new();
    let mut said = Vec::new();
    for node in node.list()? {
        said.push(node.text()?);
        match &words[node.one_of(&places)?].1 {
            Meaning::Is(reply) => replies.push(reply.clone()),
            Meaning::Next => {
                return Err(node.error("`next` stands alone; expected a reply in this list"));
            }
        }
    }
    match replies.len() {
        0 => Err(node.error(format!("`{}` is empty; expected replies", node.name))),
        1 => Ok(Meaning::Is(replies.remove(0))),
        _ => Ok(Meaning::Is(Reply::Either {
            said: said.join(" or "),
            replies,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies(patterns: Vec<Pattern>) -> Replies {
        let insufficient = Meaning::Is(Reply::Reserve(Reserve::Insufficient));
        Replies {
            patterns: patterns
                .into_iter()
                .map(|it| (it, insufficient.clone()))
                .collect(),
            plain: Meaning::Is(good(Operation::Reserve)),
        }
    }

    fn rows(value: Option<&str>) -> Answer {
        Answer {
            columns: vec!["value".to_owned()],
            rows: vec![vec![value.map(str::to_owned)]],
            affected: 1,
        }
    }

    #[test]
    fn where_only_nothing_has_a_meaning_something_is_the_good_answer() {
        let touched = |count| Answer {
            affected: count,
            ..Answer::default()
        };
        let good = Ok(Meaning::Is(good(Operation::Reserve)));
        let place = Place::default();
        for pattern in [Pattern::None, Pattern::Affected(0)] {
            let replies = replies(vec![pattern]);
            let says = |answer: &Answer, verb: &str| replies.meaning(answer, &place, verb);
            assert_eq!(says(&touched(1), "update"), good);
            assert_eq!(says(&rows(Some("50")), "update"), good);
            assert_eq!(
                says(&touched(0), "update"),
                Ok(Meaning::Is(Reply::Reserve(Reserve::Insufficient)))
            );
            assert!(says(&rows(None), "select").is_err());
            assert!(says(&rows(Some("f")), "select").is_err());
        }
        // Who counts has said more.
        let counts = replies(vec![Pattern::Affected(0), Pattern::Affected(1)]);
        assert!(counts.meaning(&touched(2), &place, "update").is_err());
    }
}
