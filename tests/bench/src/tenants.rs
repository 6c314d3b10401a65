//! Tenants of tests: how many a second can come and go, the memory that they need, and how long one takes to go back to a
//! snapshot. Measures no operation of a vendor.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::load::Connection;
use crate::request::Request;
use crate::server::Server;

/// Users of the tenant that goes back to a snapshot.
const USERS: usize = 1_000;
/// How often it goes back.
const RESTORES: u32 = 100;
/// Connections, each with one request at a time.
const CONNECTIONS: usize = 8;

/// Measures a program of the mock; returns the report in Markdown.
///
/// # Errors
/// The mock refuses a tenant, or does not know one that it has created.
pub(crate) fn run(mock: &Path, count: usize, seconds: f64) -> Result<String> {
    // One thread: the mock gets the other cores.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(measure(mock, count, Duration::from_secs_f64(seconds)))
}

async fn measure(program: &Path, count: usize, time: Duration) -> Result<String> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let mut command = Command::new(program);
    command.args(["--listen", "127.0.0.1:0", "--ready-json"]);
    let mock = Server::start("the mock", folder.path(), command)?;
    let rate = rate(&mock, time).await?;
    let before = resident(&mock)?;
    let started = Instant::now();
    let mut connection = Connection::open(&mock).await?;
    for _ in 0..count {
        create_and_use(&mut connection).await?;
    }
    let elapsed = started.elapsed().as_secs_f64();
    let after = resident(&mock)?;
    let among_many = self::rate(&mock, time).await?;
    let restored = restore(&mut connection).await?;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let each = after.saturating_sub(before) as f64 / count.max(1) as f64 / 1024.0;
    Ok([
        format!("created and deleted: {rate:.0} tenants a second over {CONNECTIONS} connections"),
        format!("the same beside {count} tenants: {among_many:.0} a second"),
        format!("{count} tenants created, with one request each: {elapsed:.2} s"),
        format!(
            "a tenant of {USERS} users goes back to a snapshot in {:.2} ms",
            restored.as_secs_f64() * 1000.0
        ),
        format!(
            "resident memory: {:.1} MiB before, {:.1} MiB with them, {each:.1} KiB each",
            mib(before),
            mib(after)
        ),
    ]
    .join("\n"))
}

/// How many tenants a second come and go.
async fn rate(mock: &Server, time: Duration) -> Result<f64> {
    let started = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(mock).await?;
        running.spawn(async move {
            let mut done = 0_u32;
            while started.elapsed() < time {
                let id = id(&create(&mut connection).await?)?;
                delete(&mut connection, &id).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(ended) = running.join_next().await {
        done += ended.context("a connection stopped")??;
    }
    Ok(f64::from(done) / started.elapsed().as_secs_f64())
}

async fn create(connection: &mut Connection) -> Result<Value> {
    let request = Request::new("POST", "/_mock/tenants", None);
    let reply = connection.send(&request).await?;
    ensure!(reply.status == 201, "the mock creates no tenant: {reply}");
    serde_json::from_slice(&reply.body).context("a tenant is not JSON")
}

fn id(created: &Value) -> Result<String> {
    let id = created["id"].as_str();
    id.map(str::to_owned).context("a tenant has no id")
}

/// Creates a tenant whose journal and state then hold something.
async fn create_and_use(connection: &mut Connection) -> Result<()> {
    let created = create(connection).await?;
    let secret = created["authsignal"]["secretKey"].as_str();
    let secret = secret.context("a tenant has no secret")?;
    let body = json!({"email": "ada@example.com"});
    let target = "/v1/users/ada/actions/pay";
    let track = Request::with_secret(secret, "POST", target, Some(&body));
    let reply = connection.send(&track).await?;
    ensure!(
        reply.status == 200,
        "the mock does not know a tenant: {reply}"
    );
    Ok(())
}

/// How long a tenant with many users takes to go back to a snapshot, on average.
async fn restore(connection: &mut Connection) -> Result<Duration> {
    let user = |number: usize| {
        json!({"userId": format!("user-{number}"), "email": format!("user-{number}@example.com"),
            "authenticators": [{"verificationMethod": "SMS", "phoneNumber": format!("+6427{number:07}")}]})
    };
    let users: Vec<_> = (0..USERS).map(user).collect();
    let body = json!({"seed": {"authsignal": {"users": users}}});
    let create = Request::new("POST", "/_mock/tenants", Some(&body));
    let reply = connection.send(&create).await?;
    ensure!(reply.status == 201, "the mock creates no tenant: {reply}");
    let created: Value = serde_json::from_slice(&reply.body).context("a tenant is not JSON")?;
    let snapshot = json!({"name": "start", "tenant": created["id"]});
    let mut post = async |target: &str| {
        let request = Request::new("POST", target, Some(&snapshot));
        let reply = connection.send(&request).await?;
        ensure!(
            reply.status == 200,
            "the mock has no such snapshot: {reply}"
        );
        anyhow::Ok(())
    };
    post("/_mock/snapshots").await?;
    let started = Instant::now();
    for _ in 0..RESTORES {
        post("/_mock/snapshots/restore").await?;
    }
    Ok(started.elapsed() / RESTORES)
}

async fn delete(connection: &mut Connection, id: &str) -> Result<()> {
    let request = Request::new("DELETE", &format!("/_mock/tenants/{id}"), None);
    let reply = connection.send(&request).await?;
    ensure!(reply.status == 200, "the mock deletes no tenant: {reply}");
    Ok(())
}

/// The memory of the mock, in bytes.
fn resident(mock: &Server) -> Result<u64> {
    let usage = mock.usage();
    usage
        .map(|usage| usage.resident)
        .context("the system does not report memory")
}
