//! What a contract file leaves out, and so what its ledger can't be told.

use super::file::Contract;
use super::operation::Mapping;
use crate::target::{OfferKind, Operation, Renewal, SweepAge, Terms};
use std::collections::BTreeSet;
use std::time::Duration;

impl Contract {
    fn mapped(&self, operation: Operation) -> Option<&Mapping> {
        self.mappings.iter().find(|it| it.operation == operation)
    }

    /// On what terms its ledger can be called.
    pub(super) fn terms(&self) -> Terms {
        let reserve = self.mapped(Operation::Reserve);
        let charge = self.mapped(Operation::Charge);
        let grants: Vec<&Mapping> = self
            .mappings
            .iter()
            .filter(|it| it.operation == Operation::Grant)
            .collect();
        let sold = |kind| grants.iter().any(|it| it.facts.contains(&kind));
        let resets = self.policy.renewal == Some(Renewal::Reset);
        let plans = sold(OfferKind::Plan) && !resets;
        let keyless = self.keyless();
        let sweep = self.mapped(Operation::Sweep);
        let sweep_age = match sweep {
            Some(sweep) if !sweep.names("older_than_seconds") => match sweep.age {
                Some(seconds) => SweepAge::Fixed(Duration::from_secs(seconds)),
                None => SweepAge::Untold,
            },
            _ => SweepAge::Asked,
        };
        let mute: BTreeSet<Operation> = self
            .mappings
            .iter()
            .filter(|it| matches!(it.operation, Operation::Grant | Operation::Charge))
            // Without a cost there are no other figures.
            .filter(|it| it.operation != Operation::Charge || it.names("cost"))
            .filter(|it| !it.says_conflict)
            .map(|it| it.operation)
            .collect();
        let mut remarks = Vec::new();
        for operation in &mute {
            remarks.push(format!(
                "{}: no answer means `conflict`, so it is never told the same with other figures",
                operation.name()
            ));
        }
        for mapping in &self.mappings {
            if keyless.contains(&mapping.operation) {
                remarks.push(format!(
                    "{}: no idempotency key, so it is never told twice",
                    mapping.name
                ));
            }
        }
        let plain_amounts = !reserve.is_some_and(|it| it.negates("amount"));
        if !plain_amounts {
            remarks.push(
                "reserve: the mapping turns the amount's sign round, so amounts that make no sense \
                 aren't sent"
                    .to_owned(),
            );
        }
        if sweep_age == SweepAge::Untold {
            remarks.push(
                "sweep: it isn't told an age and the file doesn't say which one it has (`age`), so \
                 nobody knows what it should have found"
                    .to_owned(),
            );
        }
        if matches!(sweep_age, SweepAge::Fixed(age) if !age.is_zero())
            && self.mapped(Operation::Age).is_none()
        {
            remarks.push(
                "sweep: no hold grows old enough for it, as there is no `age` that moves time"
                    .to_owned(),
            );
        }
        if sold(OfferKind::Plan) && resets {
            remarks.push(
                "renewal = \"reset\": what a renewal leaves isn't judged, so none are sent"
                    .to_owned(),
            );
        }
        let absent: Vec<&str> = [
            ("grant", Operation::Grant),
            ("reserve", Operation::Reserve),
            ("charge", Operation::Charge),
            ("refund", Operation::Refund),
            ("sweep", Operation::Sweep),
            ("balance", Operation::Balance),
            ("entries", Operation::Entries),
        ]
        .iter()
        .filter(|(_, operation)| self.mapped(*operation).is_none())
        .map(|(name, _)| *name)
        .collect();
        if !absent.is_empty() {
            remarks.push(format!(
                "not mapped, and so not attempted: {}",
                absent.join(", ")
            ));
        }
        Terms {
            account: self.account,
            job: self.job,
            offers: Some(self.mappings.iter().map(|it| it.operation).collect()),
            catalogue: self.catalogue.clone(),
            keyless,
            plain_amounts,
            costs: charge.is_none_or(|it| it.names("cost")),
            mute,
            packs: sold(OfferKind::Pack),
            plans,
            sweep: sweep_age,
            remarks,
        }
    }

    /// The operations that carry nothing by which the ledger could know a repeat.
    fn keyless(&self) -> BTreeSet<Operation> {
        let kept: Vec<&str> = self
            .mappings
            .iter()
            .flat_map(|mapping| &mapping.steps)
            .flat_map(|step| &step.keep)
            .map(|(name, _)| name.as_str())
            .collect();
        let has_key = |mapping: &&Mapping| match mapping.operation {
            Operation::Reserve => mapping.names("job"),
            Operation::Charge | Operation::Refund => {
                mapping.names("job") || kept.iter().any(|name| mapping.names(name))
            }
            // Whether the event is the right key is one of the things to find out.
            Operation::Grant => mapping.names("fact") || mapping.names("event"),
            _ => true,
        };
        let without = self.mappings.iter().filter(|mapping| !has_key(mapping));
        without.map(|mapping| mapping.operation).collect()
    }
}
