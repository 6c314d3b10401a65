//! A mock with a data directory: it goes on where it was, however it ended, and refuses a directory that it cannot use.
//! Must not use the mock as a library.
//!
//! `STEPUP_KILLS` says how often the mock is killed, and `STEPUP_KILLS_SEED` decides when.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use conformance::receiver::Receiver;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::running::{self, Running};
use crate::{API_SECRET, FREE_PORT, fails, text};

/// How many clients write at one time.
const CLIENTS: usize = 8;

fn start(directory: &Path, more: &[&str]) -> Running {
    let mut command = running::command(&FREE_PORT);
    command.arg("--data-dir").arg(directory).args(more);
    Running::of(command)
}

/// The program with this directory, run to its end: it must not start.
fn refused(directory: &Path, says: &[&str]) {
    let mut command = running::command(&FREE_PORT);
    let output = command.arg("--data-dir").arg(directory).output().unwrap();
    fails(&output, says);
}

async fn ask(
    client: &Client,
    url: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Option<(StatusCode, Value)> {
    let mut request = client.request(method, format!("{url}{path}"));
    if !path.starts_with("/_mock") {
        request = request.basic_auth(API_SECRET, Some(""));
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.ok()?;
    let status = answer.status();
    // An answer that was cut off acknowledges nothing.
    let body = answer.bytes().await.ok()?;
    Some((status, serde_json::from_slice(&body).unwrap_or_default()))
}

async fn expect(
    client: &Client,
    url: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Value {
    let (status, answer) = ask(client, url, method, path, body).await.unwrap();
    assert!(status.is_success(), "{path}: {status} {answer}");
    answer
}

/// Numbers that a seed decides.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What clients were told that it is done. The mock has no part in it.
#[derive(Default)]
struct Acknowledged {
    /// The users that are there, with the name that was set last.
    users: BTreeMap<String, String>,
    /// Changes of users that got no answer: each may be done or not.
    unanswered: BTreeMap<String, Option<String>>,
    count: u64,
}

/// A client that creates users, renames them and deletes them until the mock is gone.
async fn write(
    client: Client,
    url: String,
    own: usize,
    round: u64,
    log: Arc<Mutex<Acknowledged>>,
    enough: (u64, Arc<Notify>),
) {
    for number in 0.. {
        let user_id = format!("user-{round}-{own}-{}", number / 3);
        let path = format!("/v1/users/{user_id}");
        let name = format!("name {number}");
        // Created and renamed, and all but each fourth one deleted.
        let deletes = number % 3 == 2 && (number / 3) % 4 != 0;
        let intended = (!deletes).then(|| name.clone());
        log.lock()
            .unwrap()
            .unanswered
            .insert(user_id.clone(), intended.clone());
        let answer = match deletes {
            true => ask(&client, &url, Method::DELETE, &path, None).await,
            false => {
                let body = json!({"displayName": name});
                ask(&client, &url, Method::PATCH, &path, Some(&body)).await
            }
        };
        let Some((status, answer)) = answer else {
            return;
        };
        assert!(status.is_success(), "{status} {answer}");
        let mut log = log.lock().unwrap();
        log.unanswered.remove(&user_id);
        match intended {
            Some(name) => log.users.insert(user_id, name),
            None => log.users.remove(&user_id),
        };
        log.count += 1;
        if log.count == enough.0 {
            enough.1.notify_one();
        }
    }
}

/// The users of the mock, with their names.
async fn users(client: &Client, url: &str) -> BTreeMap<String, String> {
    let dump = expect(client, url, Method::GET, "/_mock/dump?secrets=true", None).await;
    let users = dump["tenants"][0]["state"]["authsignal"]["users"].as_object();
    let users = users.unwrap().iter().map(|(id, user)| {
        let name = user["attributes"]["displayName"].as_str();
        (id.clone(), name.unwrap_or_default().to_owned())
    });
    users.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_kills_at_random_moments_under_load() {
    let setting = |name: &str, otherwise: u64| {
        let given = std::env::var(name).ok();
        given.map_or(otherwise, |given| given.parse().unwrap())
    };
    let kills = setting("STEPUP_KILLS", 10);
    let mut numbers = Numbers(setting("STEPUP_KILLS_SEED", 2026));
    let directory = tempfile::tempdir().unwrap();
    let log = Arc::new(Mutex::new(Acknowledged::default()));
    for round in 0..kills {
        let running = start(directory.path(), &[]);
        let url = running.url().to_owned();
        let client = Client::new();
        let there = users(&client, &url).await;
        assert!(!there.is_empty() || round == 0);
        let enough = {
            let mut log = log.lock().unwrap();
            log.compare(there);
            (log.count + 1 + numbers.below(200), Arc::new(Notify::new()))
        };
        let mut clients = JoinSet::new();
        for own in 0..CLIENTS {
            let (client, url, log) = (client.clone(), url.clone(), Arc::clone(&log));
            let enough = (enough.0, Arc::clone(&enough.1));
            clients.spawn(write(client, url, own, round, log, enough));
        }
        enough.1.notified().await;
        running.signal("KILL");
        clients.join_all().await;
    }
    let running = start(directory.path(), &[]);
    let url = running.url().to_owned();
    let there = users(&Client::new(), &url).await;
    let mut log = log.lock().unwrap();
    log.compare(there);
    assert!(log.count >= kills && !log.users.is_empty());
    let mut out = std::io::stdout();
    writeln!(out, "{kills} kills, {} acknowledged writes", log.count).unwrap();
}

impl Acknowledged {
    /// Compares the mock's users with those that clients were told of.
    fn compare(&mut self, there: BTreeMap<String, String>) {
        let unanswered = std::mem::take(&mut self.unanswered);
        for (id, name) in &self.users {
            let may_be = unanswered.get(id).cloned();
            let now = there.get(id).cloned();
            assert!(
                now.as_ref() == Some(name) || may_be.is_some_and(|may_be| may_be == now),
                "{id} was {name:?}, and is {now:?}"
            );
        }
        for id in there.keys() {
            assert!(
                self.users.contains_key(id) || unanswered.contains_key(id),
                "{id} was never there, or is deleted"
            );
        }
        // From now on, what is there is what counts.
        self.users = there;
    }
}

#[tokio::test]
async fn sessions_tokens_challenges_messages_and_clocks_go_on_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let client = Client::new();
    let running = start(directory.path(), &["--seed", "demo"]);
    let url = running.url().to_owned();
    let sms = json!({"verificationMethod": "SMS", "phoneNumber": "+64270000001"});
    let path = "/v1/users/ada/authenticators";
    expect(&client, &url, Method::POST, path, Some(&sms)).await;
    let path = "/v1/users/ada/actions/signIn";
    let tracked = expect(&client, &url, Method::POST, path, Some(&json!({}))).await;
    let token = tracked["token"].as_str().unwrap().to_owned();
    let challenge = |url: &str| {
        let request = client.post(format!("{url}/v1/client/challenge/sms"));
        request.bearer_auth(&token).json(&json!({})).send()
    };
    let sent = challenge(&url).await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK, "{:?}", sent.text().await);
    let frozen = json!({"freeze": true, "advanceSeconds": 60});
    expect(&client, &url, Method::POST, "/_mock/clock", Some(&frozen)).await;
    let created = expect(
        &client,
        &url,
        Method::POST,
        "/_mock/tenants",
        Some(&json!({"name": "Created"})),
    )
    .await;
    let dump = |url: String| {
        let client = client.clone();
        async move { expect(&client, &url, Method::GET, "/_mock/dump?secrets=true", None).await }
    };
    let before = dump(url.clone()).await;
    running.signal("KILL");

    let running = start(directory.path(), &["--seed", "demo"]);
    let url = running.url().to_owned();
    assert_eq!(dump(url.clone()).await, before);
    assert_eq!(before["tenants"].as_array().map(Vec::len), Some(2));
    drop(created);
    let inbox = expect(&client, &url, Method::GET, "/_mock/messages", None).await;
    let code = inbox["messages"][0]["code"].as_str().unwrap().to_owned();
    let verify = client.post(format!("{url}/v1/client/verify/sms"));
    let verify = verify.bearer_auth(&token);
    let verified = verify.json(&json!({"verificationCode": code})).send().await;
    let verified: Value = verified.unwrap().json().await.unwrap();
    assert_eq!(verified["isVerified"], true, "{verified}");
    let reset = expect(&client, &url, Method::POST, "/_mock/reset", None).await;
    drop(reset);
    running.signal("KILL");

    let running = start(directory.path(), &["--seed", "demo"]);
    let state = dump(running.url().to_owned()).await;
    assert_eq!(state["tenants"].as_array().map(Vec::len), Some(1));
    let told = state.to_string();
    assert!(told.contains("+15550100"), "the users of the seed are back");
    assert!(!told.contains("+64270000001"), "a reset is durable");
}

#[tokio::test]
async fn a_webhook_that_waits_is_sent_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let client = Client::new();
    // It is frozen, so the log event waits for its batch.
    let receiver = Receiver::start().await;
    let hook = receiver.url();
    let arguments = ["--webhook", &hook];
    let running = start(directory.path(), &arguments);
    let url = running.url().to_owned();
    let frozen = json!({"freeze": true});
    expect(&client, &url, Method::POST, "/_mock/clock", Some(&frozen)).await;
    let path = "/v1/users/ada/actions/signIn";
    expect(&client, &url, Method::POST, path, Some(&json!({}))).await;
    running.signal("KILL");
    assert!(receiver.take().is_empty());

    let running = start(directory.path(), &arguments);
    let url = running.url().to_owned();
    let later = json!({"advanceSeconds": 3600});
    expect(&client, &url, Method::POST, "/_mock/clock", Some(&later)).await;
    receiver.next().await;
    let told = receiver.take().remove(0).json().to_string();
    assert!(told.contains("signIn"), "{told}");
}

/// Each folder has what the last version of a format wrote, and what is in it as a dump of that version says.
#[test]
fn a_directory_of_each_format_opens() {
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/formats");
    let mut count = 0;
    for format in fs::read_dir(formats).unwrap() {
        let format = format.unwrap().path();
        let directory = tempfile::tempdir().unwrap();
        fs::copy(format.join("mock.redb"), directory.path().join("mock.redb")).unwrap();
        let folder = directory.path().to_str().unwrap();
        let output = running::run(&["data", "dump", folder]);
        let dumped: Value = serde_json::from_slice(&output.stdout).unwrap();
        let expected = fs::read(format.join("dump.json")).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        assert_eq!(dumped, expected, "{}", format.display());
        let running = start(directory.path(), &["--seed", "demo"]);
        assert_eq!(running.signal("TERM").code, Some(0));
        count += 1;
    }
    assert_eq!(count, 1);
}

#[test]
fn without_the_flag_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = running::command(&FREE_PORT);
    command
        .current_dir(directory.path())
        .env("HOME", directory.path())
        .env("TMPDIR", directory.path());
    let running = Running::of(command);
    assert_eq!(running.signal("TERM").code, Some(0));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_directory_that_cannot_be_used_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    // Of something else.
    fs::create_dir(at("photos")).unwrap();
    fs::write(at("photos").join("cat.jpg"), "a cat").unwrap();
    refused(&at("photos"), &["no data directory", "cat.jpg"]);
    assert_eq!(fs::read_dir(at("photos")).unwrap().count(), 1);
    // No directory.
    fs::write(at("file"), "text").unwrap();
    refused(&at("file"), &["cannot use the data directory"]);
    // In use.
    let running = start(&at("used"), &[]);
    refused(&at("used"), &["in use by another process"]);
    assert_eq!(running.signal("TERM").code, Some(0));
    let file = at("used").join("mock.redb");
    let whole = fs::read(&file).unwrap();
    // Damaged, in different ways.
    let half = whole.len() / 2;
    let mut changed = whole.clone();
    changed[4096..half]
        .iter_mut()
        .for_each(|byte| *byte ^= 0x55);
    let damaged = [
        ("cut off", whole[..half].to_vec()),
        ("of something else", vec![b'x'; whole.len()]),
        ("changed", changed),
    ];
    for (what, bytes) in damaged {
        fs::write(&file, &bytes).unwrap();
        refused(&at("used"), &["is damaged", "restore it from a backup"]);
        assert!(fs::read(&file).unwrap() == bytes, "{what}: it was written");
    }
    fs::write(&file, &whole).unwrap();
    drop(start(&at("used"), &[]));
    // When to answer, and nowhere to write.
    let output = running::run(&["--listen", "127.0.0.1:0", "--durability", "os"]);
    fails(&output, &["set data-dir"]);
}

#[test]
fn a_directory_is_checked_dumped_loaded_and_compacted() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("data");
    let folder = folder.to_str().unwrap();
    fails(
        &running::run(&["data", "check", folder]),
        &["no data directory", "mock.redb"],
    );
    assert!(!Path::new(folder).exists());
    let running = start(Path::new(folder), &["--seed", "demo"]);
    fails(&running::run(&["data", "check", folder]), &["in use"]);
    let of_running: Value = serde_json::from_slice(&running.tool(&["dump"]).stdout).unwrap();
    assert_eq!(running.signal("TERM").code, Some(0));
    let succeeds = |arguments: &[&str]| {
        let output = running::run(arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let checked = succeeds(&["data", "check", folder]);
    assert!(checked.starts_with("sound: 1 tenants, "), "{checked}");
    let dump = succeeds(&["data", "dump", folder]);
    let dumped: Value = serde_json::from_str(&dump).unwrap();
    assert_eq!(dumped, of_running);
    let hidden = succeeds(&["data", "dump", folder, "--no-secrets"]);
    assert!(!hidden.contains("mock-app-secret") && dump.contains("mock-app-secret"));
    fails(
        &running::run(&["data", "dump", folder, "--tenant", "nobody"]),
        &["no tenant nobody"],
    );
    let compacted = succeeds(&["data", "compact", folder]);
    assert!(compacted.contains("bytes before"), "{compacted}");
    // Into another directory, and what was there stays as it is.
    let file = directory.path().join("dump.json");
    fs::write(&file, &dump).unwrap();
    let other = directory.path().join("other");
    let other = other.to_str().unwrap();
    let loaded = succeeds(&["data", "load", other, file.to_str().unwrap()]);
    assert_eq!(loaded, "loaded mock-app\n");
    assert_eq!(succeeds(&["data", "dump", other]), dump);
    fs::write(&file, r#"{"tenants": [{"activeconnect": 7}]}"#).unwrap();
    fails(
        &running::run(&["data", "load", other, file.to_str().unwrap()]),
        &["cannot load", "tenants[0].activeconnect"],
    );
    assert_eq!(succeeds(&["data", "dump", other]), dump);
    let running = start(Path::new(other), &["--seed", "demo"]);
    assert_eq!(running.signal("TERM").code, Some(0));
}
