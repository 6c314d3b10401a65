//! How long tenants stay that nobody uses. By the machine's clock, because tests move those of tenants. Knows tenants by
//! their numbers alone.

use std::cell::RefCell;
use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
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
    /// How many requests use it now.
    uses: AtomicUsize,
}

tokio::task_local! {
    /// The tenants that the request of this task uses.
    static USES: RefCell<Vec<Use>>;
}

/// A request that uses a tenant. The tenant stays until this is dropped, and is used last then.
#[derive(Debug)]
pub struct Use(Arc<Idle>);

impl Use {
    fn new(idle: &Arc<Idle>) -> Self {
        idle.uses.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(idle))
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.0.touch();
        self.0.uses.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Answers a request. Also returns the tenants that it uses, for as long as its answer is on its way. Tenants that stay
/// anyway are not among them.
pub async fn during<T>(request: impl Future<Output = T>) -> (T, Vec<Use>) {
    let watched = async {
        let answer = request.await;
        (answer, USES.with(RefCell::take))
    };
    USES.scope(RefCell::default(), watched).await
}

/// The request of this task uses a tenant, or the mock itself does.
pub(super) fn used(idle: &Arc<Idle>) {
    idle.touch();
    // There is none in tests, and where the mock looks after its tenants.
    let _ = USES.try_with(|uses| {
        let mut uses = uses.borrow_mut();
        if !uses.iter().any(|one| Arc::ptr_eq(&one.0, idle)) {
            uses.push(Use::new(idle));
        }
    });
}

impl Idle {
    /// A tenant that is used now.
    pub(super) fn new(life: Duration) -> Self {
        Self {
            life,
            since: Instant::now(),
            used: AtomicU64::new(0),
            uses: AtomicUsize::new(0),
        }
    }

    /// Somebody uses the tenant.
    fn touch(&self) {
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
        if self.uses.load(Ordering::Acquire) > 0 {
            return Instant::now().checked_add(self.life);
        }
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
