//! A listing shows what it is about. One that was included from inside a function starts at the
//! margin: on a phone, eight columns of nothing are a fifth of the screen. The marks that tell a
//! learner where to write stay in the file, and so do those of an include.

use mdbook_driver::book::Book;
use mdbook_driver::errors::Result;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

/// The preprocessor; it runs after mdBook's own, which includes the listings.
pub(crate) struct Listings;

impl Preprocessor for Listings {
    fn name(&self) -> &'static str {
        "listings"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        book.for_each_chapter_mut(|chapter| chapter.content = tidy(&chapter.content));
        Ok(book)
    }
}

/// Takes the indentation that all lines of a fenced block share away from them, and drops marks.
fn tidy(markdown: &str) -> String {
    let mut blocks = markdown.split("```");
    let mut tidied = blocks.next().unwrap_or_default().to_owned();
    let mut fenced = false;
    for block in blocks {
        fenced = !fenced;
        tidied.push_str("```");
        match block.split_once('\n') {
            Some((language, code)) if fenced => {
                let filled = code.lines().filter(|line| !line.trim().is_empty());
                let margin = filled.map(|line| line.len() - line.trim_start().len());
                let margin = margin.min().unwrap_or(0);
                tidied.push_str(language);
                for line in code.split('\n').filter(|line| !is_mark(line)) {
                    tidied.push('\n');
                    tidied.push_str(line.get(margin..).unwrap_or_default());
                }
            }
            _ => tidied.push_str(block),
        }
    }
    tidied
}

/// Whether the line is a lab's `--- your turn: begin` or `end`, or an anchor's; mdBook leaves
/// anchors where a whole file is included.
fn is_mark(line: &str) -> bool {
    ["--- your turn: ", " ANCHOR: ", " ANCHOR_END: "]
        .iter()
        .any(|mark| line.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_moves_to_the_margin_and_nothing_else_moves() {
        assert_eq!(
            tidy(
                "- a\n  - b\n\n```rust\n    // ANCHOR: a\n    // --- your turn: begin 01.1\n    let a =\n\n        1;\n```\n    end `x`"
            ),
            "- a\n  - b\n\n```rust\nlet a =\n\n    1;\n```\n    end `x`"
        );
        assert_eq!(tidy("no block"), "no block");
    }
}
