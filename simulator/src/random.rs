//! The one place that makes randomness: everything else is handed a runner made from a seed.
#![allow(clippy::disallowed_methods)]

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A proptest runner whose every draw follows from `seed`; its own persistence is off.
#[must_use]
pub fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// A seed that nobody chose, for runs that name none.
#[must_use]
pub fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    // Short enough to read aloud and type again.
    RandomState::new().hash_one(0) % 1_000_000
}

/// A number that tells one run's databases from another's; nothing is drawn from it.
#[must_use]
pub fn fresh_run() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id()) as u32
}
