//! A listing that was included from inside a function starts at the margin: on a phone, eight
//! columns of nothing are a fifth of the screen.

use mdbook_driver::book::Book;
use mdbook_driver::errors::Result;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

/// The preprocessor; it runs after mdBook's own, which includes the listings.
pub(crate) struct Dedent;

impl Preprocessor for Dedent {
    fn name(&self) -> &'static str {
        "dedent"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        book.for_each_chapter_mut(|chapter| chapter.content = dedent(&chapter.content));
        Ok(book)
    }
}

/// Takes the indentation that all lines of a fenced block share away from them.
fn dedent(markdown: &str) -> String {
    let mut blocks = markdown.split("```");
    let mut dedented = blocks.next().unwrap_or_default().to_owned();
    let mut fenced = false;
    for block in blocks {
        fenced = !fenced;
        dedented.push_str("```");
        match block.split_once('\n') {
            Some((language, code)) if fenced => {
                let filled = code.lines().filter(|line| !line.trim().is_empty());
                let margin = filled.map(|line| line.len() - line.trim_start().len());
                let margin = margin.min().unwrap_or(0);
                dedented.push_str(language);
                for line in code.split('\n') {
                    dedented.push('\n');
                    dedented.push_str(line.get(margin..).unwrap_or_default());
                }
            }
            _ => dedented.push_str(block),
        }
    }
    dedented
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_moves_to_the_margin_and_nothing_else_moves() {
        assert_eq!(
            dedent("- a\n  - b\n\n```rust\n    let a =\n\n        1;\n```\n    end `x`"),
            "- a\n  - b\n\n```rust\nlet a =\n\n    1;\n```\n    end `x`"
        );
        assert_eq!(dedent("no block"), "no block");
    }
}
