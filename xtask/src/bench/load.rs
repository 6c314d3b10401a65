//! The generator: keep-alive connections over which prepared requests go, one at a time on each, every answer checked.
//! Knows HTTP as far as the servers speak it, and no operation.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::operation::{Request, Stock};
use super::process::Server;

/// The largest answer that is expected, head and body.
const LARGEST: usize = 64 * 1024;

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// What every answer must be like. One of the same status that refuses is of another length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) status: u16,
    pub(super) length: usize,
}

/// What came of driving a server.
pub(super) struct Round {
    /// From the first request to the last answer.
    pub(super) elapsed: Duration,
    /// Of each request, in microseconds, in ascending order.
    pub(super) latencies: Vec<u32>,
}

impl Round {
    pub(super) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that a part of the requests stays below, in milliseconds.
    pub(super) fn latency(&self, part: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let index = (last as f64 * part).round() as usize;
        self.latencies
            .get(index)
            .map_or(f64::NAN, |micros| f64::from(*micros) / 1_000.0)
    }
}

/// A keep-alive connection.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(server: &Server) -> Result<Self> {
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
    pub(super) async fn send(&mut self, request: &Request) -> Result<Reply> {
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
                "the connection was closed before an answer was whole"
            );
            filled += read;
            if let Some(head) = head(&self.buffer[..filled])? {
                break head;
            }
        };
        let end = head + length;
        ensure!(
            end <= LARGEST,
            "an answer of {end} bytes is larger than any that is expected"
        );
        while filled < end {
            let read = self.stream.read(&mut self.buffer[filled..end]).await?;
            ensure!(
                read > 0,
                "the connection was closed before an answer was whole"
            );
            filled += read;
        }
        ensure!(filled == end, "more came than one answer");
        Ok((status, &self.buffer[head..end]))
    }

    /// Sends requests until the stock or the time is at its end; gives how long each took.
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
                    "an answer is not as the first was, which had the status {} and {} bytes: {reply}",
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

/// The status, the length of the head, and that of the body, once the head is whole.
fn head(bytes: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..end]).context("the head of an answer is not text")?;
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|line| line.get(..3)?.parse().ok())
        .with_context(|| format!("an answer begins with no status: {text}"))?;
    let length = lines
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.parse().ok())
        .with_context(|| format!("an answer has no length: {text}"))?;
    Ok(Some((status, end + 4, length)))
}

/// Connections to one server.
pub(super) struct Connections(Vec<Connection>);

impl Connections {
    pub(super) async fn open(server: &Server, count: usize) -> Result<Self> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Connection::open(server).await?);
        }
        Ok(Self(connections))
    }

    /// Sends requests over all connections at once, until the stock or the time is at its end.
    pub(super) async fn drive(
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
            let (connection, of_one) = done.context("the generator broke off")??;
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
    fn a_head_is_read_once_it_is_whole() {
        let text = b"HTTP/1.1 202 Accepted\r\nContent-Length: 12\r\ndate: x\r\n\r\n{";
        assert_eq!(head(text).unwrap(), Some((202, text.len() - 1, 12)));
        assert_eq!(head(&text[..20]).unwrap(), None);
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(head(b"nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn latencies_are_those_of_a_part_of_the_requests() {
        let round = Round {
            elapsed: Duration::from_millis(50),
            latencies: (0..=100).map(|number| number * 1_000).collect(),
        };
        assert_eq!((round.latency(0.5), round.latency(0.99)), (50.0, 99.0));
        assert!((round.rate() - 2_020.0).abs() < 1e-6);
    }
}
