//! Whatever reads what others wrote is thrown mutated inputs, and must neither panic nor take one
//! for what it isn't. A run of the tests throws a fixed number from a fixed seed; with
//! `BADAI_FUZZ_SECONDS=3600` each target goes on for that long from a fresh one:
//!
//! ```sh
//! BADAI_FUZZ_SECONDS=3600 cargo test --release --package simulator --test fuzz -- --nocapture
//! ```
//!
//! What breaks is shrunk, and shown with the seed that found it (`BADAI_SEED` takes it).

mod contract_file;
mod cutter;
mod schedule_file;

use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestError};
use simulator::{clock::Stopwatch, random};
use std::time::Duration;

/// How many inputs a run of the tests throws at each target.
const INPUTS: u64 = 400;

/// Draws inputs and checks each.
fn fuzz<S: Strategy>(
    target: &str,
    inputs: &S,
    check: impl Fn(&S::Value) -> Result<(), TestCaseError>,
) {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let time = number("BADAI_FUZZ_SECONDS").map(Duration::from_secs);
    let fresh = || time.map_or(1, |_| random::fresh_seed());
    let seed = number("BADAI_SEED").unwrap_or_else(fresh);
    let mut runner = random::runner(seed);
    let watch = Stopwatch::start();
    let goes_on = |thrown: u64| time.map_or(thrown < INPUTS, |time| watch.elapsed() < time);
    let mut thrown = 0;
    while goes_on(thrown) {
        let tree = inputs.new_tree(&mut runner).expect("an input can be drawn");
        thrown += 1;
        match runner.run_one(tree, |input| check(&input)) {
            Ok(_) => {}
            Err(TestError::Fail(why, input)) => {
                panic!("{target}, seed {seed}, input {thrown}: {why}\n{input:#?}")
            }
            Err(TestError::Abort(why)) => panic!("{target}: {why}"),
        }
    }
    println!("{target}: {thrown} inputs from seed {seed}");
}
