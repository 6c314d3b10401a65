//! How long each phase of a connection may take. Knows only the machine's clock: while the mock's own clock is frozen,
//! the mock must still close a stuck connection.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::bounds;

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It waits for the next request.
    Idle,
    /// The line or the headers of a request have begun.
    Head,
    /// The mock reads the body, or answers. [`Intake`](crate::http::surface::Intake) limits the body; an answer has no
    /// limit.
    Busy,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Requests whose answers are not complete.
    open: usize,
    since: Instant,
    /// When the client stopped reading what the mock writes.
    stuck: Option<Instant>,
    /// Whether the request has arrived whole.
    whole: bool,
    /// Whether the end of what the client sends was met before it was known that the request is whole.
    end_met: bool,
    /// The reader of the connection, if it waits for the end of the answer.
    reader: Option<Waker>,
    /// Who watches how long everything takes, where that is another task than those of the requests.
    watcher: Option<Waker>,
    /// When pieces of answers were given to the connection which it has not written yet, by their numbers. Only those of
    /// HTTP/2, whose client can take one answer and leave another.
    given: BTreeMap<u64, Instant>,
    /// The number of the next piece.
    next: u64,
}

impl State {
    /// Something has changed that may be due sooner.
    fn tell(&mut self) {
        if let Some(watcher) = self.watcher.take() {
            watcher.wake();
        }
    }
}

/// What it means now that the client sends nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// No answer is due, or none to a whole request.
    Final,
    /// Nobody has taken the body yet that was read last, so the request may be whole.
    Unclear,
    /// The request is whole, and its answer has not gone out.
    AnswerDue,
}

/// The times that limit a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// For the line and the headers of a request.
    pub(super) head: Duration,
    /// Without a request.
    pub(super) idle: Duration,
    /// While the client takes nothing of what the mock writes.
    pub(super) reader: Duration,
}

impl Times {
    /// The times while all connections are in use.
    pub(super) fn crowded(self) -> Self {
        Self {
            head: self.head.min(bounds::CROWDED_HEADER_TIME),
            idle: self.idle.min(bounds::CROWDED_IDLE_TIME),
            reader: self.reader.min(bounds::CROWDED_READER_TIME),
        }
    }
}

/// How a connection ends that somebody has planned to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// By a close.
    Closed,
    /// By a reset.
    Reset,
    /// By a reset, once the client's machine has taken all that was sent.
    ResetOnceTaken,
}

impl Fate {
    /// Whether no close comes.
    pub(super) fn is_reset(self) -> bool {
        self != Self::Closed
    }
}

/// What is planned for the end of a connection. Nothing is for most, and they pay one load for it.
#[derive(Debug, Default)]
struct Ending {
    /// Whether an end is planned.
    planned: AtomicBool,
    fate: Mutex<Option<(Fate, bool)>>,
    /// Ends the waiting of planned delays.
    hurry: Notify,
}

/// What one connection does, and since when.
#[derive(Clone, Debug)]
pub(super) struct Pace(Arc<(Mutex<State>, Ending)>, Kind);

/// Whether requests come one after another, or many at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Single,
    Many,
}

impl Pace {
    /// Of a connection whose requests come one after another.
    pub(super) fn single() -> Self {
        Self::new(Kind::Single)
    }

    /// Of a connection that has many requests at a time.
    pub(super) fn many() -> Self {
        Self::new(Kind::Many)
    }

    /// Whether a request shares its connection with others, so that its own failures must not break it.
    pub(super) fn is_shared(&self) -> bool {
        self.1 == Kind::Many
    }

    fn new(kind: Kind) -> Self {
        let state = State {
            phase: Phase::Idle,
            open: 0,
            since: Instant::now(),
            stuck: None,
            whole: false,
            end_met: false,
            reader: None,
            watcher: None,
            given: BTreeMap::new(),
            next: 0,
        };
        Self(Arc::new((Mutex::new(state), Ending::default())), kind)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self) -> MutexGuard<'_, Option<(Fate, bool)>> {
        self.0.1.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan_end(&self, fate: Fate, is_due: bool) {
        // The first plan holds: a body is asked again after it has planned the end.
        self.fate().get_or_insert((fate, is_due));
        self.0.1.planned.store(true, Ordering::Release);
        self.state().tell();
    }

    /// Ends the connection, whatever it does.
    pub(super) fn end_now(&self, fate: Fate) {
        self.plan_end(fate, true);
    }

    /// Ends the connection when all that it has to write is written.
    pub(super) fn end_when_written(&self, fate: Fate) {
        self.plan_end(fate, false);
    }

    /// All is written.
    pub(super) fn written(&self) {
        if self.0.1.planned.load(Ordering::Acquire)
            && let Some((_, is_due)) = &mut *self.fate()
        {
            *is_due = true;
        }
    }

    /// How the connection ends now, if that was planned.
    pub(super) fn ending(&self) -> Option<Fate> {
        if !self.0.1.planned.load(Ordering::Acquire) {
            return None;
        }
        self.fate()
            .and_then(|(fate, is_due)| is_due.then_some(fate))
    }

    /// Waits as long as was planned, or until the mock stops.
    pub(super) async fn wait(&self, delay: Duration) {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            // Who waits again must not wait, either.
            () = self.0.1.hurry.notified() => self.hurry(),
        }
    }

    /// The mock stops: what waits waits no longer.
    pub(super) fn hurry(&self) {
        self.0.1.hurry.notify_one();
    }

    /// Bytes arrived. On an idle connection, they begin a request, where they cannot be anything else.
    pub(super) fn heard(&self) {
        if self.is_shared() {
            return;
        }
        let mut state = self.state();
        if state.phase == Phase::Idle {
            (state.phase, state.since) = (Phase::Head, Instant::now());
        }
    }

    /// The headers are complete.
    pub(super) fn asked(&self) {
        let mut state = self.state();
        state.phase = Phase::Busy;
        state.open += 1;
        (state.whole, state.end_met) = (false, false);
    }

    /// The request has arrived whole.
    pub(super) fn received(&self) {
        self.state().whole = true;
    }

    /// An answer is complete, or goes to nobody any more. The connection then waits for the next request.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        if state.open == 0 {
            (state.phase, state.since) = (Phase::Idle, Instant::now());
            state.tell();
        }
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    /// The client sends nothing more. If an answer is due, its end wakes the reader of the connection.
    pub(super) fn end(&self, reader: &Waker) -> End {
        let mut state = self.state();
        if state.phase != Phase::Busy || self.is_shared() {
            return End::Final;
        }
        if state.whole {
            state.reader = Some(reader.clone());
            return End::AnswerDue;
        }
        match std::mem::replace(&mut state.end_met, true) {
            false => End::Unclear,
            true => End::Final,
        }
    }

    /// Whether the client reads what the mock writes.
    pub(super) fn writes(&self, taken: bool) {
        let mut state = self.state();
        state.stuck = match (taken, state.stuck) {
            (true, _) => None,
            (false, since) => Some(since.unwrap_or_else(Instant::now)),
        };
    }

    /// A piece of an answer goes to the connection. Its number is for [`sent`](Self::sent).
    pub(super) fn gives(&self) -> u64 {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.given.insert(number, Instant::now());
        state.tell();
        number
    }

    /// The connection has written a piece, or nobody gets it any more.
    pub(super) fn sent(&self, number: u64) {
        self.state().given.remove(&number);
    }

    /// Notes who watches how long everything takes. Requests that share a connection are tasks of their own, so nothing else
    /// wakes that task.
    pub(super) fn watched_by(&self, watcher: &Waker) {
        if self.is_shared() {
            self.state().watcher = Some(watcher.clone());
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.state().phase
    }

    /// When the current phase will have taken too long. `None` if it has no limit.
    pub(super) fn due(&self, times: Times) -> Option<Instant> {
        let state = self.state();
        let phase = match state.phase {
            Phase::Idle => Some(state.since + times.idle),
            Phase::Head => Some(state.since + times.head),
            Phase::Busy => None,
        };
        let left = state.given.first_key_value().map(|(_, since)| *since);
        let stuck = state.stuck.into_iter().chain(left);
        let stuck = stuck.map(|since| since + times.reader);
        phase.into_iter().chain(stuck).min()
    }
}
