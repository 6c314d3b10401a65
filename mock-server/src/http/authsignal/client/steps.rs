//! What several operations of the Client API share: each a step of the domain, and its answer on the wire.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::admission::ClientCaller;
use super::convert::{app_credential, same};
use crate::domain::authsignal::challenge::{Challenge, Told};
use crate::domain::authsignal::credential::Attachment;
use crate::domain::authsignal::factor::app_credential::NewAppCredential;
use crate::domain::authsignal::factor::passkey::{Answered, Wanted};
use crate::domain::authsignal::factor::{Bearer, Passed, Verdict};
use crate::domain::authsignal::passkey_settings::AskingPage;
use crate::domain::authsignal::user::{Authenticator, User};
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::domain::custom::Custom;
use crate::generated::authsignal_client::types as wire;
use crate::http::access::Writer;
use crate::wire::authsignal::{iso, own_authenticator};

/// What the browser calls a means of payment that the request does not name.
const INSTRUMENT: &str = "Passkey";

impl ClientCaller {
    pub(super) fn verified(
        &self,
        passed: &Passed,
        enrolled: Option<wire::UserAuthenticator>,
    ) -> wire::AuthenticatorVerified {
        wire::AuthenticatorVerified {
            is_verified: true,
            access_token: Some(self.token(passed)),
            failure_reason: None,
            user_authenticator: enrolled,
        }
    }

    pub(super) fn told(&self, custom: Option<wire::Custom>) -> Told {
        Told {
            custom: custom.map(|custom| Custom::new(&custom.0)),
            user_agent: self.user_agent.clone(),
            ip_address: None,
            device_id: None,
        }
    }

    pub(super) fn credential(
        &self,
        kind: Method,
        public_key: &str,
    ) -> Result<wire::AppCredential, Refusal> {
        self.tenant.look(|authsignal, _| {
            let (user_id, own) = authsignal.app_credential(kind, public_key)?;
            Ok(app_credential(user_id, own))
        })
    }
}

impl Writer<ClientCaller, Authsignal> {
    pub(super) async fn enroll_message(
        &self,
        method: Method,
        address: String,
    ) -> Result<(Authenticator, Challenge), Refusal> {
        let bearer = self.bearer()?;
        self.tenant
            .transact_delivered(|authsignal, turn| {
                authsignal.enroll_message(turn, bearer, method, address, &self.base)
            })
            .await
    }

    pub(super) async fn enroll_code(
        &self,
        method: Method,
        address: String,
    ) -> Result<wire::Enrolled, Refusal> {
        let (authenticator, _) = self.enroll_message(method, address).await?;
        Ok(wire::Enrolled {
            user_authenticator_id: authenticator.id,
            user_id: self.bearer()?.user_id.clone(),
        })
    }

    pub(super) async fn send(
        &self,
        method: Method,
        authenticator_id: Option<&str>,
    ) -> Result<wire::ChallengeSent, Refusal> {
        let bearer = self.bearer()?;
        let challenge = self
            .tenant
            .transact_delivered(|authsignal, turn| {
                let base = &self.base;
                authsignal.challenge_message(turn, bearer, method, authenticator_id, base)
            })
            .await?;
        Ok(wire::ChallengeSent {
            challenge_id: challenge.id,
        })
    }

    pub(super) async fn verify_code(
        &self,
        method: Method,
        code: &str,
    ) -> Result<wire::AuthenticatorVerified, Refusal> {
        let bearer = self.bearer()?;
        let verdict = self
            .tenant
            .transact_delivered(|authsignal, turn| {
                let verdict = match method {
                    Method::AuthenticatorApp => authsignal.verify_totp(turn, bearer, code),
                    _ => authsignal.verify_code(turn, bearer, method, code),
                }?;
                if let Verdict::Passed(passed) = &verdict {
                    authsignal.skip_screens(turn, passed);
                }
                Ok(with_user(verdict, authsignal.user(&bearer.user_id)))
            })
            .await?;
        Ok(match verdict {
            (Verdict::Passed(passed), enrolled) => self.verified(&passed, enrolled),
            // The vendor has no word for a used code of its own.
            (Verdict::Wrong | Verdict::Used, _) => {
                if method == Method::AuthenticatorApp {
                    self.warn_of_clock(bearer, code);
                }
                failed(wire::FailureReason::CodeInvalidOrExpired)
            }
            (Verdict::TooMany, _) => failed(wire::FailureReason::MaxAttemptsExceeded),
        })
    }

    /// Warns of a code that an app on the machine shows, while the mock's clock is another: nothing else tells why it is
    /// wrong.
    fn warn_of_clock(&self, bearer: &Bearer, code: &str) {
        let machine = Timestamp::now();
        let mock = self.tenant.look(|authsignal, now| {
            let is_of_machine = authsignal.is_totp_of(bearer, code, machine, now);
            is_of_machine.then_some(now)
        });
        let Some(mock) = mock else { return };
        // A request tries one code.
        let _ = self.warning.set(format!(
            "this code is right by the machine's clock ({}), and the mock's clock is at {}: use the code of `stepup-mock totp`, \
             or give the time of GET /_mock/clock to what makes codes",
            iso(machine),
            iso(mock)
        ));
    }

    pub(super) async fn registration_options<T: DeserializeOwned>(
        &self,
        method: Method,
        wanted: Wanted,
    ) -> Result<(String, T), Refusal> {
        let bearer = self.bearer()?;
        let started = self
            .tenant
            .transact_delivered(|authsignal, turn| {
                authsignal.registration_options(
                    turn,
                    bearer,
                    method,
                    wanted,
                    AskingPage::of(&self.origin),
                )
            })
            .await?;
        Ok((started.challenge_id, same(&started.options)?))
    }

    pub(super) async fn passkey_registration(
        &self,
        body: wire::PasskeyRegistration,
    ) -> Result<wire::RegistrationOptions, Refusal> {
        let attachment = body.authenticator_attachment.as_deref();
        let wanted = Wanted {
            username: body.username,
            display_name: body.display_name,
            attachment: attachment.and_then(Attachment::of_word),
            payment: body.secure_payment_confirmation.unwrap_or(false).then(|| {
                let name = body.instrument_display_name;
                name.unwrap_or_else(|| INSTRUMENT.to_owned())
            }),
        };
        let (challenge_id, options) = self.registration_options(Method::Passkey, wanted).await?;
        Ok(wire::RegistrationOptions {
            challenge_id: Some(challenge_id),
            options,
        })
    }

    pub(super) async fn authentication_options<T: DeserializeOwned>(
        &self,
        method: Method,
        challenge_id: Option<&str>,
    ) -> Result<(String, T), Refusal> {
        let started = self
            .tenant
            .transact_delivered(|authsignal, turn| {
                let bearer = self.bearer.as_ref();
                let page = AskingPage::of(&self.origin);
                authsignal.authentication_options(turn, bearer, method, challenge_id, page)
            })
            .await?;
        Ok((started.challenge_id, same(&started.options)?))
    }

    pub(super) async fn passkey_authentication(
        &self,
        body: wire::PasskeyChallengeChoice,
    ) -> Result<wire::AuthenticationOptions, Refusal> {
        let challenge_id = body.challenge_id.as_deref();
        if body.secure_payment_confirmation.unwrap_or(false) {
            return self.payment(challenge_id).await;
        }
        let (challenge_id, options) = self
            .authentication_options(Method::Passkey, challenge_id)
            .await?;
        Ok(wire::AuthenticationOptions {
            challenge_id: Some(challenge_id),
            options,
            payment_instruments: None,
            payment: None,
        })
    }

    async fn payment(
        &self,
        challenge_id: Option<&str>,
    ) -> Result<wire::AuthenticationOptions, Refusal> {
        let asked = self
            .tenant
            .transact_delivered(|authsignal, turn| {
                let page = AskingPage::of(&self.origin);
                authsignal.payment_options(turn, self.bearer.as_ref(), challenge_id, page)
            })
            .await?;
        let instruments = asked.instruments.into_iter();
        let instruments = instruments.map(|own| wire::PaymentInstrument {
            credential_id: own.credential_id,
            display_name: own.name,
        });
        Ok(wire::AuthenticationOptions {
            challenge_id: Some(asked.started.challenge_id),
            options: same(&asked.started.options)?,
            payment_instruments: Some(wire::PaymentInstruments(instruments.collect())),
            payment: asked.payment.map(|payment| wire::Payment {
                amount: payment.amount,
                currency: payment.currency,
                payee_name: payment.payee_name,
                payee_origin: payment.payee_origin,
            }),
        })
    }

    pub(super) async fn register(
        &self,
        method: Method,
        credential: &wire::RegistrationResponseJson,
        challenge_id: Option<&str>,
        conditional: bool,
        device_id: Option<&str>,
    ) -> Result<wire::VerifiedPasskey, Refusal> {
        let bearer = self.bearer()?;
        let json = same::<serde_json::Value>(credential)?;
        let answered = Answered {
            json: &json,
            challenge_id,
            page: AskingPage::of(&self.origin),
            conditional,
            browser: self.user_agent.as_deref(),
            device_id,
        };
        let (passed, enrolled) = self
            .tenant
            .transact_delivered(|authsignal, turn| {
                let passed = authsignal.register_credential(turn, bearer, method, answered)?;
                authsignal.skip_screens(turn, &passed);
                let user = authsignal.user(&bearer.user_id);
                let enrolled = enrolled(&passed, user);
                Ok((passed, enrolled))
            })
            .await?;
        Ok(wire::VerifiedPasskey {
            is_verified: true,
            access_token: Some(self.token(&passed)),
            user_authenticator_id: passed.authenticator_id,
            user_id: Some(passed.user_id),
            user_authenticator: enrolled,
        })
    }

    pub(super) async fn authenticate(
        &self,
        method: Method,
        credential: &wire::AuthenticationResponseJson,
        challenge_id: Option<&str>,
        device_id: Option<&str>,
    ) -> Result<wire::PasskeyVerified, Refusal> {
        let json = same::<serde_json::Value>(credential)?;
        let answered = Answered {
            json: &json,
            challenge_id,
            page: AskingPage::of(&self.origin),
            conditional: false,
            browser: None,
            device_id,
        };
        let (passed, names) = self
            .tenant
            .transact_delivered(|authsignal, turn| {
                let bearer = self.bearer.as_ref();
                let passed = authsignal.verify_credential(turn, bearer, method, answered)?;
                authsignal.skip_screens(turn, &passed);
                let names = authsignal.user(&passed.user_id).and_then(|user| {
                    let mut all = user.authenticators.iter();
                    let own = all.find(|own| Some(&own.id) == passed.authenticator_id.as_ref())?;
                    Some(user.names_of(own.credential.as_ref()?))
                });
                Ok((passed, names.unwrap_or_default()))
            })
            .await?;
        Ok(wire::PasskeyVerified {
            is_verified: true,
            access_token: Some(self.token(&passed)),
            user_id: Some(passed.user_id),
            user_authenticator_id: passed.authenticator_id,
            username: names.username,
            user_display_name: names.display_name,
        })
    }

    pub(super) async fn start(
        &self,
        body: wire::ActionToChallenge,
    ) -> Result<wire::ActionChallenge, Refusal> {
        self.tenant
            .transact_delivered(|authsignal, turn| {
                let (bearer, key) = (self.bearer.as_ref(), body.idempotency_key);
                let challenge = authsignal.start_anonymous(turn, bearer, body.action, key)?;
                Ok(wire::ActionChallenge {
                    challenge_id: challenge.id,
                    nonce: Some(turn.ids.secret()),
                })
            })
            .await
    }

    pub(super) async fn add_credential(
        &self,
        kind: Method,
        body: wire::AppCredentialToAdd,
    ) -> Result<wire::AppCredential, Refusal> {
        let bearer = self.bearer()?;
        let new = NewAppCredential {
            public_key: body.public_key.into(),
            device_name: body.device_name,
            platform: body.device_platform,
            push_token: body.push_token,
        };
        self.tenant
            .transact_delivered(|authsignal, turn| {
                let added = authsignal.add_app_credential(turn, bearer, kind, new)?;
                Ok(app_credential(&bearer.user_id, &added))
            })
            .await
    }

    pub(super) async fn remove_credential(
        &self,
        kind: Method,
        body: wire::AppCredentialToRemove,
    ) -> Result<wire::AppCredentialRemoved, Refusal> {
        let (public_key, signature) = (String::from(body.public_key), body.signature);
        // The app uses the machine's clock, a test uses the mock's.
        let machine = jiff::Timestamp::now().as_second();
        self.tenant
            .transact_delivered(|authsignal, turn| {
                let moments = [turn.now.as_second(), machine];
                let id = authsignal.remove_app_credential(
                    turn,
                    kind,
                    &public_key,
                    &signature,
                    &moments,
                )?;
                Ok(wire::AppCredentialRemoved {
                    removed_authenticator_id: Some(id),
                })
            })
            .await
    }

    pub(super) async fn answer(
        &self,
        kind: Method,
        body: wire::AppChallengeAnswer,
    ) -> Result<wire::AppChallengeAnswered, Refusal> {
        let public_key = String::from(body.public_key);
        self.tenant
            .transact_delivered(|authsignal, turn| {
                authsignal.answer_approval(
                    turn,
                    kind,
                    &public_key,
                    &body.challenge_id,
                    body.approved,
                    &body.signature,
                )?;
                Ok(wire::AppChallengeAnswered { is_verified: true })
            })
            .await
    }
}

pub(super) fn failed(reason: wire::FailureReason) -> wire::AuthenticatorVerified {
    wire::AuthenticatorVerified {
        is_verified: false,
        access_token: None,
        failure_reason: Some(reason),
        user_authenticator: None,
    }
}

/// The newly enrolled authenticator, on the wire.
pub(super) fn enrolled(passed: &Passed, user: Option<&User>) -> Option<wire::UserAuthenticator> {
    let enrolled = passed.enrolled.as_ref()?;
    Some(own_authenticator(&passed.user_id, user, enrolled))
}

pub(super) fn with_user(
    verdict: Verdict,
    user: Option<&User>,
) -> (Verdict, Option<wire::UserAuthenticator>) {
    let enrolled = match &verdict {
        Verdict::Passed(passed) => enrolled(passed, user),
        Verdict::Wrong | Verdict::Used | Verdict::TooMany => None,
    };
    (verdict, enrolled)
}

pub(super) fn challenged_user(custom: Custom) -> wire::ChallengedUser {
    wire::ChallengedUser {
        custom: Some(wire::Custom(custom.read())),
    }
}

/// What is not empty.
pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}
