//! The exact state of a tenant in a dump. Only a mock writes it; people write users and settings into a seed instead.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::Supplies;
use crate::domain::activeconnect::{self, Activeconnect, Application, Limits};
use crate::domain::authsignal::{self, Authsignal};
use crate::domain::ids::{Ids, Position, seed_of};
use crate::domain::outbox::{self, Outbox};
use crate::domain::scenario::{self, Scenarios};

/// The members of a part that may stand beside a state: ids and credentials. Everything else is in the state.
const OF_ACTIVECONNECT: [&str; 3] = ["id", "secret", "name"];
const OF_AUTHSIGNAL: [&str; 5] = [
    "id",
    "secret",
    "managementSecret",
    "terminalSecret",
    "rs256Tokens",
];

/// The state of a tenant.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct State {
    /// The position of the source of its ids and secrets.
    pub(in crate::runtime) ids: Position,
    /// The position of the source that faults draw from.
    pub(in crate::runtime) dice: Position,
    /// The bytes that the key of its sessions is made from, in hexadecimal digits.
    pub(in crate::runtime) session_key: Option<String>,
    pub(in crate::runtime) messages: outbox::Record,
    /// What scenarios have set going.
    #[serde(default, skip_serializing_if = "scenario::Record::is_empty")]
    pub(in crate::runtime) scenarios: scenario::Record,
    pub(in crate::runtime) activeconnect: Option<activeconnect::record::Record>,
    pub(in crate::runtime) authsignal: Option<authsignal::record::Record>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It holds every secret of the tenant.
        f.debug_struct("State").finish_non_exhaustive()
    }
}

/// What a state is made of.
pub struct Sources<'a> {
    /// What both parts share.
    pub supplies: &'a Supplies,
    /// What faults draw from.
    pub dice: &'a Ids,
    /// What the key of sessions is made of.
    pub session_key: Option<String>,
    /// The part at Activeconnect.
    pub activeconnect: Option<&'a Activeconnect>,
    /// The part at Authsignal.
    pub authsignal: Option<&'a Authsignal>,
}

impl State {
    /// The state now.
    pub fn of(sources: &Sources<'_>) -> Self {
        Self {
            ids: sources.supplies.ids.position(),
            dice: sources.dice.position(),
            session_key: sources.session_key.clone(),
            messages: sources.supplies.outbox.record(),
            scenarios: sources.supplies.scenarios.record(),
            activeconnect: sources.activeconnect.map(Activeconnect::record),
            authsignal: sources.authsignal.map(Authsignal::record),
        }
    }

    /// Takes out what both parts share, with an outbox for `capacity` messages.
    ///
    /// # Errors
    /// A seed of ids is none.
    pub fn supplies(&mut self, capacity: usize) -> Result<Supplies, String> {
        Ok(Supplies {
            ids: Ids::at(&self.ids).map_err(|why| format!("ids: {why}"))?,
            outbox: Outbox::restored(capacity, std::mem::take(&mut self.messages)),
            scenarios: Scenarios::default(),
        })
    }

    /// Takes out what scenarios have set going.
    pub fn scenarios(&mut self) -> scenario::Record {
        std::mem::take(&mut self.scenarios)
    }

    /// What faults draw from.
    ///
    /// # Errors
    /// Its seed is none.
    pub fn dice(&self) -> Result<Ids, String> {
        Ids::at(&self.dice).map_err(|why| format!("dice: {why}"))
    }

    /// What the key of its sessions is made of.
    ///
    /// # Errors
    /// It is no such thing.
    pub fn session_key(&self) -> Result<Option<[u8; 32]>, String> {
        let seed = self.session_key.as_deref().map(seed_of).transpose();
        seed.map_err(|why| format!("sessionKey: {why}"))
    }

    /// Takes out the part at Activeconnect.
    ///
    /// # Errors
    /// It cannot be.
    pub fn activeconnect(
        &mut self,
        application: &Arc<Application>,
        limits: Limits,
    ) -> Result<Activeconnect, String> {
        let record = self.activeconnect.take();
        let record = record.ok_or("activeconnect is missing")?;
        let restored = Activeconnect::restored(Arc::clone(application), limits, record);
        restored.map_err(|why| format!("activeconnect: {why}"))
    }

    /// Takes out the part at Authsignal, as it goes on at that time.
    ///
    /// # Errors
    /// It cannot be.
    pub fn authsignal(
        &mut self,
        account: &Arc<authsignal::Tenant>,
        now: Timestamp,
    ) -> Result<Authsignal, String> {
        let record = self.authsignal.take();
        let record = record.ok_or("authsignal is missing")?;
        let restored = Authsignal::restored(Arc::clone(account), record);
        let mut restored = restored.map_err(|why| format!("authsignal: {why}"))?;
        restored.resume(now);
        Ok(restored)
    }

    /// Every URL that its webhooks go to.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.authsignal.iter().flat_map(|record| record.urls())
    }
}

/// Checks that a tenant of a seed has nothing beside its state that the state has, too.
///
/// # Errors
/// It has; the text names the place in the tenant.
pub fn check_beside(tenant: &Map<String, Value>) -> Result<(), String> {
    if !tenant.contains_key("state") {
        return Ok(());
    }
    let parts = [
        ("activeconnect", OF_ACTIVECONNECT.as_slice()),
        ("authsignal", &OF_AUTHSIGNAL),
    ];
    for (part, own) in parts {
        let members = tenant.get(part).and_then(Value::as_object);
        let mut names = members.into_iter().flat_map(Map::keys);
        if let Some(name) = names.find(|name| !own.contains(&name.as_str())) {
            return Err(format!(
                "{part}: `{name}` cannot stand beside `state`, which has it already: leave one of them out"
            ));
        }
        let in_state = tenant.get("state").and_then(|state| state.get(part));
        let in_state = in_state.is_some_and(|part| !part.is_null());
        if members.is_some() != in_state {
            return Err(format!(
                "`{part}` and `state.{part}` belong together: give both or neither"
            ));
        }
    }
    Ok(())
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for State {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "State".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        // What a mock writes for itself may change with it, so nobody should rely on more.
        schemars::json_schema!({
            "type": "object",
            "description": "The exact state of a tenant, as `stepup-mock dump` writes it. Only a mock writes and reads it.",
        })
    }
}
