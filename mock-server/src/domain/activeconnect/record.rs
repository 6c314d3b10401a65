//! The state as a file holds it, to go on with it in another mock. Knows no clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Activeconnect, Application, Limits, User, fold};
use crate::bounds::{USER_ID_BYTES, USERS};
use crate::domain::changes::{Changes, Table, number_of, numbered, thing_of};
use crate::domain::in_file::{LARGEST, counter};

/// The state of an application. It holds every secret of its users.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// By number.
    users: BTreeMap<u64, User>,
    #[serde(deserialize_with = "counter")]
    next_number: u64,
    /// The number of the newest session.
    #[serde(deserialize_with = "counter")]
    newest_session: u64,
}

/// What an application has besides its users, as a copy has it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rest {
    next_number: u64,
    newest_session: u64,
}

impl Record {
    /// Takes a thing of a copy.
    ///
    /// # Errors
    /// It is none.
    pub fn take(&mut self, table: Table, key: &[u8], thing: &[u8]) -> Result<(), String> {
        match table {
            Table::Phone => {
                self.users.insert(number_of(key)?, thing_of(thing)?);
            }
            _ => {
                let rest: Rest = thing_of(thing)?;
                (self.next_number, self.newest_session) = (rest.next_number, rest.newest_session);
            }
        }
        Ok(())
    }
}

impl Activeconnect {
    /// What has changed.
    pub fn changes(&mut self, changes: &mut Changes) {
        let users = &mut self.users;
        users.changes(changes, Table::Phone, |number| numbered(*number));
        let rest = Rest {
            next_number: self.next_number,
            newest_session: self.roll.newest(),
        };
        changes.put(Table::OfActiveconnect, Vec::new(), &rest);
    }

    /// The state, for a file.
    pub fn record(&self) -> Record {
        let users = self.users.iter();
        Record {
            users: users.map(|(at, user)| (*at, user.clone())).collect(),
            next_number: self.next_number,
            newest_session: self.roll.newest(),
        }
    }

    /// The state of a file.
    ///
    /// # Errors
    /// It has more than an application may have, or two things with the same name.
    pub fn restored(
        application: Arc<Application>,
        limits: Limits,
        record: Record,
    ) -> Result<Self, String> {
        let mut all = Self::new(application, limits);
        all.next_number = record.next_number;
        all.roll.start_after(record.newest_session);
        for (number, user) in record.users {
            let id = user.id.clone();
            all.put(number, user)
                .map_err(|why| format!("user {id}: {why}"))?;
        }
        if all.users.len() > USERS || all.id_bytes > USER_ID_BYTES {
            return Err(format!(
                "there are more than {USERS} users, or their ids take more than {USER_ID_BYTES} bytes"
            ));
        }
        if all.roll.len() != all.sessions.len() {
            return Err("two sessions have the same number".to_owned());
        }
        if all.roll.len() > all.limits.sessions {
            return Err(format!(
                "there are {} sessions; an application has at most {}",
                all.roll.len(),
                all.limits.sessions
            ));
        }
        Ok(all)
    }

    /// Puts a user with all that leads to them.
    fn put(&mut self, number: u64, user: User) -> Result<(), &'static str> {
        const TWICE: &str = "has something of the same name as another";
        if number > LARGEST {
            return Err("has too large a number");
        }
        self.id_bytes += user.id.len();
        self.next_number = self.next_number.max(number + 1);
        let mut is_new = self.numbers.insert(fold(&user.id), number).is_none();
        if let Some(device) = &user.device {
            is_new &= self.devices.insert(device.id.clone(), number).is_none();
        }
        for link in &user.links {
            is_new &= self.links.insert(link.token.clone(), number).is_none();
        }
        for session in &user.sessions {
            self.roll.start_after(session.number);
            self.roll.enter(session, number);
            let token = self.sessions.insert(session.token.clone(), number);
            let request = self.requests.insert(session.request_id.clone(), number);
            is_new &= token.is_none() && request.is_none();
        }
        self.users.insert(number, user);
        if is_new { Ok(()) } else { Err(TWICE) }
    }
}

#[cfg(test)]
impl Activeconnect {
    /// A copy that takes what has changed is what the state is.
    pub fn check_copy(&mut self, copy: &mut crate::domain::changes::Follower) {
        let mut changes = Changes::default();
        self.changes(&mut changes);
        copy.follow(changes);
        if !copy.is_due() {
            return;
        }
        let mut record = Record::default();
        copy.each(|table, key, thing| record.take(table, key, thing));
        let restored = Self::restored(Arc::clone(&self.application), self.limits, record);
        assert_eq!(
            serde_json::json!(restored.unwrap().record()),
            serde_json::json!(self.record())
        );
    }
}
