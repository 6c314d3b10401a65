//! The software devices of an Authsignal user, for tests: passkeys, and a phone for push notifications and QR codes.

use std::sync::Arc;

use serde_json::Value;

use super::Error;
use crate::domain::authsignal::webauthn::Kind;
use crate::http::MockPhones;
use crate::runtime::part::AuthsignalPart;
use crate::sim::ceremony::{self, Wish};
use crate::sim::client::{DeviceOutcome, Holder};
use crate::sim::passkey::Authenticator;
use crate::sim::push::{self, Use};

/// A software passkey of an Authsignal user. It goes through the ceremonies of WebAuthn at the vendor's own Client API.
///
/// Its keys derive from its name and its user, so the same passkey works after a reset and in another process.
#[derive(Clone, Debug)]
#[must_use = "a passkey does nothing until it enrols or approves"]
pub struct Passkey {
    phones: Arc<MockPhones>,
    tenant: Arc<AuthsignalPart>,
    user_id: String,
    kind: Option<Kind>,
    device: Option<String>,
    origin: Option<String>,
}

impl Passkey {
    pub(super) fn new(phones: Arc<MockPhones>, tenant: Arc<AuthsignalPart>, user_id: &str) -> Self {
        Self {
            phones,
            tenant,
            user_id: user_id.to_owned(),
            kind: None,
            device: None,
            origin: None,
        }
    }

    /// Makes it a security key. Otherwise `enroll` enrols a passkey, and `approve` uses what the user has enrolled.
    pub fn security_key(mut self) -> Self {
        self.kind = Some(Kind::SecurityKey);
        self
    }

    /// Makes it another authenticator than the default one. Each name is a separate authenticator.
    pub fn device(mut self, name: &str) -> Self {
        self.device = Some(name.to_owned());
        self
    }

    /// Sets the origin of the page that asks, such as `https://app.example.com`; `http://localhost` by default. Its host is
    /// the relying party, so a name and not an IP address: `localhost` instead of `127.0.0.1`.
    pub fn origin(mut self, origin: &str) -> Self {
        self.origin = Some(origin.to_owned());
        self
    }

    /// Enrols it.
    ///
    /// # Errors
    /// It is already enrolled, or the mock refuses it.
    pub async fn enroll(&self) -> Result<DeviceOutcome, Error> {
        let enrolled = ceremony::enroll(self.phones.line(), self.holder(), self.wish(None));
        Ok(enrolled.await?)
    }

    /// Enrols it with the token of an action that waits for a challenge. This also passes the challenge.
    ///
    /// # Errors
    /// No such action waits, it is already enrolled, or the mock refuses it.
    pub async fn enroll_for(&self, action: &str) -> Result<DeviceOutcome, Error> {
        let wish = self.wish(Some(action));
        Ok(ceremony::enroll(self.phones.line(), self.holder(), wish).await?)
    }

    /// Passes the challenge of the newest action that waits for one.
    ///
    /// # Errors
    /// No action waits, the user has not enrolled it, or the mock refuses it.
    pub async fn approve(&self) -> Result<DeviceOutcome, Error> {
        let approved = ceremony::approve(self.phones.line(), self.holder(), self.wish(None));
        Ok(approved.await?)
    }

    /// Passes the challenge of the newest action of this code.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub async fn approve_action(&self, action: &str) -> Result<DeviceOutcome, Error> {
        let wish = self.wish(Some(action));
        Ok(ceremony::approve(self.phones.line(), self.holder(), wish).await?)
    }

    /// Signs the user in, as a page does that does not know the user yet: it asks for any passkey of the tenant, and this one
    /// answers. Returns the token that the page brings to its server. The action is `signIn`, which the vendor takes for a
    /// login without an action.
    ///
    /// ```
    /// # async fn sign_in() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mock = stepup_mock::MockServer::builder().start().await?;
    /// let passkey = mock.authsignal().passkey("ada").origin("http://localhost:3000");
    /// passkey.enroll().await?;
    /// let token = passkey.sign_in().await?;
    /// // Your application validates `token`, and finds that it is of ada.
    /// # drop(token);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The user has not enrolled it, or the mock refuses it.
    pub async fn sign_in(&self) -> Result<String, Error> {
        let origin = self.origin.as_deref();
        Ok(ceremony::sign_in(self.phones.line(), self.holder(), origin).await?)
    }

    fn holder(&self) -> Holder<'_> {
        Holder {
            tenant: &self.tenant,
            user_id: &self.user_id,
            device: self.device.as_deref(),
        }
    }

    fn wish<'w>(&'w self, action: Option<&'w str>) -> Wish<'w> {
        Wish {
            kind: self.kind,
            action,
            origin: self.origin.as_deref(),
        }
    }
}

/// An authenticator in software, for code under test that calls WebAuthn itself: it answers the options of a ceremony as
/// a browser does.
///
/// It keeps no list of credentials: a credential's id says which authenticator made it.
#[derive(Debug)]
pub struct SoftwareAuthenticator(Authenticator);

impl SoftwareAuthenticator {
    /// The authenticator of this name. Each name is a separate authenticator.
    pub fn new(name: &str) -> Self {
        Self(Authenticator::new(name))
    }

    /// Answers as `navigator.credentials.create()` does: makes a credential and returns its `RegistrationResponseJSON`.
    /// `options` are the `PublicKeyCredentialCreationOptionsJSON`, either directly or in a member `options` or
    /// `publicKey`.
    ///
    /// # Errors
    /// The options cannot be read or met, the origin may not use the relying party, or the options exclude one of its
    /// credentials.
    pub fn create(&self, options: &Value, origin: &str) -> Result<Value, Error> {
        Ok(self.0.create(options, origin)?)
    }

    /// Answers as `navigator.credentials.get()` does: signs with a credential and returns its
    /// `AuthenticationResponseJSON`. `options` are the `PublicKeyCredentialRequestOptionsJSON`, either directly or in a
    /// member `options` or `publicKey`. If the options allow any credential, `credential_ids` lists the existing ones.
    ///
    /// # Errors
    /// The options cannot be read, the origin may not use the relying party, or it has none of the credentials.
    pub fn get(
        &self,
        options: &Value,
        origin: &str,
        credential_ids: &[String],
    ) -> Result<Value, Error> {
        Ok(self.0.get(options, origin, credential_ids)?)
    }
}

impl Default for SoftwareAuthenticator {
    /// The authenticator that a [`Passkey`] uses by default.
    fn default() -> Self {
        Self(Authenticator::of_device(None))
    }
}

/// The software phone of an Authsignal user, for push notifications and QR codes. It calls the vendor's own operations for
/// apps, and signs what the user approves or denies.
#[derive(Clone, Debug)]
pub struct AuthsignalPhone {
    phones: Arc<MockPhones>,
    tenant: Arc<AuthsignalPart>,
    user_id: String,
}

impl AuthsignalPhone {
    pub(super) fn new(phones: Arc<MockPhones>, tenant: Arc<AuthsignalPart>, user_id: &str) -> Self {
        Self {
            phones,
            tenant,
            user_id: user_id.to_owned(),
        }
    }

    /// Registers it for push notifications.
    ///
    /// # Errors
    /// It is already registered.
    pub async fn register(&self) -> Result<DeviceOutcome, Error> {
        Ok(push::register(self.phones.line(), self.holder(), Use::Push).await?)
    }

    /// Approves the push notification that waits.
    ///
    /// # Errors
    /// It is not registered, or no push notification waits.
    pub async fn approve(&self) -> Result<DeviceOutcome, Error> {
        Ok(push::answer(self.phones.line(), self.holder(), None, true).await?)
    }

    /// Denies the push notification that waits.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub async fn deny(&self) -> Result<DeviceOutcome, Error> {
        Ok(push::answer(self.phones.line(), self.holder(), None, false).await?)
    }

    /// Reads a QR code: claims its challenge. The phone registers for QR codes first if it has not done so.
    ///
    /// # Errors
    /// The challenge does not exist, or is not open.
    pub async fn claim(&self, challenge_id: &str) -> Result<DeviceOutcome, Error> {
        Ok(push::claim(self.phones.line(), self.holder(), challenge_id).await?)
    }

    /// Approves a QR code. The phone claims it first if it has not done so.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn approve_code(&self, challenge_id: &str) -> Result<DeviceOutcome, Error> {
        let line = self.phones.line();
        Ok(push::answer_code(line, self.holder(), challenge_id, true).await?)
    }

    /// Denies a QR code. The phone claims it first if it has not done so.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn deny_code(&self, challenge_id: &str) -> Result<DeviceOutcome, Error> {
        let line = self.phones.line();
        Ok(push::answer_code(line, self.holder(), challenge_id, false).await?)
    }

    fn holder(&self) -> Holder<'_> {
        Holder {
            tenant: &self.tenant,
            user_id: &self.user_id,
            device: None,
        }
    }
}
