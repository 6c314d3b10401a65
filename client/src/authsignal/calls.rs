//! What Call Connect is asked. Must not know how requests are sent.

use super::ids::{ActionCode, UserId};
use super::raw::types;
use super::raw::vocabulary::{CallChannel, CallState};
use super::requests::filled;
use crate::error::Result;

/// A caller who is to prove who they are.
///
/// ```
/// use stepup_client::authsignal::{CallChannel, CallToStart};
///
/// let call = CallToStart::by_phone("call-1", "+6427123456").channel(CallChannel::Sms);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct CallToStart {
    reference_id: String,
    user_id: Option<String>,
    action_code: Option<String>,
    body: Address,
}

/// What a request says without a check.
#[derive(Clone, Debug, Default, PartialEq)]
struct Address {
    phone_number: Option<String>,
    country: Option<String>,
    channel: Option<CallChannel>,
    email: Option<String>,
    username: Option<String>,
    locale: Option<String>,
}

impl CallToStart {
    fn to(reference_id: impl Into<String>, body: Address) -> Self {
        Self {
            reference_id: reference_id.into(),
            user_id: None,
            action_code: None,
            body,
        }
    }

    /// Asks by a message to a phone number. The reference is your own id of the call.
    pub fn by_phone(reference_id: impl Into<String>, phone_number: impl Into<String>) -> Self {
        let phone_number = Some(phone_number.into());
        Self::to(
            reference_id,
            Address {
                phone_number,
                ..Address::default()
            },
        )
    }

    /// Asks by email.
    pub fn by_email(reference_id: impl Into<String>, email: impl Into<String>) -> Self {
        let (email, channel) = (Some(email.into()), Some(CallChannel::Email));
        Self::to(
            reference_id,
            Address {
                email,
                channel,
                ..Address::default()
            },
        )
    }

    /// How the message travels.
    pub fn channel(mut self, channel: CallChannel) -> Self {
        self.body.channel = Some(channel);
        self
    }

    /// The country of a number that is not in E.164 format, three letters such as `USA`.
    pub fn country(mut self, country: impl Into<String>) -> Self {
        self.body.country = Some(country.into());
        self
    }

    /// The caller, if you know them.
    pub fn user_id(mut self, user_id: impl Into<UserId>) -> Self {
        self.user_id = Some(user_id.into().0);
        self
    }

    /// The caller's name.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.body.username = Some(username.into());
        self
    }

    /// The language of the message, such as `en` or `en-NZ`.
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.body.locale = Some(locale.into());
        self
    }

    /// The action that the caller confirms. The default is `call`.
    pub fn action_code(mut self, action_code: impl Into<ActionCode>) -> Self {
        self.action_code = Some(action_code.into().0);
        self
    }

    pub(super) fn into_body(self) -> Result<types::CallToStart> {
        let Address {
            phone_number,
            country,
            channel,
            email,
            username,
            locale,
        } = self.body;
        let user_id = self.user_id.map(|id| filled(id, "the user id is empty"));
        let action_code = self
            .action_code
            .map(|code| filled(code, "the action is empty"));
        Ok(types::CallToStart {
            reference_id: filled(self.reference_id, "the reference is empty")?,
            user_id: user_id.transpose()?,
            action_code: action_code.transpose()?,
            locale: locale.map(types::CallLocale::from),
            phone_number,
            country,
            channel,
            email,
            username,
        })
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct CallToFinish {
    reference_id: String,
    state: CallState,
    user_id: Option<String>,
}

impl CallToFinish {
    /// The call of this reference ended like this.
    pub fn new(reference_id: impl Into<String>, state: CallState) -> Self {
        Self {
            reference_id: reference_id.into(),
            state,
            user_id: None,
        }
    }

    /// The caller.
    pub fn user_id(mut self, user_id: impl Into<UserId>) -> Self {
        self.user_id = Some(user_id.into().0);
        self
    }

    pub(super) fn into_body(self) -> Result<types::CallToFinish> {
        let user_id = self.user_id.map(|id| filled(id, "the user id is empty"));
        Ok(types::CallToFinish {
            reference_id: filled(self.reference_id, "the reference is empty")?,
            state: self.state,
            user_id: user_id.transpose()?,
            payload: None,
        })
    }
}
