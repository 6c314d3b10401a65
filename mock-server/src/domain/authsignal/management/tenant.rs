//! The settings of a tenant. Knows no page and no address of a caller.

use core::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ipnet::Ipv4Net;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Fault;
use super::resource::{Resource, object};
use crate::bounds::TENANT_SETTINGS;
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::passkey_settings::is_domain;
use crate::domain::authsignal::webhook::{Endpoint, Events, Kind};

/// Where events about authenticators go; `null` takes it away.
pub const AUTHENTICATOR_EVENTS: &str = "authenticatorEventsWebhookConfig";
/// Where log events go; `null` takes it away.
pub const LOG_EVENTS: &str = "logEventsWebhookConfig";

/// The members that the Management API sets; the portal sets the others.
pub(super) const WRITABLE: [&str; 7] = [
    "name",
    "disableRecoveryCodes",
    TOKEN_DURATION,
    HIDE_SUCCESS,
    AUTHENTICATOR_EVENTS,
    LOG_EVENTS,
    "ipWhitelist",
];

const CUSTOM_DOMAIN: &str = "customDomain";
const TOKEN_DURATION: &str = "tokenDurationInMinutes";
const HIDE_SUCCESS: &str = "hideSuccessScreenOnEnrollment";

/// The name of a tenant that nobody named. Every tenant of the vendor has one.
const NAMELESS: &str = "this application";

/// Life of a token where nothing is set, by the documentation.
const TOKEN_MINUTES: i64 = 10;

/// The settings of a tenant, but for its webhooks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TenantSettings(Resource);

impl TenantSettings {
    /// The settings after a change.
    ///
    /// # Errors
    /// A member is wrong.
    pub fn changed(&self, changes: Map<String, Value>) -> Result<Self, Fault> {
        let mut settings = self.0.clone();
        settings.change(changes);
        let ranges = settings.texts("ipWhitelist").unwrap_or_default();
        if let Some(at) = ranges.iter().position(|text| range(text).is_none()) {
            let why =
                format!("body /ipWhitelist/{at}: is no IPv4 range; write one as 203.0.113.0/24");
            return Err(Fault::Invalid(why));
        }
        let domain = settings.text(CUSTOM_DOMAIN);
        if domain.is_some_and(|domain| !is_domain(&domain.to_lowercase())) {
            let why =
                format!("body /{CUSTOM_DOMAIN}: is no name of a host, such as auth.example.com");
            return Err(Fault::Invalid(why));
        }
        if settings
            .count(TOKEN_DURATION)
            .is_some_and(|minutes| minutes < 1)
        {
            let why = format!("body /{TOKEN_DURATION}: must be at least 1");
            return Err(Fault::Invalid(why));
        }
        if settings.bytes() > TENANT_SETTINGS {
            let why = format!("the settings would take more than {TENANT_SETTINGS} bytes");
            return Err(Fault::Invalid(why));
        }
        Ok(Self(settings))
    }

    /// The settings, as the vendor names them.
    pub fn members(&self) -> &Map<String, Value> {
        self.0.members()
    }

    /// The tenant's name.
    pub fn name(&self) -> &str {
        self.0.text("name").unwrap_or(NAMELESS)
    }

    /// How long a token lives.
    pub fn token_life(&self) -> SignedDuration {
        let minutes = self.0.count(TOKEN_DURATION);
        SignedDuration::from_mins(minutes.unwrap_or(TOKEN_MINUTES))
    }

    /// Host of the hosted pages, if it is not the mock's own.
    pub fn custom_domain(&self) -> Option<&str> {
        self.0.text(CUSTOM_DOMAIN)
    }

    /// Whether the Server API admits a caller of this address: without a list, everybody.
    pub fn admits(&self, address: IpAddr) -> bool {
        let ranges = self.0.texts("ipWhitelist").unwrap_or_default();
        let mut own = ranges.iter().filter_map(|text| range(text));
        let within = |range: Ipv4Net| match address.to_canonical() {
            IpAddr::V4(address) => range.contains(&address),
            IpAddr::V6(_) => false,
        };
        ranges.is_empty() || own.any(within)
    }

    /// Whether a switch is on.
    pub fn has(&self, switch: Switch) -> bool {
        self.0.flag(switch.word())
    }

    /// Whether a switch is off. One that is not set is neither on nor off.
    pub fn lacks(&self, switch: Switch) -> bool {
        self.0.get(switch.word()).and_then(Value::as_bool) == Some(false)
    }
}

/// A switch of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Users get no recovery codes.
    DisableRecoveryCodes,
    /// They get none when an application enrols them.
    SkipRecoveryCodesOnProgrammaticEnrollment,
    /// Pages hide recovery codes after an enrolment.
    HideRecoveryCodesOnEnrollment,
    /// Pages do not stop after an enrolment.
    HideSuccessScreenOnEnrollment,
    /// Users may remove their last method on pages.
    AllowDisablingMfa,
    /// Users may remove methods on pages.
    AllowDeletingUserAuthenticators,
    /// Pages go back to the application when their token has expired.
    RedirectOnSessionExpiry,
    /// Pages leave out whose they are.
    HideAuthsignalLogo,
}

impl Switch {
    fn word(self) -> &'static str {
        match self {
            Self::DisableRecoveryCodes => "disableRecoveryCodes",
            Self::SkipRecoveryCodesOnProgrammaticEnrollment => {
                "skipRecoveryCodesOnProgrammaticEnrollment"
            }
            Self::HideRecoveryCodesOnEnrollment => "hideRecoveryCodesOnEnrollment",
            Self::HideSuccessScreenOnEnrollment => HIDE_SUCCESS,
            Self::AllowDisablingMfa => "allowDisablingMfa",
            Self::AllowDeletingUserAuthenticators => "allowDeletingUserAuthenticators",
            Self::RedirectOnSessionExpiry => "redirectOnSessionExpiry",
            Self::HideAuthsignalLogo => "hideAuthsignalLogo",
        }
    }
}

/// A range of addresses, or a single one.
fn range(text: &str) -> Option<Ipv4Net> {
    let single = || text.parse::<Ipv4Addr>().ok().map(Ipv4Net::from);
    text.parse().ok().or_else(single)
}

/// The URLs in a change of a tenant, with their places.
pub fn urls(changes: &Map<String, Value>) -> impl Iterator<Item = (&'static str, &str)> {
    let url = |place: &'static str, config: &str, member: &str| {
        let url = changes.get(config)?.get(member)?.as_str()?;
        Some((place, url))
    };
    [
        url(
            "authenticatorEventsWebhookConfig/url",
            AUTHENTICATOR_EVENTS,
            "url",
        ),
        url(
            "logEventsWebhookConfig/endpointUrl",
            LOG_EVENTS,
            "endpointUrl",
        ),
    ]
    .into_iter()
    .flatten()
}

impl Authsignal {
    /// The settings of the tenant as an answer shows them: with a name, as those of every real tenant.
    pub fn shown_tenant(&self) -> Resource {
        let mut members = Resource::new(self.tenant_settings());
        members.set("name", self.configuration.tenant.name());
        members
    }

    /// The settings of the tenant that are set, as the vendor names them. A webhook of the control API for the same events is
    /// one of them.
    pub fn tenant_settings(&self) -> Map<String, Value> {
        let mut members = self.configuration.tenant.0.clone();
        if let Some(endpoint) = endpoint(&self.events, &AUTHENTICATOR_KINDS) {
            let config = json!({
                "url": endpoint.url.as_ref(),
                "includeCredentialPublicKey": endpoint.public_key,
            });
            members.set(AUTHENTICATOR_EVENTS, config);
        }
        if let Some(endpoint) = endpoint(&self.events, &LOG_KINDS) {
            members.set(LOG_EVENTS, json!({"endpointUrl": endpoint.url.as_ref()}));
        }
        members.into_members()
    }

    /// Whether an endpoint is one of the settings of the tenant.
    pub fn is_setting(&self, endpoint: &Endpoint) -> bool {
        [&AUTHENTICATOR_KINDS[..], &LOG_KINDS]
            .into_iter()
            .any(|kinds| is_for(endpoint, kinds))
    }

    /// Changes the settings of the tenant.
    ///
    /// # Errors
    /// A member is wrong. Nothing changes then.
    pub fn update_tenant(&mut self, mut changes: Map<String, Value>) -> Result<(), Fault> {
        let authenticator_events = changes.remove(AUTHENTICATOR_EVENTS);
        let log_events = changes.remove(LOG_EVENTS);
        self.configuration.tenant = self.configuration.tenant.changed(changes)?;
        if let Some(config) = authenticator_events {
            let config = Resource::new(object(config));
            let set = config.get("includeCredentialPublicKey");
            let before = endpoint(&self.events, &AUTHENTICATOR_KINDS);
            let before = before.is_some_and(|endpoint| endpoint.public_key);
            // The Terraform provider leaves it out where nobody has set it.
            let public_key = set.and_then(Value::as_bool).unwrap_or(before);
            set_endpoint(
                &mut self.events,
                &AUTHENTICATOR_KINDS,
                config.text("url"),
                public_key,
            );
        }
        if let Some(config) = log_events {
            let config = Resource::new(object(config));
            set_endpoint(
                &mut self.events,
                &LOG_KINDS,
                config.text("endpointUrl"),
                true,
            );
        }
        Ok(())
    }
}

/// The events of `authenticatorEventsWebhookConfig`.
const AUTHENTICATOR_KINDS: [Kind; 3] = [
    Kind::AuthenticatorCreated,
    Kind::AuthenticatorUpdated,
    Kind::AuthenticatorDeleted,
];
/// The events of `logEventsWebhookConfig`.
const LOG_KINDS: [Kind; 2] = [Kind::ActionLogCreated, Kind::ChallengeLogCreated];

/// Whether an endpoint takes these types of events and no other.
fn is_for(endpoint: &Endpoint, kinds: &[Kind]) -> bool {
    let own = &endpoint.kinds;
    own.len() == kinds.len() && kinds.iter().all(|kind| own.contains(kind))
}

fn endpoint<'a>(events: &'a Events, kinds: &[Kind]) -> Option<&'a Endpoint> {
    let mut endpoints = events.endpoints().iter();
    endpoints.find(|endpoint| is_for(endpoint, kinds))
}

/// Puts one endpoint in the place of all that take these types of events and no other.
fn set_endpoint(events: &mut Events, kinds: &[Kind], url: Option<&str>, public_key: bool) {
    let mut endpoints = events.endpoints().to_vec();
    endpoints.retain(|endpoint| !is_for(endpoint, kinds));
    endpoints.extend(url.map(|url| Endpoint {
        url: Arc::from(url),
        kinds: kinds.to_vec(),
        public_key,
    }));
    events.set_endpoints(endpoints);
}
