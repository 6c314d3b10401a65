//! The comparison: starts both servers, drives them in turn, and collects what they did. Knows no vendor.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::load::{Connection, Connections, Expected, Round};
use crate::operation::{self, Operation};
use crate::report::{self, Memory, Row, Start, StartUp};
use crate::request::{Request, Stock};
use crate::server::{Server, Usage};
use crate::settings::Settings;
use crate::twin::Answer;

/// Requests sent before measuring, of the operation that makes the mock keep most. More than the nonces that the mock
/// keeps, so that every limit is reached before memory is read.
const FILL: usize = 270_000;
/// The longest that filling may take.
const FILL_AT_MOST: Duration = Duration::from_secs(120);
/// How long after a reset memory is read. Its allocator gives memory back within ten seconds.
pub(crate) const AFTER_RESET: Duration = Duration::from_secs(12);
/// How long a server is driven before each measurement, with the same requests.
const WARM_UP: Duration = Duration::from_millis(200);

/// Compares a program of the mock with the twin; returns the report in Markdown.
pub(crate) fn run(mock: &Path, settings: &Settings) -> Result<String> {
    // One thread: the servers get the other cores.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(compare(mock, settings))
}

async fn compare(program: &Path, settings: &Settings) -> Result<String> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let folder = folder.path();
    let seed = folder.join("seed.json");
    std::fs::write(&seed, operation::seed()).context("cannot write the seed")?;
    let start = |name, program: &Path| {
        let mut command = Command::new(program);
        command
            .args(["--listen", "127.0.0.1:0", "--ready-json", "--seed"])
            .arg(&seed);
        Server::start(name, folder, command)
    };
    let start_mock = || start("the mock", program);
    let mock = start_mock()?;

    let operations = operation::operations();
    let requests = operation::requests(&mock).await?;
    let answers = samples(&operations, &requests, &mock).await?;
    let answers_file = folder.join("answers.json");
    std::fs::write(&answers_file, serde_json::to_string(&answers)?)
        .context("cannot write the twin's answers")?;
    let this = std::env::current_exe().context("cannot find this program")?;
    let start_twin = || {
        if let Some(other) = &settings.against {
            return start("the other mock", other);
        }
        let mut command = Command::new(&this);
        command.arg("twin").arg(&answers_file);
        Server::start("the twin", folder, command)
    };
    let twin = start_twin()?;
    // Another commit may answer in other words. The twin repeats the mock's.
    let of_twin = match &settings.against {
        Some(_) => {
            let requests = operation::requests(&twin).await?;
            samples(&operations, &requests, &twin).await?
        }
        None => answers.clone(),
    };

    let mut subjects = Subjects {
        mock: Subject::new(mock, &answers),
        twin: Subject::new(twin, &of_twin),
    };
    let start_up = subjects
        .start_up(settings, &requests, start_mock, start_twin)
        .await?;
    subjects.fill(settings, &requests).await?;
    let mut rows: Vec<Row> = operations.into_iter().map(Row::new).collect();
    for round in 1..=settings.rounds {
        say(&format!("round {round} of {}", settings.rounds));
        let requests = operation::requests(&subjects.mock.server).await?;
        // A token is good at the mock that made it. The twin takes any.
        let of_twin = match &settings.against {
            Some(_) => operation::requests(&subjects.twin.server).await?,
            None => operation::requests(&subjects.mock.server).await?,
        };
        subjects
            .round(settings, [&requests, &of_twin], &mut rows)
            .await?;
    }
    subjects.reset_mock().await?;
    Ok(report::report(
        settings,
        &rows,
        &start_up,
        &subjects.mock.memory,
        &subjects.twin.memory,
    ))
}

/// Each operation's first answer.
async fn samples(
    operations: &[Operation],
    requests: &[Request],
    server: &Server,
) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for (operation, request) in operations.iter().zip(requests) {
        answers.push(operation.sample(request, server).await?);
    }
    Ok(answers)
}

/// Both servers.
struct Subjects {
    mock: Subject,
    twin: Subject,
}

impl Subjects {
    /// Measures how long each server takes to start, on processes that end right after.
    async fn start_up(
        &self,
        settings: &Settings,
        requests: &[Request],
        start_mock: impl Fn() -> Result<Server>,
        start_twin: impl Fn() -> Result<Server>,
    ) -> Result<StartUp> {
        say(&format!("starting each {} times", settings.starts));
        let mut start_up = StartUp::default();
        let (Some(request), Some(of_mock), Some(of_twin)) = (
            requests.first(),
            self.mock.expected.first(),
            self.twin.expected.first(),
        ) else {
            return Ok(start_up);
        };
        for _ in 0..settings.starts {
            let mock = first_answer(&start_mock, request, *of_mock).await?;
            start_up.mock.push(mock);
            let twin = first_answer(&start_twin, request, *of_twin).await?;
            start_up.twin.push(twin);
        }
        Ok(start_up)
    }

    /// Sends so much that the mock reaches its limits, then reads memory.
    async fn fill(&mut self, settings: &Settings, requests: &[Request]) -> Result<()> {
        say(&format!("reaching every limit with {FILL} requests"));
        for subject in [&mut self.mock, &mut self.twin] {
            if let (Some(request), Some(expected)) =
                (requests.last(), subject.expected.last().copied())
            {
                let mut connections =
                    Connections::open(&subject.server, settings.connections).await?;
                let stock = request.stock(FILL);
                subject
                    .drive(&mut connections, stock, expected, FILL_AT_MOST)
                    .await?;
            }
            subject.weigh();
        }
        Ok(())
    }

    /// Resets the mock, and reads its memory when it has had time to give it back.
    async fn reset_mock(&mut self) -> Result<()> {
        let request = Request::new("POST", "/_mock/reset", None);
        let reply = Connection::open(&self.mock.server)
            .await?
            .send(&request)
            .await?;
        ensure!(reply.status < 300, "the mock refuses to reset: {reply}");
        tokio::time::sleep(AFTER_RESET).await;
        let usage = self.mock.server.usage();
        self.mock.memory.after_reset = usage.map(|usage| usage.resident);
        Ok(())
    }

    /// Drives both servers with every operation, in turn.
    async fn round(
        &mut self,
        settings: &Settings,
        [of_mock, of_twin]: [&[Request]; 2],
        rows: &mut [Row],
    ) -> Result<()> {
        let span = Duration::from_secs_f64(settings.seconds);
        let requests = of_mock.iter().zip(of_twin);
        for (index, (row, (of_mock, of_twin))) in rows.iter_mut().zip(requests).enumerate() {
            for (subject, figures, request) in [
                (&mut self.mock, &mut row.mock, of_mock),
                (&mut self.twin, &mut row.twin, of_twin),
            ] {
                let Some(expected) = subject.expected.get(index).copied() else {
                    continue;
                };
                let mut connections =
                    Connections::open(&subject.server, settings.connections).await?;
                let warm_up = stock(request, WARM_UP);
                subject
                    .drive(&mut connections, warm_up, expected, WARM_UP)
                    .await?;
                let (measured, cpu) = subject
                    .drive(&mut connections, stock(request, span), expected, span)
                    .await?;
                figures.take(&measured, cpu);
            }
        }
        self.mock.weigh();
        self.twin.weigh();
        Ok(())
    }
}

/// What every answer to the same request must look like.
fn expected(answer: &Answer) -> Expected {
    Expected {
        status: answer.status,
        length: answer.body.len(),
    }
}

/// A measured server.
struct Subject {
    server: Server,
    /// What every answer must look like, by operation.
    expected: Vec<Expected>,
    answered: usize,
    memory: Memory,
}

impl Subject {
    fn new(server: Server, answers: &[Answer]) -> Self {
        let mut subject = Self {
            server,
            expected: answers.iter().map(expected).collect(),
            answered: 0,
            memory: Memory::default(),
        };
        subject.weigh();
        subject
    }

    /// Records its memory.
    fn weigh(&mut self) {
        let resident = self.server.usage().map(|usage| usage.resident);
        self.memory.take(self.answered, resident);
    }

    /// Drives it; returns the CPU time that it used, too.
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
        Ok((round, Usage::cpu_between(before, self.server.usage())))
    }
}

/// Enough requests for a time span: no server here answers 150,000 per second.
fn stock(request: &Request, span: Duration) -> Stock {
    request.stock((span.as_secs_f64() * 150_000.0) as usize)
}

/// The times of a server's start.
async fn first_answer(
    start: impl Fn() -> Result<Server>,
    request: &Request,
    expected: Expected,
) -> Result<Start> {
    let stock = request.stock(1);
    let started = Instant::now();
    let server = start()?;
    let ready = started.elapsed();
    let mut connection = Connections::open(&server, 1).await?;
    connection.drive(stock, expected, FILL_AT_MOST).await?;
    let answer = started.elapsed();
    Ok(Start { ready, answer })
}

/// Reports progress on stderr; stdout is for the report.
pub(crate) fn say(progress: &str) {
    // A closed stderr has no reader.
    let _ = writeln!(std::io::stderr(), "bench: {progress}");
}
