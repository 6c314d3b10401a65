//! The state as a file holds it, to go on with it in another mock. Knows no clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Activeconnect, Application, Limits, User, fold};
use crate::bounds::{USER_ID_BYTES, USERS};
use crate::domain::in_file::{LARGEST, counter};

/// The state of an application. It holds every secret of its users.
#[derive(Clone, Serialize, Deserialize)]
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

impl Activeconnect {
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
