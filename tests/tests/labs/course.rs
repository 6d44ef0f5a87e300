//! Labs and steps as they lie on disk.

use std::path::{Path, PathBuf};
use tests::root;

/// One lab, `labs/01-…`.
#[derive(Clone, Debug)]
pub(crate) struct Lab {
    pub(crate) folder: String,
    pub(crate) steps: Vec<Step>,
}

/// One step: `tests/step_1_….rs` of lab 01 is 01.1.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) id: String,
    pub(crate) test: String,
}

impl Lab {
    pub(crate) fn path(&self) -> PathBuf {
        root().join("labs").join(&self.folder)
    }

    pub(crate) fn solution(&self) -> PathBuf {
        root().join("solutions").join(&self.folder)
    }

    /// The name of its crate, `lab-01-…`.
    pub(crate) fn package(&self) -> String {
        format!("lab-{}", self.folder)
    }
}

pub(crate) fn labs() -> Vec<Lab> {
    let mut folders: Vec<String> = std::fs::read_dir(root().join("labs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    folders.into_iter().map(lab).collect()
}

fn lab(folder: String) -> Lab {
    let number = folder.split_once('-').unwrap().0.to_owned();
    let mut steps = Vec::new();
    for file in files(&root().join("labs").join(&folder).join("tests")) {
        let test = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let step = test.split('_').nth(1).unwrap();
        let id = format!("{number}.{step}");
        steps.push(Step { id, test });
    }
    Lab { folder, steps }
}

/// A folder's files, by name; none if there is no such folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
