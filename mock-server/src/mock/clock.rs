//! The clocks of a mock inside a test: its own, and those of its tenants.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Error;
use crate::runtime::clock::Shift;
use crate::runtime::{App, Tenant};

/// The clock of a tenant, or of a [`MockServer`](crate::MockServer) with all its tenants. It decides every time in the
/// mock, except the age of request signatures, because callers sign with the machine's clock.
#[derive(Clone, Debug)]
pub struct Clock {
    pub(super) app: Arc<App>,
    /// The tenant; `None` means all, and the mock.
    pub(super) tenant: Option<Arc<Tenant>>,
}

impl Clock {
    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// Stops the clock.
    pub fn freeze(&self) {
        self.change(Some(true), Duration::ZERO);
    }

    /// Lets the clock run again from the time it shows.
    pub fn release(&self) {
        self.change(Some(false), Duration::ZERO);
    }

    /// Moves the clock forward at once, to the millisecond. Webhooks that fall due meanwhile are sent afterwards.
    pub fn advance(&self, by: Duration) {
        self.change(None, by);
    }

    /// Moves the clock forward, and sends the webhooks that fall due on its way in their order, each at its time. Returns
    /// when their receivers have answered, or after a minute.
    ///
    /// # Errors
    /// The clock would go past its end, the year 9999.
    pub async fn pass(&self, by: Duration) -> Result<(), Error> {
        self.shift(Shift::By(by)).await
    }

    /// Sets the clock to a time, also to an earlier one. On its way forward, it is as with [`pass`](Self::pass).
    ///
    /// # Errors
    /// The time is past the clock's end, the year 9999.
    pub async fn set(&self, to: Timestamp) -> Result<(), Error> {
        self.shift(Shift::To(to)).await
    }

    async fn shift(&self, shift: Shift) -> Result<(), Error> {
        let passed = self.app.pass(self.tenant.as_ref(), None, shift).await;
        passed.map_err(|why| Error::Malformed(why.to_string()))
    }

    fn clock(&self) -> &crate::runtime::clock::Clock {
        let own = self.tenant.as_deref();
        own.map_or(&self.app.clock, |tenant| tenant.ledger().clock())
    }

    fn change(&self, freeze: Option<bool>, advance: Duration) {
        match &self.tenant {
            Some(tenant) => self.app.change_clock_of(tenant, freeze, advance),
            None => self.app.change_clock(freeze, advance),
        }
    }
}
