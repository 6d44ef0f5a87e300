//! One operation of `[sql]`: the statements that it is made of, and what they need and answer.

use super::answer::Place;
use super::literal::Literal;
use super::meaning::noes;
use super::source::{Node, Read, Table};
use super::step::{STEP, Step, argument};
use super::template::{Argument, Names};
use crate::target::{Charge, Grant, LedgerError, OfferKind, Operation, Reply, Reserve};

/// An operation in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    /// Such as `reserve` or `grant.pack`.
    pub(super) name: String,
    /// The line of the file that it stands on.
    pub(super) line: usize,
    pub(super) operation: Operation,
    pub(super) steps: Vec<Step>,
    /// As whom it runs.
    pub(super) client: Option<Client>,
    pub(super) returns: Returns,
    /// Of a grant: the kinds of sales that it is told of.
    pub(super) facts: Vec<OfferKind>,
    /// Of a sweep: the age that the ledger fixed, in seconds.
    pub(super) age: Option<u64>,
    /// Whether some answer says that the same was told before with other figures.
    pub(super) says_conflict: bool,
}

/// A client role with its claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) role: String,
    /// Whose token it is.
    pub(super) sub: Option<Argument>,
    /// What else the token says.
    pub(super) claims: Vec<(String, Argument)>,
}

/// How a value is read from rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Returns {
    /// By replies alone.
    Replies,
    /// Of a sweep: a job a row.
    Jobs,
    /// Of a sweep: how many.
    Count,
    /// Of balance and entries: which value is where.
    Values(Vec<(&'static str, Place)>),
}

/// What all operations of a file share.
pub(super) struct Shared<'a> {
    pub(super) constants: &'a [(String, Literal)],
    /// Names that some `keep` makes.
    pub(super) kept: &'a [String],
}

/// What each operation knows.
pub(super) fn known(operation: Operation) -> &'static [&'static str] {
    match operation {
        Operation::Open | Operation::Balance | Operation::Entries => &["account"],
        Operation::Link => &["account", "customer"],
        Operation::Grant | Operation::Checkout => &[
            "account",
            "amount",
            "fact",
            "event",
            "customer",
            "price",
            "period_start",
            "period_end",
        ],
        Operation::Reserve => &["account", "job", "amount"],
        Operation::Charge => &["job", "cost", "account", "amount"],
        Operation::Refund => &["job", "account", "amount"],
        Operation::Sweep => &["older_than_seconds"],
        Operation::Age => &["seconds"],
        Operation::Webhook => &[],
    }
}

/// Every name that an operation may know.
pub(super) const RESERVED: [&str; 11] = [
    "account",
    "amount",
    "cost",
    "customer",
    "event",
    "fact",
    "job",
    "older_than_seconds",
    "period_end",
    "period_start",
    "price",
];

/// The names that an operation's `keep` makes.
pub(super) fn kept(node: &Node<'_>) -> Read<Vec<String>> {
    let table = node.table()?;
    let mut names = Vec::new();
    let mut keeps = vec![table.get("keep")];
    if let Some(steps) = table.get("steps") {
        for step in steps.list()? {
            keeps.push(step.table()?.get("keep"));
        }
    }
    for keep in keeps.into_iter().flatten() {
        for (name, node) in keep.table()?.entries() {
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name || RESERVED.contains(&name) || name == "seconds" {
                return Err(node.error(format!(
                    "`{name}` can't be kept; expected a name of letters, digits and `_` that is no \
                     parameter already"
                )));
            }
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

impl Mapping {
    /// Reads one operation.
    pub(super) fn read(node: &Node<'_>, operation: Operation, shared: &Shared<'_>) -> Read<Self> {
        let table = node.table()?;
        let mut keys = STEP.to_vec();
        keys.extend(["steps", "as"]);
        match operation {
            Operation::Sweep => keys.extend(["returns", "age"]),
            Operation::Balance | Operation::Entries => keys.push("returns"),
            Operation::Grant => keys.push("facts"),
            _ => {}
        }
        table.only(&keys)?;
        let mut steps = Vec::new();
        match table.get("steps") {
            None => steps.push(Step::read(&table, operation, true, shared)?),
            Some(list) => {
                if let Some(both) = STEP.iter().find_map(|key| table.get(key)) {
                    return Err(both.error(format!(
                        "`{}` stands beside `steps`; expected it inside one of them",
                        both.name
                    )));
                }
                let list = list.list()?;
                for (place, step) in list.iter().enumerate() {
                    let step = step.table()?;
                    step.only(&STEP)?;
                    let last = place + 1 == list.len();
                    steps.push(Step::read(&step, operation, last, shared)?);
                }
                if steps.is_empty() {
                    return Err(table.error(format!("`{}.steps` is empty", table.name)));
                }
            }
        }
        // Where a file has no word for some no, whatever no it has may be that one: a function that
        // answers true or false can't say more.
        let said: Vec<&Reply> = steps
            .iter()
            .flat_map(|step| step.replies.all().chain(step.errors.all()))
            .collect();
        let mut wordless = noes(operation);
        wordless.retain(|no| !said.contains(&no));
        let says_conflict =
            !wordless.iter().any(is_conflict) || said.iter().any(|it| is_refusal(it));
        for step in &mut steps {
            step.replies.widen(&wordless);
            step.errors.widen(&wordless);
        }
        let client = table.get("as");
        let client = client.map(|node| Client::read(&node, operation, shared));
        let age = table.get("age").map(|node| node.count()).transpose()?;
        Ok(Self {
            name: table.name.trim_start_matches("sql.").to_owned(),
            line: table.line(),
            operation,
            steps,
            client: client.transpose()?,
            returns: Returns::read(&table, operation)?,
            facts: facts(&table)?,
            age,
            says_conflict,
        })
    }

    /// Whether any of its statements names this parameter.
    pub(super) fn names(&self, parameter: &str) -> bool {
        let mut all = self.steps.iter().flat_map(|step| step.sql.parameters());
        all.any(|name| name == parameter)
    }

    /// Whether any of its statements turns this parameter's sign round.
    pub(super) fn negates(&self, parameter: &str) -> bool {
        self.steps.iter().any(|step| step.sql.negates(parameter))
    }
}

fn is_conflict(reply: &Reply) -> bool {
    matches!(
        reply,
        Reply::Reserve(Reserve::Conflict)
            | Reply::Charge(Charge::Conflict)
            | Reply::Grant(Grant::Conflict)
    )
}

fn is_refusal(reply: &Reply) -> bool {
    matches!(reply, Reply::Error(LedgerError::Refused(_)))
}

impl Client {
    fn read(node: &Node<'_>, operation: Operation, shared: &Shared<'_>) -> Read<Self> {
        let table = node.table()?;
        table.only(&["role", "sub", "claims"])?;
        let role = table.wanted("role", "a role, such as role = \"authenticated\"")?;
        let known: Vec<String> = known(operation).iter().map(|it| (*it).to_owned()).collect();
        let names = Names {
            known: &known,
            constants: shared.constants,
            arguments: &[],
        };
        let sub = table.get("sub");
        let sub = sub.map(|node| argument(&node, &names));
        let mut claims = Vec::new();
        if let Some(node) = table.get("claims") {
            for (claim, node) in node.table()?.entries() {
                claims.push((claim.to_owned(), argument(&node, &names)?));
            }
        }
        Ok(Self {
            role: role.text()?.to_owned(),
            sub: sub.transpose()?,
            claims,
        })
    }
}

impl Returns {
    fn read(table: &Table<'_>, operation: Operation) -> Read<Self> {
        let node = table.get("returns");
        let values: &[&'static str] = match operation {
            Operation::Sweep => {
                return match node {
                    None => Ok(Returns::Jobs),
                    Some(node) => node
                        .one_of(&[("jobs", true), ("count", false)])
                        .map(|jobs| if jobs { Returns::Jobs } else { Returns::Count }),
                };
            }
            Operation::Balance => &["spendable", "held", "owed"],
            Operation::Entries => &["delta", "kind", "job"],
            _ => return Ok(Returns::Replies),
        };
        let Some(node) = node else {
            return Ok(Returns::Values(Vec::new()));
        };
        if node.is_text() {
            let words: Vec<(&str, &'static str)> = values.iter().map(|it| (*it, *it)).collect();
            return Ok(Returns::Values(vec![(
                node.one_of(&words)?,
                Place::default(),
            )]));
        }
        let table = node.table()?;
        table.only(values)?;
        table.wanted(values[0], "where that value is")?;
        let mut places = Vec::new();
        for name in values {
            if let Some(node) = table.get(name) {
                places.push((*name, Place::short(node.text()?)));
            }
        }
        Ok(Returns::Values(places))
    }
}

/// The kinds of sales that a grant is told of; packs where it doesn't say.
fn facts(table: &Table<'_>) -> Read<Vec<OfferKind>> {
    let Some(node) = table.get("facts") else {
        return Ok(vec![OfferKind::Pack]);
    };
    let words = [("checkout", OfferKind::Pack), ("invoice", OfferKind::Plan)];
    if node.is_text() {
        return Ok(vec![node.one_of(&words)?]);
    }
    node.list()?.iter().map(|it| it.one_of(&words)).collect()
}
