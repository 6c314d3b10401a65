//! Authsignal: users, authenticators, actions, challenges and sessions of one tenant. Knows no wire format: it takes and
//! returns the domain's own types, and its refusals carry the vendor's words, not status codes.
//!
//! The methods of [`Authsignal`] are spread over these files:
//!
//! | file | methods | purpose |
//! | --- | --- | --- |
//! | `mod` | [`user`](Authsignal::user), [`user_token`](Authsignal::user_token), [`succeed`](Authsignal::succeed) | users by id; tokens for a user; a reset |
//! | `users` | [`update_user`](Authsignal::update_user), [`delete_user`](Authsignal::delete_user), [`query_users`](Authsignal::query_users), [`remember_device`](Authsignal::remember_device), [`invalidate_device`](Authsignal::invalidate_device) | attributes, search, devices |
//! | `enrollment` | [`enroll`](Authsignal::enroll), [`delete_authenticator`](Authsignal::delete_authenticator) | authenticators that the application vouches for |
//! | `tracking` | [`track`](Authsignal::track), [`action`](Authsignal::action), [`update_action`](Authsignal::update_action), [`query_actions`](Authsignal::query_actions), [`validate`](Authsignal::validate) | actions, from the decision to the proof |
//! | `passing` | [`pass`](Authsignal::pass), [`finish`](Authsignal::finish), [`finish_action`](Authsignal::finish_action), [`conclude`](Authsignal::conclude), [`release`](Authsignal::release) | the end of a challenge, and what waits for receivers |
//! | `one_time` | [`challenge`](Authsignal::challenge), [`verify`](Authsignal::verify), [`claim`](Authsignal::claim), [`find_challenge`](Authsignal::find_challenge) | codes that the application asks for through the Server API; sending and trying codes for both APIs |
//! | `factor` | [`bearer`](Authsignal::bearer), [`page_bearer`](Authsignal::page_bearer) | whom a token of the Client API speaks for, and what it allows |
//! | `factor::message` | [`enroll_message`](Authsignal::enroll_message), [`challenge_message`](Authsignal::challenge_message), [`verify_code`](Authsignal::verify_code), [`open_magic_link`](Authsignal::open_magic_link) | codes and links for the bearer of a token |
//! | `factor::totp` | [`enroll_totp`](Authsignal::enroll_totp), [`verify_totp`](Authsignal::verify_totp), [`current_totp`](Authsignal::current_totp) | authenticator apps |
//! | `factor::passkey` | [`registration_options`](Authsignal::registration_options), [`register_credential`](Authsignal::register_credential), [`authentication_options`](Authsignal::authentication_options), [`verify_credential`](Authsignal::verify_credential) | passkeys and security keys |
//! | `factor::payment` | [`payment_options`](Authsignal::payment_options) | payments that a passkey confirms |
//! | `factor::approval` | [`challenge_push`](Authsignal::challenge_push), [`challenge_qr`](Authsignal::challenge_qr), [`claim_qr`](Authsignal::claim_qr), [`answer_approval`](Authsignal::answer_approval) | push notifications and QR codes |
//! | `factor::app_credential` | [`add_app_credential`](Authsignal::add_app_credential), [`remove_app_credential`](Authsignal::remove_app_credential), [`verify_in_app`](Authsignal::verify_in_app) | keys of mobile apps |
//! | `factor::recovery` | [`verify_recovery_code`](Authsignal::verify_recovery_code) | recovery codes |
//! | `factor::terminal` | [`start_at_terminal`](Authsignal::start_at_terminal), [`watch_at_terminal`](Authsignal::watch_at_terminal) | challenges that a terminal shows |
//! | `factor::page` | [`situation`](Authsignal::situation), [`set_default_method`](Authsignal::set_default_method), [`remove_own_authenticator`](Authsignal::remove_own_authenticator) | what a hosted page shows and changes |
//! | `flow` | [`start_flow`](Authsignal::start_flow), [`challenge_flow`](Authsignal::challenge_flow), [`verify_flow_code`](Authsignal::verify_flow_code), [`verified_flow`](Authsignal::verified_flow) | actions whose steps a document describes |
//! | `session` | [`create_session`](Authsignal::create_session), [`validate_session`](Authsignal::validate_session), [`refresh_session`](Authsignal::refresh_session), [`revoke_session`](Authsignal::revoke_session) | sessions made of a passed challenge |
//! | `overview` | [`seen_users`](Authsignal::seen_users), [`newest_actions`](Authsignal::newest_actions), [`deciding`](Authsignal::deciding) | what the control API lists |
//! | `permitted` | [`permitted`](Authsignal::permitted), [`first_method`](Authsignal::first_method) | the methods of an action |
//! | `management` | [`create_rule`](Authsignal::create_rule), [`update_tenant`](Authsignal::update_tenant) and the like | what the Management API sets |
//! | `due` | [`next_webhook`](Authsignal::next_webhook), [`due_webhooks`](Authsignal::due_webhooks) | webhooks that are due |
//! | `copy` | [`resume`](Authsignal::resume), [`adopted`](Authsignal::adopted) | going back to a copy, and beginning another tenant with it |
//! | `dump` | [`dump`](Authsignal::dump) | the state as JSON, without secrets |
//!
//! The other modules hold what these methods work on, and know nothing of [`Authsignal`].

pub mod action;
pub mod address;
pub mod app_client;
pub mod call;
mod calling_code;
pub mod challenge;
pub mod configuration;
mod copy;
pub mod credential;
pub mod data_point;
pub mod deletion;
mod due;
mod dump;
pub mod enrollment;
pub mod evaluation;
pub mod fact;
pub mod factor;
pub mod flow;
pub mod id_token;
mod json_logic;
#[cfg(test)]
mod load;
pub mod management;
#[cfg(test)]
mod model;
pub mod one_time;
pub mod overview;
pub mod passing;
pub mod passkey_settings;
mod permitted;
mod proved;
mod readdress;
pub mod record;
pub mod refusal;
pub mod rule;
mod sending;
pub mod session;
pub mod token;
pub mod tracking;
pub mod user;
pub mod users;
mod variable;
pub mod vocabulary;
pub mod webauthn;
pub mod webhook;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use ahash::HashMap;
use jiff::Timestamp;

use self::address::Contact;
use self::challenge::{Challenges, Windows};
pub use self::configuration::Configuration;
use self::deletion::Deletions;
pub use self::enrollment::Enrollment;
use self::factor::Bearer;
pub use self::one_time::ChallengeRequest;
pub use self::refusal::Refusal;
use self::session::Sessions;
use self::token::{Claims, EVERY, Grant, Keys, Other, READ, TokenFault};
pub use self::tracking::{Proof, Tracked};
use self::user::{Attributes, User};
pub use self::users::UserFilter;
use self::vocabulary::Method;
use self::webauthn::Ceremonies;
use self::webhook::Events;
use crate::domain::changes::{Marked, Things};
use crate::domain::{Turn, Vendor, links};

/// A tenant: who may call, and what does not change while the mock runs.
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// The server API secret.
    pub secret: String,
    /// The secret of the Management API.
    pub management_secret: String,
    /// The secret of the tenant's terminals.
    pub terminal_secret: String,
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
            deletions: grant.deletions,
            flow: grant.flow,
            other: Other {
                tenant_id: self.id.as_str().into(),
                publishable_key: self.publishable_key.as_str().into(),
                user_id: user_id.into(),
                action_code: code.into(),
                idempotency_key: key.into(),
                username: grant.contact.username.as_deref().map(Into::into),
                email: grant.contact.email.as_deref().map(Into::into),
                phone_number: grant.contact.phone_number.as_deref().map(Into::into),
            },
        };
        self.keys.sign(&claims)
    }

    /// Who issues the tokens of its sessions, as the vendor names it. The tenant's public documents are below this URL.
    /// `base` is the URL of the server.
    pub fn issuer(&self, base: &str) -> String {
        links::url(base, "/v1/client/public/{tenantId}", &[&self.id])
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
#[derive(Clone)]
pub struct Authsignal {
    tenant: Arc<Tenant>,
    /// What is configured.
    pub configuration: Marked<Configuration>,
    /// Webhooks, and what is on its way to them.
    pub events: Marked<Events>,
    users: Things<String, User>,
    /// Bytes that these take.
    user_bytes: usize,
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
    deletions: Deletions,
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
            configuration: Marked::default(),
            events: Marked::default(),
            users: Things::default(),
            user_bytes: 0,
            actions: action::Log::default(),
            emails: Index::default(),
            phone_numbers: Index::default(),
            usernames: Index::default(),
            credentials: HashMap::default(),
            apps: HashMap::default(),
            challenges: Challenges::default(),
            sessions: Sessions::default(),
            windows: Windows::default(),
            deletions: Deletions::default(),
        }
    }

    /// Takes the place of another state, whose tokens are invalid from now on.
    pub fn succeed(&mut self, before: &Self) {
        self.deletions = before.deletions.of_successor();
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
        self.token(user_id, "", "", Some(scope.unwrap_or(EVERY)), base, now)
    }

    /// The claims of a token, by what was read in it: of one that this tenant issued, that has not expired, and whose user
    /// was not deleted since.
    fn current<'c>(
        &self,
        read: Result<Claims<'c>, TokenFault>,
        now: Timestamp,
    ) -> Result<Claims<'c>, TokenFault> {
        let claims = read?;
        let user_id = &claims.other.user_id;
        if claims.other.tenant_id != self.tenant.id
            || !self.deletions.spare(user_id, claims.deletions)
        {
            return Err(TokenFault::Invalid);
        }
        if now.as_second() >= claims.exp {
            return Err(TokenFault::Expired);
        }
        Ok(claims)
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
        let grant = self.grant(user_id, code, key, scope, now);
        self.tenant.token(&grant, user_id, code, key, base)
    }

    /// What is known of a user: by the track call of that action, and else by the user's attributes.
    pub fn contact(&self, user_id: &str, code: &str, key: &str) -> Contact {
        let told = self.action(user_id, code, key).ok();
        let told = told.and_then(|action| action.told.as_deref().cloned());
        let own = self.users.get(user_id).map(|user| &user.attributes);
        told.unwrap_or_default()
            .or(own.map(Attributes::contact).unwrap_or_default())
    }

    /// What the application says of the bearer of a token. Where a track call of its action has named something, the token
    /// says what it was when the token was made: neither a later track call nor a change of the user changes that.
    pub fn contact_of(&self, bearer: &Bearer) -> Contact {
        let action = self.action(&bearer.user_id, &bearer.action, &bearer.key);
        let told = action.ok().and_then(|action| action.told.as_deref());
        let named = told.map(|told| bearer.contact.clone().within(told));
        let known = self.contact(&bearer.user_id, &bearer.action, &bearer.key);
        named.unwrap_or_default().or(known)
    }

    /// What a token for an action of a user is made of that is issued now.
    pub fn grant(
        &self,
        user_id: &str,
        code: &str,
        key: &str,
        scope: Option<&str>,
        now: Timestamp,
    ) -> Grant {
        let life = self.configuration.tenant.token_life().as_secs();
        Grant {
            scope: scope.map_or(Cow::Borrowed(READ), |scope| Cow::Owned(scope.to_owned())),
            deletions: self.deletions.count(),
            flow: self
                .run(user_id, code, key)
                .map(|run| u32::try_from(run.done.len()).unwrap_or(u32::MAX)),
            issued: now.as_second(),
            expires: now.as_second().saturating_add(life),
            contact: self.contact(user_id, code, key),
        }
    }
}

impl Vendor for Authsignal {
    type Account = Tenant;

    fn end_step(&mut self, turn: &mut Turn<'_>) -> bool {
        if self.events.is_holding() {
            // Nobody waits for the receivers any more, so the step goes on as if they had agreed.
            self.release(turn);
        }
        // A look costs less than a change.
        self.events.has_stirred() && self.events.stirred()
    }

    fn deliveries(&self) -> u64 {
        self.events.made()
    }
}
