//! [`AuthsignalClient`] and its methods. Must not know how requests are sent or repeated.

use std::fmt;

use super::builder::{self, AuthsignalClientBuilder};
use super::credentials::Inner;
use super::raw;
use super::raw::types::{
    self, ActionChallenge, AuthenticationOptions, AuthenticatorConfiguration,
    AuthenticatorVerified, ChallengeSent, Enrolled, EnrolledMagicLink, EnrolledTotp, FlowCodeSent,
    FlowStepVerified, Initialized, PasskeyVerified, PushChallenge, PushVerified, QrCodeChallenge,
    QrCodeVerified, RegistrationOptions, UserAuthenticator, VerifiedPasskey,
};
use super::requests::{PasskeyRegistration, PasskeyToEnroll, PasskeyToVerify};
use crate::error::{Error, Kind, Result};
use crate::secret::Secret;
use crate::transport::{self, Operation};

/// A client of the Authsignal Client API: for the user and the action of a token, or for a tenant
/// before the user is known.
///
/// Methods have the names of the API's operations. Cloning is cheap and shares the connections.
/// Construction needs no tokio runtime; calls do, with its time driver enabled.
///
/// Every call has limits of time and repetition (see [`AuthsignalClientBuilder`]). Dropping a
/// call's future cancels the call; the server may still have carried it out.
///
/// Every call can fail with [`Kind::Config`] if the client does not have the credentials that the
/// call needs, [`Kind::Unauthorized`] ([`Error::code`] is `expired_token` for an expired token, and
/// `forbidden` for a token that does not allow the call), [`Kind::RateLimited`], [`Kind::Server`],
/// and the kinds of a broken connection. A wrong code is not an error: `is_verified` is false.
///
/// ```no_run
/// # async fn example(token: stepup_client::Secret, ask: fn() -> String) -> stepup_client::Result<()> {
/// use stepup_client::authsignal_client::AuthsignalClient;
///
/// // The token that the server got from `track`.
/// let client = AuthsignalClient::builder().token(token).build()?;
/// client.challenge_email_otp().await?;
/// let verified = client.verify_email_otp(ask()).await?;
/// if let Some(token) = verified.access_token {
///     // For the server, which validates it; and for calls that manage authenticators.
///     let client = client.with_token(token)?;
///     let authenticators = client.get_user_authenticators().await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuthsignalClient {
    raw: raw::Client,
}

impl fmt::Debug for AuthsignalClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthsignalClient")
            .field("server", &self.raw.inner.baseurl())
            .finish_non_exhaustive()
    }
}

type Call = transport::Call<raw::Client>;

/// A text that the API's description does not allow to be empty.
fn filled<T: TryFrom<String>>(call: &Call, what: &'static str, text: String) -> Result<T> {
    T::try_from(text).map_err(|_| call.fail(Error::new(Kind::InvalidInput).with_detail(what)))
}

impl AuthsignalClient {
    /// A client with settings: at least a token or a tenant.
    ///
    /// ```
    /// # fn main() -> stepup_client::Result<()> {
    /// use stepup_client::authsignal_client::AuthsignalClient;
    ///
    /// let client = AuthsignalClient::builder()
    ///     .tenant("00000000-0000-4000-8000-0000000000aa")
    ///     .api_url("http://127.0.0.1:4750/v1")
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> AuthsignalClientBuilder {
        AuthsignalClientBuilder::new()
    }

    pub(super) fn assemble(raw: raw::Client) -> Self {
        Self { raw }
    }

    /// The same client with another token, for example from a verify call. It shares the
    /// connections.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] for an invalid token.
    pub fn with_token(&self, token: impl Into<Secret>) -> Result<Self> {
        let inner = builder::with_token(self.raw.inner.clone(), &token.into())?;
        Ok(Self {
            raw: self.raw.carrying(inner),
        })
    }

    /// The same client with another challenge token: that of the newest step of a flow. It shares
    /// the connections.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] for an invalid token.
    pub fn with_challenge_token(&self, token: impl Into<Secret>) -> Result<Self> {
        let inner = builder::with_challenge_token(self.raw.inner.clone(), &token.into())?;
        Ok(Self {
            raw: self.raw.carrying(inner),
        })
    }

    /// The generated client: every operation of the API, in builder style.
    ///
    /// It shares credentials, connections, limits and retries with this one. Its types follow the
    /// API's description and change with it. Its error prints headers and bodies, so turn it into
    /// ours first.
    ///
    /// ```no_run
    /// # async fn example(client: stepup_client::authsignal_client::AuthsignalClient) -> stepup_client::Result<()> {
    /// let credential = client.raw().get_push_credential().public_key("...").send().await?;
    /// println!("{}", credential.user_authenticator_id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self) -> &raw::Client {
        &self.raw
    }

    crate::vendor_client::calls!(types::ErrorResponse);

    /// A copy with another state of the generated client.
    fn changed(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut raw = self.raw.clone();
        change(&mut raw.inner);
        Self::assemble(raw)
    }

    fn raw_client(&self) -> &raw::Client {
        &self.raw
    }

    fn call(&self, id: &'static str) -> Result<Call> {
        let raw = &self.raw;
        let call = Call::new(id, |facts| raw.carrying(raw.inner.keeping(facts)));
        let operation = Operation::find(raw::operations::ALL, id);
        if self.raw.inner.signer.of(operation).is_none() {
            let takes = |scheme: &str| operation.security.contains(&&[scheme][..]);
            let why = if takes("bearer") {
                "the client has no token, which this call takes"
            } else if takes("challengeToken") {
                "the client has no challenge token, which this call takes"
            } else {
                "the client has no tenant, which this call takes"
            };
            return Err(call.fail(Error::config(why)));
        }
        Ok(call)
    }

    /// Sends a code to an email address. [`verify_email_otp`](Self::verify_email_otp) with that
    /// code makes it an authenticator of the user.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty address, [`Kind::Rejected`] for one that the vendor
    /// refuses, and as every call.
    pub async fn enroll_email_otp(&self, email: impl Into<String>) -> Result<Enrolled> {
        let call = self.call("enroll_email_otp")?;
        let email = filled(&call, "the email address is empty", email.into())?;
        let request = call.raw.enroll_email_otp();
        call.answer(request.body(types::EmailToEnroll { email }).send().await)
    }

    /// Sends a code to the user's email authenticator.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] if the user has none, and as every call.
    pub async fn challenge_email_otp(&self) -> Result<ChallengeSent> {
        let call = self.call("challenge_email_otp")?;
        let body = types::AuthenticatorChoice::default();
        call.answer(call.raw.challenge_email_otp().body(body).send().await)
    }

    /// Verifies a code from an email.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn verify_email_otp(&self, code: impl Into<Secret>) -> Result<AuthenticatorVerified> {
        let call = self.call("verify_email_otp")?;
        call.answer(call.raw.verify_email_otp().body(of(code)).send().await)
    }

    /// Sends a code to a phone number. [`verify_sms`](Self::verify_sms) with that code makes it an
    /// authenticator of the user.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty number, [`Kind::Rejected`] for one that the vendor
    /// refuses, and as every call.
    pub async fn enroll_sms(&self, phone_number: impl Into<String>) -> Result<Enrolled> {
        let call = self.call("enroll_sms")?;
        let phone_number = filled(&call, "the phone number is empty", phone_number.into())?;
        let body = types::PhoneToEnroll { phone_number };
        call.answer(call.raw.enroll_sms().body(body).send().await)
    }

    /// Sends a code to the user's phone.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] if the user has none, and as every call.
    pub async fn challenge_sms(&self) -> Result<ChallengeSent> {
        let call = self.call("challenge_sms")?;
        let body = types::SmsChannelChoice::default();
        call.answer(call.raw.challenge_sms().body(body).send().await)
    }

    /// Verifies a code from a text message.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn verify_sms(&self, code: impl Into<Secret>) -> Result<AuthenticatorVerified> {
        let call = self.call("verify_sms")?;
        call.answer(call.raw.verify_sms().body(of(code)).send().await)
    }

    /// Sends a code to the user's phone by WhatsApp.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] if the user has none, and as every call.
    pub async fn challenge_whatsapp(&self) -> Result<ChallengeSent> {
        let call = self.call("challenge_whatsapp")?;
        call.answer(call.raw.challenge_whatsapp().send().await)
    }

    /// Verifies a code from WhatsApp.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn verify_whatsapp(&self, code: impl Into<Secret>) -> Result<AuthenticatorVerified> {
        let call = self.call("verify_whatsapp")?;
        call.answer(call.raw.verify_whatsapp().body(of(code)).send().await)
    }

    /// Makes a secret for an authenticator app. [`verify_totp`](Self::verify_totp) with a code of
    /// the app makes it an authenticator of the user.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn enroll_totp(&self) -> Result<EnrolledTotp> {
        let call = self.call("enroll_totp")?;
        call.answer(call.raw.enroll_totp().send().await)
    }

    /// Verifies a code of the user's authenticator app.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn verify_totp(&self, code: impl Into<Secret>) -> Result<AuthenticatorVerified> {
        let call = self.call("verify_totp")?;
        call.answer(call.raw.verify_totp().body(of(code)).send().await)
    }

    /// Sends a link to an email address. After the user opens it,
    /// [`finalize_email_magic_link`](Self::finalize_email_magic_link) makes the address an
    /// authenticator of the user.
    ///
    /// # Errors
    ///
    /// As [`enroll_email_otp`](Self::enroll_email_otp).
    pub async fn enroll_email_magic_link(
        &self,
        email: impl Into<String>,
    ) -> Result<EnrolledMagicLink> {
        let call = self.call("enroll_email_magic_link")?;
        let email = filled(&call, "the email address is empty", email.into())?;
        let request = call.raw.enroll_email_magic_link();
        call.answer(request.body(types::EmailToEnroll { email }).send().await)
    }

    /// Sends a link to the user's email authenticator.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] if the user has none, and as every call.
    pub async fn challenge_email_magic_link(&self) -> Result<ChallengeSent> {
        let call = self.call("challenge_email_magic_link")?;
        call.answer(call.raw.challenge_email_magic_link().send().await)
    }

    /// Returns whether the user has opened the link. Call it again, for example each second, until
    /// they have.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn finalize_email_magic_link(&self) -> Result<AuthenticatorVerified> {
        let call = self.call("finalize_email_magic_link")?;
        let body = types::ChallengeChoice::default();
        call.answer(call.raw.finalize_email_magic_link().body(body).send().await)
    }

    /// Gets options for `navigator.credentials.create`, to register a passkey.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn passkey_registration_options(
        &self,
        registration: PasskeyRegistration,
    ) -> Result<RegistrationOptions> {
        let call = self.call("passkey_registration_options")?;
        let request = call.raw.passkey_registration_options();
        call.answer(request.body(registration.body).send().await)
    }

    /// Registers the passkey that the browser made.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a credential that does not verify, and as every call.
    pub async fn enroll_passkey(&self, passkey: PasskeyToEnroll) -> Result<VerifiedPasskey> {
        let call = self.call("enroll_passkey")?;
        call.answer(call.raw.enroll_passkey().body(passkey.body).send().await)
    }

    /// Gets options for `navigator.credentials.get`: for the passkeys of the token's user, or
    /// without a token for any passkey of the tenant.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn passkey_authentication_options(&self) -> Result<AuthenticationOptions> {
        self.options_for(None).await
    }

    /// As [`passkey_authentication_options`](Self::passkey_authentication_options), for a challenge
    /// of [`start_challenge`](Self::start_challenge).
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for an unknown challenge, and as every call.
    pub async fn passkey_authentication_options_of(
        &self,
        challenge_id: impl Into<String>,
    ) -> Result<AuthenticationOptions> {
        self.options_for(Some(challenge_id.into())).await
    }

    async fn options_for(&self, challenge_id: Option<String>) -> Result<AuthenticationOptions> {
        let call = self.call("passkey_authentication_options")?;
        let body = types::PasskeyChallengeChoice {
            challenge_id,
            secure_payment_confirmation: None,
        };
        let request = call.raw.passkey_authentication_options();
        call.answer(request.body(body).send().await)
    }

    /// Logs in with the passkey's answer from the browser.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for an unknown passkey, [`Kind::Rejected`] for a signature that does not
    /// verify, and as every call.
    pub async fn verify_passkey(&self, passkey: PasskeyToVerify) -> Result<PasskeyVerified> {
        let call = self.call("verify_passkey")?;
        call.answer(call.raw.verify_passkey().body(passkey.body).send().await)
    }

    /// Starts a challenge for an action, before the user is known.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn start_challenge(&self, action: impl Into<String>) -> Result<ActionChallenge> {
        let call = self.call("start_challenge")?;
        let body = types::ActionToChallenge {
            action: Some(action.into()),
            idempotency_key: None,
        };
        call.answer(call.raw.start_challenge().body(body).send().await)
    }

    /// Asks the user's apps to approve an action.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty action, [`Kind::Rejected`] if the user has no app, and
    /// as every call.
    pub async fn challenge_push(&self, action: impl Into<String>) -> Result<PushChallenge> {
        let call = self.call("challenge_push")?;
        let body = types::PushToSend {
            action: filled(&call, "the action is empty", action.into())?,
            user_authenticator_id: None,
        };
        call.answer(call.raw.challenge_push().body(body).send().await)
    }

    /// Returns whether an app has approved or refused. Call it again, for example each second,
    /// until one has.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for an unknown challenge, and as every call.
    pub async fn verify_push(&self, challenge_id: impl Into<String>) -> Result<PushVerified> {
        let call = self.call("verify_push")?;
        let body = types::ChallengeToVerify {
            challenge_id: challenge_id.into(),
        };
        call.answer(call.raw.verify_push().body(body).send().await)
    }

    /// Makes a challenge to show as a QR code.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty action, and as every call.
    pub async fn challenge_qr_code(&self, action: impl Into<String>) -> Result<QrCodeChallenge> {
        let call = self.call("challenge_qr_code")?;
        let body = types::QrCodeToMake {
            action: filled(&call, "the action is empty", action.into())?,
            custom: None,
        };
        call.answer(call.raw.challenge_qr_code().body(body).send().await)
    }

    /// Returns whether an app has claimed, approved or refused a QR code. Call it again, for
    /// example every few seconds, until one has. It uses the tenant's id, even for a challenge
    /// started with a token.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for an unknown challenge, and as every call.
    pub async fn verify_qr_code(
        &self,
        challenge_id: impl Into<String>,
        device_code: impl Into<Secret>,
    ) -> Result<QrCodeVerified> {
        let call = self.call("verify_qr_code")?;
        let body = types::QrCodeToVerify {
            challenge_id: challenge_id.into(),
            device_code: device_code.into(),
        };
        call.answer(call.raw.verify_qr_code().body(body).send().await)
    }

    /// Sends a code for the current step of a flow by email: at an enrolment to the address to enrol, at
    /// a verification to the user's own, for which the address is left out.
    ///
    /// ```no_run
    /// # async fn example(token: stepup_client::Secret, ask: fn() -> String) -> stepup_client::Result<()> {
    /// use stepup_client::authsignal_client::AuthsignalClient;
    ///
    /// // The challenge token that the server got from `start_flow`, for a flow that enrols an address.
    /// let client = AuthsignalClient::builder().challenge_token(token).build()?;
    /// client.challenge_flow_email_otp(Some("ada@example.com")).await?;
    /// let verified = client.verify_flow_email_otp(ask()).await?;
    /// if let Some(next) = &verified.action.next_step {
    ///     // Another step, with the token of this one.
    ///     let client = client.with_challenge_token(verified.challenge_token)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty address, [`Kind::Rejected`] if the step takes no such code,
    /// and as every call.
    pub async fn challenge_flow_email_otp(&self, email: Option<&str>) -> Result<FlowCodeSent> {
        let call = self.call("challenge_flow_email_otp")?;
        let email =
            email.map(|email| filled(&call, "the email address is empty", email.to_owned()));
        let body = types::EmailToChallenge {
            email: email.transpose()?,
        };
        call.answer(call.raw.challenge_flow_email_otp().body(body).send().await)
    }

    /// Verifies a code from an email for the current step of a flow. Go on with the challenge token of
    /// the answer.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a wrong code ([`Error::code`] is `invalid_code`), and as every call.
    pub async fn verify_flow_email_otp(&self, code: impl Into<Secret>) -> Result<FlowStepVerified> {
        let call = self.call("verify_flow_email_otp")?;
        call.answer(call.raw.verify_flow_email_otp().body(of(code)).send().await)
    }

    /// Sends a code for the current step of a flow by text message: at an enrolment to the number to enrol, at
    /// a verification to the user's own, for which the number is left out.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty number, [`Kind::Rejected`] if the step takes no such code,
    /// and as every call.
    pub async fn challenge_flow_sms(&self, phone_number: Option<&str>) -> Result<FlowCodeSent> {
        let call = self.call("challenge_flow_sms")?;
        let phone_number = phone_number.map(|phone_number| {
            filled(&call, "the phone number is empty", phone_number.to_owned())
        });
        let body = types::PhoneToChallenge {
            phone_number: phone_number.transpose()?,
        };
        call.answer(call.raw.challenge_flow_sms().body(body).send().await)
    }

    /// Verifies a code from a text message for the current step of a flow. Go on with the challenge token of
    /// the answer.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a wrong code ([`Error::code`] is `invalid_code`), and as every call.
    pub async fn verify_flow_sms(&self, code: impl Into<Secret>) -> Result<FlowStepVerified> {
        let call = self.call("verify_flow_sms")?;
        call.answer(call.raw.verify_flow_sms().body(of(code)).send().await)
    }

    /// Sends a code for the current step of a flow by WhatsApp: at an enrolment to the number to enrol, at
    /// a verification to the user's own, for which the number is left out.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty number, [`Kind::Rejected`] if the step takes no such code,
    /// and as every call.
    pub async fn challenge_flow_whatsapp(
        &self,
        phone_number: Option<&str>,
    ) -> Result<FlowCodeSent> {
        let call = self.call("challenge_flow_whatsapp")?;
        let phone_number = phone_number.map(|phone_number| {
            filled(&call, "the phone number is empty", phone_number.to_owned())
        });
        let body = types::PhoneToChallenge {
            phone_number: phone_number.transpose()?,
        };
        call.answer(call.raw.challenge_flow_whatsapp().body(body).send().await)
    }

    /// Verifies a code from WhatsApp for the current step of a flow. Go on with the challenge token of
    /// the answer.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a wrong code ([`Error::code`] is `invalid_code`), and as every call.
    pub async fn verify_flow_whatsapp(&self, code: impl Into<Secret>) -> Result<FlowStepVerified> {
        let call = self.call("verify_flow_whatsapp")?;
        call.answer(call.raw.verify_flow_whatsapp().body(of(code)).send().await)
    }

    /// Lists the user's authenticators. Addresses and numbers are masked.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_user_authenticators(&self) -> Result<Vec<UserAuthenticator>> {
        let call = self.call("get_user_authenticators")?;
        let answer = call.raw.get_user_authenticators().send().await;
        Ok(call.answer(answer)?.0)
    }

    /// Lists the authenticators that the tenant has configured.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_authenticator_configurations(
        &self,
    ) -> Result<Vec<AuthenticatorConfiguration>> {
        let call = self.call("get_authenticator_configurations")?;
        let answer = call.raw.get_authenticator_configurations().send().await;
        Ok(call.answer(answer)?.0)
    }

    /// Gets what a page needs to let the user choose a method.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn init(&self) -> Result<Initialized> {
        let call = self.call("init")?;
        call.answer(call.raw.init().send().await)
    }
}

fn of(code: impl Into<Secret>) -> types::VerificationCode {
    types::VerificationCode {
        verification_code: code.into(),
    }
}

#[cfg(test)]
mod tests;
