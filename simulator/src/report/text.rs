//! The report as a terminal shows it: seed and settings first, the verdict last. Styled; whoever
//! prints it takes the styles out where no terminal listens.

use super::document::{Counterexample, Entry, Judged, Refused, Report, Verdict};
pub use super::steps::beats;
use super::steps::{steps, wrap};
use crate::storm::{Fault, Group};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;

pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBT: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();

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
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A styled text without its styles.
#[must_use]
pub fn plain(styled: &str) -> String {
    anstream::adapter::strip_str(styled).to_string()
}

/// Columns that a projected terminal has.
const WIDTH: usize = 100;

/// A paragraph that stands behind its styled head, all of its lines below one another.
fn hanging(head: &str, said: &str, style: Style) -> String {
    let indent = plain(head).chars().count();
    let lines = wrap(said, WIDTH - indent);
    let lines: Vec<String> = lines.iter().map(|line| paint(style, line)).collect();
    let below = format!("\n{}", " ".repeat(indent));
    head.to_owned() + &lines.join(&below)
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
    text.push_str(&ending(report, through));
    text
}

/// What comes after the counterexamples: invariants, coverage, verdict.
#[must_use]
pub fn ending(report: &Report, through: Through) -> String {
    let mut text = String::from("\n");
    text.push_str(&invariants(report));
    text.push('\n');
    text.push_str(&coverage(report));
    for remark in &report.remarks {
        let _ = writeln!(text, "{}", hanging(&paint(DIM, "remark: "), remark, DIM));
    }
    if let Some(diverged) = &report.diverged {
        let _ = writeln!(text, "{diverged}");
    }
    text.push_str(&verdict(report, through));
    text
}

/// One broken invariant: what is wrong, the steps that led there, the command that replays it.
#[must_use]
pub fn broken(entry: &Entry, through: Through) -> String {
    let mut text = format!("{} {}", paint(BAD, entry.id.id()), paint(BAD, "is broken"));
    if let Some(found) = &entry.counterexample {
        text = hanging(&format!("{text}: "), &found.wrong, STRONG);
        text.push_str("\n\n");
        text.push_str(&steps(&found.steps, found.account));
        let _ = write!(text, "\n  {}\n", entry.id.meaning());
        if !found.replay.is_empty() {
            let _ = writeln!(text, "  {} {}", paint(DIM, "replay:"), through.typed(found));
        }
    } else {
        text.push('\n');
    }
    text
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
            _ if entry.why.is_some() => entry.why.clone().unwrap_or_default(),
            0 => "nothing to look at, or no way to look".to_owned(),
            some if report.strategy == "cases" => format!("judged in {}", counted(some, "case")),
            some => format!("judged in {}", counted(some, "schedule")),
        };
        let head = format!("  {}  {:<17} ", paint(style, &word), entry.id.id());
        let _ = writeln!(text, "{}", hanging(&head, &judged, DIM));
    }
    text
}

fn coverage(report: &Report) -> String {
    let seconds = report.elapsed_ms / 1_000;
    let tenth = report.elapsed_ms % 1_000 / 100;
    if report.strategy == "replay" {
        let schedules = counted(report.schedules, "schedule");
        return format!("{schedules}, as it was saved; {seconds}.{tenth} s\n");
    }
    if report.strategy == "cases" {
        return format!("{}; {seconds}.{tenth} s\n", counted(report.cases, "case"));
    }
    let met: u32 = report.faults.values().sum();
    let orders: u32 = report.duels.iter().map(|duel| duel.orders).sum();
    let stormed = report.schedules.saturating_sub(report.fought);
    let mut told = Vec::new();
    if let Some(calls) = report.calls_per_second {
        told.push(format!("{calls} calls a second, side by side"));
    } else if stormed > 0 || report.duels.is_empty() {
        told.push(format!(
            "{}, one after another; {} deliveries, {} deaths, {met} faults of {}",
            counted(stormed, "schedule"),
            report.deliveries,
            report.deaths,
            counted(
                u32::try_from(report.faults.len()).unwrap_or(u32::MAX),
                "kind"
            ),
        ));
    }
    if !report.duels.is_empty() {
        told.push(format!("{orders} orders in all"));
    }
    format!(
        "{}{}{}; {seconds}.{tenth} s\n",
        duels(report),
        strikes(report),
        told.join("\n")
    )
}

/// How often processes and the database did what they do, and what couldn't be tried.
fn strikes(report: &Report) -> String {
    let mut text = String::new();
    for Refused { fault, why } in &report.refused {
        let (head, said) = (
            paint(DIM, "  unchecked: "),
            format!("{}: {why}", fault.id()),
        );
        let _ = writeln!(text, "{}", hanging(&head, &said, Style::new()));
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
        let points = counted(report.crash_points, "crash point");
        let how = match report.every_moment {
            Some(true) => format!("every operation was struck at each of its statements: {points}"),
            Some(false) => format!("operations were struck at some of their statements: {points}"),
            None if report.dying.deaths > 0 => {
                "operations were struck while they waited".to_owned()
            }
            None => "no operation was struck inside".to_owned(),
        };
        let _ = writeln!(text, "  {how}");
        for three in met.chunks(3) {
            let _ = writeln!(text, "    {}", three.join(", "));
        }
    }
    text
}

/// Each duel with the number of its orders, and what was met in them.
fn duels(report: &Report) -> String {
    let mut text = String::new();
    if report.strategy == "mix" {
        let (whole, part): (Vec<_>, Vec<_>) = report.duels.iter().partition(|duel| duel.whole);
        let pairs = |some: usize| if some == 1 { "pair" } else { "pairs" };
        if !report.duels.is_empty() {
            let some = whole.len();
            let _ = writeln!(text, "  every order of {some} {}", pairs(some));
        }
        if let Some(most) = part.iter().map(|duel| duel.orders).max() {
            let some = part.len();
            let _ = writeln!(text, "  up to {most} orders of {some} {} more", pairs(some));
        }
    } else {
        for duel in &report.duels {
            let _ = writeln!(text, "  {}", duel.told());
        }
    }
    if let Some(dying) = report.dying.told() {
        let _ = writeln!(text, "  {dying}");
    }
    let windows: Vec<String> = report
        .windows
        .iter()
        .map(|(name, times)| format!("{times} with {name}"))
        .collect();
    if !windows.is_empty() {
        let _ = writeln!(text, "  (of these, {})", windows.join(", "));
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
            let said = format!("({})", broken.join(", "));
            let head = format!("verdict: {} ", paint(BAD, "broken"));
            let mut text = hanging(&head, &said, Style::new()) + "\n";
            if let Some(found) = first.filter(|found| !found.replay.is_empty()) {
                let _ = writeln!(text, "replay:  {}", through.typed(found));
            }
            text
        }
        Verdict::Inconclusive => {
            let why = if report.diverged.is_some() {
                "the ledger no longer does what it did when this was saved".to_owned()
            } else if report.never_met.is_empty() {
                "nothing could be judged".to_owned()
            } else {
                let never: Vec<_> = report.never_met.iter().map(|fault| fault.id()).collect();
                let refused = |fault| report.refused.iter().any(|it| it.fault == fault);
                let advice = if report.never_met.iter().any(|fault| !refused(*fault)) {
                    "; more cases meet what the ledger has a part for"
                } else {
                    ""
                };
                format!("never met: {}{advice}", never.join(", "))
            };
            let head = format!("verdict: {} ", paint(DOUBT, "inconclusive"));
            hanging(&head, &format!("({why})"), Style::new()) + "\n"
        }
    }
}
