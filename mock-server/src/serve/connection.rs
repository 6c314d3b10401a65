//! One connection: its requests one after another, its time limits, and its end. Knows no route.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http_body::{Body as _, Frame, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::{Instant, Sleep, sleep};
use tower::{Service, ServiceExt as _};

use super::answer::Answer;
use super::damage::suffered;
use super::pace::{End, Fate, Pace, Phase, Times};
use crate::bounds;
use crate::http::Peer;
use crate::http::surface::Intake;
use crate::runtime::Behaviour;

/// The first byte of TLS: the type of its handshake records. No request begins with it.
const HANDSHAKE: u8 = 22;

/// What every connection is served with.
#[derive(Clone)]
pub(super) struct Server<S> {
    service: S,
    intake: Intake,
    times: Times,
    /// Whether requests carry the address that they come from.
    names_peers: bool,
    /// Whether all connections are in use.
    crowded: watch::Receiver<bool>,
    /// Whether the log says already that a client speaks TLS.
    told_tls: Arc<AtomicBool>,
}

impl<S> Server<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    pub(super) fn new(behaviour: &Behaviour, service: S, crowded: watch::Receiver<bool>) -> Self {
        let times = behaviour.times;
        // One body of the largest size must always fit.
        let bodies = behaviour.bodies();
        Self {
            service,
            intake: Intake::new(times.body, bodies),
            times: Times {
                head: times.head,
                idle: times.idle,
                reader: times.idle,
            },
            names_peers: behaviour.ip_whitelist || !behaviour.trust_forwarded_from.is_empty(),
            crowded,
            told_tls: Arc::default(),
        }
    }

    /// Serves a connection until either side closes it, or until it takes too long. When the mock stops, the open
    /// request is the last one.
    pub(super) async fn serve(
        self,
        stream: TcpStream,
        peer: IpAddr,
        place: OwnedSemaphorePermit,
        mut stopped: watch::Receiver<bool>,
    ) {
        // Without it, answers to keep-alive clients wait for Nagle's algorithm.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let (pace, crowded) = (Pace::new(), self.crowded.clone());
        let times = || match *crowded.borrow() {
            true => self.times.crowded(),
            false => self.times,
        };
        let (home, mut returned) = oneshot::channel();
        let line = Line {
            open: Some((stream, place)),
            home: Some(home),
            pace: pace.clone(),
            patience: None,
            is_new: true,
            is_tls: false,
        };
        let on_time = {
            let pace = &pace;
            let service = {
                let pace = pace.clone();
                let peer = self.names_peers.then_some(Peer(peer));
                hyper::service::service_fn(
                    move |mut request: http::Request<hyper::body::Incoming>| {
                        pace.asked();
                        if let Some(peer) = peer {
                            request.extensions_mut().insert(peer);
                        }
                        answer(self.service.clone(), &self.intake, request, pace.clone())
                    },
                )
            };
            let mut http = http1::Builder::new();
            http.max_buf_size(bounds::HEAD);
            let connection = http
                .serve_connection(TokioIo::new(line), service)
                .with_upgrades();
            let (mut connection, mut late) = (pin!(connection), pin!(overdue(pace, times)));
            let (mut stopping, mut crowd) = (false, self.crowded.clone());
            loop {
                tokio::select! {
                    biased;
                    outcome = connection.as_mut() => {
                        if let Err(error) = outcome {
                            tracing::debug!(%error, "a connection ended");
                        }
                        break true;
                    }
                    () = late.as_mut() => break false,
                    // The next turn uses the new times. If the sender is gone, the mock has stopped.
                    _ = crowd.changed(), if !stopping => {}
                    // If the sender is gone, the mock has stopped, too.
                    _ = stopped.wait_for(|stopped| *stopped), if !stopping => {
                        stopping = true;
                        pace.hurry();
                        connection.as_mut().graceful_shutdown();
                    }
                }
            }
        };
        // An upgraded connection is a WebSocket, and belongs to its handler from now on.
        let Ok(Left {
            stream,
            place: _place,
            is_tls,
        }) = returned.try_recv()
        else {
            return;
        };
        if is_tls {
            warn_of_tls(&self.told_tls);
        }
        let fate = pace.ending();
        if fate == Some(Fate::Reset) {
            // The reset comes with the close.
            if let Err(error) = stream.set_zero_linger() {
                tracing::debug!(%error, "SO_LINGER");
            }
            return;
        }
        let end = async {
            let mut stream = stream;
            if fate.is_some() {
                stream.shutdown().await?;
            } else if is_tls {
                stream.write_all(&plain_only()).await?;
                stream.shutdown().await?;
            } else if !on_time {
                if pace.phase() != Phase::Head {
                    return Ok(());
                }
                stream.write_all(&late_head(times())).await?;
                stream.shutdown().await?;
            }
            linger(stream).await
        };
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => {}
            _ = tokio::time::timeout(bounds::LINGER_TIME, end) => {}
        }
    }
}

/// Says once that a client speaks TLS, where a person sees it: the client itself can only say that it understood nothing.
fn warn_of_tls(told: &AtomicBool) {
    if !told.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "a client speaks TLS to the mock, which speaks plain HTTP: start its base URL with http:// instead of \
             https://. This warning is not repeated"
        );
    }
}

/// Answers one request.
fn answer<S>(
    service: S,
    intake: &Intake,
    request: http::Request<hyper::body::Incoming>,
    pace: Pace,
) -> impl Future<Output = Result<http::Response<Answer>, Infallible>> + use<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        pace.received();
    }
    let question = Question {
        body,
        pace: pace.clone(),
    };
    let (body, share) = intake.guard(question);
    let request = Request::from_parts(parts, body);
    async move {
        let response = service.oneshot(request).await?;
        let mut response = suffered(response, &pace).await;
        if !response.headers().contains_key(CONNECTION) && !share.drain().await {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        // The handler may have held the bytes of the body until now.
        drop(share);
        // The connection then waits for the next request.
        let at_end = Pace::answered;
        Ok(response.map(|body| Answer { body, pace, at_end }))
    }
}

/// Ends when the connection has spent too long in its current phase, or is to end as planned. It runs in the task of the connection, so every
/// change of the pace also polls it.
async fn overdue(pace: &Pace, times: impl Fn() -> Times) {
    let mut alarm = pin!(tokio::time::sleep_until(Instant::now() + times().idle));
    std::future::poll_fn(|context| {
        loop {
            if pace.ending().is_some() {
                return Poll::Ready(());
            }
            let Some(due) = pace.due(times()) else {
                return Poll::Pending;
            };
            // An alarm that rings too early costs less than one that is reset for each request.
            if due < alarm.deadline() {
                alarm.as_mut().reset(due);
            }
            if alarm.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(due);
        }
    })
    .await;
}

/// The answer to a client that speaks TLS. Go's client says that it got HTTP, some show the text, and OpenSSL calls it a
/// wrong version.
fn plain_only() -> Vec<u8> {
    bare(
        "400 Bad Request",
        "this port speaks plain HTTP, and the client speaks TLS; start the URL with http:// instead of https://\n",
    )
}

/// The answer to headers that did not arrive in time. The path is not known yet, so the API and its format are not,
/// either.
fn late_head(times: Times) -> Vec<u8> {
    let text = format!(
        "the headers of the request did not arrive within {} s; --header-seconds changes this limit, which is shorter \
         while all connections are in use\n",
        times.head.as_secs_f64()
    );
    bare("408 Request Timeout", &text)
}

/// An answer with this status and text, after which the connection closes.
fn bare(status: &str, text: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncache-control: \
         no-store\r\nx-content-type-options: nosniff\r\ncross-origin-resource-policy: same-origin\r\ncontent-length: {}\r\nconnection: \
         close\r\n\r\n{text}",
        text.len()
    )
    .into_bytes()
}

/// Reads and drops what a client still sends after its last answer, up to a bound. If the mock closed a connection with
/// unread bytes, the operating system would reset it. A client that is still writing would then lose the answer, which
/// may say that its body is too large.
async fn linger(mut stream: TcpStream) -> io::Result<()> {
    let mut dropped = 0;
    let mut piece = vec![0; 16 * 1024];
    while dropped < bounds::LINGER {
        match stream.read(&mut piece).await? {
            0 => break,
            read => dropped += read,
        }
    }
    Ok(())
}

/// The body of a request. It says when it has arrived whole.
struct Question {
    body: hyper::body::Incoming,
    pace: Pace,
}

impl http_body::Body for Question {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.pace.received();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The stream of a connection. When hyper drops it, the stream goes back to the task of the connection.
struct Line {
    /// `None` only during the drop.
    open: Option<(TcpStream, OwnedSemaphorePermit)>,
    home: Option<oneshot::Sender<Left>>,
    pace: Pace,
    /// Runs from the moment when the client has said that it sends nothing more, and still gets an answer.
    patience: Option<Pin<Box<Sleep>>>,
    /// Whether the client has sent nothing yet.
    is_new: bool,
    /// Whether the client speaks TLS.
    is_tls: bool,
}

/// What is left of a connection that hyper has done with.
struct Left {
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    is_tls: bool,
}

impl Line {
    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        match &mut self.open {
            Some((stream, _)) => Ok(Pin::new(stream)),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn wrote(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.pace.writes(outcome.is_ready());
        outcome
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let (Some((stream, place)), Some(home)) = (self.open.take(), self.home.take()) {
            let is_tls = self.is_tls;
            // Nobody receives it if the connection was upgraded or cut off.
            let _ = home.send(Left {
                stream,
                place,
                is_tls,
            });
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = self.stream()?.poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.pace.heard();
            if std::mem::take(&mut self.is_new) && buffer.filled().get(before) == Some(&HANDSHAKE) {
                self.is_tls = true;
                // hyper gives the stream back.
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        } else if matches!(outcome, Poll::Ready(Ok(()))) {
            // hyper drops a request as soon as it meets the end. A client that closes its own half only still reads the
            // answer, and one that is gone is not worth an endless stream.
            match self.pace.end(context.waker()) {
                End::Final => {}
                End::Unclear => {
                    // hyper reads on before the service takes the body. By the next turn, it has.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                End::AnswerDue => {
                    let patience = self
                        .patience
                        .get_or_insert_with(|| Box::pin(sleep(bounds::HALF_CLOSED_TIME)));
                    ready!(patience.as_mut().poll(context));
                }
            }
        }
        outcome
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = self.stream()?.poll_write(context, bytes);
        self.wrote(outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when it has no more to write.
        self.pace.written();
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper closes after the error that ends it. The answer to TLS comes after that.
        if self.is_tls {
            return Poll::Ready(Ok(()));
        }
        self.stream()?.poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = self.stream()?.poll_write_vectored(context, pieces);
        self.wrote(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
