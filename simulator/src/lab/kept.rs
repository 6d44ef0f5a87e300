//! Found schedules are kept beside the lab and played first, until they hold.

use super::{Step, other_ledger};
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
        let again = match other_ledger() {
            Some(file) => format!("badai grade {} --ledger {}", self.id, file.display()),
            None => format!("badai grade {}", self.id),
        };
        let folder = folder();
        if let Some(folder) = &folder {
            for saved in self.kept() {
                // Gone if it holds by now; written again below if it still breaks.
                let _ = std::fs::remove_file(folder.join(saved.file_name()));
            }
        }
        for entry in &mut report.invariants {
            let Some(found) = &mut entry.counterexample else {
                continue;
            };
            if let Some(folder) = &folder
                && let Ok(path) = found.saved().write(folder)
            {
                found.saved_at(&path);
            }
            found.replay.clone_from(&again);
        }
    }
}

/// `.badai` in the lab's own folder; cargo says where that is. What another ledger did wrong isn't
/// kept there.
fn folder() -> Option<PathBuf> {
    if other_ledger().is_some() {
        return None;
    }
    let lab = std::env::var_os("CARGO_MANIFEST_DIR")?;
    Some(PathBuf::from(lab).join(".badai"))
}
