//! Controlled schedules ÷ the same calls bare, taken in turn in one run.
//!
//! The schedule is the one that `--strategy exhaustive` plays: an account is funded, two reserves
//! meet on it, then comes the calm. *Controlled* plays it through the wire, each statement held
//! and every order chosen in turn; *bare* plays it with no wire, the two reserves one after the
//! other. Both make the same calls on the same server, so the ratio is what control costs.
//! *Two workers* are two controlled stages at once, each on a database of its own.
//!
//! The ratios are the median of seven rounds. Say with them where the processes ran: on one core
//! (`taskset -c 1 cargo bench …`) a hop between threads costs about half of one across cores.

use simulator::Subject;
use simulator::clock::Stopwatch;
use simulator::execute::{Begin, Manner, Stage};
use simulator::server::{self, Request};
use simulator::storm::{Action, Schedule};
use simulator::strategy::{Exhaustive, Strategy};
use std::sync::Arc;

const ROUNDS: usize = 7;
const SCHEDULES: u32 = 150;

fn main() {
    for (name, subject) in [
        (
            "naive",
            (|| museum::specimens().remove(0)) as fn() -> Subject,
        ),
        ("reference", || reference::subjects().remove(0)),
    ] {
        let mut bare = stage(subject());
        let mut controlled = stage(subject()).with_wire().expect("a wire");
        let mut second = stage(subject()).with_wire().expect("a wire");
        let duels = bare.menu().duels();
        let duel = duels
            .into_iter()
            .find(|duel| duel.name == "reserve ∥ reserve another job")
            .expect("a ledger that reserves");
        let sequential = one_after_the_other(&duel.schedule);
        let mut ratios = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let plain = rate(|| {
                bare.play(&sequential, Begin::Warm).expect("a run");
            });
            let mut orders = Orders::new();
            let held = rate(|| orders.play(&mut controlled, &duel.schedule));
            let both = std::thread::scope(|scope| {
                let schedule = &duel.schedule;
                let work = |stage: &mut Stage| {
                    let mut orders = Orders::new();
                    rate(|| orders.play(stage, schedule))
                };
                let (one, two) = (&mut controlled, &mut second);
                let one = scope.spawn(move || work(one));
                let two = scope.spawn(move || work(two));
                one.join().expect("a worker") + two.join().expect("a worker")
            });
            ratios.0.push(held / plain);
            ratios.1.push(both / plain);
        }
        println!(
            "{name:<10} controlled ÷ bare {}   two workers ÷ bare {}",
            spread(ratios.0),
            spread(ratios.1)
        );
    }
}

/// Every order of one duel, again from the first when all have been played.
struct Orders(Exhaustive);

impl Orders {
    fn new() -> Self {
        Self(Exhaustive::new())
    }

    fn play(&mut self, stage: &mut Stage, schedule: &Schedule) {
        if !self.0.begin() {
            self.0 = Exhaustive::new();
            self.0.begin();
        }
        let strategy = &mut self.0;
        stage
            .play_duel(schedule, strategy, Manner::default())
            .expect("a run");
    }
}

/// The same steps, with nothing inside anything.
fn one_after_the_other(schedule: &Schedule) -> Schedule {
    let mut plain = schedule.clone();
    plain.steps = schedule
        .steps
        .iter()
        .flat_map(|step| match &step.action {
            Action::Duel { calls, .. } => calls.to_vec(),
            _ => vec![step.clone()],
        })
        .collect();
    plain
}

/// Schedules a second.
fn rate(mut play: impl FnMut()) -> f64 {
    let watch = Stopwatch::start();
    for _ in 0..SCHEDULES {
        play();
    }
    f64::from(SCHEDULES) / watch.elapsed().as_secs_f64()
}

fn stage(subject: Subject) -> Stage {
    let server = server::provision(&Request::default()).expect("a server");
    Stage::new(Arc::new(subject), server).expect("a stage")
}

/// The median, and between what it lay.
fn spread(mut ratios: Vec<f64>) -> String {
    ratios.sort_by(f64::total_cmp);
    format!(
        "{:.2} ({:.2}–{:.2})",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1]
    )
}
