//! The settings of a tenant, as a seed describes them. Knows no effect of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Settings of a tenant, as the Management API names them. One that is absent is not set.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TenantSettings {
    /// Its name.
    pub name: Option<String>,
    /// Whether users get no recovery codes.
    pub disable_recovery_codes: Option<bool>,
    /// Minutes that a token lives.
    pub token_duration_in_minutes: Option<u32>,
    /// Whether pages leave out the screen after an enrolment.
    pub hide_success_screen_on_enrollment: Option<bool>,
    /// IPv4 ranges of which the Server API admits callers.
    pub ip_whitelist: Option<Vec<String>>,
    /// Whether users may remove their last method.
    pub allow_disabling_mfa: Option<bool>,
    /// Whether pages hide the vendor's logo.
    pub hide_authsignal_logo: Option<bool>,
    /// Host of the hosted pages.
    pub custom_domain: Option<String>,
    /// Whether pages return when their token has expired.
    pub redirect_on_session_expiry: Option<bool>,
    /// Whether users may remove their methods.
    pub allow_deleting_user_authenticators: Option<bool>,
    /// Whether users get no recovery codes when an application enrols them.
    pub skip_recovery_codes_on_programmatic_enrollment: Option<bool>,
    /// Whether pages hide recovery codes after an enrolment.
    pub hide_recovery_codes_on_enrollment: Option<bool>,
}

impl TenantSettings {
    /// The names of the members that are set.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.set().into_iter().map(|(name, _)| name)
    }

    /// The members that are set. Where there are none, the map takes no memory, as for most tenants of tests.
    pub(super) fn set(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => {
                let set = members.into_iter().filter(|(_, value)| !value.is_null());
                set.collect()
            }
            // A struct becomes an object.
            _ => Map::new(),
        }
    }
}
