//! The state as a file holds it, to go on with it in another mock. Knows no clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
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
use crate::domain::changes::{Changes, Table, number_of, thing_of};
use crate::domain::shares::Kept;

/// The state of a tenant. It holds every secret of its users.
#[derive(Clone, Default, Serialize, Deserialize)]
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
    /// The sessions of a copy, with their places.
    #[serde(skip)]
    copied_sessions: Vec<Kept<Session>>,
}

/// An action of a user.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ActionRecord {
    user_id: String,
    action: Action,
    /// The place of the flow document that its run walks, among all of the tenant.
    flow: Option<usize>,
    /// Its place among all actions, where a copy has it.
    #[serde(skip)]
    number: Option<u64>,
}

/// An action, as a copy has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CopiedAction<'a> {
    user_id: &'a str,
    action: &'a Action,
    flow: Option<usize>,
}

/// What is counted and measured of a tenant, as a copy has it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Counts {
    rung: u64,
    deletions: u64,
    floor: u64,
    longest_window: SignedDuration,
    room_of_windows: usize,
    handles_of: String,
}

const CONFIGURATION: &str = "configuration";
const EVENTS: &str = "events";
const COUNTS: &str = "counts";

impl Record {
    /// Takes a thing of a copy.
    ///
    /// # Errors
    /// It is none.
    pub fn take(&mut self, table: Table, key: &[u8], thing: &[u8]) -> Result<(), String> {
        let text = || String::from_utf8(key.to_vec()).map_err(|_| "a key is not a text".to_owned());
        match table {
            Table::User => {
                self.users.insert(text()?, thing_of(thing)?);
            }
            Table::Action => self.actions.push(ActionRecord {
                number: Some(number_of(key)?),
                ..thing_of(thing)?
            }),
            Table::Challenge => self.challenges.kept.push(Kept::of_copy(key, thing)?),
            Table::Session => self.copied_sessions.push(Kept::of_copy(key, thing)?),
            Table::Ceremony => self.ceremonies.take(key, thing)?,
            Table::Deletion => {
                let deletion = (number_of(key)?, thing_of(thing)?);
                self.deletions.order.push(deletion);
            }
            Table::Window => {
                self.windows.happened.insert(text()?, thing_of(thing)?);
            }
            _ => match text()?.as_str() {
                CONFIGURATION => self.configuration = thing_of(thing)?,
                EVENTS => self.events = thing_of(thing)?,
                COUNTS => self.count(thing_of(thing)?),
                other => return Err(format!("`{other}` is not a part of a tenant")),
            },
        }
        Ok(())
    }

    fn count(&mut self, counts: Counts) {
        let Counts {
            rung,
            deletions,
            floor,
            longest_window,
            room_of_windows,
            handles_of,
        } = counts;
        self.challenges.rung = rung;
        (self.deletions.count, self.deletions.floor) = (deletions, floor);
        self.windows.measured(longest_window, room_of_windows);
        self.ceremonies.tenant_id = handles_of;
    }

    /// Every URL that webhooks go to.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.events.urls()
    }
}

impl Authsignal {
    /// What has changed.
    pub fn changes(&mut self, changes: &mut Changes) {
        let flows = &self.configuration.flows;
        if self.configuration.is_changed() && flows.iter().next().is_some() {
            // Actions name documents by their places, which may be others now.
            self.actions.mark_all();
        }
        self.actions.changes(changes, |user_id, action| {
            let flow = action.run.as_deref().and_then(Run::flow);
            CopiedAction {
                user_id,
                action,
                flow: flow.and_then(|flow| flows.place(&flow)),
            }
        });
        let of = Table::OfAuthsignal;
        changes.marked(of, CONFIGURATION, &mut self.configuration, Clone::clone);
        changes.marked(of, EVENTS, &mut self.events, Events::to_record);
        let users = &mut self.users;
        users.changes(changes, Table::User, |id| id.clone().into_bytes());
        self.challenges.changes(changes);
        self.sessions.changes(changes);
        self.ceremonies.changes(changes);
        self.windows.changes(changes);
        self.deletions.changes(changes);
        let (deletions, floor) = self.deletions.counts();
        let (longest_window, room_of_windows) = self.windows.measures();
        let counts = Counts {
            rung: self.challenges.rung(),
            deletions,
            floor,
            longest_window,
            room_of_windows,
            handles_of: self.ceremonies.tenant_id().to_owned(),
        };
        changes.put(of, COUNTS.into(), &counts);
    }

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
                number: None,
            }
        });
        let users = self.users.iter();
        Record {
            actions: actions.collect(),
            configuration: Configuration::clone(&self.configuration),
            events: self.events.to_record(),
            users: users.map(|(id, user)| (id.clone(), user.clone())).collect(),
            ceremonies: self.ceremonies.record(),
            challenges: self.challenges.record(),
            sessions: self.sessions.oldest_first().cloned().collect(),
            windows: self.windows.clone(),
            deletions: self.deletions.record(),
            copied_sessions: Vec::new(),
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
            events: Events::restored(record.events)?.into(),
            ceremonies: Ceremonies::restored(record.ceremonies),
            challenges: Challenges::restored(record.challenges),
            sessions: match record.copied_sessions {
                none if none.is_empty() => Sessions::restored(record.sessions),
                copied => Sessions::copied(copied),
            },
            windows: record.windows,
            deletions: Deletions::restored(record.deletions)?,
            actions: log(record.actions, &record.configuration)?,
            configuration: record.configuration.into(),
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
            number,
        } = record;
        if let (Some(run), Some(place)) = (action.run.as_deref_mut(), flow) {
            let flow = configuration.flows.at(place);
            let flow = flow.filter(|flow| stands(run, flow)).ok_or_else(|| {
                format!("actions[{at}]: its run stands at a node that its flow does not have")
            })?;
            run.walk(flow);
        }
        match number {
            Some(number) => log.insert_at(&user_id, action, number),
            None => log.insert(&user_id, action),
        }
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

#[cfg(test)]
impl Authsignal {
    /// A copy that takes what has changed is what the state is, and keeps the place of each thing.
    pub fn check_copy(&mut self, copy: &mut crate::domain::changes::Follower) {
        let mut changes = Changes::default();
        self.changes(&mut changes);
        copy.follow(changes);
        if !copy.is_due() {
            return;
        }
        let mut record = Record::default();
        copy.each(|table, key, thing| record.take(table, key, thing));
        let mut restored = Self::restored(Arc::clone(&self.tenant), record).unwrap();
        assert_eq!(
            serde_json::json!(restored.record()),
            serde_json::json!(self.record())
        );
        let mut again = crate::domain::changes::Follower::default();
        let mut everything = Changes::everything();
        restored.changes(&mut everything);
        again.follow(everything);
        assert_eq!(again.told(), copy.told());
    }
}
