//! `[policy]`: the choices that a ledger declares.

use super::literal::{MOST_DECIMALS, Scale};
use super::source::{Read, Table};
use crate::target::{
    Applies, ChargeWhat, Clawback, Credits, EntriesSum, LateSuccess, Policy, Renewal, RetryAnswer,
    Shortfall,
};

const KEYS: [&str; 13] = [
    "late_success",
    "clawback",
    "retry_answer",
    "partial_charge",
    "entries_sum",
    "overcharge",
    "overdraft",
    "shortfall",
    "renewal",
    "charge",
    "min_cost",
    "applies",
    "credit_scale",
];

/// Reads the section; what isn't there isn't declared.
pub(super) fn read(table: Option<&Table<'_>>) -> Read<(Policy, Scale)> {
    let Some(table) = table else {
        return Ok((Policy::default(), Scale(0)));
    };
    table.only(&KEYS)?;
    fn word<T: Copy>(table: &Table<'_>, key: &str, words: &[(&str, T)]) -> Read<Option<T>> {
        table.get(key).map(|node| node.one_of(words)).transpose()
    }
    let allowed = [("allowed", true), ("refused", false)];
    let scale = match table.get("credit_scale") {
        None => Scale(0),
        Some(node) => {
            let decimals = u32::try_from(node.count()?).unwrap_or(u32::MAX);
            if decimals > MOST_DECIMALS {
                return Err(node.error(format!(
                    "`{}` is {decimals}; expected at most {MOST_DECIMALS} decimals",
                    node.name
                )));
            }
            Scale(decimals)
        }
    };
    let min_cost = match table.get("min_cost") {
        None => None,
        Some(node) => {
            let written = node.number()?;
            let cost = scale.read(written).filter(|cost| *cost >= 0);
            Some(Credits::new(cost.ok_or_else(|| {
                node.error(format!(
                    "`{}` is {written}; expected credits with at most {} decimals",
                    node.name, scale.0
                ))
            })?))
        }
    };
    let policy = Policy {
        late_success: word(
            table,
            "late_success",
            &[
                ("reject", LateSuccess::Reject),
                ("recollect", LateSuccess::Recollect),
            ],
        )?,
        clawback: word(
            table,
            "clawback",
            &[
                ("owed", Clawback::Owed),
                ("negative", Clawback::Negative),
                ("floor", Clawback::Floor),
                ("none", Clawback::None),
            ],
        )?,
        retry_answer: word(
            table,
            "retry_answer",
            &[("now", RetryAnswer::Now), ("first", RetryAnswer::First)],
        )?,
        partial_charge: table
            .get("partial_charge")
            .map(|it| it.flag())
            .transpose()?,
        entries_sum: word(
            table,
            "entries_sum",
            &[
                ("spendable", EntriesSum::Spendable),
                ("with_holds", EntriesSum::WithHolds),
            ],
        )?,
        overcharge: word(table, "overcharge", &allowed)?.unwrap_or(false),
        overdraft: word(table, "overdraft", &allowed)?.unwrap_or(false),
        shortfall: word(
            table,
            "shortfall",
            &[
                ("refuse", Shortfall::Refuse),
                ("partial", Shortfall::Partial),
            ],
        )?,
        renewal: word(
            table,
            "renewal",
            &[("add", Renewal::Add), ("reset", Renewal::Reset)],
        )?,
        charge: word(
            table,
            "charge",
            &[("cost", ChargeWhat::Cost), ("whole", ChargeWhat::Whole)],
        )?,
        min_cost,
        applies: word(
            table,
            "applies",
            &[("at-2xx", Applies::AtSuccess), ("later", Applies::Later)],
        )?,
    };
    Ok((policy, scale))
}
