//! The load generator: sends prepared requests over keep-alive connections, one at a time on each, and checks every
//! answer. Knows the part of HTTP that the servers use; knows no operation.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::request::{Request, Stock};
use crate::server::Server;

/// Room for an answer, head and body. A larger answer is an error.
const LARGEST: usize = 64 * 1024;
/// Room for the headers of an answer.
const HEADERS: usize = 32;

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// What every answer must look like. The length distinguishes a refusal with the same status.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    pub(crate) length: usize,
}

/// The result of driving a server.
pub(crate) struct Round {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// The latency of each request in microseconds, in ascending order.
    pub(crate) latencies: Vec<u32>,
}

impl Round {
    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// A quantile of the latencies, in milliseconds.
    pub(crate) fn latency(&self, quantile: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let index = (last as f64 * quantile).round() as usize;
        self.latencies
            .get(index)
            .map_or(f64::NAN, |micros| f64::from(*micros) / 1_000.0)
    }
}

/// A keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(server: &Server) -> Result<Self> {
        let stream = TcpStream::connect(server.address())
            .await
            .with_context(|| format!("cannot connect to {}", server.name()))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; LARGEST],
        })
    }

    /// Sends one request of its kind.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<Reply> {
        let stock = request.stock(1);
        let mut bytes = stock.blank();
        stock.refill(&mut bytes);
        let (status, body) = self.exchange(&bytes).await?;
        Ok(Reply {
            status,
            body: body.to_vec(),
        })
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let (status, head, length) = loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            ensure!(
                read > 0,
                "the connection closed before the answer was complete"
            );
            filled += read;
            if let Some(head) = head(&self.buffer[..filled])? {
                break head;
            }
        };
        let end = head + length;
        ensure!(
            end <= LARGEST,
            "an answer has {end} bytes, more than the {LARGEST} that fit"
        );
        while filled < end {
            let read = self.stream.read(&mut self.buffer[filled..end]).await?;
            ensure!(
                read > 0,
                "the connection closed before the answer was complete"
            );
            filled += read;
        }
        ensure!(filled == end, "the server sent more than one answer");
        Ok((status, &self.buffer[head..end]))
    }

    /// Sends requests until the stock or the time is used up; returns the latency of each in microseconds.
    async fn drive(
        &mut self,
        stock: &Stock,
        expected: Expected,
        deadline: Instant,
    ) -> Result<Vec<u32>> {
        let mut latencies = Vec::with_capacity(64 * 1024);
        let mut request = stock.blank();
        let mut sent = Instant::now();
        while sent < deadline && stock.refill(&mut request) {
            let (status, body) = self.exchange(&request).await?;
            if (Expected {
                status,
                length: body.len(),
            }) != expected
            {
                let reply = Reply {
                    status,
                    body: body.to_vec(),
                };
                bail!(
                    "an answer differs from the first, which had status {} and {} bytes: {reply}",
                    expected.status,
                    expected.length
                );
            }
            let received = Instant::now();
            let micros = received.duration_since(sent).as_micros();
            latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
            sent = received;
        }
        Ok(latencies)
    }
}

/// Reads the head of an answer: the status, the length of the head, and the length of the body. Returns `None` while the
/// head is incomplete.
fn head(bytes: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(end) =
        answer.parse(bytes).context("an answer is not HTTP/1.1")?
    else {
        return Ok(None);
    };
    let status = answer.code.context("an answer has no status")?;
    let length = answer
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok())
        .context("an answer has no content-length")?;
    Ok(Some((status, end, length)))
}

/// Connections to one server.
pub(crate) struct Connections(Vec<Connection>);

impl Connections {
    pub(crate) async fn open(server: &Server, count: usize) -> Result<Self> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Connection::open(server).await?);
        }
        Ok(Self(connections))
    }

    /// Sends requests over all connections at once until the stock or the time is used up.
    pub(crate) async fn drive(
        &mut self,
        stock: Stock,
        expected: Expected,
        span: Duration,
    ) -> Result<Round> {
        let stock = Arc::new(stock);
        let started = Instant::now();
        let mut running = JoinSet::new();
        for mut connection in self.0.drain(..) {
            let stock = Arc::clone(&stock);
            running.spawn(async move {
                let latencies = connection.drive(&stock, expected, started + span).await?;
                anyhow::Ok((connection, latencies))
            });
        }
        let mut latencies = Vec::new();
        while let Some(done) = running.join_next().await {
            let (connection, of_one) = done.context("a connection of the generator stopped")??;
            self.0.push(connection);
            latencies.extend(of_one);
        }
        let elapsed = started.elapsed();
        latencies.sort_unstable();
        Ok(Round { elapsed, latencies })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Round, head};

    #[test]
    fn a_head_is_read_once_it_is_complete() {
        let text = b"HTTP/1.1 202 Accepted\r\nContent-Length: 12\r\ndate: x\r\n\r\n{";
        assert_eq!(head(text).unwrap(), Some((202, text.len() - 1, 12)));
        assert_eq!(head(&text[..20]).unwrap(), None);
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(head(b"nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn a_latency_is_a_quantile_over_the_requests() {
        let round = Round {
            elapsed: Duration::from_millis(50),
            latencies: (0..=100).map(|number| number * 1_000).collect(),
        };
        assert_eq!((round.latency(0.5), round.latency(0.99)), (50.0, 99.0));
        assert!((round.rate() - 2_020.0).abs() < 1e-6);
    }
}
