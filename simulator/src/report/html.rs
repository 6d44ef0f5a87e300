//! The report as one HTML page: nothing is loaded, nothing is run. A lane an instance, a mark a
//! step, balances below; light or dark as the reader's system is, on a phone and on paper too.

use super::document::{Counterexample, Entry, Judged, Report, Verdict};
use super::lane::Line;
use super::steps::moment;
use std::fmt::{Display, Write};

const STYLE: &str = include_str!("report.css");

/// The whole page.
#[must_use]
pub(super) fn page(report: &Report) -> String {
    let mut html = String::new();
    let (verdict, word) = match report.verdict {
        Verdict::Held => ("good", "held"),
        Verdict::Broken => ("bad", "broken"),
        Verdict::Inconclusive => ("doubt", "inconclusive"),
    };
    let ledger = safe(&report.ledger);
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>badai: {ledger}, {word}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{ledger} <span class=\"{verdict}\">{word}</span></h1>\n<p>{}</p>\n</header>\n\
         <main>\n",
        safe(&settings(report)),
    );
    if let Some(diverged) = &report.diverged {
        let _ = writeln!(html, "<p class=\"doubt\">{}</p>", safe(diverged));
    }
    for entry in report.broken() {
        broken(&mut html, entry);
    }
    claims(&mut html, report);
    coverage(&mut html, report);
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn settings(report: &Report) -> String {
    format!(
        "Seed {}, {} schedules ({}), {} deliveries, {} crash points, {}.{} s",
        report.seed,
        report.schedules,
        report.strategy,
        report.deliveries,
        report.crash_points,
        report.elapsed_ms / 1_000,
        report.elapsed_ms % 1_000 / 100,
    )
}

/// One broken claim, with the shortest way to break it.
fn broken(html: &mut String, entry: &Entry) {
    let id = entry.id.id();
    let _ = writeln!(
        html,
        "<section id=\"{id}\">\n<h2>{id} <span class=\"bad\">broken</span></h2>"
    );
    let _ = writeln!(html, "<p>The claim: {}.</p>", safe(entry.claim));
    let _ = writeln!(html, "<p>For a founder: {}.</p>", safe(entry.id.meaning()));
    if let Some(found) = &entry.counterexample {
        let _ = writeln!(html, "<p class=\"wrong bad\">{}</p>", safe(&found.wrong));
        steps(html, found);
        balances(html, found);
        if !found.replay.is_empty() {
            let _ = writeln!(
                html,
                "<p>To play it again: <code>{}</code></p>",
                safe(&found.replay)
            );
        }
    }
    html.push_str("</section>\n");
}

fn steps(html: &mut String, found: &Counterexample) {
    let mut lanes: Vec<char> = found.steps.iter().filter_map(|it| it.instance).collect();
    lanes.sort_unstable();
    lanes.dedup();
    let count = lanes.len().max(1);
    let _ = writeln!(
        html,
        "<ol class=\"steps\" style=\"--lanes: {count}\" aria-label=\"What happened, a lane an instance\">"
    );
    for line in &found.steps {
        let lane = line
            .instance
            .and_then(|it| lanes.iter().position(|lane| *lane == it));
        step(html, line, lane);
    }
    html.push_str("</ol>\n");
}

fn step(html: &mut String, line: &Line, lane: Option<usize>) {
    let mut class = match lane {
        Some(lane) => format!("mark lane lane-{}", lane % 4),
        None => "mark all".to_owned(),
    };
    if line.wrong {
        class.push_str(" is-wrong");
    }
    let place = lane.map_or(String::new(), |lane| {
        format!(" style=\"--lane: {}\"", lane + 2)
    });
    let _ = write!(
        html,
        "<li value=\"{0}\"><span class=\"number\">{0}</span><div class=\"{class}\"{place}>",
        line.step
    );
    if let Some(instance) = line.instance {
        let _ = write!(html, "<b class=\"who\">{instance}</b> ");
    }
    let _ = write!(html, "<span>{}</span>", safe(&line.what));
    if let Some(reply) = &line.reply {
        let _ = write!(html, "<span class=\"reply\">: {}</span>", safe(reply));
    }
    if !line.duel {
        let _ = write!(html, " <span class=\"when\">at {}</span>", moment(line.at));
    }
    if let Some(sql) = &line.sql {
        let _ = write!(html, "<code class=\"sql\">{}</code>", safe(sql));
    }
    if let Some(wanted) = &line.wanted {
        let _ = write!(
            html,
            "<span class=\"wanted\">✗ wanted {}</span>",
            safe(wanted)
        );
    } else if line.wrong {
        html.push_str("<span class=\"wanted\">✗ wrong here</span>");
    }
    html.push_str("</div></li>\n");
}

/// What the account had, after each step that told.
fn balances(html: &mut String, found: &Counterexample) {
    let Some(account) = found.account else { return };
    let told = || found.steps.iter().filter(|line| line.spendable.is_some());
    if told().next().is_none() {
        return;
    }
    let _ = write!(
        html,
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"Balances\">\n\
         <table>\n<caption>What {account} has</caption>\n<tr><th scope=\"row\">after step</th>"
    );
    for line in told() {
        let _ = write!(html, "<td>{}</td>", line.step);
    }
    html.push_str("</tr>\n<tr><th scope=\"row\">spendable</th>");
    for line in told() {
        let class = if line.wrong { " class=\"bad\"" } else { "" };
        let _ = write!(
            html,
            "<td{class}>{}</td>",
            line.spendable.unwrap_or_default()
        );
    }
    html.push_str("</tr>\n</table>\n</div>\n");
}

fn claims(html: &mut String, report: &Report) {
    html.push_str(
        "<section>\n<h2>Every claim</h2>\n<div class=\"wide\" role=\"region\" tabindex=\"0\" \
         aria-label=\"Every claim\">\n<table>\n<tr><th scope=\"col\">verdict</th>\
         <th scope=\"col\">claim</th><th scope=\"col\">schedules</th></tr>\n",
    );
    for entry in &report.invariants {
        let (class, word) = match entry.verdict {
            Judged::Held => ("good", "held"),
            Judged::Broken => ("bad", "broken"),
            Judged::Unknown => ("doubt", "unknown"),
            Judged::Unchecked => ("dim", "unchecked"),
        };
        let _ = writeln!(
            html,
            "<tr><td class=\"{class}\">{word}</td><td><b>{}</b><br>{}{}</td><td>{}</td></tr>",
            entry.id.id(),
            safe(entry.claim),
            entry
                .why
                .as_ref()
                .map_or(String::new(), |why| format!("<br><i>{}</i>", safe(why))),
            entry.judged
        );
    }
    html.push_str("</table>\n</div>\n</section>\n");
}

fn coverage(html: &mut String, report: &Report) {
    let told = [
        report.duels.is_empty(),
        report.faults.is_empty(),
        report.refused.is_empty(),
        report.remarks.is_empty(),
    ];
    if told == [true; 4] {
        return;
    }
    html.push_str("<section>\n<h2>What was tried</h2>\n<ul>\n");
    for remark in &report.remarks {
        let _ = writeln!(html, "<li class=\"doubt\">{}</li>", safe(remark));
    }
    for refused in &report.refused {
        let (fault, why) = (refused.fault.id(), safe(&refused.why));
        let _ = writeln!(html, "<li class=\"doubt\">{fault}: unchecked, {why}</li>");
    }
    for duel in &report.duels {
        let _ = writeln!(html, "<li>{}</li>", safe(&duel.told()));
    }
    if let Some(dying) = report.dying.told() {
        let _ = writeln!(html, "<li>{dying}</li>");
    }
    for (fault, times) in &report.faults {
        let _ = writeln!(html, "<li>{}: {times} times</li>", safe(fault));
    }
    html.push_str("</ul>\n</section>\n");
}

/// Text without meaning to HTML or XML, nor to a terminal.
pub(super) fn safe(text: &(impl Display + ?Sized)) -> String {
    let mut safe = String::new();
    for c in text.to_string().chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(c),
            // Neither a character of XML nor something to look at.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::junit::suite;
    use super::super::sample::report;
    use super::*;
    use proptest::prelude::*;

    /// The elements' names in the order in which they open; each must close, but for those that
    /// are empty by their nature.
    fn elements(markup: &str) -> Result<Vec<String>, String> {
        let (mut all, mut open) = (Vec::new(), Vec::new());
        for tag in markup.split('<').skip(1) {
            let (tag, _) = tag
                .split_once('>')
                .ok_or_else(|| format!("no end of <{tag}"))?;
            let name = tag
                .split([' ', '/'])
                .find(|it| !it.is_empty())
                .unwrap_or_default();
            let is_empty = tag.ends_with('/') || ["meta", "br"].contains(&name);
            if tag.starts_with('/') {
                let last = open.pop();
                if last.as_deref() != Some(name) {
                    return Err(format!("</{name}> closes {last:?}"));
                }
            } else if !tag.starts_with(['!', '?']) {
                all.push(name.to_owned());
                if !is_empty {
                    open.push(name.to_owned());
                }
            }
        }
        if open.is_empty() {
            Ok(all)
        } else {
            Err(format!("left open: {open:?}"))
        }
    }

    #[test]
    fn a_page_loads_nothing_and_runs_nothing() {
        let page = page(&report("plain"));
        for outside in [
            "http:", "https:", "<script", "<link", "<img", "@import", "url(", "onclick",
        ] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("What ana has") && page.contains("<td class=\"bad\">-20</td>"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn what_a_ledger_says_is_text_in_every_format(
            said in "(<script>|</style>|]]>|\"|'|&|<|>|\u{0}|\u{1b}\\[31m|é|x| ){0,12}|\\PC{0,20}"
        ) {
            let (plain, said) = (report("plain"), report(&said));
            prop_assert_eq!(elements(&page(&said)), elements(&page(&plain)));
            prop_assert_eq!(elements(&suite(&said)), elements(&suite(&plain)));
            prop_assert!(elements(&page(&said)).is_ok() && elements(&suite(&said)).is_ok());
            let is_raw = |c: char| c.is_control() && c != '\n';
            prop_assert_eq!(page(&said).find(is_raw), None);
        }
    }
}
