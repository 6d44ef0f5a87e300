//! How many schedules pass until a race shows, for each bug of the schoolbook: with every order
//! chosen in turn, and with the same calls running freely.
//!
//! Both take the ledger's own pairs, reserve beside reserve and so on. *Chosen* plays each pair in
//! every order through the wire, one pair after the other. *Free* sends both calls of a pair at the
//! same moment to two instances, with no wire between, the pairs by turns. The same model looks at
//! what came of each. These are counts: how long a schedule takes is another bench's business.

use simulator::Subject;
use simulator::execute::{Begin, Manner, Stage};
use simulator::history::History;
use simulator::invariant::Audit;
use simulator::strategy::{Exhaustive, Strategy};
use tests::races::race;
use tests::schoolbook::{
    Functions, InsertsTwice, Locks, LostUpdate, OneFunction, ReadsTwice, WriteSkew,
};
use tests::stage;

/// After so many schedules a race counts as not found.
const MOST: u32 = 2_000;

/// Free runs of each bug.
const RUNS: usize = 9;

fn main() {
    println!("schedules until the first violation         chosen      free");
    type Make = fn() -> Subject;
    let bugs: [(&str, Make); 7] = [
        ("lost update", || race::<LostUpdate>("a")),
        ("write skew", || race::<WriteSkew<false>>("b")),
        ("a read that does not repeat", || {
            race::<ReadsTwice<false>>("c")
        }),
        ("looked for and then inserted", || race::<InsertsTwice>("d")),
        ("locks in opposite order", || {
            race::<Locks<false, false>>("e")
        }),
        ("the same inside two functions", || {
            race::<Functions<false>>("f")
        }),
        ("an unlocked read inside a function", || {
            race::<OneFunction<false>>("g")
        }),
    ];
    for (name, make) in bugs {
        let chosen = shown(chosen(make()));
        let mut runs: Vec<Option<u32>> = (0..RUNS).map(|_| free(make())).collect();
        runs.sort_by_key(|it| it.unwrap_or(u32::MAX));
        let (least, most) = (shown(runs[0]), shown(runs[RUNS - 1]));
        let median = shown(runs[RUNS / 2]);
        println!("{name:<42} {chosen:>8}  {median:>8} ({least}–{most})");
    }
}

fn chosen(subject: Subject) -> Option<u32> {
    let mut stage = ready(subject).with_wire().expect("a wire");
    let mut played = 0;
    for duel in stage.menu().duels() {
        let mut strategy = Exhaustive::new();
        while played < MOST && strategy.begin() {
            played += 1;
            let fought = stage.play_duel(&duel.schedule, &mut strategy, Manner::default());
            let history = fought.expect("a run").history;
            if history.is_some_and(|it| is_wrong(&it)) {
                return Some(played);
            }
        }
    }
    None
}

fn free(subject: Subject) -> Option<u32> {
    let mut stage = ready(subject);
    let duels = stage.menu().duels();
    let turns = (1..=MOST).zip(duels.iter().cycle());
    for (played, duel) in turns {
        let history = stage.play(&duel.schedule, Begin::Warm).expect("a run");
        if is_wrong(&history) {
            return Some(played);
        }
    }
    None
}

fn is_wrong(history: &History) -> bool {
    !Audit::of(history).deviations.is_empty()
}

fn ready(subject: Subject) -> Stage {
    stage(subject).expect("a stage")
}

fn shown(count: Option<u32>) -> String {
    count.map_or_else(|| format!("over {MOST}"), |count| count.to_string())
}
