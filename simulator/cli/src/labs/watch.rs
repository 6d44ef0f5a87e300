//! Grades again what changed, for as long as somebody works.

use super::course::{Placed, Step};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often the files are looked at. Asking for their times costs next to nothing.
const EVERY: Duration = Duration::from_millis(200);

/// When each file was last written, and its length; `None` for a file that isn't there.
type Looks = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// The files of some steps, as they looked when they were last graded.
#[derive(Debug)]
pub(crate) struct Watch {
    root: PathBuf,
    steps: Vec<Placed>,
    seen: Looks,
}

impl Watch {
    /// Looks at the steps' files now.
    pub(crate) fn new(root: &Path, steps: &[Placed]) -> Self {
        let mut watch = Self {
            root: root.to_owned(),
            steps: steps.to_vec(),
            seen: Looks::new(),
        };
        watch.seen = watch.look();
        watch
    }

    /// Waits until something changed, and returns the steps that it is of: a step's own file is
    /// its alone, what its lab shares is everybody's.
    pub(crate) fn next(&mut self) -> Vec<Placed> {
        loop {
            let now = self.look();
            let changed: Vec<PathBuf> = now
                .iter()
                .filter(|(path, looks)| self.seen.get(*path) != Some(looks))
                .map(|(path, _)| path.clone())
                .collect();
            self.seen = now;
            if !changed.is_empty() {
                return self.concerned(&changed);
            }
            std::thread::sleep(EVERY);
        }
    }

    fn concerned(&self, changed: &[PathBuf]) -> Vec<Placed> {
        let own = |placed: &Placed| -> Vec<PathBuf> {
            let files = own(placed.1);
            let folder = placed.0.path(&self.root);
            files.into_iter().map(|file| folder.join(file)).collect()
        };
        let owned: Vec<PathBuf> = self.steps.iter().flat_map(own).collect();
        let all = self.steps.iter().copied();
        let fits = |placed: &Placed| {
            changed.iter().any(|path| {
                let shared = !owned.contains(path) && path.starts_with(placed.0.path(&self.root));
                shared || own(placed).contains(path)
            })
        };
        all.filter(fits).collect()
    }

    fn look(&self) -> Looks {
        let mut looks = Looks::new();
        for (lab, step) in &self.steps {
            let folder = lab.path(&self.root);
            let shared = ["src/lib.rs", "src/given.rs", "Cargo.toml"].map(PathBuf::from);
            for file in shared.into_iter().chain(own(step)) {
                let path = folder.join(file);
                let looks_so = std::fs::metadata(&path)
                    .and_then(|data| Ok((data.modified()?, data.len())))
                    .ok();
                looks.insert(path, looks_so);
            }
        }
        looks
    }
}

fn own(step: &Step) -> Vec<PathBuf> {
    let mut files = step.files();
    files.push(step.test_file());
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::course::chosen;

    #[test]
    fn a_steps_file_is_its_own_and_a_shared_one_everybodys() {
        let root = tempfile::tempdir().unwrap();
        let lab = root.path().join("labs/01-credit-ledger");
        std::fs::create_dir_all(lab.join("src")).unwrap();
        let steps = chosen(Some("01")).unwrap();
        let mut watch = Watch::new(root.path(), &steps);
        std::fs::write(lab.join("src/reserve.rs"), "fn").unwrap();
        let ids = |steps: Vec<Placed>| -> Vec<&str> { steps.iter().map(|it| it.1.id).collect() };
        assert_eq!(ids(watch.next()), ["01.2"]);
        std::fs::write(lab.join("src/lib.rs"), "mod").unwrap();
        assert_eq!(watch.next().len(), steps.len());
    }
}
