//! Enrolling authenticators that the caller vouches for, and deleting any. Knows no wire format.

use std::fmt;

use super::address;
use super::credential::{Credential, Record};
use super::factor::otp_uri;
use super::management::tenant::Switch;
use super::user::{Authenticator, User};
use super::vocabulary::{Method, Named};
use super::webhook::{AuthenticatorChanged, EventKind};
use super::{Authsignal, Refusal};
use crate::bounds::AUTHENTICATORS_PER_USER;
use crate::domain::Turn;

/// Recovery codes that come with the first authenticator. No source gives the figure.
const RECOVERY_CODES: usize = 8;

/// What a user enrols.
#[derive(Clone)]
pub struct Enrollment {
    /// The method.
    pub method: Method,
    /// Address, for email methods.
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

#[cfg(test)]
impl Enrollment {
    /// An enrolment of which only the method is known.
    pub fn new(method: Method) -> Self {
        Self {
            method,
            email: None,
            phone_number: None,
            otp_uri: None,
            credential_id: None,
            credential_public_key: None,
            name: None,
            aaguid: None,
            browser: None,
            is_default: false,
        }
    }
}

impl fmt::Debug for Enrollment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URI of an authenticator app holds its secret.
        f.debug_struct("Enrollment")
            .field("method", &self.method)
            .field("is_default", &self.is_default)
            .finish_non_exhaustive()
    }
}

/// Who enrols an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enroller {
    /// The application, which has verified it.
    Application,
    /// The user.
    User,
}

impl Authsignal {
    /// Enrols an authenticator and returns it, with recovery codes if it is the user's first.
    ///
    /// # Errors
    /// The method needs something that is missing, or the credential is another user's.
    pub fn enroll(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        enrollment: Enrollment,
    ) -> Result<(Authenticator, Option<Vec<String>>), Refusal> {
        let method = enrollment.method;
        let needs = |member: &str, value: &Option<String>| match value {
            Some(value) if !value.is_empty() => Ok(Some(value.clone())),
            _ => Err(Refusal::Invalid(format!(
                "{member} is required to enrol {}",
                method.word()
            ))),
        };
        let mut authenticator = Authenticator::new(String::new(), method, turn.now);
        authenticator.verified = Some(turn.now);
        if method.is_email() {
            authenticator.email = needs("email", &enrollment.email)?;
            address::check(method, authenticator.address().unwrap_or_default())?;
        } else if method.is_phone() {
            authenticator.phone_number = needs("phoneNumber", &enrollment.phone_number)?;
            let number = authenticator.address().unwrap_or_default();
            address::check(method, number)?;
            self.reaches(method, number)?;
        } else if method == Method::AuthenticatorApp {
            authenticator.otp_uri = needs("otpUri", &enrollment.otp_uri)?;
            otp_uri::read_uri(authenticator.otp_uri.as_deref().unwrap_or_default())?;
        } else if method == Method::Passkey {
            let credential_id =
                needs("credentialId", &enrollment.credential_id)?.unwrap_or_default();
            let public_key = needs("credentialPublicKey", &enrollment.credential_public_key)?
                .unwrap_or_default();
            // Whether it is a key at all shows when the user signs in with it: tests enrol keys that nobody uses.
            if !is_base64url(&public_key) {
                return Err(Refusal::Invalid(
                    "credentialPublicKey must be base64url: letters, digits, `-` and `_`"
                        .to_owned(),
                ));
            }
            let owner = self.credentials.get(&credential_id);
            if owner.is_some_and(|owner| owner != user_id) {
                return Err(Refusal::Conflict);
            }
            if self.is_security_key(user_id, &credential_id) {
                return Err(Refusal::Invalid(
                    "credentialId is that of a security key of the user; delete that authenticator first".to_owned(),
                ));
            }
            authenticator.credential = Some(Credential {
                id: credential_id,
                public_key,
                name: enrollment.name.unwrap_or_else(|| "Passkey".to_owned()),
                device_id: turn.ids.uuid(),
                aaguid: enrollment.aaguid,
                browser: enrollment.browser,
                record: Record::default(),
            });
        }
        self.room_for_authenticator(user_id)?;
        authenticator.id = turn.ids.uuid();

        let codes = self.settle(turn, user_id, authenticator.clone(), Enroller::Application);
        if let Some(user) = self.users.get_mut(user_id) {
            if codes.is_some() {
                // The answer has them.
                user.codes_unseen = false;
            }
            if enrollment.is_default {
                user.attributes.default_method = Some(Named::Here(method));
            }
        }
        Ok((authenticator, codes))
    }

    /// Whether there is room for an authenticator of a user.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn room_for_authenticator(&self, user_id: &str) -> Result<(), Refusal> {
        self.room_for(user_id)?;
        let own = self.users.get(user_id);
        if own.is_some_and(|own| own.authenticators.len() >= AUTHENTICATORS_PER_USER) {
            return Err(Refusal::Invalid(format!(
                "user {user_id} has {AUTHENTICATORS_PER_USER} authenticators, and the mock keeps no more; delete some"
            )));
        }
        Ok(())
    }

    /// Whether the user has a security key of that credential.
    fn is_security_key(&self, user_id: &str, credential_id: &str) -> bool {
        let own = self.users.get(user_id).map(|user| &user.authenticators);
        own.into_iter().flatten().any(|own| {
            own.method == Method::SecurityKey
                && own
                    .credential
                    .as_ref()
                    .is_some_and(|own| own.id == credential_id)
        })
    }

    /// Adds an authenticator to a user, in place of one that it replaces. The first one comes with recovery codes. Its
    /// keys must be nobody else's.
    pub(super) fn settle(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        authenticator: Authenticator,
        by: Enroller,
    ) -> Option<Vec<String>> {
        let settings = &self.configuration.tenant;
        let skips = by == Enroller::Application
            && settings.has(Switch::SkipRecoveryCodesOnProgrammaticEnrollment);
        let configured = &self.configuration.authenticators;
        let several = configured.allows_several(authenticator.method);
        let has_codes = !skips && !settings.has(Switch::DisableRecoveryCodes);
        self.unindex(user_id);
        let user = self
            .users
            .entry(user_id.to_owned())
            .or_insert_with(|| User::new(turn.now));
        let first = user.authenticators.is_empty();
        let replaced: Vec<_> = user
            .authenticators
            .extract_if(.., |other| other.is_replaced_by(&authenticator, several))
            .collect();
        if let Some(number) = &authenticator.phone_number {
            user.attributes
                .phone_number
                .get_or_insert_with(|| number.clone());
        }
        if let Some(email) = &authenticator.email {
            user.attributes.email.get_or_insert_with(|| email.clone());
        }
        user.authenticators.push(authenticator.clone());
        let recovery_codes = (first && has_codes).then(|| {
            (0..RECOVERY_CODES)
                .map(|_| turn.ids.recovery_code())
                .collect::<Vec<_>>()
        });
        if let Some(codes) = &recovery_codes {
            user.recovery_codes.clone_from(codes);
            user.codes_unseen = true;
        }
        self.note_keys(user_id, &authenticator);
        self.index(user_id);
        for authenticator in replaced {
            self.announce(
                turn,
                EventKind::AuthenticatorDeleted,
                user_id,
                authenticator,
            );
        }
        self.announce(
            turn,
            EventKind::AuthenticatorCreated,
            user_id,
            authenticator,
        );
        recovery_codes
    }

    /// Sends webhooks about an authenticator, with its current or its last state.
    pub(super) fn announce(
        &mut self,
        turn: &mut Turn<'_>,
        what: fn(AuthenticatorChanged) -> EventKind,
        user_id: &str,
        authenticator: Authenticator,
    ) {
        let changed = AuthenticatorChanged {
            user_id: user_id.to_owned(),
            authenticator,
            public_key: true,
        };
        self.events.push(turn, what(changed));
    }

    /// Notes the owner of an authenticator's keys.
    pub(super) fn note_keys(&mut self, user_id: &str, authenticator: &Authenticator) {
        if let Some(credential) = &authenticator.credential {
            self.credentials
                .insert(credential.id.clone(), user_id.to_owned());
        }
        if let Some(app) = &authenticator.app {
            let key = (authenticator.method, app.public_key.clone());
            self.apps.insert(key, user_id.to_owned());
        }
    }

    /// Forgets the owner of an authenticator's keys.
    pub(super) fn forget_keys(&mut self, authenticator: &Authenticator) {
        if let Some(credential) = &authenticator.credential {
            self.credentials.remove(&credential.id);
        }
        if let Some(app) = &authenticator.app {
            self.apps
                .remove(&(authenticator.method, app.public_key.clone()));
        }
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
        turn: &mut Turn<'_>,
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
        let authenticator = user.authenticators.remove(at);
        // What is left counts.
        self.unindex(user_id);
        self.index(user_id);
        self.forget_keys(&authenticator);
        self.announce(
            turn,
            EventKind::AuthenticatorDeleted,
            user_id,
            authenticator,
        );
        Ok(())
    }
}

/// Whether a text has only characters of base64url, with or without padding.
fn is_base64url(text: &str) -> bool {
    let letters = text.trim_end_matches('=');
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !letters.is_empty() && letters.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::Enrollment;
    use crate::domain::authsignal::factor::fixture::{Fixture, at};
    use crate::domain::authsignal::vocabulary::Method;

    #[test]
    fn no_secret_of_a_user_prints() {
        let mut fixture = Fixture::new();
        let enrollment = Enrollment {
            otp_uri: Some("otpauth://totp/a?secret=GEZDGNBV".into()),
            ..Enrollment::new(Method::AuthenticatorApp)
        };
        let codes = fixture.enroll_sms("ada");
        let user = fixture.authsignal.user("ada").unwrap();
        let printed = format!("{enrollment:?} {user:?}");
        assert!(
            printed.contains("AuthenticatorApp") && printed.contains("Sms"),
            "{printed}"
        );
        assert!(!printed.contains("GEZ"), "{printed}");
        assert!(codes.iter().all(|code| !printed.contains(code)));
    }

    #[test]
    fn a_public_key_in_another_encoding_is_refused_by_name_and_one_that_is_no_key_is_kept() {
        let mut fixture = Fixture::new();
        let mut enroll = |key: &str| {
            let passkey = Enrollment {
                credential_id: Some("a".into()),
                credential_public_key: Some(key.into()),
                ..Enrollment::new(Method::Passkey)
            };
            let turn = &mut fixture.supplies.turn(at(0));
            fixture.authsignal.enroll(turn, "ada", passkey).map(drop)
        };
        for other in ["!!", "a+b/", "-----BEGIN PUBLIC KEY-----", "{}", "="] {
            let refusal = enroll(other).unwrap_err().to_string();
            assert!(
                refusal.starts_with("credentialPublicKey must be base64url"),
                "{refusal}"
            );
        }
        assert_eq!(enroll("cHVibGljLWtleQ=="), Ok(()));
    }
}
