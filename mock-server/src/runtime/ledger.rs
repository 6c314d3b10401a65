//! The state that a tenant shares between both vendors: ids and messages, the journal, used nonces, counted requests,
//! and listeners for changes. Knows no vendor and no HTTP.

use std::fmt;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use tokio::sync::{Semaphore, watch};

use super::clock::Clock;
use super::delivery::Courier;
use super::failures::{Failure, Failures};
use super::journal::Journal;
use super::lock::lock;
use super::replay::Replays;
use crate::bounds::AGREEMENTS_AT_ONCE;
use crate::domain::authsignal::challenge::{Limit, Windows};
use crate::domain::outbox::Outbox;
use crate::domain::{Supplies, whole_seconds};

/// The state that a tenant shares between both vendors. Each part has its own lock.
pub struct Ledger {
    name: String,
    pub(super) clock: Arc<Clock>,
    pub(super) supplies: Mutex<Supplies>,
    pub(super) journal: Mutex<Journal>,
    pub(super) courier: Arc<Courier>,
    /// Places for deliveries that a receiver must take before the mock answers.
    pub(super) agreements: Semaphore,
    replays: Mutex<Replays>,
    requests: Mutex<Windows>,
    /// Requests that are to fail, at the start and now.
    planned: Failures,
    failures: Mutex<Failures>,
    /// Moves when the state of a part may have changed.
    changes: watch::Sender<u64>,
    /// Moves when anything of the mock may have changed.
    pulse: Arc<watch::Sender<u64>>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Notifies listeners. It costs one load if nobody listens, because every request does this.
pub(super) fn beat(pulse: &watch::Sender<u64>) {
    if pulse.receiver_count() > 0 {
        pulse.send_modify(|beats| *beats = beats.wrapping_add(1));
    }
}

impl Ledger {
    /// An empty ledger.
    pub(super) fn new(
        name: String,
        clock: Arc<Clock>,
        supplies: Supplies,
        journal: Journal,
        planned: Failures,
        courier: Arc<Courier>,
        pulse: Arc<watch::Sender<u64>>,
    ) -> Self {
        Self {
            name,
            clock,
            supplies: Mutex::new(supplies),
            journal: Mutex::new(journal),
            courier,
            agreements: Semaphore::new(AGREEMENTS_AT_ONCE),
            replays: Mutex::new(Replays::default()),
            requests: Mutex::new(Windows::default()),
            failures: Mutex::new(planned.clone()),
            planned,
            changes: watch::Sender::new(0),
            pulse,
        }
    }

    /// The tenant's name in listings: the id of its application, or the id of its Authsignal tenant if it has no
    /// application.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Looks at the messages of the tenant.
    pub fn messages<T>(&self, look: impl FnOnce(&Outbox) -> T) -> T {
        look(&lock(&self.supplies).outbox)
    }

    /// A number that changes after each transaction while somebody listens. Its value means nothing.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn announce(&self) {
        beat(&self.changes);
        beat(&self.pulse);
    }

    /// Counts a request.
    ///
    /// # Errors
    /// `limit` requests came within the last minute: the seconds until one more may come.
    pub fn within_rate(&self, limit: usize) -> Result<(), u64> {
        let limit = Limit {
            count: limit,
            window: SignedDuration::from_mins(1),
        };
        let now = self.clock.now();
        let mut requests = lock(&self.requests);
        if requests.allow("", limit, now) {
            return Ok(());
        }
        let wait = requests.wait("", limit, now);
        Err(whole_seconds(wait).max(1))
    }

    /// Records a nonce until `until` (Unix seconds); `false` if it was recorded before.
    pub fn first_use(&self, client_id: &str, nonce: &str, now: i64, until: i64) -> bool {
        lock(&self.replays).first_use(client_id, nonce, now, until)
    }

    /// Replaces the failures that are to come.
    pub fn plan_failures(&self, failures: Failures) {
        *lock(&self.failures) = failures;
        self.announce();
    }

    /// The failures that are to come.
    pub fn failures(&self) -> Failures {
        lock(&self.failures).clone()
    }

    /// How a request to an operation fails, if it is to.
    pub fn failure(&self, operation: &str) -> Option<Failure> {
        lock(&self.failures).take(operation)
    }

    /// Forgets nonces and counted requests, and restores the failures of the start.
    pub(super) fn forget(&self) {
        *lock(&self.failures) = self.planned.clone();
        *lock(&self.replays) = Replays::default();
        *lock(&self.requests) = Windows::default();
    }
}
