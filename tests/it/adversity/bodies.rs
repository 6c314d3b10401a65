//! Bodies that no answer depends on. A client that sends them keeps its connection.

use std::net::SocketAddr;

use stepup_mock::MockServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::wire::{self, Request};
use crate::world::TENANT;

/// Requests whose answer does not depend on their body: method, target and further headers.
const NEEDLESS: [(&str, &str, &str, u16); 4] = [
    ("POST", "/no/such/path", "", 404),
    ("POST", "/v1/no/such/path", "", 401),
    ("DELETE", "/_mock/health", "", 405),
    (
        "GET",
        "/management/has_registered_mobile_device/mock-app/ada",
        "",
        401,
    ),
];

fn head(method: &str, target: &str, more: &str, length: usize) -> String {
    format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\n{more}Content-Length: {length}\r\n\r\n"
    )
}

/// Reads one answer, head and body.
async fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return text.into_owned();
            }
        }
        let mut byte = [0; 1024];
        let count = stream.read(&mut byte).await.unwrap();
        assert_ne!(count, 0, "the mock closed the connection; before: {text}");
        read.extend_from_slice(&byte[..count]);
    }
}

/// Waits until the mock has read what another connection sent before.
async fn settle(address: SocketAddr) {
    for _ in 0..3 {
        wire::send(address, &Request::new("GET", "/_mock/health")).await;
    }
}

#[tokio::test]
async fn a_body_that_comes_after_its_head_and_is_not_needed_ends_no_connection() {
    let mock = MockServer::start().await.unwrap();
    let anonymous = format!("Authorization: {}\r\n", wire::basic(TENANT));
    let mut stream = TcpStream::connect(mock.address()).await.unwrap();
    let own = [
        ("POST", "/v1/client/challenge/whatsapp", &*anonymous, 0),
        ("GET", "/_mock/health", "", 200),
    ];
    for (method, target, more, status) in NEEDLESS.into_iter().chain(own) {
        let head = head(method, target, more, 2);
        stream.write_all(head.as_bytes()).await.unwrap();
        settle(mock.address()).await;
        stream.write_all(b"{}").await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(
            status == 0 || answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{target}: {answer}"
        );
        assert!(
            !answer.to_lowercase().contains("connection: close"),
            "{target}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_long_body_that_is_not_needed_is_not_waited_for_and_the_answer_says_that_the_connection_ends()
 {
    let mock = MockServer::start().await.unwrap();
    for (method, target, more, status) in NEEDLESS {
        let mut stream = TcpStream::connect(mock.address()).await.unwrap();
        let head = head(method, target, more, 64 * 1024 + 1);
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{target}: {answer}"
        );
        assert!(
            answer.to_lowercase().contains("connection: close"),
            "{target}: {answer}"
        );
    }
}
