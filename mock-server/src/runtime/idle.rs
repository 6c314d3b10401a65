//! How long tenants stay that nobody uses. By the machine's clock, because tests move those of tenants. Knows tenants by
//! their numbers alone.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::lock::lock;
use super::wakes::{Wakes, asleep};

/// How long a tenant stays after its last use, and when that was.
#[derive(Debug)]
pub(super) struct Idle {
    life: Duration,
    since: Instant,
    /// Milliseconds from `since` to the last use.
    used: AtomicU64,
}

impl Idle {
    /// A tenant that is used now.
    pub(super) fn new(life: Duration) -> Self {
        Self {
            life,
            since: Instant::now(),
            used: AtomicU64::new(0),
        }
    }

    /// Somebody uses the tenant.
    pub(super) fn touch(&self) {
        let used = self.since.elapsed().as_millis();
        let used = u64::try_from(used).unwrap_or(u64::MAX);
        self.used.fetch_max(used, Ordering::Relaxed);
    }

    /// How long it stays after its last use.
    pub(super) fn life(&self) -> Duration {
        self.life
    }

    /// When it leaves, unless somebody uses it before. A time that no clock can show never comes.
    pub(super) fn end(&self) -> Option<Instant> {
        let used = Duration::from_millis(self.used.load(Ordering::Relaxed));
        self.since.checked_add(used)?.checked_add(self.life)
    }
}

/// When tenants leave, unless somebody uses them before.
#[derive(Debug, Default)]
pub(super) struct Departures {
    wakes: Mutex<Wakes>,
    /// The first time is another.
    moved: Notify,
}

impl Departures {
    /// Sets or forgets the time of a tenant.
    pub(super) fn set(&self, number: u64, at: Option<Instant>) {
        let mut wakes = lock(&self.wakes);
        let before = wakes.first();
        wakes.set(number, at);
        if wakes.first() != before {
            self.moved.notify_one();
        }
    }

    /// Waits until the time of a tenant has come. Returns all whose time has come.
    pub(super) async fn over(&self) -> Vec<u64> {
        loop {
            let first = lock(&self.wakes).first();
            tokio::select! {
                () = self.moved.notified() => {}
                () = asleep(first) => return lock(&self.wakes).over(Instant::now()).collect(),
            }
        }
    }
}
