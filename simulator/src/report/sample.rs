//! A report to show in tests.

use super::document::{Counterexample, Dying, Entry, Judged, Report, Verdict};
use super::lane::Line;
use super::saved::Saved;
use crate::invariant::Invariant;
use crate::storm::Schedule;
use std::collections::BTreeMap;

/// A report in which every text that comes from a ledger is `said`.
pub(super) fn report(said: &str) -> Report {
    let line = |step: usize, instance: Option<char>, duel: bool| Line {
        step,
        at: 30,
        instance,
        duel,
        what: said.to_owned(),
        sql: duel.then(|| said.to_owned()),
        reply: Some(said.to_owned()),
        spendable: Some(-20),
        wrong: duel,
        wanted: duel.then(|| said.to_owned()),
    };
    let steps = vec![
        line(1, None, false),
        line(2, Some('A'), false),
        line(3, Some('B'), true),
    ];
    let id = Invariant::ExactlyOnce;
    let entry = |verdict, counterexample| Entry {
        id,
        verdict,
        claim: id.claim(),
        judged: 3,
        why: None,
        counterexample,
    };
    let counterexample = Counterexample {
        wrong: said.to_owned(),
        account: Some("ana"),
        steps,
        file: said.to_owned(),
        replay: format!("badai replay {said}"),
        saved: Saved::new(said, 7, id, said, Schedule::default()),
    };
    Report {
        schema: "badai.report/1",
        ledger: said.to_owned(),
        seed: 7,
        strategy: "exhaustive",
        verdict: Verdict::Broken,
        cases: 1,
        schedules: 2,
        fought: 0,
        crash_points: 3,
        deaths: 2,
        deliveries: 4,
        elapsed_ms: 5_678,
        faults: BTreeMap::from([("duplicate", 3)]),
        never_met: Vec::new(),
        refused: Vec::new(),
        every_moment: None,
        duels: Vec::new(),
        dying: Dying::default(),
        windows: BTreeMap::new(),
        calls_per_second: None,
        diverged: None,
        remarks: vec![said.to_owned()],
        steps: Vec::new(),
        invariants: vec![
            entry(Judged::Broken, Some(counterexample)),
            entry(Judged::Unknown, None),
            entry(Judged::Unchecked, None),
            entry(Judged::Held, None),
        ],
    }
}
