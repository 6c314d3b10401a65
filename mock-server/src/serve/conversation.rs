//! The conversation with a client, in HTTP/1.1 or HTTP/2, until it ends, takes too long or the mock stops. Knows no route.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Poll;

use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::HttpService;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::line::Line;
use super::pace::{Pace, Phase, Times};
use crate::bounds;

/// What hyper makes of a connection.
pub(super) trait Conversation: Future<Output = hyper::Result<()>> {
    /// Lets the open requests be the last ones.
    fn wind_down(self: Pin<&mut Self>);

    /// Whether the client learns that the connection ends, and which of its requests the mock has not seen.
    const SAYS_GOODBYE: bool;
}

impl<S, B> Conversation for http1::UpgradeableConnection<TokioIo<Line>, S>
where
    S: HttpService<hyper::body::Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: http_body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn wind_down(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }

    const SAYS_GOODBYE: bool = false;
}

impl<S, B> Conversation for http2::Connection<TokioIo<Line>, S, Requests>
where
    S: HttpService<hyper::body::Incoming, ResBody = B>,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn wind_down(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }

    const SAYS_GOODBYE: bool = true;
}

/// Attends to a connection. Says whether it has ended by itself.
pub(super) async fn attend<C: Conversation>(
    connection: C,
    pace: &Pace,
    times: impl Fn() -> Times,
    mut crowd: watch::Receiver<bool>,
    stopped: &mut watch::Receiver<bool>,
) -> bool {
    let (mut connection, mut late) = (pin!(connection), pin!(overdue(pace, times)));
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            outcome = connection.as_mut() => {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "a connection ended");
                }
                return true;
            }
            () = late.as_mut() => break,
            // The next turn uses the new times. If the sender is gone, the mock has stopped.
            _ = crowd.changed(), if !stopping => {}
            // If the sender is gone, the mock has stopped, too.
            _ = stopped.wait_for(|stopped| *stopped), if !stopping => {
                stopping = true;
                pace.hurry();
                connection.as_mut().wind_down();
            }
        }
    }
    if C::SAYS_GOODBYE {
        if pace.ending().is_some() {
            // What a request wrote just before it planned the end may wait for one more turn.
            let mut turn = std::pin::pin!(std::future::poll_fn(|context| {
                Poll::Ready(connection.as_mut().poll(context).is_ready())
            }));
            return turn.as_mut().await;
        }
        if pace.phase() == Phase::Idle && !stopping {
            connection.as_mut().wind_down();
            return timeout(bounds::LINGER_TIME, connection).await.is_ok();
        }
    }
    false
}

/// Ends when the connection has spent too long in its current phase, or is to end as planned.
async fn overdue(pace: &Pace, times: impl Fn() -> Times) {
    let mut alarm = pin!(tokio::time::sleep_until(Instant::now() + times().idle));
    std::future::poll_fn(|context| {
        loop {
            pace.watched_by(context.waker());
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

/// The requests of an HTTP/2 connection, each in a task of its own. They end with the connection: hyper keeps this in each
/// of them, so it holds the tasks by a weak reference.
#[derive(Clone)]
pub(super) struct Requests(Weak<Mutex<JoinSet<()>>>);

/// Owns the tasks of a connection's requests.
pub(super) struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    pub(super) fn requests(&self) -> Requests {
        Requests(Arc::downgrade(&self.0))
    }
}

impl<F> Executor<F> for Requests
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, request: F) {
        let Some(tasks) = self.0.upgrade() else {
            return;
        };
        let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // Removes those that have ended.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(request);
    }
}
