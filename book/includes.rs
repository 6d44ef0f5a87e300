//! Every listing in the book is included from code that is compiled and run. Here is checked
//! that what the pages ask for is there: mdBook would print nothing in its place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The includes that lead nowhere. `read` gives a file's text, if there is such a file.
pub(crate) fn broken(
    pages: &BTreeMap<PathBuf, String>,
    read: impl Fn(&Path) -> Option<String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for (page, text) in pages {
        for target in text.split("{{#include ").skip(1) {
            let target = target.split("}}").next().unwrap_or_default().trim();
            if let Some(problem) = problem(page, target, &read) {
                problems.push(format!("{}: {target}: {problem}", page.display()));
            }
        }
    }
    problems
}

fn problem(
    page: &Path,
    target: &str,
    read: impl Fn(&Path) -> Option<String>,
) -> Option<&'static str> {
    let (file, anchor) = match target.split_once(':') {
        Some((file, anchor)) => (file, Some(anchor)),
        None => (target, None),
    };
    let Some(text) = read(&page.with_file_name(file)) else {
        return Some("there is no such file");
    };
    let anchor = anchor?;
    if anchor.starts_with(|first: char| first.is_ascii_digit()) {
        return Some("line numbers drift: name an anchor");
    }
    let stands = |mark: &str| {
        text.lines().any(|line| {
            line.split_once(mark)
                .is_some_and(|(_, name)| name.trim() == anchor)
        })
    };
    if !stands("ANCHOR:") {
        return Some("the file has no such anchor");
    }
    (!stands("ANCHOR_END:")).then_some("the anchor has no end")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(target: &str) -> Vec<String> {
        let page = (
            PathBuf::from("/book/src/page.md"),
            format!("Before.\n{{{{#include {target}}}}}\nAfter."),
        );
        let code = "-- ANCHOR: held\nselect 1;\n-- ANCHOR_END: held\n-- ANCHOR: open\n";
        broken(&BTreeMap::from([page]), |file| {
            file.ends_with("src/code.sql").then(|| code.to_owned())
        })
    }

    #[test]
    fn a_file_and_an_anchor_that_are_there_are_fine() {
        assert_eq!(asked("code.sql"), [""; 0]);
        assert_eq!(asked("code.sql:held"), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (target, problem) in [
            ("gone.sql", "there is no such file"),
            ("code.sql:gone", "the file has no such anchor"),
            ("code.sql:open", "the anchor has no end"),
            ("code.sql:1:2", "line numbers drift: name an anchor"),
        ] {
            assert_eq!(
                asked(target),
                [format!("/book/src/page.md: {target}: {problem}")]
            );
        }
    }
}
