//! What a user does with a token of an action: enrolling authenticators and passing challenges. Knows no wire format.
//!
//! An authenticator in enrolment is pending until it is proved, and belongs to the action of the token that started it.
//! Passing a challenge, or finishing an enrolment, lets that action pass.

pub mod app_credential;
pub mod approval;
mod automatic;
pub mod message;
pub mod otp_uri;
pub mod page;
pub mod passkey;
pub mod payment;
pub mod recovery;
pub mod terminal;
pub mod totp;

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use super::address::Contact;
use super::challenge::{Challenge, WrongCodes};
use super::enrollment::Enroller;
use super::management::tenant::Switch;
use super::token::{Claims, EVERY, Grant, TokenFault};
use super::user::{Authenticator, Pending, User};
use super::vocabulary::{Method, State};
use super::webhook::Passing;
use super::{Authsignal, Refusal, Tenant};
use crate::bounds::PENDING_PER_USER;
use crate::domain::Turn;

/// Scope that adds authenticators to those that a user has.
pub const ADD: &str = "add:authenticators";
/// Scope that changes them.
pub const UPDATE: &str = "update:authenticators";
/// Scope that removes them.
pub const REMOVE: &str = "remove:authenticators";
/// The action of a sign-in that names none. Browser SDKs before 1.0 cannot name one and their tokens are validated all the
/// same, so there must be one; no source names it.
const UNNAMED: &str = "signIn";

/// Whom a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The user.
    pub user_id: String,
    /// The action; empty for a token of none.
    pub action: String,
    /// Its key; empty for a token of none.
    pub key: String,
    /// What it allows, separated by spaces.
    pub scope: String,
    /// What it says of the user.
    pub contact: Contact,
}

impl Bearer {
    /// The bearer of these claims, even if they have expired.
    pub fn of(claims: Claims<'_>) -> Self {
        Self {
            user_id: claims.other.user_id.into_owned(),
            action: claims.other.action_code.into_owned(),
            key: claims.other.idempotency_key.into_owned(),
            scope: claims.scope.map(Cow::into_owned).unwrap_or_default(),
            contact: Contact {
                email: claims.other.email.map(Cow::into_owned),
                phone_number: claims.other.phone_number.map(Cow::into_owned),
                username: claims.other.username.map(Cow::into_owned),
            },
        }
    }

    /// The bearer of a challenge: for its action alone.
    pub(super) fn of_challenge(challenge: &Challenge, user_id: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            action: challenge.action.clone(),
            key: challenge.idempotency_key.clone(),
            scope: String::new(),
            contact: Contact::default(),
        }
    }

    /// The passing of the token's action.
    fn passing(&self, method: Method, authenticator_id: Option<&str>) -> Passing {
        Passing {
            user_id: self.user_id.clone(),
            action: self.action.clone(),
            key: self.key.clone(),
            method: Some(method),
            authenticator_id: authenticator_id.map(str::to_owned),
            enrolled: false,
        }
    }

    /// Whether the token has that scope.
    pub fn allows(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|one| one == scope)
    }
}

/// How an attempt ended.
#[derive(Debug)]
pub enum Verdict {
    /// It was right.
    Passed(Box<Passed>),
    /// It was wrong or too late.
    Wrong,
    /// It was right, and was used before.
    Used,
    /// There were too many wrong ones.
    TooMany,
}

/// A challenge that was passed, or an enrolment that was finished.
pub struct Passed {
    /// The user.
    pub user_id: String,
    /// The action; empty if there is none.
    pub action: String,
    /// Its key.
    pub key: String,
    /// What a token that proves it is made of.
    pub grant: Grant,
    /// How it was passed.
    pub method: Method,
    /// With which authenticator.
    pub authenticator_id: Option<String>,
    /// The authenticator, if this finished its enrolment.
    pub enrolled: Option<Authenticator>,
    /// Recovery codes, where nobody was shown them yet. Who shows them calls
    /// [`note_codes_seen`](Authsignal::note_codes_seen).
    pub recovery_codes: Option<Vec<String>>,
}

impl fmt::Debug for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A recovery code signs its reader in.
        f.debug_struct("Passed")
            .field("user_id", &self.user_id)
            .field("action", &self.action)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl Passed {
    /// A token that proves it. `base` is the URL of the server. Takes long, so nobody should hold a world meanwhile.
    pub fn token(&self, tenant: &Tenant, base: &str) -> String {
        tenant.token(&self.grant, &self.user_id, &self.action, &self.key, base)
    }
}

impl Authsignal {
    /// Whom a token speaks for, by what was read in it.
    ///
    /// # Errors
    /// It does not belong to this tenant, or it has expired.
    pub fn bearer(
        &self,
        read: Result<Claims<'_>, TokenFault>,
        now: Timestamp,
    ) -> Result<Bearer, Refusal> {
        match self.current(read, now) {
            Ok(claims) => Ok(Bearer::of(claims)),
            Err(TokenFault::Expired) => Err(Refusal::Expired),
            Err(TokenFault::Invalid) => Err(Refusal::Unauthorized(TokenFault::Invalid.to_string())),
        }
    }

    /// As [`bearer`](Self::bearer), for the vendor's own page: it manages authenticators with every token, unless the
    /// user has some and the action is not passed.
    ///
    /// # Errors
    /// As those of [`bearer`](Self::bearer).
    pub fn page_bearer(
        &self,
        read: Result<Claims<'_>, TokenFault>,
        now: Timestamp,
    ) -> Result<Bearer, Refusal> {
        let mut bearer = self.bearer(read, now)?;
        let enrolled = self
            .users
            .get(&bearer.user_id)
            .is_some_and(User::is_enrolled);
        let state = self.state_of_bearer(&bearer);
        if !enrolled
            || bearer.action.is_empty()
            || matches!(state, Some(State::Allow | State::ChallengeSucceeded))
        {
            bearer.scope = EVERY.to_owned();
        }
        Ok(bearer)
    }

    /// The language of the bearer's user: as track named it for the action, or else as it is among the attributes.
    pub fn locale(&self, bearer: &Bearer) -> Option<&str> {
        let action = self.action(&bearer.user_id, &bearer.action, &bearer.key);
        let tracked = action.ok().and_then(|action| action.locale.as_deref());
        tracked.or_else(|| {
            let user = self.users.get(&bearer.user_id)?;
            user.attributes.locale.as_deref()
        })
    }

    /// What a token is made of that allows as much as the bearer's, from now on.
    pub fn regrant(&self, bearer: &Bearer, now: Timestamp) -> Grant {
        self.grant_of(bearer, &bearer.scope, now)
    }

    /// What a token for the bearer's action is made of that allows `scope`.
    fn grant_of(&self, bearer: &Bearer, scope: &str, now: Timestamp) -> Grant {
        let Bearer {
            user_id,
            action,
            key,
            ..
        } = bearer;
        Grant {
            contact: self.contact_of(bearer),
            ..self.grant(user_id, action, key, Some(scope), now)
        }
    }

    /// Where the action of a token stands, if it has one.
    pub fn state_of_bearer(&self, bearer: &Bearer) -> Option<State> {
        self.action(&bearer.user_id, &bearer.action, &bearer.key)
            .ok()
            .map(|action| action.state)
    }

    /// Whether a token may do what `scope` names. A user's first authenticator needs none.
    ///
    /// # Errors
    /// It may not.
    pub(super) fn may(&self, bearer: &Bearer, scope: &str) -> Result<(), Refusal> {
        let user = self.users.get(&bearer.user_id);
        let is_first = scope == ADD && !user.is_some_and(User::is_enrolled);
        let in_flow = scope == ADD && self.enrolls(bearer);
        if is_first
            || in_flow
            || bearer.allows(scope)
            || self.state_of_bearer(bearer) == Some(State::ChallengeSucceeded)
        {
            return match scope {
                ADD => self.room_for_authenticator(&bearer.user_id),
                _ => Ok(()),
            };
        }
        Err(Refusal::Forbidden(format!(
            "the token does not have the scope {scope}, and its action is not CHALLENGE_SUCCEEDED; pass the challenge first, or name the scope in track"
        )))
    }

    /// Whether a token is of a flow whose current step enrols.
    fn enrolls(&self, bearer: &Bearer) -> bool {
        let step = self.step_of(&bearer.user_id, &bearer.action, &bearer.key);
        step.is_some_and(|(step, _)| step.enrolls())
    }

    /// Whether users can enrol that method.
    ///
    /// # Errors
    /// The tenant has not configured it.
    fn is_configured(&self, method: Method) -> Result<(), Refusal> {
        if self.configuration.methods.contains(&method) {
            return Ok(());
        }
        Err(Refusal::Unconfigured(format!(
            "the tenant has no {} authenticators configured",
            method.word()
        )))
    }

    /// Whether a token may enrol an authenticator of that method.
    ///
    /// # Errors
    /// The tenant has not configured the method, or the token does not allow it.
    fn may_enroll(&self, bearer: &Bearer, method: Method) -> Result<(), Refusal> {
        self.is_configured(method)?;
        self.flow_enrolls(bearer, method)?;
        self.may_use(bearer, method)?;
        self.may(bearer, ADD)?;
        // The end of an enrolment lets the action pass.
        self.can_pass(bearer)
    }

    /// Whether the current step of a flow, if the token is of one, enrols that method. An authenticator that was enrolled at
    /// another step would prove nothing of the user, and yet take a verification.
    ///
    /// # Errors
    /// It does not.
    fn flow_enrolls(&self, bearer: &Bearer, method: Method) -> Result<(), Refusal> {
        let step = self.step_of(&bearer.user_id, &bearer.action, &bearer.key);
        let waits = self.state_of_bearer(bearer) == Some(State::ChallengeRequired);
        match step.filter(|_| waits) {
            Some((step, methods)) if !step.enrolls() || !methods.contains(&method) => {
                Err(Refusal::Forbidden(format!(
                    "the flow is at the step {}, which enrols no {}",
                    step.word(),
                    method.word()
                )))
            }
            _ => Ok(()),
        }
    }

    /// Whether the action of a token can pass, or has passed.
    ///
    /// # Errors
    /// It has ended in another way.
    fn can_pass(&self, bearer: &Bearer) -> Result<(), Refusal> {
        self.open_to_challenges(&bearer.user_id, &bearer.action, &bearer.key)
    }

    /// As [`can_pass`](Self::can_pass), with this method.
    ///
    /// # Errors
    /// As `can_pass`, and if the action does not permit the method.
    fn can_pass_by(&self, bearer: &Bearer, method: Method) -> Result<(), Refusal> {
        self.can_pass(bearer)?;
        self.may_use(bearer, method)
    }

    /// The wrong codes that were tried with tokens as the bearer's: for its action, or for none.
    fn wrong_codes(&mut self, bearer: &Bearer) -> Option<&mut WrongCodes> {
        let Bearer {
            user_id,
            action,
            key,
            ..
        } = bearer;
        if self.action(user_id, action, key).is_ok() {
            let action = self.actions.get_mut(user_id, action, key);
            action.map(|action| &mut action.wrong)
        } else {
            self.users.get_mut(user_id).map(|user| &mut user.wrong)
        }
    }

    /// Keeps an unproved authenticator, in place of one of the same method that the same action enrols. What another action
    /// enrols has a code of its own.
    fn set_pending(&mut self, bearer: &Bearer, authenticator: Authenticator, now: Timestamp) {
        self.unindex(&bearer.user_id);
        let user = self
            .users
            .entry(bearer.user_id.clone())
            .or_insert_with(|| User::new(now));
        user.pending.retain(|other| {
            other.authenticator.method != authenticator.method
                || other.action != bearer.action
                || other.key != bearer.key
        });
        if user.pending.len() >= PENDING_PER_USER {
            user.pending.remove(0);
        }
        user.pending.push(Pending {
            authenticator,
            action: bearer.action.clone(),
            key: bearer.key.clone(),
            is_named: false,
        });
        self.index(&bearer.user_id);
    }

    /// The authenticator of that method which this token is enrolling.
    pub(super) fn pending(&self, bearer: &Bearer, method: Method) -> Option<&Authenticator> {
        let user = self.users.get(&bearer.user_id)?;
        user.pending
            .iter()
            .find(|pending| {
                pending.authenticator.method == method
                    && pending.action == bearer.action
                    && pending.key == bearer.key
            })
            .map(|pending| &pending.authenticator)
    }

    /// The enrolled authenticator of that id, or by default the newest of that method.
    pub(super) fn enrolled(
        &self,
        user_id: &str,
        method: Method,
        authenticator_id: Option<&str>,
    ) -> Option<&Authenticator> {
        let user = self.users.get(user_id)?;
        user.authenticators
            .iter()
            .rev()
            .find(|one| one.method == method && authenticator_id.is_none_or(|id| one.id == id))
    }

    /// Passes a challenge with an authenticator, enrolled or pending. This enrols a pending one.
    fn pass_by(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        method: Method,
        authenticator_id: &str,
    ) -> Passed {
        let mut enrolled = None;
        if let Some(user) = self.users.get_mut(&bearer.user_id)
            && let Some(at) = user
                .pending
                .iter()
                .position(|pending| pending.authenticator.id == authenticator_id)
        {
            let mut authenticator = user.pending.remove(at).authenticator;
            if method == Method::AuthenticatorApp {
                // A user has one app. What another action had them set up would show codes that nothing takes.
                user.pending
                    .retain(|other| other.authenticator.method != method);
            }
            authenticator.verified = Some(turn.now);
            authenticator.last_verified = Some(turn.now);
            self.settle(turn, &bearer.user_id, authenticator.clone(), Enroller::User);
            self.note_proof(&bearer.user_id, &authenticator);
            enrolled = Some(authenticator);
        }
        let passing = Passing {
            enrolled: enrolled.is_some(),
            ..bearer.passing(method, Some(authenticator_id))
        };
        self.pass(turn, passing);
        let recovery_codes = match method {
            // A device answers, and no answer to it has room for the codes.
            Method::Push | Method::QrCode => None,
            _ => self.unseen_codes(&bearer.user_id),
        };
        Passed {
            authenticator_id: Some(authenticator_id.to_owned()),
            enrolled,
            recovery_codes,
            ..self.passed_by(bearer, method, turn.now)
        }
    }

    /// Notes that the user was shown their recovery codes.
    pub fn note_codes_seen(&mut self, user_id: &str) {
        if let Some(user) = self.users.get_mut(user_id) {
            user.codes_unseen = false;
        }
    }

    /// The recovery codes of a user, where nobody was shown them yet. Only a page can show them: the Client API has no
    /// member for them.
    fn unseen_codes(&self, user_id: &str) -> Option<Vec<String>> {
        if self
            .configuration
            .tenant
            .has(Switch::HideRecoveryCodesOnEnrollment)
        {
            return None;
        }
        let user = self.users.get(user_id)?;
        user.codes_unseen.then(|| user.recovery_codes.clone())
    }

    /// A passed challenge of which nothing is known but who passed it, and how.
    fn passed_by(&self, bearer: &Bearer, method: Method, now: Timestamp) -> Passed {
        Passed {
            user_id: bearer.user_id.clone(),
            action: bearer.action.clone(),
            key: bearer.key.clone(),
            // Documented: the token of a passed challenge manages authenticators.
            grant: self.grant_of(bearer, EVERY, now),
            method,
            authenticator_id: None,
            enrolled: None,
            recovery_codes: None,
        }
    }

    /// An address that was proved is the user's: assumed, no source says so.
    pub(super) fn note_proof(&mut self, user_id: &str, authenticator: &Authenticator) {
        let Some(user) = self.users.get_mut(user_id) else {
            return;
        };
        let attributes = &mut user.attributes;
        if authenticator.email.is_some() && authenticator.email == attributes.email {
            attributes.email_verified = Some(true);
        }
        if authenticator.phone_number.is_some()
            && authenticator.phone_number == attributes.phone_number
        {
            attributes.phone_number_verified = Some(true);
        }
    }
}

#[cfg(test)]
pub(super) mod fixture {
    //! A tenant with a user's token in hand, for the tests of this folder.

    use std::sync::Arc;

    use jiff::Timestamp;

    use super::Bearer;
    use crate::domain::Supplies;
    use crate::domain::authsignal::action::Known;
    use crate::domain::authsignal::token::Keys;
    use crate::domain::authsignal::vocabulary::{Method, State};
    use crate::domain::authsignal::{Authsignal, Enrollment, Tenant};

    pub(in crate::domain::authsignal) const BASE: &str = "http://mock.test";

    pub(in crate::domain::authsignal) struct Fixture {
        pub(in crate::domain::authsignal) supplies: Supplies,
        pub(in crate::domain::authsignal) authsignal: Authsignal,
    }

    pub(in crate::domain::authsignal) fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + seconds).unwrap()
    }

    impl Fixture {
        pub(in crate::domain::authsignal) fn new() -> Self {
            let tenant = Tenant {
                id: "t".into(),
                secret: "s".into(),
                management_secret: "manager".into(),
                terminal_secret: "terminal".into(),
                publishable_key: "p".into(),
                keys: Keys::of_test("s"),
            };
            Self {
                supplies: Supplies::new([7; 32], 10),
                authsignal: Authsignal::new(Arc::new(tenant)),
            }
        }

        /// Tracks an action; returns the bearer of its token.
        pub(in crate::domain::authsignal) fn track(&mut self, user_id: &str) -> Bearer {
            let known = Known::default();
            let tracked = self
                .authsignal
                .track(&mut self.supplies.turn(at(0)), user_id, "signIn", known)
                .unwrap();
            Bearer {
                user_id: user_id.into(),
                action: "signIn".into(),
                key: tracked.key,
                scope: tracked.grant.scope.into_owned(),
                contact: tracked.grant.contact,
            }
        }

        /// Enrols a phone number that the application vouches for; returns the recovery codes.
        pub(in crate::domain::authsignal) fn enroll_sms(&mut self, user_id: &str) -> Vec<String> {
            let enrollment = Enrollment {
                phone_number: Some("+64270000000".into()),
                ..Enrollment::new(Method::Sms)
            };
            let enrolled =
                self.authsignal
                    .enroll(&mut self.supplies.turn(at(0)), user_id, enrollment);
            enrolled.unwrap().1.unwrap_or_default()
        }

        pub(in crate::domain::authsignal) fn state(&self, bearer: &Bearer) -> Option<State> {
            self.authsignal.state_of_bearer(bearer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{BASE, Fixture, at};
    use super::{ADD, REMOVE, Verdict};
    use crate::bounds::PENDING_PER_USER;
    use crate::domain::authsignal::token::TokenFault;
    use crate::domain::authsignal::vocabulary::State;
    use crate::domain::authsignal::{Refusal, vocabulary::Method};

    #[test]
    fn a_token_speaks_for_its_user_and_action_until_its_time_is_over() {
        let mut fixture = Fixture::new();
        let bearer = fixture.track("ada");
        let grant = fixture.authsignal.regrant(&bearer, at(0));
        let tenant = &fixture.authsignal.tenant;
        let token = tenant.token(&grant, "ada", "signIn", &bearer.key, BASE);
        let read = || tenant.keys.read(&token);
        assert_eq!(fixture.authsignal.bearer(read(), at(599)), Ok(bearer));
        assert_eq!(
            fixture.authsignal.bearer(read(), at(600)),
            Err(Refusal::Expired)
        );
        let foreign = read().map(|mut claims| {
            claims.other.tenant_id = "another".into();
            claims
        });
        for read in [foreign, Err(TokenFault::Invalid)] {
            let refused = fixture.authsignal.bearer(read, at(0));
            assert!(
                matches!(refused, Err(Refusal::Unauthorized(_))),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn what_a_user_is_enrolling_has_a_bound_and_the_oldest_leaves() {
        let mut fixture = Fixture::new();
        let bearers: Vec<_> = (0..=PENDING_PER_USER)
            .map(|_| fixture.track("ada"))
            .collect();
        for bearer in &bearers {
            let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
            let (turn, number) = (&mut supplies.turn(at(0)), "+64270000000".to_owned());
            let enrolled = authsignal.enroll_message(turn, bearer, Method::Sms, number, BASE);
            enrolled.unwrap();
        }
        let authsignal = &fixture.authsignal;
        assert_eq!(
            authsignal.user("ada").unwrap().pending.len(),
            PENDING_PER_USER
        );
        let [first, second] = [0, 1].map(|at| authsignal.pending(&bearers[at], Method::Sms));
        assert!(first.is_none() && second.is_some());
    }

    #[test]
    fn the_app_that_is_set_up_first_voids_the_others() {
        let mut fixture = Fixture::new();
        let (first, second) = (fixture.track("ada"), fixture.track("ada"));
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let turn = &mut supplies.turn(at(0));
        authsignal.enroll_totp(turn, &first).unwrap();
        authsignal.enroll_totp(turn, &second).unwrap();
        assert_eq!(authsignal.user("ada").unwrap().pending.len(), 2);
        let shown = authsignal.current_totp("ada", at(0)).unwrap().code;
        let verified = authsignal.verify_totp(turn, &second, &shown).unwrap();
        assert!(matches!(verified, Verdict::Passed(_)));
        assert!(authsignal.user("ada").unwrap().pending.is_empty());
    }

    #[test]
    fn a_scope_is_a_whole_word() {
        let mut fixture = Fixture::new();
        let mut bearer = fixture.track("ada");
        bearer.scope = "read:authenticators add:authenticatorsx".into();
        assert!(bearer.allows("read:authenticators") && !bearer.allows(ADD));
    }

    #[test]
    fn the_vendors_page_manages_authenticators_unless_a_challenge_stands_before_it() {
        let mut fixture = Fixture::new();
        let page = |fixture: &Fixture, bearer: &super::Bearer| {
            let authsignal = &fixture.authsignal;
            let grant = authsignal.regrant(bearer, at(0));
            let tenant = &authsignal.tenant;
            let token = tenant.token(&grant, &bearer.user_id, &bearer.action, &bearer.key, BASE);
            authsignal
                .page_bearer(tenant.keys.read(&token), at(0))
                .unwrap()
        };
        let first = fixture.track("ada");
        assert!(page(&fixture, &first).allows(REMOVE), "nothing is enrolled");
        fixture.enroll_sms("ada");
        let second = fixture.track("ada");
        assert_eq!(fixture.state(&second), Some(State::ChallengeRequired));
        assert!(!page(&fixture, &second).allows(ADD));
        assert!(page(&fixture, &first).allows(ADD), "the first is ALLOW");
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        authsignal
            .finish_action(
                &mut supplies.turn(at(1)),
                "ada",
                "signIn",
                &second.key,
                true,
            )
            .unwrap();
        assert!(page(&fixture, &second).allows(ADD));
    }

    #[test]
    fn what_a_page_finishes_is_that_very_action() {
        let mut fixture = Fixture::new();
        fixture.enroll_sms("ada");
        let (first, second) = (fixture.track("ada"), fixture.track("ada"));
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        let failed = authsignal.finish_action(
            &mut supplies.turn(at(1)),
            "ada",
            "signIn",
            &first.key,
            false,
        );
        assert_eq!(failed.unwrap().state, State::ChallengeFailed);
        let passed = authsignal.finish_action(
            &mut supplies.turn(at(1)),
            "ada",
            "signIn",
            &second.key,
            true,
        );
        let passed = passed.unwrap();
        assert_eq!(
            (passed.state, passed.method),
            (State::ChallengeSucceeded, Some(Method::Sms))
        );
        let unknown =
            authsignal.finish_action(&mut supplies.turn(at(1)), "ada", "signIn", "unknown", true);
        assert!(matches!(unknown, Err(Refusal::NotFound(_))));
    }
}
