//! The program under hardship: a stderr that nobody reads, clients that say nothing, few descriptors, a second signal,
//! settings that are set to nothing, files with faults, text that a terminal obeys. Must not use the mock as a library.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use conformance::wire::{self, Request};
use serde_json::json;

use crate::running::{self, Running};
use crate::{API_SECRET, FREE_PORT, fails, request, text};

const DEBUG: [&str; 4] = ["--listen", "127.0.0.1:0", "--log", "debug"];

/// Asks for a path that does not exist over and over on one connection, and counts the answers. The mock logs each of them
/// at the level `debug`.
fn asks(address: SocketAddr, times: usize) -> usize {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    (0..times)
        .filter(|_| {
            let request = b"GET /no/such/path HTTP/1.1\r\nHost: localhost\r\n\r\n";
            if stream.write_all(request).is_err() {
                return false;
            }
            let mut length = 0;
            let mut first = String::new();
            loop {
                let mut line = String::new();
                if answers.read_line(&mut line).unwrap_or(0) == 0 {
                    return false;
                }
                let line = line.trim_end().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.parse().unwrap();
                }
                if first.is_empty() {
                    first.clone_from(&line);
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            answers.read_exact(&mut body).is_ok() && first.contains(" 404 ")
        })
        .count()
}

#[test]
fn requests_are_answered_although_the_reader_of_stderr_is_gone() {
    let mut running = Running::start(&DEBUG);
    drop(running.take_stderr());
    assert_eq!(asks(running.address(), 100), 100);
    assert_eq!(running.signal("TERM").code, Some(0));
}

#[test]
fn requests_are_answered_although_nobody_reads_stderr_and_the_lost_lines_are_counted() {
    let mut running = Running::start(&DEBUG);
    let stderr = running.take_stderr();
    // More lines than the pipe and the mock keep.
    assert_eq!(asks(running.address(), 4000), 4000);
    let mut lines = stderr.lines().map(Result::unwrap);
    let report = lines.find(|line| line.contains("lines of the log were dropped"));
    assert!(report.is_some());
    drop(lines);
    assert_eq!(running.signal("TERM").code, Some(0));
}

#[test]
fn a_signal_ends_the_mock_although_nobody_reads_stderr() {
    let mut running = Running::start(&DEBUG);
    let _unread = running.take_stderr();
    assert_eq!(asks(running.address(), 4000), 4000);
    assert_eq!(running.signal("TERM").code, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stderr_stops_nothing() {
    let mut command = running::command(&DEBUG);
    command.stderr(File::options().write(true).open("/dev/full").unwrap());
    let running = Running::with_stderr(command);
    assert_eq!(asks(running.address(), 10), 10);
    assert_eq!(running.signal("TERM").code, Some(0));
}

#[tokio::test]
async fn a_signal_ends_the_mock_although_an_answer_is_planned_to_be_late() {
    let running = Running::start(&FREE_PORT);
    let send = async |request: &Request| wire::send(running.address(), request).await;
    let faults =
        json!({"faults": [{"latency": {"milliseconds": 600_000}, "connection": "timeout"}]});
    let plan = Request::new("POST", "/_mock/faults").json(faults.to_string());
    assert_eq!(send(&plan).await.status, 200);
    let asked = Request::new("GET", "/v1/users/ada").basic(API_SECRET);
    let mut stream = TcpStream::connect(running.address()).unwrap();
    stream.write_all(asked.head().as_bytes()).unwrap();
    let journal = Request::new("GET", "/_mock/journal");
    while send(&journal).await.json()["requests"] == json!([]) {}
    let began = Instant::now();
    assert_eq!(running.signal("TERM").code, Some(0));
    // An open request has longer than that.
    assert!(began.elapsed() < Duration::from_secs(4));
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert_eq!(rest, b"");
}

#[test]
fn a_second_signal_ends_the_mock_at_once() {
    for signal in ["TERM", "INT"] {
        let mut running = Running::start(&[&FREE_PORT[..], &["--body-seconds", "600"]].concat());
        let mut half = TcpStream::connect(running.address()).unwrap();
        let head = "POST /_mock/clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n";
        half.write_all(head.as_bytes()).unwrap();
        let mut goes_on = [0; 12];
        half.read_exact(&mut goes_on).unwrap();
        assert_eq!(&goes_on, b"HTTP/1.1 100");
        let mut lines = running.take_stderr().lines().map(Result::unwrap);
        running.send(signal);
        assert!(lines.any(|line| line.contains("stopping")));
        running.send(signal);
        let rest = lines.collect::<Vec<_>>().join("\n");
        assert!(rest.contains("second signal"), "{rest}");
        assert_eq!(running.code(), Some(0));
    }
}

/// The program under a limit on descriptors that a shell sets.
#[cfg(unix)]
fn limited(limit: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    let script = format!("ulimit {limit}; exec \"$0\" \"$@\"");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_stepup-mock")])
        .args(arguments)
        .env_clear();
    command
}

#[cfg(unix)]
#[test]
fn the_mock_raises_its_limit_on_descriptors() {
    let running = Running::of(limited("-Sn 96", &FREE_PORT));
    let connect = |_| TcpStream::connect(running.address()).unwrap();
    let _idle: Vec<_> = (0..200).map(connect).collect();
    assert_eq!(asks(running.address(), 1), 1);
    let stopped = running.signal("TERM");
    assert!(
        !stopped.stderr.contains("descriptors"),
        "{}",
        stopped.stderr
    );
}

#[cfg(unix)]
#[test]
fn connections_that_say_nothing_make_room_once_all_are_in_use_and_the_mock_says_so_once() {
    let patient = ["--idle-seconds", "36000", "--header-seconds", "36000"];
    let running = Running::of(limited("-n 96", &[&FREE_PORT[..], &patient].concat()));
    let connect = |said: &[u8]| {
        let mut stream = TcpStream::connect(running.address()).unwrap();
        stream.write_all(said).unwrap();
        stream
    };
    let _idle: Vec<_> = (0..100).map(|_| connect(b"")).collect();
    assert_eq!(asks(running.address(), 1), 1);
    let _half: Vec<_> = (0..100).map(|_| connect(b"G")).collect();
    assert_eq!(asks(running.address(), 1), 1);
    let stopped = running.signal("TERM");
    let told = stopped
        .stderr
        .matches("raise the limit on descriptors")
        .count();
    assert_eq!((told, stopped.code), (1, Some(0)), "{}", stopped.stderr);
}

#[cfg(unix)]
#[test]
fn streams_and_websockets_leave_room_for_requests() {
    // Of each, the mock allows as many as its limits say.
    rlimit::increase_nofile_limit(2048).unwrap();
    let running = Running::start(&FREE_PORT);
    let open = |head: &str| {
        let mut stream = TcpStream::connect(running.address()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        (stream, text(&status))
    };
    let events = "GET /_mock/events HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n";
    let socket = "GET /ws-v1-challenge HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         Sec-WebSocket-Protocol: authsignal-ws, x.authsignal.tenant.00000000-0000-4000-8000-000000000001\r\n\r\n";
    let mut held = Vec::new();
    // The other half of the WebSockets is for clients with a token.
    for (head, opened, most) in [(events, "200", 256), (socket, "101", 256)] {
        for number in 0..most {
            let (stream, status) = open(head);
            assert_eq!(status, format!("HTTP/1.1 {opened}"), "{number}");
            held.push(stream);
        }
        let (mut refused, status) = open(
            &head
                .replace("keep-alive", "close")
                .replace(": Upgrade", ": Upgrade, close"),
        );
        assert_eq!(status, "HTTP/1.1 503");
        let mut answer = String::new();
        refused.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(&format!("{most} ")), "{answer}");
        assert!(answer.contains("as many as the mock allows"), "{answer}");
    }
    assert_eq!(asks(running.address(), 1), 1);
    let strangers = "x.authsignal.tenant.00000000-0000-4000-8000-000000000001";
    let body = r#"{"redirectUrl":"https://app.example.com/"}"#;
    let head = format!(
        "POST /v1/users/ada/actions/signIn HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        wire::basic(API_SECRET),
        body.len()
    );
    let (mut tracked, _) = open(&head);
    let mut answer = String::new();
    tracked.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let tracked: serde_json::Value = serde_json::from_str(body).unwrap();
    let token = format!("x.authsignal.token.{}", tracked["token"].as_str().unwrap());
    let (stream, status) = open(&socket.replace(strangers, &token));
    assert_eq!(status, "HTTP/1.1 101");
    held.push(stream);
}

/// What a client reads that sends all of this, closes its half, and only then finds the mock reading.
#[cfg(unix)]
fn half_closed(running: &Running, sent: &str) -> String {
    let mut stream = TcpStream::connect(running.address()).unwrap();
    running.send("STOP");
    stream.write_all(sent.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    running.send("CONT");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[cfg(unix)]
#[test]
fn a_request_is_answered_although_the_end_of_what_its_client_sends_comes_with_it() {
    let running = Running::start(&FREE_PORT);
    let post = |target: &str, more: &str, body: &str| {
        format!("POST {target} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n\r\n{body}")
    };
    let sized =
        |target: &str, body: &str| post(target, &format!("Content-Length: {}", body.len()), body);
    let health = "GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let clock = r#"{"advanceSeconds":1}"#;
    let large = format!(r#"{{"advanceSeconds":1{}}}"#, " ".repeat(300_000));
    let chunked = format!("{:x}\r\n{clock}\r\n0\r\n\r\n", clock.len());
    let change = sized("/_mock/clock", clock);
    for (sent, statuses) in [
        (health.to_owned(), &[200][..]),
        (change.clone(), &[200]),
        (sized("/_mock/clock", &large), &[200]),
        (
            post("/_mock/clock", "Transfer-Encoding: chunked", &chunked),
            &[200],
        ),
        // The answer does not depend on the body.
        (sized("/no/such/path", clock), &[404]),
        (format!("{change}{health}{change}{change}"), &[200; 4]),
        // Not the whole request.
        (change.replace('}', ""), &[400]),
        (
            post("/_mock/clock", "Transfer-Encoding: chunked", "14\r\n{"),
            &[400],
        ),
    ] {
        let answer = half_closed(&running, &sent);
        let heads = answer.split("HTTP/1.1 ").skip(1);
        let told: Vec<u16> = heads.map(|head| head[..3].parse().unwrap()).collect();
        let shown = &sent[..sent.len().min(300)];
        assert_eq!(told, statuses, "{shown:?}: {answer:?}");
    }
}

#[test]
fn every_setting_that_is_set_to_nothing_counts_as_not_set() {
    let help = text(&running::run(&["--help"]).stdout);
    let names = help.split("[env: ").skip(1);
    let names: Vec<_> = names
        .filter_map(|rest| rest.split_once('='))
        .map(|(name, _)| name)
        .collect();
    assert!(names.len() > 20, "{help}");
    for name in names {
        let mut command = running::command(&FREE_PORT);
        command.env(name, "");
        Running::of(command).signal("TERM");
    }
}

/// A folder of a test's own with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_fault_in_a_file_is_told_once_by_place_and_never_with_the_line() {
    let folder = folder(
        "faults",
        &[
            ("syntax.toml", "journal = 2\nauthsignal-secret = \"MARKED\n"),
            ("type.toml", "application-secret = 4711\n"),
            (
                "world.json",
                "{\"tenants\": [{\"authsignal\": {\"id\": \"a\", \"secret\": 4711}}]}",
            ),
        ],
    );
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    for (arguments, says) in [
        (["--config", &path("syntax.toml")], "line 2, column"),
        (["--config", &path("type.toml")], "must be a string"),
        (["--seed", &path("world.json")], "must be a string"),
        (["--seed", &path("no-such.json")], "demo"),
    ] {
        let output = running::run(&[&FREE_PORT[..], &arguments].concat());
        fails(&output, &[says, arguments[1]]);
        let stderr = text(&output.stderr);
        assert!(
            !stderr.contains("MARKED") && !stderr.contains("4711"),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert_eq!(stderr.matches("os error").count().max(1), 1, "{stderr}");
        assert_eq!(stderr.matches(says).count(), 1, "{stderr}");
    }
}

#[test]
fn a_seed_in_a_config_file_is_beside_it_and_may_begin_with_a_byte_order_mark() {
    let folder = folder(
        "beside",
        &[
            ("mock.toml", "\u{feff}seed = \"world.json\"\n"),
            (
                "world.json",
                "\u{feff}{\"tenants\": [{\"activeconnect\": {\"id\": \"shop-beside\", \"secret\": \"s\"}}]}",
            ),
        ],
    );
    let config = folder.join("mock.toml").to_str().unwrap().to_owned();
    let running = Running::start(&[&FREE_PORT[..], &["--config", &config]].concat());
    let stopped = running.signal("TERM");
    assert!(stopped.stderr.contains("shop-beside"), "{}", stopped.stderr);
}

#[tokio::test]
async fn what_a_caller_sent_cannot_command_the_terminal() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--deterministic"]);
    let sent = "Hello\u{1b}[2J\u{9b}31m\u{202e}\r\n2026-01-01T00:00:00Z  sms  to +1";
    let add = r#"{"users":["ada"]}"#;
    let message = json!({"phone_number": "+15550100", "message": sent}).to_string();
    for (nonce, (target, body)) in [
        ("/management/add_users/mock-app", add),
        ("/management/send_registration_sms/mock-app/ada", &message),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = wire::send(running.address(), &request("POST", target, body, nonce)).await;
        assert!(answer.status < 300, "{}", answer.text());
    }
    for arguments in [&["inbox"][..], &["inbox", "--json"]] {
        let output = running::command(arguments)
            .env("STEPUP_MOCK_URL", running.url())
            .output()
            .unwrap();
        let shown = text(&output.stdout);
        assert!(shown.contains("Hello"), "{shown:?}");
        let obeyed = |one: char| (one.is_control() && one != '\n') || one == '\u{202e}';
        assert!(!shown.contains(obeyed), "{shown:?}");
        let lines = if arguments.len() == 1 { 2 } else { 1 };
        assert_eq!(shown.lines().count(), lines, "{shown:?}");
    }
}

#[test]
fn colours_are_for_a_terminal_or_for_who_asks() {
    for (variables, coloured) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "0")], false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ] {
        let mut command = running::command(&FREE_PORT);
        command.envs(variables.iter().copied());
        let stopped = Running::of(command).signal("TERM");
        let has = stopped.stderr.contains('\u{1b}');
        assert_eq!(has, coloured, "{variables:?}: {:?}", stopped.stderr);
        let mut help = running::command(&["--help"]);
        let help = text(
            &help
                .envs(variables.iter().copied())
                .output()
                .unwrap()
                .stdout,
        );
        assert_eq!(help.contains('\u{1b}'), coloured, "{variables:?}: {help:?}");
    }
}
