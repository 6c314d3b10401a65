//! Bytes that some server, proxy or framework reads as another request than they are. Each sequence tries to reset the
//! mock in a way that is no request to reset it.

use std::net::SocketAddr;

use stepup_mock::{MockServer, NewUser};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The request that must not be carried out.
const RESET: &str = "POST /_mock/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";

/// Sends bytes, then their end, and reads what comes until the mock closes.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let stream = TcpStream::connect(address).await;
    let mut stream = stream.expect("the mock accepts");
    let (mut reading, mut writing) = stream.split();
    let mut answer = Vec::new();
    let send = async {
        // A mock that refuses may close before it has read everything.
        let _ = writing.write_all(bytes).await;
        let _ = writing.shutdown().await;
    };
    let (_, _) = tokio::join!(send, reading.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

/// The statuses of all answers in what came.
fn statuses(answer: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (at, _) in answer.match_indices("HTTP/1.") {
        let status = answer[at..].split(' ').nth(1);
        statuses.extend(status.and_then(|word| word.parse::<u16>().ok()));
    }
    statuses
}

async fn start() -> MockServer {
    let server = MockServer::builder()
        .deterministic()
        .verify_signatures(false)
        .start()
        .await
        .expect("the mock starts");
    let user = server.authsignal().create_user(NewUser::new("canary"));
    user.expect("a user");
    server
}

/// Sends each sequence; it may be answered or not, but only with a refusal or an answer to something harmless.
async fn each(sequences: impl IntoIterator<Item = Vec<u8>>) {
    let server = start().await;
    let before = server.state();
    let mut faults = Vec::new();
    for bytes in sequences {
        let answer = exchange(server.address(), &bytes).await;
        let statuses = statuses(&answer);
        let shown = String::from_utf8_lossy(&bytes);
        let shown: String = shown.chars().take(300).collect();
        if statuses.iter().any(|status| *status >= 500) {
            faults.push(format!("{shown:?} got {statuses:?}"));
        }
        if server.authsignal().user("canary").is_err() {
            faults.push(format!("{shown:?} reset the mock and got {answer:?}"));
            let user = server.authsignal().create_user(NewUser::new("canary"));
            user.expect("a user");
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(server.state(), before);
    let answer = exchange(server.address(), RESET.as_bytes()).await;
    assert_eq!(statuses(&answer), [200], "{answer}");
    let canary = server.authsignal().user("canary");
    assert!(canary.is_err(), "the request itself would have reset it");
}

#[tokio::test]
async fn a_path_that_only_leads_to_the_control_api_is_not_one_of_it() {
    let targets = [
        "/v1/../_mock/reset",
        "/v1/%2e%2e/_mock/reset",
        "/v1/%2E%2E/_mock/reset",
        "/v1/.%2e/_mock/reset",
        "/v1/..%2f_mock/reset",
        "/v1/%252e%252e/_mock/reset",
        "/v1/users/..%2f..%2f..%2f_mock%2freset",
        "/v1/..;/_mock/reset",
        "//_mock/reset",
        "///_mock/reset",
        "/_mock//reset",
        "/_mock/./reset",
        "/_mock/reset/",
        "/_mock/reset/.",
        "/_mock/reset/..",
        "/_mock/x/../reset",
        "/_mock%2freset",
        "/_mock\\reset",
        "/_mock/reset%00",
        "/_mock/reset%20",
        "/_mock/reset;x=1",
        "/_mock/reset%3f",
        "/_mock/reset%23",
        "/_MOCK/reset",
        "/_mock/Reset",
        "/%5fmock/reset",
        "/_mock/%72eset",
        "_mock/reset",
        "../_mock/reset",
        "*",
        "localhost:80",
        "",
        "/_mock/reset\u{e9}",
        "/v1/users/\u{2025}/_mock/reset",
        "http://localhost.evil.example/_mock/reset",
        "http://evil.example/_mock/reset",
        "http://localhost@evil.example/_mock/reset",
        "http://evil.example:80/_mock/reset",
        "http:///_mock/reset",
        "http:/_mock/reset",
        "http://localhost/v1/../_mock/reset",
        "http://localhost//_mock/reset",
        "//localhost/_mock/reset",
    ];
    each(targets.map(|target| {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        head.into_bytes()
    }))
    .await;
}

#[tokio::test]
async fn a_body_is_never_the_next_request() {
    let length = RESET.len();
    let health = "POST /_mock/clock HTTP/1.1\r\nHost: localhost\r\n";
    let chunked = format!("0\r\n\r\n{RESET}");
    let with = |headers: &str, body: &str| format!("{health}{headers}\r\n{body}").into_bytes();
    each([
        // Two lengths, of which the shorter makes a request of the rest.
        with(&format!("Content-Length: 0\r\nContent-Length: {length}\r\n"), RESET),
        with(&format!("Content-Length: {length}\r\nContent-Length: 0\r\n"), RESET),
        with(&format!("Content-Length: 0, {length}\r\n"), RESET),
        with(&format!("Content-Length: {length}, 0\r\n"), RESET),
        with(&format!("Content-Length: {length}\r\ncontent-length : 0\r\n"), RESET),
        // A length that only some can read.
        with("Content-Length: 0x0\r\n", RESET),
        with("Content-Length: +0\r\n", RESET),
        with("Content-Length: -1\r\n", RESET),
        with("Content-Length: 0 0\r\n", RESET),
        with("Content-Length: \r\n", RESET),
        with("Content-Length: 99999999999999999999999\r\n", RESET),
        with("Content-Length: 18446744073709551616\r\n", RESET),
        // A length and chunks.
        with(&format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", chunked.len()), &chunked),
        with(&format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", chunked.len()), &chunked),
        with(&format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", 5), &chunked),
        with(&format!("Content-Length: {}\r\nTransfer-Encoding: identity\r\n", chunked.len()), &chunked),
        with(&format!("Content-Length: {}\r\nTransfer-Encoding: xchunked\r\n", chunked.len()), &chunked),
        with(&format!("Content-Length: {}\r\nTransfer-Encoding : chunked\r\n", chunked.len()), &chunked),
        with(&format!("Content-Length: {}\r\nTransfer-Encoding: chunked, identity\r\n", chunked.len()), &chunked),
        with(&format!("Content-Length: {}\r\nTransfer-Encoding: \"chunked\"\r\n", chunked.len()), &chunked),
        with(&format!("Content-Length: {}\r\nX: y\n\rTransfer-Encoding: chunked\r\n", chunked.len()), &chunked),
        with("Transfer-Encoding: chunked, identity\r\n", &chunked),
        with("Transfer-Encoding: identity\r\n", &chunked),
        // Chunks that do not say how long they are.
        with("Transfer-Encoding: chunked\r\n", &format!("ffffffffffffffff\r\n{RESET}")),
        with("Transfer-Encoding: chunked\r\n", &format!("10000000000000000\r\n{RESET}")),
        with("Transfer-Encoding: chunked\r\n", &format!("fffffffffffffffff0\r\n{RESET}")),
        with("Transfer-Encoding: chunked\r\n", &format!("-1\r\n{RESET}")),
        with("Transfer-Encoding: chunked\r\n", &format!("0x0\r\n\r\n{RESET}")),
        with("Transfer-Encoding: chunked\r\n", &format!("\r\n\r\n{RESET}")),
        with("Transfer-Encoding: chunked\r\n", &format!("1\r\nab\r\n0\r\n\r\n{RESET}")),
        with("Transfer-Encoding: chunked\r\n", &format!("5;{}\r\nhello\r\n", "x".repeat(100_000))),
        with("Transfer-Encoding: chunked\r\n", &format!("0\r\n{}\r\n", "a: b\r\n".repeat(20_000))),
        // A version that has no chunks.
        format!("POST /_mock/clock HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}").into_bytes(),
    ])
    .await;
}

#[tokio::test]
async fn a_header_is_never_the_next_request() {
    let with = |headers: &[u8]| {
        let mut bytes = b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n".to_vec();
        bytes.extend_from_slice(headers);
        bytes.extend_from_slice(b"\r\n");
        bytes
    };
    let line = "POST /_mock/reset HTTP/1.1\r\nHost: localhost\r\n";
    each([
        // A line that goes on in the next one.
        with(format!("X: a\r\n {line}").as_bytes()),
        with(format!("X: a\r\n\t{line}").as_bytes()),
        with(format!(" {line}").as_bytes()),
        // Half an end of a line.
        with(format!("X: a\n{line}").as_bytes()),
        with(format!("X: a\r{line}").as_bytes()),
        with(format!("X: a\n\r{line}").as_bytes()),
        format!("GET /_mock/health HTTP/1.1\rHost: localhost\r\r{line}\r\n").into_bytes(),
        // Bytes that end a text elsewhere.
        with(b"X: a\0b\r\n"),
        with(b"X\0: a\r\n"),
        with(b"X: \x01\x7f\r\n"),
        with(b"X: \xff\xfe\r\n"),
        with(b": a\r\n"),
        with(b"no colon\r\n"),
        with(b"Host: evil.example\r\n"),
        with(b"Host : localhost\r\n"),
        b"GET /_mock/health\0 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"GET /_mock/health HTTP/1.1\0\r\nHost: localhost\r\n\r\n".to_vec(),
        // Lines that are none of HTTP/1.1.
        b"POST /_mock/reset\r\n\r\n".to_vec(),
        b"POST /_mock/reset HTTP/0.9\r\nHost: localhost\r\n\r\n".to_vec(),
        b"POST /_mock/reset HTTP/1.2\r\nHost: localhost\r\n\r\n".to_vec(),
        b"POST /_mock/reset HTTP/2.0\r\nHost: localhost\r\n\r\n".to_vec(),
        b"POST  /_mock/reset HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"POST\t/_mock/reset\tHTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"post /_mock/reset HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"PO ST /_mock/reset HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"GET /_mock/reset HTTP/1.1\r\nHost: localhost\r\nX-HTTP-Method-Override: POST\r\n\r\n".to_vec(),
        b"POST /_mock/reset HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"POST /_mock/reset HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"POST /_mock/reset HTTP/1.1\r\nHost: localhost\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"POST /_mock/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n".to_vec(),
        b"GET /v1/users/x HTTP/1.1\r\nHost: localhost\r\nX-Original-URL: /_mock/reset\r\nX-Rewrite-URL: /_mock/reset\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        vec![0; 1000],
        vec![b'\n'; 1000],
    ])
    .await;
}
