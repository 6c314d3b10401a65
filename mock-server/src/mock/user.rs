//! Authsignal users as values: what a test creates, and what it reads back.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::domain::authsignal::user;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::custom::Custom;
use crate::runtime::seed::{AuthsignalAuthenticator, AuthsignalUser};

/// A user to create with [`AuthsignalTenant::create_user`](crate::AuthsignalTenant::create_user).
///
/// ```
/// use stepup_mock::{NewAuthenticator, NewUser};
///
/// let ada = NewUser::new("ada")
///     .email("ada@example.com")
///     .authenticator(NewAuthenticator::email_otp("ada@example.com"))
///     .authenticator(NewAuthenticator::sms("+15550100"));
/// # let _ = ada;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a new user does nothing until `create_user` takes it"]
pub struct NewUser(pub(super) AuthsignalUser);

impl NewUser {
    /// A user without attributes and without authenticators.
    pub fn new(user_id: impl Into<String>) -> Self {
        Self(AuthsignalUser {
            user_id: user_id.into(),
            ..AuthsignalUser::default()
        })
    }

    /// Sets the email address.
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.0.email = Some(address.into());
        self
    }

    /// Sets the phone number, in E.164 form such as `+15550100`.
    pub fn phone_number(mut self, number: impl Into<String>) -> Self {
        self.0.phone_number = Some(number.into());
        self
    }

    /// Sets the user name.
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.0.username = Some(name.into());
        self
    }

    /// Sets the display name.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.0.display_name = Some(name.into());
        self
    }

    /// Sets the application's own data, which rules see as `custom`.
    pub fn custom(mut self, data: Map<String, Value>) -> Self {
        self.0.custom = Some(data);
        self
    }

    /// Adds an authenticator.
    pub fn authenticator(mut self, authenticator: NewAuthenticator) -> Self {
        self.0.authenticators.push(authenticator.0);
        self
    }
}

/// A verified authenticator of a [`NewUser`].
///
/// A passkey and a phone need a key, so they enrol themselves:
/// [`Passkey::enroll`](crate::Passkey::enroll), [`AuthsignalPhone::register`](crate::AuthsignalPhone::register).
#[derive(Clone, Debug)]
#[must_use = "an authenticator does nothing until a `NewUser` takes it"]
pub struct NewAuthenticator(AuthsignalAuthenticator);

impl NewAuthenticator {
    /// Codes by email.
    pub fn email_otp(address: &str) -> Self {
        Self(AuthsignalAuthenticator::email(Method::EmailOtp, address))
    }

    /// Links by email.
    pub fn email_magic_link(address: &str) -> Self {
        Self(AuthsignalAuthenticator::email(
            Method::EmailMagicLink,
            address,
        ))
    }

    /// Codes by text message.
    pub fn sms(number: &str) -> Self {
        Self(AuthsignalAuthenticator::phone(Method::Sms, number))
    }

    /// Codes by WhatsApp.
    pub fn whatsapp(number: &str) -> Self {
        Self(AuthsignalAuthenticator::phone(Method::Whatsapp, number))
    }

    /// An authenticator app with the secret of an `otpauth://totp/` URI. [`AuthsignalTenant::totp`] returns its codes.
    ///
    /// [`AuthsignalTenant::totp`]: crate::AuthsignalTenant::totp
    pub fn authenticator_app(otp_uri: &str) -> Self {
        Self(AuthsignalAuthenticator::app(otp_uri))
    }
}

/// An Authsignal user, as [`AuthsignalTenant::user`](crate::AuthsignalTenant::user) reads it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct User {
    /// Id of the user.
    pub user_id: String,
    /// Email address.
    pub email: Option<String>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// User name.
    pub username: Option<String>,
    /// Display name.
    pub display_name: Option<String>,
    /// The application's own data.
    pub custom: Option<Map<String, Value>>,
    /// Authenticators, oldest first.
    pub authenticators: Vec<Authenticator>,
}

/// An authenticator of a [`User`]. It holds no secret: the secret of an authenticator app stays in the mock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authenticator {
    /// Its id, `userAuthenticatorId` in Authsignal's API.
    pub id: String,
    /// Its method.
    pub verification_method: Method,
    /// The email address that its codes or links go to.
    pub email: Option<String>,
    /// The phone number that its codes go to.
    pub phone_number: Option<String>,
    /// Id of the credential of a passkey or a security key.
    pub credential_id: Option<String>,
    /// When it was enrolled, on the mock's clock.
    pub created_at: Timestamp,
    /// When it last passed a challenge, on the mock's clock.
    pub last_verified_at: Option<Timestamp>,
}

impl User {
    pub(super) fn new(user_id: &str, user: &user::User) -> Self {
        let attributes = &user.attributes;
        Self {
            user_id: user_id.to_owned(),
            email: attributes.email.clone(),
            phone_number: attributes.phone_number.clone(),
            username: attributes.username.clone(),
            display_name: attributes.display_name.clone(),
            custom: attributes.custom.as_ref().map(Custom::read),
            authenticators: user.authenticators.iter().map(Authenticator::new).collect(),
        }
    }
}

impl Authenticator {
    fn new(authenticator: &user::Authenticator) -> Self {
        Self {
            id: authenticator.id.clone(),
            verification_method: authenticator.method,
            email: authenticator.email.clone(),
            phone_number: authenticator.phone_number.clone(),
            credential_id: authenticator
                .credential
                .as_ref()
                .map(|credential| credential.id.clone()),
            created_at: authenticator.created,
            last_verified_at: authenticator.last_verified,
        }
    }
}
