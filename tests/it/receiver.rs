//! A receiver of webhooks on the loopback interface: takes note of what it is sent, and answers as a test has said. Must
//! not know what is in a body, nor how it is signed.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// What a receiver does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Status(u16),
    /// To this URL.
    Redirect(String),
    /// Closes the connection.
    HangUp,
    /// Says nothing for as long as the other side waits.
    Silence,
    /// 200, once there is a permit.
    When(Arc<Semaphore>),
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) target: String,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a webhook has a JSON body")
    }
}

#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Received>>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    /// A permit for each request that came.
    came: Arc<Semaphore>,
    serving: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen: Arc<Mutex<Vec<Received>>> = Arc::default();
        let replies: Arc<Mutex<VecDeque<Reply>>> = Arc::default();
        let came = Arc::new(Semaphore::new(0));
        let serving = {
            let (seen, replies, came) =
                (Arc::clone(&seen), Arc::clone(&replies), Arc::clone(&came));
            tokio::spawn(async move {
                loop {
                    let (stream, _) = listener.accept().await.expect("a connection");
                    let (seen, replies, came) =
                        (Arc::clone(&seen), Arc::clone(&replies), Arc::clone(&came));
                    tokio::spawn(async move {
                        let mut stream = stream;
                        let Some(received) = read(&mut stream).await else {
                            return;
                        };
                        seen.lock().expect("no test panics here").push(received);
                        let reply = replies.lock().expect("no test panics here").pop_front();
                        came.add_permits(1);
                        answer(stream, reply.unwrap_or(Reply::Status(200))).await;
                    });
                }
            })
        };
        Self {
            address,
            seen,
            replies,
            came,
            serving,
        }
    }

    /// A URL on it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?for=tests", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it does with the next requests, one after the other; 200 with those after them.
    pub(crate) fn will(&self, replies: impl IntoIterator<Item = Reply>) {
        let mut planned = self.replies.lock().expect("no test panics here");
        planned.extend(replies);
    }

    /// What came since this was asked last.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.seen.lock().expect("no test panics here"))
    }

    /// Waits for one more request to have come.
    pub(crate) async fn next(&self) {
        let permit = self.came.acquire().await;
        permit.expect("it is never closed").forget();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut received = Received {
        target: text.split(' ').nth(1)?.to_owned(),
        head: text,
        body: bytes.split_off(head),
    };
    let length: usize = received.header("content-length")?.parse().ok()?;
    while received.body.len() < length {
        if stream.read_buf(&mut received.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(received)
}

async fn answer(mut stream: TcpStream, reply: Reply) {
    let (status, location) = match reply {
        Reply::Status(status) => (status, String::new()),
        Reply::Redirect(to) => (307, format!("Location: {to}\r\n")),
        Reply::HangUp => return,
        Reply::Silence => {
            // Until the other side gives up.
            let _ = stream.read_u8().await;
            return;
        }
        Reply::When(semaphore) => {
            let permit = semaphore.acquire().await;
            permit.expect("it is never closed").forget();
            (200, String::new())
        }
    };
    let text = format!(
        "HTTP/1.1 {status} As told\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    // Who has gone away needs no answer.
    let _ = stream.write_all(text.as_bytes()).await;
}
