//! What an attempt did that no client may: run code as somebody else, move money, change history,
//! or be shown another's.

use super::sight::shown;
use crate::history::{Boundary, Effect, Names, Reading, Trespassed};
use crate::target::{Balance, Entry};

/// What an attempt did that no client may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offence {
    /// Whose money it is about.
    pub(crate) account: usize,
    /// What is wrong, and what it could have been.
    pub(crate) wrong: String,
    /// Nothing moved: somebody was only shown something.
    pub(crate) looks_only: bool,
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
        looks_only: false,
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
            Some(Offence {
                account,
                wrong,
                looks_only: false,
            })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Answer;
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

    fn after(with: &[Reading; 2]) -> Option<String> {
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
        let same = |ana: &Reading| after(&[ana.clone(), budi.clone()]);
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
            assert!(after(&[ana.clone(), budi.clone()]).is_some(), "{budi:?}");
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
