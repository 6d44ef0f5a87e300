//! A difference in lines, as `diff -u` shows it: enough to see how two short files differ.

use simulator::report::text;
use std::fmt::Write;

/// Equal lines shown around what differs.
const CONTEXT: usize = 3;

/// What has to be taken from `mine` and added so that it becomes `theirs`; empty if nothing.
pub(crate) fn lines(mine: &str, theirs: &str) -> String {
    let (mine, theirs): (Vec<&str>, Vec<&str>) = (mine.lines().collect(), theirs.lines().collect());
    let changes = compare(&mine, &theirs);
    let mut text = String::new();
    let mut shown = 0;
    for (place, (mark, line)) in changes.iter().enumerate() {
        let near = place.saturating_sub(CONTEXT)..(place + CONTEXT + 1).min(changes.len());
        if changes[near].iter().all(|(mark, _)| *mark == ' ') {
            continue;
        }
        if shown > 0 && shown != place {
            text.push_str("   ⋮\n");
        }
        shown = place + 1;
        let said = format!(" {mark} {line}");
        let said = match mark {
            '-' => text::bad(said.trim_end()),
            '+' => text::good(said.trim_end()),
            _ => said.trim_end().to_owned(),
        };
        let _ = writeln!(text, "{said}");
    }
    text
}

/// Each line of both, with `-`, `+` or a space: along a longest common subsequence.
fn compare<'a>(mine: &[&'a str], theirs: &[&'a str]) -> Vec<(char, &'a str)> {
    let mut common = vec![vec![0u32; theirs.len() + 1]; mine.len() + 1];
    for one in (0..mine.len()).rev() {
        for other in (0..theirs.len()).rev() {
            common[one][other] = if mine[one] == theirs[other] {
                common[one + 1][other + 1] + 1
            } else {
                common[one + 1][other].max(common[one][other + 1])
            };
        }
    }
    let (mut one, mut other) = (0, 0);
    let mut changes = Vec::new();
    while one < mine.len() || other < theirs.len() {
        if one < mine.len() && other < theirs.len() && mine[one] == theirs[other] {
            changes.push((' ', mine[one]));
            (one, other) = (one + 1, other + 1);
        } else if other == theirs.len()
            || one < mine.len() && common[one + 1][other] >= common[one][other + 1]
        {
            changes.push(('-', mine[one]));
            one += 1;
        } else {
            changes.push(('+', theirs[other]));
            other += 1;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_differs_is_shown_with_what_stands_around_it() {
        let mine = "1\n2\n3\n4\n5\n6\n7\nold\n8\n";
        let theirs = mine.replace("old", "new");
        let said = text::plain(&lines(mine, &theirs));
        assert_eq!(said, "   5\n   6\n   7\n - old\n + new\n   8\n");
        assert_eq!(lines(mine, mine), "");
    }

    proptest! {
        #[test]
        fn taking_and_adding_makes_the_one_the_other(
            mine in proptest::collection::vec("[abc]", 0..9),
            theirs in proptest::collection::vec("[abc]", 0..9),
        ) {
            let mine: Vec<&str> = mine.iter().map(String::as_str).collect();
            let theirs: Vec<&str> = theirs.iter().map(String::as_str).collect();
            let changes = compare(&mine, &theirs);
            let side = |other: char| -> Vec<&str> {
                changes.iter().filter(|(mark, _)| *mark != other).map(|(_, line)| *line).collect()
            };
            prop_assert_eq!(side('+'), mine);
            prop_assert_eq!(side('-'), theirs);
        }
    }
}
