//! Sessions after a passed challenge: creation, rotation and revocation. Knows no wire format.

#[cfg(test)]
mod model;

use ahash::HashMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::token::{Claims, SessionClaims, TokenFault};
use super::tracking::Proof;
use super::vocabulary::{Method, State};
use super::{Authsignal, Refusal};
use crate::bounds::{SESSIONS, SESSIONS_PER_USER};
use crate::domain::changes::{Changes, Table};
use crate::domain::ids::Ids;
use crate::domain::in_file::counter;
use crate::domain::shares::{Kept, Owner, Room, Share, Shares};
use crate::domain::{Turn, later};

/// A session.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
    /// When that no longer works.
    pub refreshable_until: Timestamp,
    /// How often it was refreshed: an access token of an earlier round is revoked.
    #[serde(deserialize_with = "counter")]
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
        refreshable_until: Timestamp,
    ) -> Self {
        Self {
            id,
            user_id,
            client_id,
            method,
            refresh_token,
            refreshable_until,
            refreshes: 0,
        }
    }
}

/// What a session hands out. Who signs the claims holds no world meanwhile: the first signature makes the key.
#[derive(Debug)]
pub struct SessionTokens {
    /// The claims of the access token.
    pub access: SessionClaims,
    /// What refreshes the session; works once.
    pub refresh_token: String,
}

/// The room of the sessions of a tenant. Each is a user's; nobody decides how long it is.
const ROOM: Room = Room {
    strangers: Share::NONE,
    application: Share::NONE,
    users: Share {
        count: SESSIONS,
        bytes: usize::MAX,
    },
    per_user: SESSIONS_PER_USER,
};

/// The sessions of a tenant that are not revoked.
#[derive(Clone)]
pub struct Sessions {
    kept: Shares<Session>,
    by_refresh_token: HashMap<String, String>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            kept: Shares::new(ROOM),
            by_refresh_token: HashMap::default(),
        }
    }
}

impl Sessions {
    /// A session that is not revoked.
    pub fn get(&self, id: &str) -> Option<&Session> {
        self.kept.get(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Adds a session; drops the oldest of the user, or of the tenant, if there is no more room.
    pub fn insert(&mut self, session: Session) {
        self.by_refresh_token
            .insert(session.refresh_token.clone(), session.id.clone());
        let owner = Owner::User(session.user_id.clone());
        let gone = self
            .kept
            .insert(session.id.clone(), owner, 0, session, |_| false);
        self.close(gone);
    }

    /// The session that a refresh token refreshes.
    fn refreshed_by(&self, refresh_token: &str) -> Option<&Session> {
        self.kept.get(self.by_refresh_token.get(refresh_token)?)
    }

    /// Turns a session over to a new refresh token, which works until then.
    pub fn refresh(
        &mut self,
        refresh_token: &str,
        until: Timestamp,
        ids: &mut Ids,
    ) -> Option<Session> {
        let id = self.by_refresh_token.remove(refresh_token)?;
        let session = self.kept.get_mut(&id)?;
        session.refresh_token = ids.long_secret();
        session.refreshable_until = until;
        session.refreshes += 1;
        self.by_refresh_token
            .insert(session.refresh_token.clone(), id);
        Some(session.clone())
    }

    /// Revokes a session.
    pub fn revoke(&mut self, id: &str) {
        let gone = self.kept.remove(id);
        self.close(gone);
    }

    /// Revokes every session of a user.
    pub fn revoke_user(&mut self, user_id: &str) {
        let gone = self.kept.forget(user_id);
        self.close(gone);
    }

    /// Those of a file, the oldest first.
    pub fn restored(sessions: Vec<Session>) -> Self {
        let mut all = Self::default();
        for session in sessions {
            all.insert(session);
        }
        all
    }

    /// Those of a copy, the oldest first.
    pub fn copied(kept: Vec<Kept<Session>>) -> Self {
        let by_token = kept.iter().map(|Kept { thing, .. }| {
            let Session {
                refresh_token, id, ..
            } = thing;
            (refresh_token.clone(), id.clone())
        });
        let by_refresh_token = by_token.collect();
        let kept = Shares::restored(ROOM, kept, |_| 0);
        Self {
            kept,
            by_refresh_token,
        }
    }

    /// What has changed.
    pub fn changes(&mut self, changes: &mut Changes) {
        self.kept.changes(changes, Table::Session);
    }

    /// Those that are not revoked, the oldest first.
    pub fn oldest_first(&self) -> impl Iterator<Item = &Session> {
        self.kept.oldest_first()
    }

    /// Takes what refreshes sessions that are no more.
    fn close(&mut self, gone: impl IntoIterator<Item = Session>) {
        for session in gone {
            self.by_refresh_token.remove(&session.refresh_token);
        }
    }
}

impl Authsignal {
    /// Exchanges a token, by its claims, for a session. Its action must be CHALLENGE_SUCCEEDED.
    ///
    /// # Errors
    /// The token does not prove that.
    pub fn create_session(
        &mut self,
        turn: &mut Turn<'_>,
        client_id: &str,
        read: Result<Claims<'_>, TokenFault>,
        action: Option<&str>,
        base: &str,
    ) -> Result<SessionTokens, Refusal> {
        match self.validate(read, None, action, turn.now) {
            Proof::Of {
                state: State::ChallengeSucceeded,
                user_id,
                method,
                ..
            } => {
                let client_id = client_id.to_owned();
                Ok(self.open_session(turn, client_id, user_id, method, base))
            }
            Proof::Of { state, .. } => Err(Refusal::Unauthorized(format!(
                "the token's action is {}; a session needs CHALLENGE_SUCCEEDED",
                state.word()
            ))),
            Proof::Nothing(why) => Err(Refusal::Unauthorized(why.to_owned())),
        }
    }

    /// Opens a session of a user who has passed a challenge.
    pub(super) fn open_session(
        &mut self,
        turn: &mut Turn<'_>,
        client_id: String,
        user_id: String,
        method: Option<Method>,
        base: &str,
    ) -> SessionTokens {
        let until = self.refreshable_until(&client_id, turn.now);
        let (id, refresh_token) = (turn.ids.uuid(), turn.ids.long_secret());
        let session = Session::new(id, user_id, client_id, method, refresh_token, until);
        let tokens = self.tokens(&session, base, turn.now);
        self.sessions.insert(session);
        tokens
    }

    /// A session of a user, as if they had passed.
    #[cfg(test)]
    pub fn open_session_for_tests(&mut self, turn: &mut Turn<'_>, user_id: &str) -> SessionTokens {
        self.open_session(
            turn,
            "web".to_owned(),
            user_id.to_owned(),
            None,
            "http://mock",
        )
    }

    /// The session of an access token, by what was read in it, and when the token expires.
    ///
    /// # Errors
    /// The token is invalid, expired, revoked, or of another client.
    pub fn validate_session(
        &self,
        read: Result<SessionClaims, TokenFault>,
        client_ids: Option<&[String]>,
        now: Timestamp,
    ) -> Result<(&Session, i64), Refusal> {
        let refused = |why: &str| Refusal::Unauthorized(why.to_owned());
        let current = read.and_then(|claims| {
            if now.as_second() >= claims.exp {
                return Err(TokenFault::Expired);
            }
            Ok(claims)
        });
        let claims = current.map_err(|fault| refused(&fault.to_string()))?;
        let session = self
            .sessions
            .get(&claims.sid)
            .filter(|session| session.refreshes == claims.seq)
            .ok_or_else(|| refused("The session is revoked."))?;
        if client_ids.is_some_and(|ids| !ids.contains(&session.client_id)) {
            return Err(refused("The session belongs to another client."));
        }
        Ok((session, claims.exp))
    }

    /// Issues a new pair of tokens and revokes the old.
    ///
    /// # Errors
    /// The refresh token is unknown, used, revoked, or expired.
    pub fn refresh_session(
        &mut self,
        turn: &mut Turn<'_>,
        refresh_token: &str,
        base: &str,
    ) -> Result<SessionTokens, Refusal> {
        let unknown =
            || Refusal::Unauthorized("The refresh token is unknown, used or revoked.".to_owned());
        let session = self
            .sessions
            .refreshed_by(refresh_token)
            .ok_or_else(unknown)?;
        if turn.now >= session.refreshable_until {
            let why = "The refresh token is expired.";
            return Err(Refusal::Unauthorized(why.to_owned()));
        }
        let until = self.refreshable_until(&session.client_id, turn.now);
        let session = self
            .sessions
            .refresh(refresh_token, until, turn.ids)
            .ok_or_else(unknown)?;
        Ok(self.tokens(&session, base, turn.now))
    }

    /// Revokes the session of an access token, by what was read in it.
    ///
    /// # Errors
    /// The token is invalid, expired or revoked.
    pub fn revoke_session(
        &mut self,
        read: Result<SessionClaims, TokenFault>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let id = self.validate_session(read, None, now)?.0.id.clone();
        self.sessions.revoke(&id);
        Ok(())
    }

    /// Revokes every session of a user.
    pub fn revoke_user_sessions(&mut self, user_id: &str) {
        self.sessions.revoke_user(user_id);
    }

    /// When a refresh token no longer works that a client gets now.
    fn refreshable_until(&self, client_id: &str, now: Timestamp) -> Timestamp {
        let client = self.configuration.clients.get(client_id);
        later(now, client.refresh_token_life)
    }

    fn tokens(&self, session: &Session, base: &str, now: Timestamp) -> SessionTokens {
        let client = self.configuration.clients.get(&session.client_id);
        let user = self.user(&session.user_id).map(|user| &user.attributes);
        let access = SessionClaims {
            sub: session.user_id.clone(),
            aud: session.client_id.clone(),
            iss: self.tenant.issuer(base),
            iat: now.as_second(),
            exp: now
                .as_second()
                .saturating_add(client.access_token_life.as_secs()),
            sid: session.id.clone(),
            seq: session.refreshes,
            email: user.and_then(|user| user.email.clone()),
            custom: user.map(|user| client.claims(user)).unwrap_or_default(),
        };
        SessionTokens {
            access,
            refresh_token: session.refresh_token.clone(),
        }
    }
}
