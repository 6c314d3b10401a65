//! What hyper reads and writes of a connection. It tells the pace, recognizes by its first byte a client that speaks
//! something else than the port, and gives the stream back. Knows no request.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Sleep, sleep};

use super::pace::{End, Fate, Pace};
use super::stream::Stream;
use crate::bounds;

/// The first byte of TLS: the type of its handshake records. No request begins with it.
const HANDSHAKE: u8 = 22;

/// How a client begins that speaks HTTP/2 without asking. No method of a request in HTTP/1.1 begins so.
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// What a client may begin with.
#[cfg_attr(
    not(feature = "tls"),
    expect(dead_code, reason = "no port awaits a handshake without TLS")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// A request.
    Request,
    /// A request, or a handshake of TLS.
    Either,
    /// A handshake.
    Handshake,
    /// Whatever comes: the handshake is behind it.
    Anything,
}

/// What a client begins with instead of a request.
#[derive(Debug)]
pub(super) enum Stray {
    /// TLS, at a port for plain HTTP.
    Tls,
    /// Plain text, at a port for TLS.
    Plain,
    /// A handshake, which the port takes; these bytes of it are read.
    Handshake(Bytes),
    /// HTTP/2; these bytes of it are read.
    Http2(Bytes),
}

impl Awaited {
    fn stray(self, first: &[u8]) -> Option<Stray> {
        let read = || Bytes::copy_from_slice(first);
        let is_tls = first.first() == Some(&HANDSHAKE);
        match self {
            Self::Request if is_tls => Some(Stray::Tls),
            Self::Either | Self::Handshake if is_tls => Some(Stray::Handshake(read())),
            Self::Handshake => Some(Stray::Plain),
            // Such a client sends its preface in one piece.
            Self::Request | Self::Either if first.starts_with(PREFACE) => {
                Some(Stray::Http2(read()))
            }
            Self::Request | Self::Either | Self::Anything => None,
        }
    }
}

/// The stream of a connection. When hyper drops it, the stream goes back to the task of the connection.
pub(super) struct Line {
    /// `None` only during the drop.
    open: Option<(Stream, OwnedSemaphorePermit)>,
    home: Option<oneshot::Sender<Left>>,
    pace: Pace,
    /// Runs from the moment when the client has said that it sends nothing more, and still gets an answer.
    patience: Option<Pin<Box<Sleep>>>,
    awaited: Awaited,
    stray: Option<Stray>,
    /// Room for a short answer, head and body.
    together: Vec<u8>,
}

/// The longest answer that goes out in one piece. To copy it takes less time than to hand the system two pieces, and TLS makes
/// one record of it: get_user and validate answer 2 % more requests a second so. A longer one is not copied: its bytes keep
/// their share of a room until they are sent.
const TOGETHER: usize = 4096;

/// What is left of a connection that hyper has done with.
pub(super) struct Left {
    pub(super) stream: Stream,
    pub(super) place: OwnedSemaphorePermit,
    pub(super) stray: Option<Stray>,
}

impl Line {
    pub(super) fn new(
        stream: Stream,
        place: OwnedSemaphorePermit,
        awaited: Awaited,
        pace: Pace,
    ) -> (Self, oneshot::Receiver<Left>) {
        let (home, returned) = oneshot::channel();
        let line = Self {
            open: Some((stream, place)),
            home: Some(home),
            pace,
            patience: None,
            together: Vec::new(),
            awaited,
            stray: None,
        };
        (line, returned)
    }

    fn stream(&mut self) -> io::Result<Pin<&mut Stream>> {
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
            let stray = self.stray.take();
            // Nobody receives it if the connection was upgraded or cut off.
            let _ = home.send(Left {
                stream,
                place,
                stray,
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
            let awaited = std::mem::replace(&mut self.awaited, Awaited::Anything);
            if let Some(stray) = awaited.stray(&buffer.filled()[before..]) {
                self.stray = Some(stray);
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
        let outcome = self.stream()?.poll_flush(context);
        // hyper flushes when it has no more to write.
        if outcome.is_ready() {
            self.pace.written();
        }
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pace.written();
        // hyper closes after the error that ends it. What a stray client gets comes after that. A reset takes the place of a
        // close.
        if self.stray.is_some() || self.pace.ending().is_some_and(Fate::is_reset) {
            return Poll::Ready(Ok(()));
        }
        self.stream()?.poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let outcome = if pieces.len() > 1 && length <= TOGETHER {
            let mut together = std::mem::take(&mut self.together);
            together.clear();
            pieces
                .iter()
                .for_each(|piece| together.extend_from_slice(piece));
            let outcome = self.stream()?.poll_write(context, &together);
            self.together = together;
            outcome
        } else {
            self.stream()?.poll_write_vectored(context, pieces)
        };
        self.wrote(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
