//! Read-only views of users, devices and sessions for people. It must not know a wire format.

use jiff::Timestamp;

use super::session::{Requested, Status};
use super::{Activeconnect, User};

/// Sessions that are listed for a user.
const SESSIONS: usize = 20;

/// A user.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    /// The id.
    pub id: &'a str,
    /// Id and name of the device.
    pub device: Option<(&'a str, Option<&'a str>)>,
    /// The newest sessions, newest first: public name, status, start.
    pub sessions: Vec<(&'a str, Status, Timestamp)>,
}

/// A request that waits for a phone.
#[derive(Debug, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// Names it.
    pub request_id: &'a str,
    /// The user of the phone that it waits for.
    pub user_id: &'a str,
    /// What is asked for.
    pub requested: Requested,
    /// When it came.
    pub started: Timestamp,
    /// When it expires.
    pub deadline: Timestamp,
}

impl Activeconnect {
    /// How many users there are.
    pub fn population(&self) -> usize {
        self.users.len()
    }

    /// The users that were added last, those first.
    pub fn seen_users(&self, limit: usize, now: Timestamp) -> Vec<Seen<'_>> {
        let mut users: Vec<(&u64, &User)> = self.users.iter().collect();
        if users.len() > limit {
            users.select_nth_unstable_by_key(limit, |(number, _)| std::cmp::Reverse(**number));
            users.truncate(limit);
        }
        users.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(**number));
        users
            .into_iter()
            .map(|(_, user)| Seen {
                id: &user.id,
                device: user
                    .device
                    .as_ref()
                    .map(|device| (device.id.as_str(), device.description.name.as_deref())),
                sessions: user
                    .sessions
                    .iter()
                    .rev()
                    .take(SESSIONS)
                    .map(|session| (session.token.as_str(), session.status(now), session.started))
                    .collect(),
            })
            .collect()
    }

    /// The requests that wait for a phone, oldest first.
    pub fn waiting(&self, now: Timestamp) -> Vec<Waiting<'_>> {
        let mut waiting: Vec<_> = self
            .roll
            .waiting(now)
            .filter_map(|(number, user)| {
                let user = self.users.get(&user)?;
                let mut own = user.sessions.iter();
                let session = own.find(|session| session.number == number)?;
                user.device.is_some().then_some((user, session))
            })
            .map(|(user, session)| Waiting {
                request_id: &session.request_id,
                user_id: &user.id,
                requested: session.requested,
                started: session.started,
                deadline: session.deadline(),
            })
            .collect();
        waiting.sort_unstable_by_key(|waiting| (waiting.started, waiting.request_id));
        waiting
    }
}
