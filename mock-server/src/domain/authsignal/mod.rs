//! Authsignal: users, authenticators, actions, challenges and sessions of one tenant. Knows no wire format: it takes and
//! gives the domain's own types, and its refusals carry the vendor's words, not status codes.

pub mod action;
pub mod challenge;
pub mod rule;
pub mod session;
pub mod token;
pub mod user;
pub mod vocabulary;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::action::{Action, Actions, Known, state_of};
use self::challenge::{Attempt, Challenge, Challenges, Limit, Windows};
use self::rule::{Rule, RuleText, Rules};
use self::session::{Session, Sessions};
use self::token::{Claims, Grant, Keys, Other, SessionClaims, TokenAlgorithm, TokenFault};
use self::user::{Attributes, Authenticator, Credential, Device, User};
use self::vocabulary::{Method, Outcome, State};
use super::ids::Ids;
use super::outbox::{Channel, Message, Outbox};

/// How far back a user's actions can be queried; documented.
const ACTIONS_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Recovery codes that come with the first authenticator. No source gives the figure.
const RECOVERY_CODES: usize = 8;
/// Passkeys of one batch; documented.
pub const BATCH: usize = 1_000;
/// Sending limits of the documentation: SMS, and e-mail.
const SMS_SENDS: Limit = Limit {
    count: 6,
    window: SignedDuration::from_mins(10),
};
const EMAIL_SENDS: Limit = Limit {
    count: 12,
    window: SignedDuration::from_mins(10),
};
/// Verification limit of the documentation.
const VERIFICATIONS: Limit = Limit {
    count: 10,
    window: SignedDuration::from_mins(5),
};

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

/// What a tenant has configured.
#[derive(Debug)]
pub struct Configuration {
    /// Methods that users can enrol. Without any, track refuses.
    pub methods: Vec<Method>,
    /// What is decided where no rule matches and the action has no outcome of its own.
    pub default_outcome: Outcome,
    /// Outcomes of single actions.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Rules.
    pub rules: Rules,
    /// How tokens are signed.
    pub token_algorithm: TokenAlgorithm,
    /// How long a token lives; 10 minutes by the documentation.
    pub token_life: SignedDuration,
    /// How long a code lives. No source gives the figure.
    pub code_life: SignedDuration,
    /// How long an access token lives. No source gives the figure.
    pub access_token_life: SignedDuration,
    /// Whether the limits of sending and verifying are kept.
    pub rate_limits: bool,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            methods: vec![
                Method::Sms,
                Method::EmailOtp,
                Method::EmailMagicLink,
                Method::AuthenticatorApp,
                Method::Passkey,
                Method::SecurityKey,
                Method::Push,
                Method::Whatsapp,
            ],
            default_outcome: Outcome::Challenge,
            outcomes: BTreeMap::new(),
            rules: Rules::default(),
            token_algorithm: TokenAlgorithm::default(),
            token_life: SignedDuration::from_mins(10),
            code_life: SignedDuration::from_mins(10),
            access_token_life: SignedDuration::from_mins(10),
            rate_limits: false,
        }
    }
}

impl Configuration {
    /// Replaces the rules.
    ///
    /// # Errors
    /// A rule cannot be.
    pub fn set_rules(&mut self, rules: Vec<RuleText>) -> Result<(), String> {
        self.rules = Rules::new(rules)?;
        Ok(())
    }
}

/// Why a request is refused. The text is for the person who reads the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A member is missing or wrong.
    #[error("{0}")]
    Invalid(String),
    /// The credential is another user's.
    #[error("Credential already exists for a different user.")]
    Conflict,
    /// The tenant has no authenticators configured.
    #[error("The tenant has no authenticators configured.")]
    AuthenticatorNotFound,
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// A token will not do.
    #[error("{0}")]
    Unauthorized(String),
    /// Too many of these.
    #[error("{0}")]
    TooMany(String),
}

/// What was decided about an action.
#[derive(Debug)]
pub struct Tracked {
    /// Where it stands.
    pub state: State,
    /// Its key.
    pub key: String,
    /// What a token for it is made of.
    pub grant: Grant,
    /// Whether the user has an authenticator.
    pub is_enrolled: bool,
    /// Methods that the user can enrol.
    pub allowed: Vec<Method>,
    /// Methods that the user has enrolled.
    pub enrolled: Vec<Method>,
    /// The default among them.
    pub default: Option<Method>,
    /// Rules that matched.
    pub rule_ids: Vec<String>,
}

/// What a token proves.
#[derive(Debug, PartialEq)]
pub enum Proof {
    /// An action.
    Of {
        /// Where it stands.
        state: State,
        /// When its state changed last.
        state_updated: Timestamp,
        /// The user.
        user_id: String,
        /// Its code.
        action: String,
        /// Its key.
        key: String,
        /// How its challenge was passed.
        method: Option<Method>,
    },
    /// Nothing, and why.
    Nothing(&'static str),
}

/// What a user enrols.
#[derive(Clone, Debug)]
pub struct Enrollment {
    /// The method.
    pub method: Method,
    /// Address, for e-mail methods.
    pub email: Option<String>,
    /// Number, for phone methods.
    pub phone_number: Option<String>,
    /// otpauth URI, for authenticator apps.
    pub otp_uri: Option<String>,
    /// Id of the credential, for passkeys.
    pub credential_id: Option<String>,
    /// Its public key, for passkeys.
    pub credential_public_key: Option<String>,
    /// Its name, for passkeys.
    pub name: Option<String>,
    /// Model of the authenticator, for passkeys.
    pub aaguid: Option<String>,
    /// The browser it was made with, for passkeys.
    pub browser: Option<String>,
    /// Whether it becomes the default.
    pub is_default: bool,
}

/// What a challenge is to be.
#[derive(Clone, Debug, Default)]
pub struct ChallengeRequest {
    /// The method.
    pub method: Option<Method>,
    /// The action.
    pub action: Option<String>,
    /// Address, for EMAIL_OTP.
    pub email: Option<String>,
    /// Number, for SMS and WHATSAPP.
    pub phone_number: Option<String>,
    /// Challenge to send again.
    pub challenge_id: Option<String>,
    /// Key of the action.
    pub idempotency_key: Option<String>,
    /// The user.
    pub user_id: Option<String>,
    /// What a claimed token allows.
    pub scope: Option<String>,
}

/// What selects users.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Exact user name.
    pub username: Option<String>,
    /// Exact address.
    pub email: Option<String>,
    /// Exact number.
    pub phone_number: Option<String>,
}

/// An index from an attribute to the users that have it.
type Index = HashMap<String, BTreeSet<String>>;

/// The state of one tenant.
pub struct Authsignal {
    tenant: Arc<Tenant>,
    /// What is configured.
    pub configuration: Configuration,
    users: HashMap<String, User>,
    actions: action::Log,
    emails: Index,
    phone_numbers: Index,
    usernames: Index,
    /// From credential to user.
    credentials: HashMap<String, String>,
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
            tenant,
            configuration: Configuration::default(),
            users: HashMap::new(),
            actions: action::Log::default(),
            emails: Index::new(),
            phone_numbers: Index::new(),
            usernames: Index::new(),
            credentials: HashMap::new(),
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

    /// Sets attributes of a user, who comes to be where there is none.
    pub fn update_user(&mut self, user_id: &str, attributes: Attributes, now: Timestamp) -> &User {
        let verified_email = attributes.email_verified == Some(true);
        let verified_phone = attributes.phone_number_verified == Some(true);
        self.unindex(user_id);
        let user = self
            .users
            .entry(user_id.to_owned())
            .or_insert_with(|| User::new(now));
        user.attributes.update(attributes);
        // Documented: verifying the address verifies the authenticators that use it.
        for authenticator in &mut user.authenticators {
            if (verified_email && authenticator.method.is_email())
                || (verified_phone && authenticator.method.is_phone())
            {
                authenticator.verified.get_or_insert(now);
            }
        }
        self.index(user_id);
        self.users
            .entry(user_id.to_owned())
            .or_insert_with(|| User::new(now))
    }

    /// Deletes a user with all they have; their actions too where asked for.
    pub fn delete_user(&mut self, user_id: &str, with_actions: bool) {
        self.unindex(user_id);
        if let Some(user) = self.users.remove(user_id) {
            for credential in user
                .authenticators
                .into_iter()
                .filter_map(|authenticator| authenticator.credential)
            {
                self.credentials.remove(&credential.id);
            }
        }
        self.sessions.revoke_user(user_id);
        self.challenges.forget(user_id);
        if with_actions {
            self.actions.remove(user_id);
        }
    }

    /// The users that a filter selects, by user id, after `after`, and whether there are more.
    ///
    /// # Errors
    /// The filter selects by nothing.
    pub fn query_users(
        &self,
        filter: &UserFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<(String, User)>, bool), Refusal> {
        let sets = [
            (filter.username.as_deref(), &self.usernames),
            (filter.email.as_deref(), &self.emails),
            (filter.phone_number.as_deref(), &self.phone_numbers),
        ];
        let mut selected: Option<BTreeSet<&String>> = None;
        for (value, index) in sets {
            let Some(value) = value else { continue };
            let found: BTreeSet<&String> = index.get(value).into_iter().flatten().collect();
            selected = Some(match selected {
                None => found,
                Some(before) => before.intersection(&found).copied().collect(),
            });
        }
        let selected = selected.ok_or_else(|| {
            Refusal::Invalid("one of username, email, phoneNumber and token is required".to_owned())
        })?;
        let mut rest = selected
            .into_iter()
            .filter(|id| after.is_none_or(|after| id.as_str() > after));
        let page: Vec<_> = rest
            .by_ref()
            .take(limit)
            .filter_map(|id| self.users.get(id).map(|user| (id.clone(), user.clone())))
            .collect();
        Ok((page, rest.next().is_some()))
    }

    /// Enrols an authenticator; gives it, and recovery codes with a user's first.
    ///
    /// # Errors
    /// The method needs something that is missing, or the credential is another user's.
    pub fn enroll(
        &mut self,
        ids: &mut Ids,
        user_id: &str,
        enrollment: Enrollment,
        now: Timestamp,
    ) -> Result<(Authenticator, Option<Vec<String>>), Refusal> {
        let method = enrollment.method;
        let needs = |member: &str, value: &Option<String>| match value {
            Some(value) if !value.is_empty() => Ok(Some(value.clone())),
            _ => Err(Refusal::Invalid(format!(
                "{member} is required to enrol {}",
                method.word()
            ))),
        };
        let mut authenticator = Authenticator {
            id: String::new(),
            method,
            created: now,
            verified: Some(now),
            last_verified: None,
            email: None,
            phone_number: None,
            otp_uri: None,
            credential: None,
        };
        if method.is_email() {
            authenticator.email = needs("email", &enrollment.email)?;
        } else if method.is_phone() {
            authenticator.phone_number = needs("phoneNumber", &enrollment.phone_number)?;
        } else if method == Method::AuthenticatorApp {
            authenticator.otp_uri = needs("otpUri", &enrollment.otp_uri)?;
        } else if method == Method::Passkey {
            let credential_id =
                needs("credentialId", &enrollment.credential_id)?.unwrap_or_default();
            let public_key = needs("credentialPublicKey", &enrollment.credential_public_key)?
                .unwrap_or_default();
            if self
                .credentials
                .get(&credential_id)
                .is_some_and(|owner| owner != user_id)
            {
                return Err(Refusal::Conflict);
            }
            authenticator.credential = Some(Credential {
                id: credential_id,
                public_key,
                name: enrollment.name.unwrap_or_else(|| "Passkey".to_owned()),
                device_id: ids.uuid(),
                aaguid: enrollment.aaguid,
                browser: enrollment.browser,
            });
        }
        authenticator.id = ids.uuid();

        self.unindex(user_id);
        let user = self
            .users
            .entry(user_id.to_owned())
            .or_insert_with(|| User::new(now));
        let first = user.authenticators.is_empty();
        // One of each method; passkeys are told apart by their credential.
        user.authenticators.retain(|other| {
            other.method != method
                || other.credential.as_ref().map(|credential| &credential.id)
                    != authenticator
                        .credential
                        .as_ref()
                        .map(|credential| &credential.id)
        });
        if let Some(number) = &authenticator.phone_number {
            user.attributes
                .phone_number
                .get_or_insert_with(|| number.clone());
        }
        if let Some(email) = &authenticator.email {
            user.attributes.email.get_or_insert_with(|| email.clone());
        }
        if enrollment.is_default {
            user.attributes.default_method = Some(method);
        }
        user.authenticators.push(authenticator.clone());
        let recovery_codes = first.then(|| {
            (0..RECOVERY_CODES)
                .map(|_| ids.recovery_code())
                .collect::<Vec<_>>()
        });
        if let Some(codes) = &recovery_codes {
            user.recovery_codes.clone_from(codes);
        }
        if let Some(credential) = &authenticator.credential {
            self.credentials
                .insert(credential.id.clone(), user_id.to_owned());
        }
        self.index(user_id);
        Ok((authenticator, recovery_codes))
    }

    /// Whether a credential is enrolled for this very user.
    pub fn has_credential(&self, user_id: &str, credential_id: &str) -> bool {
        self.credentials
            .get(credential_id)
            .is_some_and(|owner| owner == user_id)
    }

    /// Deletes an authenticator.
    ///
    /// # Errors
    /// There is none of that id.
    pub fn delete_authenticator(
        &mut self,
        user_id: &str,
        authenticator_id: &str,
    ) -> Result<(), Refusal> {
        let unknown = || {
            Refusal::NotFound(format!(
                "user {user_id} has no authenticator {authenticator_id}"
            ))
        };
        let user = self.users.get_mut(user_id).ok_or_else(unknown)?;
        let at = user
            .authenticators
            .iter()
            .position(|other| other.id == authenticator_id)
            .ok_or_else(unknown)?;
        if let Some(credential) = user.authenticators.remove(at).credential {
            self.credentials.remove(&credential.id);
        }
        Ok(())
    }

    /// Tracks an action and decides about it.
    ///
    /// # Errors
    /// The tenant has no authenticators, or the challenge that is named does not exist or is another user's.
    pub fn track(
        &mut self,
        ids: &mut Ids,
        user_id: &str,
        code: &str,
        mut known: Known,
        now: Timestamp,
    ) -> Result<Tracked, Refusal> {
        if self.configuration.methods.is_empty() {
            return Err(Refusal::AuthenticatorNotFound);
        }
        let challenge = match known.challenge_id.as_deref() {
            // A part of what is known of the action, not the thing that the request is about.
            Some(id) => Some(
                self.challenge_of(id, user_id)
                    .map_err(|refusal| Refusal::Invalid(refusal.to_string()))?,
            ),
            None => None,
        };
        let passed = challenge
            .filter(|challenge| challenge.verified)
            .map(|challenge| challenge.method);
        let key = known.idempotency_key.take().unwrap_or_else(|| ids.uuid());
        let existing = self
            .actions
            .get(user_id)
            .and_then(|actions| actions.get(code, &key));
        let (state, rule_ids) = match existing {
            // The same action, not decided again; the vendor's behaviour is unknown.
            Some(action) => (action.state, action.rule_ids.clone()),
            None => {
                let (mut state, rule_ids) = self.decide(user_id, code, &known);
                if state == State::ChallengeRequired && passed.is_some() {
                    state = State::ChallengeSucceeded;
                }
                (state, rule_ids)
            }
        };
        let grant = self.grant(user_id, known.scope.as_deref(), now);
        if existing.is_none() {
            if let Some(device_id) = known.device_id.as_deref().filter(|id| !id.is_empty()) {
                self.see_device(user_id, device_id, now);
            }
            let action = Action {
                code: code.to_owned(),
                key: key.clone(),
                state,
                created: now,
                updated: now,
                state_updated: now,
                method: passed.filter(|_| state == State::ChallengeSucceeded),
                authenticator_id: None,
                rule_ids: rule_ids.clone(),
                ip_address: known.ip_address,
                user_agent: known.user_agent,
                device_id: known.device_id,
            };
            self.actions.insert(user_id, action);
        }
        let user = self.users.get(user_id);
        Ok(Tracked {
            state,
            key,
            grant,
            is_enrolled: user.is_some_and(User::is_enrolled),
            allowed: self.configuration.methods.clone(),
            enrolled: user.map(User::enrolled_methods).unwrap_or_default(),
            default: user.and_then(User::default_method),
            rule_ids,
        })
    }

    fn decide(&self, user_id: &str, code: &str, known: &Known) -> (State, Vec<String>) {
        let enrolled = self.users.get(user_id).is_some_and(User::is_enrolled);
        let matching: Vec<&Rule> = if self.configuration.rules.concerns(code) {
            self.configuration
                .rules
                .matching(code, &self.facts(user_id, code, known))
        } else {
            Vec::new()
        };
        let outcome = matching
            .first()
            .map(|rule| rule.outcome)
            .or_else(|| self.configuration.outcomes.get(code).copied())
            .unwrap_or(self.configuration.default_outcome);
        (
            state_of(outcome, enrolled),
            matching.iter().map(|rule| rule.id.clone()).collect(),
        )
    }

    /// What rules see.
    fn facts(&self, user_id: &str, code: &str, known: &Known) -> Value {
        let user = self.users.get(user_id);
        let attributes = user.map(|user| &user.attributes);
        let enrolled: Vec<_> = user
            .map(User::enrolled_methods)
            .unwrap_or_default()
            .into_iter()
            .map(Method::word)
            .collect();
        json!({
            "action": {"code": code},
            "user": {
                "id": user_id,
                "isEnrolled": user.is_some_and(User::is_enrolled),
                "enrolledVerificationMethods": enrolled,
                "email": attributes.and_then(|attributes| attributes.email.as_deref()),
                "phoneNumber": attributes.and_then(|attributes| attributes.phone_number.as_deref()),
                "username": attributes.and_then(|attributes| attributes.username.as_deref()),
                "custom": attributes.and_then(|attributes| attributes.custom.as_ref()),
            },
            "email": known.email,
            "phoneNumber": known.phone_number,
            "username": known.username,
            "ipAddress": known.ip_address,
            "userAgent": known.user_agent,
            "deviceId": known.device_id,
            "locale": known.locale,
            "custom": known.custom,
        })
    }

    /// The rules of those ids.
    pub fn rules<'a>(&'a self, ids: &'a [String]) -> impl Iterator<Item = &'a Rule> {
        ids.iter().filter_map(|id| self.configuration.rules.get(id))
    }

    /// An action.
    ///
    /// # Errors
    /// There is none.
    pub fn action(&self, user_id: &str, code: &str, key: &str) -> Result<&Action, Refusal> {
        self.actions
            .get(user_id)
            .and_then(|actions| actions.get(code, key))
            .ok_or_else(|| unknown_action(user_id, code, key))
    }

    /// Sets the state of an action.
    ///
    /// # Errors
    /// There is none.
    pub fn update_action(
        &mut self,
        user_id: &str,
        code: &str,
        key: &str,
        state: State,
        now: Timestamp,
    ) -> Result<&Action, Refusal> {
        let action = self
            .actions
            .get_mut(user_id)
            .and_then(|actions| actions.get_mut(code, key))
            .ok_or_else(|| unknown_action(user_id, code, key))?;
        action.set(state, now);
        Ok(action)
    }

    /// A user's actions of the last 30 days, the newest first.
    pub fn query_actions<'a>(
        &'a self,
        user_id: &str,
        codes: Option<&'a [String]>,
        state: Option<State>,
        from: Option<Timestamp>,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Action> {
        let earliest = now.checked_sub(ACTIONS_BACK).unwrap_or(Timestamp::MIN);
        let from = from.map_or(earliest, |from| from.max(earliest));
        self.actions
            .get(user_id)
            .into_iter()
            .flat_map(Actions::newest_first)
            .filter(move |action| {
                action.created >= from
                    && codes.is_none_or(|codes| codes.contains(&action.code))
                    && state.is_none_or(|state| action.state == state)
            })
    }

    /// Completes (`true`) or fails the challenge of the newest action that waits for one; of one action where named.
    ///
    /// # Errors
    /// No action of the user waits for a challenge.
    pub fn finish(
        &mut self,
        user_id: &str,
        code: Option<&str>,
        success: bool,
        now: Timestamp,
    ) -> Result<&Action, Refusal> {
        let (method, authenticator_id, device_id);
        let waiting = {
            let user = self.users.get(user_id);
            method = user.and_then(User::default_method);
            authenticator_id = user
                .and_then(|user| {
                    user.authenticators
                        .iter()
                        .find(|other| Some(other.method) == method)
                })
                .map(|authenticator| authenticator.id.clone());
            let action = self
                .actions
                .get(user_id)
                .into_iter()
                .flat_map(Actions::newest_first)
                .find(|action| {
                    action.state == State::ChallengeRequired
                        && code.is_none_or(|code| action.code == code)
                });
            device_id = action.and_then(|action| action.device_id.clone());
            action.map(|action| (action.code.clone(), action.key.clone()))
        };
        let no_action = || {
            let what = code.map_or_else(
                || "no action".to_owned(),
                |code| format!("no action {code}"),
            );
            Refusal::NotFound(format!(
                "{what} of user {user_id} waits for a challenge; enrol the user and track one first"
            ))
        };
        let (code, key) = waiting.ok_or_else(no_action)?;
        if success && let Some(user) = self.users.get_mut(user_id) {
            if let Some(authenticator) = user
                .authenticators
                .iter_mut()
                .find(|other| Some(&other.id) == authenticator_id.as_ref())
            {
                authenticator.last_verified = Some(now);
            }
            if let Some(device) = user
                .devices
                .iter_mut()
                .find(|device| Some(&device.id) == device_id.as_ref())
            {
                device.authenticated = Some(now);
                device.last_method = method;
            }
        }
        let action = self
            .actions
            .get_mut(user_id)
            .and_then(|actions| actions.get_mut(&code, &key))
            .ok_or_else(|| unknown_action(user_id, &code, &key))?;
        action.set(
            if success {
                State::ChallengeSucceeded
            } else {
                State::ChallengeFailed
            },
            now,
        );
        action.method = method.filter(|_| success);
        action.authenticator_id = authenticator_id.filter(|_| success);
        Ok(action)
    }

    /// What a token proves, by what was read in it.
    pub fn validate(
        &self,
        read: Result<Claims<'_>, TokenFault>,
        user_id: Option<&str>,
        action: Option<&str>,
        now: Timestamp,
    ) -> Proof {
        let claims = match read {
            Ok(claims) if now.as_second() < claims.exp => claims.other,
            Ok(_) | Err(TokenFault::Expired) => return Proof::Nothing("Token is expired."),
            Err(TokenFault::Invalid) => return Proof::Nothing("Token is invalid."),
        };
        if claims.tenant_id != self.tenant.id {
            return Proof::Nothing("Token is invalid.");
        }
        if user_id.is_some_and(|user_id| user_id != claims.user_id) {
            return Proof::Nothing("User is invalid.");
        }
        if action.is_some_and(|action| action != claims.action_code) {
            return Proof::Nothing("Action is invalid.");
        }
        match self.action(
            &claims.user_id,
            &claims.action_code,
            &claims.idempotency_key,
        ) {
            Ok(action) => Proof::Of {
                state: action.state,
                state_updated: action.state_updated,
                user_id: claims.user_id.into_owned(),
                action: claims.action_code.into_owned(),
                key: claims.idempotency_key.into_owned(),
                method: action
                    .method
                    .filter(|_| action.state == State::ChallengeSucceeded),
            },
            Err(_) => Proof::Nothing("Action is invalid."),
        }
    }

    /// Starts a challenge, or sends one again.
    ///
    /// # Errors
    /// Something the method needs is missing, the challenge is unknown, or too many codes were sent.
    pub fn challenge(
        &mut self,
        ids: &mut Ids,
        outbox: &mut Outbox,
        request: ChallengeRequest,
        now: Timestamp,
    ) -> Result<Challenge, Refusal> {
        let invalid = |reason: &str| Refusal::Invalid(reason.to_owned());
        let mut challenge = match request.challenge_id.as_deref() {
            Some(id) => self
                .challenges
                .get(id)
                .cloned()
                .ok_or_else(|| unknown_challenge(id))?,
            None => {
                let method = request.method.ok_or_else(|| {
                    invalid("verificationMethod is required: SMS, EMAIL_OTP or WHATSAPP")
                })?;
                let action = request
                    .action
                    .clone()
                    .ok_or_else(|| invalid("action is required"))?;
                let (member, address) = match method {
                    Method::EmailOtp => ("email", &request.email),
                    _ => ("phoneNumber", &request.phone_number),
                };
                let address = address
                    .clone()
                    .filter(|address| !address.is_empty())
                    .ok_or_else(|| {
                        Refusal::Invalid(format!("{member} is required for {}", method.word()))
                    })?;
                Challenge::new(String::new(), method, action, String::new(), address)
            }
        };
        let limit = if challenge.method.is_email() {
            EMAIL_SENDS
        } else {
            SMS_SENDS
        };
        let window = format!("send {} {}", challenge.method.word(), challenge.address);
        if self.configuration.rate_limits && !self.windows.allow(&window, limit, now) {
            return Err(Refusal::TooMany(format!(
                "{} codes were sent to this address within {} minutes; wait, or switch rate limits off",
                limit.count,
                limit.window.as_mins()
            )));
        }
        let code = ids.digits();
        challenge.send(code.clone(), now, self.configuration.code_life);
        outbox.send(Message {
            channel: match challenge.method {
                Method::EmailOtp => Channel::Email,
                Method::Whatsapp => Channel::Whatsapp,
                _ => Channel::Sms,
            },
            to: challenge.address.clone(),
            text: format!("Your code is {code}"),
            code: Some(code),
            url: None,
            created_at: now,
        });
        if challenge.id.is_empty() {
            challenge.id = ids.uuid();
            challenge.idempotency_key = request.idempotency_key.unwrap_or_else(|| ids.uuid());
            challenge.user_id = request.user_id;
            challenge.scope = request.scope;
            self.challenges.insert(challenge.clone());
        } else if let Some(kept) = self.challenges.get_mut(&challenge.id) {
            *kept = challenge.clone();
        }
        Ok(challenge)
    }

    /// Tries a code.
    ///
    /// # Errors
    /// The challenge is unknown.
    pub fn verify(
        &mut self,
        challenge_id: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<(Attempt, Challenge), Refusal> {
        let limited = self.configuration.rate_limits;
        let challenge = self
            .challenges
            .get_mut(challenge_id)
            .ok_or_else(|| unknown_challenge(challenge_id))?;
        let window = format!("verify {} {}", challenge.method.word(), challenge.address);
        if limited && !self.windows.allow(&window, VERIFICATIONS, now) {
            return Ok((Attempt::TooMany, challenge.clone()));
        }
        Ok((challenge.attempt(code, now), challenge.clone()))
    }

    /// Binds a challenge to a user; gives a token.
    ///
    /// # Errors
    /// The challenge is unknown, another user's, or not verified.
    pub fn claim(
        &mut self,
        challenge_id: &str,
        user_id: &str,
        skip_verification_check: bool,
        base: &str,
        now: Timestamp,
    ) -> Result<(String, Method), Refusal> {
        let challenge = self.challenge_of(challenge_id, user_id)?.clone();
        if !challenge.verified && !skip_verification_check {
            return Err(Refusal::Invalid(format!(
                "challenge {challenge_id} is not verified; verify its code first"
            )));
        }
        if let Some(kept) = self.challenges.get_mut(challenge_id) {
            kept.user_id = Some(user_id.to_owned());
        }
        let state = if challenge.verified {
            State::ChallengeSucceeded
        } else {
            State::ChallengeRequired
        };
        let (code, key) = (challenge.action, challenge.idempotency_key);
        let actions = self.actions.get_mut(user_id);
        match actions.and_then(|actions| actions.get_mut(&code, &key)) {
            // What was blocked or is for review is not opened by a code.
            Some(action) if challenge.verified && action.state.awaits_challenge() => {
                action.set(state, now);
                action.method = Some(challenge.method);
            }
            Some(_) => {}
            None => {
                let action = Action {
                    code: code.clone(),
                    key: key.clone(),
                    state,
                    created: now,
                    updated: now,
                    state_updated: now,
                    method: challenge.verified.then_some(challenge.method),
                    authenticator_id: None,
                    rule_ids: Vec::new(),
                    ip_address: None,
                    user_agent: None,
                    device_id: None,
                };
                self.actions.insert(user_id, action);
            }
        }
        let token = self.token(user_id, &code, &key, challenge.scope.as_deref(), base, now);
        Ok((token, challenge.method))
    }

    /// The newest challenge that matches every filter.
    pub fn find_challenge(
        &self,
        challenge_id: Option<&str>,
        user_id: Option<&str>,
        action: Option<&str>,
        method: Option<Method>,
    ) -> Option<&Challenge> {
        self.challenges.newest_first().find(|challenge| {
            challenge_id.is_none_or(|id| id == challenge.id)
                && user_id.is_none_or(|id| challenge.user_id.as_deref() == Some(id))
                && action.is_none_or(|action| action == challenge.action)
                && method.is_none_or(|method| method == challenge.method)
        })
    }

    /// Makes a session of a token whose challenge succeeded.
    ///
    /// # Errors
    /// The token does not prove that.
    pub fn create_session(
        &mut self,
        ids: &mut Ids,
        client_id: &str,
        token: &str,
        action: Option<&str>,
        base: &str,
        now: Timestamp,
    ) -> Result<(String, String), Refusal> {
        match self.validate(self.tenant.keys.read(token), None, action, now) {
            Proof::Of {
                state: State::ChallengeSucceeded,
                user_id,
                method,
                ..
            } => {
                let session = Session::new(
                    ids.uuid(),
                    user_id,
                    client_id.to_owned(),
                    method,
                    ids.long_secret(),
                );
                let tokens = (
                    self.access_token(&session, base, now),
                    session.refresh_token.clone(),
                );
                self.sessions.insert(session);
                Ok(tokens)
            }
            Proof::Of { state, .. } => Err(Refusal::Unauthorized(format!(
                "the token's action is {}; a session needs CHALLENGE_SUCCEEDED",
                state.word()
            ))),
            Proof::Nothing(why) => Err(Refusal::Unauthorized(why.to_owned())),
        }
    }

    /// The session of an access token, and when the token expires.
    ///
    /// # Errors
    /// The token is invalid, expired, revoked, or of another client.
    pub fn validate_session(
        &self,
        access_token: &str,
        client_ids: Option<&[String]>,
        now: Timestamp,
    ) -> Result<(&Session, i64), Refusal> {
        let refused = |why: &str| Refusal::Unauthorized(why.to_owned());
        let claims: SessionClaims = self
            .tenant
            .keys
            .read_session(access_token, now.as_second())
            .map_err(|fault| refused(&fault.to_string()))?;
        let session = self
            .sessions
            .get(&claims.sid)
            .filter(|session| session.refreshes == claims.seq)
            .ok_or_else(|| refused("The session is revoked."))?;
        if client_ids.is_some_and(|ids| !ids.contains(&session.client_id)) {
            return Err(refused("The session is of another client."));
        }
        Ok((session, claims.exp))
    }

    /// Gives a new pair of tokens and revokes the old.
    ///
    /// # Errors
    /// The refresh token is unknown, used, or revoked.
    pub fn refresh_session(
        &mut self,
        ids: &mut Ids,
        refresh_token: &str,
        base: &str,
        now: Timestamp,
    ) -> Result<(String, String), Refusal> {
        let session = self.sessions.refresh(refresh_token, ids).ok_or_else(|| {
            Refusal::Unauthorized("The refresh token is unknown, used or revoked.".to_owned())
        })?;
        Ok((
            self.access_token(&session, base, now),
            session.refresh_token,
        ))
    }

    /// Revokes the session of an access token.
    ///
    /// # Errors
    /// The token is invalid, expired or revoked.
    pub fn revoke_session(&mut self, access_token: &str, now: Timestamp) -> Result<(), Refusal> {
        let id = self.validate_session(access_token, None, now)?.0.id.clone();
        self.sessions.revoke(&id);
        Ok(())
    }

    /// Revokes every session of a user.
    pub fn revoke_user_sessions(&mut self, user_id: &str) {
        self.sessions.revoke_user(user_id);
    }

    /// Sets until when a device is remembered.
    ///
    /// # Errors
    /// The device is unknown, or the time is past.
    pub fn remember_device(
        &mut self,
        user_id: &str,
        device_id: &str,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<&Device, Refusal> {
        if until.is_some_and(|until| until <= now) {
            return Err(Refusal::Invalid(
                "rememberedUntil must be a time to come, or null".to_owned(),
            ));
        }
        let device = self.device_mut(user_id, device_id)?;
        device.remembered_until = until;
        Ok(device)
    }

    /// Invalidates a device.
    ///
    /// # Errors
    /// The device is unknown.
    pub fn invalidate_device(
        &mut self,
        user_id: &str,
        device_id: &str,
        now: Timestamp,
    ) -> Result<&Device, Refusal> {
        let device = self.device_mut(user_id, device_id)?;
        device.invalidated = Some(now);
        device.remembered_until = None;
        Ok(device)
    }

    /// The state as JSON, secrets and codes left out, in a fixed order.
    pub fn dump(&self) -> Value {
        let users: BTreeMap<&str, Value> = self
            .users
            .iter()
            .map(|(id, user)| {
                let authenticators: Vec<_> = user
                    .authenticators
                    .iter()
                    .map(|authenticator| json!({"id": authenticator.id, "method": authenticator.method.word()}))
                    .collect();
                let devices: Vec<_> = user.devices.iter().map(|device| format!("{device:?}")).collect();
                let dump = json!({
                    "attributes": format!("{:?}", user.attributes),
                    "authenticators": authenticators,
                    "devices": devices,
                });
                (id.as_str(), dump)
            })
            .collect();
        let actions: BTreeMap<&str, Value> = self
            .actions
            .iter()
            .filter(|(_, actions)| !actions.is_empty())
            .map(|(id, actions)| {
                let states: Vec<_> = actions
                    .newest_first()
                    .map(|action| {
                        json!([
                            action.code,
                            action.key,
                            action.state.word(),
                            action.updated.to_string()
                        ])
                    })
                    .collect();
                (id, Value::from(states))
            })
            .collect();
        let challenges: Vec<_> = self
            .challenges
            .newest_first()
            .map(|challenge| {
                json!([
                    challenge.id,
                    challenge.method.word(),
                    challenge.user_id,
                    challenge.expires.to_string(),
                    challenge.verified,
                    challenge.wrong(),
                ])
            })
            .collect();
        let sessions: Vec<_> = self
            .sessions
            .oldest_first()
            .map(|session| json!([session.id, session.user_id, session.refreshes]))
            .collect();
        let configuration = &self.configuration;
        let methods: Vec<_> = configuration
            .methods
            .iter()
            .map(|method| method.word())
            .collect();
        let outcomes: BTreeMap<_, _> = configuration
            .outcomes
            .iter()
            .map(|(code, outcome)| (code, outcome.word()))
            .collect();
        json!({
            "users": users,
            "actions": actions,
            "challenges": challenges,
            "sessions": sessions,
            "methods": methods,
            "defaultOutcome": configuration.default_outcome.word(),
            "outcomes": outcomes,
            "rules": configuration.rules.ids().collect::<Vec<_>>(),
        })
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

    /// The user of an address; a new one of that id where there is none.
    pub fn user_of_email(&mut self, email: &str, now: Timestamp) -> String {
        if let Some(user_id) = self.emails.get(email).and_then(BTreeSet::first) {
            return user_id.clone();
        }
        let attributes = Attributes {
            email: Some(email.to_owned()),
            ..Attributes::default()
        };
        self.update_user(email, attributes, now);
        email.to_owned()
    }

    fn challenge_of(&self, challenge_id: &str, user_id: &str) -> Result<&Challenge, Refusal> {
        let challenge = self
            .challenges
            .get(challenge_id)
            .ok_or_else(|| unknown_challenge(challenge_id))?;
        if challenge
            .user_id
            .as_deref()
            .is_some_and(|owner| owner != user_id)
        {
            return Err(Refusal::Invalid(format!(
                "challenge {challenge_id} is of another user"
            )));
        }
        Ok(challenge)
    }

    fn token(
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

    fn grant(&self, user_id: &str, scope: Option<&str>, now: Timestamp) -> Grant {
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

    fn access_token(&self, session: &Session, base: &str, now: Timestamp) -> String {
        self.tenant.keys.sign_session(&SessionClaims {
            sub: session.user_id.clone(),
            aud: session.client_id.clone(),
            iss: base.to_owned(),
            iat: now.as_second(),
            exp: now
                .as_second()
                .saturating_add(self.configuration.access_token_life.as_secs()),
            sid: session.id.clone(),
            seq: session.refreshes,
        })
    }

    fn see_device(&mut self, user_id: &str, device_id: &str, now: Timestamp) {
        let user = self
            .users
            .entry(user_id.to_owned())
            .or_insert_with(|| User::new(now));
        if user.devices.iter().any(|device| device.id == device_id) {
            return;
        }
        user.devices.push(Device {
            id: device_id.to_owned(),
            created: now,
            authenticated: None,
            invalidated: None,
            remembered_until: None,
            last_method: None,
        });
        if user.devices.len() > DEVICES_PER_USER {
            user.devices.remove(0);
        }
    }

    fn device_mut(&mut self, user_id: &str, device_id: &str) -> Result<&mut Device, Refusal> {
        self.users
            .get_mut(user_id)
            .and_then(|user| {
                user.devices
                    .iter_mut()
                    .find(|device| device.id == device_id)
            })
            .ok_or_else(|| Refusal::NotFound(format!("user {user_id} has no device {device_id}")))
    }

    fn index(&mut self, user_id: &str) {
        let Some(user) = self.users.get(user_id) else {
            return;
        };
        let attributes = &user.attributes;
        for (index, value) in [
            (&mut self.emails, &attributes.email),
            (&mut self.phone_numbers, &attributes.phone_number),
            (&mut self.usernames, &attributes.username),
        ] {
            if let Some(value) = value {
                index
                    .entry(value.clone())
                    .or_default()
                    .insert(user_id.to_owned());
            }
        }
    }

    fn unindex(&mut self, user_id: &str) {
        let Some(user) = self.users.get(user_id) else {
            return;
        };
        let attributes = &user.attributes;
        for (index, value) in [
            (&mut self.emails, &attributes.email),
            (&mut self.phone_numbers, &attributes.phone_number),
            (&mut self.usernames, &attributes.username),
        ] {
            let Some(value) = value else { continue };
            if let Some(users) = index.get_mut(value) {
                users.remove(user_id);
                if users.is_empty() {
                    index.remove(value);
                }
            }
        }
    }
}

/// Devices kept for each user; the oldest leaves first.
const DEVICES_PER_USER: usize = 100;

fn unknown_action(user_id: &str, code: &str, key: &str) -> Refusal {
    Refusal::NotFound(format!(
        "user {user_id} has no action {code} with the idempotency key {key}"
    ))
}

fn unknown_challenge(challenge_id: &str) -> Refusal {
    Refusal::NotFound(format!("challenge {challenge_id} not found"))
}
