//! **Claim.** Spendable (by policy: with holds) equals the sum of its rows; as a multiset, rows
//! are only ever added.
//!
//! **For a founder.** Every balance can be explained, line by line, to the customer who asks.
//!
//! **Judged from** the rows read together with the balance while nothing is under way.
//! **It cannot see** a ledger that shows no rows.

use super::{Breach, Evidence, Finding};
use crate::history::{History, Names, What};
use crate::target::{Balance, EntriesSum, Entry, Operation};

pub(super) const CLAIM: &str = "spendable equals the sum of its rows, and rows are only ever added";
pub(super) const MEANING: &str =
    "every balance can be explained, line by line, to the customer who asks";

pub(super) fn judge(evidence: &Evidence<'_>) -> Finding {
    let history = evidence.history;
    if !history.offers(Operation::Entries) || !history.offers(Operation::Balance) {
        return Finding::Unchecked;
    }
    let readings = readings(history);
    if let Some(breach) = removed(history, &readings) {
        return Finding::Broken(breach);
    }
    let modes = history.policy.entries_sum.map_or_else(
        || vec![EntriesSum::Spendable, EntriesSum::WithHolds],
        |declared| vec![declared],
    );
    // The choice is one for the whole history: whichever of them holds longest is what it meant.
    let verdicts = modes
        .into_iter()
        .map(|mode| drifted(history, &readings, mode));
    match verdicts.min_by_key(|breach| breach.as_ref().map_or(0, |b| usize::MAX - b.place)) {
        Some(Some(breach)) => Finding::Broken(breach),
        _ if readings.is_empty() => Finding::Unchecked,
        _ => Finding::Held,
    }
}

/// A balance and the rows beside it, with the request before them.
struct Reading<'a> {
    account: usize,
    place: usize,
    cause: Option<usize>,
    balance: Balance,
    rows: &'a [Entry],
    /// No hold can be open: there are none, or the sweep has found nothing more.
    settled: bool,
}

fn readings(history: &History) -> Vec<Reading<'_>> {
    let mut balances: Vec<Option<Balance>> = vec![None; history.parties.len()];
    let mut cause = None;
    let mut settled = !history.offers(Operation::Reserve);
    let mut readings = Vec::new();
    for (place, happening) in history.happenings.iter().enumerate() {
        match &happening.what {
            What::Request(_) | What::Duel { .. } => {
                balances.fill(None);
                cause = Some(place);
            }
            What::Swept => settled = true,
            What::Balance { account, read } => balances[*account] = read.as_ref().ok().copied(),
            What::Entries {
                account,
                read: Ok(rows),
            } => {
                if let Some(balance) = balances[*account] {
                    readings.push(Reading {
                        account: *account,
                        place,
                        cause,
                        balance,
                        rows,
                        settled,
                    });
                }
            }
            _ => {}
        }
    }
    readings
}

/// The first reading whose rows don't sum to the balance, both counted from the opening.
fn drifted(history: &History, readings: &[Reading<'_>], mode: EntriesSum) -> Option<Breach> {
    // What a ledger doesn't tell of its holds is known only once none can be open.
    let figure = |balance: &Balance, settled: bool| match (mode, balance.held) {
        (EntriesSum::WithHolds, Some(held)) => {
            Some(i128::from(balance.spendable.get()) + i128::from(held.get()))
        }
        (EntriesSum::WithHolds, None) if !settled => None,
        _ => Some(i128::from(balance.spendable.get())),
    };
    readings.iter().find_map(|reading| {
        let party = &history.parties[reading.account];
        let opening = party.opening.and_then(|opening| figure(&opening, true));
        let opening = opening.unwrap_or(0);
        let opening_rows = party.rows.as_deref().map_or(0, sum);
        let shown = figure(&reading.balance, reading.settled)?;
        let balance = shown - opening;
        let rows = sum(reading.rows) - opening_rows;
        (balance != rows).then(|| Breach {
            account: Some(reading.account),
            place: reading.place,
            cause: reading.cause,
            nth: None,
            wanted: None,
            wrong: format!(
                "{}'s rows sum to {}, the balance says {shown}",
                Names::account(reading.account),
                rows + opening,
            ),
        })
    })
}

fn sum(rows: &[Entry]) -> i128 {
    rows.iter().map(|row| i128::from(row.delta.get())).sum()
}

/// The first reading that misses a row of an earlier one.
fn removed(history: &History, readings: &[Reading<'_>]) -> Option<Breach> {
    let mut seen: Vec<Vec<Entry>> = history
        .parties
        .iter()
        .map(|party| sorted(party.rows.as_deref().unwrap_or_default()))
        .collect();
    readings.iter().find_map(|reading| {
        let now = sorted(reading.rows);
        let gone = first_missing(&seen[reading.account], &now).cloned();
        seen[reading.account] = now;
        gone.map(|row| Breach {
            account: Some(reading.account),
            place: reading.place,
            cause: reading.cause,
            nth: None,
            wanted: None,
            wrong: format!(
                "a row of {} is gone or changed: {} {}",
                Names::account(reading.account),
                row.kind,
                row.delta
            ),
        })
    })
}

fn sorted(rows: &[Entry]) -> Vec<Entry> {
    let mut rows = rows.to_vec();
    rows.sort();
    rows
}

/// The first row of the sorted `before` that the sorted `after` has fewer times.
fn first_missing<'a>(before: &'a [Entry], after: &[Entry]) -> Option<&'a Entry> {
    let mut after = after.iter().peekable();
    before.iter().find(|row| {
        while after.next_if(|other| other < row).is_some() {}
        after.next_if(|other| other == row).is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Credits;
    use proptest::prelude::*;

    fn row(delta: i64) -> Entry {
        Entry {
            delta: Credits::new(delta),
            kind: "grant".to_owned(),
            job: None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rows_that_were_only_added_to_miss_none(
            before in prop::collection::vec(0..4i64, 0..8), more in prop::collection::vec(0..4i64, 0..8)
        ) {
            let rows = |deltas: &[i64]| sorted(&deltas.iter().copied().map(row).collect::<Vec<_>>());
            let after = rows(&[before.clone(), more].concat());
            let before = rows(&before);
            prop_assert_eq!(first_missing(&before, &after), None);
        }

        #[test]
        fn a_row_that_is_gone_is_missed(
            mut before in prop::collection::vec(0..4i64, 1..8), which in any::<prop::sample::Index>()
        ) {
            let rows = |deltas: &[i64]| sorted(&deltas.iter().copied().map(row).collect::<Vec<_>>());
            let full = rows(&before);
            let gone = before.remove(which.index(before.len()));
            let after = rows(&before);
            prop_assert_eq!(first_missing(&full, &after), Some(&row(gone)));
        }
    }
}
