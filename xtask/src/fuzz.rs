//! `cargo xtask fuzz`: builds the targets of `tests/fuzz` for libFuzzer, and runs them. Knows no target by name.
//!
//! The flags make rustc count which branches an input takes; a stable toolchain suffices. They apply to everything that
//! the targets link, so the build has a folder of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::cargo;

/// What bolero and libFuzzer need.
const FLAGS: [&str; 7] = [
    "--cfg=fuzzing",
    "--cfg=fuzzing_libfuzzer",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];
/// Where bolero looks for the corpus of a target.
const KEPT: &str = "tests/fuzz/targets/__fuzz__";
/// Seconds that one input may take.
const TIMEOUT: u32 = 10;
/// Bytes of the longest input. Most faults of a parser need fewer.
const LENGTH: u32 = 4096;
/// MiB that a target may use.
const MEMORY: u32 = 2048;

/// Which targets to run, and for how long: the flags of the command.
#[derive(Debug, clap::Args)]
pub struct Plan {
    /// Seconds for each target.
    #[arg(long, default_value_t = 600)]
    pub seconds: u32,
    /// Targets that run at the same time.
    #[arg(long, default_value_t = 2)]
    pub jobs: usize,
    /// Add inputs that reach new code to the corpus in the repository.
    #[arg(long)]
    pub keep: bool,
    /// Targets, such as requests::body; all if none is named.
    pub targets: Vec<String>,
}

/// Builds and runs the targets; a line for each.
///
/// # Errors
/// The build fails, no target has that name, or a target found a fault.
pub fn fuzz(root: &Path, plan: &Plan) -> Result<String> {
    let program = build(root)?;
    let listed = targets(&program)?;
    for name in &plan.targets {
        if !listed.contains(name) {
            bail!(
                "no target is named {name}; the targets are {}",
                listed.join(", ")
            );
        }
    }
    let mut wanted = listed;
    wanted.retain(|name| plan.targets.is_empty() || plan.targets.contains(name));
    let queue = Mutex::new(wanted.into_iter());
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..plan.jobs.max(1) {
            scope.spawn(|| {
                let next = || queue.lock().ok().and_then(|mut queue| queue.next());
                while let Some(name) = next() {
                    let result = run(root, &program, &name, plan);
                    // At once, so that a stopped run still shows what it found.
                    let shown = match &result {
                        Ok(line) => format!("{name}: {line}"),
                        Err(error) => format!("{name}: FAILED: {error:#}"),
                    };
                    let _ = writeln!(std::io::stderr(), "{shown}");
                    if let Ok(mut results) = results.lock() {
                        results.push((name, result));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut lines = Vec::new();
    let mut failed = false;
    for (name, result) in results {
        match result {
            Ok(line) => lines.push(format!("{name}: {line}")),
            Err(error) => {
                failed = true;
                lines.push(format!("{name}: FAILED: {error:#}"));
            }
        }
    }
    let lines = lines.join("\n");
    match failed {
        true => bail!("{lines}"),
        false => Ok(lines),
    }
}

/// Builds the targets; the path of their program.
fn build(root: &Path) -> Result<PathBuf> {
    let version = Command::new("rustc").arg("-vV").output()?.stdout;
    let version = String::from_utf8(version)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not name its host")?;
    let output = cargo()
        .current_dir(root)
        .args(["test", "--locked", "--package", "fuzz", "--profile", "fuzz"])
        .args(["--no-run", "--message-format", "json-render-diagnostics"])
        // Naming a target keeps the flags away from build scripts.
        .args(["--target", host, "--target-dir", "target/fuzz"])
        .env("RUSTFLAGS", FLAGS.join(" "))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("cannot build the fuzz targets");
    }
    let output = String::from_utf8(output.stdout)?;
    let program = output.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_ours = message["target"]["name"] == "fuzz";
        message["executable"]
            .as_str()
            .filter(|_| is_ours)
            .map(PathBuf::from)
    });
    program.context("cargo names no program of the fuzz targets")
}

/// The names of the targets, with their modules.
fn targets(program: &Path) -> Result<Vec<String>> {
    let output = Command::new(program).arg("--list").output()?;
    let output = String::from_utf8(output.stdout)?;
    let names = output
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_owned).collect())
}

/// Runs a target; how many inputs it tried.
fn run(root: &Path, program: &Path, name: &str, plan: &Plan) -> Result<String> {
    let short = name.rsplit("::").next().unwrap_or(name);
    let kept = root.join(KEPT).join(short).join("corpus");
    let found = root.join("target/fuzz/corpus").join(short);
    let faults = root.join(KEPT).join(short).join("crashes");
    for folder in [&kept, &found, &faults] {
        std::fs::create_dir_all(folder)?;
    }
    let seconds = plan.seconds;
    let output = libfuzzer(
        program,
        name,
        &[
            found.display().to_string(),
            kept.display().to_string(),
            format!("-artifact_prefix={}/", faults.display()),
            format!("-max_total_time={seconds}"),
            format!("-timeout={TIMEOUT}"),
            format!("-max_len={LENGTH}"),
            format!("-rss_limit_mb={MEMORY}"),
            "-print_final_stats=1".to_owned(),
            "-verbosity=0".to_owned(),
        ],
    )?;
    // Empty folders are not kept by git, and would look like findings.
    let _ = std::fs::remove_dir(&faults);
    if plan.keep {
        libfuzzer(
            program,
            name,
            &[
                "-merge=1".to_owned(),
                kept.display().to_string(),
                found.display().to_string(),
            ],
        )?;
    }
    let figure = |wanted: &str| {
        let mut lines = output.lines();
        let line = lines.find_map(|line| line.strip_prefix(wanted));
        line.map_or("?", |rest| rest.trim_start_matches(':').trim())
            .to_owned()
    };
    let (inputs, memory) = (
        figure("stat::number_of_executed_units"),
        figure("stat::peak_rss_mb"),
    );
    Ok(format!(
        "{inputs} inputs in {seconds} s, {memory} MiB at most"
    ))
}

/// Runs a target with these arguments of libFuzzer; what it printed.
fn libfuzzer(program: &Path, name: &str, arguments: &[String]) -> Result<String> {
    let output = Command::new(program)
        .args([name, "--exact", "--nocapture", "--test-threads", "1"])
        .env("BOLERO_LIBFUZZER_ARGS", arguments.join(" "))
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        let lines: Vec<_> = text.lines().collect();
        let last = lines.len().saturating_sub(40);
        bail!("{}", lines.get(last..).unwrap_or_default().join("\n"));
    }
    Ok(text)
}
