//! Where the statements of a SQL script start.
//!
//! Postgres says where in a script an error is only if it is an error of grammar or of names; for
//! the rest (`relation "x" already exists`) the failing statement must be found from outside.
//! This knows just enough SQL for that: quotes, dollar quotes, comments, parentheses, and the
//! bodies between `BEGIN ATOMIC` and `END`. Nothing that is judged rests on it.

/// One statement of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// The line, from 1, on which it starts.
    pub(super) line: usize,
    /// The byte at which it starts.
    pub(super) start: usize,
    /// Its text without the semicolon.
    pub(super) text: &'a str,
}

impl Statement<'_> {
    /// Its first words in lower case, without quotes: what it does and to what.
    pub(super) fn words(&self, count: usize) -> Vec<String> {
        let mut words = Vec::new();
        let mut at = 0;
        while let Some(token) = Token::at(self.text, at) {
            let text = &self.text[at..at + token.length];
            at += token.length;
            match token.kind {
                Kind::Word => words.push(text.to_lowercase()),
                Kind::Other if text.starts_with('"') => words.push(text.trim_matches('"').into()),
                _ => continue,
            }
            if words.len() == count {
                break;
            }
        }
        words
    }
}

/// The script without the lines that speak to psql, such as `\restrict` in a dump, each left blank;
/// with the numbers of those lines.
pub(super) fn without_psql(script: &str) -> (String, Vec<usize>) {
    let mut sql = String::with_capacity(script.len());
    let mut lines = Vec::new();
    let mut at = 0;
    while let Some(token) = Token::at(script, at) {
        let rest = &script[at..];
        let opens_line = sql.is_empty() || sql.ends_with('\n');
        let length = if opens_line && rest.starts_with('\\') {
            lines.push(1 + script[..at].matches('\n').count());
            rest.find('\n').unwrap_or(rest.len())
        } else {
            sql.push_str(&rest[..token.length]);
            token.length
        };
        at += length;
    }
    (sql, lines)
}

/// The script's statements in order; what is only space and comments is none.
pub(super) fn split(script: &str) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    let mut start = None;
    let mut nesting = Nesting::default();
    let mut at = 0;
    while let Some(token) = Token::at(script, at) {
        match token.kind {
            Kind::Blank => {}
            Kind::Semicolon if nesting.is_outside() => {
                statements.extend(start.take().map(|start| statement(script, start, at)));
                nesting = Nesting::default();
            }
            _ => {
                start.get_or_insert(at);
                nesting.see(token.kind, &script[at..at + token.length]);
            }
        }
        at += token.length;
    }
    statements.extend(start.map(|start| statement(script, start, at)));
    statements
}

/// The line, from 1, of the character at this place, counted from 1 as Postgres counts.
pub(super) fn line_at(script: &str, position: usize) -> usize {
    let before = script.chars().take(position.saturating_sub(1));
    1 + before.filter(|character| *character == '\n').count()
}

fn statement(script: &str, start: usize, end: usize) -> Statement<'_> {
    Statement {
        line: 1 + script[..start].matches('\n').count(),
        start,
        text: &script[start..end],
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Semicolon,
    Word,
    Open,
    Close,
    Other,
}

struct Token {
    kind: Kind,
    length: usize,
}

impl Token {
    fn at(script: &str, at: usize) -> Option<Self> {
        let rest = &script[at..];
        let first = rest.chars().next()?;
        let token = |kind, length| Some(Self { kind, length });
        // An unfinished quote or comment reaches to the end of the script.
        let until = |from: usize, end: &str| {
            let found = rest[from..].find(end);
            found.map_or(rest.len(), |place| from + place + end.len())
        };
        match first {
            ';' => token(Kind::Semicolon, 1),
            '(' => token(Kind::Open, 1),
            ')' => token(Kind::Close, 1),
            '\'' | '"' => token(Kind::Other, until(1, &first.to_string())),
            'e' | 'E' if rest[1..].starts_with('\'') => token(Kind::Other, escaped(rest)),
            '-' if rest.starts_with("--") => token(Kind::Blank, until(2, "\n")),
            '/' if rest.starts_with("/*") => token(Kind::Blank, comment(rest)),
            '$' => match dollar_tag(rest) {
                Some(tag) => token(Kind::Other, until(tag.len(), tag)),
                None => token(Kind::Other, 1),
            },
            _ if first.is_alphanumeric() || first == '_' => {
                let is_inside = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
                let length = rest.find(|c| !is_inside(c)).unwrap_or(rest.len());
                token(Kind::Word, length)
            }
            _ if first.is_whitespace() => token(Kind::Blank, first.len_utf8()),
            _ => token(Kind::Other, first.len_utf8()),
        }
    }
}

/// The length of `E'…'`, in which a backslash hides the character after it.
fn escaped(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(2);
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '\'' => return place + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of `/* … */`, which may hold others of its kind.
fn comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut place = 0;
    while place < rest.len() {
        match &rest.as_bytes()[place..] {
            [b'/', b'*', ..] => (depth, place) = (depth + 1, place + 2),
            [b'*', b'/', ..] if depth == 1 => return place + 2,
            [b'*', b'/', ..] => (depth, place) = (depth - 1, place + 2),
            _ => place += 1,
        }
    }
    rest.len()
}

/// The opening `$tag$`, if it is one; `$1` is not.
fn dollar_tag(rest: &str) -> Option<&str> {
    let end = 1 + rest[1..].find('$')?;
    let tag = &rest[1..end];
    let is_name = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    is_name.then(|| &rest[..=end])
}

/// What a semicolon does not end: parentheses, and `BEGIN ATOMIC … END`.
#[derive(Default)]
struct Nesting {
    parentheses: usize,
    blocks: usize,
    after_begin: bool,
}

impl Nesting {
    fn is_outside(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn see(&mut self, kind: Kind, text: &str) {
        let is = |word: &str| kind == Kind::Word && text.eq_ignore_ascii_case(word);
        match kind {
            Kind::Open => self.parentheses += 1,
            Kind::Close => self.parentheses = self.parentheses.saturating_sub(1),
            _ if is("atomic") && self.after_begin => self.blocks += 1,
            _ if is("case") && self.blocks > 0 => self.blocks += 1,
            _ if is("end") => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
        self.after_begin = is("begin");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(script: &str) -> Vec<&str> {
        split(script)
            .iter()
            .map(|statement| statement.text)
            .collect()
    }

    #[test]
    fn a_semicolon_inside_quotes_or_comments_ends_nothing() {
        assert_eq!(
            texts("select ';', \";\", E'\\';', $$;$$, $a$ $$; $a$ -- ;\n, /* ; /* ; */ ; */ 1; x"),
            [
                "select ';', \";\", E'\\';', $$;$$, $a$ $$; $a$ -- ;\n, /* ; /* ; */ ; */ 1",
                "x"
            ]
        );
    }

    #[test]
    fn a_function_with_a_standard_body_is_one_statement() {
        let function = "create function f() returns int begin atomic select case when true then 1 \
                        end; select 2; end";
        assert_eq!(
            texts(&format!("{function}; begin; end")),
            [function, "begin", "end"]
        );
    }

    #[test]
    fn a_statement_starts_on_the_line_of_its_first_word() {
        let lines: Vec<usize> = split("-- one\n\nselect 1;\n;\n/* x */ select\n2;\n")
            .iter()
            .map(|statement| statement.line)
            .collect();
        assert_eq!(lines, [3, 5]);
    }

    #[test]
    fn a_position_counts_characters_not_bytes() {
        assert_eq!(line_at("-- é\nfrom", 6), 2);
        assert_eq!(line_at("x\ny", 2), 1);
    }

    #[test]
    fn a_statement_tells_its_first_words_and_psqls_lines_are_no_sql() {
        let script = "\\restrict x\nCREATE /* a */ EXTENSION \"uuid-ossp\" x;\nselect '\n\\a';";
        let (sql, lines) = without_psql(script);
        assert_eq!(lines, [1]);
        assert_eq!(
            split(&sql)[0].words(3),
            ["create", "extension", "uuid-ossp"]
        );
        assert_eq!(split(&sql)[1].text, "select '\n\\a'");
        assert_eq!(split(&sql)[1].line, 3);
    }

    #[test]
    fn an_unfinished_quote_reaches_to_the_end() {
        assert_eq!(texts("select 'x; y"), ["select 'x; y"]);
        assert_eq!(texts("select $q$ x; y"), ["select $q$ x; y"]);
    }
}
