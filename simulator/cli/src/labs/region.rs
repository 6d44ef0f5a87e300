//! The marks between which a learner writes: `your turn: begin 01.2` to `your turn: end 01.2`, in
//! a comment of whatever language.

/// A file cut at one step's marks: what is fixed, and what is between. The pieces together, each
/// with its line ends, are the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut<'a> {
    /// Each region's lines, without its marks.
    pub(crate) regions: Vec<&'a str>,
    /// What stands before, between and after, with the marks; one more than the regions.
    pub(crate) fixed: Vec<&'a str>,
}

/// Cuts a text at a step's marks.
///
/// # Errors
/// A mark without its partner, and the line that it is on.
pub(crate) fn cut<'a>(text: &'a str, step: &str) -> Result<Cut<'a>, String> {
    let (begin, end) = (
        format!("your turn: begin {step}"),
        format!("your turn: end {step}"),
    );
    let mut cut = Cut {
        regions: Vec::new(),
        fixed: Vec::new(),
    };
    let (mut from, mut at) = (0, 0);
    let mut open: Option<usize> = None;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let said = line.trim_end();
        let next = at + line.len();
        match (said.ends_with(&begin), said.ends_with(&end), open) {
            (true, _, None) => {
                cut.fixed.push(&text[from..next]);
                (from, open) = (next, Some(number + 1));
            }
            (_, true, Some(_)) => {
                cut.regions.push(&text[from..at]);
                (from, open) = (at, None);
            }
            (true, _, Some(line)) => return Err(format!("line {line}: `{begin}` has no end")),
            (_, true, None) => {
                return Err(format!("line {}: `{end}` has no beginning", number + 1));
            }
            _ => {}
        }
        at = next;
    }
    if let Some(line) = open {
        return Err(format!("line {line}: `{begin}` has no end"));
    }
    cut.fixed.push(&text[from..]);
    Ok(cut)
}

/// What of a step's marks isn't as it was shipped, in words; nothing if only regions differ.
pub(crate) fn outside(mine: &str, shipped: &str, step: &str) -> Option<String> {
    match (cut(mine, step), cut(shipped, step)) {
        (Err(torn), _) => Some(torn),
        (Ok(mine), Ok(shipped)) if mine.fixed != shipped.fixed => {
            Some("something outside the marks isn't as it was shipped".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = "a\n// --- your turn: begin 01.2\nmine\n// --- your turn: end 01.2\nb\n\
                        -- your turn: begin 01.2\n-- your turn: end 01.2\n";

    #[test]
    fn regions_are_what_is_between_the_marks_of_one_step() {
        let cut = cut(FILE, "01.2").unwrap();
        assert_eq!(cut.regions, ["mine\n", ""]);
        assert_eq!(cut.fixed.len(), 3);
        assert_eq!(super::cut(FILE, "01.1").unwrap().regions.len(), 0);
    }

    #[test]
    fn only_what_is_outside_the_marks_is_remarked_on() {
        let mine = FILE.replace("mine", "better");
        assert_eq!(outside(&mine, FILE, "01.2"), None);
        let slipped = FILE.replace("b\n--", "c\n--");
        assert!(outside(&slipped, FILE, "01.2").unwrap().contains("outside"));
        let torn = FILE.replace("// --- your turn: end 01.2\n", "");
        assert!(outside(&torn, FILE, "01.2").unwrap().starts_with("line 2"));
    }

    #[test]
    fn a_mark_without_its_partner_is_named_by_its_line() {
        let half = FILE.replace("// --- your turn: end 01.2\n", "");
        assert!(cut(&half, "01.2").unwrap_err().starts_with("line 2:"));
        let half = FILE.replace("// --- your turn: begin 01.2\n", "");
        assert!(cut(&half, "01.2").unwrap_err().contains("no beginning"));
    }

    proptest! {
        #[test]
        fn whatever_a_file_holds_its_pieces_are_the_file(lines in proptest::collection::vec(
            prop_oneof![Just("// your turn: begin 01.2"), Just("// your turn: end 01.2"), Just("x"), Just("é\r")],
            0..12,
        ), ends in any::<bool>()) {
            let text = lines.join("\n") + if ends { "\n" } else { "" };
            if let Ok(cut) = cut(&text, "01.2") {
                let mut whole = String::new();
                for (at, fixed) in cut.fixed.iter().enumerate() {
                    whole.push_str(fixed);
                    whole.push_str(cut.regions.get(at).unwrap_or(&""));
                }
                prop_assert_eq!(whole, text);
            }
        }
    }
}
