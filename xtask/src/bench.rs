//! Measures the mock against its *twin*: a bare axum server that parses the same requests and answers with as many
//! bytes, and does nothing else. Knows the mock by its program, its seed file and its wire, and by nothing of its code.
//!
//! Both run as processes of their own, with everything on that is on by default, and are driven in turn by the same
//! generator, on the same machine, within the same seconds. So it is the ratios that tell something; the figures
//! themselves are those of the machine and of what else it does.

mod load;
mod operation;
mod process;
mod table;
pub mod twin;

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;

use self::load::{Connections, Expected, Round};
use self::operation::{Request, Stock};
use self::process::{Folder, Server, Usage};
use self::table::{Memory, Row, StartUp};
use self::twin::Answer;

/// Requests that are not measured, of `authenticate_user`: as many nonces as the mock keeps, so that what is bounded has
/// reached its bound before memory is looked at.
const FILL: usize = 270_000;
/// How long that may take.
const FILL_AT_MOST: Duration = Duration::from_secs(120);
/// How long a server is driven before each measurement, with the same requests.
const WARM_UP: Duration = Duration::from_millis(200);

/// What is measured, and for how long.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Seconds of each measurement: one server, one operation, one round
    #[arg(long, default_value_t = 2.0, value_name = "N")]
    pub seconds: f64,
    /// Rounds; each drives mock and twin in turn with every operation
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub rounds: usize,
    /// Connections, each with one request at a time
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub connections: usize,
    /// Starts of each server, to measure how long they take
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub starts: usize,
    /// How the mock is built
    #[arg(long, default_value = "release")]
    pub profile: Profile,
    /// A mock that is built already
    #[arg(long, value_name = "PROGRAM")]
    pub mock: Option<PathBuf>,
}

/// How the mock is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// As `cargo build --release` does.
    Release,
    /// As it is distributed, which takes minutes.
    Dist,
}

impl Profile {
    const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }
}

/// Builds what is to be measured, measures it, and gives the report, in Markdown.
///
/// # Errors
///
/// Something cannot be built or started, or a server gives an answer that it should not.
pub fn bench(root: &Path, options: &Options) -> Result<String> {
    ensure!(
        options.seconds > 0.0 && options.seconds <= 600.0,
        "--seconds must be more than 0, and 600 at most"
    );
    for (flag, value) in [
        ("--rounds", options.rounds),
        ("--connections", options.connections),
        ("--starts", options.starts),
    ] {
        ensure!((1..=1_000).contains(&value), "{flag} must be 1 to 1000");
    }
    let mock = match &options.mock {
        Some(program) => program.clone(),
        None => build(root, "stepup-mock", options.profile)?,
    };
    if cfg!(debug_assertions) {
        // Generator and twin must be as fast as they can be, or the mock looks faster than it is.
        let tool = build(root, "xtask", Profile::Release)?;
        return in_release(&tool, &mock, options);
    }
    measure(&mock, options)
}

/// Builds the program of a package, alone, so that no other package decides about the features of its dependencies.
fn build(root: &Path, package: &str, profile: Profile) -> Result<PathBuf> {
    say(&format!("building {package} ({})", profile.name()));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut child = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--package", package, "--profile", profile.name()])
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
        "cargo cannot build {package}; its messages are above"
    );
    program.with_context(|| format!("cargo built {package} and named no program"))
}

/// Does the same in a program of this package that is optimized.
fn in_release(tool: &Path, mock: &Path, options: &Options) -> Result<String> {
    let output = Command::new(tool)
        .arg("bench")
        .args(["--seconds", &options.seconds.to_string()])
        .args(["--rounds", &options.rounds.to_string()])
        .args(["--connections", &options.connections.to_string()])
        .args(["--starts", &options.starts.to_string()])
        .args(["--profile", options.profile.name()])
        .arg("--mock")
        .arg(mock)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", tool.display()))?;
    ensure!(
        output.status.success(),
        "the measurement failed; the reason is above"
    );
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

fn measure(mock: &Path, options: &Options) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no async runtime")?;
    runtime.block_on(compare(mock, options))
}

async fn compare(program: &Path, options: &Options) -> Result<String> {
    let folder = Folder::new()?;
    let seed = folder.write("seed.json", &operation::seed())?;
    let start_mock = || {
        let mut command = Command::new(program);
        command
            .args(["--listen", "127.0.0.1:0", "--ready-json", "--seed"])
            .arg(&seed);
        Server::start("the mock", &folder, command)
    };
    let mut mock = Subject::new(start_mock()?);

    let operations = operation::operations();
    let requests = operation::requests(&mock.server).await?;
    let mut answers = Vec::new();
    for (operation, request) in operations.iter().zip(&requests) {
        answers.push(operation.sample(request, &mock.server).await?);
    }
    let answers_file = folder.write("answers.json", &serde_json::to_string(&answers)?)?;
    let this = std::env::current_exe().context("cannot tell which program this is")?;
    let start_twin = || {
        let mut command = Command::new(&this);
        command.arg("bench-twin").arg(&answers_file);
        Server::start("the twin", &folder, command)
    };
    let mut twin = Subject::new(start_twin()?);
    let expected: Vec<Expected> = answers.iter().map(Answer::expected).collect();

    say(&format!("starting each {} times", options.starts));
    let mut start_up = StartUp::default();
    if let (Some(request), Some(expected)) = (requests.first(), expected.first()) {
        for _ in 0..options.starts {
            start_up
                .mock
                .push(first_answer(start_mock, request, *expected).await?);
            start_up
                .twin
                .push(first_answer(start_twin, request, *expected).await?);
        }
    }

    say(&format!("filling what is bounded with {FILL} requests"));
    for subject in [&mut mock, &mut twin] {
        if let (Some(request), Some(expected)) = (requests.last(), expected.last()) {
            let mut connections = Connections::open(&subject.server, options.connections).await?;
            let stock = request.stock(FILL);
            subject
                .drive(&mut connections, stock, *expected, FILL_AT_MOST)
                .await?;
        }
        subject.weigh();
    }

    let mut rows: Vec<Row> = operations.into_iter().map(Row::new).collect();
    let span = Duration::from_secs_f64(options.seconds);
    for round in 1..=options.rounds {
        say(&format!("round {round} of {}", options.rounds));
        let requests = operation::requests(&mock.server).await?;
        for ((row, request), expected) in rows.iter_mut().zip(&requests).zip(&expected) {
            for (subject, figures) in [(&mut mock, &mut row.mock), (&mut twin, &mut row.twin)] {
                let mut connections =
                    Connections::open(&subject.server, options.connections).await?;
                subject
                    .drive(
                        &mut connections,
                        stock(request, WARM_UP),
                        *expected,
                        WARM_UP,
                    )
                    .await?;
                let (measured, cpu) = subject
                    .drive(&mut connections, stock(request, span), *expected, span)
                    .await?;
                figures.take(&measured, cpu);
            }
        }
        mock.weigh();
        twin.weigh();
    }
    Ok(table::report(
        options,
        &rows,
        &start_up,
        &mock.memory,
        &twin.memory,
    ))
}

/// A server that is measured.
struct Subject {
    server: Server,
    answered: usize,
    memory: Memory,
}

impl Subject {
    fn new(server: Server) -> Self {
        let mut subject = Self {
            server,
            answered: 0,
            memory: Memory::default(),
        };
        subject.weigh();
        subject
    }

    /// Takes note of its memory.
    fn weigh(&mut self) {
        self.memory
            .take(self.answered, self.server.usage().resident);
    }

    /// Drives it; tells the CPU time that it took, too.
    async fn drive(
        &mut self,
        connections: &mut Connections,
        stock: Stock,
        expected: Expected,
        span: Duration,
    ) -> Result<(Round, Option<Duration>)> {
        let before = self.server.usage();
        let round = connections
            .drive(stock, expected, span)
            .await
            .with_context(|| self.server.name())?;
        self.answered += round.latencies.len();
        Ok((round, Usage::between(before, self.server.usage())))
    }
}

/// Requests for so long, and then some: no server here answers so many.
fn stock(request: &Request, span: Duration) -> Stock {
    request.stock((span.as_secs_f64() * 150_000.0) as usize)
}

/// How long a server takes from its start to its first answer.
async fn first_answer(
    start: impl Fn() -> Result<Server>,
    request: &Request,
    expected: Expected,
) -> Result<Duration> {
    let stock = request.stock(1);
    let started = Instant::now();
    let server = start()?;
    let mut connection = Connections::open(&server, 1).await?;
    connection.drive(stock, expected, FILL_AT_MOST).await?;
    Ok(started.elapsed())
}

/// Tells how far it has come; the report is for stdout.
fn say(progress: &str) {
    // Without a stderr there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "bench: {progress}");
}
