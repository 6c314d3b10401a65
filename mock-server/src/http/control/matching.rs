//! How much a request may compare with the journal, and where that happens: beside the threads that answer requests, a
//! piece at a time, so that no search delays others or another search. Knows no pattern.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::admission::ControlApi;
use crate::bounds::{MATCHING_PIECE, MATCHING_STEPS, MATCHING_TIME};
use crate::sim::phone::Trouble;

/// The steps and the time that a request has left to compare with the journal.
pub(super) struct Work {
    steps: Cell<u64>,
    time: Duration,
    /// When its present piece began.
    since: Instant,
}

/// Why a comparison ends before it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    Steps,
    Time,
}

impl Halt {
    /// The refusal of a request; `at` is the place of the pattern that took most of its time.
    pub(super) fn trouble(self, at: &str) -> Trouble {
        let had = match self {
            Self::Steps => {
                format!("had its {MATCHING_STEPS} steps (bytes compared and values looked at)")
            }
            Self::Time => format!("took its {} s", MATCHING_TIME.as_secs()),
        };
        Trouble::Malformed(format!(
            "body {at} takes too long to compare with the requests of the journal: the comparison {had}. Narrow it with \
             tenant, after, operation, userId or target, which are looked at first, or choose a simpler path or regular \
             expression"
        ))
    }
}

impl Work {
    pub(super) fn new() -> Self {
        Self {
            steps: Cell::new(MATCHING_STEPS),
            time: MATCHING_TIME,
            since: Instant::now(),
        }
    }

    /// Takes so many steps.
    pub(super) fn step(&self, steps: usize) -> Result<(), Halt> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let left = self.steps.get().checked_sub(steps).ok_or(Halt::Steps)?;
        self.steps.set(left);
        match self.since.elapsed() > self.time {
            true => Err(Halt::Time),
            false => Ok(()),
        }
    }

    /// Begins a piece.
    fn begin(&mut self) {
        self.since = Instant::now();
    }

    /// Whether the piece has taken its time.
    fn is_piece(&self) -> bool {
        self.since.elapsed() >= MATCHING_PIECE
    }

    /// Ends a piece.
    fn end(&mut self) {
        self.time = self.time.saturating_sub(self.since.elapsed());
    }
}

/// Something that is compared with the journal, a request at a time.
pub(super) trait Compared: Send + 'static {
    /// Compares one request; `false` if that was the last one.
    fn go_on(&mut self, work: &Work) -> Result<bool, Halt>;

    /// The place of the pattern that has taken most of the time.
    fn slowest(&self) -> String;
}

impl ControlApi {
    /// Compares all requests. It ends when the client that asks has gone.
    pub(super) async fn compared<C: Compared>(
        &self,
        mut compared: C,
        mut work: Work,
    ) -> Result<(C, Work), Trouble> {
        loop {
            // Nobody closes this semaphore.
            let turn = Arc::clone(&self.matching).acquire_owned().await;
            let piece = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                work.begin();
                let outcome = loop {
                    match compared.go_on(&work) {
                        Ok(true) if !work.is_piece() => {}
                        outcome => break outcome,
                    }
                };
                work.end();
                (compared, work, outcome)
            });
            let outcome;
            (compared, work, outcome) = match piece.await {
                Ok(piece) => piece,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The mock stops, and this task with it.
                    Err(_) => std::future::pending().await,
                },
            };
            match outcome {
                Ok(true) => {}
                Ok(false) => return Ok((compared, work)),
                Err(halt) => return Err(halt.trouble(&compared.slowest())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Waker};
    use std::time::Duration;

    use serde_json::json;

    use super::super::admission::ControlApi;
    use super::{Compared, Halt, MATCHING_STEPS, MATCHING_TIME, Work};
    use crate::bounds::MATCHING_AT_ONCE;
    use crate::http::phones;
    use crate::runtime::seed::Seed;
    use crate::runtime::{App, Behaviour};

    /// Has no end.
    struct Endless(Arc<AtomicUsize>);

    impl Compared for Endless {
        fn go_on(&mut self, work: &Work) -> Result<bool, Halt> {
            self.0.fetch_add(1, Ordering::Relaxed);
            work.step(1)?;
            Ok(true)
        }

        fn slowest(&self) -> String {
            "/pattern".to_owned()
        }
    }

    fn control() -> ControlApi {
        let seed = Seed::from_value(json!({"tenants": []})).unwrap();
        let app = Arc::new(App::new(Behaviour::default(), seed).unwrap());
        ControlApi::new(Arc::clone(&app), phones(&app))
    }

    #[tokio::test]
    async fn a_comparison_ends_with_the_request_that_asked_for_it() {
        let (control, count) = (control(), Arc::new(AtomicUsize::new(0)));
        {
            let asked = control.compared(Endless(Arc::clone(&count)), Work::new());
            let mut asked = std::pin::pin!(asked);
            let context = &mut Context::from_waker(Waker::noop());
            while count.load(Ordering::Relaxed) < 3 {
                assert!(asked.as_mut().poll(context).is_pending());
                tokio::task::yield_now().await;
            }
        }
        // The piece that was under way ends. Then nothing is left that could compare a request.
        while Arc::strong_count(&count) > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(control.matching.available_permits(), MATCHING_AT_ONCE);
    }

    #[test]
    fn steps_and_time_end_and_the_refusal_says_what_to_narrow() {
        let work = Work::new();
        assert_eq!(work.step(usize::try_from(MATCHING_STEPS).unwrap()), Ok(()));
        assert_eq!(work.step(1), Err(Halt::Steps));
        let mut late = Work::new();
        late.time = Duration::ZERO;
        assert_eq!(late.step(1), Err(Halt::Time));
        let mut half = Work::new();
        half.begin();
        half.end();
        assert!(half.time <= MATCHING_TIME);
        let why = Halt::Steps
            .trouble("/expected/3/pattern/bodyPaths/0")
            .to_string();
        assert!(
            why.starts_with("body /expected/3/pattern/bodyPaths/0 takes too long")
                && why.contains("Narrow it with tenant, after, operation"),
            "{why}"
        );
    }
}
