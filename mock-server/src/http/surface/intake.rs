//! Request bodies as they arrive: how long one may take, and how many bytes of all bodies the mock holds at one time.
//! Knows no API.

use std::error::Error;
use std::fmt;
use std::future::Future as _;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep};

use super::extent::Extent;
use crate::bounds;

/// What bounds the bodies of all requests.
#[derive(Clone, Debug)]
pub struct Intake {
    time: Duration,
    bytes: usize,
    room: Arc<Semaphore>,
}

impl Intake {
    /// A body may take `time`. All bodies together may have `bytes`, without the first [`bounds::BODY_UNCOUNTED`] of
    /// each.
    pub fn new(time: Duration, bytes: usize) -> Self {
        let bytes = bytes.min(Semaphore::MAX_PERMITS);
        Self {
            time,
            bytes,
            room: Arc::new(Semaphore::new(bytes)),
        }
    }

    /// A body that keeps to the bounds, and its share of the room. Drop the share when nothing holds the bytes any
    /// more.
    pub fn guard<B>(&self, body: B) -> (Body, Arc<Share>)
    where
        B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static,
    {
        let share = Arc::new(Share {
            room: Arc::clone(&self.room),
            taken: AtomicUsize::new(0),
            rest: Mutex::new(None),
        });
        let guarded = Guarded {
            body: Some(body),
            ended: false,
            intake: self.clone(),
            share: Arc::clone(&share),
            received: 0,
            due: Instant::now() + self.time,
            alarm: None,
        };
        (Body::new(guarded), share)
    }
}

/// What a body takes of the room for all.
#[derive(Debug)]
pub struct Share {
    room: Arc<Semaphore>,
    taken: AtomicUsize,
    /// A body that was dropped before its end.
    rest: Mutex<Option<Body>>,
}

impl Share {
    fn rest(&self) -> MutexGuard<'_, Option<Body>> {
        // Nothing that holds the lock can panic.
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads and drops what nobody has read of the body. `false` if the next request on the connection cannot be read,
    /// because the rest is too long, comes too late or never.
    ///
    /// Many clients send head and body in two packets. An operation without a body answers the first, and if the mock
    /// then closed the connection, the client's next request would fail.
    pub async fn drain(&self) -> bool {
        let rest = self.rest().take();
        match rest {
            None => true,
            Some(rest) if HttpBody::size_hint(&rest).lower() > bounds::REST as u64 => false,
            Some(rest) => tokio::time::timeout(bounds::REST_TIME, drained(rest))
                .await
                .unwrap_or(false),
        }
    }

    fn take(&self, bytes: usize) -> bool {
        let Ok(permits) = u32::try_from(bytes) else {
            return false;
        };
        let Ok(permits) = self.room.try_acquire_many(permits) else {
            return false;
        };
        permits.forget();
        self.taken.fetch_add(bytes, Ordering::Relaxed);
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.add_permits(*self.taken.get_mut());
    }
}

async fn drained(mut rest: Body) -> bool {
    let announced = HttpBody::size_hint(&rest).exact();
    let mut received = 0;
    let mut extent = Extent::default();
    while let Some(frame) = rest.frame().await {
        let Ok(frame) = frame else {
            return false;
        };
        if let Ok(piece) = frame.into_data() {
            received += piece.len() as u64;
            extent.feed(&piece);
        }
        if received > bounds::REST as u64 {
            return false;
        }
        // Some clients announce more bytes than they send, and wait for the answer.
        if announced.is_some_and(|announced| received < announced) && extent.is_whole() {
            return false;
        }
    }
    true
}

/// The bound of the mock that ended the reading of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It took too long.
    Late {
        /// The time that it had.
        time: Duration,
        /// The bytes that came.
        received: usize,
    },
    /// The bodies of all requests together are too large.
    Crowded {
        /// The bytes that they may have.
        bytes: usize,
    },
}

impl Fault {
    /// The fault that an error of reading a body stems from, if any.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(fault) = error.downcast_ref() {
                return Some(*fault);
            }
            next = error.source();
        }
        None
    }
}

/// Whether the reading of a body failed because it is not in chunks, as its request says that it is.
pub fn is_no_chunk(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::InvalidData
            );
        }
        next = error.source();
    }
    false
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late { time, received } => write!(
                f,
                "did not arrive within {} s; only {received} bytes of it arrived",
                time.as_secs_f64()
            ),
            Self::Crowded { bytes } => write!(
                f,
                "does not fit: the mock holds at most {bytes} bytes of large bodies at one time, and other requests \
                 use them; send the request again"
            ),
        }
    }
}

impl Error for Fault {}

struct Guarded<B>
where
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static,
{
    /// `None` only during the drop.
    body: Option<B>,
    /// Whether there is nothing more to read.
    ended: bool,
    intake: Intake,
    share: Arc<Share>,
    received: usize,
    due: Instant,
    /// Unset until the body keeps the mock waiting; most bodies arrive with their headers.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<B> Drop for Guarded<B>
where
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static,
{
    fn drop(&mut self) {
        if let Some(body) = self.body.take()
            && !self.ended
            && !body.is_end_stream()
        {
            *self.share.rest() = Some(Body::new(body));
        }
    }
}

impl<B> HttpBody for Guarded<B>
where
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let frame = match Pin::new(body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(error))) => {
                this.ended = true;
                return Poll::Ready(Some(Err(error.into())));
            }
            Poll::Ready(None) => {
                this.ended = true;
                return Poll::Ready(None);
            }
            Poll::Pending => {
                let due = this.due;
                let alarm = this
                    .alarm
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
                if alarm.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                let fault = Fault::Late {
                    time: this.intake.time,
                    received: this.received,
                };
                return Poll::Ready(Some(Err(fault.into())));
            }
        };
        if let Some(piece) = frame.data_ref() {
            let counted = |received: usize| received.saturating_sub(bounds::BODY_UNCOUNTED);
            let before = counted(this.received);
            this.received += piece.len();
            let more = counted(this.received) - before;
            if more > 0 && !this.share.take(more) {
                let fault = Fault::Crowded {
                    bytes: this.intake.bytes,
                };
                return Poll::Ready(Some(Err(fault.into())));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map(HttpBody::size_hint)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use http_body_util::{Channel, Full};

    use super::*;

    fn fault(error: &axum::Error) -> Option<Fault> {
        Fault::of(error)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_short_ends_with_its_time() {
        let intake = Intake::new(Duration::from_secs(30), 1000);
        let (mut sender, body) = Channel::<Bytes, axum::BoxError>::new(4);
        let (body, _share) = intake.guard(body);
        sender.send_data(Bytes::from_static(b"half")).await.unwrap();
        let began = Instant::now();
        let error = to_bytes(body, usize::MAX).await.unwrap_err();
        assert_eq!(began.elapsed(), Duration::from_secs(30));
        let late = Fault::Late {
            time: Duration::from_secs(30),
            received: 4,
        };
        assert_eq!(fault(&error), Some(late));
        drop(sender);
    }

    #[tokio::test]
    async fn large_bodies_share_a_room_and_small_ones_need_none() {
        let large = || Full::new(Bytes::from(vec![b'x'; bounds::BODY_UNCOUNTED + 600]));
        let intake = Intake::new(Duration::from_secs(30), 1000);
        let (first, share) = intake.guard(large());
        to_bytes(first, usize::MAX).await.unwrap();
        let (second, _) = intake.guard(large());
        let error = to_bytes(second, usize::MAX).await.unwrap_err();
        assert_eq!(fault(&error), Some(Fault::Crowded { bytes: 1000 }));
        let (small, _) = intake.guard(Full::new(Bytes::from(vec![b'x'; bounds::BODY_UNCOUNTED])));
        to_bytes(small, usize::MAX).await.unwrap();
        drop(share);
        let (third, _) = intake.guard(large());
        to_bytes(third, usize::MAX).await.unwrap();
    }
}
