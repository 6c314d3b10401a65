//! Authsignal: users, authenticators, actions, challenges and sessions of one tenant. Knows no wire format: it takes and
//! gives the domain's own types, and its refusals carry the vendor's words, not status codes.

pub mod action;
pub mod challenge;
pub mod configuration;
mod dump;
pub mod enrollment;
pub mod factor;
pub mod one_time;
pub mod overview;
pub mod refusal;
pub mod rule;
pub mod session;
pub mod token;
pub mod tracking;
pub mod user;
pub mod users;
pub mod vocabulary;
pub mod webauthn;
pub mod webhook;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use self::challenge::{Challenges, Windows};
pub use self::configuration::{Configuration, NextOutcome};
pub use self::enrollment::{BATCH, Enrollment};
pub use self::one_time::ChallengeRequest;
pub use self::refusal::Refusal;
use self::session::Sessions;
use self::token::{Claims, Grant, Keys, Other};
pub use self::tracking::{Proof, Tracked};
use self::user::User;
pub use self::users::UserFilter;
use self::vocabulary::Method;
use self::webauthn::Ceremonies;
use self::webhook::Events;

/// A tenant: who may call, and what does not change while the mock runs.
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// The server API secret.
    pub secret: String,
    /// Public key that tokens carry.
    pub publishable_key: String,
    /// What tokens are signed with.
    pub keys: Keys,
}

impl Tenant {
    /// Writes a token for an action of a user; one that is for no action has no code and no key. `base` is the URL of the
    /// server. This takes longer than most of what a world does, so nobody should hold a world meanwhile.
    pub fn token(&self, grant: &Grant, user_id: &str, code: &str, key: &str, base: &str) -> String {
        let claims = Claims {
            sub: user_id.into(),
            aud: base.into(),
            iss: base.into(),
            iat: grant.issued,
            exp: grant.expires,
            scope: Some(grant.scope.as_ref().into()),
            other: Other {
                tenant_id: self.id.as_str().into(),
                publishable_key: self.publishable_key.as_str().into(),
                user_id: user_id.into(),
                action_code: code.into(),
                idempotency_key: key.into(),
                username: grant.username.as_deref().map(Into::into),
                email: grant.email.as_deref().map(Into::into),
            },
        };
        self.keys.sign(grant.algorithm, &claims)
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An index from an attribute to the users that have it.
type Index = HashMap<String, BTreeSet<String>>;

/// The state of one tenant.
pub struct Authsignal {
    tenant: Arc<Tenant>,
    /// What is configured.
    pub configuration: Configuration,
    /// Webhooks, and what is on its way to them.
    pub events: Events,
    users: HashMap<String, User>,
    actions: action::Log,
    emails: Index,
    phone_numbers: Index,
    usernames: Index,
    /// From credential to user.
    credentials: HashMap<String, String>,
    /// From method and public key of a mobile app to user.
    apps: HashMap<(Method, String), String>,
    /// What passkeys and security keys are asked.
    ceremonies: Ceremonies,
    challenges: Challenges,
    sessions: Sessions,
    windows: Windows,
}

impl fmt::Debug for Authsignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Challenges hold codes, sessions hold tokens.
        f.debug_struct("Authsignal")
            .field("tenant", &self.tenant)
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}

impl Authsignal {
    /// A tenant without users.
    pub fn new(tenant: Arc<Tenant>) -> Self {
        Self {
            ceremonies: Ceremonies::new(&tenant.id),
            tenant,
            configuration: Configuration::default(),
            events: Events::default(),
            users: HashMap::new(),
            actions: action::Log::default(),
            emails: Index::new(),
            phone_numbers: Index::new(),
            usernames: Index::new(),
            credentials: HashMap::new(),
            apps: HashMap::new(),
            challenges: Challenges::default(),
            sessions: Sessions::default(),
            windows: Windows::default(),
        }
    }

    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// A user, if there is one.
    pub fn user(&self, user_id: &str) -> Option<&User> {
        self.users.get(user_id)
    }

    /// Methods that users can enrol.
    pub fn allowed(&self) -> &[Method] {
        &self.configuration.methods
    }

    /// A token of a user that belongs to no action: for managing authenticators, and for the Client API.
    pub fn user_token(
        &self,
        user_id: &str,
        scope: Option<&str>,
        base: &str,
        now: Timestamp,
    ) -> String {
        let every =
            "read:authenticators add:authenticators remove:authenticators update:authenticators";
        self.token(user_id, "", "", Some(scope.unwrap_or(every)), base, now)
    }

    pub(super) fn token(
        &self,
        user_id: &str,
        code: &str,
        key: &str,
        scope: Option<&str>,
        base: &str,
        now: Timestamp,
    ) -> String {
        let grant = self.grant(user_id, scope, now);
        self.tenant.token(&grant, user_id, code, key, base)
    }

    pub(super) fn grant(&self, user_id: &str, scope: Option<&str>, now: Timestamp) -> Grant {
        let attributes = self.users.get(user_id).map(|user| &user.attributes);
        let life = self.configuration.token_life.as_secs();
        Grant {
            scope: scope.map_or(Cow::Borrowed("read:authenticators"), |scope| {
                Cow::Owned(scope.to_owned())
            }),
            issued: now.as_second(),
            expires: now.as_second().saturating_add(life),
            username: attributes.and_then(|attributes| attributes.username.clone()),
            email: attributes.and_then(|attributes| attributes.email.clone()),
            algorithm: self.configuration.token_algorithm,
        }
    }
}
