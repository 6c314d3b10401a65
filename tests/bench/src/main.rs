//! `cargo xtask bench`: compares `stepup-mock` with its *twin*, a bare axum server that parses the same requests and
//! returns answers of the same size. Knows the mock by its program, its seed file and its wire format, not by its code. `calls` compares the Rust client.
//!
//! Both servers run as separate processes with default settings. One load generator drives them in turn, on one machine
//! and within seconds of each other, so the ratios are meaningful even where the absolute figures are not.
//!
//! The generator is our own. The crates that could replace it (`rlt`, `goose`, `oha`) drive one target through a general
//! HTTP client and report on that target. Here every request carries a fresh signature, every answer is checked, and two
//! servers alternate. The generator also shares its processor with the server: what it spends on a request hides part of
//! the difference that it should show, so it writes prepared bytes to a socket.

mod calls;
mod comparison;
mod load;
mod operation;
mod report;
mod request;
mod server;
mod settings;
mod soak;
mod tenants;
mod twin;

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};

use self::settings::Settings;

/// How programs are built that are measured: as they are distributed.
const PROFILE: &str = "dist";

#[derive(Parser)]
#[command(
    name = "cargo xtask bench",
    about = "Compare the mock with a bare server that answers the same requests.",
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Send mixed requests of ever new users for some time, and fail if the mock's memory keeps growing.
    Soak {
        /// Minutes
        #[arg(long, default_value_t = 30.0, value_name = "N")]
        minutes: f64,
        /// A mock that is already built
        #[arg(long, value_name = "PROGRAM")]
        mock: Option<PathBuf>,
    },
    /// Create and delete tenants, and report how many a second, and the memory that they need.
    Tenants {
        /// Tenants at one time
        #[arg(long, default_value_t = 9_900, value_name = "N")]
        count: usize,
        /// Seconds of each measurement
        #[arg(long, default_value_t = 5.0, value_name = "N")]
        seconds: f64,
        /// A mock that is already built
        #[arg(long, value_name = "PROGRAM")]
        mock: Option<PathBuf>,
    },
    /// Compare the Rust client with the same calls written by hand: the CPU time of a call.
    Calls {
        /// Calls of each measurement
        #[arg(long, default_value_t = 5_000, value_name = "N")]
        count: u32,
        /// Rounds; each measures both in turn
        #[arg(long, default_value_t = 15, value_name = "N")]
        rounds: usize,
        /// A mock that is already built
        #[arg(long, value_name = "PROGRAM")]
        mock: Option<PathBuf>,
    },
    /// Be the bare server.
    #[command(hide = true)]
    Twin {
        /// JSON file with its answers.
        answers: PathBuf,
    },
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool writes to its streams"
)]
fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<String> {
    match &arguments.role {
        Some(Role::Twin { answers }) => twin::serve(answers).map(|()| String::new()),
        Some(Role::Soak { minutes, mock }) => {
            ensure!(
                (0.01..=10_000.0).contains(minutes),
                "--minutes must be 0.01 to 10000"
            );
            soak::run(&given(mock.as_deref())?, *minutes)
        }
        Some(Role::Tenants {
            count,
            seconds,
            mock,
        }) => {
            // The mock has room for 10,000, and starts with one.
            ensure!((1..=9_900).contains(count), "--count must be 1 to 9900");
            ensure!(
                (0.01..=600.0).contains(seconds),
                "--seconds must be 0.01 to 600"
            );
            tenants::run(&given(mock.as_deref())?, *count, *seconds)
        }
        Some(Role::Calls {
            count,
            rounds,
            mock,
        }) => {
            ensure!(
                (1..=1_000_000).contains(count),
                "--count must be 1 to 1000000"
            );
            ensure!((1..=1_000).contains(rounds), "--rounds must be 1 to 1000");
            calls::run(&given(mock.as_deref())?, *count, *rounds)
        }
        None => compare(arguments),
    }
}

fn compare(arguments: &Arguments) -> Result<String> {
    ensure!(
        !cfg!(debug_assertions),
        "an unoptimized generator and twin make the mock look faster than it is; run `cargo xtask bench`"
    );
    let settings = &arguments.settings;
    settings.check()?;
    comparison::run(&given(settings.mock.as_deref())?, settings)
}

/// The mock to measure: the one given, or one that is built for it.
fn given(mock: Option<&Path>) -> Result<PathBuf> {
    match mock {
        Some(program) => Ok(program.to_owned()),
        None => build("stepup-mock"),
    }
}

/// Builds the program of one package. It is built alone, so that no other package adds features to its dependencies.
fn build(package: &str) -> Result<PathBuf> {
    comparison::say(&format!("building {package}; this takes minutes"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut child = Command::new(cargo)
        .args(["build", "--package", package, "--profile", PROFILE])
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let mut program = None;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let message: serde_json::Value = serde_json::from_str(&line?).unwrap_or_default();
            let is_program = message["target"]["name"] == package
                && message["target"]["kind"][0] == "bin"
                && message["reason"] == "compiler-artifact";
            if is_program && let Some(path) = message["executable"].as_str() {
                program = Some(PathBuf::from(path));
            }
        }
    }
    ensure!(
        child.wait()?.success(),
        "cargo cannot build {package}; see its messages above"
    );
    program.with_context(|| format!("cargo built {package} but named no program"))
}
