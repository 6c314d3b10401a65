//! Users of a tenant: attributes, authenticators, devices. Knows no action and no session.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address::Contact;
use super::challenge::WrongCodes;
use super::credential::{Credential, Names};
use super::vocabulary::{Method, Named};
use crate::bounds::lengths;
use crate::domain::custom::{self, Custom};

/// Attributes of a user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attributes {
    /// Email address.
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
    /// Default method. One that only the vendor has counts for nothing here, but no longer the one before it either.
    pub default_method: Option<Named>,
    /// Data of the application.
    pub custom: Option<Custom>,
}

impl Attributes {
    /// How the user can be reached, and is called.
    pub fn contact(&self) -> Contact {
        Contact {
            email: self.email.clone(),
            phone_number: self.phone_number.clone(),
            username: self.username.clone(),
        }
        .filled()
    }

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

/// An authenticator.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
    /// Address of an email authenticator.
    pub email: Option<String>,
    /// Number of a phone authenticator.
    pub phone_number: Option<String>,
    /// otpauth URI of an authenticator app.
    pub otp_uri: Option<String>,
    /// The step of the last code of an authenticator app that was taken: no code is taken twice.
    pub used_step: Option<u64>,
    /// Credential of a passkey or a security key.
    pub credential: Option<Credential>,
    /// Credential of a mobile app.
    pub app: Option<Box<AppCredential>>,
}

impl Authenticator {
    /// An authenticator that is not verified.
    pub fn new(id: String, method: Method, created: Timestamp) -> Self {
        Self {
            id,
            method,
            created,
            verified: None,
            last_verified: None,
            email: None,
            phone_number: None,
            otp_uri: None,
            used_step: None,
            credential: None,
            app: None,
        }
    }

    /// One that is not verified, to which messages go at that address.
    pub fn with_address(id: String, method: Method, address: String, created: Timestamp) -> Self {
        let mut authenticator = Self::new(id, method, created);
        if method.is_email() {
            authenticator.email = Some(address);
        } else {
            authenticator.phone_number = Some(address);
        }
        authenticator
    }

    /// Where its codes go.
    pub fn address(&self) -> Option<&str> {
        self.email.as_deref().or(self.phone_number.as_deref())
    }

    /// Bytes of its texts.
    pub fn bytes(&self) -> usize {
        let credential = self.credential.as_ref().map_or(0, |own| {
            own.id.len()
                + own.public_key.len()
                + own.name.len()
                + lengths([&own.aaguid, &own.browser])
                + own.record.payment.as_ref().map_or(0, |name| name.len())
                + own.record.names.as_ref().map_or(0, |names| names.bytes())
        });
        let app = self.app.as_ref().map_or(0, |own| {
            own.public_key.len()
                + own.device_name.len()
                + own.platform.len()
                + lengths([&own.push_token])
        });
        lengths([&self.email, &self.phone_number, &self.otp_uri]) + credential + app
    }

    /// Whether `other` replaces it: a user has one of each method, but any number of passkeys and apps with different
    /// keys, and of addresses where the tenant allows `several`.
    pub fn is_replaced_by(&self, other: &Self, several: bool) -> bool {
        fn key(authenticator: &Authenticator) -> (Option<&str>, Option<&str>) {
            (
                authenticator.credential.as_ref().map(|own| own.id.as_str()),
                authenticator
                    .app
                    .as_ref()
                    .map(|own| own.public_key.as_str()),
            )
        }
        let is_another_address = several && self.address() != other.address();
        self.method == other.method && key(self) == key(other) && !is_another_address
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URI of an authenticator app holds its secret.
        f.debug_struct("Authenticator")
            .field("id", &self.id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// The key of a mobile app that answers push notifications and QR codes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppCredential {
    /// Its public key: the uncompressed point of P-256, base64url.
    pub public_key: String,
    /// Name of the device.
    pub device_name: String,
    /// Its platform, in the app's words.
    pub platform: String,
    /// Where push notifications go.
    pub push_token: Option<String>,
    /// When the key stops working; `None` means never.
    pub expires: Option<Timestamp>,
}

impl fmt::Debug for AppCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Anybody with the push token can write to the device.
        f.debug_struct("AppCredential")
            .field("device_name", &self.device_name)
            .field("platform", &self.platform)
            .finish_non_exhaustive()
    }
}

/// An authenticator that a user is enrolling. Only who started it, by a token of that action, can finish it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pending {
    /// The authenticator to be.
    pub authenticator: Authenticator,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// Whether the application has named the address, not the user.
    pub is_named: bool,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
    /// Whether a challenge was passed on it since it was seen or invalidated.
    pub proven: bool,
}

/// A user.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// Attributes.
    pub attributes: Attributes,
    /// Authenticators, oldest first.
    pub authenticators: Vec<Authenticator>,
    /// Authenticators that are being enrolled, one of each method for each action, oldest first.
    pub pending: Vec<Pending>,
    /// Devices, oldest first.
    pub devices: Vec<Device>,
    /// Recovery codes that are left.
    pub recovery_codes: Vec<String>,
    /// Whether nobody was shown the codes yet.
    pub codes_unseen: bool,
    /// Wrong codes that were tried with tokens of no action.
    pub wrong: WrongCodes,
    /// When the user was created.
    pub created: Timestamp,
    /// Bytes that count against the bound of the tenant.
    #[serde(skip)]
    pub(super) counted: usize,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A recovery code signs the user in.
        f.debug_struct("User")
            .field("authenticators", &self.authenticators)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

impl User {
    /// A user without anything.
    pub fn new(created: Timestamp) -> Self {
        Self {
            attributes: Attributes::default(),
            authenticators: Vec::new(),
            pending: Vec::new(),
            devices: Vec::new(),
            recovery_codes: Vec::new(),
            codes_unseen: false,
            wrong: WrongCodes::default(),
            created,
            counted: 0,
        }
    }

    /// Bytes of everything but the id.
    pub(super) fn bytes(&self) -> usize {
        let own = &self.attributes;
        let pending = self.pending.iter().map(|pending| {
            pending.authenticator.bytes() + pending.action.len() + pending.key.len()
        });
        let authenticators = self.authenticators.iter().map(Authenticator::bytes);
        lengths([
            &own.email,
            &own.phone_number,
            &own.username,
            &own.display_name,
            &own.locale,
        ]) + custom::length(own.custom.as_ref())
            + pending.sum::<usize>()
            + authenticators.sum::<usize>()
            + self.devices.iter().map(|own| own.id.len()).sum::<usize>()
    }

    /// Whom a credential of the user was made for: as the page said that made it, or else as the attributes say.
    pub fn names_of(&self, credential: &Credential) -> Names {
        let named = credential.record.names.as_deref().cloned();
        let named = named.unwrap_or_default();
        let own = &self.attributes;
        Names {
            username: named.username.or_else(|| own.username.clone()),
            display_name: named.display_name.or_else(|| own.display_name.clone()),
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
        let set = self.attributes.default_method.and_then(Named::here);
        set.filter(|set| enrolled.any(|method| method == *set))
            .or(oldest)
    }
}
