//! Answers that somebody has planned to go wrong on their way: late, cut off, slow, or not at all. Knows no route, and only
//! the machine's clock.

use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::answer::Parting;
use super::pace::{Fate, Pace};
use crate::bounds::FAULT_DELAY;
use crate::hold::Hold;
use crate::http::surface::{Damage, Wreck};
use crate::outgoing::{Cut, InPieces};

/// Why an answer breaks off that shares its connection with others. HTTP/2 has a reset for a single request.
#[derive(Debug, thiserror::Error)]
#[error("a planned fault breaks this answer off")]
pub(super) struct BrokenOff;

/// How often a slow body goes on.
const BEAT: Duration = Duration::from_millis(50);

/// What is left on its way of an answer that somebody has planned to go wrong.
///
/// # Errors
/// Nothing is left, and the connection goes on.
pub(super) async fn suffered(
    response: Response,
    wreck: Wreck,
    pace: &Pace,
) -> Result<Response, BrokenOff> {
    let Wreck {
        delay,
        delays,
        damage,
        breaks,
    } = wreck;
    if !delay.is_zero() {
        tokio::select! {
            () = pace.wait(delay) => {}
            () = taken_back(delays) => {}
        }
    }
    Ok(match damage {
        None => response,
        Some(Damage::ResetBefore) => return end(pace, Fate::Reset).await,
        Some(Damage::Silence) => {
            tokio::select! {
                () = pace.wait(FAULT_DELAY) => {}
                () = taken_back(breaks) => {}
            }
            return end(pace, Fate::Closed).await;
        }
        Some(Damage::ResetAfter) => {
            let length = response.body().size_hint().lower();
            let parting = Parting::new(pace.clone(), length);
            response.map(|body| Body::new(InPieces::new(body, parting)))
        }
        Some(Damage::Truncated(bytes)) => response.map(|body| {
            let length = body.size_hint().lower();
            Body::new(Truncated {
                body,
                pace: pace.clone(),
                // Never all of them.
                left: bytes.min(length.saturating_sub(1)),
                is_empty: length == 0,
                pause: None,
            })
        }),
        Some(Damage::Slow(rate)) => response.map(|body| {
            let slow = Slow {
                rate: rate.max(1),
                pause: None,
                taken_back: Some(Box::pin(taken_back(breaks))),
            };
            Body::new(InPieces::new(body, slow))
        }),
    })
}

/// Ends a connection, or only the request if others share the connection.
async fn end(pace: &Pace, fate: Fate) -> Result<Response, BrokenOff> {
    if pace.is_shared() {
        return Err(BrokenOff);
    }
    pace.end_now(fate);
    pending().await
}

/// Waits until what holds an answer is taken back.
async fn taken_back(hold: Option<Hold>) {
    match hold {
        Some(hold) => hold.released().await,
        None => pending().await,
    }
}

/// A body that announces all of its bytes, and ends before.
struct Truncated {
    body: Body,
    pace: Pace,
    left: u64,
    is_empty: bool,
    /// Runs before the reset of a single request, which takes back what has not gone out yet.
    pause: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Truncated {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.left == 0 && self.pace.is_shared() {
            let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(BEAT)));
            ready!(pause.as_mut().poll(context));
            return Poll::Ready(Some(Err(axum::Error::new(BrokenOff))));
        }
        if self.left == 0 {
            self.pace.end_when_written(Fate::Closed);
            return Poll::Pending;
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let Some(Ok(frame)) = frame else {
            return Poll::Ready(frame);
        };
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let frame = frame.map_data(|bytes| bytes.slice(..left.min(bytes.len())));
        let sent = frame.data_ref().map_or(0, Bytes::len);
        self.left -= u64::try_from(sent).unwrap_or(self.left).min(self.left);
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Cuts pieces at a rate.
struct Slow {
    /// Bytes a second.
    rate: u64,
    /// Runs between two pieces.
    pause: Option<Pin<Box<Sleep>>>,
    /// Ends when the fault is taken back. `None` after that.
    taken_back: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Slow {
    /// The bytes of the next piece, and how long they take.
    fn piece(&self) -> (usize, Duration) {
        let beat = self
            .rate
            .saturating_mul(u64::try_from(BEAT.as_millis()).unwrap_or(1))
            / 1000;
        match usize::try_from(beat) {
            Ok(0) => (
                1,
                Duration::from_secs(1) / u32::try_from(self.rate).unwrap_or(1),
            ),
            Ok(bytes) => (bytes, BEAT),
            Err(_) => (usize::MAX, BEAT),
        }
    }
}

impl Cut for Slow {
    fn next(&mut self, rest: &mut Bytes, context: &mut Context<'_>) -> Poll<Bytes> {
        let free = |wait: &mut Pin<Box<dyn Future<Output = ()> + Send>>| {
            wait.as_mut().poll(context).is_ready()
        };
        if self.taken_back.as_mut().is_none_or(free) {
            self.taken_back = None;
            return Poll::Ready(std::mem::take(rest));
        }
        let (bytes, takes) = self.piece();
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(takes)));
        ready!(pause.as_mut().poll(context));
        self.pause = None;
        Poll::Ready(rest.split_to(bytes.min(rest.len())))
    }
}
