//! A toy database that strategies are tested on: tables with rows, READ COMMITTED, row locks
//! that are waited for, and actors that each run one transaction. Unlike the real thing it can
//! be cloned, so all its orders can also be had by brute force.

use super::{
    Actor, Choice, Diverged, Exhaustive, Footprint, Next, Pct, Random, Replay, Strategy, Tables,
    explore,
};
use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy as Generator};
use std::collections::{BTreeMap, BTreeSet};

/// A table and a row in it.
type Row = (u32, u32);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Move {
    /// Remembers what is committed.
    Read(Row),
    /// Writes what was remembered, and this much more.
    WriteRemembered(Row, i64),
    /// Adds to the row as it is when its lock is had.
    Add(Row, i64),
    Commit,
}

#[derive(Clone, Debug, Default)]
struct Transaction {
    moves: Vec<Move>,
    next: usize,
    remembered: i64,
    written: BTreeMap<Row, i64>,
    waits_for: Option<Row>,
}

#[derive(Clone, Debug)]
struct World {
    committed: BTreeMap<Row, i64>,
    actors: Vec<Transaction>,
    steps: Vec<Actor>,
}

/// All that can be told of a run afterwards: the rows, what each actor read, whether it ended.
type Outcome = (BTreeMap<Row, i64>, Vec<(i64, bool)>);

impl World {
    fn new(programs: &[Vec<Move>]) -> Self {
        let actor = |moves: &Vec<Move>| Transaction {
            moves: moves.clone(),
            ..Transaction::default()
        };
        Self {
            committed: BTreeMap::new(),
            actors: programs.iter().map(actor).collect(),
            steps: Vec::new(),
        }
    }

    fn enabled(&self) -> Vec<Choice> {
        let numbered = (0_u32..).zip(&self.actors);
        let can = numbered.filter_map(|(number, actor)| {
            let next = actor.moves.get(actor.next)?;
            actor.waits_for.is_none().then(|| Choice {
                actor: Actor(number),
                footprint: match next {
                    Move::Read(row) => Footprint::read(Tables::of([row.0])),
                    Move::WriteRemembered(row, _) | Move::Add(row, _) => {
                        Footprint::write(Tables::of([row.0]))
                    }
                    Move::Commit => {
                        Footprint::commit(Tables::of(actor.written.keys().map(|row| row.0)))
                    }
                },
            })
        });
        can.collect()
    }

    fn step(&mut self, actor: Actor) {
        self.steps.push(actor);
        let me = actor.0 as usize;
        let next = self.actors[me].moves[self.actors[me].next];
        let committed = |world: &Self, row| world.committed.get(&row).copied().unwrap_or(0);
        match next {
            Move::Read(row) => {
                let own = self.actors[me].written.get(&row).copied();
                self.actors[me].remembered = own.unwrap_or_else(|| committed(self, row));
            }
            Move::WriteRemembered(row, _) | Move::Add(row, _) => {
                let holds = |other: &Transaction| other.written.contains_key(&row);
                let mut others = self.actors.iter().enumerate();
                if others.any(|(number, other)| number != me && holds(other)) {
                    self.actors[me].waits_for = Some(row);
                    return;
                }
                let own = self.actors[me].written.get(&row).copied();
                let now = own.unwrap_or_else(|| committed(self, row));
                let value = match next {
                    Move::Add(_, amount) => now + amount,
                    Move::WriteRemembered(_, amount) => self.actors[me].remembered + amount,
                    Move::Read(_) | Move::Commit => now,
                };
                self.actors[me].written.insert(row, value);
            }
            Move::Commit => {
                let written = std::mem::take(&mut self.actors[me].written);
                for waiter in &mut self.actors {
                    // They all wake, and whoever moves first has the lock.
                    waiter.waits_for = waiter.waits_for.filter(|row| !written.contains_key(row));
                }
                self.committed.extend(written);
            }
        }
        self.actors[me].next += 1;
    }

    fn outcome(&self) -> Outcome {
        let told = |actor: &Transaction| (actor.remembered, actor.next == actor.moves.len());
        (
            self.committed.clone(),
            self.actors.iter().map(told).collect(),
        )
    }
}

/// Every order by cloning: its outcomes, and how many orders there are.
fn by_brute_force(world: &World, outcomes: &mut BTreeSet<Outcome>) -> u64 {
    let enabled = world.enabled();
    if enabled.is_empty() {
        outcomes.insert(world.outcome());
        return 1;
    }
    let branches = enabled.iter().map(|choice| {
        let mut branch = world.clone();
        branch.step(choice.actor);
        by_brute_force(&branch, outcomes)
    });
    branches.sum()
}

/// What a strategy finds: outcomes, runs that came to their end, and the schedule of each.
struct Found {
    outcomes: BTreeSet<Outcome>,
    runs: u64,
    schedules: Vec<(Vec<Actor>, Outcome)>,
}

fn find(programs: &[Vec<Move>], strategy: &mut dyn Strategy, most: u64) -> Found {
    let mut schedules = Vec::new();
    let runs = explore(strategy, most, |choose| {
        let mut world = World::new(programs);
        loop {
            let enabled = world.enabled();
            if enabled.is_empty() {
                schedules.push((world.steps.clone(), world.outcome()));
                return Ok(());
            }
            match choose(&enabled)? {
                Next::Move(actor) => world.step(actor),
                Next::Redundant => return Ok(()),
            }
        }
    });
    let runs = runs.expect("the toy is deterministic");
    Found {
        outcomes: schedules
            .iter()
            .map(|(_, outcome)| outcome.clone())
            .collect(),
        runs,
        schedules,
    }
}

/// Reads a balance, writes what it read less something.
fn naive(row: Row, amount: i64) -> Vec<Move> {
    vec![
        Move::Read(row),
        Move::WriteRemembered(row, -amount),
        Move::Commit,
    ]
}

const ROW: Row = (1, 1);

fn loses_an_update(outcome: &Outcome) -> bool {
    outcome.0[&ROW] != -30
}

fn programs() -> impl Generator<Value = Vec<Vec<Move>>> {
    let row = || (0..2_u32, 0..2_u32);
    let one = prop_oneof![
        row().prop_map(Move::Read),
        (row(), 1..9_i64).prop_map(|(row, amount)| Move::WriteRemembered(row, amount)),
        (row(), 1..9_i64).prop_map(|(row, amount)| Move::Add(row, amount)),
        Just(Move::Commit),
    ];
    let program = prop::collection::vec(one, 1..4).prop_map(|mut moves| {
        moves.push(Move::Commit);
        moves
    });
    prop::collection::vec(program, 2..4)
        .prop_filter("few enough orders for brute force", |programs| {
            programs.iter().map(Vec::len).sum::<usize>() <= 9
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn sleep_sets_lose_no_outcome(programs in programs()) {
        let mut all = BTreeSet::new();
        let orders = by_brute_force(&World::new(&programs), &mut all);
        let reduced = find(&programs, &mut Exhaustive::new(), u64::MAX);
        prop_assert_eq!(&reduced.outcomes, &all);
        prop_assert!(reduced.runs <= orders);
    }

    #[test]
    fn without_a_reduction_every_order_is_run_once(programs in programs()) {
        let mut all = BTreeSet::new();
        let orders = by_brute_force(&World::new(&programs), &mut all);
        let found = find(&programs, &mut Exhaustive::bounded(u32::MAX), u64::MAX);
        prop_assert_eq!(found.runs, orders);
        let different: BTreeSet<_> = found.schedules.iter().map(|(steps, _)| steps).collect();
        prop_assert_eq!(different.len() as u64, orders);
        prop_assert_eq!(&found.outcomes, &all);
    }

    #[test]
    fn a_kept_schedule_replays_to_the_same_end(programs in programs(), seed in 0..1000_u64) {
        let random = find(&programs, &mut Random::new(seed), 1);
        let (steps, outcome) = &random.schedules[0];
        let again = find(&programs, &mut Replay::new(steps.clone()), u64::MAX);
        prop_assert_eq!(again.runs, 1);
        prop_assert_eq!((&again.schedules[0].0, &again.schedules[0].1), (steps, outcome));
    }

    #[test]
    fn the_same_seed_draws_the_same_schedules(programs in programs(), seed in 0..1000_u64) {
        let draws = || find(&programs, &mut Pct::new(seed, 3, 9), 5).schedules;
        prop_assert_eq!(draws(), draws());
    }
}

#[test]
fn a_lost_update_needs_one_preemption() {
    let programs = [naive(ROW, 10), naive(ROW, 20)];
    let without = find(&programs, &mut Exhaustive::bounded(0), u64::MAX);
    assert_eq!(without.runs, 2, "one after the other, in both orders");
    assert!(!without.outcomes.iter().any(loses_an_update));
    let with_one = find(&programs, &mut Exhaustive::bounded(1), u64::MAX);
    assert!(with_one.outcomes.iter().any(loses_an_update));
}

#[test]
fn what_commutes_is_run_in_one_order() {
    let apart = [naive((1, 1), 1), naive((2, 1), 1), naive((3, 1), 1)];
    assert_eq!(
        find(&apart, &mut Exhaustive::bounded(u32::MAX), u64::MAX).runs,
        1680
    );
    assert_eq!(find(&apart, &mut Exhaustive::new(), u64::MAX).runs, 1);
    let together = [naive(ROW, 10), naive(ROW, 20)];
    let (all, reduced) = (
        find(&together, &mut Exhaustive::bounded(u32::MAX), u64::MAX),
        find(&together, &mut Exhaustive::new(), u64::MAX),
    );
    assert_eq!(all.outcomes, reduced.outcomes);
    assert!(
        reduced.runs * 2 < all.runs,
        "{} of {}",
        reduced.runs,
        all.runs
    );
}

#[test]
fn rows_locked_in_opposite_order_deadlock_somewhere() {
    let (one, two) = ((1, 1), (1, 2));
    let transfer = |from, to| vec![Move::Add(from, -1), Move::Add(to, 1), Move::Commit];
    let found = find(
        &[transfer(one, two), transfer(two, one)],
        &mut Exhaustive::new(),
        u64::MAX,
    );
    let stuck = |outcome: &Outcome| outcome.1.iter().any(|(_, ended)| !ended);
    assert!(found.outcomes.iter().any(stuck));
    let cured = find(
        &[transfer(one, two), transfer(one, two)],
        &mut Exhaustive::new(),
        u64::MAX,
    );
    assert!(!cured.outcomes.iter().any(stuck));
}

#[test]
fn pct_finds_as_often_as_it_promises() {
    let programs = [naive(ROW, 10), naive(ROW, 20)];
    let mut pct = Pct::new(7, 2, 6);
    let runs = 2000;
    let found = find(&programs, &mut pct, runs);
    let hits = found
        .schedules
        .iter()
        .filter(|(_, outcome)| loses_an_update(outcome))
        .count();
    assert!(
        hits as f64 >= pct.bound() * runs as f64,
        "{hits} of {runs}, bound {}",
        pct.bound()
    );
    // A depth of one draws no change: each actor runs to its end.
    let shallow = find(&programs, &mut Pct::new(7, 1, 6), 100);
    assert!(!shallow.outcomes.iter().any(loses_an_update));
}

#[test]
fn a_program_that_changes_between_runs_has_diverged() {
    let mut runs = 0;
    let diverged = explore(&mut Exhaustive::new(), u64::MAX, |choose| {
        runs += 1;
        let mut world = World::new(&[naive(ROW, 10), naive(ROW, 20)]);
        if runs > 1 {
            world
                .actors
                .push(World::new(&[naive(ROW, 30)]).actors.remove(0));
        }
        while let enabled @ [_, ..] = &world.enabled()[..] {
            match choose(enabled)? {
                Next::Move(actor) => world.step(actor),
                Next::Redundant => break,
            }
        }
        Ok(())
    });
    let (wanted, enabled) = (vec![Actor(0), Actor(1)], vec![Actor(0), Actor(1), Actor(2)]);
    let step = 0;
    assert_eq!(
        diverged,
        Err(Diverged {
            step,
            wanted,
            enabled
        })
    );
}

#[test]
fn a_schedule_that_doesn_t_fit_has_diverged() {
    let mut replay = Replay::new(vec![Actor(0), Actor(5)]);
    let diverged = explore(&mut replay, 1, |choose| {
        let mut world = World::new(&[naive(ROW, 10)]);
        while let enabled @ [_, ..] = &world.enabled()[..] {
            if let Next::Move(actor) = choose(enabled)? {
                world.step(actor);
            }
        }
        Ok(())
    });
    assert_eq!(diverged.expect_err("nobody is called 5").step, 1);
}
