//! All sessions of an application, in the orders that its bound and its list of open requests need. Knows no device.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

use jiff::Timestamp;

use super::session::Session;

/// The roll of all sessions. A session is struck off before it changes, and entered again afterwards.
#[derive(Clone, Debug, Default)]
pub(super) struct Roll {
    /// The users' numbers by the sessions' numbers: oldest first.
    users: BTreeMap<u64, u64>,
    /// When each session is over, with its number.
    ends: BTreeSet<(Timestamp, u64)>,
    /// Until when each waits for a phone, with its number.
    waits: BTreeSet<(Timestamp, u64)>,
    /// The number of the newest session.
    newest: u64,
}

impl Roll {
    /// The number of a new session.
    pub(super) fn number(&mut self) -> u64 {
        self.newest += 1;
        self.newest
    }

    /// The number of the newest session.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// The next session has a number after this one.
    pub(super) fn start_after(&mut self, newest: u64) {
        self.newest = self.newest.max(newest);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    /// Enters a session of a user.
    pub(super) fn enter(&mut self, session: &Session, user: u64) {
        self.users.insert(session.number, user);
        self.ends.insert((session.ends(), session.number));
        if session.waits() {
            self.waits.insert((session.deadline(), session.number));
        }
    }

    /// Strikes a session off, as it was when it was entered.
    pub(super) fn strike(&mut self, session: &Session) {
        self.users.remove(&session.number);
        self.ends.remove(&(session.ends(), session.number));
        self.waits.remove(&(session.deadline(), session.number));
    }

    /// The session that leaves first, and its user: one that is over, or else the oldest.
    pub(super) fn first_to_leave(&self, now: Timestamp) -> Option<(u64, u64)> {
        let over = self.ends.first().filter(|(ends, _)| *ends <= now);
        match over {
            Some((_, number)) => Some((*number, *self.users.get(number)?)),
            None => self.users.first_key_value().map(|(at, user)| (*at, *user)),
        }
    }

    /// The sessions that wait for a phone, and their users.
    pub(super) fn waiting(&self, now: Timestamp) -> impl Iterator<Item = (u64, u64)> {
        let after = (Excluded((now, u64::MAX)), Unbounded);
        let waiting = self.waits.range(after);
        waiting.filter_map(|(_, number)| Some((*number, *self.users.get(number)?)))
    }

    /// That it holds these sessions and no others, as they are.
    #[cfg(test)]
    pub(super) fn check<'s>(&self, sessions: impl Iterator<Item = (u64, &'s Session)>) {
        let mut expected = Self {
            newest: self.newest,
            ..Self::default()
        };
        for (user, session) in sessions {
            expected.enter(session, user);
        }
        assert_eq!(self.users, expected.users);
        assert_eq!(self.ends, expected.ends);
        assert_eq!(self.waits, expected.waits);
    }
}
