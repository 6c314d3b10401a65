//! Sessions made of a passed challenge: rotation and revocation. Knows no token format but its own secret.

use std::collections::{HashMap, VecDeque};

use super::vocabulary::Method;
use crate::domain::ids::Ids;

/// Sessions kept for each tenant; the oldest leaves first.
const CAPACITY: usize = 100_000;

/// A session.
#[derive(Clone)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// The user.
    pub user_id: String,
    /// The client.
    pub client_id: String,
    /// How the challenge was passed.
    pub method: Option<Method>,
    /// What refreshes it; works once.
    pub refresh_token: String,
    /// How often it was refreshed: an access token of an earlier round is revoked.
    pub refreshes: u64,
}

impl Session {
    /// A fresh session.
    pub fn new(
        id: String,
        user_id: String,
        client_id: String,
        method: Option<Method>,
        refresh_token: String,
    ) -> Self {
        Self {
            id,
            user_id,
            client_id,
            method,
            refresh_token,
            refreshes: 0,
        }
    }
}

/// The sessions of a tenant.
#[derive(Default)]
pub struct Sessions {
    by_id: HashMap<String, Session>,
    by_refresh_token: HashMap<String, String>,
    /// Oldest first.
    order: VecDeque<String>,
}

impl Sessions {
    /// A session that is not revoked.
    pub fn get(&self, id: &str) -> Option<&Session> {
        self.by_id.get(id)
    }

    /// Takes a session; the oldest leaves when there is no room.
    pub fn insert(&mut self, session: Session) {
        while self.order.len() >= CAPACITY {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.revoke(&oldest);
        }
        self.order.push_back(session.id.clone());
        self.by_refresh_token
            .insert(session.refresh_token.clone(), session.id.clone());
        self.by_id.insert(session.id.clone(), session);
    }

    /// Turns a session over to a new refresh token.
    pub fn refresh(&mut self, refresh_token: &str, ids: &mut Ids) -> Option<Session> {
        let id = self.by_refresh_token.remove(refresh_token)?;
        let session = self.by_id.get_mut(&id)?;
        session.refresh_token = ids.long_secret();
        session.refreshes += 1;
        self.by_refresh_token
            .insert(session.refresh_token.clone(), id);
        Some(session.clone())
    }

    /// Revokes a session.
    pub fn revoke(&mut self, id: &str) {
        if let Some(session) = self.by_id.remove(id) {
            self.by_refresh_token.remove(&session.refresh_token);
        }
    }

    /// Revokes every session of a user.
    pub fn revoke_user(&mut self, user_id: &str) {
        self.by_id.retain(|_, session| session.user_id != user_id);
        let by_id = &self.by_id;
        self.by_refresh_token.retain(|_, id| by_id.contains_key(id));
        self.order.retain(|id| by_id.contains_key(id));
    }

    /// Those that are not revoked, the oldest first.
    pub fn oldest_first(&self) -> impl Iterator<Item = &Session> {
        self.order.iter().filter_map(|id| self.by_id.get(id))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
