//! Users of a tenant: attributes, authenticators, devices. Knows no action, challenge or session.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::vocabulary::Method;

/// Attributes of a user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    /// E-mail address.
    pub email: Option<String>,
    /// Whether it is verified.
    pub email_verified: Option<bool>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// Whether it is verified.
    pub phone_number_verified: Option<bool>,
    /// User name.
    pub username: Option<String>,
    /// Readable name.
    pub display_name: Option<String>,
    /// Language tag.
    pub locale: Option<String>,
    /// Default method.
    pub default_method: Option<Method>,
    /// Data of the application.
    pub custom: Option<Map<String, Value>>,
}

impl Attributes {
    /// Takes what `other` has; what it leaves out stays.
    pub fn update(&mut self, other: Self) {
        fn set<T>(mine: &mut Option<T>, other: Option<T>) {
            if other.is_some() {
                *mine = other;
            }
        }
        set(&mut self.email, other.email);
        set(&mut self.email_verified, other.email_verified);
        set(&mut self.phone_number, other.phone_number);
        set(&mut self.phone_number_verified, other.phone_number_verified);
        set(&mut self.username, other.username);
        set(&mut self.display_name, other.display_name);
        set(&mut self.locale, other.locale);
        set(&mut self.default_method, other.default_method);
        set(&mut self.custom, other.custom);
    }
}

/// A passkey or a security key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Id of the credential.
    pub id: String,
    /// Its public key, base64url.
    pub public_key: String,
    /// Its name.
    pub name: String,
    /// The device it was made on.
    pub device_id: String,
    /// Model of the authenticator.
    pub aaguid: Option<String>,
    /// The browser it was made with.
    pub browser: Option<String>,
}

/// An authenticator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticator {
    /// Its id.
    pub id: String,
    /// What it does.
    pub method: Method,
    /// When it was enrolled.
    pub created: Timestamp,
    /// When it was verified.
    pub verified: Option<Timestamp>,
    /// When it was used last.
    pub last_verified: Option<Timestamp>,
    /// Address of an e-mail authenticator.
    pub email: Option<String>,
    /// Number of a phone authenticator.
    pub phone_number: Option<String>,
    /// otpauth URI of an authenticator app.
    pub otp_uri: Option<String>,
    /// Credential of a passkey.
    pub credential: Option<Credential>,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: String,
    /// When it was seen first.
    pub created: Timestamp,
    /// When a challenge was passed on it last.
    pub authenticated: Option<Timestamp>,
    /// When it was invalidated.
    pub invalidated: Option<Timestamp>,
    /// Until when it is remembered.
    pub remembered_until: Option<Timestamp>,
    /// How the last challenge was passed.
    pub last_method: Option<Method>,
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Attributes.
    pub attributes: Attributes,
    /// Authenticators, oldest first.
    pub authenticators: Vec<Authenticator>,
    /// Devices, oldest first.
    pub devices: Vec<Device>,
    /// Recovery codes that were given out.
    pub recovery_codes: Vec<String>,
    /// When the user came to be.
    pub created: Timestamp,
}

impl User {
    /// A user without anything.
    pub fn new(created: Timestamp) -> Self {
        Self {
            attributes: Attributes::default(),
            authenticators: Vec::new(),
            devices: Vec::new(),
            recovery_codes: Vec::new(),
            created,
        }
    }

    /// Whether the user has an authenticator.
    pub fn is_enrolled(&self) -> bool {
        !self.authenticators.is_empty()
    }

    /// The methods of the authenticators, each once.
    pub fn enrolled_methods(&self) -> Vec<Method> {
        let mut methods: Vec<Method> = Vec::new();
        for authenticator in &self.authenticators {
            if !methods.contains(&authenticator.method) {
                methods.push(authenticator.method);
            }
        }
        methods
    }

    /// The default method: the one that was set while it is enrolled, else that of the oldest authenticator.
    pub fn default_method(&self) -> Option<Method> {
        let mut enrolled = self.authenticators.iter().map(|other| other.method);
        let oldest = enrolled.clone().next();
        let set = self.attributes.default_method;
        set.filter(|set| enrolled.any(|method| method == *set))
            .or(oldest)
    }
}
