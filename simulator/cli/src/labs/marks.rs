//! What was passed and which hints were read, by the steps' stable ids, in one small file at the
//! root of the checkout. What another version wrote there and this one doesn't know stays.

use crate::failure::Failure;
use serde_json::{Map, Value, json};
use simulator::clock;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The format that this version writes and reads.
const SCHEMA: &str = "badai.progress/1";
const FILE: &str = ".badai/progress.json";

/// The progress of one checkout.
#[derive(Debug)]
pub(crate) struct Marks {
    path: PathBuf,
    document: Map<String, Value>,
    /// Why nothing is written: the file is another version's, or no longer whole.
    foreign: Option<String>,
}

impl Marks {
    /// Reads them; a file that isn't there has no marks yet.
    pub(crate) fn read(root: &Path) -> Self {
        let path = root.join(FILE);
        let (document, foreign) = match std::fs::read_to_string(&path) {
            Ok(text) => parse(&text),
            Err(_) => (Map::new(), None),
        };
        let kept = "it is kept as it is, and nothing is written to it";
        let typed = format!("to begin anew: mv {FILE} {FILE}.old");
        Self {
            path,
            document,
            foreign: foreign.map(|why| format!("{FILE} {why}; {kept}; {typed}")),
        }
    }

    /// What to tell the learner about the file, if it can't be used.
    pub(crate) fn remark(&self) -> Option<&str> {
        self.foreign.as_deref()
    }

    /// Whether the step held when it was last graded.
    pub(crate) fn passed(&self, step: &str) -> bool {
        self.get("passed", step).is_some()
    }

    /// How many hints of a step were shown.
    pub(crate) fn hints(&self, step: &str) -> u64 {
        self.get("hints", step).and_then(Value::as_u64).unwrap_or(0)
    }

    pub(crate) fn note_verdict(&mut self, step: &str, passed: bool) {
        if passed {
            self.set("passed", step, Some(clock::unix_now().into()));
        } else {
            self.set("passed", step, None);
        }
    }

    pub(crate) fn note_hint(&mut self, step: &str, level: u64) {
        self.set("hints", step, Some(level.into()));
    }

    fn get(&self, what: &str, step: &str) -> Option<&Value> {
        self.document.get(what)?.get(step)
    }

    fn set(&mut self, what: &str, step: &str, value: Option<Value>) {
        let part = self.document.entry(what).or_insert_with(|| json!({}));
        if let Value::Object(part) = part {
            match value {
                Some(value) => drop(part.insert(step.to_owned(), value)),
                None => drop(part.remove(step)),
            }
        }
    }

    /// Writes them, whole or not at all.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        if self.foreign.is_some() {
            return Ok(());
        }
        let mut document = self.document.clone();
        document.insert("schema".to_owned(), SCHEMA.into());
        let failed = |error: std::io::Error| {
            Failure::machine(format!("cannot write {}: {error}", self.path.display()))
        };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        let text = serde_json::to_string_pretty(&document).map_err(|error| failed(error.into()))?;
        writeln!(file, "{text}").map_err(failed)?;
        file.persist(&self.path)
            .map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// The document, or why it is not ours.
fn parse(text: &str) -> (Map<String, Value>, Option<String>) {
    match serde_json::from_str(text) {
        Ok(Value::Object(document)) => match document.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => (document, None),
            other => {
                let found = other.unwrap_or("nothing").to_owned();
                let why = format!("says `{found}`, and this version reads `{SCHEMA}`");
                (Map::new(), Some(why))
            }
        },
        _ => (Map::new(), Some("is no whole progress file".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_again_and_what_is_unknown_stays() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(FILE);
        let mut marks = Marks::read(root.path());
        marks.note_verdict("01.1", true);
        marks.note_hint("01.2", 3);
        marks.write().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let later = text.replace("\"hints\"", "\"badges\": [1], \"hints\"");
        std::fs::write(&file, later).unwrap();

        let mut marks = Marks::read(root.path());
        assert!(marks.passed("01.1") && !marks.passed("01.2"));
        assert_eq!(marks.hints("01.2"), 3);
        marks.note_verdict("01.1", false);
        marks.write().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("badges"), "{text}");
        assert!(!Marks::read(root.path()).passed("01.1"));
    }

    #[test]
    fn a_file_of_another_version_or_a_torn_one_is_kept_and_named() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(FILE);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        for foreign in [
            r#"{"schema":"badai.progress/2","stars":7}"#,
            r#"{"schema":"#,
            "[]",
        ] {
            std::fs::write(&file, foreign).unwrap();
            let mut marks = Marks::read(root.path());
            assert!(marks.remark().unwrap().contains("kept as it is"));
            marks.note_verdict("01.1", true);
            marks.write().unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), foreign);
        }
    }
}
