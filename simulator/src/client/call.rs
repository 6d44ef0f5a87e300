//! Calling functions, with whatever their arguments' names and types suggest.

use super::catalogue::{Argument, Kind, Routine};
use super::guess;
use super::{Attacker, literal, quoted};
use crate::storm::{Fault, Trespass};
use crate::target::Reach;

/// How often one function is called at most, and at least, and all of them together.
const MOST: usize = 64;
const LEAST: usize = 8;
const TOGETHER: usize = 3_000;

impl Attacker<'_> {
    pub(super) fn calls(&self) -> Vec<Trespass> {
        // An API for tables and functions has no way to call a procedure.
        let routines = self.catalogue.routines.iter();
        let open = routines.clone().filter(|it| it.execute).count();
        let share = (TOGETHER / open.max(1)).clamp(LEAST, MOST);
        routines
            .filter(|routine| !routine.procedure || self.reach == Reach::Sql)
            .flat_map(|routine| {
                let most = if routine.execute { share } else { 1 };
                self.calls_of(routine, most)
            })
            .map(|typed| self.attempt(Fault::FunctionCall, vec![typed]))
            .collect()
    }

    /// Calls of one routine, the likeliest first: those that differ from the best guess in the
    /// least.
    pub(super) fn calls_of(&self, routine: &Routine, most: usize) -> Vec<String> {
        let choices: Vec<Vec<Option<String>>> = routine
            .arguments
            .iter()
            .map(|argument| self.choices(routine, argument))
            .collect();
        nearest(&choices, most)
            .into_iter()
            .map(|values| self.call(routine, &values))
            .collect()
    }

    /// What to try for an argument; `None` leaves it out.
    fn choices(&self, routine: &Routine, argument: &Argument) -> Vec<Option<String>> {
        let name = argument.name.as_deref().unwrap_or_default();
        let mut labels = argument.labels.clone();
        if argument.kind == Kind::Text && labels.is_empty() {
            labels = self.labels(routine, name);
        }
        let guesses = guess::arguments(name, argument.kind, &labels);
        let mut choices: Vec<_> = guesses.into_iter().map(Some).collect();
        if argument.optional {
            choices.push(None);
        }
        choices.push(Some("null".to_owned()));
        choices
    }

    /// The values of a column that the argument is named after, if the routine names them or the
    /// column lists them.
    fn labels(&self, routine: &Routine, name: &str) -> Vec<String> {
        let columns = self.catalogue.relations.iter().flat_map(|it| &it.columns);
        let named = |column: &str| {
            let rest = name.strip_suffix(column);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
        };
        let mut labels: Vec<String> = columns
            .filter(|column| !column.labels.is_empty() && named(&column.name))
            .flat_map(|column| column.labels.clone())
            .collect();
        labels.sort();
        labels.dedup();
        // Those that the routine itself speaks of are the likeliest.
        labels.sort_by_key(|label| !routine.body.contains(&literal(label)));
        labels
    }

    fn call(&self, routine: &Routine, values: &[Option<&String>]) -> String {
        let mut alike = self.catalogue.routines.iter();
        let same = |it: &&Routine| it.schema == routine.schema && it.name == routine.name;
        let overloaded = alike.by_ref().filter(same).count() > 1;
        let mut left_out = false;
        let mut given = Vec::new();
        for (argument, value) in routine.arguments.iter().zip(values) {
            let Some(value) = value else {
                left_out = true;
                continue;
            };
            let narrow = matches!(argument.sql.as_str(), "smallint" | "real");
            let value = if overloaded || narrow {
                format!("{}::{}", literal(value.trim_matches('\'')), argument.sql)
            } else {
                (*value).clone()
            };
            given.push(match &argument.name {
                Some(name) => format!("{} => {value}", quoted(name)),
                // Without a name only what stands last can be left out.
                None if left_out => continue,
                None => value,
            });
        }
        let call = format!("{}({})", routine.path(), given.join(", "));
        if routine.procedure {
            format!("call {call}")
        } else if routine.loose {
            format!("select {call} limit 1000")
        } else {
            format!("select * from {call} limit 1000")
        }
    }
}

/// Up to `most` picks of one choice each, by how far they are from all first ones.
fn nearest<T>(choices: &[Vec<Option<T>>], most: usize) -> Vec<Vec<Option<&T>>> {
    let farthest: usize = choices.iter().map(|it| it.len().saturating_sub(1)).sum();
    let mut picks = Vec::new();
    for distance in 0..=farthest {
        pick(choices, distance, &mut Vec::new(), most, &mut picks);
        if picks.len() >= most {
            break;
        }
    }
    picks
}

fn pick<'a, T>(
    choices: &'a [Vec<Option<T>>],
    distance: usize,
    so_far: &mut Vec<Option<&'a T>>,
    most: usize,
    picks: &mut Vec<Vec<Option<&'a T>>>,
) {
    let Some(here) = choices.get(so_far.len()) else {
        if distance == 0 && picks.len() < most {
            picks.push(so_far.clone());
        }
        return;
    };
    for (step, choice) in here.iter().enumerate().take(distance + 1) {
        if picks.len() >= most {
            return;
        }
        so_far.push(choice.as_ref());
        pick(choices, distance - step, so_far, most, picks);
        so_far.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_go_from_the_best_guess_outwards_each_once() {
        let choices = [vec![Some(0), Some(1), None], vec![Some(0), Some(1)]];
        let picks = nearest(&choices, 100);
        assert_eq!(picks.len(), 6);
        assert_eq!(picks[0], [Some(&0), Some(&0)]);
        assert_eq!(picks[5], [None, Some(&1)]);
        assert_eq!(nearest(&choices, 4).len(), 4);
        assert_eq!(nearest::<i32>(&[], 4).len(), 1, "no arguments, one call");
    }
}
