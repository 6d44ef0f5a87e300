//! Wrong cures as small patches of the right ones: unified differences below three lines that say
//! what is tempting, what it breaks, and which words of the step's hints fit. A hunk is found by
//! its text, so that line numbers may drift.

use crate::course::files;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tests::root;

/// One cure that looks finished.
pub(crate) struct NearMiss {
    pub(crate) name: String,
    /// An invariant's id.
    pub(crate) breaks: String,
    /// What a hint of the step says about it.
    pub(crate) hint: String,
    patch: String,
}

impl NearMiss {
    /// Those of a step.
    pub(crate) fn of(step: &str) -> Vec<Self> {
        let folder = root().join("tests/near-misses").join(step);
        files(&folder).iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let patch = std::fs::read_to_string(path).unwrap();
        let field = |name: &str| {
            let line = patch.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{}: no line `{name}`", path.display()))
                .trim()
                .to_owned()
        };
        assert!(!field("Tempting:").is_empty());
        Self {
            name: path.display().to_string(),
            breaks: field("Breaks:"),
            hint: field("Hint:"),
            patch: patch.clone(),
        }
    }

    /// The changed files with their new texts.
    pub(crate) fn apply(&self, solution: &Path) -> BTreeMap<PathBuf, String> {
        let mut changed: BTreeMap<PathBuf, String> = BTreeMap::new();
        for part in self.patch.split("\n--- a/").skip(1) {
            let (file, rest) = part.split_once('\n').unwrap();
            let mut text = std::fs::read_to_string(solution.join(file)).unwrap();
            for hunk in rest.split("\n@@").skip(1) {
                let lines: Vec<&str> = hunk.lines().skip(1).collect();
                let side = |other: char| -> String {
                    let lines = lines.iter().filter(|line| !line.starts_with(other));
                    lines
                        .map(|line| format!("{}\n", line.get(1..).unwrap_or("")))
                        .collect()
                };
                let (old, new) = (side('+'), side('-'));
                assert_eq!(text.matches(&old).count(), 1, "{}:\n{old}", self.name);
                text = text.replacen(&old, &new, 1);
            }
            changed.insert(PathBuf::from(file), text);
        }
        assert!(!changed.is_empty(), "{} changes nothing", self.name);
        changed
    }
}
