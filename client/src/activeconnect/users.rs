//! Requests and answers of the operations on users. Must not know how they are sent.

use std::fmt;

use super::raw::types;
use crate::secret::Secret;

/// The result of adding a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddedUser {
    /// The user is new.
    Created,
    /// The user already existed; nothing changed.
    Existing,
}

/// The result of adding users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsersAdded {
    /// Users that are new.
    pub created: Vec<String>,
    /// Users that already existed.
    pub existing: Vec<String>,
}

/// A link that registers the user's phone when the vendor's application opens it.
///
/// The link is a credential: its holder can register a phone for the user. `Debug` hides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationLink(pub(super) Secret);

impl RegistrationLink {
    /// A link: for the tests of an application.
    pub fn new(link: impl Into<Secret>) -> Self {
        Self(link.into())
    }

    /// The link, to show or send to the user.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// A text message with a registration link.
///
/// ```
/// use stepup_client::activeconnect::RegistrationSms;
///
/// let sms = RegistrationSms::to("+15550100").display_name("user-1@shop").message("Register for our shop:");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RegistrationSms {
    phone_number: String,
    display_name: Option<String>,
    message: Option<String>,
}

impl RegistrationSms {
    /// A message to this phone number, with country code: `+1...`.
    pub fn to(phone_number: impl Into<String>) -> Self {
        Self {
            phone_number: phone_number.into(),
            display_name: None,
            message: None,
        }
    }

    pub(super) fn has_phone_number(&self) -> bool {
        !self.phone_number.trim().is_empty()
    }

    /// A readable name of the user, which the phone's application shows.
    pub fn display_name(mut self, display_name: impl Into<String>) -> Self {
        self.display_name = Some(display_name.into());
        self
    }

    /// Text of the message; the link is appended to it.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

impl From<RegistrationSms> for types::RegistrationSms {
    fn from(sms: RegistrationSms) -> Self {
        Self {
            phone_number: sms.phone_number,
            display_name: sms.display_name,
            message: sms.message,
        }
    }
}

/// Hides everything: all of it is about a person.
impl fmt::Debug for RegistrationSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistrationSms").finish_non_exhaustive()
    }
}
