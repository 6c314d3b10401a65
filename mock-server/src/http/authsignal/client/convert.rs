//! Between the domain's types and those of the wire. Decides nothing.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::credential::Credential;
use crate::domain::authsignal::factor::page::{masked_email, masked_phone};
use crate::domain::authsignal::user::{Authenticator, User};
use crate::domain::authsignal::vocabulary::Method;
use crate::generated::authsignal_client::types as wire;
use crate::http::authsignal::wording::{iso, model_name};

pub(super) fn method_word(method: Method) -> wire::VerificationMethod {
    match method {
        Method::Sms => wire::VerificationMethod::Sms,
        Method::EmailOtp => wire::VerificationMethod::EmailOtp,
        Method::EmailMagicLink => wire::VerificationMethod::EmailMagicLink,
        Method::AuthenticatorApp => wire::VerificationMethod::AuthenticatorApp,
        Method::Passkey => wire::VerificationMethod::Passkey,
        Method::SecurityKey => wire::VerificationMethod::SecurityKey,
        Method::Push => wire::VerificationMethod::Push,
        Method::QrCode => wire::VerificationMethod::QrCode,
        Method::Whatsapp => wire::VerificationMethod::Whatsapp,
        Method::RecoveryCode => wire::VerificationMethod::RecoveryCode,
        Method::InApp => wire::VerificationMethod::InApp,
    }
}

fn type_word(method: Method) -> wire::AuthenticatorType {
    match method {
        Method::AuthenticatorApp | Method::RecoveryCode => wire::AuthenticatorType::Otp,
        Method::Passkey => wire::AuthenticatorType::Passkey,
        Method::SecurityKey => wire::AuthenticatorType::SecurityKey,
        Method::Push | Method::QrCode | Method::InApp => wire::AuthenticatorType::Push,
        Method::Sms | Method::EmailOtp | Method::EmailMagicLink | Method::Whatsapp => {
            wire::AuthenticatorType::Oob
        }
    }
}

/// An authenticator, its address masked where `masked`.
pub(super) fn authenticator(
    user_id: &str,
    user: Option<&User>,
    authenticator: &Authenticator,
    masked: bool,
) -> wire::UserAuthenticator {
    let is_default = user.and_then(User::default_method) == Some(authenticator.method);
    let attributes = user
        .filter(|_| authenticator.credential.is_some())
        .map(|user| &user.attributes);
    let hidden = |value: &Option<String>, mask: fn(&str) -> String| {
        let value = value.as_deref()?;
        Some(if masked {
            mask(value)
        } else {
            value.to_owned()
        })
    };
    let record = authenticator.credential.as_ref().map(|own| &own.record);
    wire::UserAuthenticator {
        user_id: Some(user_id.to_owned()),
        user_authenticator_id: authenticator.id.clone(),
        authenticator_type: Some(type_word(authenticator.method)),
        verification_method: method_word(authenticator.method),
        created_at: iso(authenticator.created),
        verified_at: authenticator.verified.map(iso),
        last_verified_at: authenticator.last_verified.map(iso),
        is_default: Some(is_default),
        email: hidden(&authenticator.email, masked_email),
        phone_number: hidden(&authenticator.phone_number, masked_phone),
        username: attributes.and_then(|own| own.username.clone()),
        display_name: attributes.and_then(|own| own.display_name.clone()),
        authenticator_attachment: record
            .and_then(|record| record.attachment)
            .map(|attachment| attachment.word().to_owned()),
        device_platform: authenticator
            .app
            .as_ref()
            .and_then(|app| app.platform.to_ascii_uppercase().parse().ok()),
        previous_sms_channel: None,
        webauthn_credential: authenticator
            .credential
            .as_ref()
            .map(|credential| self::credential(authenticator, credential)),
    }
}

fn credential(authenticator: &Authenticator, credential: &Credential) -> wire::WebauthnCredential {
    let name = credential.aaguid.as_deref().and_then(model_name);
    let record = &credential.record;
    wire::WebauthnCredential {
        credential_id: credential.id.clone(),
        device_id: credential.device_id.clone(),
        name: credential.name.clone(),
        verified_at: authenticator
            .last_verified
            .or(authenticator.verified)
            .map(iso),
        aaguid: credential.aaguid.clone(),
        aaguid_mapping: name.map(|name| wire::AaguidMapping {
            name: Some(name.to_owned()),
            svg_icon_light: None,
            svg_icon_dark: None,
        }),
        credential_backed_up: record.backup.map(|backup| backup.is_backed_up()),
        credential_device_type: record.backup.map(|backup| backup.device_type().to_owned()),
        authenticator_attachment: record
            .attachment
            .map(|attachment| attachment.word().to_owned()),
        parsed_user_agent: credential
            .browser
            .as_ref()
            .map(|browser| wire::ParsedUserAgent {
                ua: None,
                browser: Some(wire::ParsedBrowser {
                    name: Some(browser.clone()),
                    version: None,
                    major: None,
                }),
                device: None,
                engine: None,
                os: None,
                cpu: None,
            }),
    }
}

pub(super) fn app_credential(user_id: &str, authenticator: &Authenticator) -> wire::AppCredential {
    wire::AppCredential {
        user_authenticator_id: authenticator.id.clone(),
        user_id: user_id.to_owned(),
        verified_at: iso(authenticator.verified.unwrap_or(authenticator.created)),
        last_verified_at: authenticator.last_verified.map(iso),
        expires_at: None,
    }
}

/// The name of the browser in a `User-Agent`, as the vendor's lists tell it; of those that say several, the one they are.
pub(super) fn browser(user_agent: &str) -> Option<&'static str> {
    [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]
    .into_iter()
    .find_map(|(mark, name)| user_agent.contains(mark).then_some(name))
}

/// The same JSON as another type; the spec's types are those of the standard.
pub(super) fn same<T: DeserializeOwned>(value: &impl Serialize) -> Result<T, Refusal> {
    serde_json::to_value(value)
        .and_then(serde_json::from_value)
        .map_err(|error| Refusal::Invalid(format!("the mock and its spec disagree: {error}")))
}
