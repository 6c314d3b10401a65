//! The software devices of a [`MockServer`](super::MockServer), for tests: passkey, phone for push notifications and QR
//! codes, authenticator app.

use crate::domain::authsignal::webauthn::Kind;
use crate::http::MockPhones;
use crate::runtime::part::AuthsignalPart;
use crate::sim::ceremony::{self, Wish};
use crate::sim::client::{Done, Holder};
use crate::sim::phone::Trouble;
use crate::sim::push::{self, Use};

/// The software passkey of an Authsignal user. It passes challenges by true ceremonies of WebAuthn at the vendor's own
/// Client API.
#[derive(Clone, Debug)]
#[must_use = "a passkey does nothing until it enrols or approves"]
pub struct Passkey<'a> {
    pub(super) phones: &'a MockPhones,
    pub(super) tenant: &'a AuthsignalPart,
    pub(super) user_id: String,
    pub(super) kind: Option<Kind>,
    pub(super) device: Option<String>,
    pub(super) origin: Option<String>,
}

impl Passkey<'_> {
    /// A security key instead of a passkey. By default a passkey is enrolled, and what the user has enrolled approves.
    pub fn security_key(mut self) -> Self {
        self.kind = Some(Kind::SecurityKey);
        self
    }

    /// Another authenticator than the default one: each name is one of its own.
    pub fn device(mut self, name: &str) -> Self {
        self.device = Some(name.to_owned());
        self
    }

    /// The origin of the page that asks, such as `https://app.example.com`; `http://localhost` by default. Its host is the
    /// relying party.
    pub fn origin(mut self, origin: &str) -> Self {
        self.origin = Some(origin.to_owned());
        self
    }

    /// Enrols it.
    ///
    /// # Errors
    /// It is enrolled already, or the mock refuses it.
    pub async fn enroll(&self) -> Result<Done, Trouble> {
        ceremony::enroll(self.phones.line(), self.holder(), self.wish(None)).await
    }

    /// Enrols it with the token of an action that waits, which passes thereby.
    ///
    /// # Errors
    /// No such action waits, it is enrolled already, or the mock refuses it.
    pub async fn enroll_for(&self, action: &str) -> Result<Done, Trouble> {
        ceremony::enroll(self.phones.line(), self.holder(), self.wish(Some(action))).await
    }

    /// Passes the challenge of the newest action that waits.
    ///
    /// # Errors
    /// No action waits, the user has not enrolled it, or the mock refuses it.
    pub async fn approve(&self) -> Result<Done, Trouble> {
        ceremony::approve(self.phones.line(), self.holder(), self.wish(None)).await
    }

    /// Passes the challenge of the newest action of that code.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub async fn approve_action(&self, action: &str) -> Result<Done, Trouble> {
        ceremony::approve(self.phones.line(), self.holder(), self.wish(Some(action))).await
    }

    fn holder(&self) -> Holder<'_> {
        Holder {
            tenant: self.tenant,
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

/// The software phone of an Authsignal user, for push notifications and QR codes. It signs at the vendor's own operations
/// for apps.
#[derive(Clone, Debug)]
pub struct AppPhone<'a> {
    pub(super) phones: &'a MockPhones,
    pub(super) tenant: &'a AuthsignalPart,
    pub(super) user_id: String,
}

impl AppPhone<'_> {
    /// Registers it for push notifications.
    ///
    /// # Errors
    /// It is registered already.
    pub async fn register(&self) -> Result<Done, Trouble> {
        push::register(self.phones.line(), self.holder(), Use::Push).await
    }

    /// Approves the push notification that waits.
    ///
    /// # Errors
    /// It is not registered, or nothing waits for it.
    pub async fn approve(&self) -> Result<Done, Trouble> {
        push::answer(self.phones.line(), self.holder(), None, true).await
    }

    /// Denies the push notification that waits.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub async fn deny(&self) -> Result<Done, Trouble> {
        push::answer(self.phones.line(), self.holder(), None, false).await
    }

    /// Reads a QR code: claims its challenge. Registers for QR codes where that was not done.
    ///
    /// # Errors
    /// The challenge does not exist, or is not open.
    pub async fn claim(&self, challenge_id: &str) -> Result<Done, Trouble> {
        push::claim(self.phones.line(), self.holder(), challenge_id).await
    }

    /// Approves a QR code; claims it where that was not done.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn approve_code(&self, challenge_id: &str) -> Result<Done, Trouble> {
        push::answer_code(self.phones.line(), self.holder(), challenge_id, true).await
    }

    /// Denies a QR code; claims it where that was not done.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub async fn deny_code(&self, challenge_id: &str) -> Result<Done, Trouble> {
        push::answer_code(self.phones.line(), self.holder(), challenge_id, false).await
    }

    fn holder(&self) -> Holder<'_> {
        Holder {
            tenant: self.tenant,
            user_id: &self.user_id,
            device: None,
        }
    }
}
