//! The state as a file holds it, to go on with it in another mock. Knows no clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::action::{Action, Log};
use super::challenge::{Challenges, ChallengesRecord, Windows};
use super::configuration::Configuration;
use super::deletion::{Deletions, DeletionsRecord};
use super::flow::{Flow, Place, Run};
use super::session::{Session, Sessions};
use super::user::User;
use super::webauthn::{Ceremonies, CeremoniesRecord};
use super::webhook::{Events, EventsRecord};
use super::{Authsignal, Tenant};
use crate::bounds::{USER_BYTES, USERS};

/// The state of a tenant. It holds every secret of its users.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    configuration: Configuration,
    events: EventsRecord,
    users: BTreeMap<String, User>,
    /// Oldest first.
    actions: Vec<ActionRecord>,
    ceremonies: CeremoniesRecord,
    challenges: ChallengesRecord,
    /// Oldest first.
    sessions: Vec<Session>,
    windows: Windows,
    deletions: DeletionsRecord,
}

/// An action of a user.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ActionRecord {
    user_id: String,
    action: Action,
    /// The place of the flow document that its run walks, among all of the tenant.
    flow: Option<usize>,
}

impl Record {
    /// Every URL that webhooks go to.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.events.urls()
    }
}

impl Authsignal {
    /// The state, for a file.
    pub fn record(&self) -> Record {
        let mut actions: Vec<_> = self.actions.newest_first().collect();
        actions.reverse();
        let actions = actions.into_iter().map(|(user_id, action)| {
            let flow = action.run.as_deref().and_then(Run::flow);
            ActionRecord {
                user_id: user_id.to_owned(),
                action: action.clone(),
                flow: flow.and_then(|flow| self.configuration.flows.place(&flow)),
            }
        });
        let users = self.users.iter();
        Record {
            actions: actions.collect(),
            configuration: self.configuration.clone(),
            events: self.events.to_record(),
            users: users.map(|(id, user)| (id.clone(), user.clone())).collect(),
            ceremonies: self.ceremonies.record(),
            challenges: self.challenges.record(),
            sessions: self.sessions.oldest_first().cloned().collect(),
            windows: self.windows.clone(),
            deletions: self.deletions.record(),
        }
    }

    /// The state of a file.
    ///
    /// # Errors
    /// It has more than a tenant may have, or a run of a flow is at a node that the flow does not have.
    pub fn restored(tenant: Arc<Tenant>, record: Record) -> Result<Self, String> {
        if !record.windows.fits() {
            return Err("windows: there are more than a tenant may have".to_owned());
        }
        let mut all = Self {
            events: Events::restored(record.events)?,
            ceremonies: Ceremonies::restored(record.ceremonies),
            challenges: Challenges::restored(record.challenges),
            sessions: Sessions::restored(record.sessions),
            windows: record.windows,
            deletions: Deletions::restored(record.deletions)?,
            actions: log(record.actions, &record.configuration)?,
            configuration: record.configuration,
            ..Self::new(tenant)
        };
        for (id, user) in record.users {
            for authenticator in &user.authenticators {
                all.note_keys(&id, authenticator);
            }
            all.users.insert(id.clone(), user);
            all.index(&id);
        }
        if all.users.len() > USERS || all.user_bytes > USER_BYTES {
            return Err(format!(
                "users: there are more than {USERS}, or they take more than {USER_BYTES} bytes"
            ));
        }
        Ok(all)
    }
}

/// The actions, whose runs walk the documents of the tenant.
fn log(records: Vec<ActionRecord>, configuration: &Configuration) -> Result<Log, String> {
    let mut log = Log::default();
    for (at, record) in records.into_iter().enumerate() {
        let ActionRecord {
            user_id,
            mut action,
            flow,
        } = record;
        if let (Some(run), Some(place)) = (action.run.as_deref_mut(), flow) {
            let flow = configuration.flows.at(place);
            let flow = flow.filter(|flow| stands(run, flow)).ok_or_else(|| {
                format!("actions[{at}]: its run stands at a node that its flow does not have")
            })?;
            run.walk(flow);
        }
        log.insert(&user_id, action);
    }
    Ok(log)
}

/// Whether a document has every node that a run came to.
fn stands(run: &Run, flow: &Flow) -> bool {
    let has = |node: usize| node < flow.nodes.len();
    let stands = match run.place {
        Place::At(node) | Place::Block(node) => has(node),
        Place::Complete | Place::Fault(_) => true,
    };
    stands && run.visits.iter().all(|visit| has(visit.node))
}
