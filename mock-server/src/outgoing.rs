//! Bodies of answers: one that keeps something until its end, and one that is sent in pieces. Knows no request, no API and
//! no connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// A body that keeps something until its end, or until nobody reads it any more.
pub(crate) struct Outgoing<Kept> {
    body: Body,
    _kept: Kept,
}

impl<Kept> Outgoing<Kept> {
    pub(crate) fn new(body: Body, kept: Kept) -> Self {
        Self { body, _kept: kept }
    }
}

impl<Kept: Unpin> http_body::Body for Outgoing<Kept> {
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

/// Decides how a body is cut into pieces, and when the next one is sent.
pub(crate) trait Cut: Unpin {
    /// Takes the next piece from the front of `rest`, which has at least one byte.
    fn next(&mut self, rest: &mut Bytes, context: &mut Context<'_>) -> Poll<Bytes>;
}

/// A body that is sent in pieces.
pub(crate) struct InPieces<C> {
    body: Body,
    /// The bytes of the last frame that are in no piece yet.
    rest: Bytes,
    cut: C,
}

impl<C> InPieces<C> {
    pub(crate) fn new(body: Body, cut: C) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            cut,
        }
    }
}

impl<C: Cut> http_body::Body for InPieces<C> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        while this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => this.rest = bytes,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        let piece = ready!(this.cut.next(&mut this.rest, context));
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
