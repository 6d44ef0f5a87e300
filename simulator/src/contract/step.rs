//! One statement of an operation, and what its answers mean.

use super::answer::Place;
use super::literal::Literal;
use super::meaning::{Errors, Replies};
use super::operation::{Shared, known};
use super::source::{Node, Origin, Read, Source, Table};
use super::template::{Argument, Names, Template};
use crate::target::Operation;

/// One statement, a transaction of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) sql: Template,
    pub(super) place: Place,
    pub(super) replies: Replies,
    pub(super) errors: Errors,
    /// Names for values that later calls about the same job need.
    pub(super) keep: Vec<(String, Place)>,
}

/// The keys of one.
pub(super) const STEP: [&str; 8] = [
    "query",
    "query_file",
    "args",
    "column",
    "at",
    "replies",
    "errors",
    "keep",
];

impl Step {
    /// Reads one; `last` is the one that must end in a reply.
    pub(super) fn read(
        table: &Table<'_>,
        operation: Operation,
        last: bool,
        shared: &Shared<'_>,
    ) -> Read<Self> {
        let known: Vec<String> = known(operation)
            .iter()
            .map(|name| (*name).to_owned())
            .chain(shared.kept.iter().cloned())
            .collect();
        let mut names = Names {
            known: &known,
            constants: shared.constants,
            arguments: &[],
        };
        let arguments = match table.get("args") {
            Some(args) => arguments(&args, &names)?,
            None => Vec::new(),
        };
        names.arguments = &arguments;
        let sql = match (table.get("query"), table.get("query_file")) {
            (Some(query), None) => Template::read(&query.origin(), query.text()?, &names)?,
            (None, Some(file)) => {
                let path = file.source.beside(file.text()?);
                let text = std::fs::read_to_string(&path).map_err(|error| {
                    file.error(format!("cannot read {}: {error}", path.display()))
                })?;
                let source = Source { path, text };
                let origin = Origin {
                    source: &source,
                    name: &file.name,
                    at: 0,
                };
                Template::read(&origin, &source.text, &names)?
            }
            (Some(_), Some(file)) => {
                let said = format!(
                    "`{}` stands beside `query`; expected one of them",
                    file.name
                );
                return Err(file.error(said));
            }
            (None, None) => {
                let said = format!(
                    "`{}` has no `query`; expected SQL, such as query = \"select …\", or `query_file` \
                     or `steps`",
                    table.name
                );
                return Err(table.error(said));
            }
        };
        let text = |key: &str| -> Read<Option<String>> {
            let node = table.get(key);
            node.map(|node| node.text().map(str::to_owned)).transpose()
        };
        let mut keep = Vec::new();
        if let Some(node) = table.get("keep") {
            for (name, node) in node.table()?.entries() {
                keep.push((name.to_owned(), Place::short(node.text()?)));
            }
        }
        let at = text("at")?.map(|at| {
            if at.starts_with('/') {
                at
            } else {
                format!("/{}", at.replace('.', "/"))
            }
        });
        Ok(Self {
            sql,
            place: Place {
                column: text("column")?,
                at,
            },
            replies: Replies::read(table, operation, last)?,
            errors: Errors::read(table, operation, last)?,
            keep,
        })
    }
}

/// What `$1`, `$2`, … stand for: parameters by name, or constants.
fn arguments(node: &Node<'_>, names: &Names<'_>) -> Read<Vec<Argument>> {
    node.list()?.iter().map(|it| argument(it, names)).collect()
}

/// One of them.
pub(super) fn argument(node: &Node<'_>, names: &Names<'_>) -> Read<Argument> {
    if !node.is_text() {
        return Ok(Argument::Constant(Literal::Number(
            node.number()?.to_owned(),
        )));
    }
    let text = node.text()?;
    match text.strip_prefix('$') {
        Some(name) => names
            .find(name)
            .ok_or_else(|| names.unknown(&node.origin(), name)),
        None => Ok(Argument::Constant(Literal::Text(text.to_owned()))),
    }
}
