//! A running mock, without its network: its tenants, its journal, its clock, and its reset.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::behaviour::Behaviour;
use super::clock::{Clock, Setting};
use super::delivery::Courier;
use super::durable::{Durable, StoreError};
use super::idle::Departures;
use super::journal::{Journal, Note};
use super::ledger::{Founding, Ledger, beat};
use super::lock::lock;
use super::part::Part;
use super::proxies::Proxies;
use super::secrets::Secrets;
use super::seed::{self, PlannedClock, Seed, SeedError, State};
use super::snapshot::{Moment, Snapshots};
use super::tally::{Counted, Tally};
use super::tenant::{Planted, Source, Tenant, set};
use super::tenants::{SecretOf, Tenants};
use crate::bounds::IGNORED_TOLD;
use crate::domain::activeconnect::{Activeconnect, Application};
use crate::domain::authsignal::token::{Keys, SessionKey, TokenAlgorithm};
use crate::domain::authsignal::{self, Authsignal};
use crate::domain::ids::Ids;
use crate::traces::{self, Traces};

/// Why a mock cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The operating system gives no random bytes; deterministic mode needs none.
    #[error(
        "cannot get random bytes from the operating system: {0}; deterministic mode needs none"
    )]
    Randomness(getrandom::Error),
    /// The seed cannot be used.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// Another tenant has an id or a secret of this one.
    #[error("{0}; each tenant needs its own")]
    Taken(String),
    /// The data directory cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data directory does not fit what the mock is started with.
    #[error("{0}")]
    Unfit(String),
}

/// What a tenant has that was created while the mock runs.
pub(super) struct Created {
    /// The place among the tenants of that which it replaces; `None` means after all.
    pub(super) number: Option<u64>,
    /// The key of its sessions.
    pub(super) key: Arc<SessionKey>,
    /// How long it stays unused; `None` means for ever.
    pub(super) life: Option<Duration>,
    /// What it begins with in place of users of the plan.
    pub(super) start: Option<Arc<Moment>>,
    /// What it was planned with.
    pub(super) source: Option<Source>,
}

/// A running mock, without its network.
pub struct App {
    /// How it behaves.
    pub behaviour: Behaviour,
    /// Its time.
    pub clock: Arc<Clock>,
    /// How its clock is set at the start.
    start: Option<PlannedClock>,
    /// The source of every id of this run.
    origin: [u8; 32],
    pub(super) resets: AtomicU64,
    tenants: Tenants,
    /// Those that it starts with.
    pub(super) seeded: Mutex<Vec<Arc<Tenant>>>,
    /// Lets one tenant at a time find free ids for its name.
    pub(super) naming: Mutex<()>,
    /// How many tenants were created since the start.
    pub(super) minted: AtomicU64,
    /// The key of the sessions of all tenants that were created. It is one for all, because a key takes longer to make
    /// than all the rest of a tenant.
    pub(super) created_key: Arc<SessionKey>,
    /// How the mock's own clock was set when snapshots of all tenants were taken, by their names.
    pub(super) clock_snapshots: Mutex<BTreeMap<String, Setting>>,
    /// When tenants that were created leave.
    pub(super) departures: Departures,
    /// How many tenants the mock has had.
    pub(super) founded: AtomicU64,
    /// Requests that belong to no tenant.
    pub(super) strays: Mutex<Journal>,
    pub(super) numbers: AtomicU64,
    tally: Tally,
    /// How often the numbers of requests have begun anew.
    pub(super) beginnings: AtomicU64,
    /// Delivers webhooks.
    pub courier: Arc<Courier>,
    /// The spans of requests and webhooks.
    pub traces: Traces,
    /// What is known of the proxies whose headers it believes.
    pub proxies: Proxies,
    /// Moves when anything may have changed: a world, a journal, the clock.
    pulse: Arc<watch::Sender<u64>>,
    /// What requests had that the mock has ignored, as far as the log says so.
    told: Mutex<HashSet<(Option<&'static str>, String)>>,
    /// Whether the mock must stop.
    stopped: watch::Sender<bool>,
    /// Who writes what changes, if anybody does.
    pub durable: Option<Arc<Durable>>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every secret of the run follows from its origin.
        f.debug_struct("App")
            .field("behaviour", &self.behaviour)
            .field("tenants", &self.tenants.all())
            .finish_non_exhaustive()
    }
}

impl App {
    /// A mock with the worlds of `seed`.
    ///
    /// # Errors
    /// The seed is contradictory, or the operating system gives no random bytes.
    pub fn new(behaviour: Behaviour, seed: Seed) -> Result<Self, AppError> {
        Self::begun(behaviour, seed, None)
    }

    /// As [`new`](Self::new), with who writes what changes.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub(super) fn begun(
        behaviour: Behaviour,
        seed: Seed,
        durable: Option<Arc<Durable>>,
    ) -> Result<Self, AppError> {
        let mut origin = [0; 32];
        if !behaviour.deterministic {
            getrandom::fill(&mut origin).map_err(AppError::Randomness)?;
        }
        let app = Self::empty(behaviour, seed.clock, origin, durable);
        let seed = app.admissible(seed)?;
        for (index, planned) in seed.tenants.into_iter().enumerate() {
            let added = app.add(planned, None);
            added.map_err(|error| at(index, error))?;
        }
        *lock(&app.seeded) = app.tenants.all();
        Ok(app)
    }

    /// A seed with all that it leaves out, if the mock can have it.
    pub(super) fn admissible(&self, seed: Seed) -> Result<Seed, AppError> {
        let seed = seed.completed()?;
        seed.check_webhooks(|url| self.courier.check(url))?;
        Ok(seed)
    }

    /// A mock without tenants.
    pub(super) fn empty(
        behaviour: Behaviour,
        start: Option<PlannedClock>,
        origin: [u8; 32],
        durable: Option<Arc<Durable>>,
    ) -> Self {
        let clock = new_clock(behaviour.deterministic);
        set(&clock, start.as_ref());
        let traces = Traces::default();
        Self {
            clock,
            start,
            origin,
            resets: AtomicU64::new(0),
            tenants: Tenants::default(),
            seeded: Mutex::default(),
            naming: Mutex::default(),
            minted: AtomicU64::new(0),
            created_key: Arc::new(session_key(origin, "tenants that were created")),
            clock_snapshots: Mutex::default(),
            departures: Departures::default(),
            founded: AtomicU64::new(0),
            strays: Mutex::new(Journal::new(behaviour.journal)),
            numbers: AtomicU64::new(1),
            tally: Tally::default(),
            beginnings: AtomicU64::new(0),
            pulse: Arc::new(watch::Sender::new(0)),
            stopped: watch::Sender::new(false),
            told: Mutex::default(),
            proxies: Proxies::default(),
            traces: traces.clone(),
            courier: Arc::new(courier(&behaviour, traces)),
            durable,
            behaviour,
        }
    }

    /// Notes where the mock listens, which no webhook may go to.
    ///
    /// # Errors
    /// The seed has a webhook that goes there.
    pub fn listens_at(&self, addresses: &[SocketAddr]) -> Result<(), AppError> {
        self.courier.listens_at(addresses);
        let tenants = self.tenants.all();
        let planned = tenants.iter().map(|tenant| &tenant.planned);
        seed::check_webhooks(planned, |url| self.courier.check(url))?;
        Ok(())
    }

    /// Makes a tenant and adds it: one that the mock starts with, or one that was created.
    pub(super) fn add(
        &self,
        planned: seed::PlannedTenant,
        created: Option<Created>,
    ) -> Result<Arc<Tenant>, AppError> {
        let tenant = Arc::new(self.planted(planned, created)?);
        if let Some(part) = tenant.authsignal() {
            for warning in part.look(|authsignal, _| authsignal.configuration.warnings()) {
                tracing::warn!(tenant = part.account().id, "{warning}");
            }
        }
        self.admit(&tenant)?;
        Ok(tenant)
    }

    /// Adds a tenant.
    pub(super) fn admit(&self, tenant: &Arc<Tenant>) -> Result<(), AppError> {
        let added = self.tenants.add(Arc::clone(tenant));
        added.map_err(AppError::Taken)?;
        let (number, end) = (tenant.ledger.number(), tenant.ledger.end());
        if end.is_some() {
            self.departures.set(number, end);
        }
        self.note(number);
        tenant.ledger.ring();
        beat(&self.pulse);
        Ok(())
    }

    /// A tenant of that number is another now, or the mock itself is.
    pub(super) fn note(&self, number: u64) {
        if let Some(durable) = &self.durable {
            durable.note(number);
        }
    }

    /// A tenant with a clock of its own, which no other tenant moves.
    pub(super) fn planted(
        &self,
        planned: seed::PlannedTenant,
        created: Option<Created>,
    ) -> Result<Tenant, AppError> {
        let (number, key, life, start, source) = match created {
            None => (None, None, None, None, None),
            Some(created) => {
                let key = Some(created.key);
                (
                    created.number,
                    key,
                    created.life,
                    created.start,
                    created.source,
                )
            }
        };
        let state = planned.state.as_deref();
        let application = planned.activeconnect.as_ref().map(|planned| {
            Arc::new(Application {
                id: planned.id.clone(),
                secret: planned.secret.expose().to_owned(),
                name: planned.name.clone().unwrap_or_else(|| planned.id.clone()),
            })
        });
        let account = planned.authsignal.as_ref();
        let seed = state.map_or(Ok(None), State::session_key);
        let key = match seed.map_err(impossible)? {
            // One that is there already need not be made once more.
            Some(seed) if key.as_ref().is_none_or(|key| key.seed() != seed) => {
                Some(Arc::new(SessionKey::new(seed)))
            }
            _ => key,
        };
        let account = account.map(|planned| Arc::new(self.account(planned, key)));
        let clock = new_clock(self.behaviour.deterministic);
        set(&clock, planned.clock.as_ref());
        let planted = Planted::new(
            &self.behaviour,
            self.origin,
            application.as_ref(),
            account.as_ref(),
            &planned,
            clock.now(),
        )?;
        let (_, faults) = planned.plans().map_err(SeedError::Impossible)?;
        let dice = state.map(State::dice).transpose().map_err(impossible)?;
        let names = [
            application.as_ref().map(|application| &application.id),
            account.as_ref().map(|account| &account.id),
        ];
        let name = names.into_iter().flatten().next();
        let name = name.cloned().unwrap_or_default();
        let of_account = account.as_ref().map(|account| {
            [
                &account.secret,
                &account.management_secret,
                &account.terminal_secret,
            ]
        });
        let secrets = application.iter().map(|application| &application.secret);
        let secrets = secrets.chain(of_account.into_iter().flatten());
        let secrets = Secrets::new(secrets.map(String::as_str));
        let ledger = Arc::new(Ledger::new(Founding {
            number: number.unwrap_or_else(|| self.founded.fetch_add(1, Ordering::Relaxed)),
            dice: dice.unwrap_or_else(|| Ids::new(dice_of(self.origin, &name))),
            name,
            life,
            clock,
            supplies: planted.supplies,
            journal: Journal::new(self.behaviour.journal),
            secrets,
            faults,
            courier: Arc::clone(&self.courier),
            pulse: Arc::clone(&self.pulse),
            durable: self.durable.clone(),
        }));
        let activeconnect = application.zip(planted.activeconnect);
        let activeconnect = activeconnect
            .map(|(account, state)| Arc::new(Part::new(account, state, Arc::clone(&ledger))));
        let authsignal = account.zip(planted.authsignal);
        let authsignal = authsignal
            .map(|(account, state)| Arc::new(Part::new(account, state, Arc::clone(&ledger))));
        let tenant = Tenant {
            planned,
            ledger,
            activeconnect,
            authsignal,
            itself: Arc::default(),
            start,
            snapshots: Mutex::default(),
            source,
        };
        if let Some(start) = &tenant.start {
            tenant.begin(start);
        }
        Ok(tenant)
    }

    /// Who may call an Authsignal tenant that is to be planted.
    fn account(
        &self,
        planned: &seed::AuthsignalTenant,
        key: Option<Arc<SessionKey>>,
    ) -> authsignal::Tenant {
        let publishable_key = Sha256::new()
            .chain_update("publishable key of ")
            .chain_update(&planned.id)
            .finalize();
        // A key of its own, as the vendor's tenants have, so that a gateway of one tenant takes no token of another. It stays
        // through a reset, as the secret does, and is made when it is first needed.
        let key = key.unwrap_or_else(|| Arc::new(session_key(self.origin, &planned.id)));
        let secret = planned.secret.expose();
        let algorithm = if planned.rs256_tokens || self.behaviour.rs256_tokens {
            TokenAlgorithm::Rs256
        } else {
            TokenAlgorithm::Hs256
        };
        authsignal::Tenant {
            id: planned.id.clone(),
            secret: secret.to_owned(),
            management_secret: planned.management_secret(),
            terminal_secret: planned.terminal_secret(),
            publishable_key: publishable_key[..16]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            keys: Keys::new(secret, algorithm, key),
        }
    }

    /// The Activeconnect application of that id.
    pub fn application(&self, application_id: &str) -> Option<Arc<Part<Activeconnect>>> {
        self.tenants.application(application_id)
    }

    /// Every Activeconnect application.
    pub fn applications(&self) -> Vec<Arc<Part<Activeconnect>>> {
        let tenants = self.tenants.all();
        let parts = tenants.iter().filter_map(|tenant| tenant.activeconnect());
        parts.map(Arc::clone).collect()
    }

    /// The Authsignal tenant of that id.
    pub fn authsignal(&self, tenant_id: &str) -> Option<Arc<Part<Authsignal>>> {
        self.tenants.authsignal(tenant_id)
    }

    /// The Authsignal tenant of that secret.
    pub fn authsignal_by(&self, which: SecretOf, secret: &str) -> Option<Arc<Part<Authsignal>>> {
        self.tenants.by_secret(which, secret)
    }

    /// Every Authsignal tenant.
    pub fn authsignals(&self) -> Vec<Arc<Part<Authsignal>>> {
        let tenants = self.tenants.all();
        let parts = tenants.iter().filter_map(|tenant| tenant.authsignal());
        parts.map(Arc::clone).collect()
    }

    /// Every tenant, in the order in which they came.
    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        self.tenants.all()
    }

    /// The tenant with that id: of its Activeconnect application, or of its Authsignal tenant.
    pub fn tenant(&self, name: &str) -> Option<Arc<Tenant>> {
        self.tenants.named(name)
    }

    /// Resets everything to the state at startup: tenants that were created leave, and those that were deleted come
    /// back. In deterministic mode the ids are the same as at startup; otherwise they are new.
    pub fn reset(&self) {
        let origin = self.next_origin();
        self.clock.reset();
        set(&self.clock, self.start.as_ref());
        lock(&self.clock_snapshots).clear();
        let tenants = lock(&self.seeded).clone();
        for left in self.tenants.replace(&tenants) {
            self.departures.set(left.ledger.number(), None);
            left.ledger.close();
            self.note(left.ledger.number());
        }
        if self.behaviour.deterministic {
            self.minted.store(0, Ordering::Relaxed);
        }
        for tenant in &tenants {
            tenant.ledger.open();
            tenant.start_clock();
            self.replant(tenant, origin);
        }
        {
            // All at once: numbers begin again, and rise in each journal.
            let journals = tenants.iter().map(|tenant| &tenant.ledger.journal);
            let mut journals: Vec<_> = journals.chain([&self.strays]).map(lock).collect();
            for journal in &mut journals {
                **journal = Journal::new(self.behaviour.journal);
            }
            self.numbers.store(1, Ordering::Relaxed);
            self.beginnings.fetch_add(1, Ordering::Release);
        }
        for tenant in &tenants {
            tenant.ledger.stir();
        }
        self.announce();
    }

    /// Puts one tenant back to the start, with its clock. The numbers of requests go on, because they are every tenant's.
    pub fn reset_tenant(&self, tenant: &Tenant) {
        tenant.start_clock();
        self.replant(tenant, self.next_origin());
        *lock(&tenant.ledger.journal) = Journal::new(self.behaviour.journal);
        tenant.ledger.stir();
        beat(&self.pulse);
    }

    /// What ids come from after one more reset.
    fn next_origin(&self) -> [u8; 32] {
        let resets = self.resets.fetch_add(1, Ordering::Relaxed);
        if self.behaviour.deterministic {
            return self.origin;
        }
        Sha256::new()
            .chain_update(self.origin)
            .chain_update(resets.to_le_bytes())
            .finalize()
            .into()
    }

    fn replant(&self, tenant: &Tenant, origin: [u8; 32]) {
        let application = tenant.activeconnect.as_ref().map(|part| part.account());
        let account = tenant.authsignal.as_ref().map(|part| part.account());
        let (planned, now) = (&tenant.planned, tenant.ledger.clock.now());
        match Planted::new(&self.behaviour, origin, application, account, planned, now) {
            Ok(planted) => tenant.replant(planted, self.behaviour.deterministic),
            // The same seed made a tenant at the start, so it does again.
            Err(error) => tracing::error!(%error, "cannot reset a tenant"),
        }
        tenant.ledger.forget();
        *tenant.snapshots() = Snapshots::default();
        if let Some(start) = &tenant.start {
            tenant.begin(start);
        }
    }

    /// Freezes or releases the clock of the mock and those of all tenants, then moves each forward at once. What falls due
    /// meanwhile is late; [`pass`](Self::pass) takes it in its turn.
    pub fn change_clock(&self, freeze: Option<bool>, advance: Duration) {
        self.clock.change(freeze, advance);
        for tenant in self.tenants.all() {
            self.change_clock_of(&tenant, freeze, advance);
        }
        self.announce();
    }

    /// As [`change_clock`](Self::change_clock), of one tenant.
    pub fn change_clock_of(&self, tenant: &Tenant, freeze: Option<bool>, advance: Duration) {
        tenant.ledger.clock.change(freeze, advance);
        tenant.ledger.stir();
    }

    /// Wakes who waits for a change of anything, and says that the mock itself is another.
    pub(super) fn announce(&self) {
        self.note(MOCK_ITSELF);
        beat(&self.pulse);
    }

    /// The source of every id of this run.
    pub(super) fn origin(&self) -> [u8; 32] {
        self.origin
    }

    /// Takes the tenant with that id away.
    pub(super) fn remove(&self, name: &str) -> Option<Arc<Tenant>> {
        let removed = self.tenants.remove(name)?;
        self.departures.set(removed.ledger.number(), None);
        self.note(removed.ledger.number());
        Some(removed)
    }

    /// Adds all tenants or none. A tenant replaces the one that has its ids, and with it that one's journal.
    ///
    /// # Errors
    /// There is no room, or another tenant has one of their ids or secrets.
    pub(super) fn swap(&self, tenants: &[Arc<Tenant>]) -> Result<(), String> {
        for left in self.tenants.swap(tenants)? {
            self.departures.set(left.ledger.number(), None);
            left.ledger.close();
            self.note(left.ledger.number());
        }
        for tenant in tenants {
            let (number, end) = (tenant.ledger.number(), tenant.ledger.end());
            if end.is_some() {
                self.departures.set(number, end);
            }
            tenant.ledger.stir();
        }
        Ok(())
    }

    /// The tenant with that number, if it is still there.
    pub fn numbered(&self, number: u64) -> Option<Arc<Tenant>> {
        self.tenants.numbered(number)
    }

    /// Writes a request into the journal of its tenant, or into the journal of requests without a tenant.
    pub fn record(&self, ledger: Option<&Ledger>, mut note: Note<'_>) {
        if let Some(ledger) = ledger {
            let texts = std::iter::once(&mut note.target).chain(&mut note.user_id);
            let texts = texts.chain(&mut note.reason).chain(&mut note.warning);
            for text in texts.chain(&mut note.ignored) {
                ledger.secrets().hide_in(text);
            }
        }
        let at = ledger.map_or(&self.clock, |ledger| &ledger.clock).now();
        tracing::debug!(
            operation = note.operation.unwrap_or("none"),
            method = %note.method,
            status = note.status,
            "answered"
        );
        traces::belongs(note.api, ledger.map(Ledger::name));
        self.tally.count(Counted {
            api: note.api,
            operation: note.operation,
            status: note.status,
        });
        if let Some(ignored) = &note.ignored {
            self.warn_once(note.operation, ignored);
        }
        {
            let mut journal = lock(ledger.map_or(&self.strays, |ledger| &ledger.journal));
            // Under the lock, so that numbers rise in each journal, and a caller that holds all locks misses none.
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            journal.record(note, number, at);
        }
        if let Some(ledger) = ledger {
            ledger.announce_record();
        }
        beat(&self.pulse);
    }

    /// How many requests the mock has answered since it started.
    pub fn counts(&self) -> Vec<(Counted, u64)> {
        self.tally.counts()
    }

    /// How many requests the journals keep now.
    pub fn recorded(&self) -> usize {
        let tenants = self.tenants();
        let journals = tenants.iter().map(|tenant| &tenant.ledger.journal);
        journals
            .chain([&self.strays])
            .map(|journal| lock(journal).kept())
            .sum()
    }

    /// Warns of what an operation has ignored, unless the log says so already.
    fn warn_once(&self, operation: Option<&'static str>, ignored: &str) {
        let mut told = lock(&self.told);
        if told.len() < IGNORED_TOLD && told.insert((operation, ignored.to_owned())) {
            let operation = operation.unwrap_or("none");
            tracing::warn!(operation, "{ignored}. This warning is not repeated");
        }
    }

    /// A number that changes after each change of anything while somebody listens. Its value means nothing.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.pulse.subscribe()
    }

    /// How often the mock was reset.
    pub fn resets(&self) -> u64 {
        self.resets.load(Ordering::Relaxed)
    }

    /// Tells every endless task to stop.
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
}

/// The refusal of a tenant of the seed.
pub(super) fn at(index: usize, error: AppError) -> AppError {
    match error {
        AppError::Seed(SeedError::Impossible(why)) => {
            SeedError::Impossible(format!("tenants[{index}].{why}")).into()
        }
        error => error,
    }
}

/// The number of no tenant, which stands for the mock itself.
const MOCK_ITSELF: u64 = u64::MAX;

/// The key of a tenant's sessions.
pub(super) fn session_key(origin: [u8; 32], of: &str) -> SessionKey {
    let seed = Sha256::new()
        .chain_update("session key of ")
        .chain_update(origin)
        .chain_update(of)
        .finalize();
    SessionKey::new(seed.into())
}

/// The seed of what is drawn for faults of a tenant.
fn dice_of(origin: [u8; 32], tenant: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update("faults of ")
        .chain_update(origin)
        .chain_update(tenant)
        .finalize()
        .into()
}

/// The refusal of a state in a seed.
fn impossible(why: String) -> SeedError {
    SeedError::Impossible(format!("state: {why}"))
}

/// A clock that nobody has moved.
fn new_clock(deterministic: bool) -> Arc<Clock> {
    Arc::new(if deterministic {
        Clock::fixed()
    } else {
        Clock::system()
    })
}

/// The sender of webhooks under these settings.
fn courier(behaviour: &Behaviour, traces: Traces) -> Courier {
    let courier = Courier::new(behaviour.webhook_timeout, &behaviour.webhook_allow).tracing(traces);
    if behaviour.webhook_insecure {
        courier.trusting_anyone()
    } else {
        courier
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::super::journal::Note;
    use super::super::seed::{self, Seed};
    use super::{App, Behaviour, SecretOf};

    fn app(seed: Seed) -> App {
        let behaviour = Behaviour {
            deterministic: true,
            ..Behaviour::default()
        };
        App::new(behaviour, seed).unwrap()
    }

    #[test]
    fn who_listens_is_told_of_transactions_and_resets_and_of_no_look() {
        let app = app(Seed::default());
        let part = app.authsignals().remove(0);
        let mut changed = part.ledger().changed();
        part.look(|_, _| ());
        assert!(!changed.has_changed().unwrap());
        part.transact(|_, _| ());
        assert!(changed.has_changed().unwrap());
        changed.mark_unchanged();
        app.reset();
        assert!(changed.has_changed().unwrap());
    }

    #[test]
    fn where_nobody_listens_nothing_is_counted() {
        let app = app(Seed::default());
        let part = app.applications().remove(0);
        part.transact(|_, _| ());
        assert_eq!(*part.ledger().changed().borrow(), 0);
    }

    #[test]
    fn a_reset_and_a_reader_of_all_journals_do_not_wait_for_each_other() {
        let app = app(Seed::default());
        std::thread::scope(|scope| {
            scope.spawn(|| (0..2_000).for_each(|_| app.reset()));
            scope.spawn(|| (0..20_000).for_each(|_| drop(app.journal(1))));
        });
    }

    #[test]
    fn webhooks_of_a_dump_without_secrets_go_where_they_went_without_keys() {
        let url = "http://hookuser:hookpass@127.0.0.1:9/in?key=HOOKKEY1";
        let sms = json!({"authenticatorId": "sms", "verificationMethod": "SMS", "isActive": true,
            "smsProvider": "WEBHOOK", "webhookUrl": url});
        let seed = json!({"tenants": [{"authsignal": {
            "id": "shop",
            "secret": "shop-secret",
            "webhooks": [{"url": url, "events": []}],
            "verificationWebhooks": {"pay": url, "token": url},
            "challengeModes": {"token": "auto-succeed"},
            "management": {"authenticator-configurations/sms": sms},
        }}]});
        let app = app(Seed::from_value(seed).unwrap());
        assert_eq!(
            json!(app.dump(None, true)).to_string().matches(url).count(),
            5
        );
        let dump = app.dump(None, false);
        let told = json!(dump).to_string();
        for secret in ["hookuser", "hookpass", "HOOKKEY1"] {
            assert!(!told.contains(secret), "{told}");
        }
        assert_eq!(told.matches("@127.0.0.1:9/in?key=").count(), 5, "{told}");
        app.load(dump.clone()).unwrap();
        let again = app.dump(None, false);
        let targets = |dump: &Map<String, Value>| {
            dump["tenants"][0]["state"]["authsignal"]["events"]["targets"].clone()
        };
        let (before, after) = (targets(&dump), targets(&again));
        assert_eq!(after["endpoints"].as_array().map(Vec::len), Some(1));
        assert_eq!(
            before.to_string().len(),
            after.to_string().len(),
            "{before} {after}"
        );
    }

    #[test]
    fn one_tenant_is_reset_and_no_other() {
        let named = |id: &str| seed::PlannedTenant {
            activeconnect: Some(seed::Application {
                id: id.to_owned(),
                ..seed::Application::default_one()
            }),
            ..seed::PlannedTenant::default()
        };
        let app = app(Seed {
            tenants: vec![named("one"), named("two")],
            ..Seed::default()
        });
        let add = |id: &str| {
            let part = app.application(id).unwrap();
            part.transact(|activeconnect, _| activeconnect.add_users(vec!["ada".to_owned()]));
            let note = Note::new("activeconnect", "POST", "/", 200);
            app.record(Some(part.ledger()), note);
        };
        let population = |id: &str| {
            let part = app.application(id).unwrap();
            part.look(|activeconnect, _| activeconnect.population())
        };
        add("one");
        add("two");
        app.change_clock(Some(true), std::time::Duration::from_secs(60));
        let now = app.clock.now();
        let time = |id: &str| app.application(id).unwrap().ledger().clock().now();
        assert_eq!((time("one"), time("two")), (now, now));
        app.reset_tenant(&app.tenant("one").unwrap());
        assert!(time("one") < now && time("two") == now);
        assert_eq!((population("one"), population("two")), (0, 1));
        assert_eq!(app.journal(9).len(), 1, "the other tenant's");
        assert_eq!((app.clock.now(), app.newest(), app.resets()), (now, 2, 1));
        add("one");
        assert_eq!(app.journal(1)[0].number, 3);
    }

    #[test]
    fn a_seed_cannot_have_the_mock_itself_for_a_receiver() {
        let mine = Seed::default().with_webhook("http://localhost:4750/_mock/webhooks/trigger");
        let app = app(mine);
        assert!(app.listens_at(&[([127, 0, 0, 1], 4751).into()]).is_ok());
        let app = self::app(Seed::default().with_webhook("http://localhost:4750/"));
        let error = app
            .listens_at(&[([127, 0, 0, 1], 4750).into()])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("localhost:4750 is the mock itself"),
            "{error}"
        );
    }

    #[test]
    fn a_large_state_comes_page_by_page_and_no_user_is_missed() {
        let app = app(Seed::default());
        let id = |number: usize| format!("user-{number:03}");
        let application = app.applications().remove(0);
        let ids: Vec<_> = (0..150).map(id).collect();
        application.transact(|activeconnect, _| activeconnect.add_users(ids.clone()));
        let tenant = app.tenants().remove(0);
        let whole = tenant.dump(None, usize::MAX);
        assert!(whole.get("next").is_none());
        let (mut after, mut seen, mut pages) = (None::<String>, Vec::new(), 0);
        loop {
            let page = tenant.dump(after.as_deref(), 40);
            let users = page["activeconnect"]["users"].as_object().unwrap();
            assert!(users.len() <= 40);
            seen.extend(users.keys().cloned());
            pages += 1;
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!((seen, pages), (ids, 4));
    }

    #[test]
    fn a_tenant_has_the_parts_of_its_seed_and_no_other() {
        let only = |activeconnect: bool| {
            let mut tenant = seed::PlannedTenant::default();
            if activeconnect {
                tenant.activeconnect = Some(seed::Application {
                    id: "shop".to_owned(),
                    ..seed::Application::default_one()
                });
            } else {
                tenant.authsignal = Some(seed::AuthsignalTenant {
                    id: "bank".to_owned(),
                    secret: "the bank's secret".to_owned().into(),
                    management_secret: None,
                    terminal_secret: None,
                    ..seed::AuthsignalTenant::default_one()
                });
            }
            tenant
        };
        let app = app(Seed {
            tenants: vec![seed::PlannedTenant::default(), only(true), only(false)],
            ..Seed::default()
        });
        let parts = |name: &str| {
            let tenant = app.tenant(name).unwrap();
            assert_eq!(tenant.name(), name);
            let parts = (tenant.activeconnect(), tenant.authsignal());
            (parts.0.is_some(), parts.1.is_some())
        };
        assert_eq!(parts("shop"), (true, false));
        assert_eq!(parts("bank"), (false, true));
        assert!(app.application("").is_none() && app.authsignal("").is_none());
        assert!(app.authsignal_by(SecretOf::Server, "").is_none());
        assert_eq!((app.applications().len(), app.authsignals().len()), (2, 2));
    }

    #[test]
    fn both_parts_of_a_tenant_draw_on_one_sequence_of_ids() {
        let app = app(Seed::default());
        let (activeconnect, authsignal) =
            (app.applications().remove(0), app.authsignals().remove(0));
        let first = activeconnect.transact(|_, turn| turn.ids.uuid());
        let second = authsignal.transact(|_, turn| turn.ids.uuid());
        assert_ne!(first, second);
        app.reset();
        assert_eq!(authsignal.transact(|_, turn| turn.ids.uuid()), first);
        assert_eq!(activeconnect.transact(|_, turn| turn.ids.uuid()), second);
    }
}
