//! The reference pages are made of what the code says about itself, so that nobody keeps the
//! same facts twice.
//!
//! - `{{#claims FOLDER}}` becomes the essay of each file there that opens with a claim, under the
//!   invariant's name.
//! - `{{#specimens FOLDER}}` becomes the story of each ledger there that opens with a title, and the
//!   command that breaks it.
//! - `{{#faults FILE}}` becomes a list of what `badai list faults --json` printed into that file.

use crate::texts;
use mdbook_driver::book::Book;
use mdbook_driver::errors::{Error, Result};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// The preprocessor.
pub(crate) struct Catalogue;

impl Preprocessor for Catalogue {
    fn name(&self) -> &'static str {
        "catalogue"
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let source = context.root.join(&context.config.book.src);
        let mut done = Ok(());
        book.for_each_chapter_mut(|chapter| {
            let Some(path) = &chapter.path else { return };
            match expanded(&source.join(path), &chapter.content) {
                Ok(content) => chapter.content = content,
                Err(error) => {
                    done = Err(Error::msg(format!("{}: {error:#}", path.display())));
                }
            }
        });
        done.map(|()| book)
    }
}

/// A page with its catalogues in their places.
fn expanded(page: &Path, markdown: &str) -> Result<String> {
    let mut whole = String::new();
    for line in markdown.split_inclusive('\n') {
        let asked = line
            .trim()
            .strip_prefix("{{#")
            .and_then(|it| it.strip_suffix("}}"));
        match asked.and_then(|it| it.split_once(' ')) {
            Some(("claims", folder)) => {
                whole.push_str(&heads(&page.with_file_name(folder), claim)?);
            }
            Some(("specimens", folder)) => {
                whole.push_str(&heads(&page.with_file_name(folder), specimen)?);
            }
            Some(("faults", file)) => {
                let printed = std::fs::read_to_string(page.with_file_name(file))?;
                whole.push_str(&faults(&serde_json::from_str(&printed)?)?);
            }
            _ => whole.push_str(line),
        }
    }
    Ok(whole)
}

/// What the Rust files of a folder say at their heads, of those that say it.
fn heads(folder: &Path, said: fn(&Path, &str) -> Option<String>) -> Result<String> {
    let files = texts(folder, "rs")?;
    let list: String = files
        .iter()
        .filter_map(|(file, code)| said(file, code))
        .collect();
    if list.is_empty() {
        let folder = folder.display();
        return Err(Error::msg(format!("no file of {folder} says what it is")));
    }
    Ok(list)
}

/// The essay that opens an invariant's file; `None` for a file that claims nothing.
fn claim(file: &Path, code: &str) -> Option<String> {
    let essay = essay(code);
    essay
        .starts_with("**Claim.**")
        .then(|| format!("## {}\n\n{essay}\n\n", name(file)))
}

/// The story that opens a specimen's file; `None` for a file that has none.
fn specimen(file: &Path, code: &str) -> Option<String> {
    let essay = essay(code);
    let titled = essay.strip_prefix("# ")?;
    let typed = format!("cargo badai storm --ledger {} --seed 7", name(file));
    Some(format!("## {titled}\n\n```sh\n{typed}\n```\n\n"))
}

/// What a file says of itself at its head.
fn essay(code: &str) -> String {
    let lines = code.lines().map_while(|line| line.strip_prefix("//!"));
    let lines: Vec<&str> = lines.map(str::trim).collect();
    lines.join("\n")
}

/// What a file is about, as a command names it.
fn name(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    stem.replace('_', "-")
}

/// A definition list for each group of faults, each with its story and its source.
fn faults(printed: &Value) -> Result<String> {
    let mut list = String::new();
    let mut last = "";
    for fault in printed.as_array().into_iter().flatten() {
        let told = |key: &str| {
            fault[key]
                .as_str()
                .ok_or_else(|| Error::msg(format!("a fault without {key}")))
        };
        let group = told("group")?;
        if group != last {
            let _ = write!(list, "## {group}\n\n");
            last = group;
        }
        let (id, story, source) = (told("id")?, told("story")?, told("source")?);
        let _ = write!(list, "`{id}`\n: {story} *({source})*\n\n");
    }
    if list.is_empty() {
        return Err(Error::msg("no faults were listed"));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_that_claims_is_told_under_its_name() {
        let code = "//! **Claim.** It\n//! holds.\n//!\n//! **Judged from** rows.\n\nuse x;\n";
        assert_eq!(
            claim(Path::new("a/order_guard.rs"), code).unwrap(),
            "## order-guard\n\n**Claim.** It\nholds.\n\n**Judged from** rows.\n\n"
        );
        assert_eq!(claim(Path::new("a/mod.rs"), "//! The claims.\n"), None);
    }

    #[test]
    fn a_specimen_is_told_with_the_command_that_breaks_it() {
        let code = "//! # The yen\n//!\n//! **Story.** It\n//! has none.\n\nuse x;\n";
        assert_eq!(
            specimen(Path::new("a/renewal_sets.rs"), code).unwrap(),
            "## The yen\n\n**Story.** It\nhas none.\n\n```sh\ncargo badai storm --ledger renewal-sets --seed 7\n```\n\n"
        );
        assert_eq!(specimen(Path::new("a/lib.rs"), "//! The museum.\n"), None);
    }

    #[test]
    fn faults_stand_under_their_group() {
        let fault = |id: &str| json!({"id": id, "group": "jobs", "story": "S.", "source": "T"});
        assert_eq!(
            faults(&json!([fault("a"), fault("b")])).unwrap(),
            "## jobs\n\n`a`\n: S. *(T)*\n\n`b`\n: S. *(T)*\n\n"
        );
        assert!(faults(&json!([])).is_err());
        assert!(faults(&json!([{"id": "a"}])).is_err());
    }
}
