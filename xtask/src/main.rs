//! `cargo xtask`: the command line of the repository tasks. Holds no task itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{bench, book, codegen, coverage, fuzz, lint_spec, public_api, spec, tidy};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of this repository.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the generated code from openapi/*.yaml, and the client's blocking form from its source.
    Codegen {
        /// Write nothing; fail if a generated file is outdated.
        #[arg(long)]
        check: bool,
    },
    /// Check openapi/*.yaml against the dialect that openapi/README.md describes.
    LintSpec,
    /// Check the house rules: imports by folder, module docs, manifests, names.
    Tidy,
    /// Write docs/coverage.md, and take out of tests/only-our-client.txt what a published client sends.
    Coverage {
        /// Write nothing; fail if it is not what the repository shows.
        #[arg(long)]
        check: bool,
    },
    /// Write the documentation to target/book, for `mdbook build`, and check its links.
    Book,
    /// Write client/public-api.txt, which lists what the client offers.
    PublicApi {
        /// Write nothing; fail if it is not what the client offers.
        #[arg(long)]
        check: bool,
    },
    /// Run the fuzz targets of tests/fuzz with libFuzzer. Needs a C++ compiler.
    Fuzz(fuzz::Plan),
    /// Compare the mock with a bare server that answers the same requests.
    #[command(disable_help_flag = true)]
    Bench {
        /// Arguments of the benchmark; --help lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks on its streams"
)]
fn main() -> ExitCode {
    match run(&Arguments::parse().task) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace: cargo says where this package is; elsewhere the current folder.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let parent = package.and_then(|folder| folder.parent().map(PathBuf::from));
    parent.unwrap_or_else(|| PathBuf::from("."))
}

/// Where cargo builds.
fn build_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

fn run(task: &Task) -> Result<String> {
    let root = root();
    match task {
        Task::Codegen { check: true } => {
            let stale = codegen::check(&root)?;
            if stale.is_empty() {
                return Ok("codegen: every generated file is up to date".to_owned());
            }
            let list: Vec<String> = stale.iter().map(ToString::to_string).collect();
            let list = list.join("\n");
            Err(anyhow::anyhow!(
                "{list}\n{} stale files; run `cargo xtask codegen`",
                stale.len()
            ))
        }
        Task::Codegen { check: false } => {
            let changed = codegen::write(&root)?;
            let list: Vec<String> = changed
                .iter()
                .map(|stale| format!("  {}\n", stale.file))
                .collect();
            Ok(format!(
                "{}codegen: {} files changed",
                list.concat(),
                changed.len()
            ))
        }
        Task::LintSpec => {
            let specs = spec::load_all(&root)?;
            let findings = lint_spec::lint(&specs);
            match findings.is_empty() {
                true => Ok(format!(
                    "lint-spec: {} specs follow the dialect",
                    specs.len()
                )),
                false => Err(spec::Findings(findings).into()),
            }
        }
        Task::Coverage { check: true } => match coverage::check(&root)? {
            None => Ok("coverage: docs/coverage.md is what the repository shows".to_owned()),
            Some(diff) => Err(anyhow::anyhow!("{diff}run `cargo xtask coverage`")),
        },
        Task::Coverage { check: false } => {
            coverage::write(&root)?;
            Ok(format!("coverage: {} is written", coverage::FILE))
        }
        Task::Book => book::write(&root, &build_folder(&root).join("book")),
        Task::PublicApi { check: true } => match public_api::check(&root, &build_folder(&root))? {
            None => Ok("public-api: client/public-api.txt is what the client offers".to_owned()),
            Some(diff) => Err(anyhow::anyhow!("{diff}run `cargo xtask public-api`")),
        },
        Task::PublicApi { check: false } => {
            public_api::write(&root, &build_folder(&root))?;
            Ok(format!("public-api: {} is written", public_api::FILE))
        }
        Task::Fuzz(plan) => fuzz::fuzz(&root, plan),
        Task::Bench { arguments } => {
            bench::bench(&root, arguments).map(|()| "bench: done".to_owned())
        }
        Task::Tidy => {
            let findings = tidy::tidy(&root)?;
            match findings.is_empty() {
                true => Ok("tidy: the house is in order".to_owned()),
                false => Err(spec::Findings(findings).into()),
            }
        }
    }
}
