//! The report as a terminal shows it: seed and settings first, the verdict last. Styled; whoever
//! prints it takes the styles out where no terminal listens.

use super::document::{Counterexample, Entry, Judged, Refused, Report, Verdict};
use super::lane::Line;
use crate::storm::{Fault, Group};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBT: Style = AnsiColor::Yellow.on_default().bold();
const STRONG: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// How the reader runs badai, and so what they would type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// `badai …`
    Path,
    /// `cargo badai …`, in a checkout.
    Cargo,
}

impl Through {
    fn typed(self, found: &Counterexample) -> String {
        match self {
            Through::Path => found.replay.clone(),
            Through::Cargo => format!("cargo {}", found.replay),
        }
    }
}

/// A text in a style.
fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A styled text without its styles.
#[must_use]
pub fn plain(styled: &str) -> String {
    anstream::adapter::strip_str(styled).to_string()
}

/// Something to see first.
#[must_use]
pub fn strong(text: &str) -> String {
    paint(STRONG, text)
}

/// Something good.
#[must_use]
pub fn good(text: &str) -> String {
    paint(GOOD, text)
}

/// Something bad.
#[must_use]
pub fn bad(text: &str) -> String {
    paint(BAD, text)
}

/// Names with their stories, aligned; a story's later lines are dimmed.
#[must_use]
pub fn table(rows: &[(&str, &str)]) -> String {
    const NAME: usize = 21;
    const STORY: usize = 74;
    let mut text = String::new();
    for (name, story) in rows {
        let mut name = format!("{name:<NAME$}");
        for (paragraph, said) in story.lines().enumerate() {
            for line in wrap(said, STORY) {
                let line = if paragraph == 0 {
                    line
                } else {
                    paint(DIM, &line)
                };
                let _ = writeln!(text, "  {name}  {line}");
                name = " ".repeat(NAME);
            }
        }
    }
    text
}

/// Breaks a paragraph at spaces.
fn wrap(said: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in said.split_whitespace() {
        let last = lines.len() - 1;
        if lines[last].is_empty() {
            lines[last].push_str(word);
        } else if lines[last].chars().count() + 1 + word.chars().count() <= width {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Seed and settings: what a run prints before anything else.
#[must_use]
pub fn heading(verb: &str, ledger: &str, seed: u64, settings: &str) -> String {
    format!(
        "{}  ledger {}  seed {}  {settings}\n",
        paint(STRONG, &format!("badai {verb}")),
        paint(STRONG, ledger),
        paint(STRONG, &seed.to_string()),
    )
}

/// Everything after the heading: counterexamples, invariants, coverage, verdict.
#[must_use]
pub fn body(report: &Report, through: Through) -> String {
    let mut text = String::new();
    for entry in report.broken() {
        text.push('\n');
        text.push_str(&broken(entry, through));
    }
    text.push('\n');
    text.push_str(&invariants(report));
    text.push('\n');
    text.push_str(&coverage(report));
    text.push_str(&verdict(report, through));
    text
}

/// One broken invariant: what is wrong, the steps that led there, the command that replays it.
#[must_use]
pub fn broken(entry: &Entry, through: Through) -> String {
    let mut text = format!("{} {}", paint(BAD, entry.id.id()), paint(BAD, "is broken"));
    if let Some(found) = &entry.counterexample {
        let _ = write!(text, ": {}\n\n", paint(STRONG, &found.wrong));
        text.push_str(&steps(found));
        let _ = write!(text, "\n  {}\n", entry.id.meaning());
        if !found.replay.is_empty() {
            let _ = writeln!(text, "  {} {}", paint(DIM, "replay:"), through.typed(found));
        }
    } else {
        text.push('\n');
    }
    text
}

/// The steps of a counterexample as aligned lines.
#[must_use]
pub fn steps(found: &Counterexample) -> String {
    let whats = found.steps.iter().map(|line| line.what.chars().count());
    let width = whats.max().unwrap_or(0).min(60);
    let replies = found.steps.iter().filter_map(|line| line.reply.as_ref());
    let reply_width = replies
        .map(|reply| reply.chars().count())
        .max()
        .unwrap_or(0)
        .min(24);
    let mut text = String::new();
    if let Some(account) = found.account
        && found.steps.iter().any(|line| line.spendable.is_some())
    {
        let blank = " ".repeat(width + reply_width);
        let head = format!("       when      on  {blank}  {account} has");
        let _ = writeln!(text, "{}", paint(DIM, &head));
    }
    for line in &found.steps {
        let _ = writeln!(text, "{}", step(line, width, reply_width));
    }
    text
}

fn step(line: &Line, width: usize, reply_width: usize) -> String {
    let mark = if line.wrong {
        paint(BAD, "✗")
    } else {
        " ".to_owned()
    };
    let instance = line.instance.unwrap_or(' ');
    let reply = line.reply.as_deref().unwrap_or_default();
    let spendable = line.spendable.map(|credits| credits.to_string());
    let text = format!(
        "{:>3}  {:<9}  {instance}  {:<width$}  {reply:<reply_width$}  {}",
        line.step,
        moment(line.at),
        line.what,
        spendable.unwrap_or_default(),
    );
    let text = text.trim_end();
    let text = if line.wrong {
        paint(BAD, text)
    } else {
        text.to_owned()
    };
    format!("  {mark}{text}")
}

/// A virtual moment in its two largest units, such as `2 d 3 h`.
fn moment(seconds: u32) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} m {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} m", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// Every invariant with what was found.
#[must_use]
pub fn invariants(report: &Report) -> String {
    let mut text = String::new();
    for entry in &report.invariants {
        let (style, word) = match entry.verdict {
            Judged::Held => (GOOD, "held"),
            Judged::Broken => (BAD, "broken"),
            Judged::Unknown => (DOUBT, "unknown"),
            Judged::Unchecked => (DIM, "unchecked"),
        };
        let word = format!("{word:<9}");
        let judged = match entry.judged {
            0 => "nothing to look at, or no way to look".to_owned(),
            1 => "judged in 1 schedule".to_owned(),
            some => format!("judged in {some} schedules"),
        };
        let _ = writeln!(
            text,
            "  {}  {:<17} {}",
            paint(style, &word),
            entry.id.id(),
            paint(DIM, &judged)
        );
    }
    text
}

fn coverage(report: &Report) -> String {
    let seconds = report.elapsed_ms / 1_000;
    let tenth = report.elapsed_ms % 1_000 / 100;
    let met: u32 = report.faults.values().sum();
    if !report.duels.is_empty() {
        return duels(report)
            + &format!("{} orders in all; {seconds}.{tenth} s\n", report.schedules);
    }
    strikes(report)
        + &format!(
            "{}, one request after another; {} deliveries, {} deaths, {met} faults of {} \
             kinds; {seconds}.{tenth} s\n",
            counted(report.schedules, "schedule"),
            report.deliveries,
            report.deaths,
            report.faults.len(),
        )
}

/// How often processes and the database did what they do, and what couldn't be tried.
fn strikes(report: &Report) -> String {
    let mut text = String::new();
    for Refused { fault, why } in &report.refused {
        let _ = writeln!(text, "  {}: {}: {why}", paint(DIM, "unchecked"), fault.id());
    }
    let deep = |fault: &&Fault| matches!(fault.group(), Group::Process | Group::Database);
    let met: Vec<String> = Fault::ALL
        .iter()
        .filter(deep)
        .filter_map(|fault| {
            let times = report.faults.get(fault.id())?;
            Some(format!("{} {times}", fault.id()))
        })
        .collect();
    if !met.is_empty() {
        let how = match report.every_moment {
            Some(true) => "every operation was struck at each of its statements",
            Some(false) => "operations were struck at some of their statements",
            None => "no operation was struck inside",
        };
        let points = counted(report.crash_points, "crash point");
        let _ = writeln!(text, "  {how}: {points}");
        for three in met.chunks(3) {
            let _ = writeln!(text, "    {}", three.join(", "));
        }
    }
    text
}

/// Each pair with the number of its orders.
fn duels(report: &Report) -> String {
    let mut text = String::new();
    for duel in &report.duels {
        let all = if duel.whole { "all" } else { "the first" };
        let orders = counted(duel.orders, "distinct order");
        let _ = writeln!(text, "  {all} {orders} of {}", duel.name);
    }
    text
}

/// So many of them.
fn counted(number: u32, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// The last line.
#[must_use]
pub fn verdict(report: &Report, through: Through) -> String {
    match report.verdict {
        Verdict::Held => format!("verdict: {}\n", paint(GOOD, "held")),
        Verdict::Broken => {
            let broken: Vec<_> = report.broken().map(|entry| entry.id.id()).collect();
            let first = report
                .broken()
                .find_map(|entry| entry.counterexample.as_ref());
            let mut text = format!(
                "verdict: {} ({})\n",
                paint(BAD, "broken"),
                broken.join(", ")
            );
            if let Some(found) = first.filter(|found| !found.replay.is_empty()) {
                let _ = writeln!(text, "replay:  {}", through.typed(found));
            }
            text
        }
        Verdict::Inconclusive => {
            let why = if report.never_met.is_empty() {
                "nothing could be judged".to_owned()
            } else {
                let never: Vec<_> = report.never_met.iter().map(|fault| fault.id()).collect();
                let refused = |fault| report.refused.iter().any(|it| it.fault == fault);
                let advice = if report.never_met.iter().any(|fault| !refused(*fault)) {
                    "; try more --cases"
                } else {
                    ""
                };
                format!("never met: {}{advice}", never.join(", "))
            };
            format!("verdict: {} ({why})\n", paint(DOUBT, "inconclusive"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_shows_its_two_largest_units() {
        assert_eq!(moment(59), "59 s");
        assert_eq!(moment(302), "5 m 2 s");
        assert_eq!(moment(7_260), "2 h 1 m");
        assert_eq!(moment(259_200), "3 d 0 h");
    }
}
