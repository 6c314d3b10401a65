//! One connection: its requests one after another, its time limits, and its end. Knows no route.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::Uri;
use http::header::{CONNECTION, HOST, HeaderValue};
use http_body::{Body as _, Frame, SizeHint};
use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tower::Service;

use super::answer::{Due, in_pieces};
use super::conversation::{Tasks, attend};
use super::damage::{BrokenOff, suffered};
use super::line::{Awaited, Left, Line, Stray};
use super::pace::{Fate, Pace, Phase, Times};
use super::stream::{Begun, Stream};
#[cfg(feature = "tls")]
use super::tls::{HTTP2, Tls};
use crate::bounds;
use crate::http::surface::{Intake, Wreck};
use crate::http::{Peer, Secure};
use crate::outgoing::Outgoing;
use crate::runtime::Behaviour;

/// What clients may speak at a port.
#[derive(Clone)]
pub(super) enum Speech {
    Plain,
    /// Plain HTTP or TLS, by the first byte.
    #[cfg(feature = "tls")]
    Either(Tls),
    #[cfg(feature = "tls")]
    Tls(Tls),
}

impl Speech {
    fn awaited(&self) -> Awaited {
        match self {
            Self::Plain => Awaited::Request,
            #[cfg(feature = "tls")]
            Self::Either(_) => Awaited::Either,
            #[cfg(feature = "tls")]
            Self::Tls(_) => Awaited::Handshake,
        }
    }
}

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
        speech: Speech,
        mut stopped: watch::Receiver<bool>,
    ) {
        // Without it, answers to keep-alive clients wait for Nagle's algorithm.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let first = Open {
            stream: Stream::Plain(stream),
            place,
            awaited: speech.awaited(),
            version: Version::Http1,
        };
        let again = self.clone();
        let (times, crowded) = (self.times, self.crowded.clone());
        let mut ended = self.converse(first, peer, &mut stopped).await;
        // Boxed, so that connections which begin with a request take no room for it.
        if let Some(next) = ended.take_if(|ended| ended.begins_anew()) {
            ended = Box::pin(again.begin_anew(next, &speech, peer, &mut stopped)).await;
        }
        let Some(Ended {
            stream,
            place: _place,
            rest,
        }) = ended
        else {
            return;
        };
        if let Rest::Reset {
            once_read: false,
            once_taken: true,
        } = rest
        {
            let limit = current(times, &crowded).reader;
            tokio::select! {
                _ = tokio::time::timeout(limit, stream.taken()) => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        }
        tokio::select! {
            // A planned reset is quicker.
            biased;
            _ = tokio::time::timeout(bounds::LINGER_TIME, finish(stream, rest)) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }

    /// Serves a connection whose first bytes showed what the client speaks.
    async fn begin_anew(
        self,
        ended: Ended,
        speech: &Speech,
        peer: IpAddr,
        stopped: &mut watch::Receiver<bool>,
    ) -> Option<Ended> {
        let Ended {
            stream,
            place,
            rest,
        } = ended;
        let (stream, version) = match (stream, rest, speech) {
            (Stream::Plain(stream), Rest::Http2(first), _) => {
                (Stream::Begun(Begun { first, stream }), Version::Http2)
            }
            #[cfg(feature = "tls")]
            (
                Stream::Plain(stream),
                Rest::Handshake(first),
                Speech::Either(tls) | Speech::Tls(tls),
            ) => self.secured(tls, Begun { first, stream }, stopped).await?,
            _ => return None,
        };
        let open = Open {
            stream,
            place,
            awaited: Awaited::Anything,
            version,
        };
        self.converse(open, peer, stopped).await
    }

    /// Does the handshake of TLS, which also says in which version of HTTP the client goes on.
    #[cfg(feature = "tls")]
    async fn secured(
        &self,
        tls: &Tls,
        begun: Begun,
        stopped: &mut watch::Receiver<bool>,
    ) -> Option<(Stream, Version)> {
        let limit = current(self.times, &self.crowded).head;
        let stream = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return None,
            accepted = tokio::time::timeout(limit, tls.accept(begun)) => accepted.ok()??,
        };
        let version = match stream.get_ref().1.alpn_protocol() {
            Some(HTTP2) => Version::Http2,
            _ => Version::Http1,
        };
        Some((Stream::Tls(Box::new(stream)), version))
    }

    /// Answers requests until no more come. Gives nothing back of an upgraded connection, which is a WebSocket and belongs
    /// to its handler from now on.
    async fn converse(
        self,
        open: Open,
        peer: IpAddr,
        stopped: &mut watch::Receiver<bool>,
    ) -> Option<Ended> {
        let Open {
            stream,
            place,
            awaited,
            version,
        } = open;
        let pace = match version {
            Version::Http1 => Pace::single(),
            Version::Http2 => Pace::many(),
        };
        let is_secure = stream.is_secure();
        let (line, mut returned) = Line::new(stream, place, awaited, pace.clone());
        let (crowded, told_tls) = (self.crowded.clone(), Arc::clone(&self.told_tls));
        let usual = self.times;
        let times = || current(usual, &crowded);
        let service = {
            let pace = pace.clone();
            let peer = self.names_peers.then_some(Peer(peer));
            hyper::service::service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
                pace.asked();
                if let Some(peer) = peer {
                    request.extensions_mut().insert(peer);
                }
                if is_secure {
                    request.extensions_mut().insert(Secure);
                }
                answer(self.service.clone(), &self.intake, request, pace.clone())
            })
        };
        let line = TokioIo::new(line);
        let on_time = match version {
            Version::Http1 => {
                let mut http = http1::Builder::new();
                http.max_buf_size(bounds::HEAD);
                let connection = http.serve_connection(line, service).with_upgrades();
                attend(connection, &pace, times, crowded.clone(), stopped).await
            }
            Version::Http2 => {
                let tasks = Tasks::new();
                let mut http = http2::Builder::new(tasks.requests());
                http.max_concurrent_streams(bounds::REQUESTS)
                    .max_header_list_size(HEAD_OF_HTTP2)
                    .initial_connection_window_size(bounds::UNREAD);
                let connection = http.serve_connection(line, service);
                Box::pin(attend(connection, &pace, times, crowded.clone(), stopped)).await
            }
        };
        let Left {
            stream,
            place,
            stray,
        } = returned.try_recv().ok()?;
        let rest = match (stray, pace.ending()) {
            (_, Some(fate @ (Fate::Reset | Fate::ResetOnceTaken))) => Rest::Reset {
                once_read: pace.is_shared(),
                once_taken: fate == Fate::ResetOnceTaken,
            },
            (_, Some(Fate::Closed)) => Rest::Close,
            (Some(Stray::Handshake(first)), None) => Rest::Handshake(first),
            (Some(Stray::Http2(first)), None) => Rest::Http2(first),
            (Some(Stray::Tls), None) => {
                warn_of_tls(&told_tls);
                Rest::LastWords(plain_only())
            }
            (Some(Stray::Plain), None) => Rest::LastWords(tls_only()),
            (None, None) if on_time => Rest::Linger,
            (None, None) if pace.phase() == Phase::Head => {
                Rest::LastWords(late_head(times(), *stopped.borrow()))
            }
            (None, None) => Rest::Nothing,
        };
        Some(Ended {
            stream,
            place,
            rest,
        })
    }
}

/// The times that hold now.
fn current(usual: Times, crowded: &watch::Receiver<bool>) -> Times {
    match *crowded.borrow() {
        true => usual.crowded(),
        false => usual,
    }
}

/// A connection that requests come from.
struct Open {
    stream: Stream,
    place: OwnedSemaphorePermit,
    awaited: Awaited,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http1,
    Http2,
}

/// A connection that no more requests come from.
struct Ended {
    stream: Stream,
    place: OwnedSemaphorePermit,
    rest: Rest,
}

impl Ended {
    /// Whether it has only begun, in another way than was thought.
    fn begins_anew(&self) -> bool {
        matches!(self.rest, Rest::Handshake(_) | Rest::Http2(_))
    }
}

/// What is left to do.
enum Rest {
    /// To reset it: at once, when the client's machine has the last answer, or in HTTP/2 when the client has read it.
    Reset { once_read: bool, once_taken: bool },
    /// To close it.
    Close,
    /// To say why it ends.
    LastWords(Vec<u8>),
    /// To let the client read the last answer.
    Linger,
    /// Nothing but to drop it.
    Nothing,
    /// To go on with a handshake that has begun with these bytes.
    #[cfg_attr(
        not(feature = "tls"),
        expect(
            dead_code,
            reason = "nothing reads the bytes of a handshake without TLS"
        )
    )]
    Handshake(Bytes),
    /// To go on in HTTP/2, which has begun with these bytes.
    Http2(Bytes),
}

async fn finish(mut stream: Stream, rest: Rest) -> io::Result<()> {
    match rest {
        Rest::Reset { once_read, .. } => {
            // The reset comes with the close, also if the time is up before.
            if let Err(error) = stream.reset_at_close() {
                tracing::debug!(%error, "SO_LINGER");
            }
            if !once_read {
                return Ok(());
            }
            stream.write_all(&PING).await?;
            stream.flush().await?;
            return linger(stream, Some(&PONG)).await;
        }
        Rest::Nothing | Rest::Handshake(_) | Rest::Http2(_) => return Ok(()),
        Rest::Linger => {}
        Rest::LastWords(words) => {
            stream.write_all(&words).await?;
            stream.shutdown().await?;
        }
        Rest::Close => stream.shutdown().await?,
    }
    linger(stream, None).await
}

/// The PING of HTTP/2 after the last answer. A client of HTTP/2 has more to write than requests, such as what confirms the
/// mock's settings. If the reset came first, it would fail with that, and never look at the answer.
const PING: [u8; 17] = *b"\0\0\x08\x06\0\0\0\0\0answered";

/// What a client answers to [`PING`]. It has read everything before, then.
const PONG: [u8; 17] = *b"\0\0\x08\x06\x01\0\0\0\0answered";

/// Says once that a client speaks TLS, where a person sees it: the client itself can only say that it understood nothing.
fn warn_of_tls(told: &AtomicBool) {
    if !told.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "a client speaks TLS to a port that speaks plain HTTP: start its base URL with http:// instead of https://, or \
             start the mock with --tls. This warning is not repeated"
        );
    }
}

/// Bytes of the headers of a request by HTTP/2.
const HEAD_OF_HTTP2: u32 = {
    assert!(bounds::HEAD <= u32::MAX as usize);
    bounds::HEAD as u32
};

/// Answers one request.
fn answer<S>(
    mut service: S,
    intake: &Intake,
    request: http::Request<hyper::body::Incoming>,
    pace: Pace,
) -> impl Future<Output = Result<http::Response<Outgoing<Due>>, BrokenOff>> + use<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    // Before the future, which may be dropped before its first turn.
    let due = Due(pace);
    let (mut parts, body) = request.into_parts();
    if due.0.is_shared() {
        as_in_http1(&mut parts);
    }
    let (body, share) = if body.is_end_stream() {
        due.0.received();
        (Body::empty(), None)
    } else {
        let pace = due.0.clone();
        let (body, share) = intake.guard(Question { body, pace });
        (body, Some(share))
    };
    let request = Request::from_parts(parts, body);
    async move {
        // It is always ready, and it has no error.
        let Ok(mut response) = service.call(request).await;
        if let Some(wreck) = response.extensions_mut().remove::<Wreck>() {
            // On the heap, so that no other request pays for its size.
            response = Box::pin(suffered(response, wreck, &due.0)).await?;
        }
        if let Some(share) = share {
            let is_read = response.headers().contains_key(CONNECTION) || share.drain().await;
            if !is_read && !due.0.is_shared() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            // The handler may have held the bytes of the body until now.
            drop(share);
        }
        // The connection then waits for the next request.
        Ok(response.map(|body| Outgoing::new(in_pieces(body, &due.0), due)))
    }
}

/// Writes the head of a request as HTTP/1.1 has it: the host is a header, and the target is a path. HTTP/2 has the host in
/// `:authority`, and a request may have a header `Host` besides. If they differ, there are two hosts, and the request is
/// refused like one that has two headers.
fn as_in_http1(parts: &mut http::request::Parts) {
    if let Some(authority) = parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
        && parts.headers.get(HOST) != Some(&host)
    {
        parts.headers.append(HOST, host);
    }
    if let Some(target) = parts.uri.path_and_query() {
        parts.uri = Uri::from(target.clone());
    }
}

/// The answer to a client that speaks TLS. Go's client says that it got HTTP, some show the text, and OpenSSL calls it a
/// wrong version.
fn plain_only() -> Vec<u8> {
    bare(
        "400 Bad Request",
        "this port speaks plain HTTP, and the client speaks TLS; start the URL with http:// instead of https://\n",
    )
}

/// The answer to a client that speaks plain HTTP at a port for TLS.
fn tls_only() -> Vec<u8> {
    bare(
        "400 Bad Request",
        "this port speaks TLS, and the client speaks plain HTTP; start the URL with https:// instead of http://\n",
    )
}

/// The answer to headers that did not arrive in time. The path is not known yet, so the API and its format are not,
/// either.
pub(super) fn late_head(times: Times, is_stopping: bool) -> Vec<u8> {
    if is_stopping {
        let text = "the mock is stopping, and the headers of the request have not arrived yet\n";
        return bare("503 Service Unavailable", text);
    }
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
/// may say that its body is too large. Ends with these last bytes of the client, if there are some.
async fn linger(mut stream: Stream, last: Option<&[u8; 17]>) -> io::Result<()> {
    let mut dropped = 0;
    let mut piece = vec![0; 16 * 1024];
    // The last bytes may come in two pieces, so the end of each one stays for the next.
    let mut kept = 0;
    while dropped < bounds::LINGER {
        let read = stream.read(&mut piece[kept..]).await?;
        dropped += read;
        let filled = kept + read;
        let is_last = last.is_some_and(|last| piece[..filled].windows(17).any(|part| part == last));
        if read == 0 || is_last {
            break;
        }
        let end = filled.saturating_sub(16);
        piece.copy_within(end..filled, 0);
        kept = filled - end;
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
