//! Builds the book with mdBook, offline, and refuses a book with a dead link or a topic that it
//! doesn't cover.
//!
//! `cargo run -p book`, from any folder of the checkout. mdBook only warns when an include is
//! missing, and does not look at links at all; here both fail the build.

mod catalogue;
mod chapters;
mod curriculum;
mod includes;
mod links;
mod listings;

use mdbook_driver::MDBook;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    match build(Path::new(env!("CARGO_MANIFEST_DIR"))) {
        Ok(index) => {
            println!("the book is in {}", index.display());
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the book whose `book.toml` is in `root`; returns its first page.
fn build(root: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut book = MDBook::load(root)?;
    book.with_preprocessor(catalogue::Catalogue);
    book.with_preprocessor(listings::Listings);

    let sources = texts(&book.source_dir(), "md")?;
    let exists = |file: &Path| std::fs::read_to_string(file).ok();
    complain("includes", &includes::broken(&sources, exists))?;

    complain("chapters", &chapters::unfinished(&sources))?;

    let topics = std::fs::read_to_string(root.join("curriculum.txt"))?;
    let table = std::fs::read_to_string(book.source_dir().join("reference/curriculum.md"))?;
    complain("topics", &curriculum::unmapped(&topics, &table))?;

    book.build()?;

    let built = book.build_dir_for("html");
    // Both are made of the other pages: one joins them all, the other stands for any address.
    let mut pages = texts(&built, "html")?;
    pages.retain(|page, _| !page.ends_with("print.html") && !page.ends_with("404.html"));
    complain("links", &links::broken(&pages, Path::exists))?;

    Ok(built.join("index.html"))
}

/// Every file under `folder` with this extension, and what it says.
fn texts(folder: &Path, extension: &str) -> std::io::Result<BTreeMap<PathBuf, String>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.append(&mut texts(&path, extension)?);
        } else if path.extension().is_some_and(|end| end == extension) {
            let text = std::fs::read_to_string(&path)?;
            found.insert(path, text);
        }
    }
    Ok(found)
}

/// An error that lists all problems at once, so that one build is enough to mend them.
fn complain(what: &str, problems: &[String]) -> Result<(), String> {
    match problems {
        [] => Ok(()),
        _ => Err(format!(
            "the book has broken {what}:\n  {}",
            problems.join("\n  ")
        )),
    }
}
