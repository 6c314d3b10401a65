//! The events that the vendor sends to an application, and their data. It must not know URLs or deliveries.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bounds::lengths;
use crate::domain::authsignal::user::Authenticator;
use crate::domain::authsignal::vocabulary::{Method, Outcome, State};
use crate::domain::custom::{self, Custom};

/// The types of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// The application must send an email.
    EmailCreated,
    /// The application must send a text message.
    SmsCreated,
    /// The application must send a push notification.
    PushCreated,
    /// An authenticator was enrolled.
    AuthenticatorCreated,
    /// An authenticator changed.
    AuthenticatorUpdated,
    /// An authenticator was deleted.
    AuthenticatorDeleted,
    /// An action is about to pass.
    ActionVerify,
    /// How an action stands.
    ActionLogCreated,
    /// A step of a challenge: sent, valid, invalid.
    ChallengeLogCreated,
}

impl Kind {
    /// Every type.
    pub const ALL: [Self; 9] = [
        Self::EmailCreated,
        Self::SmsCreated,
        Self::PushCreated,
        Self::AuthenticatorCreated,
        Self::AuthenticatorUpdated,
        Self::AuthenticatorDeleted,
        Self::ActionVerify,
        Self::ActionLogCreated,
        Self::ChallengeLogCreated,
    ];

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::EmailCreated => "email.created",
            Self::SmsCreated => "sms.created",
            Self::PushCreated => "push.created",
            Self::AuthenticatorCreated => "authenticator.created",
            Self::AuthenticatorUpdated => "authenticator.updated",
            Self::AuthenticatorDeleted => "authenticator.deleted",
            Self::ActionVerify => "action.verify",
            Self::ActionLogCreated => "action.log_created",
            Self::ChallengeLogCreated => "challenge.log_created",
        }
    }

    /// The type of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether the vendor waits for the receiver.
    pub fn is_synchronous(self) -> bool {
        matches!(
            self,
            Self::EmailCreated | Self::SmsCreated | Self::PushCreated | Self::ActionVerify
        )
    }

    /// Whether it comes in batches.
    pub fn is_log(self) -> bool {
        matches!(self, Self::ActionLogCreated | Self::ChallengeLogCreated)
    }
}

/// Where the user is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Surroundings {
    /// Their browser.
    pub user_agent: Option<String>,
    /// Their time zone.
    pub timezone: Option<String>,
    /// Their address.
    pub ip_address: Option<String>,
    /// Their language tag.
    pub locale: Option<String>,
}

/// What an email is sent for.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EmailSecret {
    /// A code.
    Code(String),
    /// A link.
    Link(String),
}

/// The application must send an email.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailCreated {
    /// Address.
    pub to: String,
    /// The code or the link.
    pub secret: EmailSecret,
    /// The user, where known.
    pub user_id: Option<String>,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// The method.
    pub method: Method,
    /// Where the user is.
    pub surroundings: Surroundings,
    /// Data of the application that the message shows.
    pub custom_variables: Option<Custom>,
}

/// The application must send a text message.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SmsCreated {
    /// Number.
    pub to: String,
    /// The code.
    pub code: String,
    /// The user, where known.
    pub user_id: Option<String>,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// Language tag.
    pub locale: Option<String>,
    /// Data of the application that the message shows.
    pub custom_variables: Option<Custom>,
}

/// The application must send a push notification.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushCreated {
    /// The challenge.
    pub challenge_id: String,
    /// The user.
    pub user_id: String,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// Where the user is.
    pub surroundings: Surroundings,
}

/// An authenticator was enrolled, changed or deleted, when the event says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthenticatorChanged {
    /// The user.
    pub user_id: String,
    /// The authenticator, as it is, or as it was.
    pub authenticator: Authenticator,
    /// Whether its event has the public key of a passkey.
    pub public_key: bool,
}

/// An action that is about to pass.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Passing {
    /// The user.
    pub user_id: String,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// How its challenge was passed.
    pub method: Option<Method>,
    /// With which authenticator.
    pub authenticator_id: Option<String>,
    /// Whether this finished the enrolment of that authenticator. Receivers may answer long after it, so no time tells.
    pub enrolled: bool,
}

/// How an action stands.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActionLog {
    /// The user.
    pub user_id: String,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// When it was tracked.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// When its state changed last.
    pub state_updated: Timestamp,
    /// Its state.
    pub state: State,
    /// What was decided.
    pub outcome: Outcome,
    /// How its challenge was passed.
    pub method: Option<Method>,
    /// Methods that the user could enrol.
    pub allowed: Vec<Method>,
    /// Methods that the user had enrolled.
    pub enrolled: Vec<Method>,
    /// Rules that matched, by priority.
    pub rules: Vec<MatchedRule>,
    /// Where the user came from.
    pub ip_address: Option<String>,
    /// The country of that address.
    pub country: Option<String>,
    /// Email address of the user.
    pub email: Option<String>,
    /// Phone number of the user.
    pub phone_number: Option<String>,
    /// Their device.
    pub device_id: Option<String>,
    /// Data of the application.
    pub custom: Option<Custom>,
    /// That of it which messages show.
    pub custom_variables: Option<Custom>,
}

/// A rule that matched an action.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MatchedRule {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

/// A step of a challenge: sent, valid, invalid.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChallengeLog {
    /// The user.
    pub user_id: String,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// What happened, in the vendor's words, such as `SMS_SENT`.
    pub what: Cow<'static, str>,
    /// The method.
    pub method: Method,
    /// Where the code went.
    pub address: Option<String>,
}

impl ChallengeLog {
    /// A code or a link was sent; a method that sends nothing logs nothing.
    pub fn sent(method: Method) -> Option<&'static str> {
        match method {
            Method::EmailOtp => Some("EMAIL_OTP_SENT"),
            Method::EmailMagicLink => Some("EMAIL_MAGIC_LINK_SENT"),
            Method::Sms => Some("SMS_SENT"),
            Method::Whatsapp => Some("WHATSAPP_SENT"),
            _ => None,
        }
    }

    /// The right code came. No source has the whole list: the words of WhatsApp and links are made after the others.
    pub fn valid(method: Method) -> Option<&'static str> {
        match method {
            Method::EmailOtp => Some("EMAIL_OTP_CODE_VALID"),
            Method::EmailMagicLink => Some("EMAIL_MAGIC_LINK_VALID"),
            Method::Sms => Some("SMS_CODE_VALID"),
            Method::Whatsapp => Some("WHATSAPP_CODE_VALID"),
            _ => None,
        }
    }

    /// A code came that is wrong or too old.
    pub fn invalid(method: Method) -> Option<&'static str> {
        match method {
            Method::EmailOtp => Some("EMAIL_OTP_INVALID_OR_EXPIRED"),
            Method::EmailMagicLink => Some("EMAIL_MAGIC_LINK_INVALID_OR_EXPIRED"),
            Method::Sms => Some("SMS_CODE_INVALID_OR_EXPIRED"),
            Method::Whatsapp => Some("WHATSAPP_CODE_INVALID_OR_EXPIRED"),
            _ => None,
        }
    }

    /// There were too many wrong codes.
    pub fn too_many(method: Method) -> Option<&'static str> {
        match method {
            Method::EmailOtp => Some("EMAIL_OTP_MAX_ATTEMPTS_EXCEEDED"),
            Method::EmailMagicLink => Some("EMAIL_MAGIC_LINK_MAX_ATTEMPTS_EXCEEDED"),
            Method::Sms => Some("SMS_MAX_ATTEMPTS_EXCEEDED"),
            Method::Whatsapp => Some("WHATSAPP_MAX_ATTEMPTS_EXCEEDED"),
            _ => None,
        }
    }
}

/// What happened.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// The application must send an email.
    EmailCreated(EmailCreated),
    /// The application must send a text message.
    SmsCreated(SmsCreated),
    /// The application must send a push notification.
    PushCreated(PushCreated),
    /// An authenticator was enrolled.
    AuthenticatorCreated(AuthenticatorChanged),
    /// An authenticator changed.
    AuthenticatorUpdated(AuthenticatorChanged),
    /// An authenticator was deleted.
    AuthenticatorDeleted(AuthenticatorChanged),
    /// An action is about to pass.
    ActionVerify(Passing),
    /// How an action stands.
    ActionLog(Box<ActionLog>),
    /// A step of a challenge: sent, valid, invalid.
    ChallengeLog(ChallengeLog),
}

impl EventKind {
    /// Its type.
    pub fn kind(&self) -> Kind {
        match self {
            Self::EmailCreated(_) => Kind::EmailCreated,
            Self::SmsCreated(_) => Kind::SmsCreated,
            Self::PushCreated(_) => Kind::PushCreated,
            Self::AuthenticatorCreated(_) => Kind::AuthenticatorCreated,
            Self::AuthenticatorUpdated(_) => Kind::AuthenticatorUpdated,
            Self::AuthenticatorDeleted(_) => Kind::AuthenticatorDeleted,
            Self::ActionVerify(_) => Kind::ActionVerify,
            Self::ActionLog(_) => Kind::ActionLogCreated,
            Self::ChallengeLog(_) => Kind::ChallengeLogCreated,
        }
    }

    /// The user that it is about, where known.
    pub fn user_id(&self) -> Option<&str> {
        match self {
            Self::EmailCreated(email) => email.user_id.as_deref(),
            Self::SmsCreated(sms) => sms.user_id.as_deref(),
            Self::PushCreated(push) => Some(&push.user_id),
            Self::AuthenticatorCreated(changed)
            | Self::AuthenticatorUpdated(changed)
            | Self::AuthenticatorDeleted(changed) => Some(&changed.user_id),
            Self::ActionVerify(passing) => Some(&passing.user_id),
            Self::ActionLog(log) => Some(&log.user_id),
            Self::ChallengeLog(log) => Some(&log.user_id),
        }
    }
}

impl fmt::Debug for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Codes, links and addresses.
        f.write_str(self.kind().word())
    }
}

impl EventKind {
    /// Bytes of its texts, as far as callers decide about them.
    pub fn bytes(&self) -> usize {
        match self {
            Self::ActionLog(log) => {
                let rules = log
                    .rules
                    .iter()
                    .map(|rule| rule.id.len() + rule.name.len() + lengths([&rule.description]));
                log.user_id.len()
                    + log.action.len()
                    + log.key.len()
                    + lengths([
                        &log.ip_address,
                        &log.country,
                        &log.email,
                        &log.phone_number,
                        &log.device_id,
                    ])
                    + custom::length(log.custom.as_ref())
                    + custom::length(log.custom_variables.as_ref())
                    + rules.sum::<usize>()
            }
            Self::ChallengeLog(log) => {
                log.user_id.len() + log.action.len() + log.key.len() + lengths([&log.address])
            }
            Self::AuthenticatorCreated(changed)
            | Self::AuthenticatorUpdated(changed)
            | Self::AuthenticatorDeleted(changed) => {
                changed.user_id.len() + changed.authenticator.bytes()
            }
            Self::EmailCreated(email) => custom::length(email.custom_variables.as_ref()),
            Self::SmsCreated(sms) => custom::length(sms.custom_variables.as_ref()),
            Self::PushCreated(_) | Self::ActionVerify(_) => 0,
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Event {
    /// Its id, by which a receiver recognises a repetition.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// What.
    pub what: EventKind,
}
