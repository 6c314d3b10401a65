//! The clock of a mock inside a test.

use std::time::Duration;

use jiff::Timestamp;

use crate::runtime::App;

/// The clock of a mock. Everything the mock times moves with it, except the age of request signatures.
#[derive(Clone, Copy, Debug)]
pub struct ClockHandle<'a> {
    pub(super) app: &'a App,
}

impl ClockHandle<'_> {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Stops the clock.
    pub fn freeze(&self) {
        self.app.change_clock(Some(true), Duration::ZERO);
    }

    /// Lets the clock run from where it stands.
    pub fn release(&self) {
        self.app.change_clock(Some(false), Duration::ZERO);
    }

    /// Moves the clock forward, to the millisecond.
    pub fn advance(&self, by: Duration) {
        self.app.change_clock(None, by);
    }
}
