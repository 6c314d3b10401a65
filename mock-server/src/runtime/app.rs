//! A running mock, without its network: its tenants, its journal, its clock, and its reset.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::watch;

use super::behaviour::Behaviour;
use super::clock::Clock;
use super::delivery::Courier;
use super::journal::{Carried, Entry, Journal, Note};
use super::ledger::{Ledger, beat};
use super::lock::lock;
use super::part::Part;
use super::proxies::Proxies;
use super::seed::{self, Seed, SeedError};
use super::tenant::{Planted, Tenant};
use crate::domain::activeconnect::{Activeconnect, Application};
use crate::domain::authsignal::token::{Keys, SessionKey, TokenAlgorithm};
use crate::domain::authsignal::{self, Authsignal};

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
}

/// A running mock, without its network.
pub struct App {
    /// How it behaves.
    pub behaviour: Behaviour,
    /// Its time.
    pub clock: Arc<Clock>,
    /// The source of every id of this run.
    origin: [u8; 32],
    resets: AtomicU64,
    tenants: Vec<Tenant>,
    /// By Activeconnect application id.
    applications: HashMap<String, Arc<Part<Activeconnect>>>,
    /// By Authsignal tenant id.
    authsignal_ids: HashMap<String, Arc<Part<Authsignal>>>,
    /// By a keyed hash of the Authsignal secret, so that the time of a look-up says nothing about the secret. Secrets of
    /// the same hash are compared in constant time.
    authsignal_secrets: HashMap<u64, Vec<Arc<Part<Authsignal>>>>,
    /// The same for the secret of terminals.
    terminal_secrets: HashMap<u64, Vec<Arc<Part<Authsignal>>>>,
    /// The same for the management secret.
    management_secrets: HashMap<u64, Vec<Arc<Part<Authsignal>>>>,
    /// Keys that hash. SipHash costs every request less than a hash that needs no key.
    secret_keys: RandomState,
    /// Requests that belong to no tenant.
    strays: Mutex<Journal>,
    numbers: AtomicU64,
    /// Delivers webhooks.
    pub courier: Arc<Courier>,
    /// What is known of the proxies whose headers it believes.
    pub proxies: Proxies,
    /// Moves when anything may have changed: a world, a journal, the clock.
    pulse: Arc<watch::Sender<u64>>,
    /// Whether the mock must stop.
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
    /// The seed is contradictory, or the operating system gives no random bytes.
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
            terminal_secrets: HashMap::new(),
            management_secrets: HashMap::new(),
            secret_keys: RandomState::new(),
            strays: Mutex::new(Journal::new(behaviour.journal)),
            numbers: AtomicU64::new(1),
            pulse: Arc::new(watch::Sender::new(0)),
            stopped: watch::Sender::new(false),
            proxies: Proxies::default(),
            courier: Arc::new(courier(&behaviour)),
            behaviour,
        };
        let seed = seed.completed()?;
        seed.check_webhooks(|url| app.courier.check(url))?;
        for planned in seed.tenants {
            app.add(planned)?;
        }
        Ok(app)
    }

    /// Notes where the mock listens, which no webhook may go to.
    ///
    /// # Errors
    /// The seed has a webhook that goes there.
    pub fn listens_at(&self, address: SocketAddr) -> Result<(), AppError> {
        self.courier.listens_at(address);
        let planned = self.tenants.iter().map(|tenant| &tenant.planned);
        seed::check_webhooks(planned, |url| self.courier.check(url))?;
        Ok(())
    }

    fn add(&mut self, planned: seed::PlannedTenant) -> Result<(), AppError> {
        let application = planned.activeconnect.as_ref().map(|planned| {
            Arc::new(Application {
                id: planned.id.clone(),
                secret: planned.secret.expose().to_owned(),
                name: planned.name.clone().unwrap_or_else(|| planned.id.clone()),
            })
        });
        let account = planned.authsignal.as_ref();
        let account = account.map(|planned| Arc::new(self.account(planned)));
        let now = self.clock.now();
        let planted = Planted::new(
            &self.behaviour,
            self.origin,
            application.as_ref(),
            account.as_ref(),
            &planned,
            now,
        )?;
        let failures = planned.failures().map_err(SeedError::Impossible)?;
        let names = [
            application.as_ref().map(|application| &application.id),
            account.as_ref().map(|account| &account.id),
        ];
        let ledger = Arc::new(Ledger::new(
            names
                .into_iter()
                .flatten()
                .next()
                .cloned()
                .unwrap_or_default(),
            Arc::clone(&self.clock),
            planted.supplies,
            Journal::new(self.behaviour.journal),
            failures,
            Arc::clone(&self.courier),
            Arc::clone(&self.pulse),
        ));
        let activeconnect = application.zip(planted.activeconnect);
        let activeconnect = activeconnect
            .map(|(account, state)| Arc::new(Part::new(account, state, Arc::clone(&ledger))));
        let authsignal = account.zip(planted.authsignal);
        let authsignal = authsignal
            .map(|(account, state)| Arc::new(Part::new(account, state, Arc::clone(&ledger))));
        if let Some(part) = &activeconnect {
            self.applications
                .insert(part.account().id.clone(), Arc::clone(part));
        }
        if let Some(part) = &authsignal {
            let account = part.account();
            for warning in part.look(|authsignal, _| authsignal.configuration.warnings()) {
                tracing::warn!(tenant = account.id, "{warning}");
            }
            self.authsignal_ids
                .insert(account.id.clone(), Arc::clone(part));
            let hash = self.secret_keys.hash_one(&*account.secret);
            let same = self.authsignal_secrets.entry(hash).or_default();
            same.push(Arc::clone(part));
            let hash = self.secret_keys.hash_one(&*account.terminal_secret);
            let same = self.terminal_secrets.entry(hash).or_default();
            same.push(Arc::clone(part));
            let hash = self.secret_keys.hash_one(&*account.management_secret);
            let same = self.management_secrets.entry(hash).or_default();
            same.push(Arc::clone(part));
        }
        self.tenants.push(Tenant {
            planned,
            ledger,
            activeconnect,
            authsignal,
        });
        Ok(())
    }

    /// Who may call an Authsignal tenant that is to be planted.
    fn account(&self, planned: &seed::AuthsignalTenant) -> authsignal::Tenant {
        let publishable_key = Sha256::new()
            .chain_update("publishable key of ")
            .chain_update(&planned.id)
            .finalize();
        // A key of its own, as the vendor's tenants have, so that a gateway of one tenant takes no token of another. It stays
        // through a reset, as the secret does, and is made when it is first needed.
        let session_key = Sha256::new()
            .chain_update("session key of ")
            .chain_update(self.origin)
            .chain_update(&planned.id)
            .finalize();
        let session_key = SessionKey::new(session_key.into());
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
            keys: Keys::new(secret, algorithm, Arc::new(session_key)),
        }
    }

    /// The Activeconnect application of that id.
    pub fn application(&self, application_id: &str) -> Option<&Arc<Part<Activeconnect>>> {
        self.applications.get(application_id)
    }

    /// Every Activeconnect application.
    pub fn applications(&self) -> impl Iterator<Item = &Arc<Part<Activeconnect>>> {
        self.tenants.iter().filter_map(Tenant::activeconnect)
    }

    /// The Authsignal tenant of that id.
    pub fn authsignal(&self, tenant_id: &str) -> Option<&Arc<Part<Authsignal>>> {
        self.authsignal_ids.get(tenant_id)
    }

    /// The Authsignal tenant of that server API secret.
    pub fn authsignal_by_secret(&self, secret: &str) -> Option<&Arc<Part<Authsignal>>> {
        let hash = self.secret_keys.hash_one(secret);
        let own = |account: &'_ authsignal::Tenant| same(&account.secret, secret);
        let same = self.authsignal_secrets.get(&hash)?;
        same.iter().find(|part| own(part.account()))
    }

    /// The Authsignal tenant of that management secret.
    pub fn authsignal_by_management_secret(&self, secret: &str) -> Option<&Arc<Part<Authsignal>>> {
        let hash = self.secret_keys.hash_one(secret);
        let own = |account: &'_ authsignal::Tenant| same(&account.management_secret, secret);
        let same = self.management_secrets.get(&hash)?;
        same.iter().find(|part| own(part.account()))
    }

    /// The Authsignal tenant of that secret of terminals.
    pub fn authsignal_by_terminal_secret(&self, secret: &str) -> Option<&Arc<Part<Authsignal>>> {
        let hash = self.secret_keys.hash_one(secret);
        let own = |account: &'_ authsignal::Tenant| same(&account.terminal_secret, secret);
        let same = self.terminal_secrets.get(&hash)?;
        same.iter().find(|part| own(part.account()))
    }

    /// Every Authsignal tenant.
    pub fn authsignals(&self) -> impl Iterator<Item = &Arc<Part<Authsignal>>> {
        self.tenants.iter().filter_map(Tenant::authsignal)
    }

    /// Every tenant.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.iter()
    }

    /// The tenant with that id: of its Activeconnect application, or of its Authsignal tenant.
    pub fn tenant(&self, name: &str) -> Option<&Tenant> {
        let application = |tenant: &&Tenant| {
            let part = tenant.activeconnect();
            part.is_some_and(|part| part.account().id == name)
        };
        let authsignal = |tenant: &&Tenant| {
            let part = tenant.authsignal();
            part.is_some_and(|part| part.account().id == name)
        };
        let mut tenants = self.tenants.iter();
        let found = tenants.clone().find(application);
        found.or_else(|| tenants.find(authsignal))
    }

    /// Resets everything to the state at startup. In deterministic mode the ids are the same as at startup; otherwise
    /// they are new.
    pub fn reset(&self) {
        let origin = self.next_origin();
        self.clock.reset();
        for tenant in &self.tenants {
            self.replant(tenant, origin);
        }
        {
            // All at once: numbers begin again, and rise in each journal.
            let journals = self.tenants.iter().map(|tenant| &tenant.ledger.journal);
            let mut journals: Vec<_> = journals.chain([&self.strays]).map(lock).collect();
            for journal in &mut journals {
                **journal = Journal::new(self.behaviour.journal);
            }
            self.numbers.store(1, Ordering::Relaxed);
        }
        for tenant in &self.tenants {
            tenant.ledger.announce();
        }
        beat(&self.pulse);
    }

    /// Puts one tenant back to the start. The clock goes on, because it is every tenant's, and so do the numbers of
    /// requests.
    pub fn reset_tenant(&self, tenant: &Tenant) {
        self.replant(tenant, self.next_origin());
        *lock(&tenant.ledger.journal) = Journal::new(self.behaviour.journal);
        tenant.ledger.announce();
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
        let (planned, now) = (&tenant.planned, self.clock.now());
        match Planted::new(&self.behaviour, origin, application, account, planned, now) {
            Ok(planted) => tenant.replant(planted, self.behaviour.deterministic),
            // The same seed made a tenant at the start, so it does again.
            Err(error) => tracing::error!(%error, "cannot reset a tenant"),
        }
        tenant.ledger.forget();
    }

    /// Freezes or releases the clock, then moves it forward.
    pub fn change_clock(&self, freeze: Option<bool>, advance: Duration) {
        self.clock.change(freeze, advance);
        self.courier.ring();
        beat(&self.pulse);
    }

    /// Writes a request into the journal of its tenant, or into the journal of requests without a tenant.
    pub fn record(&self, ledger: Option<&Ledger>, note: Note<'_>) {
        let at = self.clock.now();
        tracing::debug!(
            operation = note.operation.unwrap_or("none"),
            method = %note.method,
            status = note.status,
            "answered"
        );
        {
            let mut journal = lock(ledger.map_or(&self.strays, |ledger| &ledger.journal));
            // Under the lock, so that numbers rise in each journal, and a caller that holds all locks misses none.
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            journal.record(note, number, at);
        }
        beat(&self.pulse);
    }

    /// A number that changes after each change of anything while somebody listens. Its value means nothing.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.pulse.subscribe()
    }

    /// Waits until the clock reads `at`, however it gets there.
    pub async fn reached(&self, at: Timestamp) {
        let mut changed = self.changed();
        loop {
            // Seen before the clock is read, so that no change of it is missed.
            changed.mark_unchanged();
            let left = Duration::try_from(at.duration_since(self.clock.now()));
            let Some(left) = left.ok().filter(|left| !left.is_zero()) else {
                return;
            };
            let running = !self.clock.is_frozen();
            tokio::select! {
                _ = changed.changed() => {}
                () = tokio::time::sleep(left), if running => {}
            }
        }
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

    /// The newest requests of all journals, newest first.
    pub fn journal(&self, limit: usize) -> Vec<Entry> {
        let entries = self.entries(limit, |_, _| Some(true)).into_iter();
        entries
            .map(|(_, entry)| Arc::unwrap_or_clone(entry))
            .collect()
    }

    /// The newest requests of all journals that are `wanted`, newest first. `wanted` sees those of one tenant newest
    /// first, and returns `None` if the caller wants no older one either. It must be quick, because every other request
    /// waits for it.
    pub fn entries(
        &self,
        limit: usize,
        mut wanted: impl FnMut(Option<&Ledger>, &Entry) -> Option<bool>,
    ) -> Vec<(Option<&Ledger>, Arc<Entry>)> {
        // All at once: a caller that asks for newer requests must not miss one for ever.
        let journals: Vec<_> = self
            .tenants
            .iter()
            .map(|tenant| (Some(tenant.ledger()), lock(&tenant.ledger.journal)))
            .chain([(None, lock(&self.strays))])
            .collect();
        let mut found: Vec<(Option<&Ledger>, Arc<Entry>)> = Vec::new();
        for (ledger, journal) in &journals {
            let all = found.len().saturating_add(limit);
            for entry in journal.newest_first() {
                if found.len() == all {
                    break;
                }
                match wanted(*ledger, entry) {
                    None => break,
                    Some(false) => {}
                    Some(true) => found.push((*ledger, Arc::clone(entry))),
                }
            }
        }
        drop(journals);
        found.sort_unstable_by_key(|(_, entry)| std::cmp::Reverse(entry.number));
        found.truncate(limit);
        found
    }

    /// The request with that number, with its tenant and the parts of its content that the journal keeps.
    pub fn entry(&self, number: u64) -> Option<(Option<&Ledger>, Entry, Option<Carried>)> {
        let journals = self.tenants.iter();
        let journals = journals.map(|tenant| (Some(tenant.ledger()), &tenant.ledger.journal));
        journals
            .chain([(None, &self.strays)])
            .find_map(|(ledger, journal)| {
                let journal = lock(journal);
                let entry = journal.get(number)?;
                Some((ledger, entry.clone(), journal.carried(entry)))
            })
    }
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// The sender of webhooks under these settings.
fn courier(behaviour: &Behaviour) -> Courier {
    let courier = Courier::new(behaviour.webhook_timeout, &behaviour.webhook_allow);
    if behaviour.webhook_insecure {
        courier.trusting_anyone()
    } else {
        courier
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::journal::{Note, Wire};
    use super::super::seed::{self, Seed};
    use super::{App, Behaviour};

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
        let part = app.authsignals().next().map(Arc::clone).unwrap();
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
        let part = app.applications().next().unwrap();
        part.transact(|_, _| ());
        assert_eq!(*part.ledger().changed().borrow(), 0);
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
        });
        let add = |id: &str| {
            let part = app.application(id).unwrap();
            part.transact(|activeconnect, _| activeconnect.add_users(vec!["ada".to_owned()]));
            let note = Note {
                api: "activeconnect",
                operation: None,
                method: "POST".into(),
                target: "/".to_owned(),
                status: 200,
                reason: None,
                evaluation: None,
                warning: None,
                wire: Wire::default(),
            };
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
        app.reset_tenant(app.tenant("one").unwrap());
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
        assert!(app.listens_at(([127, 0, 0, 1], 4751).into()).is_ok());
        let app = self::app(Seed::default().with_webhook("http://localhost:4750/"));
        let error = app
            .listens_at(([127, 0, 0, 1], 4750).into())
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
        let application = app.applications().next().unwrap();
        let ids: Vec<_> = (0..150).map(id).collect();
        application.transact(|activeconnect, _| activeconnect.add_users(ids.clone()));
        let tenant = app.tenants().next().unwrap();
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
        assert!(app.authsignal_by_secret("").is_none());
        assert_eq!(
            (app.applications().count(), app.authsignals().count()),
            (2, 2)
        );
    }

    #[test]
    fn both_parts_of_a_tenant_draw_on_one_sequence_of_ids() {
        let app = app(Seed::default());
        let (activeconnect, authsignal) = (
            app.applications().next().unwrap(),
            app.authsignals().next().unwrap(),
        );
        let first = activeconnect.transact(|_, turn| turn.ids.uuid());
        let second = authsignal.transact(|_, turn| turn.ids.uuid());
        assert_ne!(first, second);
        app.reset();
        assert_eq!(authsignal.transact(|_, turn| turn.ids.uuid()), first);
        assert_eq!(activeconnect.transact(|_, turn| turn.ids.uuid()), second);
    }
}
