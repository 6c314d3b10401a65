//! Writes what tenants have into a data directory, and goes on with what one has. Knows no HTTP and no file.
//!
//! A tenant is many records, so that a change of one user writes one user: the collections of the domain take note of
//! what changes. What is small and changes often, such as where the source of ids stands, is one record, which is written
//! if it is another than before.

#[cfg(test)]
mod tests;

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher as _;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::app::{App, AppError, Created, at, session_key};
use super::behaviour::Behaviour;
use super::clock::Setting;
use super::creation::resemble;
use super::durable::{
    Batch, DataDirectory, Durability, Durable, Missing, Reader, Store, StoreError,
};
use super::fault::Fault;
use super::faults::Faults;
use super::journal::{Journal, Saved};
use super::ledger::Share;
use super::lock::lock;
use super::replay::{Replays, Use};
use super::scenario::{self, Scenario};
use super::seed::{PlannedTenant, Seed, SeedError, Sources, State};
use super::snapshot::Moment;
use super::tenant::{Planted, Source, Tenant};
use crate::domain::authsignal::challenge::Windows;
use crate::domain::authsignal::token::SessionKey;
use crate::domain::changes::{Change, Changes, Table, number_of, thing_of};
use crate::domain::ids::{Ids, Position, hex, seed_of};
use crate::domain::scenario::Record as Deeds;
use crate::domain::{activeconnect, authsignal, outbox};

/// What the mock itself has.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MockRecord {
    deterministic: bool,
    origin: String,
    resets: u64,
    minted: u64,
    founded: u64,
    next_request: u64,
    beginnings: u64,
    clock: Setting,
    clock_snapshots: BTreeMap<String, Setting>,
    seeded: Vec<Seeded>,
}

/// A tenant of the seed, also one that was deleted since.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Seeded {
    number: u64,
    ids: Vec<String>,
}

/// What a tenant is made from, and does not change.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Head {
    /// Its parts with their credentials, as a seed has them.
    credentials: Value,
    session_key: Option<String>,
    life_milliseconds: Option<u64>,
    source: Option<Source>,
    start: Option<MomentRecord>,
}

/// What is planned of a tenant, its clock, and where its sources of ids stand.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Plan {
    /// Whether the seed of the mock has it.
    is_seeded: bool,
    ids: Position,
    dice: Position,
    sent: usize,
    deeds: Deeds,
    scenarios: Vec<Scenario>,
    faults: Vec<Fault>,
    clock: Setting,
    requests: Windows,
}

/// A tenant's states at one moment.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MomentRecord {
    at: Timestamp,
    name: Option<String>,
    rs256_tokens: bool,
    clock: Setting,
    scenarios: Vec<Scenario>,
    faults: Vec<Fault>,
    state: State,
}

impl MomentRecord {
    fn of(moment: &Moment) -> Self {
        let (faults, dice) = moment.share.plan();
        let supplies = moment.supplies();
        Self {
            at: moment.at,
            name: moment.name.clone(),
            rs256_tokens: moment.rs256_tokens,
            clock: moment.share.clock(),
            scenarios: scenario::all(&supplies.scenarios, faults),
            faults: faults.of_none().cloned().collect(),
            state: State::of(&Sources {
                supplies,
                dice,
                session_key: None,
                activeconnect: moment.activeconnect.as_ref(),
                authsignal: moment.authsignal.as_ref(),
            }),
        }
    }

    /// The moment, of that tenant.
    fn restored(self, app: &App, tenant: &Tenant) -> Result<Moment, String> {
        let planned = with_plans(tenant, &self.scenarios, &self.faults)?;
        let dice = self.state.dice()?;
        let planted = planted(app, tenant, &planned, self.state)?;
        let (_, faults) = planned.plans()?;
        Ok(Moment {
            of: Arc::clone(&tenant.itself),
            at: self.at,
            name: self.name,
            rs256_tokens: self.rs256_tokens,
            activeconnect: planted.activeconnect,
            authsignal: planted.authsignal,
            share: Share::new(self.clock, planted.supplies, faults, dice),
        })
    }
}

/// What a data directory has of a tenant.
#[derive(Default)]
struct Loading {
    head: Option<Head>,
    plan: Option<Plan>,
    messages: outbox::Record,
    activeconnect: activeconnect::record::Record,
    authsignal: authsignal::record::Record,
    nonces: Vec<Use>,
    requests: Vec<(u64, Saved)>,
    snapshots: Vec<(String, MomentRecord)>,
}

/// What a data directory has.
#[derive(Default)]
struct Loaded {
    mock: Option<MockRecord>,
    tenants: BTreeMap<u64, Loading>,
}

/// What is said about a directory.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// How many records it has.
    pub records: u64,
    /// How many tenants it has.
    pub tenants: usize,
    /// Bytes of its file.
    pub bytes: u64,
    /// Whether the file is as it was written, or was repaired after a crash.
    pub is_as_written: bool,
}

impl Loaded {
    /// Everything that a store has, whose pages are as they were written.
    fn of(store: &mut Store) -> Result<(Self, Found), StoreError> {
        let mut loaded = Self::default();
        let is_as_written = store.check()?;
        let records = store.read(&mut loaded)?;
        let found = Found {
            records,
            tenants: 0,
            bytes: store.size()?,
            is_as_written,
        };
        Ok((loaded, found))
    }
}

/// A directory that says something else than the mock needs.
fn unfit(directory: &Path, why: String) -> AppError {
    AppError::Unfit(format!(
        "the data directory {} cannot be gone on with: {why}",
        directory.display()
    ))
}

impl Reader for Loaded {
    fn mock(&mut self, record: &[u8]) -> Result<(), String> {
        self.mock = Some(thing_of(record)?);
        Ok(())
    }

    fn record(
        &mut self,
        tenant: u64,
        table: Table,
        key: &[u8],
        thing: &[u8],
    ) -> Result<(), String> {
        let loading = self.tenants.entry(tenant).or_default();
        match table {
            Table::Head => loading.head = Some(thing_of(thing)?),
            Table::Plan => loading.plan = Some(thing_of(thing)?),
            Table::Message => {
                let number = usize::try_from(number_of(key)?).map_err(|error| error.to_string())?;
                loading.messages.messages.insert(number, thing_of(thing)?);
            }
            Table::Phone | Table::OfActiveconnect => {
                loading.activeconnect.take(table, key, thing)?;
            }
            Table::Nonce => loading.nonces.push(Use::of_copy(key, thing)?),
            Table::Snapshot => {
                let name = String::from_utf8(key.to_vec()).map_err(|error| error.to_string())?;
                loading.snapshots.push((name, thing_of(thing)?));
            }
            Table::Request => {
                let number = number_of(key)?;
                loading.requests.push((number, thing_of(thing)?));
            }
            Table::User
            | Table::Action
            | Table::Challenge
            | Table::Session
            | Table::OfAuthsignal
            | Table::Ceremony
            | Table::Deletion
            | Table::Window => loading.authsignal.take(table, key, thing)?,
        }
        Ok(())
    }
}

impl App {
    /// A mock that keeps its state in a directory. It goes on with what is there; the tenants of the seed that the directory
    /// has never had are added.
    ///
    /// # Errors
    /// The directory cannot be used, or the seed cannot.
    pub fn kept(
        behaviour: Behaviour,
        seed: Seed,
        data: &DataDirectory,
    ) -> Result<Arc<Self>, AppError> {
        let store = data.open()?;
        Self::kept_in(store, behaviour, seed, data)
    }

    /// As [`kept`](Self::kept), in a store that is open.
    ///
    /// # Errors
    /// Those of [`kept`](Self::kept).
    pub fn kept_in(
        mut store: Store,
        behaviour: Behaviour,
        seed: Seed,
        data: &DataDirectory,
    ) -> Result<Arc<Self>, AppError> {
        let (loaded, _) = Loaded::of(&mut store)?;
        let durable = Arc::new(Durable::new(data.durability));
        let unfit = |why| unfit(&data.path, why);
        let mut written = BTreeSet::new();
        let app = match loaded.mock {
            None => Self::begun(behaviour, seed, Some(Arc::clone(&durable)))?,
            Some(mock) if mock.deterministic != behaviour.deterministic => {
                let (with, without) = match mock.deterministic {
                    true => ("with", "without"),
                    false => ("without", "with"),
                };
                return Err(unfit(format!(
                    "it was made {with} --deterministic, and this mock is started {without}; start it {with} that, or name \
                     another directory"
                )));
            }
            Some(mock) => {
                let origin = seed_of(&mock.origin).map_err(unfit)?;
                let durable = Some(Arc::clone(&durable));
                let app = Self::empty(behaviour, seed.clock, origin, durable);
                let seed = app.admissible(seed)?;
                written = app.resume(mock, loaded.tenants, Some(seed), unfit)?;
                app
            }
        };
        let app = Arc::new(app);
        let collector = Collector::of(&app, &written);
        let started = collector.start(&durable, store);
        started.map_err(|error| unfit(error.to_string()))?;
        Ok(app)
    }

    /// The mock of a directory, for who looks at it and serves nobody. What changes is written if the directory `is_made`
    /// where there is none.
    ///
    /// # Errors
    /// The directory cannot be used.
    pub fn of_directory(path: &Path, is_made: bool) -> Result<(Arc<Self>, Found), AppError> {
        let missing = match is_made {
            true => Missing::Make,
            false => Missing::Refuse,
        };
        let mut store = Store::open(path, missing, true)?;
        let (loaded, mut found) = Loaded::of(&mut store)?;
        let unfit = |why| unfit(path, why);
        let durable = is_made.then(|| Arc::new(Durable::new(Durability::Fsync)));
        let behaviour = Behaviour {
            deterministic: loaded.mock.as_ref().is_some_and(|mock| mock.deterministic),
            // What is there stays, whatever the mock was started with.
            outbox: usize::MAX,
            ..Behaviour::default()
        };
        let (mut written, mut seeded) = (BTreeSet::new(), Vec::new());
        let app = match loaded.mock {
            None => {
                let mut origin = [0; 32];
                getrandom::fill(&mut origin).map_err(AppError::Randomness)?;
                Self::empty(behaviour, None, origin, durable.clone())
            }
            Some(mut mock) => {
                let origin = seed_of(&mock.origin).map_err(unfit)?;
                seeded = std::mem::take(&mut mock.seeded);
                let app = Self::empty(behaviour, None, origin, durable.clone());
                written = app.resume(mock, loaded.tenants, None, unfit)?;
                app
            }
        };
        let app = Arc::new(app);
        found.tenants = app.tenants().len();
        if let Some(durable) = durable {
            let mut collector = Collector::of(&app, &written);
            collector.seeded = Some(seeded);
            let started = collector.start(&durable, store);
            started.map_err(|error| unfit(error.to_string()))?;
        }
        Ok((app, found))
    }

    /// Goes on with what there was. Returns the numbers of the tenants that are as they were.
    fn resume(
        &self,
        mock: MockRecord,
        mut tenants: BTreeMap<u64, Loading>,
        seed: Option<Seed>,
        unfit: impl Fn(String) -> AppError,
    ) -> Result<BTreeSet<u64>, AppError> {
        let written = tenants.keys().copied().collect();
        self.resets.store(mock.resets, Ordering::Relaxed);
        self.minted.store(mock.minted, Ordering::Relaxed);
        self.founded.store(mock.founded, Ordering::Relaxed);
        self.numbers.store(mock.next_request, Ordering::Relaxed);
        self.beginnings.store(mock.beginnings, Ordering::Relaxed);
        self.clock.put_back(mock.clock);
        *lock(&self.clock_snapshots) = mock.clock_snapshots;
        let is_served = seed.is_some();
        let (mut seeded, mut new) = (Vec::new(), Vec::new());
        let planned = seed.map(|seed| seed.tenants).unwrap_or_default();
        for (index, planned) in planned.into_iter().enumerate() {
            let before = mock.seeded.iter().find(|own| own.is(&planned));
            let created = before.map(|own| self.seeded_before(own.number, &planned));
            let tenant = self.planted(planned, created);
            let tenant = Arc::new(tenant.map_err(|error| at(index, error))?);
            seeded.push(Arc::clone(&tenant));
            let Some(before) = before else {
                new.push(tenant);
                continue;
            };
            let is_its = |own: &Loading| own.plan.as_ref().is_some_and(|plan| plan.is_seeded);
            // Otherwise it was deleted, or another has its place.
            if tenants.get(&before.number).is_some_and(is_its)
                && let Some(loading) = tenants.remove(&before.number)
            {
                self.go_on(&tenant, loading).map_err(&unfit)?;
                self.admit(&tenant)?;
            }
        }
        for (number, mut loading) in tenants {
            let is_seeded = loading.plan.as_ref().is_some_and(|plan| plan.is_seeded);
            let tenant = self.rebuilt(number, &mut loading).map_err(&unfit)?;
            self.go_on(&tenant, loading).map_err(&unfit)?;
            self.admit(&tenant)?;
            if is_seeded && !is_served {
                seeded.push(tenant);
            }
        }
        for tenant in new {
            if let Err(error) = self.admit(&tenant) {
                tracing::warn!(
                    tenant = tenant.name(),
                    "the data directory has another tenant in place of this one of the seed: {error}"
                );
            }
        }
        *lock(&self.seeded) = seeded;
        Ok(written)
    }

    /// A tenant of the seed that was there before.
    fn seeded_before(&self, number: u64, planned: &PlannedTenant) -> Created {
        let id = planned
            .authsignal
            .as_ref()
            .map_or("", |own| own.id.as_str());
        Created {
            number: Some(number),
            key: Arc::new(session_key(self.origin(), id)),
            life: None,
            start: None,
            source: None,
        }
    }

    /// A tenant that no seed of the mock has, as it was when it was created.
    fn rebuilt(&self, number: u64, loading: &mut Loading) -> Result<Arc<Tenant>, String> {
        let head = loading.head.take().ok_or("a tenant has no head")?;
        let Head {
            credentials,
            session_key,
            life_milliseconds,
            source,
            start,
        } = head;
        let plan = source.as_ref().map_or(&credentials, |source| &source.plan);
        let seed = Seed::from_value(json!({"tenants": [plan]})).map_err(why)?;
        let planned = seed.tenants.into_iter().next();
        let mut planned = planned.ok_or("a tenant has no plan")?;
        if let Some(name) = source.as_ref().and_then(|source| source.called.as_deref()) {
            planned.call(name);
        }
        let key = session_key.as_deref().map(seed_of).transpose()?;
        let own = key.filter(|key| *key != self.created_key.seed());
        let own = own.map(|key| Arc::new(SessionKey::new(key)));
        let created = |planned: &mut PlannedTenant, start: Option<Arc<Moment>>| {
            if let Some(start) = &start {
                resemble(planned, start);
            }
            Created {
                number: Some(number),
                key: own.clone().unwrap_or_else(|| Arc::clone(&self.created_key)),
                life: life_milliseconds.map(Duration::from_millis),
                start,
                source: source.clone(),
            }
        };
        // A moment belongs to a tenant, so there is one to read it before there is the one that begins with it.
        let start = match start {
            None => None,
            Some(record) => {
                let mut planned = planned.clone();
                let created = created(&mut planned, None);
                let reader = self
                    .planted(planned, Some(created))
                    .map_err(|error| error.to_string())?;
                Some(Arc::new(record.restored(self, &reader)?))
            }
        };
        let created = created(&mut planned, start);
        let tenant = self.planted(planned, Some(created));
        Ok(Arc::new(tenant.map_err(|error| error.to_string())?))
    }

    /// Puts a tenant to where it was.
    fn go_on(&self, tenant: &Tenant, loading: Loading) -> Result<(), String> {
        let Loading {
            plan,
            mut messages,
            activeconnect,
            authsignal,
            nonces,
            requests,
            snapshots,
            ..
        } = loading;
        let plan = plan.ok_or("a tenant has no plan")?;
        let ledger = tenant.ledger();
        ledger.clock().put_back(plan.clock);
        let planned = with_plans(tenant, &plan.scenarios, &plan.faults)?;
        messages.sent = plan.sent;
        let dice = Ids::at(&plan.dice)?;
        let state = State {
            ids: plan.ids,
            dice: plan.dice,
            session_key: None,
            messages,
            scenarios: plan.deeds,
            activeconnect: tenant.activeconnect().map(|_| activeconnect),
            authsignal: tenant.authsignal().map(|_| authsignal),
        };
        let planted = planted(self, tenant, &planned, state)?;
        tenant.replant(planted, true);
        let (_, faults) = planned.plans()?;
        let replays = Replays::restored(nonces);
        ledger.restore(plan.clock, faults, dice, replays, plan.requests);
        *lock(&ledger.journal) = Journal::restored(self.behaviour.journal, requests);
        for (name, record) in snapshots {
            let moment = Arc::new(record.restored(self, tenant)?);
            tenant.snapshots().keep(&name, moment);
        }
        tenant.changes(&mut Changes::known());
        Ok(())
    }
}

impl Seeded {
    fn of(tenant: &Tenant) -> Self {
        Self {
            number: tenant.ledger().number(),
            ids: tenant.ids().map(str::to_owned).collect(),
        }
    }

    /// Whether a tenant of a seed is this one.
    fn is(&self, planned: &PlannedTenant) -> bool {
        let ids = [
            planned.activeconnect.as_ref().map(|part| &part.id),
            planned.authsignal.as_ref().map(|part| &part.id),
        ];
        ids.into_iter().flatten().eq(&self.ids)
    }
}

/// What is wrong with a plan that was kept.
fn why(error: SeedError) -> String {
    error.to_string()
}

/// The parts of a tenant with their credentials, as a seed has them.
fn credentials(tenant: &Tenant) -> Value {
    let mut parts = json!({});
    if let Some(part) = tenant.activeconnect() {
        let account = part.account();
        parts["activeconnect"] =
            json!({"id": account.id, "secret": account.secret, "name": account.name});
    }
    if let Some(part) = tenant.authsignal() {
        let account = part.account();
        parts["authsignal"] = json!({
            "id": account.id,
            "secret": account.secret,
            "managementSecret": account.management_secret,
            "terminalSecret": account.terminal_secret,
            "rs256Tokens": account.keys.signs_with_rs256(),
        });
    }
    parts
}

/// A tenant of a seed in which this is planned.
fn with_plans(
    tenant: &Tenant,
    scenarios: &[Scenario],
    faults: &[Fault],
) -> Result<PlannedTenant, String> {
    let mut planned = credentials(tenant);
    planned["scenarios"] = json!(scenarios);
    planned["faults"] = json!(faults);
    let seed = Seed::from_value(json!({"tenants": [planned]})).map_err(why)?;
    let planned = seed.tenants.into_iter().next();
    planned.ok_or_else(|| "there is no tenant".to_owned())
}

/// The states of a copy.
fn planted(
    app: &App,
    tenant: &Tenant,
    planned: &PlannedTenant,
    state: State,
) -> Result<Planted, String> {
    let now = tenant.ledger().clock().now();
    let application = tenant.activeconnect().map(|part| part.account());
    let account = tenant.authsignal().map(|part| part.account());
    Planted::of_state(&app.behaviour, application, account, planned, state, now)
}

/// What is known of a tenant that was written.
struct Known {
    /// Distinguishes it from another that has come in its place.
    itself: Weak<()>,
    /// Hashes of the small records.
    small: HashMap<(Table, Vec<u8>), u64>,
    snapshots: BTreeMap<String, Weak<Moment>>,
}

impl Known {
    fn new(tenant: &Tenant) -> Self {
        Self {
            itself: Arc::downgrade(&tenant.itself),
            small: HashMap::new(),
            snapshots: BTreeMap::new(),
        }
    }

    fn is_of(&self, tenant: &Tenant) -> bool {
        std::ptr::eq(self.itself.as_ptr(), Arc::as_ptr(&tenant.itself))
    }
}

/// Collects what is different from what was written.
struct Collector {
    app: Weak<App>,
    tenants: HashMap<u64, Known>,
    /// Hash of what the mock itself has.
    mock: Option<u64>,
    /// The tenants of the seed, where the mock was made without it.
    seeded: Option<Vec<Seeded>>,
    hashes: RandomState,
}

impl Collector {
    /// For a mock that was made of what is written of these tenants.
    fn of(app: &Arc<App>, written: &BTreeSet<u64>) -> Self {
        let mut collector = Self {
            app: Arc::downgrade(app),
            tenants: HashMap::new(),
            mock: None,
            seeded: None,
            hashes: RandomState::new(),
        };
        for tenant in app.tenants() {
            if written.contains(&tenant.ledger().number()) {
                let mut known = Known::new(&tenant);
                let snapshots = tenant.snapshots().all().into_iter();
                let snapshots = snapshots.map(|(name, moment)| (name, Arc::downgrade(&moment)));
                known.snapshots = snapshots.collect();
                collector.tenants.insert(tenant.ledger().number(), known);
            }
        }
        collector
    }

    /// Begins to write.
    fn start(mut self, durable: &Arc<Durable>, store: Store) -> io::Result<()> {
        durable.start(store, move |numbers, batch| self.collect(numbers, batch))
    }

    fn collect(&mut self, numbers: &BTreeSet<u64>, batch: &mut Batch) {
        let Some(app) = self.app.upgrade() else {
            return;
        };
        for &number in numbers {
            match app.numbered(number) {
                Some(tenant) => self.tenant(&app, &tenant, batch),
                None => {
                    self.tenants.remove(&number);
                    batch.clear(number);
                }
            }
        }
        let record = mock_record(&app, self.seeded.as_deref());
        let record = serde_json::to_vec(&record).unwrap_or_default();
        let hash = Some(self.hashes.hash_one(&record));
        if std::mem::replace(&mut self.mock, hash) != hash {
            batch.put_mock(record);
        }
    }

    fn tenant(&mut self, app: &App, tenant: &Tenant, batch: &mut Batch) {
        let number = tenant.ledger().number();
        let is_known = self.tenants.get(&number);
        let is_known = is_known.is_some_and(|known| known.is_of(tenant));
        let mut changes = match is_known {
            true => Changes::default(),
            false => {
                batch.clear(number);
                self.tenants.insert(number, Known::new(tenant));
                let mut changes = Changes::everything();
                changes.put(Table::Head, Vec::new(), &head(tenant));
                changes
            }
        };
        let is_seeded = {
            let seeded = lock(&app.seeded);
            let mut seeded = seeded.iter();
            seeded.any(|own| Arc::ptr_eq(&own.itself, &tenant.itself))
        };
        let plan = tenant.changes(&mut changes);
        changes.put(Table::Plan, Vec::new(), &plan.into_record(is_seeded));
        let Some(known) = self.tenants.get_mut(&number) else {
            return;
        };
        snapshots(tenant, known, &mut changes);
        for change in changes.into_list() {
            if let Change::Put(table, key, thing) = &change
                && matches!(
                    table,
                    Table::Plan | Table::OfActiveconnect | Table::OfAuthsignal
                )
            {
                let hash = self.hashes.hash_one(thing);
                if known.small.insert((*table, key.clone()), hash) == Some(hash) {
                    continue;
                }
            }
            batch.change(number, change);
        }
    }
}

/// What has changed among the snapshots of a tenant.
fn snapshots(tenant: &Tenant, known: &mut Known, changes: &mut Changes) {
    let now = tenant.snapshots().all();
    let is_kept = |name: &String| now.iter().any(|(own, _)| own == name);
    known.snapshots.retain(|name, _| {
        let stays = is_kept(name);
        if !stays {
            changes.gone(Table::Snapshot, name.clone().into_bytes());
        }
        stays
    });
    for (name, moment) in now {
        let before = known.snapshots.get(&name);
        if before.is_none_or(|before| !std::ptr::eq(before.as_ptr(), Arc::as_ptr(&moment))) {
            let key = name.clone().into_bytes();
            changes.put(Table::Snapshot, key, &MomentRecord::of(&moment));
            known.snapshots.insert(name, Arc::downgrade(&moment));
        }
    }
}

fn mock_record(app: &App, seeded: Option<&[Seeded]>) -> MockRecord {
    let own = || {
        let own = lock(&app.seeded);
        own.iter().map(|tenant| Seeded::of(tenant)).collect()
    };
    MockRecord {
        deterministic: app.behaviour.deterministic,
        origin: hex(&app.origin()),
        resets: app.resets.load(Ordering::Relaxed),
        minted: app.minted.load(Ordering::Relaxed),
        founded: app.founded.load(Ordering::Relaxed),
        next_request: app.numbers.load(Ordering::Relaxed),
        beginnings: app.beginnings.load(Ordering::Relaxed),
        clock: app.clock.setting(),
        clock_snapshots: lock(&app.clock_snapshots).clone(),
        seeded: seeded.map_or_else(own, <[Seeded]>::to_vec),
    }
}

fn head(tenant: &Tenant) -> Head {
    let part = tenant.authsignal();
    let life = tenant.ledger().life();
    Head {
        credentials: credentials(tenant),
        session_key: part.map(|part| hex(&part.account().keys.session().seed())),
        life_milliseconds: life.map(|life| u64::try_from(life.as_millis()).unwrap_or(u64::MAX)),
        source: tenant.source.clone(),
        start: tenant.start.as_deref().map(MomentRecord::of),
    }
}

/// What a tenant has that is small, when the rest was collected.
struct Small {
    ids: Position,
    dice: Ids,
    faults: Faults,
    sent: usize,
    deeds: Deeds,
    scenarios: Vec<Scenario>,
    clock: Setting,
    requests: Windows,
}

impl Small {
    fn into_record(self, is_seeded: bool) -> Plan {
        Plan {
            is_seeded,
            ids: self.ids,
            dice: self.dice.position(),
            sent: self.sent,
            deeds: self.deeds,
            scenarios: self.scenarios,
            faults: self.faults.of_none().cloned().collect(),
            clock: self.clock,
            requests: self.requests,
        }
    }
}

impl Tenant {
    /// Adds what has changed of both parts, messages, nonces and the journal, all at one moment.
    fn changes(&self, changes: &mut Changes) -> Small {
        let mut activeconnect = self.activeconnect.as_ref().map(|part| part.locked());
        let mut authsignal = self.authsignal.as_ref().map(|part| part.locked());
        let mut supplies = lock(&self.ledger.supplies);
        if let Some(state) = &mut activeconnect {
            state.changes(changes);
        }
        if let Some(state) = &mut authsignal {
            state.changes(changes);
        }
        supplies.outbox.changes(changes);
        lock(&self.ledger.journal).changes(changes);
        let (faults, dice) = self.ledger.plan();
        let requests = self.ledger.counted(|replays, requests| {
            replays.changes(changes);
            requests.clone()
        });
        Small {
            ids: supplies.ids.position(),
            sent: supplies.outbox.sent(),
            deeds: supplies.scenarios.record(),
            scenarios: scenario::all(&supplies.scenarios, &faults),
            clock: self.ledger.clock().setting(),
            dice,
            faults,
            requests,
        }
    }
}
