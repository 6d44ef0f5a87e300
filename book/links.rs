//! Links between the book's own pages lead somewhere. Links out of the book are not followed:
//! the check runs offline.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// The links in these HTML pages that lead to no page, file or heading.
pub(crate) fn broken(
    pages: &BTreeMap<PathBuf, String>,
    exists: impl Fn(&Path) -> bool,
) -> Vec<String> {
    let headings: BTreeMap<&Path, BTreeSet<&str>> = pages
        .iter()
        .map(|(page, html)| (page.as_path(), attributes(html, "id").collect()))
        .collect();
    let mut problems = Vec::new();
    for (page, html) in pages {
        let links = attributes(html, "href").chain(attributes(html, "src"));
        for link in links.filter(|link| !leaves_the_book(link)) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                page.clone()
            } else {
                resolve(page, path)
            };
            let problem = if !exists(&target) {
                "no such page"
            } else if !heading.is_empty()
                && !headings
                    .get(target.as_path())
                    .is_some_and(|there| there.contains(heading))
            {
                "no such heading"
            } else {
                continue;
            };
            problems.push(format!("{}: {link}: {problem}", page.display()));
        }
    }
    problems
}

/// The values of one attribute in all tags of a page, in order.
fn attributes<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {name}=\"");
    html.split('<').skip(1).filter_map(move |tag| {
        let tag = tag.split('>').next()?;
        tag.split_once(start.as_str())?.1.split('"').next()
    })
}

fn leaves_the_book(link: &str) -> bool {
    link.starts_with("//")
        || link
            .split_once(':')
            .is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// Where a relative link on `page` leads.
fn resolve(page: &Path, link: &str) -> PathBuf {
    let mut target = page.with_file_name("");
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                target.pop();
            }
            Component::CurDir => {}
            part => target.push(part),
        }
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str) -> Vec<String> {
        let pages = BTreeMap::from([
            (PathBuf::from("/b/one/a.html"), html.to_owned()),
            (
                PathBuf::from("/b/two/b.html"),
                "<h2 class=\"x\" id=\"rows\">".to_owned(),
            ),
        ]);
        broken(&pages, |path| pages.contains_key(path))
    }

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        let html = r##"<p id="here"><a href="#here">up</a> <a class="c" href="../two/b.html#rows">
            rows</a> <a href="https://example.com/x#y">out</a> a href="text" """##;
        assert_eq!(check(html), [""; 0]);
    }

    #[test]
    fn a_dead_link_is_named_with_its_page() {
        for (link, problem) in [
            ("b.html", "no such page"),
            ("../two/b.html#gone", "no such heading"),
            ("#gone", "no such heading"),
        ] {
            assert_eq!(
                check(&format!("<a href=\"{link}\">")),
                [format!("/b/one/a.html: {link}: {problem}")]
            );
        }
    }
}
