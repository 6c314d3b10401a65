//! The enums of Authsignal that the domain uses. Knows no wire format.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::outbox::Channel;

/// A way to authenticate: Authsignal's `VerificationMethod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    /// Code by text message.
    Sms,
    /// Code by email.
    EmailOtp,
    /// Link by email.
    EmailMagicLink,
    /// Code of an authenticator app.
    AuthenticatorApp,
    /// Passkey.
    Passkey,
    /// Security key.
    SecurityKey,
    /// Push to a phone.
    Push,
    /// QR code.
    QrCode,
    /// Code by WhatsApp.
    Whatsapp,
    /// Recovery code.
    RecoveryCode,
    /// Within a mobile app.
    InApp,
}

impl Method {
    /// Every method. `Configuration::default` says which of them a tenant offers.
    pub(crate) const ALL: [Self; 11] = [
        Self::Sms,
        Self::EmailOtp,
        Self::EmailMagicLink,
        Self::AuthenticatorApp,
        Self::Passkey,
        Self::SecurityKey,
        Self::Push,
        Self::QrCode,
        Self::Whatsapp,
        Self::RecoveryCode,
        Self::InApp,
    ];

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sms => "SMS",
            Self::EmailOtp => "EMAIL_OTP",
            Self::EmailMagicLink => "EMAIL_MAGIC_LINK",
            Self::AuthenticatorApp => "AUTHENTICATOR_APP",
            Self::Passkey => "PASSKEY",
            Self::SecurityKey => "SECURITY_KEY",
            Self::Push => "PUSH",
            Self::QrCode => "QR_CODE",
            Self::Whatsapp => "WHATSAPP",
            Self::RecoveryCode => "RECOVERY_CODE",
            Self::InApp => "IN_APP",
        }
    }

    /// The method of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.word() == word)
    }

    /// How its message travels; `None` for a method without messages.
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::EmailOtp | Self::EmailMagicLink => Some(Channel::Email),
            Self::Sms => Some(Channel::Sms),
            Self::Whatsapp => Some(Channel::Whatsapp),
            Self::AuthenticatorApp
            | Self::Passkey
            | Self::SecurityKey
            | Self::Push
            | Self::QrCode
            | Self::RecoveryCode
            | Self::InApp => None,
        }
    }

    /// Whether its message goes to an email address.
    pub fn is_email(self) -> bool {
        self.channel() == Some(Channel::Email)
    }

    /// Whether its message goes to a phone number.
    pub fn is_phone(self) -> bool {
        matches!(self.channel(), Some(Channel::Sms | Channel::Whatsapp))
    }
}

/// Words of `VerificationMethod` that the mock has no method for. An application may name them, as with the vendor, and
/// nobody can enrol them here.
const ELSEWHERE: [&str; 10] = [
    "VERIFF",
    "IPROOV",
    "IDVERSE",
    "PALM_BIOMETRICS_RR",
    "DEVICE",
    "ONFIDO",
    APPLE_ID_TOKEN,
    GOOGLE_ID_TOKEN,
    "DIGITAL_CREDENTIAL",
    "OIDC_PROVIDER",
];

const APPLE_ID_TOKEN: &str = "APPLE_ID_TOKEN";
const GOOGLE_ID_TOKEN: &str = "GOOGLE_ID_TOKEN";

/// Whose ID token proves who a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IdTokenMethod {
    /// Apple's.
    AppleIdToken,
    /// Google's.
    GoogleIdToken,
}

impl IdTokenMethod {
    /// Both.
    pub const ALL: [Self; 2] = [Self::AppleIdToken, Self::GoogleIdToken];

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::AppleIdToken => APPLE_ID_TOKEN,
            Self::GoogleIdToken => GOOGLE_ID_TOKEN,
        }
    }

    /// Who issues it.
    pub fn issuer(self) -> &'static str {
        match self {
            Self::AppleIdToken => "https://appleid.apple.com",
            Self::GoogleIdToken => "https://accounts.google.com",
        }
    }
}

/// What a word of `VerificationMethod` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A method of the mock.
    Here(Method),
    /// A method that only the vendor has.
    Elsewhere(&'static str),
}

impl Named {
    /// What a word names; `None` for a word that is none of the vendor's.
    pub fn of_word(word: &str) -> Option<Self> {
        let elsewhere = ELSEWHERE.into_iter().find(|known| *known == word);
        let here = Method::of_word(word).map(Self::Here);
        here.or(elsewhere.map(Self::Elsewhere))
    }

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Here(method) => method.word(),
            Self::Elsewhere(word) => word,
        }
    }

    /// The method of the mock.
    pub fn here(self) -> Option<Method> {
        match self {
            Self::Here(method) => Some(method),
            Self::Elsewhere(_) => None,
        }
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::of_word(&word).ok_or_else(|| de::Error::custom("is no method"))
    }
}

/// The decision about an action: Authsignal's `outcome` of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Let it pass.
    Allow,
    /// Stop it.
    Block,
    /// Ask the user to authenticate.
    Challenge,
    /// Have it reviewed.
    Review,
}

impl Outcome {
    /// Every outcome.
    pub(crate) const ALL: [Self; 4] = [Self::Allow, Self::Block, Self::Challenge, Self::Review];

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Block => "BLOCK",
            Self::Challenge => "CHALLENGE",
            Self::Review => "REVIEW",
        }
    }

    /// The outcome of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// What happens when the page of a challenge is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub enum ChallengeMode {
    /// The page waits for the user.
    #[default]
    Interactive,
    /// The challenge passes at once.
    AutoSucceed,
    /// The challenge fails at once.
    AutoFail,
    /// The user leaves at once, and the challenge stays open.
    Abandon,
}

impl ChallengeMode {
    /// Every mode.
    pub(crate) const ALL: [Self; 4] = [
        Self::Interactive,
        Self::AutoSucceed,
        Self::AutoFail,
        Self::Abandon,
    ];

    /// This mock's word; the vendor has none.
    pub fn word(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::AutoSucceed => "auto-succeed",
            Self::AutoFail => "auto-fail",
            Self::Abandon => "abandon",
        }
    }

    /// The mode of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// Where an action stands: Authsignal's `UserActionState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// It may pass.
    Allow,
    /// It may not.
    Block,
    /// The user has to authenticate.
    ChallengeRequired,
    /// The user has authenticated.
    ChallengeSucceeded,
    /// The user could not authenticate.
    ChallengeFailed,
    /// It has to be reviewed.
    ReviewRequired,
    /// The review let it pass.
    ReviewSucceeded,
    /// The review stopped it.
    ReviewFailed,
}

impl State {
    /// Every state.
    pub(crate) const ALL: [Self; 8] = [
        Self::Allow,
        Self::Block,
        Self::ChallengeRequired,
        Self::ChallengeSucceeded,
        Self::ChallengeFailed,
        Self::ReviewRequired,
        Self::ReviewSucceeded,
        Self::ReviewFailed,
    ];

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Block => "BLOCK",
            Self::ChallengeRequired => "CHALLENGE_REQUIRED",
            Self::ChallengeSucceeded => "CHALLENGE_SUCCEEDED",
            Self::ChallengeFailed => "CHALLENGE_FAILED",
            Self::ReviewRequired => "REVIEW_REQUIRED",
            Self::ReviewSucceeded => "REVIEW_SUCCEEDED",
            Self::ReviewFailed => "REVIEW_FAILED",
        }
    }

    /// The state of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether a passed challenge changes it.
    pub fn awaits_challenge(self) -> bool {
        matches!(self, Self::Allow | Self::ChallengeRequired)
    }

    /// Whether no challenge lets it pass, however it ends.
    pub fn is_closed(self) -> bool {
        !self.awaits_challenge() && self != Self::ChallengeSucceeded
    }
}
