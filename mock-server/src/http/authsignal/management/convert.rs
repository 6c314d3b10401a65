//! Translates between the members of a resource and the types of the wire. Decides nothing.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::flow::FlowText;
use crate::domain::authsignal::management::Fault;
use crate::domain::authsignal::management::action_configuration::flow_text;
use crate::domain::authsignal::management::message::{POINTS, SCREENS, VERSION};
use crate::domain::authsignal::management::resource::{Resource, object};
use crate::domain::authsignal::management::tenant::{AUTHENTICATOR_EVENTS, LOG_EVENTS};
use crate::generated::authsignal_management::types as wire;
use crate::http::authsignal::refusal::{as_listed, failed};
use crate::http::surface::Refusable;
use crate::wire::authsignal::iso;

/// The answer of an operation: its success, or the refusal in its status.
pub(super) fn respond<R: Refusable<Body = wire::ErrorResponse>>(outcome: Result<R, Fault>) -> R {
    outcome.unwrap_or_else(|fault| {
        let (status, code) = match fault {
            Fault::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Fault::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Fault::NoAuthenticator(_) => (
                StatusCode::NOT_FOUND,
                "authenticator_configuration_not_found",
            ),
            Fault::Exists(_) => (StatusCode::CONFLICT, "resource_already_exists"),
            Fault::Changed(_) => (StatusCode::CONFLICT, "conflict"),
        };
        as_listed(status, || failed(code, &fault.to_string()))
    })
}

/// The members of a resource, as their type.
pub(super) fn told<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, Fault> {
    // Members have passed the schema of a request, which allows no more than that of the answer.
    serde_json::from_value(Value::Object(members))
        .map_err(|error| Fault::Invalid(format!("the mock cannot write what it keeps: {error}")))
}

/// All members of a list, as their type.
pub(super) fn told_all<T: DeserializeOwned>(
    all: impl IntoIterator<Item = Map<String, Value>>,
) -> Vec<T> {
    all.into_iter().filter_map(|one| told(one).ok()).collect()
}

/// The URL that `action.verify` of an action goes to.
pub(super) const WEBHOOK: &str = "verificationWebhookUrl";
/// Its name on an older page of the documentation.
pub(super) const OLDER_WEBHOOK: &str = "postVerificationWebhookUrl";

/// The members of an action configuration by their current names.
///
/// # Errors
/// Both names are there, with different values.
pub(super) fn by_current_name(
    mut members: Map<String, Value>,
) -> Result<Map<String, Value>, Fault> {
    let Some(older) = members.remove(OLDER_WEBHOOK) else {
        return Ok(members);
    };
    match members.get(WEBHOOK) {
        Some(current) if *current != older => Err(Fault::Invalid(format!(
            "body /{OLDER_WEBHOOK}: is the older name of {WEBHOOK}, and the two differ; send one of them"
        ))),
        _ => {
            members.insert(WEBHOOK.to_owned(), older);
            Ok(members)
        }
    }
}

/// An action configuration.
pub(super) fn action_configuration(
    authsignal: &Authsignal,
    tenant_id: &str,
    code: &str,
) -> Result<wire::ActionConfiguration, Fault> {
    let mut members = authsignal.action_configuration(code)?;
    members.insert("tenantId".to_owned(), tenant_id.into());
    members.insert("actionCode".to_owned(), code.into());
    let one = authsignal.configuration.actions.get(code);
    if let Some(at) = one.and_then(|one| one.last_created) {
        members.insert("lastActionCreatedAt".to_owned(), iso(at).into());
    }
    told(members)
}

/// A flow document.
pub(super) fn flow(document: &mut Map<String, Value>) -> FlowText {
    let nodes = document.remove("actionNodes").unwrap_or_default();
    let rules = document.get("rules").and_then(Value::as_array);
    let rules = rules.into_iter().flatten().cloned();
    let rules: Vec<_> = rules.map(|rule| Resource::new(object(rule))).collect();
    flow_text(&nodes, &rules)
}

/// A rule of an action.
pub(super) fn rule(
    tenant_id: &str,
    code: &str,
    mut members: Map<String, Value>,
) -> Map<String, Value> {
    members.insert("tenantId".to_owned(), tenant_id.into());
    members.insert("actionCode".to_owned(), code.into());
    members
}

/// The settings of a tenant.
pub(super) fn tenant(authsignal: &Authsignal, tenant_id: &str) -> wire::Tenant {
    let members = authsignal.shown_tenant();
    let flag = |name: &str| members.get(name).and_then(Value::as_bool);
    let text = |name: &str| members.text(name).map(str::to_owned);
    let minutes = members.count("tokenDurationInMinutes");
    let ranges = members.texts("ipWhitelist");
    let authenticator_events = members.get(AUTHENTICATOR_EVENTS).cloned();
    let log_events = members.get(LOG_EVENTS).cloned();
    wire::Tenant {
        tenant_id: tenant_id.to_owned(),
        name: text("name"),
        disable_recovery_codes: flag("disableRecoveryCodes"),
        // The schema of the request lets no minute below 1 through.
        token_duration_in_minutes: minutes
            .and_then(|minutes| u64::try_from(minutes).ok()?.try_into().ok()),
        hide_success_screen_on_enrollment: flag("hideSuccessScreenOnEnrollment"),
        authenticator_events_webhook_config: authenticator_events
            .and_then(|config| told(object(config)).ok()),
        log_events_webhook_config: log_events.and_then(|config| told(object(config)).ok()),
        ip_whitelist: ranges.map(|ranges| ranges.into_iter().map(str::to_owned).collect()),
        allow_disabling_mfa: flag("allowDisablingMfa"),
        hide_authsignal_logo: flag("hideAuthsignalLogo"),
        custom_domain: text("customDomain"),
        redirect_on_session_expiry: flag("redirectOnSessionExpiry"),
        allow_deleting_user_authenticators: flag("allowDeletingUserAuthenticators"),
        skip_recovery_codes_on_programmatic_enrollment: flag(
            "skipRecoveryCodesOnProgrammaticEnrollment",
        ),
        hide_recovery_codes_on_enrollment: flag("hideRecoveryCodesOnEnrollment"),
    }
}

/// The texts that replace those of the hosted pages.
pub(super) fn messages(authsignal: &Authsignal) -> wire::MessageOverrides {
    let texts = |texts: &Value| {
        let texts = texts.as_object().into_iter().flatten();
        let texts = texts.filter_map(|(id, text)| Some((id.clone(), text.as_str()?.to_owned())));
        wire::Texts(texts.collect())
    };
    let locales = authsignal.messages().into_iter();
    wire::MessageOverrides {
        message_overrides: locales.map(|(locale, of)| (locale, texts(&of))).collect(),
    }
}

/// The catalog of texts.
pub(super) fn catalog() -> wire::MessageCatalog {
    let screens = SCREENS.iter().map(|screen| wire::MessageScreen {
        id: screen.id.to_owned(),
        label: screen.label.to_owned(),
        family: screen.family.to_owned(),
    });
    let owned = |texts: &[&str]| texts.iter().copied().map(str::to_owned).collect();
    let points = POINTS.iter().map(|point| wire::MessagePoint {
        public_id: point.id.to_owned(),
        screen: point.screen.to_owned(),
        role: point.role.to_owned(),
        item: None,
        label: point.label.to_owned(),
        products: owned(&["prebuilt-ui"]),
        max_length: i64::try_from(point.most).unwrap_or(i64::MAX),
        allowed_placeholders: owned(point.placeholders),
        allowed_tags: Vec::new(),
        default_copy: [("en".to_owned(), point.text.to_owned())].into(),
    });
    wire::MessageCatalog {
        catalog_version: VERSION,
        screens: screens.collect(),
        points: points.collect(),
    }
}
