//! The clock of a mock inside a test.

use std::time::Duration;

use jiff::Timestamp;

use crate::runtime::App;

/// The clock of a [`MockServer`](crate::MockServer). It decides every time in the mock, except the age of request
/// signatures, because callers sign with the machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock<'a> {
    pub(super) app: &'a App,
}

impl Clock<'_> {
    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Stops the clock.
    pub fn freeze(&self) {
        self.app.change_clock(Some(true), Duration::ZERO);
    }

    /// Lets the clock run again from the time it shows.
    pub fn release(&self) {
        self.app.change_clock(Some(false), Duration::ZERO);
    }

    /// Moves the clock forward, to the millisecond.
    pub fn advance(&self, by: Duration) {
        self.app.change_clock(None, by);
    }
}
