//! What a tenant has set for its passkeys: the relying party, where responses come from, and which authenticators make
//! them. Knows no ceremony and no user.

use serde::{Deserialize, Serialize};

use super::credential::Attachment;
use super::webauthn::Origins;
use crate::bounds::EXPECTED_ORIGINS;

/// What a tenant has set for its passkeys. Each member has the vendor's name; the default sets nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasskeySettings {
    /// Domain of the relying party; `None` is the domain of the page that asks.
    pub relying_party: Option<String>,
    /// Origins from which a response may come; without any, that of the page that asks, and any Android app.
    pub expected_origins: Vec<String>,
    /// Whether the authenticator is to make sure who the user is; `None` is preferred.
    pub user_verification_requirement: Option<UserVerification>,
    /// How the authenticator is attached, unless the request says it; `None` accepts any.
    pub authenticator_attachment: Option<AttachmentSetting>,
    /// Kinds of authenticator that a browser offers first, in this order.
    pub passkey_registration_hints: Vec<RegistrationHint>,
    /// Whether users keep their last passkey; the Server API may still remove it. `None` lets them remove it.
    pub prevent_removing_last_passkey: Option<bool>,
}

/// Whether an authenticator is to make sure who the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserVerification {
    /// Better not.
    Discouraged,
    /// If it can.
    Preferred,
    /// Without it, a response proves nothing.
    Required,
}

impl UserVerification {
    /// Every requirement.
    pub(crate) const ALL: [Self; 3] = [Self::Discouraged, Self::Preferred, Self::Required];

    /// The word of the standard.
    pub fn word(self) -> &'static str {
        match self {
            Self::Discouraged => "discouraged",
            Self::Preferred => "preferred",
            Self::Required => "required",
        }
    }
}

/// How a tenant wants the authenticators of new passkeys attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttachmentSetting {
    /// Removable.
    CrossPlatform,
    /// Built into the device.
    Platform,
    /// Any.
    AllSupported,
}

impl AttachmentSetting {
    /// Every setting.
    pub(crate) const ALL: [Self; 3] = [Self::CrossPlatform, Self::Platform, Self::AllSupported];

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        self.attachment().map_or("all-supported", Attachment::word)
    }

    /// What options ask for.
    fn attachment(self) -> Option<Attachment> {
        match self {
            Self::CrossPlatform => Some(Attachment::CrossPlatform),
            Self::Platform => Some(Attachment::Platform),
            Self::AllSupported => None,
        }
    }
}

/// A kind of authenticator that a browser offers first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RegistrationHint {
    /// The device itself.
    ClientDevice,
    /// Another device, such as a phone.
    Hybrid,
    /// A security key.
    SecurityKey,
}

impl RegistrationHint {
    /// Every hint.
    pub(crate) const ALL: [Self; 3] = [Self::ClientDevice, Self::Hybrid, Self::SecurityKey];

    /// The word of the standard.
    pub fn word(self) -> &'static str {
        match self {
            Self::ClientDevice => "client-device",
            Self::Hybrid => "hybrid",
            Self::SecurityKey => "security-key",
        }
    }
}

/// The page that asks for a passkey, or asked for it.
#[derive(Clone, Copy, Debug)]
pub struct AskingPage<'a> {
    /// Its origin.
    pub origin: &'a str,
    /// Whether it is a hosted page: one of the mock's own, where no application put it.
    pub is_hosted: bool,
}

impl<'a> AskingPage<'a> {
    /// A page of an application.
    pub const fn of(origin: &'a str) -> Self {
        Self {
            origin,
            is_hosted: false,
        }
    }

    /// Its domain: the host of its origin, without the port.
    pub fn domain(self) -> &'a str {
        let (_, rest) = self.origin.split_once("://").unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        }
    }
}

impl PasskeySettings {
    /// Whether they can be.
    ///
    /// # Errors
    /// A member cannot be; the text names it and says why.
    pub fn check(&self) -> Result<(), String> {
        if let Some(domain) = self
            .relying_party
            .as_deref()
            .filter(|text| !is_domain(text))
        {
            return Err(format!(
                "relyingParty: `{domain}` is not a domain in lower case, without scheme, port and path, such as example.com"
            ));
        }
        if self.expected_origins.len() > EXPECTED_ORIGINS {
            return Err(format!(
                "expectedOrigins: there are more than {EXPECTED_ORIGINS}"
            ));
        }
        let wrong = self.expected_origins.iter().find(|text| !is_origin(text));
        wrong.map_or(Ok(()), |origin| {
            Err(format!(
                "expectedOrigins: `{origin}` is not an origin; it is http:// or https:// and a host in lower case, with the port \
                 if there is one and no slash at the end, or android: and what follows in the app's origin"
            ))
        })
    }

    /// Domain of the relying party for a page. A hosted page is on the mock's host, and browsers refuse it a domain that
    /// this host does not belong to.
    pub(super) fn relying_party_of<'a>(&'a self, page: AskingPage<'a>) -> &'a str {
        let own = page.domain();
        let set = self.relying_party.as_deref();
        set.filter(|set| !page.is_hosted || belongs_to(own, set))
            .unwrap_or(own)
    }

    /// The origins from which the response to a page may come. No tenant can know where the mock's own pages are.
    pub(super) fn origins_of<'a>(&'a self, page: AskingPage<'a>) -> Origins<'a> {
        Origins {
            page: (page.is_hosted || self.expected_origins.is_empty()).then_some(page.origin),
            set: &self.expected_origins,
        }
    }

    /// Whether the authenticator is to make sure who the user is.
    pub(super) fn verification(&self) -> UserVerification {
        self.user_verification_requirement
            .unwrap_or(UserVerification::Preferred)
    }

    /// How the authenticator of a new passkey has to be attached, if the request does not say it.
    pub(super) fn attachment(&self) -> Option<Attachment> {
        self.authenticator_attachment
            .and_then(AttachmentSetting::attachment)
    }

    /// The words of the hints.
    pub(super) fn hints(&self) -> Vec<&'static str> {
        let hints = self.passkey_registration_hints.iter();
        hints.map(|hint| hint.word()).collect()
    }
}

/// Whether a domain is another one or below it.
fn belongs_to(domain: &str, other: &str) -> bool {
    let rest = domain.strip_suffix(other);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a text is a domain in lower case, without scheme, port and path.
pub fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    // An IP address ends in a number, and is no domain.
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_origin(text: &str) -> bool {
    if let Some(app) = text.strip_prefix("android:") {
        return !app.is_empty() && app.bytes().all(|byte| byte.is_ascii_graphic());
    }
    let host = text.strip_prefix("https://");
    host.or_else(|| text.strip_prefix("http://"))
        .is_some_and(|host| {
            !host.is_empty()
                && host.bytes().all(|byte| {
                    byte.is_ascii_lowercase()
                        || byte.is_ascii_digit()
                        || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_named() {
        let relying_party = |domain: &str| PasskeySettings {
            relying_party: Some(domain.to_owned()),
            ..PasskeySettings::default()
        };
        for domain in ["example.com", "localhost", "a-1.example.co.nz"] {
            assert_eq!(relying_party(domain).check(), Ok(()), "{domain}");
        }
        for domain in [
            "",
            "https://example.com",
            "example.com:3000",
            "example.com/",
            "Example.com",
            ".example.com",
            "-a.com",
            "127.0.0.1",
            "[::1]",
        ] {
            let said = relying_party(domain).check().unwrap_err();
            assert!(
                said.starts_with(&format!("relyingParty: `{domain}`")),
                "{said}"
            );
        }
        let origins = |origin: &str, count| PasskeySettings {
            expected_origins: vec![origin.to_owned(); count],
            ..PasskeySettings::default()
        };
        for origin in [
            "https://example.com",
            "http://localhost:3000",
            "http://[::1]:3000",
            "android:apk-key-hash:a_B-9",
        ] {
            assert_eq!(origins(origin, 1).check(), Ok(()), "{origin}");
        }
        for origin in [
            "",
            "example.com",
            "https://",
            "https://example.com/",
            "https://Example.com",
            "ftp://a",
            "android:",
            "null",
        ] {
            let said = origins(origin, 1).check().unwrap_err();
            assert!(
                said.starts_with(&format!("expectedOrigins: `{origin}`")),
                "{said}"
            );
        }
        assert!(origins("https://a", EXPECTED_ORIGINS).check().is_ok());
        assert!(origins("https://a", EXPECTED_ORIGINS + 1).check().is_err());
    }

    #[test]
    fn a_page_has_the_relying_party_that_is_set_and_a_hosted_page_only_if_it_belongs_to_it() {
        let nothing = PasskeySettings::default();
        let set = PasskeySettings {
            relying_party: Some("example.com".to_owned()),
            ..PasskeySettings::default()
        };
        let app = AskingPage::of("https://app.example.com:3000");
        assert_eq!(nothing.relying_party_of(app), "app.example.com");
        assert_eq!(set.relying_party_of(app), "example.com");
        let other = AskingPage::of("https://other.test");
        assert_eq!(set.relying_party_of(other), "example.com");
        let hosted = |origin| AskingPage {
            origin,
            is_hosted: true,
        };
        for (origin, domain) in [
            ("http://example.com", "example.com"),
            ("http://mfa.example.com", "example.com"),
            ("http://localhost:4750", "localhost"),
            ("http://notexample.com", "notexample.com"),
        ] {
            assert_eq!(set.relying_party_of(hosted(origin)), domain, "{origin}");
        }
    }

    #[test]
    fn origins_that_are_set_replace_that_of_the_page_but_not_that_of_a_hosted_page() {
        let nothing = PasskeySettings::default();
        let set = PasskeySettings {
            expected_origins: vec!["https://a".to_owned(), "android:apk-key-hash:x".to_owned()],
            ..PasskeySettings::default()
        };
        let page = AskingPage::of("https://b");
        let hosted = AskingPage {
            is_hosted: true,
            ..page
        };
        let accepts = |settings: &PasskeySettings, page| {
            let all = [
                "https://a",
                "https://b",
                "android:apk-key-hash:x",
                "android:apk-key-hash:y",
            ];
            let origins = settings.origins_of(page);
            all.map(|origin| origins.accept(origin))
        };
        assert_eq!(accepts(&nothing, page), [false, true, true, true]);
        assert_eq!(accepts(&set, page), [true, false, true, false]);
        assert_eq!(accepts(&set, hosted), [true, true, true, false]);
    }

    #[test]
    fn a_domain_is_read_from_an_origin() {
        for (origin, domain) in [
            ("https://a.example:3000", "a.example"),
            ("http://localhost", "localhost"),
            ("http://[::1]:1", "[::1]"),
            ("nothing", ""),
        ] {
            assert_eq!(AskingPage::of(origin).domain(), domain, "{origin}");
        }
    }
}
