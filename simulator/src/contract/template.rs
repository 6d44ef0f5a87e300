//! SQL with parameters: `$account`, `$amount`, and what else an operation knows.
//!
//! A `$name` inside a string, a quoted name, a comment or a dollar-quoted body is not a parameter,
//! as it is none to PostgreSQL.

use super::ContractError;
use super::literal::Literal;
use super::source::{Origin, Read};
use crate::nearest::nearest;
use crate::wire::{Token, pieces};

/// SQL cut at its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
    /// A parameter whose sign is turned round on its way.
    negated: Vec<String>,
    /// Its last statement's first word, in lower case.
    pub(super) verb: String,
    /// It opens a transaction of its own.
    pub(super) begins: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Sql(String),
    Parameter(String),
}

/// What stands behind a `$`: a known name, or one of `args`.
pub(super) struct Names<'a> {
    /// What the operation knows.
    pub(super) known: &'a [String],
    /// Constants such as `price.pack`, spliced right away.
    pub(super) constants: &'a [(String, Literal)],
    /// What `$1`, `$2`, … stand for.
    pub(super) arguments: &'a [Argument],
}

/// What a positional parameter stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// A parameter by name.
    Parameter(String),
    /// A constant.
    Constant(Literal),
}

impl Template {
    /// Reads SQL; `origin` is where it stands, for mistakes.
    pub(super) fn read(origin: &Origin<'_>, sql: &str, names: &Names<'_>) -> Read<Self> {
        if sql.contains('\0') {
            return Err(origin.error(format!("`{}` has a zero byte; expected SQL", origin.name)));
        }
        let tokens: Vec<(Option<Token<'_>>, &str)> = pieces(sql).collect();
        let mut parts = vec![Part::Sql(String::new())];
        let mut negated = Vec::new();
        let mut place = 0;
        while let Some((_, text)) = tokens.get(place) {
            let name = match tokens.get(place + 1) {
                Some((Some(Token::Word(word)), _)) if *text == "$" => (*word).to_owned(),
                Some((_, digit)) if *text == "$" && is_number(digit) => {
                    let digits = tokens[place + 1..].iter();
                    let digits = digits.map_while(|(_, it)| is_number(it).then_some(*it));
                    digits.collect()
                }
                _ => {
                    push(&mut parts, text);
                    place += 1;
                    continue;
                }
            };
            let taken = if is_number(&name) { name.len() } else { 1 };
            let after = place + 1 + taken;
            match names
                .find(&name)
                .ok_or_else(|| names.unknown(origin, &name))?
            {
                Argument::Constant(literal) => push(&mut parts, &literal.sql()),
                Argument::Parameter(name) => {
                    if is_negated(&tokens[..place], &tokens[after..]) {
                        negated.push(name.clone());
                    }
                    parts.push(Part::Parameter(name));
                }
            }
            place = after;
        }
        let words = || {
            let significant = tokens.iter().filter_map(|(token, _)| *token);
            let all: Vec<Token<'_>> = significant.collect();
            let statements = all.split(|token| *token == Token::Semicolon);
            let first = statements.filter_map(|tokens| {
                tokens.iter().find_map(|token| match token {
                    Token::Word(word) => Some(word.to_ascii_lowercase()),
                    _ => None,
                })
            });
            first.collect::<Vec<_>>()
        };
        let words = words();
        if words.is_empty() {
            return Err(origin.error(format!("`{}` is empty; expected SQL", origin.name)));
        }
        Ok(Self {
            parts,
            negated,
            begins: words.iter().any(|word| word == "begin" || word == "start"),
            verb: words.last().cloned().unwrap_or_default(),
        })
    }

    /// The SQL with its values; `None` if one of them isn't known.
    pub(super) fn sql(&self, value: impl Fn(&str) -> Option<Literal>) -> Option<String> {
        let mut sql = String::new();
        for part in &self.parts {
            match part {
                Part::Sql(text) => sql.push_str(text),
                Part::Parameter(name) => sql.push_str(&value(name)?.sql()),
            }
        }
        Some(sql)
    }

    /// The names of its parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Parameter(name) => Some(name.as_str()),
            Part::Sql(_) => None,
        })
    }

    /// Whether it turns this parameter's sign round.
    pub(super) fn negates(&self, name: &str) -> bool {
        self.negated.iter().any(|it| it == name)
    }
}

impl Names<'_> {
    /// What a name stands for.
    pub(super) fn find(&self, name: &str) -> Option<Argument> {
        if let Ok(number) = name.parse::<usize>() {
            return self.arguments.get(number.checked_sub(1)?).cloned();
        }
        if self.known.iter().any(|it| it == name) {
            return Some(Argument::Parameter(name.to_owned()));
        }
        let constant = self.constants.iter().find(|(it, _)| it == name);
        constant.map(|(_, literal)| Argument::Constant(literal.clone()))
    }

    /// What is wrong with a name that stands for nothing.
    pub(super) fn unknown(&self, origin: &Origin<'_>, name: &str) -> ContractError {
        let found = format!("${name}");
        if is_number(name) {
            let said = format!(
                "`{found}` in `{}` is none of its {} `args`",
                origin.name,
                self.arguments.len()
            );
            return origin.error_at(&found, said);
        }
        let all = || {
            let constants = self.constants.iter().map(|(name, _)| name.as_str());
            self.known.iter().map(String::as_str).chain(constants)
        };
        let hint = nearest(name, all());
        let list: Vec<String> = all().map(|name| format!("${name}")).collect();
        let said = format!(
            "no parameter `{found}` in `{}`{hint} expected one of {}",
            origin.name,
            list.join(", ")
        );
        origin.error_at(&found, said)
    }
}

fn push(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Sql(sql)) => sql.push_str(text),
        _ => parts.push(Part::Sql(text.to_owned())),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether what stands around a parameter turns its sign round: `-$x`, `- ($x)`, `-1 * $x`,
/// `$x * -1`.
fn is_negated(before: &[(Option<Token<'_>>, &str)], after: &[(Option<Token<'_>>, &str)]) -> bool {
    let mut back = before
        .iter()
        .rev()
        .filter(|(token, _)| token.is_some())
        .map(|(_, text)| *text)
        .skip_while(|text| *text == "(");
    match back.next() {
        Some("-") => return true,
        Some("*") => {
            let factor = back.find(|text| !is_number(text) && !["(", ")", "."].contains(text));
            if factor == Some("-") {
                return true;
            }
        }
        _ => {}
    }
    let mut on = after
        .iter()
        .filter_map(|(token, text)| token.map(|token| (token, *text)))
        // A cast: `$x::bigint`.
        .skip_while(|(token, text)| *text == ":" || *text == ")" || matches!(token, Token::Word(_)))
        .map(|(_, text)| text);
    on.next() == Some("*") && on.find(|text| *text != "(") == Some("-")
}
