//! What a mock that runs as a service says of itself, and what the program says of its command line. Must not use the mock
//! as a library.

use conformance::wire::{self, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::running::{Running, command, run};
use crate::{API_SECRET, FREE_PORT, fails, text};

#[test]
fn health_says_which_mock_is_up_and_fails_if_none_is() {
    let running = Running::start(&FREE_PORT);
    let url = running.url().to_owned();
    let output = command(&["health", "--url", &url]).output().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        text(&output.stdout),
        format!("{url}: stepup-mock {version} is up\n")
    );
    running.signal("TERM");
    let output = command(&["health", "--url", &url]).output().unwrap();
    fails(&output, &["no mock answers at", &url, "start one"]);
}

#[tokio::test]
async fn health_waits_for_a_mock_that_starts() {
    // The port is taken, and nobody listens there yet.
    let (socket, address) = wire::silent();
    let url = format!("http://{address}");
    let waits = command(&["health", "--wait", "60", "--url", &url])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let listener = socket.listen(8).unwrap();
    let health = r#"{"status":"ok","version":"9.9.9"}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{health}",
        health.len()
    );
    let (mut stream, _) = listener.accept().await.unwrap();
    // An answer ahead of its request would not count.
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut request).await.unwrap() > 0);
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
    let output = tokio::task::spawn_blocking(|| waits.wait_with_output().unwrap());
    let output = output.await.unwrap();
    assert!(output.status.success());
    assert_eq!(
        text(&output.stdout),
        format!("{url}: stepup-mock 9.9.9 is up\n")
    );
}

#[test]
fn what_is_no_url_of_a_mock_is_refused_by_each_command_without_its_password() {
    for url in [
        "",
        " ",
        "ftp://127.0.0.1",
        "localhost:4750",
        "127.0.0.1:4750",
        "http://",
        "ftp://ada:SECRET@host",
    ] {
        for command in [&["health"][..], &["inbox"], &["dump"]] {
            let output = run(&[command, &["--url", url]].concat());
            fails(
                &output,
                &["is not the URL of a mock", "http://127.0.0.1:4750"],
            );
            assert!(!text(&output.stderr).contains("SECRET"));
        }
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_wants_no_more_is_no_failure() {
    let running = Running::start(&FREE_PORT);
    let url = ["--url", running.url()];
    for arguments in [
        &["completions", "bash"][..],
        &["man"],
        &["seed-schema"],
        &[&["dump"][..], &url].concat(),
        &[&["health"][..], &url].concat(),
        &[&["inbox"][..], &url].concat(),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(arguments).stdout(writer).output().unwrap();
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        assert!(output.status.success(), "{arguments:?}");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let drift = ["verify", "--against", running.url(), "--dry-run"];
    let output = command(&drift).stdout(writer).output().unwrap();
    // Nobody knows what it would have found.
    assert_eq!(
        (output.status.code(), &*text(&output.stderr)),
        (Some(2), "")
    );
}

/// A server that answers each request with this, or never.
async fn answers_only(listener: tokio::net::TcpListener, answer: Option<&str>) {
    let mut open = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        if let Some(answer) = answer {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                assert!(stream.read_buf(&mut request).await.unwrap() > 0);
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        open.push(stream);
    }
}

async fn health_of(answer: Option<&'static str>, flags: &[&'static str]) -> std::process::Output {
    answered(answer, &[&["health"][..], flags].concat()).await
}

/// What a command prints that meets a server with this answer, or with none.
async fn answered(
    answer: Option<&'static str>,
    arguments: &[&'static str],
) -> std::process::Output {
    let (socket, address) = wire::silent();
    let server = tokio::spawn(answers_only(socket.listen(8).unwrap(), answer));
    let url = format!("http://{address}");
    let arguments = arguments.to_vec();
    let asked = tokio::task::spawn_blocking(move || {
        let arguments = [&arguments[..], &["--url", &url]].concat();
        command(&arguments).output().unwrap()
    });
    let output = asked.await.unwrap();
    server.abort();
    output
}

#[tokio::test]
async fn the_inbox_says_that_the_mock_stopped_while_it_waited() {
    let stopped = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{\"messages\":[],\"stopped\":true}";
    let output = answered(Some(stopped), &["inbox", "--wait", "60s"]).await;
    fails(
        &output,
        &["the mock stopped while this waited for a message"],
    );
    assert!(!text(&output.stderr).contains("no message came within"));
}

#[tokio::test]
async fn health_takes_no_other_server_for_a_mock_and_waits_for_none_that_is_stuck() {
    let other = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}";
    fails(
        &health_of(Some(other), &[]).await,
        &["it is not a stepup-mock"],
    );
    fails(
        &health_of(None, &["--wait", "1"]).await,
        &["no mock answers at"],
    );
}

#[tokio::test]
async fn metrics_count_each_request_once_and_survive_a_reset() {
    let running = Running::start(&FREE_PORT);
    let metrics = Request::new("GET", "/_mock/metrics");
    let get = Request::new("GET", "/v1/users/ada").basic(API_SECRET);
    for _ in 0..3 {
        assert_eq!(wire::send(running.address(), &get).await.status, 200);
    }
    let refused = Request::new("GET", "/v1/users/ada");
    assert_eq!(wire::send(running.address(), &refused).await.status, 401);
    let reset = Request::new("POST", "/_mock/reset");
    assert_eq!(wire::send(running.address(), &reset).await.status, 200);
    let answer = wire::send(running.address(), &metrics).await;
    let lines = answer.text();
    for line in [
        "stepup_mock_requests_total{api=\"authsignal\",operation=\"get_user\",status=\"200\"} 3\n",
        "stepup_mock_requests_total{api=\"authsignal\",operation=\"get_user\",status=\"401\"} 1\n",
        "stepup_mock_tenants 1\n",
        "stepup_mock_journal_entries 0\n",
        "# EOF\n",
    ] {
        assert!(lines.contains(line), "{line} in {lines}");
    }
    assert!(!lines.contains("ada") && !lines.contains(API_SECRET));
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = command(&["completions", shell]).output().unwrap();
        let script = text(&output.stdout);
        for word in ["snapshot", "deterministic"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("man");
    let output = command(&["man", "--folder", &folder.to_string_lossy()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let page = std::fs::read_to_string(folder.join("stepup-mock-inbox.1")).unwrap();
    assert!(page.contains("\\-\\-wait"), "{page}");
    let output = command(&["man"]).output().unwrap();
    assert!(
        text(&output.stdout).starts_with(".ie"),
        "{}",
        text(&output.stdout)
    );
    let output = command(&["completions", "command.com"]).output().unwrap();
    fails(&output, &["command.com", "possible values: bash"]);
}
