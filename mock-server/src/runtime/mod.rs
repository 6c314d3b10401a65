//! The impure shell around the domain: the clock, the operating system's randomness, locks, and the one place where a
//! world changes, [`Tenant::transact`]. Knows no HTTP.

pub mod clock;
pub mod journal;
pub mod replay;
pub mod seed;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use self::clock::Clock;
use self::journal::{Entry, Journal};
use self::replay::Replays;
use self::seed::Seed;
use crate::domain::World;
use crate::domain::activeconnect::{Application, Limits};

/// How a mock behaves where there is a choice.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// Fixed clock and seeded ids.
    pub deterministic: bool,
    /// Whether request signatures are checked at all.
    pub verify_signatures: bool,
    /// How far a signature's timestamp may be from the machine's clock, in seconds; `None` accepts any.
    pub signature_window: Option<u64>,
    /// Whether a nonce may be used once only.
    pub refuse_replays: bool,
    /// Spans and bounds of Activeconnect.
    pub limits: Limits,
    /// Requests kept in a tenant's journal.
    pub journal: usize,
    /// Messages kept in a tenant's outbox.
    pub outbox: usize,
    /// Largest request body, in bytes.
    pub body_limit: usize,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            deterministic: false,
            verify_signatures: true,
            signature_window: Some(300),
            refuse_replays: true,
            limits: Limits::default(),
            journal: 10_000,
            outbox: 1_000,
            body_limit: 1024 * 1024,
        }
    }
}

/// Takes a lock. A thread that panicked while it held one leaves a world that is still whole: the domain changes maps
/// one entry at a time and panics nowhere on purpose.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One isolated application: its world, its journal and its replay protection, each behind a lock of its own.
#[derive(Debug)]
pub struct Tenant {
    application: Arc<Application>,
    clock: Arc<Clock>,
    world: Mutex<World>,
    replays: Mutex<Replays>,
    journal: Mutex<Journal>,
}

impl Tenant {
    /// The application.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// Runs `step` on the world at the present time. The only way in.
    pub fn transact<T>(&self, step: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = self.clock.now();
        step(&mut lock(&self.world), now)
    }

    /// Takes note of a nonce until `until` (Unix seconds); `false` when it was noted before.
    pub fn first_use(&self, client_id: &str, nonce: &str, now: i64, until: i64) -> bool {
        lock(&self.replays).first_use(client_id, nonce, now, until)
    }
}

/// A running mock, without its network.
#[derive(Debug)]
pub struct App {
    /// How it behaves.
    pub behaviour: Behaviour,
    /// Its time.
    pub clock: Arc<Clock>,
    /// What every id of this run comes from.
    origin: [u8; 32],
    resets: AtomicU64,
    seed: Seed,
    tenants: BTreeMap<String, Arc<Tenant>>,
    /// Requests that belong to no tenant.
    strays: Mutex<Journal>,
    numbers: AtomicU64,
}

impl App {
    /// A mock with the world of `seed`.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn new(behaviour: Behaviour, seed: Seed) -> Result<Self, getrandom::Error> {
        let clock = Arc::new(if behaviour.deterministic {
            Clock::fixed()
        } else {
            Clock::system()
        });
        let mut origin = [0; 32];
        if !behaviour.deterministic {
            getrandom::fill(&mut origin)?;
        }
        let mut tenants = BTreeMap::new();
        for planned in &seed.activeconnect.applications {
            let application = Arc::new(Application {
                id: planned.id.clone(),
                secret: planned.secret.expose().to_owned(),
                name: planned.name.clone().unwrap_or_else(|| planned.id.clone()),
            });
            let tenant = Tenant {
                world: Mutex::new(seeded_world(
                    &behaviour,
                    origin,
                    &application,
                    planned,
                    clock.now(),
                )),
                application,
                clock: Arc::clone(&clock),
                replays: Mutex::new(Replays::default()),
                journal: Mutex::new(Journal::new(behaviour.journal)),
            };
            tenants.insert(planned.id.clone(), Arc::new(tenant));
        }
        let strays = Mutex::new(Journal::new(behaviour.journal));
        let (resets, numbers) = (AtomicU64::new(0), AtomicU64::new(1));
        Ok(Self {
            behaviour,
            clock,
            origin,
            resets,
            seed,
            tenants,
            strays,
            numbers,
        })
    }

    /// The tenant of an application.
    pub fn tenant(&self, application_id: &str) -> Option<&Arc<Tenant>> {
        self.tenants.get(application_id)
    }

    /// Every tenant, by application id.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants.values()
    }

    /// Puts everything back to the start. Ids are those of the start in deterministic mode, and new ones otherwise.
    pub fn reset(&self) {
        let mut origin = self.origin;
        if !self.behaviour.deterministic {
            let resets = self.resets.fetch_add(1, Ordering::Relaxed);
            origin = Sha256::new()
                .chain_update(origin)
                .chain_update(resets.to_le_bytes())
                .finalize()
                .into();
        }
        self.clock.reset();
        for planned in &self.seed.activeconnect.applications {
            let Some(tenant) = self.tenants.get(&planned.id) else {
                continue;
            };
            let world = seeded_world(
                &self.behaviour,
                origin,
                &tenant.application,
                planned,
                self.clock.now(),
            );
            *lock(&tenant.world) = world;
            *lock(&tenant.replays) = Replays::default();
            *lock(&tenant.journal) = Journal::new(self.behaviour.journal);
        }
        *lock(&self.strays) = Journal::new(self.behaviour.journal);
        self.numbers.store(1, Ordering::Relaxed);
    }

    /// Writes a request into the journal of its tenant, or into that of requests which belong to none.
    pub fn record(
        &self,
        application_id: Option<&str>,
        entry: impl FnOnce(u64, Timestamp) -> Entry,
    ) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let entry = entry(number, self.clock.now());
        let journal = application_id
            .and_then(|id| self.tenants.get(id))
            .map_or(&self.strays, |tenant| &tenant.journal);
        lock(journal).record(entry);
    }

    /// The newest requests of all journals, newest first.
    pub fn journal(&self, limit: usize) -> Vec<Entry> {
        let journals = self
            .tenants
            .values()
            .map(|tenant| &tenant.journal)
            .chain([&self.strays]);
        let mut entries: Vec<Entry> = journals
            .flat_map(|journal| {
                lock(journal)
                    .newest_first()
                    .take(limit)
                    .cloned()
                    .collect::<Vec<_>>()
            })
            .collect();
        entries.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.number));
        entries.truncate(limit);
        entries
    }

    /// Every world as JSON, secrets masked.
    pub fn dump(&self) -> serde_json::Value {
        self.tenants
            .iter()
            .map(|(id, tenant)| (id.clone(), tenant.transact(|world, now| world.dump(now))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// The world that `planned` describes. Each tenant has ids of its own, whatever the others do.
fn seeded_world(
    behaviour: &Behaviour,
    origin: [u8; 32],
    application: &Arc<Application>,
    planned: &seed::Application,
    now: Timestamp,
) -> World {
    let own = Sha256::new()
        .chain_update(origin)
        .chain_update(application.id.as_bytes())
        .finalize();
    let mut world = World::new(
        own.into(),
        Arc::clone(application),
        behaviour.limits,
        behaviour.outbox,
    );
    planned.plant(&mut world, now);
    world
}
