//! TOML that knows where each of its parts stands, so that every mistake has a line.

use super::ContractError;
use crate::nearest::nearest;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A result whose error has file and line.
pub(super) type Read<T> = Result<T, ContractError>;

/// A contract file's text.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Source {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Read<Self> {
        let read = std::fs::read_to_string(path);
        let text = read.map_err(|error| ContractError {
            file: path.to_owned(),
            line: 1,
            said: format!("cannot be read: {error}"),
        })?;
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }

    /// The document; a file that is no TOML says where it stops being any.
    pub(super) fn parse(&self) -> Read<Spanned<DeTable<'_>>> {
        DeTable::parse(&self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let said: Vec<&str> = error.message().lines().map(str::trim).collect();
            self.error(at, format!("this is no TOML: {}", said.join(", ")))
        })
    }

    /// The line, from 1, of a byte.
    pub(super) fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    pub(super) fn error(&self, at: usize, said: impl Into<String>) -> ContractError {
        ContractError {
            file: self.path.clone(),
            line: self.line(at),
            said: said.into(),
        }
    }

    /// A path that the file names, which stands beside it unless it says otherwise.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(name)
    }
}

/// Where a text stands, and what mistakes call it.
#[derive(Clone)]
pub(super) struct Origin<'a> {
    pub(super) source: &'a Source,
    pub(super) name: &'a str,
    /// The byte where it begins.
    pub(super) at: usize,
}

impl Origin<'_> {
    pub(super) fn error(&self, said: impl Into<String>) -> ContractError {
        self.source.error(self.at, said)
    }

    /// A mistake at the first place where these words stand in it.
    pub(super) fn error_at(&self, words: &str, said: impl Into<String>) -> ContractError {
        let found = self.source.text[self.at..].find(words);
        self.source.error(self.at + found.unwrap_or(0), said)
    }
}

/// A value with the name by which mistakes call it.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub(super) source: &'a Source,
    pub(super) name: String,
    /// The byte where it stands.
    pub(super) at: usize,
    value: &'a DeValue<'a>,
}

impl<'a> Node<'a> {
    pub(super) fn error(&self, said: impl Into<String>) -> ContractError {
        self.source.error(self.at, said)
    }

    fn unexpected(&self, expected: &str) -> ContractError {
        let found = self.value.type_str();
        self.error(format!(
            "`{}` is of type {found}; expected {expected}",
            self.name
        ))
    }

    pub(super) fn line(&self) -> usize {
        self.source.line(self.at)
    }

    pub(super) fn origin(&self) -> Origin<'_> {
        Origin {
            source: self.source,
            name: &self.name,
            at: self.at,
        }
    }

    pub(super) fn text(&self) -> Read<&'a str> {
        self.value
            .as_str()
            .ok_or_else(|| self.unexpected("a string"))
    }

    pub(super) fn flag(&self) -> Read<bool> {
        let flag = self.value.as_bool();
        flag.ok_or_else(|| self.unexpected("true or false"))
    }

    /// A whole number of at least 0.
    pub(super) fn count(&self) -> Read<u64> {
        let number = self.value.as_integer();
        let number = number.ok_or_else(|| self.unexpected("a whole number"))?;
        u64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|number| i64::try_from(*number).is_ok())
            .ok_or_else(|| {
                let found = number.as_str();
                self.error(format!(
                    "`{}` is {found}; expected a whole number of at least 0",
                    self.name
                ))
            })
    }

    /// A number as it is written, with decimals or without.
    pub(super) fn number(&self) -> Read<&'a str> {
        match self.value {
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str()),
            DeValue::Float(number) => Ok(number.as_str()),
            _ => Err(self.unexpected("a number")),
        }
    }

    pub(super) fn is_number(&self) -> bool {
        self.value.is_integer()
    }

    pub(super) fn is_text(&self) -> bool {
        self.value.is_str()
    }

    pub(super) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    pub(super) fn list(&self) -> Read<Vec<Node<'a>>> {
        let list = self.value.as_array();
        let list = list.ok_or_else(|| self.unexpected("a list"))?;
        let nodes = list.iter().enumerate().map(|(place, value)| Node {
            source: self.source,
            name: format!("{}[{place}]", self.name),
            at: value.span().start,
            value: value.get_ref(),
        });
        Ok(nodes.collect())
    }

    /// A string or a list of them.
    pub(super) fn texts(&self) -> Read<Vec<&'a str>> {
        if self.is_text() {
            return Ok(vec![self.text()?]);
        }
        self.list()?.iter().map(Node::text).collect()
    }

    pub(super) fn table(&self) -> Read<Table<'a>> {
        let entries = self.value.as_table();
        Ok(Table {
            source: self.source,
            name: self.name.clone(),
            at: self.at,
            entries: entries.ok_or_else(|| self.unexpected("a table"))?,
        })
    }

    /// One of the words that are allowed here, with what it stands for.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Read<T> {
        let found = self.text()?;
        let known = words.iter().find(|(word, _)| *word == found);
        known.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let names = || words.iter().map(|(word, _)| *word);
            let hint = nearest(found, names());
            let names: Vec<&str> = names().collect();
            self.error(format!(
                "`{}` is `{found}`{hint} expected one of {}",
                self.name,
                names.join(", ")
            ))
        })
    }
}

/// A table with the name by which mistakes call it.
#[derive(Clone)]
pub(super) struct Table<'a> {
    pub(super) source: &'a Source,
    pub(super) name: String,
    at: usize,
    entries: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    /// The whole document.
    pub(super) fn whole(source: &'a Source, document: &'a Spanned<DeTable<'a>>) -> Self {
        Self {
            source,
            name: String::new(),
            at: 0,
            entries: document.get_ref(),
        }
    }

    pub(super) fn error(&self, said: impl Into<String>) -> ContractError {
        self.source.error(self.at, said)
    }

    pub(super) fn line(&self) -> usize {
        self.source.line(self.at)
    }

    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.entries.get(key)?;
        Some(self.node(key, value))
    }

    /// Its entries with their keys.
    pub(super) fn entries(&self) -> Vec<(&'a str, Node<'a>)> {
        let each = self.entries.iter();
        each.map(|(key, value)| {
            let key: &str = key.get_ref();
            (key, self.node(key, value))
        })
        .collect()
    }

    fn node(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Node<'a> {
        Node {
            source: self.source,
            name: if self.name.is_empty() {
                key.to_owned()
            } else {
                format!("{}.{key}", self.name)
            },
            at: value.span().start,
            value: value.get_ref(),
        }
    }

    /// Refuses any key but these.
    pub(super) fn only(&self, known: &[&str]) -> Read<()> {
        let stranger = self
            .entries
            .keys()
            .find(|key| !known.contains(&key.get_ref().as_ref()));
        let Some(key) = stranger else {
            return Ok(());
        };
        let found: &str = key.get_ref();
        let hint = nearest(found, known.iter().copied());
        let place = match self.name.as_str() {
            "" => "at the top".to_owned(),
            name => format!("in `{name}`"),
        };
        let at = key.span().start;
        Err(self.source.error(
            at,
            format!(
                "no key `{found}` {place}{hint} expected one of {}",
                known.join(", ")
            ),
        ))
    }

    /// The value of a key that must be there.
    pub(super) fn wanted(&self, key: &str, expected: &str) -> Read<Node<'a>> {
        self.get(key).ok_or_else(|| {
            let place = match self.name.as_str() {
                "" => "the file".to_owned(),
                name => format!("`{name}`"),
            };
            self.error(format!("{place} has no `{key}`; expected {expected}"))
        })
    }
}
