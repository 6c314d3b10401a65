//! The impure shell around the domain: the clock, the operating system's randomness, locks, and the one place where a
//! world changes, [`Tenant::transact`]. Knows no HTTP.

pub mod clock;
pub mod journal;
pub mod replay;
pub mod seed;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use self::clock::Clock;
use self::journal::{Entry, Journal};
use self::replay::Replays;
use self::seed::{Seed, SeedError};
use crate::domain::World;
use crate::domain::activeconnect::{Application, Limits};
use crate::domain::authsignal;
use crate::domain::authsignal::challenge::{Limit, Windows};
use crate::domain::authsignal::token::TokenAlgorithm;

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
    /// Requests that an Authsignal tenant may make within a minute; any number where absent.
    pub rate_limit: Option<usize>,
    /// Whether the documented limits of sending and verifying codes are kept.
    pub code_limits: bool,
    /// Whether tokens of track and claim are RS256 rather than HS256.
    pub rs256_tokens: bool,
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
            rate_limit: None,
            code_limits: false,
            rs256_tokens: false,
        }
    }
}

/// Takes a lock. A thread that panicked while it held one leaves a world that is still whole: the domain changes maps
/// one entry at a time and panics nowhere on purpose.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One isolated tenant: its world, its journal and its replay protection, each behind a lock of its own.
pub struct Tenant {
    planned: seed::Tenant,
    application: Arc<Application>,
    authsignal: Arc<authsignal::Tenant>,
    clock: Arc<Clock>,
    world: Mutex<World>,
    replays: Mutex<Replays>,
    requests: Mutex<Windows>,
    journal: Mutex<Journal>,
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The world holds codes and links, the plan holds secrets.
        f.debug_struct("Tenant")
            .field("application", &self.application.id)
            .field("authsignal", &self.authsignal.id)
            .finish_non_exhaustive()
    }
}

impl Tenant {
    /// Its Activeconnect application.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// Its Authsignal tenant.
    pub fn authsignal(&self) -> &authsignal::Tenant {
        &self.authsignal
    }

    /// Runs `step` on the world at the present time. The only way in.
    pub fn transact<T>(&self, step: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = self.clock.now();
        step(&mut lock(&self.world), now)
    }

    /// Takes note of a request; `false` when `limit` requests came within the last minute.
    pub fn within_rate(&self, limit: usize) -> bool {
        let limit = Limit {
            count: limit,
            window: SignedDuration::from_mins(1),
        };
        lock(&self.requests).allow("", limit, self.clock.now())
    }

    /// Takes note of a nonce until `until` (Unix seconds); `false` when it was noted before.
    pub fn first_use(&self, client_id: &str, nonce: &str, now: i64, until: i64) -> bool {
        lock(&self.replays).first_use(client_id, nonce, now, until)
    }
}

/// Why a mock cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The operating system gives no randomness; deterministic mode needs none.
    #[error("no randomness to be had: {0}")]
    Randomness(getrandom::Error),
    /// The seed cannot be used.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The key for session tokens, a part of the program, cannot be read.
    #[error("the key for session tokens cannot be read: {0}")]
    Keys(jsonwebtoken::errors::Error),
}

/// A running mock, without its network.
pub struct App {
    /// How it behaves.
    pub behaviour: Behaviour,
    /// Its time.
    pub clock: Arc<Clock>,
    /// What every id of this run comes from.
    origin: [u8; 32],
    resets: AtomicU64,
    tenants: Vec<Arc<Tenant>>,
    /// By Activeconnect application id.
    applications: HashMap<String, Arc<Tenant>>,
    /// By Authsignal tenant id.
    authsignal_ids: HashMap<String, Arc<Tenant>>,
    /// By the hash of the Authsignal secret, so that a look-up tells nothing of it by the time it takes.
    authsignal_secrets: HashMap<[u8; 32], Arc<Tenant>>,
    /// Requests that belong to no tenant.
    strays: Mutex<Journal>,
    numbers: AtomicU64,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every secret of the run follows from its origin.
        f.debug_struct("App")
            .field("behaviour", &self.behaviour)
            .field("tenants", &self.tenants)
            .finish_non_exhaustive()
    }
}

impl App {
    /// A mock with the worlds of `seed`.
    ///
    /// # Errors
    /// The seed describes a world that cannot be, or the operating system gives no randomness.
    pub fn new(behaviour: Behaviour, seed: Seed) -> Result<Self, AppError> {
        let clock = Arc::new(if behaviour.deterministic {
            Clock::fixed()
        } else {
            Clock::system()
        });
        let mut origin = [0; 32];
        if !behaviour.deterministic {
            getrandom::fill(&mut origin).map_err(AppError::Randomness)?;
        }
        let mut app = Self {
            clock,
            origin,
            resets: AtomicU64::new(0),
            tenants: Vec::new(),
            applications: HashMap::new(),
            authsignal_ids: HashMap::new(),
            authsignal_secrets: HashMap::new(),
            strays: Mutex::new(Journal::new(behaviour.journal)),
            numbers: AtomicU64::new(1),
            behaviour,
        };
        for planned in seed.completed()?.tenants {
            app.add(planned)?;
        }
        Ok(app)
    }

    fn add(&mut self, planned: seed::Tenant) -> Result<(), AppError> {
        // A part that the seed does not name has no credentials, and so no way in.
        let application = planned.activeconnect.as_ref().map(|planned| Application {
            id: planned.id.clone(),
            secret: planned.secret.expose().to_owned(),
            name: planned.name.clone().unwrap_or_else(|| planned.id.clone()),
        });
        let (tenant_id, api_secret) = planned.authsignal.as_ref().map_or(("", ""), |planned| {
            (planned.id.as_str(), planned.secret.expose())
        });
        let publishable_key = Sha256::new()
            .chain_update("publishable key of ")
            .chain_update(tenant_id)
            .finalize();
        let authsignal = authsignal::Tenant {
            id: tenant_id.to_owned(),
            secret: api_secret.to_owned(),
            publishable_key: publishable_key[..16]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            keys: authsignal::token::Keys::new(api_secret).map_err(AppError::Keys)?,
        };
        let application = Arc::new(application.unwrap_or_default());
        let authsignal = Arc::new(authsignal);
        let world = seeded_world(
            &self.behaviour,
            self.origin,
            &application,
            &authsignal,
            &planned,
            self.clock.now(),
        )?;
        let tenant = Arc::new(Tenant {
            world: Mutex::new(world),
            application,
            authsignal,
            clock: Arc::clone(&self.clock),
            replays: Mutex::new(Replays::default()),
            requests: Mutex::new(Windows::default()),
            journal: Mutex::new(Journal::new(self.behaviour.journal)),
            planned,
        });
        if let Some(application) = &tenant.planned.activeconnect {
            self.applications
                .insert(application.id.clone(), Arc::clone(&tenant));
        }
        if let Some(authsignal) = &tenant.planned.authsignal {
            self.authsignal_ids
                .insert(authsignal.id.clone(), Arc::clone(&tenant));
            self.authsignal_secrets
                .insert(secret_hash(authsignal.secret.expose()), Arc::clone(&tenant));
        }
        self.tenants.push(tenant);
        Ok(())
    }

    /// The tenant of an Activeconnect application.
    pub fn application(&self, application_id: &str) -> Option<&Arc<Tenant>> {
        self.applications.get(application_id)
    }

    /// Every tenant that has an Activeconnect application.
    pub fn applications(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants
            .iter()
            .filter(|tenant| tenant.planned.activeconnect.is_some())
    }

    /// The tenant of an Authsignal tenant id.
    pub fn authsignal(&self, tenant_id: &str) -> Option<&Arc<Tenant>> {
        self.authsignal_ids.get(tenant_id)
    }

    /// The tenant of an Authsignal server API secret.
    pub fn authsignal_by_secret(&self, secret: &str) -> Option<&Arc<Tenant>> {
        self.authsignal_secrets.get(&secret_hash(secret))
    }

    /// Every tenant that has an Authsignal part.
    pub fn authsignals(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants
            .iter()
            .filter(|tenant| tenant.planned.authsignal.is_some())
    }

    /// Every tenant.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants.iter()
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
        let now = self.clock.now();
        for tenant in &self.tenants {
            let Tenant {
                application,
                authsignal,
                planned,
                ..
            } = &**tenant;
            match seeded_world(
                &self.behaviour,
                origin,
                application,
                authsignal,
                planned,
                now,
            ) {
                Ok(world) => *lock(&tenant.world) = world,
                // The same seed made a world at the start, so it does again.
                Err(error) => tracing::error!(%error, "a tenant could not be reset"),
            }
            *lock(&tenant.replays) = Replays::default();
            *lock(&tenant.requests) = Windows::default();
            *lock(&tenant.journal) = Journal::new(self.behaviour.journal);
        }
        *lock(&self.strays) = Journal::new(self.behaviour.journal);
        self.numbers.store(1, Ordering::Relaxed);
    }

    /// Writes a request into the journal of its tenant, or into that of requests which belong to none.
    pub fn record(
        &self,
        tenant: Option<&Arc<Tenant>>,
        entry: impl FnOnce(u64, Timestamp) -> Entry,
    ) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let mut entry = entry(number, self.clock.now());
        // Entries are bounded in bytes, too.
        shorten(&mut entry.target);
        if let Some(reason) = &mut entry.reason {
            shorten(reason);
        }
        tracing::debug!(
            operation = entry.operation.unwrap_or("none"),
            method = %entry.method,
            status = entry.status,
            "answered"
        );
        lock(tenant.map_or(&self.strays, |tenant| &tenant.journal)).record(entry);
    }

    /// The newest requests of all journals, newest first.
    pub fn journal(&self, limit: usize) -> Vec<Entry> {
        let journals = self
            .tenants
            .iter()
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

    /// Every world as JSON, secrets masked, by application id, or by Authsignal tenant id where there is no application.
    pub fn dump(&self) -> serde_json::Map<String, serde_json::Value> {
        self.tenants
            .iter()
            .map(|tenant| {
                let names = [&tenant.application.id, &tenant.authsignal.id];
                let name = names.into_iter().find(|name| !name.is_empty());
                (
                    name.cloned().unwrap_or_default(),
                    tenant.transact(|world, now| world.dump(now)),
                )
            })
            .collect()
    }
}

/// Bytes of a target or a reason that the journal keeps.
const KEPT: usize = 2048;

fn shorten(text: &mut String) {
    if text.len() > KEPT {
        let end = (0..=KEPT)
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}

fn secret_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The world that `planned` describes. Each tenant has ids of its own, whatever the others do.
fn seeded_world(
    behaviour: &Behaviour,
    origin: [u8; 32],
    application: &Arc<Application>,
    authsignal: &Arc<authsignal::Tenant>,
    planned: &seed::Tenant,
    now: Timestamp,
) -> Result<World, SeedError> {
    let own = Sha256::new()
        .chain_update(origin)
        .chain_update(application.id.as_bytes())
        .chain_update(authsignal.id.as_bytes())
        .finalize();
    let mut world = World::new(
        own.into(),
        Arc::clone(application),
        Arc::clone(authsignal),
        behaviour.limits,
        behaviour.outbox,
    );
    let configuration = &mut world.authsignal.configuration;
    configuration.rate_limits = behaviour.code_limits;
    if behaviour.rs256_tokens {
        configuration.token_algorithm = TokenAlgorithm::Rs256;
    }
    planned.plant(&mut world, now)?;
    Ok(world)
}
