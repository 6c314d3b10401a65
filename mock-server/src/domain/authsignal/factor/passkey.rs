//! Passkeys and security keys: the ceremonies of [`webauthn`](crate::domain::authsignal::webauthn) on a user's
//! authenticators. Knows no wire format except WebAuthn's, as a value.

use jiff::Timestamp;
use serde_json::Value;

use super::{Bearer, Passed, UNNAMED};
use crate::domain::Turn;
use crate::domain::authsignal::address::Contact;
use crate::domain::authsignal::credential::{Attachment, Credential, Names};
use crate::domain::authsignal::one_time::unknown_challenge;
use crate::domain::authsignal::passkey_settings::{AskingPage, PasskeySettings};
use crate::domain::authsignal::user::{Authenticator, User};
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::webauthn::{
    AuthenticationRequest, CreationOptions, Fault, Kind, RegistrationRequest, RequestOptions,
    Response, Started,
};
use crate::domain::authsignal::{Authsignal, Refusal};

/// Readable name of the relying party.
const RP_NAME: &str = "stepup-mock";

/// What a registration is asked to be.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Name of the account.
    pub username: Option<String>,
    /// Readable name.
    pub display_name: Option<String>,
    /// How the authenticator must be attached.
    pub attachment: Option<Attachment>,
    /// What the browser calls the means of payment, if the credential is to confirm payments.
    pub payment: Option<String>,
}

/// What an authenticator answered, and where.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// `RegistrationResponseJSON` or `AuthenticationResponseJSON`.
    pub json: &'a Value,
    /// The challenge, if the request names it.
    pub challenge_id: Option<&'a str>,
    /// The page that asked.
    pub page: AskingPage<'a>,
    /// Whether the browser made the credential without asking the user.
    pub conditional: bool,
    /// The browser's `User-Agent`.
    pub browser: Option<&'a str>,
    /// The user's device, if the request names it.
    pub device_id: Option<&'a str>,
}

impl Authsignal {
    /// Starts to register a credential for a page.
    ///
    /// # Errors
    /// The method makes no credentials, or the tenant or the token does not allow it.
    pub fn registration_options(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        method: Method,
        wanted: Wanted,
        page: AskingPage<'_>,
    ) -> Result<Started<CreationOptions>, Refusal> {
        let kind = kind_of(method)?;
        self.may_enroll(bearer, method)?;
        let names = Names {
            username: wanted.username,
            display_name: wanted.display_name,
        };
        let names = names.some();
        let named = names.as_deref();
        let user = self.users.get(&bearer.user_id);
        let attributes = user.map(|user| &user.attributes);
        let known = attributes.and_then(|own| own.username.as_deref().or(own.email.as_deref()));
        let name = named.and_then(|own| own.username.as_deref()).or(known);
        let name = name.unwrap_or(&bearer.user_id);
        let display_name = named
            .and_then(|own| own.display_name.as_deref())
            .or_else(|| attributes.and_then(|own| own.display_name.as_deref()));
        let settings = &self.configuration.passkeys;
        let request = RegistrationRequest {
            kind,
            challenge_id: None,
            user_id: &bearer.user_id,
            name,
            display_name: display_name.unwrap_or(name),
            rp_id: settings.relying_party_of(page),
            rp_name: RP_NAME,
            attachment: wanted.attachment.or_else(|| settings.attachment()),
            verification: settings.verification(),
            hints: match kind {
                Kind::Passkey => settings.hints(),
                Kind::SecurityKey => Vec::new(),
            },
            exclude: credentials(user, method),
            payment: wanted.payment.as_deref(),
            names: names.clone(),
        };
        Ok(self.ceremonies.start_registration(turn, &request))
    }

    /// Finishes a registration: the credential is the user's, and the action of the token passes.
    ///
    /// # Errors
    /// The answer proves nothing, or somebody has the credential already.
    pub fn register_credential(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        method: Method,
        answered: Answered<'_>,
    ) -> Result<Passed, Refusal> {
        let kind = kind_of(method)?;
        self.may_enroll(bearer, method)?;
        let settings = &self.configuration.passkeys;
        let registered = self
            .ceremonies
            .finish_registration(&response(settings, kind, answered), turn.now)
            .map_err(refusal)?;
        if registered.user_id != bearer.user_id {
            return Err(Refusal::Credential(
                "the options were issued for another user".to_owned(),
            ));
        }
        if self.credentials.contains_key(&registered.credential_id) {
            return Err(Refusal::Credential(
                "a user has already enrolled this credential".to_owned(),
            ));
        }
        let device_id = answered.device_id.filter(|id| !id.is_empty());
        let mut authenticator = Authenticator::new(turn.ids.uuid(), method, turn.now);
        authenticator.credential = Some(Credential {
            id: registered.credential_id,
            public_key: registered.public_key,
            name: match kind {
                Kind::Passkey => "Passkey".to_owned(),
                Kind::SecurityKey => "Security key".to_owned(),
            },
            device_id: match device_id {
                Some(id) => id.to_owned(),
                None => turn.ids.uuid(),
            },
            aaguid: Some(registered.aaguid),
            browser: answered.browser.map(str::to_owned),
            record: registered.record,
        });
        let id = authenticator.id.clone();
        // Passing by it enrols it.
        self.set_pending(bearer, authenticator, turn.now);
        let passed = self.pass_by(turn, bearer, method, &id);
        self.use_device(&bearer.user_id, device_id, method, turn.now);
        Ok(passed)
    }

    /// Starts to authenticate the bearer, or anybody with a passkey, for a page.
    ///
    /// # Errors
    /// The method makes no credentials, the action can no longer pass, the user has no credential, or the challenge that is
    /// named is not open.
    pub fn authentication_options(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: Option<&Bearer>,
        method: Method,
        challenge_id: Option<&str>,
        page: AskingPage<'_>,
    ) -> Result<Started<RequestOptions>, Refusal> {
        self.options_by(turn, bearer, method, challenge_id, page, |_| true)
    }

    /// As [`authentication_options`](Self::authentication_options), by those credentials that `takes` accepts.
    pub(super) fn options_by(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: Option<&Bearer>,
        method: Method,
        challenge_id: Option<&str>,
        page: AskingPage<'_>,
        takes: fn(&Credential) -> bool,
    ) -> Result<Started<RequestOptions>, Refusal> {
        let kind = kind_of(method)?;
        if let Some(bearer) = bearer {
            self.can_pass_by(bearer, method)?;
        }
        if let Some(id) = challenge_id {
            let challenge = self.challenges.get(id);
            let challenge = challenge.ok_or_else(|| unknown_challenge(id))?;
            if !challenge.is_open(turn.now) || challenge.method != Method::Passkey {
                return Err(super::app_credential::not_open());
            }
        }
        let user = bearer.and_then(|bearer| self.users.get(&bearer.user_id));
        let mut allow = credentials(user, method);
        allow.retain(|credential| takes(credential));
        if let Some(bearer) = bearer
            && allow.is_empty()
        {
            return Err(Refusal::UnknownCredential(format!(
                "user {} has no {} authenticator; enrol one first",
                bearer.user_id,
                method.word()
            )));
        }
        let settings = &self.configuration.passkeys;
        let request = AuthenticationRequest {
            kind,
            challenge_id,
            user_id: bearer.map(|bearer| bearer.user_id.as_str()),
            rp_id: settings.relying_party_of(page),
            verification: settings.verification(),
            allow,
        };
        Ok(self.ceremonies.start_authentication(turn, &request))
    }

    /// Finishes an authentication: the action of the token passes, or that of the challenge which was started without
    /// one.
    ///
    /// # Errors
    /// The action can no longer pass, or is decided against, or the answer proves nothing, or proves another user.
    pub fn verify_credential(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: Option<&Bearer>,
        method: Method,
        answered: Answered<'_>,
    ) -> Result<Passed, Refusal> {
        let kind = kind_of(method)?;
        if let Some(bearer) = bearer {
            self.can_pass_by(bearer, method)?;
        }
        let (users, owners) = (&self.users, &self.credentials);
        let find = |id: &str| {
            let owner = owners.get(id)?;
            let own = users.get(owner)?.authenticators.iter();
            let mut own = own.filter(|one| one.method == method);
            let credential = own.find_map(|one| {
                let credential = one.credential.as_ref()?;
                (credential.id == id).then_some(credential)
            });
            Some((owner.as_str(), credential?))
        };
        let settings = &self.configuration.passkeys;
        let authenticated = self
            .ceremonies
            .check_authentication(&response(settings, kind, answered), find, turn.now)
            .map_err(refusal)?;
        if bearer.is_some_and(|bearer| bearer.user_id != authenticated.user_id) {
            return Err(Refusal::Credential(
                "the credential does not belong to the token's user".to_owned(),
            ));
        }
        let started = self
            .challenges
            .get(&authenticated.challenge_id)
            .filter(|challenge| challenge.is_open(turn.now) && challenge.method == Method::Passkey)
            .filter(|challenge| {
                let owner = challenge.user_id.as_deref();
                owner.is_none_or(|owner| owner == authenticated.user_id)
            })
            .cloned();
        if let Some(started) = &started {
            self.can_pass_by(
                &Bearer::of_challenge(started, &authenticated.user_id),
                method,
            )?;
        }
        let user_id = authenticated.user_id.clone();
        let device_id = answered.device_id.filter(|id| !id.is_empty());
        if device_id.is_some() {
            self.room_for(&user_id)?;
        }
        self.ceremonies.close(&authenticated);
        let own = self.users.get_mut(&authenticated.user_id);
        let authenticator = own
            .and_then(|user| {
                user.authenticators.iter_mut().find(|one| {
                    one.credential
                        .as_ref()
                        .is_some_and(|credential| credential.id == authenticated.credential_id)
                })
            })
            .ok_or_else(|| {
                Refusal::UnknownCredential("no user has enrolled the credential".to_owned())
            })?;
        let id = authenticator.id.clone();
        if let Some(credential) = &mut authenticator.credential {
            credential.record = authenticated.record;
        }
        let passed = match (bearer, started) {
            (Some(bearer), _) if !bearer.action.is_empty() => {
                self.pass_by(turn, bearer, method, &id)
            }
            (_, Some(started)) => {
                self.pass_started(turn, &started, &authenticated.user_id, method, &id)?
            }
            (_, None) => {
                let bearer = Bearer {
                    user_id: authenticated.user_id,
                    action: UNNAMED.to_owned(),
                    key: turn.ids.uuid(),
                    scope: String::new(),
                    contact: Contact::default(),
                };
                self.open_to_pass(turn, &bearer)?;
                self.pass_by(turn, &bearer, method, &id)
            }
        };
        self.use_device(&user_id, device_id, method, turn.now);
        Ok(passed)
    }

    /// Notes that the user has proved who they are on a device that an app names; it is known from now on.
    fn use_device(
        &mut self,
        user_id: &str,
        device_id: Option<&str>,
        method: Method,
        now: Timestamp,
    ) {
        if let Some(id) = device_id {
            self.see_device(user_id, id, now);
            self.authenticated_on(user_id, id, Some(method), now);
        }
    }

    /// The passkey of one of these ids that was verified last, or else enrolled last.
    pub fn known_passkey(&self, credential_ids: &[String]) -> Option<&Authenticator> {
        credential_ids
            .iter()
            .filter_map(|id| {
                let user = self.users.get(self.credentials.get(id)?)?;
                user.authenticators.iter().find(|one| {
                    one.method == Method::Passkey
                        && one.credential.as_ref().is_some_and(|own| own.id == *id)
                })
            })
            .max_by_key(|one| one.last_verified.or(one.verified))
    }
}

fn kind_of(method: Method) -> Result<Kind, Refusal> {
    Kind::of(method).ok_or_else(|| {
        Refusal::Invalid(format!("the method {} uses no credentials", method.word()))
    })
}

fn credentials(user: Option<&User>, method: Method) -> Vec<&Credential> {
    let own = user.map(|user| user.authenticators.as_slice());
    own.unwrap_or_default()
        .iter()
        .filter(|one| one.method == method)
        .filter_map(|one| one.credential.as_ref())
        .collect()
}

fn response<'a>(settings: &'a PasskeySettings, kind: Kind, answered: Answered<'a>) -> Response<'a> {
    Response {
        kind,
        json: answered.json,
        challenge_id: answered.challenge_id,
        origins: settings.origins_of(answered.page),
        conditional: answered.conditional,
    }
}

fn refusal(fault: Fault) -> Refusal {
    let text = fault.to_string();
    match fault.code() {
        "invalid_request" => Refusal::Invalid(text),
        "unknown_credential" => Refusal::UnknownCredential(text),
        _ => Refusal::Credential(text),
    }
}
