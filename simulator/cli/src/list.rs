//! `badai list`: what there is, with one-line stories.

use crate::args::List;
use crate::failure::Failure;
use crate::{ledgers, print};
use serde_json::json;
use simulator::invariant::Invariant;
use simulator::report::text;
use simulator::storm::Fault;

pub(crate) fn run(what: &List) -> Result<u8, Failure> {
    match what {
        List::Ledgers(format) => {
            let rows = ledgers::all();
            let rows: Vec<_> = rows.iter().map(|it| (it.name(), it.story())).collect();
            if format.json {
                let rows: Vec<_> = rows
                    .iter()
                    .map(|(id, story)| json!({"id": id, "story": story}))
                    .collect();
                print::json(&rows)?;
            } else {
                print::out(&text::table(&rows))?;
            }
        }
        List::Faults(format) if format.json => {
            let row = |fault: &Fault| {
                json!({"id": fault.id(), "group": fault.group(), "story": fault.story(),
                       "source": fault.source()})
            };
            print::json(&Fault::ALL.iter().map(row).collect::<Vec<_>>())?;
        }
        List::Faults(_) => {
            let mut group = None;
            for fault in Fault::ALL {
                if group.replace(fault.group()) != Some(fault.group()) {
                    print::out(&format!("{}\n", text::strong(&fault.group().to_string())))?;
                }
                let story = format!("{}\n[{}]", fault.story(), fault.source());
                print::out(&text::table(&[(fault.id(), &story)]))?;
            }
        }
        List::Invariants(format) if format.json => {
            let row = |claim: &Invariant| json!({"id": claim.id(), "claim": claim.claim(), "meaning": claim.meaning()});
            print::json(&Invariant::ALL.iter().map(row).collect::<Vec<_>>())?;
        }
        List::Invariants(_) => {
            let told = |claim: &Invariant| format!("{}\n{}", claim.claim(), claim.meaning());
            let rows: Vec<_> = Invariant::ALL
                .iter()
                .map(|claim| (claim.id(), told(claim)))
                .collect();
            let rows: Vec<_> = rows.iter().map(|(id, told)| (*id, told.as_str())).collect();
            print::out(&text::table(&rows))?;
        }
    }
    Ok(0)
}
