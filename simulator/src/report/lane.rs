//! A counterexample as lines that a stranger understands: what was done, on which instance,
//! what came back, and what the account had then.

use super::plain;
use super::trespass;
use crate::history::{History, Move, Names, Outcome, Request, What, says};
use crate::invariant::Breach;
use crate::storm::{Fault, Moment, Strike};
use crate::target::{Balance, Reply};
use serde::Serialize;

/// One line of a counterexample.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Counted from 1.
    pub step: usize,
    /// Virtual seconds since the storm began.
    pub at: u32,
    /// On which instance, `A` or `B`, and in a duel whose: the first call's, the second's, and on.
    /// `null` where no request was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<char>,
    /// Whether it is a mark on a lane of a duel, where several calls run inside one another.
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
                // The calm's sweeps that find nothing belong to the story only where a hold is stuck.
                let idle = calm
                    && !is_wrong(place)
                    && breach.is_none_or(|breach| breach.cause.is_some())
                    && finds_nothing(request);
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
            // The duel's own lines tell when.
            What::Struck { strike, .. } if strike.moment.waits() => continue,
            What::Struck {
                instance,
                strike,
                sql,
                ..
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
            What::Trespass(trespassed) => {
                lines.extend(trespass::lines(
                    happening.at,
                    lines.len(),
                    trespassed,
                    breach,
                ));
                continue;
            }
            What::Swept | What::Boundary(_) => continue,
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

/// What a move says that is the beginning of its call.
const STARTS: &str = "(starts)";

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
    let begins = |actor: usize| {
        let Some(request) = requests.get(actor) else {
            return mark(actor, "begins".to_owned());
        };
        // With more calls than instances the letter doesn't say where it runs.
        let on = if request.instance % 2 == actor {
            String::new()
        } else {
            format!(" (on instance {})", Names::instance(request.instance))
        };
        mark(actor, format!("begins: {}{on}", request.said))
    };
    let starts = |actor: usize| moves.iter().any(|it| it.actor == actor && it.sql == STARTS);
    for actor in (0..requests.len()).filter(|actor| !starts(*actor)) {
        lines.push(begins(actor));
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
        let inside = step.sql.strip_prefix("· ");
        lines.push(match (does, inside) {
            _ if step.sql == STARTS => begins(step.actor),
            _ if step.sql.is_empty() => mark(step.actor, plain::came(&step.said)),
            // The call's own SQL stands where it began.
            (_, Some(write)) => Line {
                reply,
                ..mark(step.actor, format!("inside the call: {write}"))
            },
            (Some(does), None) => Line {
                // What its plain words say in full needs no SQL.
                sql: Some(step.sql.clone()).filter(|sql| sql.contains(' ')),
                reply,
                ..mark(step.actor, does)
            },
            (None, None) => Line {
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
        Fault::Api429 => "  is told 429 by Stripe",
        Fault::Api500 => "  is told 500 by Stripe",
        Fault::ApiTimeout => "  never hears Stripe's answer",
        Fault::IdempotencyConflict => "  is told 409 by Stripe",
        _ => "  dies",
    };
    if strike.fault.needs_questions() {
        let done = match strike.moment {
            Moment::After(_) => ", and it was done",
            _ => "",
        };
        return format!("{what}{done}: {sql}");
    }
    let sql = plain::does(sql).unwrap_or_else(|| sql.to_owned());
    match strike.moment {
        Moment::Before(_) => format!("{what} before: {sql}"),
        Moment::After(_) => format!("{what} after: {sql}"),
        Moment::Replied => format!("{what} right after its reply"),
        Moment::WaitingUnnoticed | Moment::WaitingNoticed => {
            format!("{what} while it waits: {sql}")
        }
    }
}

/// Whether it is a sweep that moved nothing, as far as it says.
fn finds_nothing(request: &Request) -> bool {
    match request.outcome.heard() {
        Some(Reply::Sweep(jobs)) => jobs.is_empty(),
        Some(Reply::Swept(count)) => *count == 0,
        _ => false,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Happening, Span};
    use crate::model::Deed;
    use crate::target::{Call, JobId, LedgerError, Policy, Reserve};

    fn request(instance: usize, said: &str, reply: Reply) -> Request {
        let job = JobId::new("j");
        Request {
            account: Some(0),
            instance,
            call: Call::Refund { job: job.clone() },
            deed: Deed::Refund { job },
            said: said.to_owned(),
            attempt: 1,
            outcome: Outcome::Replied(reply),
        }
    }

    fn step(actor: usize, sql: &str, said: &str) -> Move {
        Move {
            actor,
            sql: sql.to_owned(),
            said: said.to_owned(),
            number: 0,
        }
    }

    #[test]
    fn three_calls_are_three_lanes_with_gates_waits_a_victim_and_late_starts() {
        let victim = "deadlock detected";
        let requests = vec![
            request(0, "reserve", Reply::Reserve(Reserve::Reserved)),
            request(1, "charge", Reply::Error(LedgerError::failed(victim))),
            request(
                0,
                "refund",
                Reply::Error(LedgerError::Again("busy".to_owned())),
            ),
        ];
        let moves = vec![
            step(0, "select reserve($1)", ""),
            step(0, "· update wallets", ""),
            step(1, "update jobs set x = 1", "waits for A"),
            step(2, "(starts)", ""),
            step(2, "vacuum", ""),
            step(1, "", "PostgreSQL picks B: 40P01"),
            step(1, "rollback", "ROLLBACK"),
            step(0, "", "wakes: SELECT 1"),
        ];
        let spans = vec![Span::default(); 3];
        let history = History {
            parties: Vec::new(),
            offers: std::collections::BTreeSet::default(),
            policy: Policy::default(),
            happenings: vec![Happening {
                at: 30,
                what: What::Duel {
                    requests,
                    spans,
                    moves,
                },
            }],
        };
        let breach = Breach {
            account: None,
            place: 0,
            cause: Some(0),
            nth: Some(1),
            wrong: "the reply".to_owned(),
            wanted: Some("`charged`".to_owned()),
        };
        let told: Vec<String> = lines(&history, Some(&breach))
            .iter()
            .map(|line| {
                let lane = line.instance.unwrap_or(' ');
                let reply = line.reply.as_deref().unwrap_or("-");
                let wanted = line.wanted.as_deref().unwrap_or("");
                format!("{lane} {} | {reply} {wanted}", line.what)
            })
            .collect();
        assert_eq!(
            told,
            [
                "A begins: reserve | - ",
                "B begins: charge | - ",
                "A calls reserve | - ",
                "A inside the call: update wallets | - ",
                "B changes jobs | waits for A ",
                "C begins: refund (on instance A) | - ",
                "C vacuum | - ",
                "C is told | again ",
                "B PostgreSQL picks B: 40P01 | - ",
                "B takes it all back | taken back ",
                "B is told | error: deadlock detected `charged`",
                "A wakes: 1 row | - ",
                "A is told | reserved ",
            ]
        );
        assert!(lines(&history, None).iter().all(|line| !line.wrong));
    }
}
