//! The mock as a program: what it prints where, how it ends, what it says when it cannot start, and its subcommands.

use std::process::Output;

use serde_json::{Value, json};

use crate::binary::{self, Running};
use crate::spec;
use crate::wire::{self, Request};
use crate::world::{Credentials, NOW, signed};

const FREE_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];

fn credentials() -> Credentials {
    Credentials {
        id: "mock-app".to_owned(),
        secret: "mock-app-secret-24-bytes".to_owned(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A run that must fail, with all of this in what it says on stderr and nothing on stdout.
fn fails(output: &Output, says: &[&str]) {
    let stderr = text(&output.stderr);
    assert!(
        output.status.code().is_some_and(|code| code != 0),
        "{:?}: {stderr}",
        output.status
    );
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    for words in says {
        assert!(stderr.contains(words), "not {words:?} but: {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[tokio::test]
async fn the_first_line_tells_where_it_listens_once_it_does() {
    for arguments in [&FREE_PORT[..], &["serve", "--listen", "127.0.0.1:0"]] {
        let running = Running::start(arguments);
        assert!(
            running.url().starts_with("http://127.0.0.1:"),
            "{}",
            running.first_line
        );
        assert_ne!(running.address().port(), 0);
        let health = wire::send(running.address(), &Request::new("GET", "/_mock/health")).await;
        assert_eq!(
            (health.status, &health.json()["status"]),
            (200, &json!("ok"))
        );
        let stopped = running.signal("TERM");
        assert_eq!(stopped.stdout, "", "logs go to stderr");
        assert!(
            stopped.stderr.contains("ACTIVE_CONNECT_SERVER="),
            "{}",
            stopped.stderr
        );
    }
}

#[tokio::test]
async fn ready_json_is_one_line_with_addresses_and_credentials() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--ready-json"]);
    let ready: Value = serde_json::from_str(&running.first_line).unwrap();
    let url = ready["url"].as_str().unwrap();
    assert_eq!(ready["controlUrl"], format!("{url}/_mock"));
    assert_eq!(ready["activeconnect"]["url"], url);
    let application = &ready["activeconnect"]["applications"][0];
    let by = crate::world::credentials(application, "applicationId", "applicationSecret");

    // Address and credentials are good as they stand.
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let add = Request::new("POST", &format!("/management/add_users/{}", by.id))
        .json(r#"{"users":["ada"]}"#);
    let answer = wire::send(address, &signed(add, &by, "1", i64::try_from(now).unwrap())).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(running.signal("TERM").stdout, "");
}

#[test]
fn it_ends_well_when_it_is_told_to() {
    for signal in ["TERM", "INT"] {
        let stopped = Running::start(&FREE_PORT).signal(signal);
        assert_eq!(stopped.code, Some(0), "SIG{signal}: {}", stopped.stderr);
        assert!(
            stopped.stderr.contains(&format!("SIG{signal}")),
            "{}",
            stopped.stderr
        );
    }
}

#[test]
fn a_secret_of_ones_own_is_not_printed() {
    let own = [
        "--application-id",
        "shop",
        "--application-secret",
        "hunter2-hunter2",
    ];
    let running = Running::start(&[&FREE_PORT[..], &own].concat());
    let first_line = running.first_line.clone();
    let stopped = running.signal("TERM");
    for said in [&first_line, &stopped.stdout, &stopped.stderr] {
        assert!(!said.contains("hunter2"), "{said}");
    }
    assert!(stopped.stderr.contains("shop"));
    let help = binary::command(&["--help"])
        .env("STEPUP_APPLICATION_SECRET", "hunter2-hunter2")
        .output()
        .unwrap();
    assert!(!text(&help.stdout).contains("hunter2"));
}

#[test]
fn a_bad_flag_is_named_with_what_would_do() {
    fails(
        &binary::run(&["--lissten", "x"]),
        &["--lissten", "--listen", "--help"],
    );
    fails(
        &binary::run(&["--listen", "nowhere"]),
        &["nowhere", "--listen"],
    );
    fails(
        &binary::run(&["--signature-window", "never"]),
        &["never", "off"],
    );
    fails(
        &binary::run(&["--application-id", "shop", "--listen", "127.0.0.1:0"]),
        &["application-secret"],
    );
    fails(
        &binary::run(&["--seed", "no-such-seed", "--listen", "127.0.0.1:0"]),
        &["no-such-seed", "demo"],
    );
    fails(&binary::run(&["dance"]), &["dance", "--help"]);
}

#[test]
fn a_bad_config_file_is_named_with_the_place() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli-config");
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let bad_key = file("bad-key.toml", "lissten = \"127.0.0.1:0\"\n");
    fails(
        &binary::run(&["--config", &bad_key]),
        &["bad-key.toml", "lissten", "line 1"],
    );
    let bad_value = file("bad-value.toml", "journal = 1\nlisten = 5\n");
    fails(
        &binary::run(&["--config", &bad_value]),
        &["bad-value.toml", "line 2", "listen"],
    );
    let missing = folder
        .join("missing.toml")
        .into_os_string()
        .into_string()
        .unwrap();
    fails(&binary::run(&["--config", &missing]), &["missing.toml"]);

    let good = file(
        "good.toml",
        "listen = \"127.0.0.1:0\"\ndeterministic = true\n",
    );
    let running = Running::start(&["--config", &good]);
    assert_eq!(running.signal("TERM").code, Some(0));
}

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let taken = Running::start(&FREE_PORT);
    let address = taken.address().to_string();
    fails(
        &binary::run(&["--listen", &address]),
        &["cannot listen", &address, "127.0.0.1:0"],
    );
}

#[test]
fn settings_come_from_the_environment_too() {
    let mut command = binary::command(&[]);
    command
        .env("STEPUP_LISTEN", "127.0.0.1:0")
        .env("STEPUP_READY_JSON", "true")
        .env("STEPUP_APPLICATION_ID", "shop");
    command.env("STEPUP_APPLICATION_SECRET", "hunter2-hunter2");
    let running = Running::of(command);
    let ready: Value = serde_json::from_str(&running.first_line).unwrap();
    assert_eq!(
        ready["activeconnect"]["applications"][0]["applicationId"],
        "shop"
    );
}

/// Sends a signed request to a program in deterministic mode, from a list with a nonce of its own each.
fn request(method: &str, target: &str, body: &str, nonce: usize) -> Request {
    let request = Request::new(method, target);
    let request = if body.is_empty() {
        request
    } else {
        request.json(body)
    };
    if target.starts_with("/_mock") {
        request
    } else {
        signed(request, &credentials(), &nonce.to_string(), NOW)
    }
}

#[tokio::test]
async fn two_deterministic_runs_answer_the_same_requests_with_the_same_bytes() {
    let requests = [
        (
            "POST",
            "/management/add_users/mock-app",
            r#"{"users":["ada","grace"]}"#,
        ),
        (
            "GET",
            "/management/device_registration_link/mock-app/ada",
            "",
        ),
        (
            "POST",
            "/management/send_registration_sms/mock-app/ada",
            r#"{"phone_number":"+15550100"}"#,
        ),
        ("GET", "/_mock/messages", ""),
        ("POST", "/_mock/clock", r#"{"advanceSeconds":61}"#),
        (
            "POST",
            "/authentication/authenticate_user/mock-app/grace",
            "{}",
        ),
        (
            "GET",
            "/management/has_registered_mobile_device/mock-app/nobody",
            "",
        ),
        ("GET", "/no/such/path", ""),
        ("GET", "/_mock/journal", ""),
        ("GET", "/_mock/state", ""),
        ("POST", "/_mock/reset", ""),
        (
            "GET",
            "/management/device_registration_link/mock-app/ada",
            "",
        ),
        (
            "POST",
            "/management/add_users/mock-app",
            r#"{"users":["ada"]}"#,
        ),
        (
            "GET",
            "/management/device_registration_link/mock-app/ada",
            "",
        ),
    ];
    let mut runs = Vec::new();
    for _ in 0..2 {
        let running = Running::start(&["--listen", "127.0.0.1:0", "--deterministic"]);
        let mut answers = Vec::new();
        for (nonce, (method, target, body)) in requests.iter().enumerate() {
            let answer = wire::send(running.address(), &request(method, target, body, nonce)).await;
            assert!(
                answer
                    .header("date")
                    .is_some_and(|date| date.ends_with("2026 00:00:00 GMT")
                        || date.ends_with("2026 00:01:01 GMT")),
                "{:?}",
                answer.header("date")
            );
            answers.push(text(&answer.bytes));
        }
        runs.push(answers);
    }
    let (first, second) = (&runs[0], &runs[1]);
    assert_eq!(first, second);
    // The reset took ids back to the start as well: the first link after it is the first link before it.
    assert_eq!(first[1], first[13]);
    assert!(first[1].contains("register_url"), "{}", first[1]);
}

#[tokio::test]
async fn phone_and_inbox_steer_a_running_mock() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--deterministic"]);
    let url = running.url().to_owned();
    let nonce = std::cell::Cell::new(0);
    let vendor = async |method: &str, target: &str, body: &str| {
        nonce.set(nonce.get() + 1);
        wire::send(
            running.address(),
            &request(method, target, body, nonce.get()),
        )
        .await
        .json()
    };
    let tool = |arguments: &[&str]| {
        let output = binary::command(arguments)
            .env("STEPUP_MOCK_URL", &url)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    };
    let status = async || vendor("GET", "/_mock/state", "").await;

    assert_eq!(tool(&["inbox"]), "no messages\n");
    assert_eq!(tool(&["inbox", "--json"]), "");
    vendor(
        "POST",
        "/management/add_users/mock-app",
        r#"{"users":["ada"]}"#,
    )
    .await;
    for (number, message) in [("+15550100", "First"), ("+15550101", "Second")] {
        let body = json!({"phone_number": number, "message": message}).to_string();
        vendor(
            "POST",
            "/management/send_registration_sms/mock-app/ada",
            &body,
        )
        .await;
    }
    let inbox = tool(&["inbox"]);
    assert!(
        inbox.find("Second").unwrap() < inbox.find("First").unwrap(),
        "newest first: {inbox}"
    );
    let lines = tool(&["inbox", "--to", "+15550100", "--json"]);
    let message: Value = serde_json::from_str(&lines).unwrap();
    assert_eq!(
        (&message["to"], lines.lines().count()),
        (&json!("+15550100"), 1)
    );

    let said = tool(&[
        "phone",
        "register",
        message["url"].as_str().unwrap(),
        "--name",
        "Ada's phone",
    ]);
    assert!(said.starts_with("ada: phone "), "{said}");
    let authenticate = async || {
        let target = "/authentication/authenticate_user/mock-app/ada";
        vendor("POST", target, "{}").await["authentication_status"]["session_status"].clone()
    };
    for (action, outcome) in [
        ("deny", "cancelled"),
        ("fail", "failed"),
        ("expire", "timeout"),
        ("approve", "active"),
    ] {
        assert_eq!(authenticate().await, "pending");
        assert_eq!(
            tool(&["phone", action, "ada"]),
            format!("ada: session is {outcome}\n")
        );
    }
    assert_eq!(
        tool(&["phone", "walk-away", "ada"]),
        "ada: session is walkaway\n"
    );
    assert_eq!(
        tool(&["phone", "--url", &url, "return", "ada"]),
        "ada: session is active\n"
    );
    assert!(status().await.to_string().contains("active"));
}

#[tokio::test]
async fn a_phone_that_cannot_do_it_says_why_and_what_first() {
    let running = Running::start(&FREE_PORT);
    let url = running.url().to_owned();
    fails(
        &binary::run(&["phone", "--url", &url, "approve", "nobody"]),
        &["nobody", "add_users"],
    );
    fails(
        &binary::run(&["phone", "--url", &url, "register", "hello"]),
        &["registration link"],
    );
    fails(
        &binary::run(&["phone", "--url", &url, "dance", "ada"]),
        &["dance"],
    );
    let (_socket, address) = wire::silent();
    let url = format!("http://{address}");
    fails(
        &binary::run(&["inbox", "--url", &url]),
        &[&url, "stepup-mock", "--url"],
    );
}

#[test]
fn the_program_is_documented_by_itself() {
    let help = text(&binary::run(&["--help"]).stdout);
    for words in [
        "--listen",
        "--deterministic",
        "--ready-json",
        "--seed",
        "phone",
        "inbox",
    ] {
        assert!(help.contains(words), "{words} is not in the help");
    }
    let version = text(&binary::run(&["--version"]).stdout);
    let manifest = std::fs::read_to_string(spec::workspace().join("Cargo.toml")).unwrap();
    let number = version.trim().rsplit(' ').next().unwrap();
    assert!(
        manifest.contains(&format!("version = \"{number}\"")),
        "{version}"
    );
}
