//! The soak: mixed traffic of ever new users, and the memory that the mock needs meanwhile. Measures no speed.
//!
//! A visit is what one user does: enrol, track, take a challenge, enter its code, validate, log in with Activeconnect. After
//! some time the mock has reached all of its bounds. From then on, its memory must not grow.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::comparison::AFTER_RESET;
use crate::load::{Connection, Reply};
use crate::operation;
use crate::request::{APPLICATION_ID, Request};
use crate::server::Server;

/// Connections, each with one visit at a time.
const CONNECTIONS: usize = 8;
/// How many visits a user stays for. Without an end, the mock would soon refuse every new user.
const STAY: u64 = 50_000;
/// How often memory is read.
const SAMPLES: u32 = 60;
/// How much more memory the last third may need than the second, as a fraction. Allocators move a little.
const GROWTH: f64 = 0.05;

/// Drives a program of the mock for that long; returns the report in Markdown.
///
/// # Errors
/// The mock answers with a fault, or its memory grows after its bounds are reached.
pub(crate) fn run(mock: &Path, minutes: f64) -> Result<String> {
    // One thread: the mock gets the other cores.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(soak(mock, Duration::from_secs_f64(minutes * 60.0)))
}

async fn soak(program: &Path, time: Duration) -> Result<String> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let seed = folder.path().join("seed.json");
    std::fs::write(&seed, operation::seed()).context("cannot write the seed")?;
    let mut command = Command::new(program);
    command
        .args(["--listen", "127.0.0.1:0", "--ready-json", "--no-signatures"])
        .arg("--seed")
        .arg(&seed);
    let soak = Arc::new(Soak {
        mock: Server::start("the mock", folder.path(), command)?,
        visits: AtomicU64::new(0),
        answers: Mutex::default(),
        until: Instant::now() + time,
    });
    let mut visitors = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let connection = Connection::open(&soak.mock).await?;
        let visitor = Visitor {
            soak: Arc::clone(&soak),
            connection,
        };
        visitors.spawn(visitor.visit_until_the_end());
    }
    let mut samples = Vec::new();
    let mut ticks = tokio::time::interval(time / SAMPLES);
    loop {
        tokio::select! {
            done = visitors.join_next() => match done {
                None => break,
                Some(done) => done.context("a visitor stopped")??,
            },
            _ = ticks.tick() => samples.push(soak.resident()?),
        }
    }
    let mut connection = Connection::open(&soak.mock).await?;
    let reset = connection
        .send(&Request::new("POST", "/_mock/reset", None))
        .await?;
    ensure!(reset.status < 300, "the mock refuses to reset: {reset}");
    tokio::time::sleep(AFTER_RESET).await;
    let report = soak.report(time, &samples, soak.resident()?);
    if let Some(operation) = soak.never_done() {
        bail!(
            "{report}\nno answer to {operation} was a success, so the mock had less to do than it should"
        );
    }
    let third = samples.len() / 3;
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or_default() as f64;
    let second = most(samples.get(third..2 * third).unwrap_or_default());
    let last = most(samples.get(2 * third..).unwrap_or_default());
    if last > second * (1.0 + GROWTH) {
        bail!("{report}\nmemory grows: the last third needs more than the second");
    }
    Ok(report)
}

/// The mock, and what the visitors know together.
struct Soak {
    mock: Server,
    visits: AtomicU64,
    /// How many answers each operation gave with each status.
    answers: Mutex<BTreeMap<(&'static str, u16), u64>>,
    until: Instant,
}

impl Soak {
    /// The memory of the mock, in bytes.
    fn resident(&self) -> Result<u64> {
        let usage = self.mock.usage();
        usage
            .map(|usage| usage.resident)
            .context("the system does not report memory")
    }

    /// An operation that never succeeded, if there is one.
    fn never_done(&self) -> Option<&'static str> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut operations = answers.keys().map(|(operation, _)| *operation);
        operations.find(|operation| {
            let mut statuses = answers.keys().filter(|(other, _)| other == operation);
            !statuses.any(|(_, status)| *status < 300)
        })
    }

    fn report(&self, time: Duration, samples: &[u64], after_reset: u64) -> String {
        let mib = |bytes: &u64| format!("{:.1}", *bytes as f64 / f64::from(1 << 20));
        let visits = self.visits.load(Ordering::Relaxed);
        let minutes = time.as_secs_f64() / 60.0;
        let mut lines = vec![
            format!("{visits} visits in {minutes:.1} minutes over {CONNECTIONS} connections"),
            String::new(),
            "| operation | status | answers |".to_owned(),
            "| --- | --- | --- |".to_owned(),
        ];
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for ((operation, status), count) in &*answers {
            lines.push(format!("| {operation} | {status} | {count} |"));
        }
        let memory: Vec<_> = samples.iter().map(mib).collect();
        lines.push(String::new());
        lines.push(format!("memory in MiB: {}", memory.join(" ")));
        lines.push(format!("12 s after a reset: {} MiB", mib(&after_reset)));
        lines.join("\n")
    }
}

/// One connection, on which one user after the other visits.
struct Visitor {
    soak: Arc<Soak>,
    connection: Connection,
}

impl Visitor {
    async fn visit_until_the_end(mut self) -> Result<()> {
        while Instant::now() < self.soak.until {
            let number = self.soak.visits.fetch_add(1, Ordering::Relaxed);
            self.visit(number).await?;
        }
        Ok(())
    }

    /// Sends one request. A refusal is an answer like others, because the mock refuses what is beyond its bounds.
    async fn ask(
        &mut self,
        operation: &'static str,
        method: &str,
        target: &str,
        body: Option<Value>,
    ) -> Result<Value> {
        let request = Request::new(method, target, body.as_ref());
        let reply: Reply = self.connection.send(&request).await?;
        ensure!(reply.status < 500, "the mock fails at {operation}: {reply}");
        let mut answers = self
            .soak
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *answers.entry((operation, reply.status)).or_default() += 1;
        Ok(serde_json::from_slice(&reply.body).unwrap_or_default())
    }

    async fn visit(&mut self, number: u64) -> Result<()> {
        let user = format!("user-{number}");
        let email = format!("{user}@example.com");
        let api = format!("/v1/users/{user}");
        let enroll = json!({"verificationMethod": "EMAIL_OTP", "email": email});
        let authenticators = format!("{api}/authenticators");
        self.ask(
            "enroll_verified_authenticator",
            "POST",
            &authenticators,
            Some(enroll),
        )
        .await?;
        // Payments of very different shapes, as applications send them.
        let items: Vec<_> = (0..number % 40)
            .map(|item| json!({"sku": item, "price": 9.5}))
            .collect();
        let known = json!({
            "email": email,
            "deviceId": format!("device-{number}"),
            "redirectUrl": "https://shop.example.com/back",
            "custom": {"amount": number % 5_000, "items": items},
        });
        let tracked = self
            .ask("track", "POST", &format!("{api}/actions/pay"), Some(known))
            .await?;
        let challenge = json!({
            "userId": user, "action": "pay", "verificationMethod": "EMAIL_OTP", "email": email,
        });
        let challenge = self
            .ask("challenge", "POST", "/v1/challenge", Some(challenge))
            .await?;
        let messages = format!("/_mock/messages?limit=1&to={email}");
        let messages = self.ask("messages", "GET", &messages, None).await?;
        let verify = json!({
            "challengeId": challenge["challengeId"],
            "verificationCode": messages["messages"][0]["code"],
        });
        self.ask("verify", "POST", "/v1/verify", Some(verify))
            .await?;
        let validate = json!({"token": tracked["token"]});
        self.ask("validate_challenge", "POST", "/v1/validate", Some(validate))
            .await?;
        self.ask("get_user", "GET", &api, None).await?;
        let users = format!("/management/add_users/{APPLICATION_ID}");
        self.ask("add_users", "POST", &users, Some(json!({"users": [user]})))
            .await?;
        if let Some(gone) = number.checked_sub(STAY) {
            let gone = format!("/v1/users/user-{gone}");
            self.ask("delete_user", "DELETE", &gone, None).await?;
        }
        let login = format!("/authentication/authenticate_user/{APPLICATION_ID}/ada@example.com");
        self.ask("authenticate_user", "POST", &login, Some(json!({})))
            .await?;
        Ok(())
    }
}
