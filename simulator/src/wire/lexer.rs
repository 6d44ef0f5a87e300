//! Just enough of SQL's lexical rules to find its words: what stands in strings, quoted names,
//! comments and function bodies is skipped, so that no `commit` in a comment ends a transaction.

/// One token of SQL text, as far as anybody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// A keyword or an unquoted name, with the dots inside it.
    Word(&'a str),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A string, a number, a quoted name, an operator.
    Other,
}

impl Token<'_> {
    /// Whether this is that keyword, in whatever case.
    pub(super) fn is(self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Whether this is one of these keywords.
    pub(super) fn is_one_of(self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }
}

/// The tokens of `sql`, in order.
pub(super) fn tokens(sql: &str) -> impl Iterator<Item = Token<'_>> {
    pieces(sql).filter_map(|(token, _)| token)
}

/// All of `sql`, cut into its tokens and what stands between them: blanks and comments are `None`.
/// Text without an end runs to the end: the server will say so.
pub fn pieces(sql: &str) -> impl Iterator<Item = (Option<Token<'_>>, &str)> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let (token, length) = next(rest)?;
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        Some((token, piece))
    })
}

/// A stretch of SQL text, for whoever writes it down again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lexeme<'a> {
    /// Blanks or a comment.
    Blank,
    /// A string or a number.
    Literal,
    /// Anything else, as it stands there; a parameter is one of these.
    Text(&'a str),
}

/// All of `sql`, in order.
pub(crate) fn lexemes(sql: &str) -> impl Iterator<Item = Lexeme<'_>> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let (token, mut length) = next(rest)?;
        let digits = |from: &str| {
            let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_');
            from.find(ends).unwrap_or(from.len())
        };
        let first = rest.as_bytes()[0];
        let lexeme = if token.is_none() {
            Lexeme::Blank
        } else if first.is_ascii_digit() {
            length = digits(rest);
            Lexeme::Literal
        } else if first == b'$' && length == 1 {
            length += digits(&rest[1..]);
            Lexeme::Text(&rest[..length])
        } else if matches!(first, b'\'' | b'$')
            || token == Some(Token::Other) && length > 1 && first != b'"'
        {
            Lexeme::Literal
        } else {
            Lexeme::Text(rest.get(..length).unwrap_or(rest))
        };
        rest = rest.get(length..).unwrap_or_default();
        Some(lexeme)
    })
}

/// The token at the front of `rest`, `None` for a blank or a comment, and its length in bytes.
fn next(rest: &str) -> Option<(Option<Token<'_>>, usize)> {
    let first = rest.chars().next()?;
    let found = match first {
        '(' => (Some(Token::Open), 1),
        ')' => (Some(Token::Close), 1),
        ',' => (Some(Token::Comma), 1),
        ';' => (Some(Token::Semicolon), 1),
        '\'' => (Some(Token::Other), quoted(rest, '\'', false)),
        '"' => (Some(Token::Other), quoted(rest, '"', false)),
        'e' | 'E' if rest[1..].starts_with('\'') => {
            (Some(Token::Other), 1 + quoted(&rest[1..], '\'', true))
        }
        '$' => (Some(Token::Other), dollar_quoted(rest)),
        '-' if rest.starts_with("--") => (None, rest.find('\n').map_or(rest.len(), |end| end + 1)),
        '/' if rest.starts_with("/*") => (None, comment(rest)),
        blank if blank.is_whitespace() => (None, blank.len_utf8()),
        letter if is_letter(letter) => {
            let ends = |c: char| !(is_letter(c) || c.is_ascii_digit() || c == '$' || c == '.');
            let length = rest.find(ends).unwrap_or(rest.len());
            (Some(Token::Word(&rest[..length])), length)
        }
        other => (Some(Token::Other), other.len_utf8()),
    };
    Some(found)
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

/// The length of what begins with `quote`. A doubled quote reads as two strings in a row, which
/// is the same to us.
fn quoted(text: &str, quote: char, backslash: bool) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if backslash && c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

/// The length of `$tag$ … $tag$`, or of the lone `$` of a parameter.
fn dollar_quoted(text: &str) -> usize {
    let tag_end = text[1..].find(|c: char| !(is_letter(c) || c.is_ascii_digit()));
    let Some(end) = tag_end.map(|end| end + 1) else {
        return 1;
    };
    let is_parameter = text[1..].starts_with(|c: char| c.is_ascii_digit());
    if is_parameter || !text[end..].starts_with('$') {
        return 1;
    }
    let (tag, body) = text.split_at(end + 1);
    body.find(tag).map_or(text.len(), |at| at + 2 * tag.len())
}

/// The length of a comment, which may hold others.
fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(sql: &str) -> Vec<&str> {
        let words = tokens(sql).filter_map(|token| match token {
            Token::Word(word) => Some(word),
            _ => None,
        });
        words.collect()
    }

    #[test]
    fn words_inside_strings_names_comments_and_bodies_are_no_words() {
        assert_eq!(
            words("select 'a; commit' -- rollback\n from t"),
            ["select", "from", "t"]
        );
        assert_eq!(
            words("/* a /* b */ c */ update \"x y\" set z"),
            ["update", "set", "z"]
        );
        assert_eq!(words("do $body$ begin commit; end $body$"), ["do"]);
        assert_eq!(words("do $$ begin $a$ end $$ x"), ["do", "x"]);
        assert_eq!(
            words(r"select e'it\'s; x' y, 'it''s' z"),
            ["select", "y", "z"]
        );
        assert_eq!(
            words("select $1, pg_catalog.f(2)"),
            ["select", "pg_catalog.f"]
        );
    }

    #[test]
    fn text_without_an_end_runs_to_the_end() {
        for sql in [
            "select 'a",
            "/* a",
            "/* a /* b */",
            "$x$ a",
            "\"a",
            "-- a",
            "e'\\",
            "$",
            "e",
        ] {
            assert!(words(sql).len() <= 1, "{sql}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn arbitrary_text_is_read_to_its_end(sql in "[a-zé'\"$*/\\-\\\\;(). 1]{0,60}|\\PC{0,40}") {
            prop_assert!(tokens(&sql).count() <= sql.len());
            prop_assert!(lexemes(&sql).count() <= sql.len());
        }
    }
}
