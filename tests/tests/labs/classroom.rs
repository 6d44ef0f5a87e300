//! A copy of the labs in a workspace of its own, at one fixed place, so that nothing is built
//! twice and the checkout stays as it is.

use crate::course::{files, labs};
use crate::patch::NearMiss;
use crate::{Lab, root};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) struct Classroom {
    root: PathBuf,
}

impl Classroom {
    /// The labs as their solutions cure them.
    pub(crate) fn solved(name: &str) -> Self {
        let classroom = Self::shipped(name);
        for lab in labs() {
            classroom.put(&lab, &lab.solution());
        }
        classroom
    }

    /// The labs as they are.
    pub(crate) fn shipped(name: &str) -> Self {
        let classroom = Self {
            root: root().join("target/classroom").join(name),
        };
        let labs_folder = classroom.root.join("labs");
        if labs_folder.exists() {
            fs::remove_dir_all(&labs_folder).unwrap();
        }
        for lab in labs() {
            copy(&lab.path(), &labs_folder.join(&lab.folder));
            let solution = classroom.root.join("solutions").join(&lab.folder);
            copy(&lab.solution(), &solution);
        }
        fs::write(classroom.root.join("Cargo.toml"), manifest(name)).unwrap();
        fs::copy(root().join("Cargo.lock"), classroom.root.join("Cargo.lock")).unwrap();
        // `badai grade` builds below its checkout.
        let target = classroom.root.join("target");
        if !target.exists() {
            std::os::unix::fs::symlink(root().join("target"), target).unwrap();
        }
        classroom
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn lab(&self, lab: &Lab) -> PathBuf {
        self.root.join("labs").join(&lab.folder)
    }

    /// Applies a wrong cure to a solved lab.
    pub(crate) fn apply(&self, lab: &Lab, miss: &NearMiss) {
        for (file, text) in miss.apply(&lab.solution()) {
            fs::write(self.lab(lab).join(file), text).unwrap();
        }
    }

    /// Puts a lab's code and SQL from a folder; what is the same isn't written, lest it be built.
    pub(crate) fn put(&self, lab: &Lab, from: &Path) {
        for part in ["src", "migrations"] {
            for file in files(&from.join(part)) {
                let to = self.lab(lab).join(file.strip_prefix(from).unwrap());
                let text = fs::read_to_string(&file).unwrap();
                if fs::read_to_string(&to).ok() != Some(text.clone()) {
                    fs::write(to, text).unwrap();
                }
            }
        }
    }
}

/// The workspace's manifest with the labs as its only members, and paths that lead back. Classrooms
/// share one target folder: the version keeps cargo from taking what one built for another's.
fn manifest(name: &str) -> String {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (before, rest) = text.split_once("members = [").unwrap();
    let (_, rest) = rest.split_once("[workspace.package]").unwrap();
    let members: Vec<String> = labs()
        .iter()
        .map(|lab| format!("\"labs/{}\"", lab.folder))
        .collect();
    let rest = rest.replace("path = \"", &format!("path = \"{}/", root().display()));
    let version = format!("version = \"{}", env!("CARGO_PKG_VERSION"));
    let rest = rest.replacen(&version, &format!("{version}-{name}"), 1);
    format!(
        "{before}members = [{}]\nexclude = [\"solutions\"]\n\n[workspace.package]{rest}",
        members.join(", ")
    )
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in files(from) {
        let name = path.file_name().unwrap();
        if path.is_dir() {
            if name != ".badai" {
                copy(&path, &to.join(name));
            }
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}
