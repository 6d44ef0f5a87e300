//! What the book must cover is a list of topics, and a page maps each of them to where it is
//! covered. Here is checked that the two agree. Whether the links lead somewhere is checked
//! with all others, in `links`.

use std::collections::BTreeSet;

/// A topic, under the heading of its table.
type Topic<'a> = (&'a str, &'a str);

/// Where the list and the page don't agree.
///
/// `list` has a topic a line, under `## ` headings; a line that begins with a single `#` is a note.
/// On `page` a topic is the first cell of a table's row, under the same heading.
pub(crate) fn unmapped(list: &str, page: &str) -> Vec<String> {
    let wanted: Vec<Topic> = under_headings(list)
        .filter(|(_, line)| !line.starts_with('#'))
        .collect();
    let rows: Vec<(Topic, &str)> = under_headings(page).filter_map(row).collect();

    let mut problems = Vec::new();
    if wanted.is_empty() {
        problems.push("the list of topics is empty".to_owned());
    }
    let mut mapped = BTreeSet::new();
    for (topic, places) in &rows {
        let problem = if !wanted.contains(topic) {
            "isn't in the list of topics"
        } else if !mapped.insert(topic) {
            "has two rows"
        } else if !links_to_a_heading(places) {
            "has no link to a heading of the book"
        } else {
            continue;
        };
        problems.push(named(*topic, problem));
    }
    for topic in wanted.iter().filter(|topic| !mapped.contains(topic)) {
        problems.push(named(*topic, "has no row in the table"));
    }
    problems
}

fn named((heading, topic): Topic, problem: &str) -> String {
    format!("{heading}: {topic}: {problem}")
}

/// Each line with something on it that stands under a `## ` heading, with that heading.
fn under_headings(text: &str) -> impl Iterator<Item = Topic<'_>> {
    let mut heading = None;
    text.lines().map(str::trim).filter_map(move |line| {
        if let Some(title) = line.strip_prefix("## ") {
            heading = Some(title);
            None
        } else {
            heading.filter(|_| !line.is_empty()).map(|it| (it, line))
        }
    })
}

/// A row of a table, but for its head: the topic, and the cell that says where.
fn row<'a>((heading, line): Topic<'a>) -> Option<(Topic<'a>, &'a str)> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let (topic, places) = (cells.next()?, cells.next()?);
    let is_head = topic == "topic" || topic.bytes().all(|byte| matches!(byte, b'-' | b':'));
    (!is_head).then_some(((heading, topic), places))
}

fn links_to_a_heading(cell: &str) -> bool {
    let mut targets = cell
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets.any(|target| target.contains(".md#") && !target.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# A note.\n\n## One\nFirst\nSecond\n\n## Two\nFirst\n";

    fn page(first: &str, second: &str) -> String {
        format!(
            "# T\n\n## One\n\n| topic | where |\n|---|---:|\n{first}\n{second}\n\n## Two\n\n| topic | where |\n|---|---|\n| First | [x](a.md#x) |\n"
        )
    }

    #[test]
    fn a_topic_with_a_row_and_a_link_is_mapped() {
        let whole = page(
            "| First | [x](../a.md#x) |",
            "| Second | [y](b.md#y), [z](c.md) |",
        );
        assert_eq!(unmapped(LIST, &whole), [""; 0]);
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        let first = "| First | [x](a.md#x) |";
        for (second, problem) in [
            ("", "One: Second: has no row in the table"),
            (
                "| Second | [x](a.md) |",
                "One: Second: has no link to a heading of the book",
            ),
            (
                "| Second | soon |",
                "One: Second: has no link to a heading of the book",
            ),
            (
                "| Second | [x](https://e.com/a.md#x) |",
                "One: Second: has no link to a heading of the book",
            ),
        ] {
            assert_eq!(unmapped(LIST, &page(first, second)), [problem]);
        }
        let second = "| Second | [x](a.md#x) |";
        assert_eq!(
            unmapped(
                LIST,
                &page(
                    first,
                    &format!("{second}\n{second}\n| Third | [x](a.md#x) |")
                )
            ),
            [
                "One: Second: has two rows",
                "One: Third: isn't in the list of topics"
            ]
        );
        assert_eq!(unmapped("", ""), ["the list of topics is empty"]);
    }
}
