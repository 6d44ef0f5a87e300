//! **Claim.** A client role can raise no balance (its own neither), lower no other's, and read
//! only its own, by table, function, view, search path, or temporary-table shadowing.
//!
//! **For a founder.** A customer with a browser's console can't give themselves credits.
//!
//! **Judged from** attempts: once a run, clients of the roles that the ledger declares write its
//! tables, call its functions, put tables of their own in the way of both, and read whatever
//! shows rows, each in a transaction that is undone. What they may do isn't judged, but what it
//! does: the ledger's own balances and rows with the attempt and without it, as whom a client's
//! own code ran, and whether what was shown is another's money: a job, a sale or a figure of
//! theirs. To be told that an account exists is none. A client may spend and hold its own.
//!
//! **It cannot see** anything where no client role is declared, or none is in the database. It
//! guesses arguments by name and type, a bounded number of them, and makes one attempt at a time:
//! what takes two steps stays hidden. Figures of fewer than three digits prove nothing.

use super::{Breach, Evidence, Finding};
use crate::history::{Answer, Boundary, Effect, Names, Reading, Trespassed, What};
use crate::target::{Balance, Entry};

pub(super) const CLAIM: &str =
    "a client role can raise no balance, lower no other's, and read only its own";
pub(super) const MEANING: &str =
    "a customer with a browser's console can't give themselves credits";

/// Fewer digits than this occur by chance.
const DIGITS: usize = 3;

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    let happenings = &evidence.history.happenings;
    let visit = happenings.iter().find_map(|it| match &it.what {
        What::Boundary(boundary) => Some(boundary),
        _ => None,
    });
    let Some(boundary) = visit else {
        return Finding::Unchecked;
    };
    let mut attempts = 0;
    for (place, happening) in happenings.iter().enumerate() {
        let What::Trespass(trespassed) = &happening.what else {
            continue;
        };
        attempts += 1;
        if let Some(offence) = offence(boundary, trespassed) {
            return Finding::Broken(Breach {
                account: Some(offence.account),
                place,
                cause: None,
                wrong: offence.wrong,
            });
        }
    }
    let told = boundary.stands.iter().any(|it| it.reading.balance.is_ok());
    if boundary.unfinished.is_some() {
        Finding::Unknown
    } else if attempts > 0 && told {
        Finding::Held
    } else {
        Finding::Unchecked
    }
}

/// What an attempt did that no client may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offence {
    /// Whose money it is about.
    pub(crate) account: usize,
    /// What is wrong, and what it could have been.
    pub(crate) wrong: String,
}

/// What is wrong with what came of an attempt, if anything is.
pub(crate) fn offence(boundary: &Boundary, trespassed: &Trespassed) -> Option<Offence> {
    ran(trespassed)
        .or_else(|| moved(trespassed))
        .or_else(|| shown(boundary, trespassed))
}

fn ran(trespassed: &Trespassed) -> Option<Offence> {
    let ran_as = trespassed.ran_as.as_ref()?;
    Some(Offence {
        account: trespassed.trespass.account.unwrap_or(0),
        wrong: format!(
            "code of the client's own ran as `{ran_as}`, wanted `{}`",
            trespassed.trespass.role
        ),
    })
}

fn moved(trespassed: &Trespassed) -> Option<Offence> {
    let Effect { without, with } = trespassed.effect.as_ref()?;
    let readings = without.iter().zip(with).enumerate();
    readings
        .filter_map(|(account, (without, with))| {
            let own = trespassed.trespass.account == Some(account);
            let wrong = raised_or_lowered(account, own, without, with)
                .or_else(|| rewritten(account, own, without, with))?;
            Some(Offence { account, wrong })
        })
        .next()
}

fn raised_or_lowered(
    account: usize,
    own: bool,
    without: &Reading,
    with: &Reading,
) -> Option<String> {
    let name = Names::account(account);
    let before = without.balance.as_ref().ok()?;
    let after = match &with.balance {
        Ok(after) => after,
        // Whose own account is gone has lowered what is theirs.
        Err(_) if own => return None,
        Err(why) => return Some(format!("{name}'s balance can't be read any more: {why}")),
    };
    let (had, has) = (net(before), net(after));
    let (worth, is_worth) = (had + held(before), has + held(after));
    if has > had || !own && has < had {
        let at_most = if own { " at most" } else { "" };
        return Some(format!(
            "{name}'s spendable{} is {}, wanted{at_most} {}",
            less_owed(before, after),
            has,
            had
        ));
    }
    (is_worth > worth || !own && is_worth < worth).then(|| {
        format!(
            "{name}'s spendable and held are {is_worth} together, wanted{} {worth}",
            if own { " at most" } else { "" }
        )
    })
}

/// What an account could spend once its debt is paid.
fn net(balance: &Balance) -> i128 {
    i128::from(balance.spendable.get()) - balance.owed.map_or(0, |owed| i128::from(owed.get()))
}

fn held(balance: &Balance) -> i128 {
    balance.held.map_or(0, |held| i128::from(held.get()))
}

fn less_owed(before: &Balance, after: &Balance) -> &'static str {
    let owes = |balance: &Balance| balance.owed.is_some_and(|owed| owed.get() != 0);
    if owes(before) || owes(after) {
        " less what is owed"
    } else {
        ""
    }
}

/// A history that is another now: a client may at most have added what it spent.
fn rewritten(account: usize, own: bool, without: &Reading, with: &Reading) -> Option<String> {
    let name = Names::account(account);
    let (before, after) = (without.rows.as_deref()?, with.rows.as_deref()?);
    if let Some(gone) = more(before, after).first() {
        return Some(format!(
            "a row of {name} is gone or changed: {} {}",
            gone.kind, gone.delta
        ));
    }
    let added = more(after, before);
    let credit: i128 = added.iter().map(|row| i128::from(row.delta.get())).sum();
    added.first().filter(|_| !own || credit > 0).map(|row| {
        format!(
            "a row that nobody may write is {name}'s: {} {}",
            row.kind, row.delta
        )
    })
}

/// The rows of `these` that `those` has fewer times.
fn more(these: &[Entry], those: &[Entry]) -> Vec<Entry> {
    let mut left = those.to_vec();
    let mut more = Vec::new();
    for row in these {
        match left.iter().position(|other| other == row) {
            Some(place) => {
                left.swap_remove(place);
            }
            None => more.push(row.clone()),
        }
    }
    more
}

/// Another's money in what a client was shown.
fn shown(boundary: &Boundary, trespassed: &Trespassed) -> Option<Offence> {
    let Answer::Rows(rows) = &trespassed.answer else {
        return None;
    };
    let typed = trespassed.trespass.typed.join("\n");
    for (account, stand) in boundary.stands.iter().enumerate() {
        if trespassed.trespass.account == Some(account) {
            continue;
        }
        let figures = figures(boundary, account);
        let asked = mentions(&typed, stand.name);
        for row in rows {
            let about = asked || row.iter().any(|cell| mentions(cell, stand.name));
            let mark = row.iter().find_map(|cell| mark(cell, stand.name, &typed));
            let figure = || {
                let numbers = row.iter().flat_map(|cell| numbers(cell));
                numbers.filter(|_| about).find(|it| figures.contains(it))
            };
            if let Some(what) = mark.or_else(figure) {
                let name = Names::account(account);
                return Some(Offence {
                    account,
                    wrong: format!("a client was shown {what} of {name}'s, wanted nothing"),
                });
            }
        }
    }
    None
}

/// Figures that only this account's money has, by their digits.
fn figures(boundary: &Boundary, account: usize) -> Vec<String> {
    let of = |place: usize| -> Vec<String> {
        let balance = boundary.stands[place].reading.balance.as_ref();
        let figures = balance.map_or_else(
            |_| Vec::new(),
            |it| vec![Some(it.spendable), it.held, it.owed],
        );
        let figures = figures.into_iter().flatten();
        figures.map(|it| digits(&it.to_string())).collect()
    };
    let others = (0..boundary.stands.len()).filter(|place| *place != account);
    let others: Vec<String> = others.flat_map(of).collect();
    let mut own = of(account);
    own.retain(|figure| figure.len() >= DIGITS && !others.contains(figure));
    own
}

/// Whether a text names an account or what hangs on it.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let next = text[at + name.len()..].chars().next();
        !next.is_some_and(char::is_alphanumeric)
    })
}

/// A job, a sale or a customer of the account's that the client didn't name itself.
fn mark(cell: &str, name: &str, typed: &str) -> Option<String> {
    let places = cell.match_indices(name);
    let words = places.map(|(at, _)| {
        let word = cell[at..].chars().enumerate();
        word.take_while(|(place, it)| *place == 0 || it.is_alphanumeric() || *it == '_')
            .map(|(_, letter)| letter)
            .collect::<String>()
    });
    words
        .filter(|word| word.starts_with(&format!("{name}_")))
        .find(|word| !typed.contains(word.as_str()))
}

/// The numbers that stand alone in a text, by their digits; parts of dates and ids don't.
fn numbers(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|it: char| it.is_whitespace() || ",()[]{}\"'=".contains(it));
    // In JSON a number follows a colon; in a time of day another colon follows it.
    let words = words.filter(|word| word.matches(':').count() < 2);
    words
        .map(|word| word.rsplit(':').next().unwrap_or(word))
        .filter(|word| {
            let number = word.trim_start_matches(['-', '+']);
            number.starts_with(|it: char| it.is_ascii_digit())
                && number.chars().all(|it| it.is_ascii_digit() || it == '.')
        })
        .map(digits)
}

/// A number's digits that matter, whatever its sign and scale: 135 is 135.00 and 1350.
fn digits(number: &str) -> String {
    let all: String = number.chars().filter(char::is_ascii_digit).collect();
    all.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::{Fault, Trespass};
    use crate::target::Credits;

    fn reading(spendable: i64, held: i64, rows: &[i64]) -> Reading {
        let row = |delta: &i64| Entry {
            delta: Credits::new(*delta),
            kind: "grant".to_owned(),
            job: None,
        };
        Reading {
            balance: Ok(Balance {
                spendable: Credits::new(spendable),
                held: Some(Credits::new(held)),
                owed: None,
            }),
            rows: Some(rows.iter().map(row).collect()),
        }
    }

    fn before() -> Vec<Reading> {
        vec![reading(114, 12, &[133]), reading(135, 131, &[266])]
    }

    fn boundary() -> Boundary {
        let names = ["$ana", "$budi"].into_iter().zip(before());
        Boundary {
            stands: names
                .map(|(name, reading)| crate::history::Stand { name, reading })
                .collect(),
            closed: None,
            unfinished: None,
        }
    }

    fn told(typed: &str, rows: &[&[&str]]) -> Trespassed {
        let row = |row: &&[&str]| row.iter().map(ToString::to_string).collect();
        Trespassed {
            trespass: Trespass {
                fault: Fault::FunctionCall,
                role: "authenticated".to_owned(),
                account: Some(0),
                typed: vec![typed.to_owned()],
            },
            session: Vec::new(),
            answer: Answer::Rows(rows.iter().map(row).collect()),
            ran_as: None,
            effect: None,
        }
    }

    fn after(with: [Reading; 2]) -> Option<String> {
        let mut trespassed = told("", &[]);
        trespassed.effect = Some(Effect {
            without: before(),
            with: with.to_vec(),
        });
        offence(&boundary(), &trespassed).map(|it| it.wrong)
    }

    #[test]
    fn a_client_may_spend_and_hold_its_own_and_nothing_else() {
        let [ana, budi] = [before()[0].clone(), before()[1].clone()];
        let same = |ana: &Reading| after([ana.clone(), budi.clone()]);
        assert_eq!(same(&ana), None);
        assert_eq!(same(&reading(100, 26, &[133, -14])), None, "it holds more");
        assert_eq!(same(&reading(14, 12, &[133])), None, "it gives some away");
        let raised = same(&reading(126, 0, &[133])).unwrap();
        assert_eq!(raised, "ana's spendable is 126, wanted at most 114");
        assert!(
            same(&reading(114, 112, &[133])).is_some(),
            "held for nothing"
        );
        assert!(same(&reading(114, 12, &[])).is_some(), "a row is gone");
        assert!(
            same(&reading(114, 12, &[133, 5])).is_some(),
            "a credit is made up"
        );
        for budi in [
            reading(134, 131, &[266]),
            reading(136, 131, &[266]),
            reading(135, 130, &[266]),
            reading(135, 131, &[266, 0]),
        ] {
            assert!(after([ana.clone(), budi.clone()]).is_some(), "{budi:?}");
        }
    }

    #[test]
    fn money_of_anothers_is_told_by_a_mark_or_by_a_figure_of_theirs() {
        let see = |typed: &str, row: &[&str]| {
            offence(&boundary(), &told(typed, &[row])).map(|it| it.wrong)
        };
        assert!(see("select 1", &["$budi", "135"]).is_some());
        assert!(see("select 1", &["($budi,135.00,x)"]).is_some());
        assert!(see("select 1", &[r#"{"of": "$budi", "has":1350}"#]).is_some());
        assert!(see("f('$budi')", &["131"]).is_some());
        assert!(see("select 1", &["x", "$budi_job"]).is_some());
        // Nobody's figure, one's own, a name, an echo, a date.
        for (typed, row) in [
            ("select 1", &["135"][..]),
            ("select 1", &["$budi", "114"]),
            ("select 1", &["$budi", "2"]),
            ("f('$budi_job')", &["$budi_job"]),
            ("f('$budi')", &["2026-11-24 13:5:135", "135-131", "1358"]),
            ("select 1", &["$ana", "114", "$ana_job"]),
        ] {
            assert_eq!(see(typed, row), None, "{typed} {row:?}");
        }
    }
}
