//! HTTP/1.1 by hand over a socket: what is sent is what a test wrote, byte for byte. Must not know any API.

use std::fmt::Write as _;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// The host that requests name, so that signatures and URLs do not depend on the port.
pub const HOST: &str = "mock.test:4750";

/// Value of an `Authorization` header of Basic authentication: this user name, and an empty password.
pub fn basic(user: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:")))
}

/// An address where nobody can answer for as long as the socket lives: it is bound, and does not listen. (A port that
/// was only given up may be another test's by now, or for a moment a child process's.)
pub fn silent() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .expect("a free port");
    let address = socket.local_addr().expect("an address");
    (socket, address)
}

/// A request, as it is sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method, in capitals.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names and values, in the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// Bytes of the body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request to [`HOST`] with no other header and no body.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![("Host".to_owned(), HOST.to_owned())],
            body: Vec::new(),
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without the headers of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(given, _)| !given.eq_ignore_ascii_case(name));
        self
    }

    /// With the credentials of Basic authentication: this user name, and an empty password.
    #[must_use]
    pub fn basic(self, user: &str) -> Self {
        self.header("Authorization", &basic(user))
    }

    /// With a body, and the content type of JSON.
    #[must_use]
    pub fn json(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", "application/json")
    }

    /// Everything up to the body, as it is sent.
    pub fn head(&self) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !self.body.is_empty() || self.method == "POST" {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        head + "Connection: close\r\n\r\n"
    }
}

/// An answer, as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Text after the status code.
    pub reason: String,
    /// Names and values, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// Bytes of the body.
    pub body: Vec<u8>,
    /// All of it, as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body, which must be JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!(
                "{} with a body that is not JSON: {error}\n{}",
                self.status,
                self.text()
            )
        })
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads what a server sent before it closed. Panics where that is not one HTTP/1.1 answer of the given length.
    fn read(bytes: Vec<u8>) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end
            .unwrap_or_else(|| panic!("no HTTP answer but {:?}", String::from_utf8_lossy(&bytes)));
        let head = std::str::from_utf8(&bytes[..end]).expect("an ASCII head");
        let mut lines = head.split("\r\n");
        let status_line = lines.next().expect("a status line");
        let mut words = status_line.splitn(3, ' ');
        assert_eq!(words.next(), Some("HTTP/1.1"), "{status_line}");
        let status = words
            .next()
            .and_then(|word| word.parse().ok())
            .unwrap_or_else(|| panic!("{status_line}"));
        let reason = words.next().unwrap_or_default().to_owned();
        let headers: Vec<(String, String)> = lines
            .map(|line| {
                line.split_once(':')
                    .unwrap_or_else(|| panic!("header line {line:?}"))
            })
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let body = bytes[end + 4..].to_vec();
        let answer = Self {
            status,
            reason,
            headers,
            body,
            bytes,
        };
        let length: Option<usize> = answer
            .header("content-length")
            .map(|value| value.parse().expect("a length"));
        // An answer without content has no length either.
        let wanted = if answer.status == 204 {
            None
        } else {
            Some(answer.body.len())
        };
        assert_eq!(
            length,
            wanted,
            "content-length of\n{}",
            String::from_utf8_lossy(&answer.bytes)
        );
        answer
    }
}

/// Sends a request on a connection of its own and reads until the server closes it.
pub async fn send(address: SocketAddr, request: &Request) -> Answer {
    let mut bytes = request.head().into_bytes();
    bytes.extend_from_slice(&request.body);
    let answer = send_bytes(address, &bytes).await;
    // A mock that is built for tests checks each answer.
    let warning = answer.header("Stepup-Mock-Warning").unwrap_or_default();
    let target = &request.target;
    assert!(
        !warning.contains("breaks the spec"),
        "{target}: {warning}: {}",
        answer.text()
    );
    answer
}

/// Sends any bytes on a connection of its own and reads until the server closes it.
pub async fn send_bytes(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the server accepts");
    let (mut reading, mut writing) = stream.split();
    let mut answer = Vec::new();
    // At once, and without regard to errors: a server that refuses a body may answer and close before it has read it.
    let (_, _) = tokio::join!(writing.write_all(bytes), reading.read_to_end(&mut answer));
    Answer::read(answer)
}
