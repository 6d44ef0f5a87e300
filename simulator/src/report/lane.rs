//! A counterexample as lines that a stranger understands: what was done, on which instance,
//! what came back, and what the account had then.

use super::plain;
use crate::history::{History, Move, Names, Outcome, Request, What, says};
use crate::invariant::Breach;
use crate::storm::{Fault, Moment, Strike};
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

/// The lines from the first step to the breach.
#[must_use]
pub fn lines(history: &History, breach: &Breach) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let wrong = breach.cause.unwrap_or(breach.place);
    let mut calm = false;
    for (place, happening) in history.happenings.iter().enumerate() {
        if place > breach.place {
            break;
        }
        let mut line = Line {
            step: lines.len() + 1,
            at: happening.at,
            wrong: place == wrong,
            ..Line::default()
        };
        match &happening.what {
            What::Business { said, .. } => line.what.clone_from(said),
            What::Request(request) => {
                let concerns = breach.account.is_none()
                    || request.account.is_none()
                    || request.account == breach.account;
                // The calm's sweeps belong to the story only where a hold is stuck.
                let idle = calm
                    && place != wrong
                    && breach.cause.is_some()
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
                let liar = (place == wrong).then_some(breach.nth);
                let from = lines.len();
                lines.extend(duel(happening.at, from, requests, moves, liar));
                continue;
            }
            What::Struck {
                instance,
                strike,
                sql,
            } => {
                line.instance = Some(Names::instance(*instance));
                line.what = struck(*strike, sql);
                line.sql = Some(sql.clone()).filter(|sql| sql.contains(' '));
            }
            What::Crash { instance } => {
                line.instance = Some(Names::instance(*instance));
                let told = matches!(
                    place
                        .checked_sub(1)
                        .map(|last| &history.happenings[last].what),
                    Some(What::Struck { .. })
                );
                let what = if told {
                    "is started again"
                } else {
                    "dies and is started again"
                };
                what.clone_into(&mut line.what);
            }
            What::Travel { seconds } => {
                line.what = format!("the database's clock goes {} min forward", seconds / 60);
            }
            What::ServerCrash => {
                "PostgreSQL crashes and is started again".clone_into(&mut line.what);
            }
            What::GaveUp(request) => line.what = format!("nobody asks again: {}", request.said),
            What::Calm => {
                calm = true;
                continue;
            }
            What::Balance { account, read } => {
                if let (Some(last), Ok(balance)) = (lines.last_mut(), read)
                    && breach.account == Some(*account)
                {
                    last.spendable = Some(shown(balance));
                    last.wrong |= place == wrong;
                }
                continue;
            }
            What::Entries { .. } => {
                if let Some(last) = lines.last_mut() {
                    last.wrong |= place == wrong;
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
        line.wanted.clone_from(&breach.wanted);
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

/// What happened inside the request of the line above.
fn struck(strike: Strike, sql: &str) -> String {
    let what = match strike.fault {
        Fault::ConnectionDrop => "  loses its connection",
        Fault::CommitAckLost => "  loses the acknowledgement",
        Fault::SerializationFailure => "  fails with 40001",
        Fault::Deadlock => "  is a deadlock's victim",
        Fault::StatementTimeout => "  runs into a time-out",
        Fault::ServerCrash => "  meets the crash",
        _ => "  dies",
    };
    let sql = plain::does(sql).unwrap_or_else(|| sql.to_owned());
    match strike.moment {
        Moment::Before(_) => format!("{what} before: {sql}"),
        Moment::After(_) => format!("{what} after: {sql}"),
        Moment::Replied => format!("{what} right after its reply"),
    }
}

fn shown(balance: &Balance) -> i64 {
    balance.spendable.get()
}

fn heard(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Replied(reply) => says(reply),
        Outcome::ReplyLost(reply) => format!("{} (lost)", says(reply)),
        Outcome::NeverArrived => "never arrived".to_owned(),
        Outcome::Died => "no answer".to_owned(),
        Outcome::Hung(seconds) => format!("no end in {seconds} s"),
    }
}
