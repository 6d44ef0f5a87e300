//! Whose money a client was shown: rows hold names for ids by now, `$budi` and `$budi_job`.

use super::offence::Offence;
use crate::history::{Answer, Boundary, Names, Trespassed};

/// Fewer digits than this occur by chance.
const DIGITS: usize = 3;

/// Another's money in what a client was shown.
pub(super) fn shown(boundary: &Boundary, trespassed: &Trespassed) -> Option<Offence> {
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
                    looks_only: true,
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
