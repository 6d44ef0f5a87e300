//! A counterexample as lines that a stranger understands: what was done, on which instance,
//! what came back, and what the account had then.

use crate::history::{History, Move, Names, Outcome, Request, What, says};
use crate::invariant::Breach;
use crate::storm::{Fault, Moment, Strike};
use crate::target::{Balance, Call};
use serde::Serialize;

/// One line of a counterexample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Counted from 1.
    pub step: usize,
    /// Virtual seconds since the storm began.
    pub at: u32,
    /// On which instance, `A` or `B`; `null` where no request was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<char>,
    /// What was done.
    pub what: String,
    /// What came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// What the account in question could spend then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spendable: Option<i64>,
    /// Whether this is where it went wrong.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wrong: bool,
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
            instance: None,
            what: String::new(),
            reply: None,
            spendable: None,
            wrong: place == wrong,
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
            What::Duel { requests, moves } => {
                lines.extend(duel(
                    happening.at,
                    lines.len(),
                    requests,
                    moves,
                    place == wrong,
                ));
                continue;
            }
            What::Struck {
                instance,
                strike,
                sql,
            } => {
                line.instance = Some(Names::instance(*instance));
                line.what = struck(*strike, sql);
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
    lines
}

/// A duel's lines: who asks for what, each statement in the order in which they moved, and what
/// each was told.
fn duel(at: u32, from: usize, requests: &[Request], moves: &[Move], wrong: bool) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut add = |instance: usize, what: String, reply: Option<String>, wrong: bool| {
        lines.push(Line {
            step: from + lines.len() + 1,
            at,
            instance: Some(Names::instance(instance)),
            what,
            reply,
            spendable: None,
            wrong,
        });
    };
    for (actor, request) in requests.iter().enumerate() {
        add(actor, format!("begins: {}", request.said), None, false);
    }
    for step in moves {
        let said = (!step.said.is_empty()).then(|| shortened(&step.said, 22));
        add(
            step.actor,
            format!("  {}", shortened(&step.sql, 46)),
            said,
            false,
        );
    }
    for (actor, request) in requests.iter().enumerate() {
        let last = actor + 1 == requests.len();
        let said = heard(&request.outcome);
        add(
            actor,
            format!("ends: {}", request.said),
            Some(said),
            wrong && last,
        );
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
    let sql = shortened(sql, 46);
    match strike.moment {
        Moment::Before(_) => format!("{what} before: {sql}"),
        Moment::After(_) => format!("{what} after: {sql}"),
        Moment::Replied => format!("{what} right after its reply"),
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{kept}…")
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
