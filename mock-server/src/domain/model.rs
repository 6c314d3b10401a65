//! How the models of the state machines run: fast, and with the same cases in every run. `PROPTEST_CASES` asks for more
//! cases, `PROPTEST_RNG_SEED` for others.
//!
//! A model is written from the contract, in its words, and uses nothing of the code that it checks. Each step says what
//! the answer must be; then the model and the real state are compared as a whole.

use proptest::test_runner::{Config, RngSeed};

/// The configuration of every model.
pub(super) fn config() -> Config {
    let given = Config::default();
    Config {
        failure_persistence: None,
        rng_seed: match given.rng_seed {
            RngSeed::Random => RngSeed::Fixed(2026),
            seed @ RngSeed::Fixed(_) => seed,
        },
        ..given
    }
}
