//! The steps of a counterexample as a terminal shows them, within a hundred columns.
//!
//! What ran alone is a line of a table. Where calls run inside one another each gets a lane, and
//! time runs downwards:
//!
//! ```text
//!          A                         │ B
//!      6   reads wallets: 1 row      │
//!          select credits from wall… │
//!      7                             │ changes wallets: waits for A
//! ```

use super::lane::Line;
use super::text::{BAD, DIM, STRONG, paint};
use anstyle::Style;
use std::fmt::Write;

/// Columns of a terminal, and of a projector.
const WIDTH: usize = 100;
/// What stands before every step: a mark, its number, blanks.
const MARGIN: usize = 8;
/// So many lines of a statement are shown.
const SQL_LINES: usize = 2;

/// The steps as text; `account` is who the spendable credits are of.
#[must_use]
pub(super) fn steps(lines: &[Line], account: Option<&str>) -> String {
    beats(lines, account).concat()
}

/// The same, a step at a time, for whoever shows one after the other.
#[must_use]
pub fn beats(lines: &[Line], account: Option<&str>) -> Vec<String> {
    let table = Table::of(lines, account.unwrap_or_default());
    let mut beats = Vec::new();
    let mut before = None;
    for together in lines.chunk_by(|one, two| one.duel && two.duel) {
        let first = &together[0];
        if first.duel {
            beats.extend(lanes(together, account));
        } else {
            beats.push(table.row(first, before));
        }
        before = first.reply.as_deref();
    }
    let tells = lines.iter().any(|line| line.spendable.is_some());
    if let (Some(account), Some(first), true) = (account, beats.first_mut(), tells) {
        first.insert_str(0, &table.heading(account));
    }
    beats
}

/// The widths of the table's columns.
struct Table {
    what: usize,
    reply: usize,
    has: usize,
}

/// What stands before the table's column of what was done: the margin, when, and on which instance.
const BEFORE: usize = MARGIN + 14;

impl Table {
    fn of(lines: &[Line], account: &str) -> Self {
        let widest = |text: &dyn Fn(&Line) -> usize| {
            let widths = lines.iter().filter(|line| !line.duel).map(text);
            widths.max().unwrap_or(0)
        };
        let digits = |line: &Line| line.spendable.map_or(0, |it| it.to_string().len());
        let has = widest(&digits).max(account.len() + " has".len());
        let reply = widest(&|line| line.reply.as_ref().map_or(0, |it| it.chars().count())).min(20);
        let room = WIDTH - BEFORE - 4 - reply - has;
        let what = widest(&|line| line.what.chars().count()).min(room);
        Self { what, reply, has }
    }

    fn heading(&self, account: &str) -> String {
        let blank = " ".repeat(self.what + self.reply + 4);
        let head = format!("        when      on  {blank}{account} has");
        paint(DIM, &head) + "\n"
    }

    /// A long reply that the step before it got too is told once.
    fn row(&self, line: &Line, before: Option<&str>) -> String {
        let reply = line.reply.as_deref().unwrap_or_default();
        let again = before == Some(reply) && reply.chars().count() > self.reply;
        let reply = if again { "the same" } else { reply };
        let instance = line.instance.map(String::from).unwrap_or_default();
        let spendable = line.spendable.map(|credits| credits.to_string());
        let style = if line.wrong { BAD } else { Style::new() };
        let cell = |text: &str, width: usize| Cell {
            width,
            lines: wrap(text, width.max(1)),
            styles: vec![style],
        };
        let when = Cell {
            width: 9,
            lines: vec![moment(line.at)],
            styles: vec![style],
        };
        let mut text = beside(
            line,
            &[
                when,
                cell(&instance, 1),
                cell(&line.what, self.what),
                cell(reply, self.reply),
                cell(&spendable.unwrap_or_default(), self.has),
            ],
            "  ",
        );
        if let Some(wanted) = &line.wanted {
            for line in wrap(&format!("↑ wanted {wanted}"), WIDTH - BEFORE) {
                let _ = writeln!(text, "{}{}", " ".repeat(BEFORE), paint(BAD, &line));
            }
        }
        text
    }
}

/// Calls inside one another: a lane each.
fn lanes(lines: &[Line], account: Option<&str>) -> Vec<String> {
    let mut actors: Vec<char> = lines.iter().filter_map(|line| line.instance).collect();
    actors.sort_unstable();
    actors.dedup();
    let between = 3 * actors.len().saturating_sub(1);
    let width = (WIDTH - MARGIN).saturating_sub(between) / actors.len().max(1);
    let cell = |lines: Vec<String>, styles: Vec<Style>| Cell {
        width,
        lines,
        styles,
    };
    let heading: Vec<Cell> = actors
        .iter()
        .map(|actor| cell(vec![actor.to_string()], vec![STRONG]))
        .collect();
    let at = lines.first().map_or(0, |line| line.at);
    let mut beats = Vec::new();
    let mut text = paint(
        DIM,
        &format!("        {}, inside one another:\n", moment(at)),
    );
    text.push_str(&beside(&Line::default(), &heading, " │ "));
    for line in lines {
        let cells: Vec<Cell> = actors
            .iter()
            .map(|actor| {
                if line.instance != Some(*actor) {
                    return cell(Vec::new(), Vec::new());
                }
                let (shown, styles) = mark(line, width);
                cell(shown, styles)
            })
            .collect();
        text.push_str(&beside(line, &cells, " │ "));
        beats.push(std::mem::take(&mut text));
    }
    let left = lines.last().and_then(|line| Some((line.spendable?, line)));
    if let (Some((credits, last)), Some(account), Some(text)) = (left, account, beats.last_mut()) {
        let style = if last.wrong { BAD } else { STRONG };
        let has = paint(style, &format!("{account} has {credits}"));
        let _ = writeln!(text, "{}{has}", " ".repeat(MARGIN));
    }
    beats
}

/// One mark on a lane: what was done and what came of it, the statement behind it, and what would
/// have been right.
fn mark(line: &Line, width: usize) -> (Vec<String>, Vec<Style>) {
    let said = match &line.reply {
        Some(reply) => format!("{}: {reply}", line.what),
        None => line.what.clone(),
    };
    let strong = if line.wrong { BAD } else { Style::new() };
    let mut shown = wrap(&said, width);
    let mut styles = vec![strong; shown.len()];
    if let Some(sql) = &line.sql {
        let mut sql = wrap(sql, width);
        if sql.len() > SQL_LINES {
            sql.truncate(SQL_LINES);
            let last = &mut sql[SQL_LINES - 1];
            let kept: String = last.chars().take(width - 1).collect();
            *last = kept + "…";
        }
        styles.resize(shown.len() + sql.len(), DIM);
        shown.extend(sql);
    }
    if let Some(wanted) = &line.wanted {
        shown.extend(wrap(&format!("↑ wanted {wanted}"), width));
        styles.resize(shown.len(), BAD);
    }
    (shown, styles)
}

/// A cell of some lines, each in its style; lines past the last style take that.
struct Cell {
    width: usize,
    lines: Vec<String>,
    styles: Vec<Style>,
}

/// Cells side by side, with the step's mark and number before them.
fn beside(line: &Line, cells: &[Cell], between: &str) -> String {
    let mut text = String::new();
    let height = cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
    for row in 0..height.max(1) {
        let margin = match (row, line.step) {
            (0, step) if step > 0 => {
                let mark = if line.wrong { "✗" } else { " " };
                format!("  {mark}{step:>3}  ")
            }
            _ => " ".repeat(MARGIN),
        };
        let margin = if line.wrong {
            paint(BAD, &margin)
        } else {
            margin
        };
        let mut shown = Vec::new();
        for cell in cells {
            let said = cell.lines.get(row).map_or("", String::as_str);
            let blank = " ".repeat(cell.width.saturating_sub(said.chars().count()));
            let style = cell.styles.get(row).or(cell.styles.last()).copied();
            let said = match style {
                Some(style) if !said.is_empty() && style != Style::new() => paint(style, said),
                _ => said.to_owned(),
            };
            shown.push(said + &blank);
        }
        let _ = writeln!(text, "{margin}{}", shown.join(between).trim_end());
    }
    text
}

/// Breaks a paragraph at spaces, and a word that is longer than a line wherever it must.
pub(super) fn wrap(said: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in said.split_whitespace() {
        let mut word = word;
        loop {
            let last = lines.len() - 1;
            let used = lines[last].chars().count();
            let blank = usize::from(used > 0);
            let length = word.chars().count();
            if used + blank + length <= width {
                if blank > 0 {
                    lines[last].push(' ');
                }
                lines[last].push_str(word);
                break;
            }
            if used > 0 {
                lines.push(String::new());
                continue;
            }
            let cut = word
                .char_indices()
                .nth(width)
                .map_or(word.len(), |(at, _)| at);
            lines[last].push_str(&word[..cut]);
            lines.push(String::new());
            word = &word[cut..];
        }
    }
    lines
}

/// A virtual moment in its two largest units, such as `2 d 3 h`.
pub(super) fn moment(seconds: u32) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} m {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} m", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::plain;
    use super::*;
    use proptest::prelude::*;

    fn mark(step: usize, actor: char, what: &str) -> Line {
        Line {
            step,
            at: 30,
            instance: Some(actor),
            duel: true,
            what: what.to_owned(),
            ..Line::default()
        }
    }

    #[test]
    fn a_race_is_two_lanes_that_a_stranger_can_read() {
        let sql = "update wallets set credits = credits - $2 where account = $1 and region = $3";
        let lines = [
            Line {
                step: 1,
                what: "ana buys a pack of 100 credits".to_owned(),
                spendable: Some(100),
                ..Line::default()
            },
            mark(2, 'A', "begins: reserve 60 of ana's for job 1"),
            mark(3, 'B', "begins: reserve 60 of ana's for job 2"),
            Line {
                sql: Some(sql.to_owned()),
                reply: Some("waits for A".to_owned()),
                ..mark(4, 'B', "changes wallets")
            },
            mark(5, 'A', "commits"),
            mark(6, 'B', "wakes: 1 row changed"),
            Line {
                reply: Some("reserved".to_owned()),
                wrong: true,
                wanted: Some("`insufficient`".to_owned()),
                spendable: Some(-20),
                ..mark(7, 'B', "is told")
            },
        ];
        let shown = plain(&steps(&lines, Some("ana")));
        let wanted = "        when      on                                    ana has
     1  0 s           ana buys a pack of 100 credits    100
        30 s, inside one another:
        A                                            │ B
     2  begins: reserve 60 of ana's for job 1        │
     3                                               │ begins: reserve 60 of ana's for job 2
     4                                               │ changes wallets: waits for A
                                                     │ update wallets set credits = credits - $2
                                                     │ where account = $1 and region = $3
     5  commits                                      │
     6                                               │ wakes: 1 row changed
  ✗  7                                               │ is told: reserved
                                                     │ ↑ wanted `insufficient`
        ana has -20
";
        assert_eq!(shown, wanted, "\n{shown}");
        // A step at a time is the same text, cut after each step.
        assert_eq!(beats(&lines, Some("ana")).len(), lines.len());
    }

    #[test]
    fn a_long_reply_that_comes_again_is_told_once() {
        let error = "error: there is no unique or exclusion constraint";
        let step = |step| Line {
            step,
            what: "reserve 1".to_owned(),
            reply: Some(error.to_owned()),
            ..Line::default()
        };
        let shown = plain(&steps(&[step(1), step(2)], None));
        assert_eq!(shown.matches("constraint").count(), 1, "{shown}");
        assert!(shown.ends_with("the same\n"), "{shown}");
    }

    #[test]
    fn a_moment_shows_its_two_largest_units() {
        assert_eq!(moment(59), "59 s");
        assert_eq!(moment(302), "5 m 2 s");
        assert_eq!(moment(7_260), "2 h 1 m");
        assert_eq!(moment(259_200), "3 d 0 h");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_wider_than_a_hundred_columns(
            texts in prop::collection::vec(("[a-zé ]{0,120}|x{80,200}", "[a-z ]{0,60}", any::<bool>(), 0..3_u8), 1..12),
        ) {
            let lines: Vec<Line> = texts.into_iter().enumerate().map(|(place, (what, reply, duel, actor))| Line {
                step: place + 1,
                at: 30 * 86_400,
                instance: Some(char::from(b'A' + actor)),
                duel,
                sql: duel.then(|| what.clone()),
                what,
                reply: Some(reply.clone()),
                wanted: Some(reply),
                spendable: Some(i64::MIN),
                wrong: true,
            }).collect();
            let shown = plain(&steps(&lines, Some("bystander")));
            for line in shown.lines() {
                prop_assert!(line.chars().count() <= WIDTH, "{}", line);
            }
        }
    }
}
