//! An attempt of a client's as lines: who it is to the database, what it typed, what it got.

use super::lane::Line;
use crate::history::{Answer, Names, Trespassed};
use crate::invariant::Breach;

/// The lines of one attempt, from step `from + 1` on. `$ana` stands for ana's id.
pub(super) fn lines(
    at: u32,
    from: usize,
    trespassed: &Trespassed,
    breach: Option<&Breach>,
) -> Vec<Line> {
    let who = trespassed.trespass.account.map(Names::account);
    let role = &trespassed.trespass.role;
    let mut said = vec![match who {
        Some(who) => format!("a client is {who}, with the role {role}"),
        None => format!("a client is a visitor, with the role {role}"),
    }];
    said.extend(
        trespassed
            .session
            .iter()
            .map(|it| format!("  its API: {it}")),
    );
    said.extend(
        trespassed
            .trespass
            .typed
            .iter()
            .map(|it| format!("  it: {it}")),
    );
    let last = said.len() - 1;
    let spendable = breach
        .and_then(|breach| breach.account)
        .and_then(|account| {
            let effect = trespassed.effect.as_ref()?;
            let balance = effect.with.get(account)?.balance.as_ref().ok()?;
            Some(balance.spendable.get())
        });
    said.into_iter()
        .enumerate()
        .map(|(place, what)| Line {
            step: from + place + 1,
            at,
            what,
            reply: (place == last).then(|| answered(&trespassed.answer)),
            spendable: spendable.filter(|_| place == last),
            wrong: breach.is_some() && place == last,
            ..Line::default()
        })
        .collect()
}

fn answered(answer: &Answer) -> String {
    match answer {
        Answer::Rows(rows) if rows.is_empty() => "done".to_owned(),
        Answer::Rows(rows) if rows.len() == 1 => "1 row".to_owned(),
        Answer::Rows(rows) => format!("{} rows", rows.len()),
        Answer::Refused(why) => format!("refused: {why}"),
        Answer::CutShort(why) => format!("cut short: {why}"),
        Answer::Nothing => "there is no such thing".to_owned(),
    }
}
