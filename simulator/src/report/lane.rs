//! A counterexample as lines that a stranger understands: what was done, on which instance,
//! what came back, and what the account had then.

use super::plain;
use crate::history::{History, Move, Names, Outcome, Request, What, says};
use crate::invariant::Breach;
use crate::target::{Balance, Call};
use serde::Serialize;

/// One line of a counterexample.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Counted from 1.
    pub step: usize,
    /// Virtual seconds since the storm began.
    pub at: u32,
    /// On which instance, `A` or `B`; `null` where no request was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<char>,
    /// Whether it is a mark on that instance's lane of a duel, where several run inside one another.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub duel: bool,
    /// What was done.
    pub what: String,
    /// The statement behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// What came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// What the account in question could spend then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spendable: Option<i64>,
    /// Whether this is where it went wrong.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wrong: bool,
    /// What would have been right there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
}

/// The lines from the first step to the breach; all of them where there is none.
#[must_use]
pub fn lines(history: &History, breach: Option<&Breach>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let account = breach.and_then(|breach| breach.account);
    let is_wrong =
        |place: usize| breach.is_some_and(|breach| breach.cause.unwrap_or(breach.place) == place);
    let mut calm = false;
    for (place, happening) in history.happenings.iter().enumerate() {
        if breach.is_some_and(|breach| place > breach.place) {
            break;
        }
        let mut line = Line {
            step: lines.len() + 1,
            at: happening.at,
            wrong: is_wrong(place),
            ..Line::default()
        };
        match &happening.what {
            What::Business { said, .. } => line.what.clone_from(said),
            What::Request(request) => {
                let concerns =
                    account.is_none() || request.account.is_none() || request.account == account;
                // The calm's sweeps belong to the story only where a hold is stuck.
                let idle = calm
                    && !is_wrong(place)
                    && breach.is_none_or(|breach| breach.cause.is_some())
                    && matches!(request.call, Call::Sweep { .. });
                if !concerns || idle {
                    continue;
                }
                line.instance = Some(Names::instance(request.instance));
                line.what.clone_from(&request.said);
                if request.attempt > 1 {
                    line.what.push_str(", again");
                }
                line.reply = Some(heard(&request.outcome));
            }
            What::Duel {
                requests, moves, ..
            } => {
                let liar = breach.filter(|_| is_wrong(place)).map(|it| it.nth);
                let from = lines.len();
                lines.extend(duel(happening.at, from, requests, moves, liar));
                continue;
            }
            What::Crash { instance } => {
                line.instance = Some(Names::instance(*instance));
                "dies and is started again".clone_into(&mut line.what);
            }
            What::GaveUp(request) => line.what = format!("nobody asks again: {}", request.said),
            What::Calm => {
                calm = true;
                continue;
            }
            What::Balance {
                account: whose,
                read,
            } => {
                if let (Some(last), Ok(balance)) = (lines.last_mut(), read)
                    && breach.is_some_and(|breach| breach.account == Some(*whose))
                {
                    last.spendable = Some(shown(balance));
                    last.wrong |= is_wrong(place);
                }
                continue;
            }
            What::Entries { .. } => {
                if let Some(last) = lines.last_mut() {
                    last.wrong |= is_wrong(place);
                }
                continue;
            }
            What::Swept => continue,
        }
        if calm {
            line.what = format!("calm: {}", line.what);
        }
        lines.push(line);
    }
    if let Some(line) = lines.iter_mut().rev().find(|line| line.wrong) {
        line.wanted = breach.and_then(|breach| breach.wanted.clone());
    }
    lines
}

/// A duel's lines: who asks for what, then each mark in the order in which it was made; what each
/// was told stands after the last of its marks. `liar` is whose answer is wrong, or the last one.
fn duel(
    at: u32,
    from: usize,
    requests: &[Request],
    moves: &[Move],
    liar: Option<Option<usize>>,
) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mark = |actor: usize, what: String| Line {
        at,
        instance: Some(Names::instance(actor)),
        duel: true,
        what,
        ..Line::default()
    };
    for (actor, request) in requests.iter().enumerate() {
        lines.push(mark(actor, format!("begins: {}", request.said)));
    }
    let last = |actor: usize| moves.iter().rposition(|it| it.actor == actor);
    let answers = |after: Option<usize>| {
        let told = requests.iter().enumerate();
        told.filter(move |(actor, _)| last(*actor) == after)
            .map(|(actor, request)| Line {
                reply: Some(heard(&request.outcome)),
                wrong: liar == Some(Some(actor)),
                ..mark(actor, "is told".to_owned())
            })
            .collect::<Vec<_>>()
    };
    lines.extend(answers(None));
    for (place, step) in moves.iter().enumerate() {
        let reply = Some(plain::came(&step.said)).filter(|said| !said.is_empty());
        let does = plain::does(&step.sql);
        lines.push(match does {
            _ if step.sql.is_empty() => mark(step.actor, plain::came(&step.said)),
            Some(does) => Line {
                // What its plain words say in full needs no SQL.
                sql: Some(step.sql.clone()).filter(|sql| sql.contains(' ')),
                reply,
                ..mark(step.actor, does)
            },
            None => Line {
                reply,
                ..mark(step.actor, step.sql.clone())
            },
        });
        lines.extend(answers(Some(place)));
    }
    if let (Some(None), Some(last)) = (liar, lines.last_mut()) {
        last.wrong = true;
    }
    for (place, line) in lines.iter_mut().enumerate() {
        line.step = from + place + 1;
    }
    lines
}

fn shown(balance: &Balance) -> i64 {
    balance.spendable.get()
}

fn heard(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Replied(reply) => says(reply),
        Outcome::ReplyLost(reply) => format!("{} (lost)", says(reply)),
        Outcome::NeverArrived => "never arrived".to_owned(),
        Outcome::Hung(seconds) => format!("no end in {seconds} s"),
    }
}
