//! Writes tenants into a file, and reads them from one: a file is a seed whose tenants have an exact state. Knows no HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::app::{App, AppError, Created};
use super::clock::Clock;
use super::lock::lock;
use super::scenario;
use super::seed::{Seed, SeedError, Sources, State};
use super::stand_ins::StandIns;
use super::tenant::{Source, Tenant, set};
use crate::domain::ids::{Ids, hex};

/// Why a file cannot be loaded. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is no seed. The text names the place.
    #[error("{0}")]
    Malformed(String),
    /// Another tenant has an id or a secret of it, or there is no room.
    #[error("{0}")]
    Taken(String),
}

impl From<SeedError> for LoadError {
    fn from(error: SeedError) -> Self {
        Self::Malformed(match error {
            SeedError::Malformed { why, .. } | SeedError::Impossible(why) => why,
            error @ SeedError::Unreadable { .. } => error.to_string(),
        })
    }
}

impl App {
    /// The state of a tenant, or of every tenant and the mock's own clock, as a seed. Without secrets, the credentials
    /// are missing, and other texts stand for what only the tenant and its users know.
    pub fn dump(&self, of: Option<Arc<Tenant>>, with_secrets: bool) -> Map<String, Value> {
        let mut seed = Map::new();
        seed.insert("version".to_owned(), 1.into());
        if of.is_none() {
            seed.extend(clock(&self.clock).map(|clock| ("clock".to_owned(), clock)));
        }
        let tenants = of.map_or_else(|| self.tenants(), |tenant| vec![tenant]);
        let stand_ins = (!with_secrets).then(|| self.stand_ins());
        let written = tenants
            .iter()
            .map(|tenant| written(tenant, stand_ins.as_ref()));
        seed.insert("tenants".to_owned(), written.collect());
        seed
    }

    fn stand_ins(&self) -> StandIns {
        let salt = Sha256::new()
            .chain_update("what stands for secrets of ")
            .chain_update(self.origin());
        StandIns {
            salt: salt.finalize().into(),
        }
    }

    /// Adds the tenants of a seed, in place of those that have their ids; all or none. A tenant without credentials keeps
    /// those of the tenant that it replaces, or gets new ones. With `clock`, the mock's own clock is set, too. Returns
    /// the tenants of the seed.
    ///
    /// # Errors
    /// It is no seed, there is no room, or another tenant has an id or a secret of it. Nothing has changed then.
    pub fn load(&self, seed: Map<String, Value>) -> Result<Vec<Arc<Tenant>>, LoadError> {
        // Otherwise, two files could take the same room.
        let _one_at_a_time = lock(&self.naming);
        let mut seed = Value::Object(seed);
        self.complete(&mut seed);
        // What a reset of one of them goes back to.
        let is_kept = self.durable.is_some();
        let plans = seed.get("tenants").filter(|_| is_kept).cloned();
        let plans = plans.as_ref().and_then(Value::as_array).cloned();
        self.put(
            Seed::from_value(seed)?.checked()?,
            self.behaviour.tenant_ttl,
            plans.unwrap_or_default(),
        )
    }

    /// Loads a seed in place of the one that the mock started with. It deletes the tenants of the earlier seed that the new one
    /// does not have. A reset goes back to the new seed. Returns how many tenants that has.
    ///
    /// # Errors
    /// Those of [`load`](Self::load). Nothing has changed then.
    pub fn reseed(&self, seed: Seed) -> Result<usize, LoadError> {
        let _one_at_a_time = lock(&self.naming);
        let tenants = self.put(seed.completed()?, None, Vec::new())?;
        let before = std::mem::replace(&mut *lock(&self.seeded), tenants.clone());
        for left in before {
            if !tenants.iter().any(|tenant| tenant.name() == left.name()) {
                self.delete(&left);
            }
        }
        for tenant in &tenants {
            tenant.ledger().announce();
        }
        Ok(tenants.len())
    }

    /// Puts the tenants of a seed in place of those that have their ids. `life` is how long a new one stays unused.
    /// `plans` are the tenants as the seed has them, where they are kept.
    fn put(
        &self,
        seed: Seed,
        life: Option<Duration>,
        plans: Vec<Value>,
    ) -> Result<Vec<Arc<Tenant>>, LoadError> {
        let mut plans = plans.into_iter();
        seed.check_webhooks(|url| self.courier.check(url))?;
        let mut tenants: Vec<Arc<Tenant>> = Vec::new();
        for (index, planned) in seed.tenants.into_iter().enumerate() {
            let ids = [
                planned.activeconnect.as_ref().map(|part| &part.id),
                planned.authsignal.as_ref().map(|part| &part.id),
            ];
            let present = ids.into_iter().flatten().find_map(|id| self.tenant(id));
            let number = present.as_ref().map(|tenant| tenant.ledger().number());
            let is_taken = |other: &Arc<Tenant>| Some(other.ledger().number()) == number;
            let created = Created {
                // If two replace the same tenant, each still gets a place of its own.
                number: number.filter(|_| !tenants.iter().any(is_taken)),
                key: Arc::clone(&self.created_key),
                life: present.map_or(life, |tenant| tenant.ledger().life()),
                start: None,
                source: plans.next().map(|plan| Source { plan, called: None }),
            };
            let tenant = self.planted(planned, Some(created));
            tenants.push(Arc::new(tenant.map_err(|error| refused(index, error))?));
        }
        self.swap(&tenants).map_err(LoadError::Taken)?;
        if let Some(clock) = &seed.clock {
            self.clock.reset();
            set(&self.clock, Some(clock));
        }
        self.announce();
        Ok(tenants)
    }

    /// Gives each tenant of a seed what it does not name: the credentials of the tenant that it replaces, or new ones.
    fn complete(&self, seed: &mut Value) {
        let tenants = seed.get_mut("tenants").and_then(Value::as_array_mut);
        // The reader of seeds refuses any other form, and names its place.
        for tenant in tenants.into_iter().flatten() {
            let number = self.minted.fetch_add(1, Ordering::Relaxed);
            let own = Sha256::new()
                .chain_update("loaded tenant of ")
                .chain_update(self.origin())
                .chain_update(number.to_le_bytes());
            let mut ids = Ids::new(own.finalize().into());
            if let Some(Value::Object(part)) = tenant.get_mut("activeconnect") {
                self.complete_application(part, &mut ids);
            }
            if let Some(Value::Object(part)) = tenant.get_mut("authsignal") {
                self.complete_account(part, &mut ids);
            }
        }
    }

    fn complete_application(&self, part: &mut Map<String, Value>, ids: &mut Ids) {
        let id = part.entry("id").or_insert_with(|| ids.id("app").into());
        let present = id.as_str().and_then(|id| self.application(id));
        let secret = present.map_or_else(|| ids.secret(), |part| part.account().secret.clone());
        part.entry("secret").or_insert_with(|| secret.into());
    }

    fn complete_account(&self, part: &mut Map<String, Value>, ids: &mut Ids) {
        let id = part.entry("id").or_insert_with(|| ids.uuid().into());
        let present = id.as_str().and_then(|id| self.authsignal(id));
        let Some(present) = present else {
            part.entry("secret").or_insert_with(|| ids.secret().into());
            return;
        };
        if part.contains_key("secret") {
            return;
        }
        let account = present.account();
        let own = [
            ("secret", &account.secret),
            ("managementSecret", &account.management_secret),
            ("terminalSecret", &account.terminal_secret),
        ];
        for (member, secret) in own {
            part.entry(member).or_insert_with(|| secret.as_str().into());
        }
    }
}

/// The refusal of a tenant of a seed.
fn refused(index: usize, error: AppError) -> LoadError {
    match error {
        AppError::Taken(why) => LoadError::Taken(why),
        AppError::Seed(error) => match LoadError::from(error) {
            LoadError::Malformed(why) => LoadError::Malformed(format!("tenants[{index}].{why}")),
            taken @ LoadError::Taken(_) => taken,
        },
        error => LoadError::Malformed(error.to_string()),
    }
}

/// A tenant, as a seed has it.
fn written(tenant: &Tenant, stand_ins: Option<&StandIns>) -> Value {
    let mut written = Map::new();
    if let Some(part) = tenant.activeconnect() {
        let account = part.account();
        let mut members = json!({"id": account.id, "name": account.name});
        if stand_ins.is_none() {
            members["secret"] = account.secret.as_str().into();
        }
        written.insert("activeconnect".to_owned(), members);
    }
    if let Some(part) = tenant.authsignal() {
        let account = part.account();
        let rs256 = account.keys.signs_with_rs256();
        let mut members = json!({"id": account.id, "rs256Tokens": rs256});
        if stand_ins.is_none() {
            members["secret"] = account.secret.as_str().into();
            members["managementSecret"] = account.management_secret.as_str().into();
            members["terminalSecret"] = account.terminal_secret.as_str().into();
        }
        written.insert("authsignal".to_owned(), members);
    }
    let moment = tenant.moment();
    let (faults, dice) = tenant.ledger().plan();
    let session_key = tenant
        .authsignal()
        .map(|part| hex(&part.account().keys.session().seed()));
    let state = State::of(&Sources {
        supplies: moment.supplies(),
        dice: &dice,
        session_key,
        activeconnect: moment.activeconnect.as_ref(),
        authsignal: moment.authsignal.as_ref(),
    });
    // A state is plain data whose keys are texts, so this cannot fail.
    let mut state = serde_json::to_value(state).unwrap_or_default();
    if let Some(stand_ins) = stand_ins {
        stand_ins.replace(&mut state);
    }
    let scenarios = scenario::all(&moment.supplies().scenarios, &faults);
    if !scenarios.is_empty() {
        let mut scenarios = json!(scenarios);
        if let Some(stand_ins) = stand_ins {
            stand_ins.replace(&mut scenarios);
        }
        written.insert("scenarios".to_owned(), scenarios);
    }
    let faults: Vec<_> = faults.of_none().cloned().collect();
    if !faults.is_empty() {
        written.insert("faults".to_owned(), json!(faults));
    }
    written.extend(clock(&tenant.ledger().clock).map(|clock| ("clock".to_owned(), clock)));
    written.insert("state".to_owned(), state);
    Value::Object(written)
}

/// How a clock is set, if anybody has set it.
fn clock(clock: &Clock) -> Option<Value> {
    if clock.is_frozen() {
        return Some(json!({"time": clock.now(), "frozen": true}));
    }
    let ahead = clock.ahead();
    (ahead != 0).then(|| json!({"aheadMilliseconds": ahead}))
}
