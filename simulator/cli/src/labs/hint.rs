//! `badai hint`: four hints a step, each nearer to the cure than the one before.

use super::course;
use super::marks::Marks;
use crate::args::Hint;
use crate::failure::Failure;
use crate::print;
use simulator::report::text;

/// A step's file has so many, each under a heading of its own.
const LEVELS: u64 = 4;

pub(crate) fn run(args: &Hint) -> Result<u8, Failure> {
    let root = course::checkout()?;
    let (lab, step) = course::one(&args.step)?;
    let file = format!("labs/{}/hints/{}.md", lab.folder, step.id);
    let read = std::fs::read_to_string(root.join(&file)).map_err(|error| {
        Failure::request(format!(
            "cannot read {file}: {error}; to have it back: git checkout -- {file}"
        ))
    })?;
    let hints = hints(&read);
    let mut marks = Marks::read(&root);
    let level = args
        .level
        .unwrap_or_else(|| (marks.hints(step.id) + 1).min(LEVELS));
    let place = usize::try_from(level - 1).unwrap_or(usize::MAX);
    let Some((heading, hint)) = hints.get(place) else {
        return Err(Failure::request(format!(
            "{file} has {} hints and should have {LEVELS}; to have it back: git checkout -- {file}",
            hints.len()
        )));
    };
    print::out(&format!(
        "{}\n\n{hint}\n\n",
        text::strong(&format!("{} {level}/{LEVELS}: {heading}", step.id))
    ))?;
    let next = if level < LEVELS {
        format!("more: cargo badai hint {}\n", step.id)
    } else {
        format!("the cure: cargo badai solution {} --give-up\n", step.id)
    };
    print::out(&next)?;
    if let Some(remark) = marks.remark() {
        anstream::eprintln!("badai: {remark}");
    }
    marks.note_hint(step.id, level.max(marks.hints(step.id)));
    marks.write()?;
    Ok(0)
}

/// Each second-level heading with the text below it.
fn hints(file: &str) -> Vec<(&str, &str)> {
    let mut parts = file.split("\n## ");
    parts.next();
    parts
        .filter_map(|part| part.split_once('\n'))
        .map(|(heading, text)| (heading.trim(), text.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_a_heading_and_what_stands_below_it() {
        let file = "# 01.2\n\n## The claim\n\none\n\ntwo\n\n## Where to look\nthree\n";
        assert_eq!(
            hints(file),
            [("The claim", "one\n\ntwo"), ("Where to look", "three")]
        );
    }
}
