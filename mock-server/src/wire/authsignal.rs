//! What both APIs of Authsignal and its webhooks write alike: times, authenticators and their configurations. Knows no
//! operation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::user_agent::parsed;
use crate::domain::authsignal::credential::{Backup, Credential};
use crate::domain::authsignal::factor::page::{masked_email, masked_phone};
use crate::domain::authsignal::flow::Standing;
use crate::domain::authsignal::user::{Authenticator, User};
use crate::domain::authsignal::vocabulary::Method;
use crate::generated::authsignal_shared::types::{
    AaguidMapping, AuthenticatorConfiguration, AuthenticatorType, CompletedFlowStep, FlowAction,
    FlowAuthenticator, FlowUser, NextFlowStep, SmsChannel, UserAuthenticator, VerificationMethods,
    WebauthnCredential,
};

/// A time as the vendor writes it: UTC, with milliseconds.
pub(crate) fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Methods as a list that is there even if it is empty.
pub(crate) fn methods(methods: &[Method]) -> Option<VerificationMethods> {
    Some(VerificationMethods(
        methods.iter().copied().map(Into::into).collect(),
    ))
}

/// An authenticator as the Server API writes it.
pub(crate) fn authenticator(
    user_id: &str,
    user: Option<&User>,
    authenticator: &Authenticator,
) -> UserAuthenticator {
    let is_default = user.and_then(User::default_method) == Some(authenticator.method);
    let credential = authenticator.credential.as_ref();
    let names = user.zip(credential).map(|(user, own)| user.names_of(own));
    let names = names.unwrap_or_default();
    UserAuthenticator {
        user_id: Some(user_id.to_owned()),
        user_authenticator_id: authenticator.id.clone(),
        authenticator_type: None,
        oob_channel: None,
        verification_method: authenticator.method.into(),
        created_at: iso(authenticator.created),
        verified_at: authenticator.verified.map(iso),
        last_verified_at: authenticator.last_verified.map(iso),
        is_default: Some(is_default),
        email: authenticator.email.clone(),
        phone_number: authenticator.phone_number.clone(),
        username: names.username,
        display_name: names.display_name,
        authenticator_attachment: None,
        device_platform: None,
        previous_sms_channel: None,
        webauthn_credential: credential.map(self::credential),
    }
}

/// An authenticator as the Server API answers an enrolment in the legacy words: in these words, too.
pub(crate) fn legacy_authenticator(
    user_id: &str,
    user: Option<&User>,
    authenticator: &Authenticator,
) -> UserAuthenticator {
    let mut written = self::authenticator(user_id, user, authenticator);
    written.authenticator_type = Some(kind(authenticator.method));
    // The channels are those methods that send something and are as old.
    written.oob_channel = authenticator.method.word().parse().ok();
    written
}

/// An authenticator as the Client API writes it to its user.
pub(crate) fn own_authenticator(
    user_id: &str,
    user: Option<&User>,
    authenticator: &Authenticator,
) -> UserAuthenticator {
    let mut written = self::authenticator(user_id, user, authenticator);
    let credential = authenticator.credential.as_ref();
    let app = authenticator.app.as_ref();
    written.authenticator_type = Some(kind(authenticator.method));
    written.authenticator_attachment = credential
        .and_then(|credential| credential.record.attachment)
        .map(|attachment| attachment.word().to_owned());
    written.device_platform = app.and_then(|app| app.platform.to_ascii_uppercase().parse().ok());
    if let Some(credential) = &mut written.webauthn_credential {
        credential.verified_at = authenticator
            .last_verified
            .or(authenticator.verified)
            .map(iso);
    }
    written
}

/// An authenticator as the Client API lists it: its address is masked.
pub(crate) fn listed_authenticator(
    user_id: &str,
    user: Option<&User>,
    authenticator: &Authenticator,
) -> UserAuthenticator {
    let mut written = own_authenticator(user_id, user, authenticator);
    written.email = written.email.as_deref().map(masked_email);
    written.phone_number = written.phone_number.as_deref().map(masked_phone);
    written
}

/// A run of a flow, as both APIs write it.
pub(crate) fn flow_action(standing: &Standing) -> FlowAction {
    let done = standing.done.iter().map(|step| CompletedFlowStep {
        step_type: step.step.into(),
        verification_method: step.method.into(),
        user_authenticator_id: step.authenticator_id.clone(),
        completed_at: Some(iso(step.at)),
    });
    FlowAction {
        state: standing.state.into(),
        // Always, even if there are none: the types of two SDKs require it.
        completed_steps: Some(done.collect()),
        next_step: standing.next.as_ref().map(|(step, methods)| NextFlowStep {
            step_type: (*step).into(),
            verification_methods: VerificationMethods(
                methods.iter().copied().map(Into::into).collect(),
            ),
        }),
    }
}

/// The user of a run of a flow, as both APIs write them.
pub(crate) fn flow_user(user_id: &str, user: Option<&User>) -> FlowUser {
    let own = user.map(|user| &user.attributes);
    let authenticators = user.map(|user| user.authenticators.as_slice());
    let authenticators = authenticators.unwrap_or_default().iter();
    FlowUser {
        user_id: user_id.to_owned(),
        authenticators: authenticators
            .map(|one| {
                let written = authenticator(user_id, user, one);
                FlowAuthenticator {
                    user_authenticator_id: written.user_authenticator_id,
                    verification_method: written.verification_method,
                    email: written.email,
                    phone_number: written.phone_number,
                    username: written.username,
                    display_name: written.display_name,
                }
            })
            .collect(),
        email: own.and_then(|own| own.email.clone()),
        phone_number: own.and_then(|own| own.phone_number.clone()),
        username: own.and_then(|own| own.username.clone()),
        display_name: own.and_then(|own| own.display_name.clone()),
    }
}

/// The configuration of a method that the tenant offers.
pub(crate) fn configuration(method: Method) -> AuthenticatorConfiguration {
    AuthenticatorConfiguration {
        // One configuration for each method, so the method names it.
        authenticator_id: method.word().to_lowercase(),
        verification_method: method.into(),
        is_active: true,
        is_editable_by_user: Some(true),
        is_hidden_to_user: Some(false),
        sms_channel: (method == Method::Sms).then_some(SmsChannel::Default),
    }
}

/// The legacy kind of a method.
fn kind(method: Method) -> AuthenticatorType {
    match method {
        Method::AuthenticatorApp | Method::RecoveryCode => AuthenticatorType::Otp,
        Method::Passkey => AuthenticatorType::Passkey,
        Method::SecurityKey => AuthenticatorType::SecurityKey,
        Method::Push | Method::QrCode | Method::InApp => AuthenticatorType::Push,
        Method::Sms | Method::EmailOtp | Method::EmailMagicLink | Method::Whatsapp => {
            AuthenticatorType::Oob
        }
    }
}

fn credential(credential: &Credential) -> WebauthnCredential {
    let record = &credential.record;
    let model = credential.aaguid.as_deref().and_then(model_name);
    WebauthnCredential {
        credential_id: credential.id.clone(),
        device_id: credential.device_id.clone(),
        name: credential.name.clone(),
        verified_at: None,
        aaguid: credential.aaguid.clone(),
        aaguid_mapping: model.map(|name| AaguidMapping {
            name: Some(name.to_owned()),
            svg_icon_light: Some(icon("#1a1a1a")),
            svg_icon_dark: Some(icon("#f5f5f5")),
        }),
        credential_backed_up: record.backup.map(Backup::is_backed_up),
        credential_device_type: record.backup.map(|own| own.device_type().to_owned()),
        authenticator_attachment: record.attachment.map(|own| own.word().to_owned()),
        parsed_user_agent: credential.browser.as_deref().map(parsed),
    }
}

/// The name of an authenticator model, by the id that its maker publishes.
fn model_name(aaguid: &str) -> Option<&'static str> {
    match aaguid {
        "fbfc3007-154e-4ecc-8c0b-6e020557d7bd" => Some("iCloud Keychain"),
        "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4" => Some("Google Password Manager"),
        _ => None,
    }
}

/// A key in that colour, as a data URL: the makers' own icons are not ours to hand out.
fn icon(colour: &str) -> String {
    let svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="{colour}" d="M7 7a5 5 0 1 0 4.6 7H14v3h4v-3h3v-4h-9.4A5 5 0 0 0 7 7z"/></svg>"#
    );
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg))
}

#[cfg(test)]
mod tests {
    use super::credential;
    use crate::domain::authsignal::credential::{Credential, Record};

    #[test]
    fn a_passkey_of_a_known_model_has_every_member_that_the_sdks_read() {
        let written = credential(&Credential {
            id: "id".to_owned(),
            public_key: String::new(),
            name: "Passkey".to_owned(),
            device_id: "device".to_owned(),
            aaguid: Some("fbfc3007-154e-4ecc-8c0b-6e020557d7bd".to_owned()),
            browser: Some("Chrome".to_owned()),
            record: Record::default(),
        });
        let mapping = written.aaguid_mapping.unwrap();
        assert_eq!(mapping.name.as_deref(), Some("iCloud Keychain"));
        let icons = [mapping.svg_icon_light, mapping.svg_icon_dark].map(Option::unwrap);
        assert_ne!(icons[0], icons[1]);
        for icon in icons {
            assert!(icon.starts_with("data:image/svg+xml;base64,"), "{icon}");
        }
        let agent = written.parsed_user_agent.unwrap();
        assert!(agent.ua.is_some() && agent.engine.is_some() && agent.os.is_some());
        assert_eq!(agent.browser.unwrap().name.as_deref(), Some("Chrome"));
    }
}
