//! The desk over the wire: the page and its files, the ticks that keep it live, and what it must not hold up. What it
//! shows is the control API's, which has golden exchanges of its own.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::wire::{Request, send};
use crate::world::mock;

fn from_a_browser(target: &str) -> Request {
    Request::new("GET", target).header("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
}

#[tokio::test]
async fn the_root_answers_a_browser_with_the_desk_and_a_program_with_404() {
    let server = mock().start().await.unwrap();
    let page = send(server.address(), &from_a_browser("/")).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let program = send(server.address(), &Request::new("GET", "/")).await;
    assert_eq!(
        (program.status, program.header("content-type")),
        (404, Some("application/json"))
    );
    let posted = send(
        server.address(),
        &Request {
            method: "POST".to_owned(),
            ..from_a_browser("/")
        },
    )
    .await;
    assert_eq!(posted.status, 404);
    // Opening the desk sends no request to the vendors' APIs.
    assert_eq!(server.journal().len(), 2);
}

#[tokio::test]
async fn every_file_of_the_desk_comes_from_the_mock_and_has_a_content_security_policy() {
    let server = mock().start().await.unwrap();
    let page = send(server.address(), &from_a_browser("/")).await.text();
    let mut files: Vec<&str> = page
        .split('"')
        .filter(|text| text.starts_with("/_mock/"))
        .collect();
    files.sort_unstable();
    files.dedup();
    // The style, the script and the icon, and the reference that it links to.
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files.into_iter().chain(["/"]) {
        let answer = send(server.address(), &from_a_browser(file)).await;
        assert_eq!(answer.status, 200, "{file}");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{file}: {policy}");
        }
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{file}"
        );
    }
}

/// A stream of ticks.
struct Ticks {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Ticks {
    async fn of(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /_mock/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let read = Vec::new();
        Self { stream, read }
    }

    /// The next tick; `None` at the end.
    async fn next(&mut self) -> Option<Value> {
        loop {
            let text = String::from_utf8_lossy(&self.read).into_owned();
            let start = text.find("data: ");
            if let Some((start, end)) =
                start.and_then(|at| Some((at, at + text[at..].find("\n\n")?)))
            {
                self.read.drain(..end + 2);
                return Some(serde_json::from_str(&text[start + 6..end]).unwrap());
            }
            if self.stream.read_buf(&mut self.read).await.unwrap() == 0 {
                return None;
            }
        }
    }

    /// Reads on until a member of a tick has a value.
    async fn until(&mut self, name: &str, value: u64) -> Value {
        loop {
            let tick = self.next().await.expect("the stream goes on");
            if tick[name] == value {
                return tick;
            }
        }
    }
}

#[tokio::test]
async fn the_event_stream_reports_requests_other_changes_and_resets() {
    let server = mock().start().await.unwrap();
    let mut ticks = Ticks::of(server.address()).await;
    let first = ticks.next().await.unwrap();
    assert_eq!(
        first,
        serde_json::json!({"journal": 0, "revision": 0, "resets": 0})
    );
    for number in 1..=3 {
        send(server.address(), &Request::new("GET", "/v1/users/ada")).await;
        ticks.until("journal", number).await;
    }
    // A change without a request.
    server.clock().freeze();
    let before = ticks.next().await.unwrap();
    server.clock().release();
    let after = ticks.next().await.unwrap();
    assert!(
        after["revision"].as_u64() > before["revision"].as_u64(),
        "{before} {after}"
    );
    server.reset();
    let reset = ticks.until("resets", 1).await;
    assert_eq!(reset["journal"], 0);
}

#[tokio::test]
async fn pages_of_other_sites_are_refused_the_event_stream() {
    let server = mock().start().await.unwrap();
    let request =
        Request::new("GET", "/_mock/events").header("Origin", "https://elsewhere.example");
    let answer = send(server.address(), &request).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["error"], "forbidden");
}
