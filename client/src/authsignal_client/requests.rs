//! What the operations of passkeys take. Must not know how it is sent.

use std::fmt;

use super::raw::types::{self, AuthenticationResponseJson, RegistrationResponseJson};

/// Setters of texts in the body.
macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident)+) => {$(
        $(#[doc = $doc])+
        pub fn $name(mut self, $name: impl Into<String>) -> Self {
            self.body.$name = Some($name.into());
            self
        }
    )+};
}

/// Name and kind of a new passkey. Nothing is required.
#[derive(Clone, Default, PartialEq)]
#[must_use]
pub struct PasskeyRegistration {
    pub(super) body: types::PasskeyRegistration,
}

impl PasskeyRegistration {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    texts! {
        /// User name, which the browser shows.
        username
        /// Readable name.
        display_name
        /// `platform` for the device itself, `cross-platform` for a separate authenticator.
        authenticator_attachment
    }
}

/// A passkey that a browser or an app has made.
#[derive(Clone, PartialEq)]
#[must_use]
pub struct PasskeyToEnroll {
    pub(super) body: types::PasskeyToEnroll,
}

impl PasskeyToEnroll {
    /// What `navigator.credentials.create` returned, as JSON.
    pub fn new(credential: RegistrationResponseJson) -> Self {
        Self {
            body: types::PasskeyToEnroll {
                registration_credential: credential,
                conditional_create: None,
                challenge_id: None,
                device_id: None,
            },
        }
    }

    texts! {
        /// Id of the challenge from the options.
        challenge_id
        /// Device of the user.
        device_id
    }

    /// Whether the browser made it by itself during a login by password.
    pub fn conditional_create(mut self, conditional: bool) -> Self {
        self.body.conditional_create = Some(conditional);
        self
    }
}

/// A login with a passkey.
#[derive(Clone, PartialEq)]
#[must_use]
pub struct PasskeyToVerify {
    pub(super) body: types::PasskeyToVerify,
}

impl PasskeyToVerify {
    /// What `navigator.credentials.get` returned, as JSON.
    pub fn new(credential: AuthenticationResponseJson) -> Self {
        Self {
            body: types::PasskeyToVerify {
                authentication_credential: credential,
                device_id: None,
                challenge_id: None,
            },
        }
    }

    texts! {
        /// Id of the challenge from the options.
        challenge_id
        /// Device of the user.
        device_id
    }
}

/// Hides everything about a person, and every credential.
macro_rules! hidden {
    ($($name:ident)+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

hidden! { PasskeyRegistration PasskeyToEnroll PasskeyToVerify }
