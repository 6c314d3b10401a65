//! How the program starts and ends. Must not use the mock as a library.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::Stdio;

use conformance::signing_reference::{Credentials, signed};
use conformance::wire::{self, Request};
use serde_json::{Value, json};

use crate::running::{self, Running};
use crate::{FREE_PORT, fails, request, text};

#[tokio::test]
async fn the_first_line_shows_the_address_once_the_mock_listens() {
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
            stopped.stderr.contains("ACTIVE_CONNECT_SERVER=")
                && stopped.stderr.contains("IAMPASS_SERVER="),
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
    let by = Credentials {
        id: application["applicationId"].as_str().unwrap().to_owned(),
        secret: application["applicationSecret"]
            .as_str()
            .unwrap()
            .to_owned(),
    };

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

/// The vendor's answer has no place for it.
#[tokio::test]
async fn a_rule_of_the_management_api_with_a_variable_that_nobody_defines_is_in_the_log() {
    let running = Running::start(&["--listen", "127.0.0.1:0"]);
    let manage = async |target: &str, body: Value| {
        let target = format!("/v1/management/action-configurations{target}");
        let request = Request::new("POST", &target);
        let secret = "Basic bW9jay1tYW5hZ2VtZW50LXNlY3JldC0wMTIzNDU2Nzg5YWJjZGVmOg==";
        let request = request
            .header("Authorization", secret)
            .json(body.to_string());
        let answer = wire::send(running.address(), &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    let action = json!({"actionCode": "pay", "defaultUserActionResult": "ALLOW"});
    manage("", action).await;
    let conditions =
        json!({"and": [{"var": "ip.nope"}, {"var": "email"}, {"var": "ip.isAnonymous"}]});
    let rule = json!({"name": "r", "isActive": true, "priority": 0, "type": "BLOCK", "conditions": conditions});
    manage("/pay/rules", rule).await;
    let said = running.signal("TERM").stderr;
    for warning in [
        "no variable is called `ip.nope`",
        "`email` is a name of this mock alone",
    ] {
        assert_eq!(said.matches(warning).count(), 1, "{said}");
    }
    assert!(!said.contains("`ip.isAnonymous`"), "{said}");
}

/// IAMPASS's clients send a duration without a check, and return None if it is refused.
#[tokio::test]
async fn a_refused_duration_is_in_the_log() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--no-signatures"]);
    let target = "/authentication/authenticate_user/mock-app/ada?duration_seconds=";
    for (duration, status) in [("True", 400), ("31536001", 400), ("60", 404)] {
        let request = Request::new("POST", &format!("{target}{duration}"));
        let answer = wire::send(running.address(), &request).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let said = running.signal("TERM").stderr;
    let lines: Vec<_> = said
        .lines()
        .filter(|line| line.contains("duration_seconds"))
        .collect();
    assert_eq!(lines.len(), 2, "{said}");
    for line in lines {
        assert!(
            line.contains("authenticate_user") && line.contains("WARN"),
            "{line}"
        );
    }
}

#[tokio::test]
async fn localhost_reaches_the_mock_whichever_address_it_stands_for() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--ready-json"]);
    let ready: Value = serde_json::from_str(&running.first_line).unwrap();
    let addresses: Vec<std::net::SocketAddr> =
        serde_json::from_value(ready["listensAt"].clone()).unwrap();
    assert_eq!(format!("http://{}", addresses[0]), ready["url"]);
    let has_ipv6 = std::net::TcpListener::bind("[::1]:0").is_ok();
    assert_eq!(addresses.len(), if has_ipv6 { 2 } else { 1 });
    for address in &addresses {
        assert_eq!(address.port(), addresses[0].port());
        let health = wire::send(*address, &Request::new("GET", "/_mock/health")).await;
        assert_eq!(health.status, 200, "{address}");
    }
    let said = running.signal("TERM").stderr;
    for address in addresses {
        assert!(said.contains(&address.to_string()), "{said}");
    }
    assert!(said.contains("Listens: 127.0.0.1:"), "{said}");
}

#[test]
fn the_end_of_stdin_ends_the_program_only_if_it_is_asked_to() {
    let piped = |flags: &[&str]| {
        let mut command = running::command(&[&FREE_PORT, flags].concat());
        command.stdin(Stdio::piped());
        Running::of(command)
    };
    let stopped = piped(&["--stop-with-stdin"]).end_of_stdin();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert!(
        stopped.stderr.contains("end of stdin"),
        "{}",
        stopped.stderr
    );
    assert_eq!(piped(&["--stop-with-stdin"]).signal("TERM").code, Some(0));
    // Here stdin has ended from the start.
    let stopped = Running::start(&FREE_PORT).signal("TERM");
    assert!(stopped.stderr.contains("SIGTERM"), "{}", stopped.stderr);
}

#[test]
fn a_signal_ends_the_program_with_success() {
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
fn a_custom_secret_is_never_printed() {
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
    let help = running::command(&["--help"])
        .env("STEPUP_APPLICATION_SECRET", "hunter2-hunter2")
        .output()
        .unwrap();
    assert!(!text(&help.stdout).contains("hunter2"));
}

#[test]
fn a_bad_flag_is_named_with_the_allowed_values() {
    fails(
        &running::run(&["--lissten", "x"]),
        &["--lissten", "--listen", "--help"],
    );
    fails(
        &running::run(&["--listen", "nowhere"]),
        &["nowhere", "--listen"],
    );
    fails(
        &running::run(&["--signature-window", "never"]),
        &["never", "off"],
    );
    fails(
        &running::run(&["--application-id", "shop", "--listen", "127.0.0.1:0"]),
        &["application-secret"],
    );
    fails(
        &running::run(&["--seed", "no-such-seed", "--listen", "127.0.0.1:0"]),
        &["no-such-seed", "demo"],
    );
    fails(&running::run(&["dance"]), &["dance", "--help"]);
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
        &running::run(&["--config", &bad_key]),
        &["bad-key.toml", "lissten", "line 1"],
    );
    let bad_value = file("bad-value.toml", "journal = 1\nlisten = 5\n");
    fails(
        &running::run(&["--config", &bad_value]),
        &["bad-value.toml", "line 2", "listen"],
    );
    let missing = folder
        .join("missing.toml")
        .into_os_string()
        .into_string()
        .unwrap();
    fails(&running::run(&["--config", &missing]), &["missing.toml"]);

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
        &running::run(&["--listen", &address]),
        &["cannot listen", &address, "127.0.0.1:0"],
    );
}

#[test]
fn settings_can_come_from_the_environment() {
    let mut command = running::command(&[]);
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

#[test]
fn the_help_names_every_main_flag_and_command() {
    let help = text(&running::run(&["--help"]).stdout);
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
    let version = text(&running::run(&["--version"]).stdout);
    assert_eq!(
        version.trim(),
        concat!("stepup-mock ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_webhook_on_another_machine_is_refused_with_the_flag_that_allows_it() {
    fails(
        &running::run(&["--listen", "127.0.0.1:0", "--webhook", "http://192.0.2.1/"]),
        &["--webhook-allow"],
    );
}

#[test]
fn a_signal_ends_the_mock_although_a_desk_is_open() {
    let running = Running::start(&FREE_PORT);
    let address = running.address();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /_mock/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut ticks = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(ticks.any(|line| line.starts_with("data: ")));
    let stopped = running.signal("TERM");
    assert_eq!(stopped.code, Some(0));
    assert!(
        !stopped.stderr.contains("did not finish in time"),
        "{}",
        stopped.stderr
    );
    assert!(
        !ticks.any(|line| line.starts_with("data: ")),
        "the stream is over"
    );
}
