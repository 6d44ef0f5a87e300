//! A whole contract file, read.

use super::catalogue::{self, Shop};
use super::ledger::SqlLedger;
use super::literal::Scale;
use super::operation::{Mapping, Shared, kept};
use super::setup::{self, Setup};
use super::source::{Node, Read, Source, Table};
use super::{ContractError, policy};
use crate::target::{
    Client, Clients, IdForm, OfferKind, Operation, Policy, Reach, Renewal, Schema, Subject,
    SweepAge, Terms,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a contract file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) setup: Setup,
    pub(super) policy: Policy,
    pub(super) scale: Scale,
    pub(super) account: IdForm,
    pub(super) job: IdForm,
    pub(super) catalogue: Option<crate::target::Catalogue>,
    pub(super) mappings: Vec<Mapping>,
    pub(super) reach: Reach,
}

/// The operations that `[sql]` maps.
const OPERATIONS: [(&str, Operation); 11] = [
    ("open", Operation::Open),
    ("link", Operation::Link),
    ("checkout", Operation::Checkout),
    ("grant", Operation::Grant),
    ("reserve", Operation::Reserve),
    ("charge", Operation::Charge),
    ("refund", Operation::Refund),
    ("sweep", Operation::Sweep),
    ("balance", Operation::Balance),
    ("entries", Operation::Entries),
    ("age", Operation::Age),
];

impl Contract {
    /// Reads a contract file.
    ///
    /// # Errors
    /// The first mistake in it, with its line.
    pub fn read(path: &Path) -> Result<Self, ContractError> {
        Self::parse(&Source::read(path)?)
    }

    pub(super) fn parse(source: &Source) -> Read<Self> {
        let document = source.parse()?;
        let file = Table::whole(source, &document);
        if let Some(kind) = file.get("kind")
            && kind.one_of(&[("sql", false), ("http", true)])?
        {
            return Err(kind.error(
                "`kind` is `http`, which this version doesn't speak yet; expected kind = \"sql\"",
            ));
        }
        file.only(&[
            "name",
            "kind",
            "setup",
            "policy",
            "ids",
            "catalogue",
            "sql",
            "boundary",
        ])?;
        file.wanted("kind", "kind = \"sql\"")?;
        let section = |key: &str| -> Read<Option<Table<'_>>> {
            file.get(key).map(|node| node.table()).transpose()
        };
        let (policy, scale) = policy::read(section("policy")?.as_ref())?;
        let Shop {
            catalogue,
            constants,
        } = catalogue::read(section("catalogue")?.as_ref(), scale)?;
        let (account, job) = ids(section("ids")?.as_ref())?;
        let sql = file
            .wanted("sql", "a section [sql] with the operations")?
            .table()?;
        let mut mappings = mappings(&sql, &constants)?;
        let fixed = fixed_age(&sql)?;
        for mapping in &mut mappings {
            if mapping.operation == Operation::Sweep && mapping.age.is_none() {
                mapping.age = fixed;
            }
        }
        let name = match file.get("name") {
            Some(node) => node.text()?.to_owned(),
            None => stem(&source.path),
        };
        Ok(Self {
            path: source.path.clone(),
            name,
            setup: setup::read(section("setup")?.as_ref())?,
            policy,
            scale,
            account,
            job,
            catalogue,
            mappings,
            reach: reach(section("boundary")?.as_ref())?,
        })
    }

    /// The ledger that it describes. `handle` is what was typed to name it.
    #[must_use]
    pub fn subject(self, handle: &str) -> Subject {
        let (terms, clients) = (self.terms(), self.clients());
        let schema = Schema::Scripts(self.setup.scripts.clone());
        let (name, policy) = (self.name.clone(), self.policy.clone());
        let story = format!("The contract file {}.", self.path.display());
        Subject::new(&name, schema, policy, SqlLedger::new(self))
            .with_story(&story)
            .with_handle(handle)
            .with_terms(terms)
            .with_clients(clients)
    }

    fn mapped(&self, operation: Operation) -> Option<&Mapping> {
        self.mappings.iter().find(|it| it.operation == operation)
    }

    fn terms(&self) -> Terms {
        let reserve = self.mapped(Operation::Reserve);
        let charge = self.mapped(Operation::Charge);
        let grants: Vec<&Mapping> = self
            .mappings
            .iter()
            .filter(|it| it.operation == Operation::Grant)
            .collect();
        let sold = |kind| grants.iter().any(|it| it.facts.contains(&kind));
        let resets = self.policy.renewal == Some(Renewal::Reset);
        let plans = sold(OfferKind::Plan) && !resets;
        let keyless = self.keyless();
        let sweep = self.mapped(Operation::Sweep);
        let sweep_age = match sweep {
            Some(sweep) if !sweep.names("older_than_seconds") => match sweep.age {
                Some(seconds) => SweepAge::Fixed(Duration::from_secs(seconds)),
                None => SweepAge::Untold,
            },
            _ => SweepAge::Asked,
        };
        let mute: BTreeSet<Operation> = self
            .mappings
            .iter()
            .filter(|it| matches!(it.operation, Operation::Grant | Operation::Charge))
            // Without a cost there are no other figures.
            .filter(|it| it.operation != Operation::Charge || it.names("cost"))
            .filter(|it| !it.says_conflict)
            .map(|it| it.operation)
            .collect();
        let mut remarks = Vec::new();
        for operation in &mute {
            remarks.push(format!(
                "{}: no answer means `conflict`, so it is never told the same with other figures",
                operation.name()
            ));
        }
        for mapping in &self.mappings {
            if keyless.contains(&mapping.operation) {
                remarks.push(format!(
                    "{}: no idempotency key, so it is never told twice",
                    mapping.name
                ));
            }
        }
        let plain_amounts = !reserve.is_some_and(|it| it.negates("amount"));
        if !plain_amounts {
            remarks.push(
                "reserve: the mapping turns the amount's sign round, so amounts that make no sense \
                 aren't sent"
                    .to_owned(),
            );
        }
        if sweep_age == SweepAge::Untold {
            remarks.push(
                "sweep: it isn't told an age and the file doesn't say which one it has (`age`), so \
                 nobody knows what it should have found"
                    .to_owned(),
            );
        }
        if matches!(sweep_age, SweepAge::Fixed(age) if !age.is_zero())
            && self.mapped(Operation::Age).is_none()
        {
            remarks.push(
                "sweep: no hold grows old enough for it, as there is no `age` that moves time"
                    .to_owned(),
            );
        }
        if sold(OfferKind::Plan) && resets {
            remarks.push(
                "renewal = \"reset\": what a renewal leaves isn't judged, so none are sent"
                    .to_owned(),
            );
        }
        let absent: Vec<&str> = [
            ("grant", Operation::Grant),
            ("reserve", Operation::Reserve),
            ("charge", Operation::Charge),
            ("refund", Operation::Refund),
            ("sweep", Operation::Sweep),
            ("balance", Operation::Balance),
            ("entries", Operation::Entries),
        ]
        .iter()
        .filter(|(_, operation)| self.mapped(*operation).is_none())
        .map(|(name, _)| *name)
        .collect();
        if !absent.is_empty() {
            remarks.push(format!(
                "not mapped, and so not attempted: {}",
                absent.join(", ")
            ));
        }
        Terms {
            account: self.account,
            job: self.job,
            offers: Some(self.mappings.iter().map(|it| it.operation).collect()),
            catalogue: self.catalogue.clone(),
            keyless,
            plain_amounts,
            costs: charge.is_none_or(|it| it.names("cost")),
            mute,
            packs: sold(OfferKind::Pack),
            plans,
            sweep: sweep_age,
            remarks,
        }
    }

    /// Whom the API or a login lets in beside the backend. The service's own role is the backend.
    fn clients(&self) -> Clients {
        let roles = self
            .setup
            .roles
            .iter()
            .filter(|role| *role != "service_role");
        let client = |role: &String| match role.as_str() {
            "anon" => Client::visitor(role),
            _ => Client::with_claims(role),
        };
        let schemas: &[&str] = if self.setup.is_supabase {
            &["public"]
        } else {
            &[]
        };
        let clients = Clients {
            roles: roles.map(client).collect(),
            reach: self.reach,
            schemas: Vec::new(),
        };
        clients.through(schemas)
    }

    /// The operations that carry nothing by which the ledger could know a repeat.
    fn keyless(&self) -> BTreeSet<Operation> {
        let kept: Vec<&str> = self
            .mappings
            .iter()
            .flat_map(|mapping| &mapping.steps)
            .flat_map(|step| &step.keep)
            .map(|(name, _)| name.as_str())
            .collect();
        let has_key = |mapping: &&Mapping| match mapping.operation {
            Operation::Reserve => mapping.names("job"),
            Operation::Charge | Operation::Refund => {
                mapping.names("job") || kept.iter().any(|name| mapping.names(name))
            }
            // Whether the event is the right key is one of the things to find out.
            Operation::Grant => mapping.names("fact") || mapping.names("event"),
            _ => true,
        };
        let without = self.mappings.iter().filter(|mapping| !has_key(mapping));
        without.map(|mapping| mapping.operation).collect()
    }
}

/// Every operation of `[sql]`, each grant one of its own.
fn mappings(
    sql: &Table<'_>,
    constants: &[(String, super::literal::Literal)],
) -> Read<Vec<Mapping>> {
    let names: Vec<&str> = OPERATIONS.iter().map(|(name, _)| *name).collect();
    sql.only(&names)?;
    let mut nodes: Vec<(Node<'_>, Operation)> = Vec::new();
    for (name, operation) in OPERATIONS {
        match sql.get(name) {
            Some(node) if operation == Operation::Grant && is_several(&node)? => {
                let each = node.table()?.entries().into_iter();
                nodes.extend(each.map(|(_, node)| (node, operation)));
            }
            // A number is a sweep's.
            Some(node) if operation == Operation::Age && node.is_number() => {}
            Some(node) => nodes.push((node, operation)),
            None => {}
        }
    }
    let mut names = Vec::new();
    for (node, operation) in &nodes {
        let made = kept(node)?;
        if let (Some(name), false) = (made.first(), *operation == Operation::Reserve) {
            return Err(node.error(format!(
                "`{}` keeps `{name}`; expected `keep` in `sql.reserve`, which begins a job",
                node.name
            )));
        }
        names.extend(made);
    }
    let shared = Shared {
        constants,
        kept: &names,
    };
    let mut mappings = Vec::new();
    for (node, operation) in &nodes {
        mappings.push(Mapping::read(node, *operation, &shared)?);
    }
    if mappings.is_empty() {
        return Err(sql.error("`sql` maps no operation; expected such as `grant` and `reserve`"));
    }
    Ok(mappings)
}

/// Whether `grant` is a table of grants by name, not one grant.
fn is_several(node: &Node<'_>) -> Read<bool> {
    let entries = node.table()?.entries();
    let one = ["query", "query_file", "steps"];
    Ok(!entries.is_empty()
        && !entries.iter().any(|(key, _)| one.contains(key))
        && entries.iter().all(|(_, node)| node.table().is_ok()))
}

/// `[sql] age = 300`: the age that the ledger fixed for its sweep.
fn fixed_age(sql: &Table<'_>) -> Read<Option<u64>> {
    match sql.get("age") {
        Some(node) if node.is_number() => node.count().map(Some),
        _ => Ok(None),
    }
}

fn ids(table: Option<&Table<'_>>) -> Read<(IdForm, IdForm)> {
    let forms = [
        ("uuid", IdForm::Uuid),
        ("integer", IdForm::Integer),
        ("text", IdForm::Text),
    ];
    let Some(table) = table else {
        return Ok((IdForm::Uuid, IdForm::Uuid));
    };
    table.only(&["account", "job"])?;
    let form = |key: &str| -> Read<IdForm> {
        let node = table.get(key);
        Ok(node
            .map(|node| node.one_of(&forms))
            .transpose()?
            .unwrap_or(IdForm::Uuid))
    };
    Ok((form("account")?, form("job")?))
}

fn reach(table: Option<&Table<'_>>) -> Read<Reach> {
    let Some(table) = table else {
        return Ok(Reach::Rest);
    };
    table.only(&["reach"])?;
    let node = table.wanted("reach", "reach = \"rest\" or \"sql\"")?;
    node.one_of(&[("rest", Reach::Rest), ("sql", Reach::Sql)])
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
