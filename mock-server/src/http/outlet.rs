//! The bodies of answers on their way out: how many bytes of large ones the mock holds for their readers at one time.
//! Knows no operation.

use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody as _};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::unmatched::Form;
use crate::bounds::{ANSWERS, LARGE_ANSWER};
use crate::outgoing::{Cut, InPieces};

/// The room that all large answers share.
#[derive(Clone, Debug)]
pub(super) struct Outlet(Arc<Semaphore>);

/// Bytes of an answer, with their share of the room.
struct Held {
    bytes: Bytes,
    _share: Arc<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Outlet {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ANSWERS)))
    }

    /// The answer to a GET or a HEAD. A large one holds its share of the room until its last byte is sent; if there is no
    /// room, it becomes a refusal. Do not pass the answer to any other request: that request has been carried out, and
    /// its answer is hardly larger than its body.
    pub(super) fn guard(&self, form: Form, response: Response) -> Response {
        let Some(bytes) = response.body().size_hint().exact() else {
            // A stream holds no more than one piece.
            return response;
        };
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if bytes <= LARGE_ANSWER {
            return response;
        }
        let share = u32::try_from(bytes.min(ANSWERS)).unwrap_or(u32::MAX);
        let Ok(share) = Arc::clone(&self.0).try_acquire_many_owned(share) else {
            let reason = format!(
                "this answer has {bytes} bytes, and the mock holds at most {ANSWERS} bytes of large answers that wait for \
                 their readers; ask again when other clients have read theirs, or ask for less with limit"
            );
            return form.answer(StatusCode::SERVICE_UNAVAILABLE, "crowded", &reason);
        };
        let holding = Holding(Arc::new(share));
        response.map(|body| Body::new(InPieces::new(body, holding)))
    }
}

/// Gives bytes their share of the room: the server keeps them after the body has ended.
struct Holding(Arc<OwnedSemaphorePermit>);

impl Cut for Holding {
    fn next(&mut self, rest: &mut Bytes, _context: &mut Context<'_>) -> Poll<Bytes> {
        Poll::Ready(Bytes::from_owner(Held {
            bytes: std::mem::take(rest),
            _share: Arc::clone(&self.0),
        }))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[test]
    fn a_large_answer_still_says_how_long_it_is() {
        // A fault that cuts it off goes by that.
        let guarded = Outlet::new().guard(Form::Control, answer(LARGE_ANSWER + 1));
        let length = u64::try_from(LARGE_ANSWER + 1).unwrap();
        assert_eq!(guarded.body().size_hint().exact(), Some(length));
    }

    fn answer(bytes: usize) -> Response {
        Response::new(Body::from(vec![b'x'; bytes]))
    }

    async fn length(response: Response) -> usize {
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        bytes.len()
    }

    #[tokio::test]
    async fn large_answers_share_a_room_and_others_need_none() {
        let outlet = Outlet::new();
        let guard = |bytes| outlet.guard(Form::Control, answer(bytes));
        let first = to_bytes(guard(ANSWERS - 1).into_body(), usize::MAX);
        let first = first.await.unwrap();

        let refused = guard(LARGE_ANSWER + 1);
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        let text = to_bytes(refused.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        assert!(text.contains("\"error\":\"crowded\""), "{text}");
        assert!(text.contains("this answer has 65537 bytes"), "{text}");

        assert_eq!(length(guard(LARGE_ANSWER)).await, LARGE_ANSWER);

        // A part of the bytes holds all of them.
        let part = first.slice(..1);
        drop(first);
        let refused = guard(LARGE_ANSWER + 1);
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(part);
        let next = guard(LARGE_ANSWER + 1);
        assert_eq!(length(next).await, LARGE_ANSWER + 1);
    }

    #[tokio::test]
    async fn an_answer_larger_than_the_room_fits_alone() {
        let outlet = Outlet::new();
        let huge = outlet.guard(Form::Page, answer(ANSWERS + 1));
        let refused = outlet.guard(Form::Page, answer(ANSWERS + 1));
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(length(huge).await, ANSWERS + 1);
    }
}
