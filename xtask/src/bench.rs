//! `cargo xtask bench`: runs the program of `tests/bench/`, optimized, with the arguments given. Measures nothing itself.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::cargo;

/// Builds and runs the benchmark. It prints its own report.
///
/// # Errors
///
/// The benchmark cannot be built, or it fails; the reason is on stderr.
pub fn bench(root: &Path, arguments: &[OsString]) -> Result<()> {
    let status = cargo()
        .current_dir(root)
        // As the mock is built that it measures.
        .args(["run", "--profile", "dist", "--package", "bench", "--"])
        .args(arguments)
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "bench: failed; the reason is above");
    Ok(())
}
