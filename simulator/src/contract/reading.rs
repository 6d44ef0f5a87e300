//! Reads what a sweep, a balance, or rows came back with.

use super::answer::{Answer, Place};
use super::ledger::Shared;
use super::operation::{Mapping, Returns};
use super::step::Step;
use crate::target::{Balance, Credits, Entry, JobId, Operation, Reply};
use serde_json::Value;

impl Shared {
    /// Reads the values of a sweep, a balance, or rows.
    pub(super) fn read(
        &self,
        mapping: &Mapping,
        step: &Step,
        answer: &Answer,
    ) -> Result<Reply, String> {
        match (&mapping.returns, mapping.operation) {
            (Returns::Jobs, _) => self.jobs(step, answer).map(Reply::Sweep),
            (Returns::Count, _) => count(step, answer).map(Reply::Swept),
            (Returns::Values(places), Operation::Balance) => {
                self.balance(places, step, answer).map(Reply::Balance)
            }
            (Returns::Values(places), _) => self.entries(places, step, answer).map(Reply::Entries),
            (Returns::Replies, _) => Err("it returns nothing to read".to_owned()),
        }
    }

    fn jobs(&self, step: &Step, answer: &Answer) -> Result<Vec<JobId>, String> {
        if answer.rows.is_empty() && answer.affected > 0 && step.sql.verb != "select" {
            return Err(
                "it refunded and doesn't say what; add `returning` with the job, or say \
                        returns = \"count\""
                    .to_owned(),
            );
        }
        let mut jobs = Vec::new();
        for row in 0..answer.rows.len() {
            let Some(value) = step.place.find(answer, row)? else {
                continue;
            };
            jobs.extend(ids_in(&value).iter().map(|id| self.memory.named(id)));
        }
        Ok(jobs)
    }

    fn credits(&self, what: &str, value: Option<&str>) -> Result<Credits, String> {
        let Some(value) = value else {
            return Ok(Credits::ZERO);
        };
        let read = self.contract.scale.read(value);
        read.map(Credits::new).ok_or_else(|| {
            format!(
                "{what} is `{value}`; expected a number with at most {} decimals, which is what \
                 `policy.credit_scale` says",
                self.contract.scale.0
            )
        })
    }

    /// What an account has; one without a row has nothing.
    fn balance(
        &self,
        places: &[(&'static str, Place)],
        step: &Step,
        answer: &Answer,
    ) -> Result<Balance, String> {
        let named = |name: &str| places_of(places, name, step, answer);
        let value = |name: &str| -> Result<Option<Credits>, String> {
            let Some(place) = named(name) else {
                return Ok(None);
            };
            if answer.rows.is_empty() {
                return Ok(Some(Credits::ZERO));
            }
            let value = place.find(answer, 0)?;
            self.credits(name, value.as_deref()).map(Some)
        };
        let first = || step.place.find(answer, 0);
        let spendable = match value("spendable")? {
            Some(credits) => credits,
            None if answer.rows.is_empty() => Credits::ZERO,
            None => self.credits("spendable", first()?.as_deref())?,
        };
        Ok(Balance {
            spendable,
            held: value("held")?,
            owed: value("owed")?,
        })
    }

    fn entries(
        &self,
        places: &[(&'static str, Place)],
        step: &Step,
        answer: &Answer,
    ) -> Result<Vec<Entry>, String> {
        let mut entries = Vec::new();
        let has_names = !places.is_empty() || answer.columns.iter().any(|it| it == "delta");
        for (row, values) in answer.rows.iter().enumerate() {
            let value = |name: &str, place: usize| -> Result<Option<String>, String> {
                if has_names {
                    let found = places_of(places, name, step, answer);
                    found.map_or(Ok(None), |place| place.find(answer, row))
                } else {
                    Ok(values.get(place).cloned().flatten())
                }
            };
            let job = value("job", 2)?.filter(|job| !job.is_empty());
            entries.push(Entry {
                delta: self.credits("delta", value("delta", 0)?.as_deref())?,
                kind: value("kind", 1)?.unwrap_or_default(),
                job: job.map(|job| self.memory.named(&job)),
            });
        }
        Ok(entries)
    }
}

/// Where a value is: as the file says, else in the column of that name if there is one.
fn places_of(
    places: &[(&'static str, Place)],
    name: &str,
    step: &Step,
    answer: &Answer,
) -> Option<Place> {
    if places.is_empty() {
        let found = answer.columns.iter().any(|it| it == name);
        return found.then(|| Place {
            column: Some(name.to_owned()),
            at: None,
        });
    }
    let place = places.iter().find(|(it, _)| *it == name);
    place.map(|(_, place)| match place {
        Place {
            column: None,
            at: None,
        } => step.place.clone(),
        place => place.or_inside(&step.place),
    })
}

fn count(step: &Step, answer: &Answer) -> Result<u64, String> {
    if answer.rows.is_empty() {
        return Ok(answer.affected);
    }
    match step.place.find(answer, 0)? {
        None => Ok(0),
        Some(value) => value
            .trim()
            .parse()
            .map_err(|_| format!("it returned `{value}`; expected how many jobs it refunded")),
    }
}

/// The ids in a value: one, or those of a JSON or PostgreSQL array.
fn ids_in(value: &str) -> Vec<String> {
    if let Ok(Value::Array(values)) = serde_json::from_str(value) {
        let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
        return values.iter().map(text).collect();
    }
    let inner = value.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    let each = inner.unwrap_or(value).split(',');
    let ids = each.map(|id| id.trim().trim_matches('"').to_owned());
    ids.filter(|id| !id.is_empty() && id != "NULL").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_alone_and_in_arrays() {
        assert_eq!(ids_in("a-1"), ["a-1"]);
        assert_eq!(ids_in(r#"["a", 2]"#), ["a", "2"]);
        assert_eq!(ids_in(r#"{a,"b c"}"#), ["a", "b c"]);
        assert_eq!(ids_in("{}"), [""; 0]);
        assert_eq!(ids_in(""), [""; 0]);
    }
}
