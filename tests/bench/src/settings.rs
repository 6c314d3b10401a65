//! What is measured, and for how long. Measures nothing.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

/// The flags of the command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Settings {
    /// Seconds of each measurement: one server, one operation, one round
    #[arg(long, default_value_t = 2.0, value_name = "N")]
    pub(crate) seconds: f64,
    /// Rounds; each drives the mock and the twin in turn with every operation
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub(crate) rounds: usize,
    /// Connections, each with one request at a time
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub(crate) connections: usize,
    /// How often each server is started to measure its start
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub(crate) starts: usize,
    /// A mock that is already built
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) mock: Option<PathBuf>,
    /// Another mock that is already built, such as that of an older commit. It takes the place of the twin
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) against: Option<PathBuf>,
}

impl Settings {
    /// Refuses values that no run can have.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.seconds > 0.0 && self.seconds <= 600.0,
            "--seconds must be more than 0 and at most 600"
        );
        for (flag, value) in [
            ("--rounds", self.rounds),
            ("--connections", self.connections),
            ("--starts", self.starts),
        ] {
            ensure!((1..=1_000).contains(&value), "{flag} must be 1 to 1000");
        }
        Ok(())
    }

    /// What the mock is compared with.
    pub(crate) const fn other(&self) -> &'static str {
        if self.against.is_some() {
            "other mock"
        } else {
            "twin"
        }
    }

    /// How the measured mock was built.
    pub(crate) const fn build(&self) -> &'static str {
        if self.mock.is_some() {
            "as given by --mock"
        } else {
            "as it is distributed"
        }
    }
}
