//! Found schedules are kept beside the lab and played first, until they hold.

use super::Step;
use crate::report::{Report, Saved};
use std::path::PathBuf;

impl Step {
    pub(super) fn kept(&self) -> Vec<Saved> {
        let Some(folder) = folder() else {
            return Vec::new();
        };
        let Ok(files) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = files.flatten().map(|file| file.path()).collect();
        paths.sort();
        paths
            .iter()
            .filter_map(|path| Saved::read(path).ok())
            .filter(|saved| saved.ledger == self.id)
            // Whoever saved a race can't play it here if nothing races in this step any more.
            .filter(|saved| self.races || !saved.schedule.has_duel())
            .collect()
    }

    pub(super) fn keep(&self, report: &mut Report) {
        let Some(folder) = folder() else {
            return;
        };
        for saved in self.kept() {
            // Gone if it holds by now; written again below if it still breaks.
            let _ = std::fs::remove_file(folder.join(saved.file_name()));
        }
        for entry in &mut report.invariants {
            if let Some(found) = &mut entry.counterexample
                && let Ok(path) = found.saved().write(&folder)
            {
                found.saved_at(&path);
                found.replay = format!("badai grade {}", self.id);
            }
        }
    }
}

/// `.badai` in the lab's own folder; cargo says where that is.
fn folder() -> Option<PathBuf> {
    let lab = std::env::var_os("CARGO_MANIFEST_DIR")?;
    Some(PathBuf::from(lab).join(".badai"))
}
