//! Reading tables, views and materialised views: whatever is shown.

use super::catalogue::Relation;
use super::{Attacker, literal, quoted};
use crate::storm::{Fault, Trespass};
use crate::target::Reach;

/// As many rows as a page would show.
const PAGE: &str = "limit 1000";

impl Attacker<'_> {
    pub(super) fn reads(&self) -> Vec<Trespass> {
        let mut attempts = Vec::new();
        for relation in &self.catalogue.relations {
            for typed in reads_of(relation) {
                // Whoever can type SQL can say who they are, where a setting tells it.
                if self.reach == Reach::Sql && self.client.is_signed_in() && relation.may.select {
                    let mut claimed = self.claims_of_budi();
                    claimed.push(typed.clone());
                    attempts.push(self.attempt(Fault::ForeignRead, claimed));
                }
                attempts.push(self.attempt(Fault::ForeignRead, vec![typed]));
            }
        }
        attempts
    }
}

fn reads_of(relation: &Relation) -> Vec<String> {
    let shown: Vec<_> = relation.columns.iter().filter(|it| it.select).collect();
    let what = if shown.is_empty() || shown.len() == relation.columns.len() {
        "*".to_owned()
    } else {
        let names: Vec<_> = shown.iter().map(|it| quoted(&it.name)).collect();
        names.join(", ")
    };
    let table = relation.path();
    let mut typed = vec![format!("select {what} from {table} {PAGE}")];
    if let Some(key) = relation.key()
        && key.select
    {
        let (key, budi) = (quoted(&key.name), literal("$budi"));
        typed.push(format!(
            "select {what} from {table} where {key} = {budi} {PAGE}"
        ));
    }
    typed
}
