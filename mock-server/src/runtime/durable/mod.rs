//! Durability: what has changed is written into a store, and answers wait for it. Knows tenants by their numbers alone.
//!
//! Who changes something says so, which costs a lock that nobody holds for long. One thread takes the numbers of the
//! tenants that have changed, collects what is different of each, and commits all of that at once. So one fsync serves
//! every request that came meanwhile.
//!
//! - `store`: the records in their file
//! - `batch`: changes that become durable together
//! - `migration`: older formats
//! - `disk`: the file

mod batch;
mod disk;
mod migration;
mod store;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;

pub use self::batch::Batch;
#[cfg(test)]
pub use self::disk::{Access, Trouble};
pub use self::store::{Missing, Reader, Store, StoreError};
use super::lock::lock;
use crate::bounds::{SAVE_AGAIN, SAVE_LATER};

/// When an answer goes out that says that something has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// Once it is on the disk: it survives a loss of power
    #[default]
    Fsync,
    /// Once the operating system has it: it survives the end of the mock, however that ends, and no loss of power
    Os,
    /// At once: what changed in the last moments can be lost
    None,
}

/// Where a mock keeps its state.
#[derive(Clone, Debug)]
pub struct DataDirectory {
    /// The directory.
    pub path: PathBuf,
    /// When answers go out.
    pub durability: Durability,
}

impl DataDirectory {
    /// Opens it, and makes it if it is not there.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn open(&self) -> Result<Store, StoreError> {
        Store::open(
            &self.path,
            Missing::Make,
            self.durability == Durability::Fsync,
        )
    }
}

/// What waits to be written.
#[derive(Default)]
struct Inbox {
    /// The numbers of tenants that have changed.
    tenants: BTreeSet<u64>,
    /// Whether it is written as soon as possible.
    is_urgent: bool,
    /// Whether the mock stops.
    ends: bool,
}

/// How far everything is written.
#[derive(Clone, Default)]
struct Saved {
    /// How many changes are durable.
    upto: u64,
    /// How often the thread has tried to write.
    tries: u64,
    /// Why the last try failed, if it did.
    failure: Option<Arc<str>>,
}

/// The number of tries of a thread that has panicked.
const NO_MORE: u64 = u64::MAX;

/// Tells who waits that nobody writes any more, if the thread panics.
struct Watched<'a>(&'a Durable);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.is_failing.store(true, Ordering::Release);
            self.0.progress.send_modify(|now| {
                now.tries = NO_MORE;
                now.failure =
                    Some("the mock cannot write any more, because of a bug; start it again".into());
            });
        }
    }
}

/// What has changed, and how far it is durable.
pub struct Durable {
    inbox: Mutex<Inbox>,
    bell: Condvar,
    /// How many changes there were.
    changed: AtomicU64,
    /// How many of them are durable.
    saved: AtomicU64,
    is_failing: AtomicBool,
    progress: watch::Sender<Saved>,
    /// Whether answers wait.
    waits: bool,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durable")
            .field("changed", &self.changed)
            .field("saved", &self.saved)
            .finish_non_exhaustive()
    }
}

impl Durable {
    /// Nothing has changed yet.
    pub fn new(durability: Durability) -> Self {
        Self {
            inbox: Mutex::default(),
            bell: Condvar::new(),
            changed: AtomicU64::new(0),
            saved: AtomicU64::new(0),
            is_failing: AtomicBool::new(false),
            progress: watch::Sender::new(Saved::default()),
            waits: durability != Durability::None,
            writer: Mutex::default(),
        }
    }

    /// A tenant has changed. Called before anybody can see the change, so that nobody tells of it before it is durable.
    pub fn note(&self, tenant: u64) {
        let mut inbox = lock(&self.inbox);
        inbox.tenants.insert(tenant);
        self.changed.fetch_add(1, Ordering::Release);
        if !inbox.is_urgent {
            inbox.is_urgent = true;
            self.bell.notify_one();
        }
    }

    /// Something of a tenant has changed that no answer waits for. It is written with what comes next, or soon.
    pub fn note_later(&self, tenant: u64) {
        let mut inbox = lock(&self.inbox);
        if inbox.tenants.is_empty() {
            self.bell.notify_one();
        }
        inbox.tenants.insert(tenant);
    }

    /// How many changes there were.
    pub fn changed(&self) -> u64 {
        self.changed.load(Ordering::Acquire)
    }

    /// Waits until everything that has changed until now is durable. `before` is what [`changed`](Self::changed) said when
    /// the request came: if nothing has changed since, the request only reads, and reads go on where nothing can be
    /// written.
    ///
    /// # Errors
    /// It cannot be written; the text says why.
    pub async fn settled(&self, before: u64) -> Result<(), Arc<str>> {
        let at = self.changed();
        if !self.waits || self.saved.load(Ordering::Acquire) >= at {
            return Ok(());
        }
        let mut progress = self.progress.subscribe();
        loop {
            {
                let now = progress.borrow_and_update();
                match &now.failure {
                    _ if now.upto >= at => return Ok(()),
                    Some(_) if before == at => return Ok(()),
                    Some(why) => return Err(Arc::clone(why)),
                    None => {}
                }
            }
            if progress.changed().await.is_err() {
                return Err("the mock stops".into());
            }
        }
    }

    /// Waits until everything that has changed until now is durable, for who tells of a change.
    ///
    /// # Errors
    /// It cannot be written; the text says why.
    pub async fn confirmed(&self) -> Result<(), Arc<str>> {
        self.settled(u64::MAX).await
    }

    /// Whether the last try to write has failed.
    fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Acquire)
    }

    /// Waits for one more try to write, where the last one has failed. So nothing changes until it can be written.
    ///
    /// # Errors
    /// It still cannot be written.
    pub async fn writable(&self) -> Result<(), Arc<str>> {
        if !self.waits || !self.is_failing() {
            return Ok(());
        }
        let mut progress = self.progress.subscribe();
        let tries = progress.borrow_and_update().tries;
        self.ring();
        // The sender lives as long as this.
        let tried = progress
            .wait_for(|now| now.tries > tries || now.tries == NO_MORE)
            .await;
        match tried.ok().and_then(|now| now.failure.clone()) {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }

    /// Whether everything that has changed is durable.
    pub fn is_all_saved(&self) -> bool {
        self.saved.load(Ordering::Acquire) >= self.changed()
    }

    fn ring(&self) {
        lock(&self.inbox).is_urgent = true;
        self.bell.notify_one();
    }

    /// Begins to write. `collect` adds what is different of these tenants, and of the mock itself.
    ///
    /// # Errors
    /// The operating system has no thread for it.
    pub fn start(
        self: &Arc<Self>,
        store: Store,
        collect: impl FnMut(&BTreeSet<u64>, &mut Batch) + Send + 'static,
    ) -> io::Result<()> {
        let durable = Arc::clone(self);
        let name = "writer".to_owned();
        let thread = thread::Builder::new().name(name);
        let writer = thread.spawn(move || durable.write(store, collect))?;
        *lock(&self.writer) = Some(writer);
        Ok(())
    }

    /// Writes what is left, and closes the store.
    pub fn finish(&self) {
        lock(&self.inbox).ends = true;
        self.bell.notify_one();
        if let Some(writer) = lock(&self.writer).take() {
            // A thread that panicked has ended.
            let _ = writer.join();
        }
    }

    /// What has changed, once there is something to write now: with how many changes that is, and whether it is the last.
    fn next(&self, is_failing: bool) -> (BTreeSet<u64>, u64, bool) {
        let mut inbox = lock(&self.inbox);
        loop {
            let is_late = !inbox.tenants.is_empty();
            // After a failure, who wants to change something asks for another try.
            let span = match (is_failing, is_late) {
                (true, _) => Some(SAVE_AGAIN),
                (false, true) => Some(SAVE_LATER),
                (false, false) => None,
            };
            if inbox.is_urgent || inbox.ends {
                break;
            }
            let is_over;
            (inbox, is_over) = match span {
                Some(span) => {
                    let waited = self.bell.wait_timeout(inbox, span);
                    let (inbox, time) = waited.unwrap_or_else(PoisonError::into_inner);
                    (inbox, time.timed_out())
                }
                None => {
                    let waited = self.bell.wait(inbox);
                    (waited.unwrap_or_else(PoisonError::into_inner), false)
                }
            };
            if is_over {
                break;
            }
        }
        inbox.is_urgent = false;
        let tenants = std::mem::take(&mut inbox.tenants);
        (tenants, self.changed(), inbox.ends)
    }

    fn write(&self, mut store: Store, mut collect: impl FnMut(&BTreeSet<u64>, &mut Batch)) {
        let _watched = Watched(self);
        // What could not be written stays here until it can be.
        let mut batch = Batch::default();
        loop {
            let (tenants, upto, ends) = self.next(self.is_failing());
            collect(&tenants, &mut batch);
            let written = match batch.is_empty() {
                true => Ok(()),
                false => store.commit(&batch),
            };
            let failure = match written {
                Ok(()) => {
                    batch = Batch::default();
                    if self.is_failing.swap(false, Ordering::AcqRel) {
                        tracing::info!("the data directory can be written again");
                    }
                    self.saved.store(upto, Ordering::Release);
                    None
                }
                Err(error) => {
                    if !self.is_failing.swap(true, Ordering::AcqRel) {
                        tracing::error!(
                            "{error}; the mock refuses whatever changes something until it can be written again"
                        );
                    }
                    Some(error.to_string().into())
                }
            };
            self.progress.send_modify(|now| {
                if failure.is_none() {
                    now.upto = upto;
                }
                now.tries += 1;
                now.failure = failure;
            });
            if ends {
                return;
            }
        }
    }
}
