//! The labs and their steps. Ids stay what they are when files move or a version comes.

use crate::failure::Failure;
use simulator::nearest::nearest;
use std::path::{Path, PathBuf};

/// One lab: a crate of its own under `labs/`, mirrored under `solutions/`.
#[derive(Debug)]
pub(crate) struct Lab {
    /// `01` to `04`.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The folder's name, and the crate's after `lab-`.
    pub(crate) folder: &'static str,
    pub(crate) steps: &'static [Step],
}

/// One graded step.
#[derive(Debug)]
pub(crate) struct Step {
    /// Such as `01.2`.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The step's name in its files: `src/NAME.rs`, `migrations/00N_NAME.sql`,
    /// `tests/step_N_NAME.rs`.
    name: &'static str,
    /// Whether it has a file under `migrations`.
    has_sql: bool,
}

const fn step(id: &'static str, name: &'static str, title: &'static str) -> Step {
    Step {
        id,
        title,
        name,
        has_sql: true,
    }
}

/// Everything that can be graded.
pub(crate) const COURSE: &[Lab] = &[
    Lab {
        id: "01",
        title: "A credit ledger that loses no money",
        folder: "01-credit-ledger",
        steps: &[
            step(
                "01.1",
                "prepaid_grants",
                "Immutable rows and prepaid grants",
            ),
            step("01.2", "reserve", "Reserve without overdraft"),
            step("01.3", "settle", "Charge and refund, idempotent"),
            step("01.4", "boundary", "The backend-only boundary"),
        ],
    },
    Lab {
        id: "02",
        title: "Webhooks that are safe for real payments",
        folder: "02-stripe-webhooks",
        steps: &[
            step("02.1", "raw_body", "Verify the raw body"),
            step("02.2", "events", "A processed-event table"),
            step("02.3", "grants", "Grants that add"),
            step("02.4", "clawbacks", "Refunds, disputes, clawbacks"),
        ],
    },
    Lab {
        id: "03",
        title: "Async jobs that are charged fairly",
        folder: "03-async-jobs",
        steps: &[
            step("03.1", "one_hold", "Payment state is not work state"),
            step("03.2", "out_of_order", "Out-of-order guards"),
            step("03.3", "sweep", "The recovery sweep"),
            step("03.4", "partial", "Partial output, timeouts, cancel"),
        ],
    },
    Lab {
        id: "04",
        title: "One ledger for the whole world",
        folder: "04-global-payments",
        steps: &[
            Step {
                has_sql: false,
                ..step("04.1", "minor_units", "Minor units and currencies")
            },
            step("04.2", "delayed", "Delayed payment methods"),
            step(
                "04.3",
                "one_ledger",
                "Packs, subscriptions and usage on one ledger",
            ),
            step("04.4", "whole_storm", "The whole storm"),
        ],
    },
];

impl Lab {
    pub(crate) fn package(&self) -> String {
        format!("lab-{}", self.folder)
    }

    pub(crate) fn path(&self, root: &Path) -> PathBuf {
        root.join("labs").join(self.folder)
    }

    /// Where its cure is, under the same file names.
    pub(crate) fn solution(&self, root: &Path) -> PathBuf {
        root.join("solutions").join(self.folder)
    }

    /// Its files as they were shipped, under the same names.
    pub(crate) fn shipped(&self, root: &Path) -> PathBuf {
        self.path(root).join("shipped")
    }
}

impl Step {
    fn number(&self) -> &str {
        self.id.split_once('.').map_or(self.id, |(_, step)| step)
    }

    /// The test that grades it.
    pub(crate) fn test(&self) -> String {
        format!("step_{}_{}", self.number(), self.name)
    }

    /// The files that a learner writes in, below the lab's folder.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let source = PathBuf::from(format!("src/{}.rs", self.name));
        let sql = PathBuf::from(format!("migrations/00{}_{}.sql", self.number(), self.name));
        let mut files = vec![source];
        files.extend(self.has_sql.then_some(sql));
        files
    }

    /// The file of its test, below the lab's folder.
    pub(crate) fn test_file(&self) -> PathBuf {
        PathBuf::from(format!("tests/{}.rs", self.test()))
    }
}

/// A step with the lab that it is of.
pub(crate) type Placed = (&'static Lab, &'static Step);

/// Whether that is a step's id, such as `01.1`.
pub(crate) fn is_step(name: &str) -> bool {
    all().any(|(_, step)| step.id == name)
}

/// Every step, in order.
pub(crate) fn all() -> impl Iterator<Item = Placed> {
    COURSE
        .iter()
        .flat_map(|lab| lab.steps.iter().map(move |step| (lab, step)))
}

/// The steps that were asked for, in order: a lab's, or one.
pub(crate) fn chosen(wanted: Option<&str>) -> Result<Vec<Placed>, Failure> {
    let fits =
        |(lab, step): &Placed| wanted.is_none_or(|wanted| wanted == lab.id || wanted == step.id);
    let chosen: Vec<Placed> = all().filter(fits).collect();
    match (chosen.is_empty(), wanted) {
        (true, Some(wanted)) => Err(nothing_like(wanted)),
        _ => Ok(chosen),
    }
}

/// The one step that was asked for.
pub(crate) fn one(wanted: &str) -> Result<Placed, Failure> {
    all()
        .find(|(_, step)| step.id == wanted)
        .ok_or_else(|| nothing_like(wanted))
}

fn nothing_like(wanted: &str) -> Failure {
    let ids: Vec<&str> = all().map(|(_, step)| step.id).collect();
    let hint = nearest(wanted, ids.iter().copied());
    Failure::request(format!(
        "no lab or step `{wanted}`{hint} there is {}",
        ids.join(", ")
    ))
}

/// The checkout that we stand in: the nearest folder above that has `labs`.
pub(crate) fn checkout() -> Result<PathBuf, Failure> {
    let here = std::env::current_dir()
        .map_err(|error| Failure::machine(format!("where are we: {error}")))?;
    here.ancestors()
        .find(|folder| folder.join("labs").is_dir() && folder.join("Cargo.toml").is_file())
        .map(Path::to_owned)
        .ok_or_else(|| {
            Failure::request(format!(
                "{} is in no checkout of badai: go into one, then grade",
                here.display()
            ))
        })
}

/// What a step lacks to be graded, and what to type; nothing if all is there.
pub(crate) fn lacks(root: &Path, (lab, step): Placed) -> Option<String> {
    let folder = lab.path(root);
    if !folder.is_dir() {
        let moved = renamed(root, lab).map_or_else(
            || format!("git checkout -- labs/{}", lab.folder),
            |found| format!("mv labs/{found} labs/{}", lab.folder),
        );
        return Some(format!(
            "labs/{} isn't there; the workspace needs it under this name: {moved}",
            lab.folder
        ));
    }
    let mut wanted = vec![PathBuf::from("Cargo.toml"), PathBuf::from("src/lib.rs")];
    wanted.extend(step.files());
    wanted.push(step.test_file());
    let missing = wanted
        .into_iter()
        .find(|file| !folder.join(file).is_file())?;
    let typed = if lab.shipped(root).join(&missing).is_file() {
        format!("cargo badai reset {}", step.id)
    } else {
        format!("git checkout -- labs/{}/{}", lab.folder, missing.display())
    };
    Some(format!(
        "labs/{}/{} isn't there; to have it back as shipped: {typed}",
        lab.folder,
        missing.display()
    ))
}

/// A folder under `labs` that has this lab's crate under another name.
fn renamed(root: &Path, lab: &Lab) -> Option<String> {
    let name = format!("name = \"{}\"", lab.package());
    let folders = std::fs::read_dir(root.join("labs")).ok()?;
    folders
        .flatten()
        .find(|folder| {
            std::fs::read_to_string(folder.path().join("Cargo.toml"))
                .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == name))
        })
        .and_then(|folder| folder.file_name().into_string().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_and_a_step_are_found_and_a_slip_is_answered() {
        assert_eq!(chosen(Some("01")).unwrap()[1].1.id, "01.2");
        assert_eq!(chosen(Some("01.3")).unwrap().len(), 1);
        assert!(chosen(None).unwrap().len() >= 3);
        let said = chosen(Some("01.9")).unwrap_err().said;
        assert!(said.contains("did you mean `01."), "{said}");
    }

    #[test]
    fn a_renamed_lab_and_a_deleted_file_are_named_with_the_cure() {
        let root = tempfile::tempdir().unwrap();
        let placed = one("01.2").unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("labs/mine/Cargo.toml", "name = \"lab-01-credit-ledger\"\n");
        let said = lacks(root.path(), placed).unwrap();
        assert!(
            said.contains("mv labs/mine labs/01-credit-ledger"),
            "{said}"
        );

        write("labs/01-credit-ledger/Cargo.toml", "");
        write("labs/01-credit-ledger/src/lib.rs", "");
        write("labs/01-credit-ledger/shipped/src/reserve.rs", "");
        let said = lacks(root.path(), placed).unwrap();
        assert!(said.contains("src/reserve.rs isn't there"), "{said}");
        assert!(said.contains("cargo badai reset 01.2"), "{said}");
    }
}
