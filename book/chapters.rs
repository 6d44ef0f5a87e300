//! A chapter says at its head what it takes and what one can do afterwards, ends with its key
//! points and some questions with their answers, and shows the way into a lab.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the chapters lack. A chapter is a page in a folder of a series or of the invariants; the
/// organiser's kit is none.
pub(crate) fn unfinished(pages: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let chapters = pages.iter().filter(|(page, _)| is_chapter(page));
    let lacks = chapters.flat_map(|(page, text)| {
        let lacks = lacks(page, text).into_iter();
        lacks.map(move |what| format!("{}: {what}", page.display()))
    });
    lacks.collect()
}

fn is_chapter(page: &Path) -> bool {
    let folder = page.parent().and_then(Path::file_name).unwrap_or_default();
    let folder = folder.to_string_lossy();
    (folder.starts_with("series-") || folder == "invariants") && !page.ends_with("organiser.md")
}

fn lacks(page: &Path, text: &str) -> Vec<&'static str> {
    let head = text.split("\n## ").next().unwrap_or_default();
    let says = |word: &str| {
        let mut said = head.lines().filter(|line| line.starts_with('>'));
        said.any(|line| line.contains(word))
    };
    let questions = text.lines().filter(|line| is_question(line)).count();
    let answers = text.matches("<details><summary>Answer</summary>").count();
    let complaints = [
        (says("minutes"), "no minutes at its head"),
        (says("Afterwards you"), "no objectives at its head"),
        (text.contains("\n## Key points\n"), "no key points"),
        ((3..=6).contains(&questions), "not three to six questions"),
        (questions == answers, "a question without its answer"),
        (
            text.contains("lab.md") || page.ends_with("lab.md"),
            "no way into a lab",
        ),
    ];
    let missing = complaints.iter().filter(|(is_there, _)| !is_there);
    missing.map(|(_, complaint)| *complaint).collect()
}

/// Whether the line is such as `**1. Why?`.
fn is_question(line: &str) -> bool {
    line.strip_prefix("**")
        .and_then(|rest| rest.split_once(". "))
        .is_some_and(|(number, _)| number.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "# T\n\n> 20 minutes.\n>\n> Afterwards you can\n\n## A\n\n[x](lab.md)\n\n\
        ## Key points\n\n";
    const ASKED: &str =
        "**1. Why?**\n\n<details><summary>Answer</summary>\n\nSo.\n\n</details>\n\n";

    fn found(page: &str, text: String) -> Vec<String> {
        unfinished(&BTreeMap::from([(PathBuf::from(page), text)]))
    }

    #[test]
    fn a_whole_chapter_lacks_nothing_and_other_pages_owe_nothing() {
        let whole = format!("{WHOLE}{}", ASKED.repeat(3));
        assert_eq!(found("src/series-1/founder.md", whole), [""; 0]);
        for page in ["src/reference/faults.md", "src/series-4/organiser.md"] {
            assert_eq!(found(page, "# T\n".to_owned()), [""; 0]);
        }
    }

    #[test]
    fn what_a_chapter_lacks_is_named() {
        let page = "src/invariants/recovery.md";
        assert_eq!(
            found(page, "# T\n\n20 minutes\n".to_owned()),
            [
                "no minutes at its head",
                "no objectives at its head",
                "no key points",
                "not three to six questions",
                "no way into a lab",
            ]
            .map(|what| format!("{page}: {what}"))
        );
        let unanswered = format!("{WHOLE}{}**3. And?**\n", ASKED.repeat(2));
        assert_eq!(
            found(page, unanswered),
            [format!("{page}: a question without its answer")]
        );
    }
}
