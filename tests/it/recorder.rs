//! A loopback server that writes down what it is sent and answers everything alike. Must not know any API.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Head of a request as it was on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case; values as bytes, because ids need not be ASCII.
    headers: Vec<(String, Vec<u8>)>,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_slice())
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        let value = self
            .header(name)
            .unwrap_or_else(|| panic!("no header {name}"));
        std::str::from_utf8(value).expect("UTF-8")
    }

    fn read(head: &[u8]) -> Self {
        let mut lines = head
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = String::from_utf8(lines.next().unwrap_or_default().to_vec())
            .expect("an ASCII request line");
        let mut words = first.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (method, target) = (word(), word());
        let headers = lines.filter(|line| !line.is_empty()).map(|line| {
            let colon = line
                .iter()
                .position(|byte| *byte == b':')
                .expect("a header line");
            let name = String::from_utf8_lossy(&line[..colon]).to_lowercase();
            (name, line[colon + 1..].trim_ascii().to_vec())
        });
        Self {
            method,
            target,
            headers: headers.collect(),
        }
    }
}

pub(crate) struct Recorder {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
    task: JoinHandle<()>,
}

impl Recorder {
    /// Starts on a free port; `status` and the JSON `body` are the answer to everything.
    pub(crate) async fn start(status: u16, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = format!(
            "HTTP/1.1 {status} Recorded\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        );
        let log = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &answer, &log).await;
            }
        });
        Self {
            url,
            requests,
            task,
        }
    }

    /// Everything since the last time.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.requests.lock().expect("no thread has panicked"))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one request with its body, writes it down, answers, and closes.
async fn serve(mut stream: TcpStream, answer: &str, log: &Mutex<Vec<Recorded>>) {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    };
    let recorded = Recorded::read(&bytes[..head]);
    let length = recorded.header("content-length").map_or(0, |value| {
        std::str::from_utf8(value)
            .ok()
            .and_then(|text| text.parse().ok())
            .expect("a length")
    });
    while bytes.len() < head + 4 + length {
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    log.lock().expect("no thread has panicked").push(recorded);
    // A client that has gone needs no answer.
    let _ = stream.write_all(answer.as_bytes()).await;
}
