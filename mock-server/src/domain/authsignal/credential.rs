//! Passkeys and security keys as a user owns them. Knows no ceremony and no user.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::bounds::lengths;

/// How an authenticator is attached to the device that the user works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Attachment {
    /// It is built into the device.
    Platform,
    /// It can be removed from the device.
    CrossPlatform,
}

impl Attachment {
    /// The word of the standard.
    pub fn word(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CrossPlatform => "cross-platform",
        }
    }

    /// The attachment of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Platform, Self::CrossPlatform]
            .into_iter()
            .find(|attachment| attachment.word() == word)
    }
}

/// Whether a credential can be, and is, on more than one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Backup {
    /// It stays on one device.
    NotEligible,
    /// It can be copied.
    Eligible,
    /// It was copied.
    Exists,
}

impl Backup {
    /// The vendor's word for the device type.
    pub fn device_type(self) -> &'static str {
        match self {
            Self::NotEligible => "singleDevice",
            Self::Eligible | Self::Exists => "multiDevice",
        }
    }

    /// Whether it was copied.
    pub fn is_backed_up(self) -> bool {
        self == Self::Exists
    }
}

/// How an authenticator can be reached, in the words of WebAuthn.
pub const TRANSPORTS: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

fn transports<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'static str>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?.into_iter();
    let known = words.map(|word| TRANSPORTS.into_iter().find(|known| *known == word));
    let known: Option<_> = known.collect();
    known.ok_or_else(|| de::Error::unknown_variant("another", &TRANSPORTS))
}

/// What ceremonies have shown about a credential. The default describes a credential that another relying party
/// registered: nothing is known about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// The last value of the signature counter.
    pub sign_count: u32,
    /// Whether it is on more than one device.
    pub backup: Option<Backup>,
    /// How its authenticator is attached.
    pub attachment: Option<Attachment>,
    /// How its authenticator is reached.
    #[serde(deserialize_with = "transports")]
    pub transports: Vec<&'static str>,
    /// Whether it was registered here, so that its user handle is ours.
    pub is_registered_here: bool,
    /// What the browser calls the means of payment, if it was registered to confirm payments.
    pub payment: Option<Box<str>>,
    /// Whom the page that registered it has named.
    pub names: Option<Box<Names>>,
}

/// Whom a passkey is made for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Names {
    /// User name.
    pub username: Option<String>,
    /// Readable name.
    pub display_name: Option<String>,
}

impl Names {
    /// These names, unless there is none. Empty texts name nobody.
    pub fn some(self) -> Option<Box<Self>> {
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let own = Self {
            username: filled(self.username),
            display_name: filled(self.display_name),
        };
        (own != Self::default()).then(|| Box::new(own))
    }

    /// Bytes of its texts.
    pub fn bytes(&self) -> usize {
        lengths([&self.username, &self.display_name])
    }
}

/// A passkey or a security key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credential {
    /// Id of the credential.
    pub id: String,
    /// Its public key, base64url.
    pub public_key: String,
    /// Its name.
    pub name: String,
    /// The device on which it was made.
    pub device_id: String,
    /// Model of the authenticator.
    pub aaguid: Option<String>,
    /// The `User-Agent` of the browser that made it; in a seed, also the browser's name.
    pub browser: Option<String>,
    /// What its ceremonies have shown.
    pub record: Record,
}
