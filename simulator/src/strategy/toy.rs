//! A toy database that strategies are tested on: tables with rows, READ COMMITTED, row locks
//! that are waited for, and actors that each run one transaction. Whoever is let go on does so in
//! the same step, and which of several waiters goes first is a choice, as in the real thing.
//! Unlike that it can be cloned, so all its orders can also be had by brute force.

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

    fn enabled(&self) -> Vec<Actor> {
        let numbered = (0_u32..).zip(&self.actors);
        let can = numbered.filter(|(_, it)| it.next < it.moves.len() && it.waits_for.is_none());
        can.map(|(number, _)| Actor(number)).collect()
    }

    /// Who waits for what this move lets go of.
    fn wakes(&self, actor: Actor) -> Vec<Actor> {
        let me = &self.actors[actor.0 as usize];
        if me.moves[me.next] != Move::Commit {
            return Vec::new();
        }
        let numbered = (0_u32..).zip(&self.actors);
        let waits = numbered.filter(|(_, it)| {
            it.waits_for
                .is_some_and(|row| me.written.contains_key(&row))
        });
        waits.map(|(number, _)| Actor(number)).collect()
    }

    /// The actor moves, and whoever waited for it goes on, in this order. Returns what was touched.
    fn step(&mut self, actor: Actor, wakes: &[Actor]) -> Footprint {
        let me = &mut self.actors[actor.0 as usize];
        match me.moves[me.next] {
            Move::Read(row) => {
                let own = me.written.get(&row).copied();
                let committed = self.committed.get(&row).copied().unwrap_or(0);
                me.remembered = own.unwrap_or(committed);
                me.next += 1;
                Footprint::read(Tables::of([row.0]))
            }
            Move::WriteRemembered(row, _) | Move::Add(row, _) => self.write(actor, row),
            Move::Commit => {
                me.next += 1;
                let written = std::mem::take(&mut me.written);
                let tables = Tables::of(written.keys().map(|row| row.0));
                self.committed.extend(written);
                let mut footprint = Footprint::commit(tables);
                for waiter in wakes {
                    let row = self.actors[waiter.0 as usize].waits_for.take();
                    let row = row.expect("it waits");
                    footprint = footprint.and(&self.write(*waiter, row));
                }
                footprint
            }
        }
    }

    /// Writes to the row, or begins to wait for it.
    fn write(&mut self, actor: Actor, row: Row) -> Footprint {
        let mut others = (0_u32..).zip(&self.actors);
        let tables = Tables::of([row.0]);
        if others.any(|(it, other)| it != actor.0 && other.written.contains_key(&row)) {
            self.actors[actor.0 as usize].waits_for = Some(row);
            return Footprint::wait(tables);
        }
        let committed = self.committed.get(&row).copied().unwrap_or(0);
        let me = &mut self.actors[actor.0 as usize];
        let now = me.written.get(&row).copied().unwrap_or(committed);
        let value = match me.moves[me.next] {
            Move::Add(_, amount) => now + amount,
            Move::WriteRemembered(_, amount) => me.remembered + amount,
            Move::Read(_) | Move::Commit => now,
        };
        me.written.insert(row, value);
        me.next += 1;
        Footprint::write(tables)
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
    let mut orders = 0;
    for actor in enabled {
        let wakes = world.wakes(actor);
        for first in 0..wakes.len().max(1) {
            let mut branch = world.clone();
            branch.step(actor, &turned(wakes.clone(), first));
            orders += by_brute_force(&branch, outcomes);
        }
    }
    orders
}

/// The same with this one first.
fn turned(mut wakes: Vec<Actor>, first: usize) -> Vec<Actor> {
    if let Some(before) = wakes.get_mut(..=first) {
        before.rotate_right(1);
    }
    wakes
}

fn choices(actors: &[Actor]) -> Vec<Choice> {
    let footprint = Footprint::unknown();
    let choice = |actor: &Actor| Choice {
        actor: *actor,
        footprint: footprint.clone(),
    };
    actors.iter().map(choice).collect()
}

/// What a strategy finds: outcomes, runs that came to their end, and the schedule of each.
struct Found {
    outcomes: BTreeSet<Outcome>,
    runs: u64,
    schedules: Vec<(Vec<Actor>, Outcome)>,
}

/// One run, as far as the strategy wants it.
fn run(mut world: World, strategy: &mut impl Strategy) -> Result<Option<World>, Diverged> {
    loop {
        let enabled = world.enabled();
        if enabled.is_empty() {
            return Ok(Some(world));
        }
        let Next::Move(actor) = strategy.choose(&choices(&enabled))? else {
            return Ok(None);
        };
        let mut wakes = world.wakes(actor);
        let picks = wakes.len() > 1;
        world.steps.push(actor);
        if picks {
            let Next::Move(first) = strategy.pick(&choices(&wakes))? else {
                return Ok(None);
            };
            world.steps.push(first);
            let place = wakes.iter().position(|it| *it == first);
            wakes = turned(wakes, place.expect("it takes of what it is given"));
        }
        let waited = (0_u32..)
            .zip(&world.actors)
            .filter(|(_, it)| it.waits_for.is_some());
        // Whoever waits may be told to wait for others now, and so has a part in it.
        let with = waited.map(|(number, _)| Actor(number)).chain([actor]);
        let with: Vec<Actor> = with.collect();
        let touched = world.step(actor, &wakes);
        let told = if picks { Footprint::unknown() } else { touched };
        strategy.moved(&told, &with);
    }
}

fn find(programs: &[Vec<Move>], strategy: &mut impl Strategy, most: u64) -> Found {
    let mut schedules = Vec::new();
    let runs = explore(strategy, most, |strategy| {
        let ended = run(World::new(programs), strategy)?;
        schedules.extend(ended.iter().map(|it| (it.steps.clone(), it.outcome())));
        Ok(ended.is_some())
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
    fn a_reduction_loses_no_outcome(programs in programs()) {
        let mut all = BTreeSet::new();
        let orders = by_brute_force(&World::new(&programs), &mut all);
        let mut strategy = Exhaustive::new();
        let reduced = find(&programs, &mut strategy, u64::MAX);
        prop_assert_eq!(&reduced.outcomes, &all);
        let (told, all) = (strategy.stands_for(), u128::from(orders));
        // Not all: which of several writes to a table somebody waits for isn't known.
        prop_assert!(u128::from(reduced.runs) <= told && told <= all, "{} of {}", told, all);
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
    let orders = find(&apart, &mut Exhaustive::bounded(u32::MAX), u64::MAX).runs;
    assert_eq!(orders, 1680);
    let mut strategy = Exhaustive::new();
    assert_eq!(find(&apart, &mut strategy, u64::MAX).runs, 1);
    assert_eq!(strategy.stands_for(), 1680);
    let together = [naive(ROW, 10), naive(ROW, 20)];
    let all = find(&together, &mut Exhaustive::bounded(u32::MAX), u64::MAX);
    let mut strategy = Exhaustive::new();
    let reduced = find(&together, &mut strategy, u64::MAX);
    assert_eq!(all.outcomes, reduced.outcomes);
    assert_eq!(strategy.stands_for(), u128::from(all.runs));
    let (reduced, all) = (reduced.runs, all.runs);
    assert!(reduced * 2 < all, "{reduced} of {all}");
}

#[test]
fn hardly_any_order_is_begun_in_vain() {
    let three = [naive((1, 1), 1), naive((1, 1), 2), naive((2, 1), 3)];
    let mut begun = 0;
    let ended = explore(&mut Exhaustive::new(), u64::MAX, |strategy| {
        begun += 1;
        Ok(run(World::new(&three), strategy)?.is_some())
    });
    let ended = ended.expect("the toy is deterministic");
    assert!(begun <= ended + ended / 5, "{begun} for {ended}");
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
    let diverged = explore(&mut Exhaustive::new(), u64::MAX, |strategy| {
        runs += 1;
        let mut programs = vec![naive(ROW, 10), naive(ROW, 20)];
        programs.extend((runs > 1).then(|| naive(ROW, 30)));
        Ok(run(World::new(&programs), strategy)?.is_some())
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
    let diverged = explore(&mut replay, 1, |strategy| {
        Ok(run(World::new(&[naive(ROW, 10)]), strategy)?.is_some())
    });
    assert_eq!(diverged.expect_err("nobody is called 5").step, 1);
}
