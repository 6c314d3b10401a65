//! The body of an answer, for who waits until it has gone out. Knows no request.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::pace::Pace;

/// The body of an answer. It tells the pace of the connection when it has gone out, or goes to nobody any more.
pub(super) struct Answer {
    pub(super) body: Body,
    pub(super) pace: Pace,
    pub(super) at_end: fn(&Pace),
}

impl http_body::Body for Answer {
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
        http_body::Body::size_hint(&self.body)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        (self.at_end)(&self.pace);
    }
}
