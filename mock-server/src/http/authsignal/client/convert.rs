//! Between the domain's types and those of the wire. Decides nothing.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::user::Authenticator;
use crate::generated::authsignal_client::types as wire;
use crate::wire::authsignal::iso;

pub(super) fn app_credential(user_id: &str, authenticator: &Authenticator) -> wire::AppCredential {
    wire::AppCredential {
        user_authenticator_id: authenticator.id.clone(),
        user_id: user_id.to_owned(),
        verified_at: iso(authenticator.verified.unwrap_or(authenticator.created)),
        last_verified_at: authenticator.last_verified.map(iso),
        expires_at: authenticator
            .app
            .as_ref()
            .and_then(|app| app.expires)
            .map(iso),
    }
}

/// The same JSON as another type; the spec's types are those of the standard.
pub(super) fn same<T: DeserializeOwned>(value: &impl Serialize) -> Result<T, Refusal> {
    serde_json::to_value(value)
        .and_then(serde_json::from_value)
        .map_err(|error| Refusal::Invalid(format!("the mock and its spec disagree: {error}")))
}
