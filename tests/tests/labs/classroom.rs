//! The checkout again, at one fixed place, with labs of its own that may be written to. All else is
//! a link: cargo tells a package by where it lies in its workspace, so what the checkout has built
//! serves here too.

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
        if classroom.root.exists() {
            fs::remove_dir_all(&classroom.root).unwrap();
        }
        fs::create_dir_all(&classroom.root).unwrap();
        for lab in labs() {
            let folder = classroom.lab(&lab);
            copy(&lab.path(), &folder);
            rename(&folder.join("Cargo.toml"), name);
        }
        fs::copy(root().join("Cargo.lock"), classroom.root.join("Cargo.lock")).unwrap();
        for path in files(&root()) {
            let it = path.file_name().unwrap().to_str().unwrap();
            let link = classroom.root.join(it);
            let own = ["labs", "Cargo.lock"].contains(&it) || it.starts_with('.');
            if !own {
                std::os::unix::fs::symlink(&path, link).unwrap();
            }
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

/// Gives a lab a version of its own, which keeps cargo from taking another classroom's for it.
fn rename(manifest: &Path, name: &str) {
    let text = fs::read_to_string(manifest).unwrap();
    let version = format!("version = \"{}-{name}\"", env!("CARGO_PKG_VERSION"));
    let text = text.replacen("version.workspace = true", &version, 1);
    fs::write(manifest, text).unwrap();
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
