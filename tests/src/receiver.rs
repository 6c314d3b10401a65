//! A server on the loopback interface: keeps the requests that it gets, and answers as a test has said. Must not know any
//! API.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// What a receiver does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers with this status and no body.
    Status(u16),
    /// Answers with this status and this JSON.
    Json(u16, String),
    /// Redirects to this URL.
    Redirect(String),
    /// Closes the connection.
    HangUp,
    /// Sends nothing for as long as the other side waits.
    Silence,
    /// Answers with 200, once there is a permit.
    When(Arc<Semaphore>),
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method, in capitals.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case; values as bytes, because ids need not be ASCII.
    headers: Vec<(String, Vec<u8>)>,
    /// Bytes of the body.
    pub body: Vec<u8>,
}

impl Received {
    /// The bytes of the first header of this name, which is in lower case.
    pub fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// The first header of this name, if it is there and is UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.header_bytes(name)?).ok()
    }

    /// A header that must be there.
    pub fn text(&self, name: &str) -> &str {
        self.header(name)
            .unwrap_or_else(|| panic!("no header {name}"))
    }

    /// The body, which must be JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// Reads a request line and headers.
    fn of_head(head: &[u8]) -> Option<Self> {
        let mut lines = head
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = String::from_utf8(lines.next()?.to_vec()).ok()?;
        let (method, rest) = first.split_once(' ')?;
        let (target, _) = rest.split_once(' ')?;
        let headers = lines.filter(|line| !line.is_empty()).map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8_lossy(&line[..colon]).to_lowercase();
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        });
        Some(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.collect::<Option<_>>()?,
            body: Vec::new(),
        })
    }
}

/// The server.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Received>>>,
    planned: Arc<Mutex<VecDeque<Reply>>>,
    /// A permit for each request that came.
    came: Arc<Semaphore>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Starts on a free port; answers with 200 and no body where nothing else is planned.
    pub async fn start() -> Self {
        Self::that(Reply::Status(200)).await
    }

    /// Starts on a free port; does this with each request for which nothing else is planned.
    pub async fn that(usual: Reply) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen: Arc<Mutex<Vec<Received>>> = Arc::default();
        let planned: Arc<Mutex<VecDeque<Reply>>> = Arc::default();
        let came = Arc::new(Semaphore::new(0));
        let serving = {
            let (seen, planned, came) =
                (Arc::clone(&seen), Arc::clone(&planned), Arc::clone(&came));
            tokio::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.expect("a connection");
                    let (seen, planned, came) =
                        (Arc::clone(&seen), Arc::clone(&planned), Arc::clone(&came));
                    let usual = usual.clone();
                    tokio::spawn(async move {
                        let Some(received) = read(&mut stream).await else {
                            return;
                        };
                        seen.lock().expect("no test panics here").push(received);
                        let reply = planned.lock().expect("no test panics here").pop_front();
                        came.add_permits(1);
                        answer(stream, reply.unwrap_or(usual)).await;
                    });
                }
            })
        };
        Self {
            address,
            seen,
            planned,
            came,
            serving,
        }
    }

    /// The URL of the server, without a path.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A URL on it, with a path and a query.
    pub fn url(&self) -> String {
        format!("{}/hook?for=tests", self.base())
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Plans what it does with the next requests, one after the other.
    pub fn will(&self, replies: impl IntoIterator<Item = Reply>) {
        let mut planned = self.planned.lock().expect("no test panics here");
        planned.extend(replies);
    }

    /// The requests that came since the last call.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.seen.lock().expect("no test panics here"))
    }

    /// Waits until one more request has come.
    pub async fn next(&self) {
        let permit = self.came.acquire().await;
        permit.expect("it is never closed").forget();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Reads one request with its body. Nothing where the other side closes before its end, or sends something else.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut received = Received::of_head(&bytes[..head])?;
    received.body = bytes.split_off(head + 4);
    let length = match received.header("content-length") {
        Some(length) => length.parse().ok()?,
        None => 0,
    };
    while received.body.len() < length {
        if stream.read_buf(&mut received.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(received)
}

async fn answer(mut stream: TcpStream, reply: Reply) {
    let (status, more, body) = match reply {
        Reply::Status(status) => (status, String::new(), String::new()),
        Reply::Json(status, body) => {
            let kind = "Content-Type: application/json\r\n".to_owned();
            (status, kind, body)
        }
        Reply::Redirect(to) => (307, format!("Location: {to}\r\n"), String::new()),
        Reply::HangUp => return,
        Reply::Silence => {
            // Until the other side gives up.
            let _ = stream.read_u8().await;
            return;
        }
        Reply::When(semaphore) => {
            let permit = semaphore.acquire().await;
            permit.expect("it is never closed").forget();
            (200, String::new(), String::new())
        }
    };
    let text = format!(
        "HTTP/1.1 {status} Planned\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // A client that has gone needs no answer.
    let _ = stream.write_all(text.as_bytes()).await;
}
