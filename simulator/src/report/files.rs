//! A report in a folder: the page, the document, what CI reads, and the schedules.

use super::document::Report;
use super::saved::{SavedError, write_whole};
use super::{html, junit};
use std::path::{Path, PathBuf};

impl Report {
    /// Writes `report.html`, `report.json`, `junit.xml`, and each counterexample's schedule, whose
    /// place and command to replay it are noted in all of them. Says where the page is.
    ///
    /// # Errors
    /// A folder that can't be made or written.
    pub fn write(&mut self, folder: &Path) -> Result<PathBuf, SavedError> {
        for entry in &mut self.invariants {
            if let Some(found) = &mut entry.counterexample {
                let path = found.saved().write(folder)?;
                found.saved_at(&path);
            }
        }
        let json = serde_json::to_string_pretty(self).map_err(|error| SavedError::Write {
            path: folder.join("report.json"),
            source: error.into(),
        })?;
        write_whole(folder, "report.json", &(json + "\n"))?;
        write_whole(folder, "junit.xml", &junit::suite(self))?;
        write_whole(folder, "report.html", &html::page(self))
    }
}
