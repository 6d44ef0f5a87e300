//! Names for what differs from run to run: `$ana` stands for ana's id, `$ana_job` for the job
//! that she has a hold open for.

use std::fmt::Write;

/// The least letters of an id that can be told from any other word or number.
const LEAST: usize = 4;

/// Names and what they stand for in one run.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// The longest name first: `$ana` begins `$ana_job`.
    names: Vec<(String, String)>,
}

impl Mask {
    /// A mask of names, each with its `$`, and ids.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self { names }
    }

    /// The text with ids for names.
    #[must_use]
    pub fn put_on(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, id) in &self.names {
            text = text.replace(name, id);
        }
        text
    }

    /// The text with names for ids, where an id stands alone.
    #[must_use]
    pub fn take_off(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for (name, id) in self.names.iter().filter(|(_, id)| id.len() >= LEAST) {
            shown = named(&shown, id, name);
        }
        shown
    }
}

fn named(text: &str, id: &str, name: &str) -> String {
    let joins = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(id) {
        let (before, after) = (&rest[..at], &rest[at + id.len()..]);
        let last = before.chars().next_back().or(shown.chars().next_back());
        let alone = !last.is_some_and(joins) && !after.chars().next().is_some_and(joins);
        let put = if alone { name } else { id };
        let _ = write!(shown, "{before}{put}");
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> Mask {
        let pair = |name: &str, id: &str| (name.to_owned(), id.to_owned());
        Mask::new([
            pair("$ana", "90001"),
            pair("$ana_job", "90001-b"),
            pair("$budi", "7"),
        ])
    }

    #[test]
    fn what_is_put_on_comes_off_again() {
        let typed = "select f('$ana', '$ana_job')";
        assert_eq!(mask().put_on(typed), "select f('90001', '90001-b')");
        assert_eq!(mask().take_off(&mask().put_on(typed)), typed);
    }

    #[test]
    fn an_id_inside_another_number_or_too_short_to_know_stays() {
        assert_eq!(
            mask().take_off("(190001,7,90001.5,90001)"),
            "(190001,7,90001.5,$ana)"
        );
    }
}
