//! The body of an answer, for who waits until it has gone out. Knows no request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::pace::{Fate, Pace};

/// Bytes of a piece of an answer by HTTP/2, so that a client which takes a large answer slowly still takes pieces.
const PIECE: usize = 16 * 1024;

/// The body of an answer. Its end drops what comes last.
pub(super) struct Answer<Last> {
    body: Body,
    _last: Last,
}

impl<Last> Answer<Last> {
    pub(super) fn new(body: Body, last: Last) -> Self {
        Self { body, _last: last }
    }
}

impl<Last: Unpin> http_body::Body for Answer<Last> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer that is due. When this is dropped, it has gone out, or goes to nobody any more.
pub(super) struct Due(pub(super) Pace);

impl Drop for Due {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// The end of an answer after which the connection is reset.
pub(super) struct Parting(pub(super) Pace);

impl Drop for Parting {
    fn drop(&mut self) {
        self.0.end_when_written(Fate::Reset);
    }
}

/// Cuts an answer that shares its connection with others into pieces, so that the pace knows which of them its client
/// leaves. A client that reads slowly still takes a piece from time to time.
pub(super) fn in_pieces(body: Body, pace: &Pace) -> Body {
    if !pace.is_shared() {
        return body;
    }
    Body::new(Pieces {
        body,
        rest: Bytes::new(),
        pace: pace.clone(),
    })
}

struct Pieces {
    body: Body,
    /// What has not gone out of the frame that came last.
    rest: Bytes,
    pace: Pace,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => self.rest = bytes,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        let bytes = PIECE.min(self.rest.len());
        let bytes = self.rest.split_to(bytes);
        let (number, pace) = (self.pace.gives(), self.pace.clone());
        let piece = Bytes::from_owner(Piece {
            bytes,
            number,
            pace,
        });
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        match self.body.size_hint().exact() {
            Some(exact) => SizeHint::with_exact(exact.saturating_add(rest)),
            None => SizeHint::default(),
        }
    }
}

/// Bytes that the connection drops once it has written them.
struct Piece {
    bytes: Bytes,
    number: u64,
    pace: Pace,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.pace.sent(self.number);
    }
}
