//! The Rust client beside the same calls written by hand with reqwest: the CPU time that each takes in the calling process.
//! Both parse the answer into the same type. Measures no server.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use stepup_client::authsignal::{Authsignal, TrackAttributes, Tracked, User};
use stepup_client::reqwest::{self, redirect};

use crate::operation;
use crate::report::{median, ratio};
use crate::request::API_SECRET;
use crate::server::{Server, Usage};

const CALLS: [&str; 2] = ["get_user", "track"];
/// Calls that are made first, and not measured: they open the connection.
const WARM_UP: u32 = 200;

/// Measures with a program of the mock; returns the report in Markdown.
///
/// # Errors
/// The mock does not start, or a call fails.
pub(crate) fn run(mock: &Path, count: u32, rounds: usize) -> Result<String> {
    // One thread, so that all of its CPU time is the calls'.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(measure(mock, count, rounds))
}

async fn measure(program: &Path, count: u32, rounds: usize) -> Result<String> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let seed = folder.path().join("seed.json");
    std::fs::write(&seed, operation::seed()).context("cannot write the seed")?;
    let mut command = Command::new(program);
    command
        .args(["--listen", "127.0.0.1:0", "--ready-json", "--seed"])
        .arg(seed);
    let mock = Server::start("the mock", folder.path(), command)?;
    let api = format!("http://{}/v1", mock.address());
    let client = Authsignal::builder(API_SECRET).api_url(&api).build()?;
    let by_hand = ByHand::new(api)?;
    let mut lines = vec![
        "| call | client, µs of CPU | by hand, µs | ratio |".to_owned(),
        "| --- | --- | --- | --- |".to_owned(),
    ];
    for call in CALLS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            // The first round warms up.
            let count = if round == 0 { WARM_UP } else { count };
            let own = cpu(count, || with_client(&client, call)).await?;
            let hand = cpu(count, || by_hand.call(call)).await?;
            if round > 0 {
                ours.push(own);
                theirs.push(hand);
            }
        }
        lines.push(format!(
            "| {call} | {} | {} | {} |",
            median(&ours, 1),
            median(&theirs, 1),
            ratio(&ours, &theirs),
        ));
    }
    Ok(lines.join("\n"))
}

/// CPU time of one of so many calls, in microseconds.
async fn cpu(count: u32, call: impl AsyncFn() -> Result<()>) -> Result<f64> {
    let before = own_cpu();
    for _ in 0..count {
        call().await?;
    }
    let (Some(before), Some(after)) = (before, own_cpu()) else {
        bail!("this system does not report the CPU time of a process");
    };
    Ok((after - before).as_secs_f64() * 1e6 / f64::from(count))
}

/// The CPU time of this thread, which makes all calls. Linux counts it in nanoseconds in one place, and that of a process in
/// hundredths of a second, which is 3 µs of each of 3,000 calls.
fn own_cpu() -> Option<Duration> {
    let exact = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let exact = exact
        .as_deref()
        .and_then(|text| text.split(' ').next()?.parse().ok());
    exact
        .map(Duration::from_nanos)
        .or_else(|| Some(Usage::own()?.cpu))
}

async fn with_client(client: &Authsignal, call: &str) -> Result<()> {
    match call {
        "get_user" => {
            let user: User = client.get_user("ada").await?;
            ensure!(user.is_enrolled, "ada is not enrolled");
        }
        "track" => {
            let attributes = TrackAttributes::new()
                .email("ada@example.com")
                .ip_address("203.0.113.7");
            let tracked: Tracked = client.track("ada", "pay", attributes).await?;
            ensure!(!tracked.idempotency_key.is_empty(), "an action has no key");
        }
        _ => bail!("no call {call}"),
    }
    Ok(())
}

/// The calls as an application writes them that has reqwest alone.
struct ByHand {
    http: reqwest::Client,
    api: reqwest::Url,
}

impl ByHand {
    fn new(api: String) -> Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(10))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()?;
        let api = api.parse()?;
        Ok(Self { http, api })
    }

    /// A URL below the API's, with each part encoded: ids are texts of users.
    fn url(&self, parts: &[&str]) -> Result<reqwest::Url> {
        let mut url = self.api.clone();
        let Ok(mut path) = url.path_segments_mut() else {
            bail!("{} has no path", self.api);
        };
        path.extend(parts);
        drop(path);
        Ok(url)
    }

    async fn call(&self, call: &str) -> Result<()> {
        match call {
            "get_user" => {
                let request = self.http.get(self.url(&["users", "ada"])?);
                let request = request.basic_auth(API_SECRET, Some(""));
                let user: User = request.send().await?.error_for_status()?.json().await?;
                ensure!(user.is_enrolled, "ada is not enrolled");
            }
            "track" => {
                let request = self
                    .http
                    .post(self.url(&["users", "ada", "actions", "pay"])?);
                let request = request.basic_auth(API_SECRET, Some("")).json(&json!({
                    "idempotencyKey": uuid::Uuid::new_v4().to_string(),
                    "email": "ada@example.com",
                    "ipAddress": "203.0.113.7",
                }));
                let tracked: Tracked = request.send().await?.error_for_status()?.json().await?;
                ensure!(!tracked.idempotency_key.is_empty(), "an action has no key");
            }
            _ => bail!("no call {call}"),
        }
        Ok(())
    }
}
