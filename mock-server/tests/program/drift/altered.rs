//! A copy of a mock: it forwards each request, and alters the answers of one operation. Must not know what it alters.

use std::net::SocketAddr;
use std::sync::Arc;

use conformance::wire::{self, Request};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// An answer on its way.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) body: Vec<u8>,
    /// Whether it says so.
    pub(super) is_compressed: bool,
    /// Headers of the request.
    pub(super) authorization: String,
    pub(super) accept_encoding: Option<String>,
}

/// The status of an answer that never comes.
pub(super) const NEVER: u16 = 0;

/// The status of an answer in whose place the connection closes.
pub(super) const HANGS_UP: u16 = 1;

/// What is altered.
pub(super) type Change = fn(&mut Answer);

/// A request that came.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) body: Vec<u8>,
}

impl Seen {
    /// The users that it names.
    pub(super) fn users(&self) -> Vec<String> {
        let path = self.target.split('?').next().unwrap();
        let mut users = Vec::new();
        if let ["", "v1", "users", user, ..] = path.split('/').collect::<Vec<_>>()[..]
            && user != "authenticators"
        {
            users.push(user.to_owned());
        }
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        named(&body, &mut users);
        users
    }
}

fn named(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| named(element, into)),
        Value::Object(members) => {
            if let Some(user) = members.get("userId").and_then(Value::as_str) {
                into.push(user.to_owned());
            }
            members.values().for_each(|member| named(member, into));
        }
        _ => {}
    }
}

/// The copy.
pub(super) struct Altered {
    address: SocketAddr,
    seen: Arc<watch::Sender<Vec<Seen>>>,
    /// How many more requests get an answer, if there is a limit.
    answers: Option<Arc<Semaphore>>,
    serving: JoinHandle<()>,
}

impl Altered {
    /// One that alters the answers of an operation; of all, if it has no name.
    pub(super) async fn of(to: SocketAddr, operation: &'static str, change: Change) -> Self {
        Self::start(to, operation, change, None).await
    }

    /// One that alters nothing, and answers so many requests besides deletions. The next waits for
    /// [`answer_another`](Self::answer_another).
    pub(super) async fn answering(to: SocketAddr, requests: usize) -> Self {
        let answers = Some(Arc::new(Semaphore::new(requests)));
        Self::start(to, "", |_| {}, answers).await
    }

    async fn start(
        to: SocketAddr,
        operation: &'static str,
        change: Change,
        answers: Option<Arc<Semaphore>>,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(watch::Sender::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let left = answers.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, left) = (Arc::clone(&kept), left.clone());
                tokio::spawn(forward(stream, to, operation, change, kept, left));
            }
        });
        Self {
            address,
            seen,
            answers,
            serving,
        }
    }

    /// One that alters nothing.
    pub(super) async fn honest(to: SocketAddr) -> Self {
        Self::of(to, "", |_| {}).await
    }

    /// Lets one more request have its answer.
    pub(super) fn answer_another(&self) {
        self.answers.as_ref().unwrap().add_permits(1);
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }

    /// Waits until so many requests have come.
    pub(super) async fn has_seen(&self, requests: usize) {
        let mut seen = self.seen.subscribe();
        seen.wait_for(|seen| seen.len() >= requests).await.unwrap();
    }
}

impl Drop for Altered {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn forward(
    mut stream: TcpStream,
    to: SocketAddr,
    operation: &'static str,
    change: Change,
    kept: Arc<watch::Sender<Vec<Seen>>>,
    answers: Option<Arc<Semaphore>>,
) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    let seen = Seen {
        method: request.method.clone(),
        target: request.target.clone(),
        body: request.body.clone(),
    };
    kept.send_modify(|all| all.push(seen));
    let header = |name: &str| {
        let mut headers = request.headers.iter();
        headers
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.clone())
    };
    if let Some(answers) = answers.filter(|_| request.method != "DELETE") {
        answers.acquire().await.unwrap().forget();
    }
    let answered = wire::send(to, &request).await;
    let mut answer = Answer {
        status: answered.status,
        content_type: answered.header("content-type").map(str::to_owned),
        body: answered.body,
        is_compressed: false,
        authorization: header("authorization").unwrap_or_default(),
        accept_encoding: header("accept-encoding"),
    };
    if operation.is_empty() || is_of(&request, operation) {
        change(&mut answer);
    }
    if answer.status == NEVER {
        std::future::pending().await
    }
    if answer.status == HANGS_UP {
        return;
    }
    let mut head = format!(
        "HTTP/1.1 {} Altered\r\nConnection: close\r\n",
        answer.status
    );
    if let Some(content_type) = answer.content_type {
        head.push_str(&format!("Content-Type: {content_type}\r\n"));
    }
    if answer.is_compressed {
        head.push_str("Content-Encoding: gzip\r\n");
    }
    if answer.status == 307 {
        head.push_str("Location: /elsewhere?key=SECRET\r\n");
    }
    if answer.status != 204 {
        head.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
    }
    head.push_str("\r\n");
    let bytes = [head.into_bytes(), answer.body].concat();
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

/// Reads a request, and gives it as it goes on to the mock.
async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let mut request = Request::new(words.next()?, words.next()?);
    request.headers.clear();
    let mut length = 0;
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "connection" => {}
            name => request.headers.push((name.to_owned(), value.to_owned())),
        }
    }
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    request.body = body;
    Some(request)
}

/// Whether a request is for an operation of the Server API.
fn is_of(request: &Request, operation: &str) -> bool {
    let path = request.target.split('?').next().unwrap();
    let segments: Vec<&str> = path.split('/').skip(2).collect();
    let method = request.method.as_str();
    let found = match (method, segments.as_slice()) {
        ("GET", ["users"]) => "query_users",
        ("GET", ["users", _]) => "get_user",
        ("POST", ["users", "authenticators"]) => "batch_enroll_passkeys",
        ("POST", ["users", _]) => "identify",
        ("PATCH", ["users", _]) => "update_user",
        ("DELETE", ["users", _]) => "delete_user",
        ("GET", ["users", _, "authenticators"]) => "get_authenticators",
        ("POST", ["users", _, "authenticators"]) => "enroll_verified_authenticator",
        ("DELETE", ["users", _, "authenticators", _]) => "delete_authenticator",
        ("POST", ["users", _, "actions", _]) => "track",
        ("GET", ["users", _, "actions", _, _]) => "get_action",
        ("GET", ["users", _, "actions"]) => "query_user_actions",
        ("POST", ["token"]) => "create_token",
        ("GET", ["authenticators"]) => "get_tenant_authenticators",
        _ => "",
    };
    found == operation
}
