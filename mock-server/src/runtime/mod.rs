//! The impure shell around the domain: the clock, the operating system's randomness, locks, and the one place where a
//! world changes, [`Tenant::transact`]. Knows no HTTP.

pub mod clock;
pub mod delivery;
pub mod journal;
pub mod replay;
pub mod seed;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use self::clock::Clock;
use self::delivery::Courier;
use self::journal::{Carried, Entry, Journal, Note};
use self::replay::Replays;
use self::seed::{Seed, SeedError};
use crate::domain::World;
use crate::domain::activeconnect::{Application, Limits};
use crate::domain::authsignal;
use crate::domain::authsignal::challenge::{Limit, Windows};
use crate::domain::authsignal::token::TokenAlgorithm;
use crate::domain::authsignal::vocabulary::ChallengeMode;

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
    /// What becomes of a challenge whose page is opened, unless the tenant says something else.
    pub challenge_mode: ChallengeMode,
    /// How long the receiver of a webhook may take.
    pub webhook_timeout: Duration,
    /// Hosts beyond this machine that webhooks may go to.
    pub webhook_allow: Vec<String>,
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
            challenge_mode: ChallengeMode::default(),
            webhook_timeout: delivery::TIMEOUT,
            webhook_allow: Vec::new(),
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
    courier: Arc<Courier>,
    /// Moves when the world may have changed.
    changes: watch::Sender<u64>,
    /// Moves when anything of the mock may have changed.
    pulse: Arc<watch::Sender<u64>>,
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

/// Moves what is listened to. One load where nobody listens: this is on the way of every request.
fn beat(pulse: &watch::Sender<u64>) {
    if pulse.receiver_count() > 0 {
        pulse.send_modify(|beats| *beats = beats.wrapping_add(1));
    }
}

impl Tenant {
    /// What it is called where it is listed: the id of its application, or of its Authsignal tenant where it has none.
    pub fn name(&self) -> &str {
        let names = [&self.application.id, &self.authsignal.id];
        let name = names.into_iter().find(|name| !name.is_empty());
        name.map_or("", String::as_str)
    }

    /// Whether it has an Activeconnect application, and an Authsignal part.
    pub fn parts(&self) -> (bool, bool) {
        (
            self.planned.activeconnect.is_some(),
            self.planned.authsignal.is_some(),
        )
    }

    /// Its Activeconnect application.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// Its Authsignal tenant.
    pub fn authsignal(&self) -> &authsignal::Tenant {
        &self.authsignal
    }

    /// Runs `step` on the world at the present time. The only way to change it.
    pub fn transact<T>(&self, step: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = self.clock.now();
        let mut world = lock(&self.world);
        let result = step(&mut world, now);
        let stirred = {
            let World {
                outbox, authsignal, ..
            } = &mut *world;
            // Whoever does not deliver what a step leaves to be delivered goes on as if it had been taken.
            authsignal.release(outbox, now);
            authsignal.events.stirred()
        };
        drop(world);
        if stirred {
            self.courier.ring();
        }
        self.announce();
        result
    }

    /// Looks at the world at the present time, which moves no receiver of [`changed`](Self::changed): whoever waits for
    /// a change looks this way, or they would wake themselves.
    pub fn look<T>(&self, step: impl FnOnce(&World, Timestamp) -> T) -> T {
        let now = self.clock.now();
        step(&lock(&self.world), now)
    }

    /// A number that moves after each transaction while somebody listens; what it is means nothing.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn announce(&self) {
        beat(&self.changes);
        beat(&self.pulse);
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
    /// Delivers webhooks.
    pub courier: Arc<Courier>,
    /// Moves when anything may have changed: a world, a journal, the clock.
    pulse: Arc<watch::Sender<u64>>,
    /// Whether the mock is told to stop.
    stopped: watch::Sender<bool>,
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
            pulse: Arc::new(watch::Sender::new(0)),
            stopped: watch::Sender::new(false),
            courier: Arc::new(Courier::new(
                behaviour.webhook_timeout,
                &behaviour.webhook_allow,
            )),
            behaviour,
        };
        let seed = seed.completed()?;
        seed.check_webhooks(|url| app.courier.check(url))?;
        for planned in seed.tenants {
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
            courier: Arc::clone(&self.courier),
            changes: watch::Sender::new(0),
            pulse: Arc::clone(&self.pulse),
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
        let resets = self.resets.fetch_add(1, Ordering::Relaxed);
        if !self.behaviour.deterministic {
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
        }
        {
            // All at once: numbers begin again, and rise in each journal.
            let journals = self.tenants.iter().map(|tenant| &tenant.journal);
            let mut journals: Vec<_> = journals.chain([&self.strays]).map(lock).collect();
            for journal in &mut journals {
                **journal = Journal::new(self.behaviour.journal);
            }
            self.numbers.store(1, Ordering::Relaxed);
        }
        for tenant in &self.tenants {
            tenant.announce();
        }
        beat(&self.pulse);
    }

    /// Freezes or releases the clock, then moves it forward.
    pub fn change_clock(&self, freeze: Option<bool>, advance: Duration) {
        self.clock.change(freeze, advance);
        self.courier.ring();
        beat(&self.pulse);
    }

    /// Writes a request into the journal of its tenant, or into that of requests which belong to none.
    pub fn record(&self, tenant: Option<&Arc<Tenant>>, note: Note<'_>) {
        let at = self.clock.now();
        tracing::debug!(
            operation = note.operation.unwrap_or("none"),
            method = %note.method,
            status = note.status,
            "answered"
        );
        {
            let mut journal = lock(tenant.map_or(&self.strays, |tenant| &tenant.journal));
            // Under the lock, so that numbers rise in each journal, and whoever holds all locks misses none.
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            journal.record(note, number, at);
        }
        beat(&self.pulse);
    }

    /// A number that moves after each change of anything while somebody listens; what it is means nothing.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.pulse.subscribe()
    }

    /// How often everything was put back to the start.
    pub fn resets(&self) -> u64 {
        self.resets.load(Ordering::Relaxed)
    }

    /// Tells whatever would go on for ever that the mock stops.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Turns true when the mock stops.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.stopped.subscribe()
    }

    /// The number of the newest request, 0 before the first.
    pub fn newest(&self) -> u64 {
        self.numbers.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// The newest requests of all journals, newest first.
    pub fn journal(&self, limit: usize) -> Vec<Entry> {
        self.entries(limit, |_, _| Some(true), |_, entry| entry.clone())
    }

    /// The newest requests of all journals that are `wanted`, newest first, as `shown` shows them. `wanted` sees those of
    /// one tenant newest first, and tells `None` where no older one is wanted either.
    pub fn entries<T>(
        &self,
        limit: usize,
        mut wanted: impl FnMut(Option<&Tenant>, &Entry) -> Option<bool>,
        shown: impl Fn(Option<&Tenant>, &Entry) -> T,
    ) -> Vec<T> {
        // All at once: who asks for what is newer than the newest they know must not miss a request for ever.
        let journals: Vec<_> = self
            .tenants
            .iter()
            .map(|tenant| (Some(&**tenant), lock(&tenant.journal)))
            .chain([(None, lock(&self.strays))])
            .collect();
        let mut found: Vec<(Option<&Tenant>, &Entry)> = Vec::new();
        for (tenant, journal) in &journals {
            let all = found.len().saturating_add(limit);
            for entry in journal.newest_first() {
                if found.len() == all {
                    break;
                }
                match wanted(*tenant, entry) {
                    None => break,
                    Some(false) => {}
                    Some(true) => found.push((*tenant, entry)),
                }
            }
        }
        found.sort_unstable_by_key(|(_, entry)| std::cmp::Reverse(entry.number));
        found.truncate(limit);
        found
            .into_iter()
            .map(|(tenant, entry)| shown(tenant, entry))
            .collect()
    }

    /// The request of that number, with its tenant and what it carried, as far as that is kept.
    pub fn entry(&self, number: u64) -> Option<(Option<&Tenant>, Entry, Option<Carried>)> {
        let journals = self.tenants.iter();
        let journals = journals.map(|tenant| (Some(&**tenant), &tenant.journal));
        journals
            .chain([(None, &self.strays)])
            .find_map(|(tenant, journal)| {
                let journal = lock(journal);
                let entry = journal.get(number)?;
                Some((tenant, entry.clone(), journal.carried(entry)))
            })
    }

    /// Every world as JSON, secrets masked, by application id, or by Authsignal tenant id where there is no application.
    pub fn dump(&self) -> serde_json::Map<String, serde_json::Value> {
        self.tenants
            .iter()
            .map(|tenant| {
                (
                    tenant.name().to_owned(),
                    tenant.look(|world, now| world.dump(now)),
                )
            })
            .collect()
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
    configuration.challenge_mode = behaviour.challenge_mode;
    if behaviour.rs256_tokens {
        configuration.token_algorithm = TokenAlgorithm::Rs256;
    }
    planned.plant(&mut world, now)?;
    Ok(world)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::seed::Seed;
    use super::{App, Behaviour, Tenant};

    fn app() -> (App, Arc<Tenant>) {
        let behaviour = Behaviour {
            deterministic: true,
            ..Behaviour::default()
        };
        let app = App::new(behaviour, Seed::default()).unwrap();
        let tenant = app.tenants().next().map(Arc::clone).unwrap();
        (app, tenant)
    }

    #[test]
    fn who_listens_is_told_of_transactions_and_resets_and_of_no_look() {
        let (app, tenant) = app();
        let mut changed = tenant.changed();
        tenant.look(|_, _| ());
        assert!(!changed.has_changed().unwrap());
        tenant.transact(|_, _| ());
        assert!(changed.has_changed().unwrap());
        changed.mark_unchanged();
        app.reset();
        assert!(changed.has_changed().unwrap());
    }

    #[test]
    fn where_nobody_listens_nothing_is_counted() {
        let (_app, tenant) = app();
        tenant.transact(|_, _| ());
        assert_eq!(*tenant.changed().borrow(), 0);
    }
}
