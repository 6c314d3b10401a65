//! What a page shows a user and lets them change: the state of the action, and their authenticators, masked.
//! Knows no wire format and no HTML.

use jiff::Timestamp;

use super::{ADD, Bearer, REMOVE, UPDATE};
use crate::domain::Turn;
use crate::domain::authsignal::action::Decision;
use crate::domain::authsignal::flow::Stop;
use crate::domain::authsignal::management::tenant::Switch;
use crate::domain::authsignal::user::{Authenticator, User};
use crate::domain::authsignal::vocabulary::{Method, Named, State};
use crate::domain::authsignal::{Authsignal, Refusal};

/// What a page can offer the bearer of a token.
#[derive(Clone, Debug)]
pub struct Situation {
    /// The state of the action; `None` if the token is for no action.
    pub state: Option<State>,
    /// Methods that the user can enrol.
    pub allowed: Vec<Method>,
    /// Methods that the user has enrolled.
    pub enrolled: Vec<Method>,
    /// The default among them.
    pub default: Option<Method>,
    /// The user's authenticators, oldest first.
    pub authenticators: Vec<Shown>,
    /// Those that this token is enrolling.
    pub pending: Vec<Shown>,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
    /// Where the page returns to.
    pub redirect_url: Option<String>,
    /// Whether the page is for managing authenticators.
    pub to_settings: bool,
    /// What decided about the action.
    pub decision: Option<Decision>,
    /// Name of the rule that did; its id if it is gone.
    pub rule: Option<String>,
    /// Where the run stops, if the token is of a flow.
    pub flow: Option<Stop>,
    /// Whether the token may add an authenticator.
    pub may_add: bool,
    /// Whether it may remove one.
    pub may_remove: bool,
    /// Whether it may change them.
    pub may_update: bool,
    /// Whether the user keeps the last of their methods.
    pub keeps_last: bool,
    /// What the configuration of the action has pages say.
    pub message: Option<String>,
    /// The method to ask the user to enrol once the action has passed.
    pub prompts: Option<Method>,
    /// Whether pages do not stop after an enrolment.
    pub hides_success: bool,
}

impl Situation {
    /// The same at a stop of a flow: while it waits for a step, it offers what the step does, and nothing else.
    fn at(mut self, stop: Option<Stop>) -> Self {
        if self.state == Some(State::ChallengeRequired)
            && let Some(Stop::Step { step, methods }) = &stop
        {
            let (allowed, enrolled) = if step.enrolls() {
                (methods.clone(), Vec::new())
            } else {
                (Vec::new(), methods.clone())
            };
            self.may_add = step.enrolls();
            self.default = self.default.filter(|default| enrolled.contains(default));
            if !enrolled.contains(&Method::RecoveryCode) {
                self.recovery_codes = 0;
            }
            (self.allowed, self.enrolled) = (allowed, enrolled);
        }
        self.flow = stop;
        self
    }
}

/// An authenticator as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// What it does.
    pub method: Method,
    /// The masked address or number, or the name of the credential or the device.
    pub label: Option<String>,
    /// Whether its method is the default.
    pub is_default: bool,
    /// When it was enrolled.
    pub created: Timestamp,
    /// When it was used last.
    pub last_verified: Option<Timestamp>,
}

impl Authsignal {
    /// What a page can offer the bearer of a token.
    pub fn situation(&self, bearer: &Bearer) -> Situation {
        let user = self.users.get(&bearer.user_id);
        let action = self.action(&bearer.user_id, &bearer.action, &bearer.key);
        let action = action.ok();
        let default = self.first_method(&bearer.user_id, &bearer.action, &bearer.key);
        let enrolled = user.map(User::enrolled_methods).unwrap_or_default();
        let permitted = |method: &Method| self.permits(bearer, *method);
        let own = user.map(|user| user.authenticators.as_slice());
        let pending = user.map(|user| user.pending.as_slice());
        let recovery_codes = user.map_or(0, |user| user.recovery_codes.len());
        let settings = &self.configuration.tenant;
        Situation {
            state: action.map(|action| action.state),
            decision: action.and_then(|action| action.decision),
            rule: action
                .and_then(|action| self.deciding(action))
                .map(|(id, rule)| rule.map_or(id, |rule| &rule.name).to_owned()),
            allowed: self.permitted(&bearer.user_id, &bearer.action, &bearer.key),
            enrolled: enrolled.into_iter().filter(permitted).collect(),
            default: default.filter(permitted),
            authenticators: own
                .unwrap_or_default()
                .iter()
                .map(|one| shown(one, default))
                .collect(),
            pending: pending
                .unwrap_or_default()
                .iter()
                .filter(|one| one.action == bearer.action && one.key == bearer.key)
                .map(|one| shown(&one.authenticator, None))
                .collect(),
            recovery_codes,
            flow: None,
            redirect_url: action.and_then(|action| action.redirect_url.as_deref().map(Into::into)),
            to_settings: action.is_some_and(|action| action.to_settings),
            may_add: self.may(bearer, ADD).is_ok(),
            may_remove: self.may(bearer, REMOVE).is_ok()
                && !settings.lacks(Switch::AllowDeletingUserAuthenticators),
            may_update: self.may(bearer, UPDATE).is_ok(),
            keeps_last: settings.lacks(Switch::AllowDisablingMfa),
            message: self.message_of(bearer),
            prompts: self.prompted_method(&bearer.user_id, &bearer.action, &bearer.key),
            hides_success: settings.has(Switch::HideSuccessScreenOnEnrollment),
        }
        .at(self.flow_stop(bearer))
    }

    /// What the configuration of the bearer's action has pages say, in the user's language.
    fn message_of(&self, bearer: &Bearer) -> Option<String> {
        let one = self.configuration.actions.get(&bearer.action)?;
        one.message(self.locale(bearer)).map(str::to_owned)
    }

    /// Removes one of the bearer's authenticators.
    ///
    /// # Errors
    /// The user has none of that id, the token does not allow it, or it is the user's last passkey or last method and the
    /// tenant has users keep it.
    pub fn remove_own_authenticator(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        authenticator_id: &str,
    ) -> Result<(), Refusal> {
        self.may(bearer, REMOVE)?;
        let keeps = self.configuration.passkeys.prevent_removing_last_passkey;
        if keeps == Some(true) && self.is_last_passkey(&bearer.user_id, authenticator_id) {
            return Err(Refusal::Invalid(
                "A user cannot remove their last passkey here.".to_owned(),
            ));
        }
        let own = self.users.get(&bearer.user_id);
        let is_last = own.is_some_and(|user| user.authenticators.len() == 1);
        if is_last && self.configuration.tenant.lacks(Switch::AllowDisablingMfa) {
            return Err(Refusal::Invalid(
                "A user cannot remove their last sign-in method here.".to_owned(),
            ));
        }
        self.delete_authenticator(turn, &bearer.user_id, authenticator_id)
    }

    /// Whether a user has that passkey and no other.
    fn is_last_passkey(&self, user_id: &str, authenticator_id: &str) -> bool {
        let own = self.users.get(user_id);
        let own = own.map(|user| user.authenticators.iter());
        let mut passkeys = own
            .into_iter()
            .flatten()
            .filter(|one| one.method == Method::Passkey);
        passkeys
            .next()
            .is_some_and(|one| one.id == authenticator_id)
            && passkeys.next().is_none()
    }

    /// Sets the bearer's default method.
    ///
    /// # Errors
    /// The user has not enrolled it, or the token does not allow it.
    pub fn set_default_method(&mut self, bearer: &Bearer, method: Method) -> Result<(), Refusal> {
        self.may(bearer, UPDATE)?;
        let user = self.users.get_mut(&bearer.user_id);
        let user = user
            .filter(|user| user.authenticators.iter().any(|one| one.method == method))
            .ok_or_else(|| {
                Refusal::Invalid(format!(
                    "user {} has no {} authenticator",
                    bearer.user_id,
                    method.word()
                ))
            })?;
        user.attributes.default_method = Some(Named::Here(method));
        Ok(())
    }
}

fn shown(authenticator: &Authenticator, default: Option<Method>) -> Shown {
    Shown {
        id: authenticator.id.clone(),
        method: authenticator.method,
        label: label(authenticator),
        is_default: default == Some(authenticator.method),
        created: authenticator.created,
        last_verified: authenticator.last_verified,
    }
}

fn label(authenticator: &Authenticator) -> Option<String> {
    let email = authenticator.email.as_deref().map(masked_email);
    let phone = || authenticator.phone_number.as_deref().map(masked_phone);
    let credential = || {
        authenticator
            .credential
            .as_ref()
            .map(|own| own.name.clone())
    };
    let app = || {
        authenticator
            .app
            .as_ref()
            .map(|own| own.device_name.clone())
    };
    email.or_else(phone).or_else(credential).or_else(app)
}

/// An address with everything masked but the first letter and the domain. No source shows the vendor's way.
pub fn masked_email(email: &str) -> String {
    let (name, domain) = match email.rsplit_once('@') {
        Some((name, domain)) => (name, format!("@{domain}")),
        None => (email, String::new()),
    };
    let first: String = name.chars().take(1).collect();
    format!("{first}****{domain}")
}

/// A number with everything masked but the last three digits. No source shows the vendor's way.
pub fn masked_phone(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    let left = if digits.len() > 5 {
        digits.len() - 3
    } else {
        digits.len()
    };
    let start = if number.starts_with('+') { "+" } else { "" };
    let hidden = "*".repeat(left - start.len());
    let rest: String = digits[left..].iter().collect();
    format!("{start}{hidden}{rest}")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{BASE, Fixture, at};
    use super::{Bearer, REMOVE, masked_email, masked_phone};
    use crate::domain::authsignal::vocabulary::Method;
    use crate::domain::authsignal::{Authsignal, Enrollment, Refusal};

    #[test]
    fn a_mask_leaves_what_its_owner_knows_again() {
        for (email, masked) in [
            ("ada@example.com", "a****@example.com"),
            ("a@b@c", "a****@c"),
            ("é@x", "é****@x"),
            ("nonsense", "n****"),
            ("", "****"),
        ] {
            assert_eq!(masked_email(email), masked);
        }
        for (number, masked) in [
            ("+64270000123", "+********123"),
            ("9876543210", "*******210"),
            ("+1", "+*"),
            ("12345", "*****"),
            ("", ""),
        ] {
            assert_eq!(masked_phone(number), masked);
        }
    }

    #[test]
    fn a_page_shows_what_is_the_users_and_what_is_to_be() {
        let mut fixture = Fixture::new();
        let first = fixture.track("ada");
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        let (email, to) = (Method::EmailOtp, "ada@example.com".to_owned());
        authsignal
            .enroll_message(&mut supplies.turn(at(0)), &first, email, to, BASE)
            .unwrap();
        let situation = authsignal.situation(&first);
        assert_eq!(
            situation.pending[0].label.as_deref(),
            Some("a****@example.com")
        );
        assert!(situation.authenticators.is_empty() && situation.may_add && !situation.may_remove);
        fixture.enroll_sms("ada");
        let second = fixture.track("ada");
        let situation = fixture.authsignal.situation(&second);
        assert!(situation.pending.is_empty(), "another action's");
        assert_eq!(
            situation.authenticators[0].label.as_deref(),
            Some("+********000")
        );
        assert_eq!(
            (situation.default, situation.recovery_codes),
            (Some(Method::Sms), 8)
        );
        assert!(!situation.may_add && !situation.may_update);
    }

    #[test]
    fn settings_are_changed_by_scope() {
        let mut fixture = Fixture::new();
        fixture.enroll_sms("ada");
        let mut bearer = fixture.track("ada");
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        let id = authsignal.situation(&bearer).authenticators[0].id.clone();
        let removed = authsignal.remove_own_authenticator(&mut supplies.turn(at(1)), &bearer, &id);
        assert!(matches!(removed, Err(Refusal::Forbidden(_))));
        let set = authsignal.set_default_method(&bearer, Method::Sms);
        assert!(matches!(set, Err(Refusal::Forbidden(_))));
        bearer.scope = "update:authenticators remove:authenticators".into();
        let set = authsignal.set_default_method(&bearer, Method::Push);
        assert!(matches!(set, Err(Refusal::Invalid(_))));
        authsignal.set_default_method(&bearer, Method::Sms).unwrap();
        let removed = authsignal.remove_own_authenticator(&mut supplies.turn(at(1)), &bearer, &id);
        assert_eq!(removed, Ok(()));
        assert!(authsignal.situation(&bearer).authenticators.is_empty());
    }

    #[test]
    fn the_last_passkey_stays_if_the_tenant_wants_it() {
        let mut fixture = Fixture::new();
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let mut enroll = |authsignal: &mut Authsignal, id: &str| {
            let passkey = Enrollment {
                credential_id: Some(id.to_owned()),
                credential_public_key: Some("key".to_owned()),
                ..Enrollment::new(Method::Passkey)
            };
            let enrolled = authsignal.enroll(&mut supplies.turn(at(0)), "ada", passkey);
            enrolled.unwrap().0.id
        };
        let ids = [enroll(authsignal, "first"), enroll(authsignal, "second")];
        fixture.enroll_sms("ada");
        let bearer = Bearer {
            scope: REMOVE.to_owned(),
            ..fixture.track("ada")
        };
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        authsignal
            .configuration
            .passkeys
            .prevent_removing_last_passkey = Some(true);
        let mut remove = |authsignal: &mut Authsignal, id: &str| {
            authsignal.remove_own_authenticator(&mut supplies.turn(at(1)), &bearer, id)
        };
        assert_eq!(remove(authsignal, &ids[0]), Ok(()));
        let refused = remove(authsignal, &ids[1]);
        assert!(matches!(refused, Err(Refusal::Invalid(_))), "{refused:?}");
        let left = authsignal.situation(&bearer).authenticators;
        assert_eq!(left.len(), 2, "the passkey and the number");
        authsignal
            .configuration
            .passkeys
            .prevent_removing_last_passkey = Some(false);
        assert_eq!(remove(authsignal, &ids[1]), Ok(()));
    }
}
