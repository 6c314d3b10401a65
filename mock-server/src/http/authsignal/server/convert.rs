//! Between the Server API's types and the domain's. Decides nothing.

use crate::domain::authsignal::action::{Action, Known};
use crate::domain::authsignal::address::Contact;
use crate::domain::authsignal::call::{Call, CallRequest};
use crate::domain::authsignal::session::SessionTokens;
use crate::domain::authsignal::user::{Attributes, Device, User};
use crate::domain::authsignal::vocabulary::{Method, Named, State};
use crate::domain::authsignal::{Authsignal as Domain, Enrollment, Refusal, Tenant};
use crate::domain::custom::Custom;
use crate::domain::outbox::Channel;
use crate::generated::authsignal::types as wire;
use crate::wire::authsignal::{iso, methods};

/// Where the user enrols, manages authenticators, or takes a challenge. It has a query, because SDKs append to it. A JWT
/// needs no encoding there.
pub(super) fn page(base: &str, token: &str) -> String {
    [base, "/challenge?token=", token].concat()
}

pub(super) fn attributes(wire: wire::UserAttributes) -> Attributes {
    let default = wire.default_verification_method;
    Attributes {
        email: wire.email,
        email_verified: wire.email_verified,
        phone_number: wire.phone_number,
        phone_number_verified: wire.phone_number_verified,
        username: wire.username,
        display_name: wire.display_name,
        locale: wire.locale,
        default_method: default.and_then(|word| Named::of_word(&word.to_string())),
        custom: wire.custom.map(|custom| Custom::new(&custom.0)),
    }
}

/// A method that only the vendor has is left out: the SDKs for .NET throw on a word that they do not know.
pub(super) fn record(user_id: &str, user: &User) -> wire::UserRecord {
    let attributes = user.attributes.clone();
    let default = attributes.default_method.and_then(Named::here);
    wire::UserRecord {
        user_id: user_id.to_owned(),
        email: attributes.email,
        email_verified: Some(attributes.email_verified.unwrap_or(false)),
        phone_number: attributes.phone_number,
        phone_number_verified: Some(attributes.phone_number_verified.unwrap_or(false)),
        username: attributes.username,
        display_name: attributes.display_name,
        locale: attributes.locale,
        default_verification_method: default.map(Into::into),
        custom: attributes.custom.map(|custom| wire::Custom(custom.read())),
    }
}

pub(super) fn found(user_id: String, user: User) -> wire::FoundUser {
    let (enrolled, is_enrolled) = (user.enrolled_methods(), user.is_enrolled());
    wire::FoundUser {
        user_id,
        email: user.attributes.email,
        email_verified: Some(user.attributes.email_verified.unwrap_or(false)),
        phone_number: user.attributes.phone_number,
        phone_number_verified: Some(user.attributes.phone_number_verified.unwrap_or(false)),
        username: user.attributes.username,
        display_name: user.attributes.display_name,
        is_enrolled: Some(is_enrolled),
        enrolled_verification_methods: methods(&enrolled),
        created_at: Some(iso(user.created)),
    }
}

pub(super) fn device(user_id: &str, device: &Device) -> wire::Device {
    wire::Device {
        user_id: user_id.to_owned(),
        device_id: device.id.clone(),
        created_at: iso(device.created),
        authenticated_at: device.authenticated.map(iso),
        invalidated_at: device.invalidated.map(iso),
        remembered_until: device.remembered_until.map(iso),
        last_verification_method: device.last_method.map(Into::into),
    }
}

pub(super) fn action(domain: &Domain, user_id: &str, action: &Action) -> wire::Action {
    let rules = domain.rules(&action.rule_ids).map(|rule| wire::Rule {
        rule_id: rule.id.clone(),
        name: rule.name.clone(),
        description: rule.description.clone(),
        metadata: None,
    });
    wire::Action {
        state: action.state.into(),
        created_at: iso(action.created),
        state_updated_at: iso(action.state_updated),
        // Present and not null: go and python need it.
        output: wire::Output(serde_json::Map::new()),
        verification_method: action.method.map(Into::into),
        rules: Some(rules.collect()),
        rule_ids: Some(action.rule_ids.clone()),
        priority_rule_id: action.rule_ids.first().cloned(),
        user_id: Some(user_id.to_owned()),
        action: Some(action.code.clone()),
        idempotency_key: Some(action.key.clone()),
    }
}

/// The answer of update_action: the same members, by another name, because sources agree on one of them alone.
pub(super) fn updated(action: wire::Action) -> wire::UpdatedAction {
    wire::UpdatedAction {
        state: action.state,
        created_at: Some(action.created_at),
        state_updated_at: Some(action.state_updated_at),
        output: Some(action.output),
        verification_method: action.verification_method,
        rules: action.rules,
        rule_ids: action.rule_ids,
        priority_rule_id: action.priority_rule_id,
        user_id: action.user_id,
        action: action.action,
        idempotency_key: action.idempotency_key,
    }
}

pub(super) fn listed(authsignal: &Domain, action: &Action) -> wire::UserAction {
    wire::UserAction {
        action_code: action.code.clone(),
        idempotency_key: action.key.clone(),
        state: action.state.into(),
        created_at: iso(action.created),
        updated_at: Some(iso(action.updated)),
        state_updated_at: Some(iso(action.state_updated)),
        verification_method: action.method.map(Into::into),
        verified_by_authenticator_id: action.authenticator_id.clone(),
        user_agent: action.user_agent.clone(),
        ip_address: action.ip_address.clone(),
        country_code: authsignal.country(action.ip_address.as_deref()),
    }
}

pub(super) fn known(wire: wire::TrackAttributes) -> Known {
    Known {
        idempotency_key: wire.idempotency_key.map(String::from),
        redirect_url: wire.redirect_url,
        to_settings: wire.redirect_to_settings.unwrap_or(false),
        contact: Contact {
            email: wire.email,
            phone_number: wire.phone_number,
            username: wire.username,
        },
        ip_address: wire.ip_address,
        user_agent: wire.user_agent,
        device_id: wire.device_id,
        is_remembered: false,
        scope: wire.scope,
        custom: wire.custom.map(|custom| Custom::new(&custom.0)),
        challenge_id: wire.challenge_id,
        locale: wire.locale,
    }
}

pub(super) fn enrollment(wire: wire::EnrollVerifiedAuthenticator) -> Result<Enrollment, Refusal> {
    let method = match (wire.verification_method, wire.oob_channel) {
        (Some(method), _) => Method::of_word(&method.to_string()),
        (None, Some(channel)) => Method::of_word(&channel.to_string()),
        (None, None) => None,
    };
    let method = method.ok_or_else(|| {
        Refusal::Invalid("verificationMethod is required, or the legacy oobChannel".to_owned())
    })?;
    Ok(Enrollment {
        method,
        email: wire.email,
        phone_number: wire.phone_number,
        otp_uri: wire.otp_uri,
        credential_id: wire.credential_id,
        credential_public_key: wire.credential_public_key,
        name: wire.name,
        aaguid: None,
        browser: None,
        is_default: wire.is_default.unwrap_or(false),
    })
}

pub(super) fn tokens(tenant: &Tenant, tokens: SessionTokens) -> wire::SessionTokens {
    wire::SessionTokens {
        access_token: tenant.keys.sign_session(&tokens.access),
        refresh_token: tokens.refresh_token,
    }
}

/// What a call centre says of a call.
pub(super) fn call(body: wire::CallToStart) -> CallRequest {
    const ACTION: &str = "call";
    CallRequest {
        reference_id: body.reference_id.into(),
        channel: body.channel.map(|channel| match channel {
            wire::CallChannel::Whatsapp => Channel::Whatsapp,
            wire::CallChannel::Sms => Channel::Sms,
            wire::CallChannel::Email => Channel::Email,
        }),
        country: body.country,
        contact: Contact {
            email: body.email,
            phone_number: body.phone_number,
            username: body.username,
        }
        .filled(),
        user_id: body.user_id.map(Into::into),
        locale: body.locale.map(Into::into),
        action: body
            .action_code
            .map_or_else(|| ACTION.to_owned(), Into::into),
    }
}

/// A message to a caller.
pub(super) fn call_started(call: Call) -> wire::CallStarted {
    let (channel, is_email) = match call.channel {
        Channel::Whatsapp => (wire::CallChannel::Whatsapp, false),
        Channel::Sms => (wire::CallChannel::Sms, false),
        Channel::Email => (wire::CallChannel::Email, true),
    };
    let to = Some(call.to);
    wire::CallStarted {
        message_id: Some(call.message_id),
        channel: Some(channel),
        phone_number: to.clone().filter(|_| !is_email),
        email: to.filter(|_| is_email),
    }
}

/// The state of the action of a call that ended.
pub(super) fn ended(state: wire::CallState) -> State {
    match state {
        wire::CallState::ChallengeSucceeded => State::ChallengeSucceeded,
        wire::CallState::ChallengeFailed => State::ChallengeFailed,
    }
}
