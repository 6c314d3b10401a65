//! The checks of callers that both Authsignal APIs share. It must not know any operation.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::Deserialize;

use super::refusal::failure;
use crate::http::surface::Reply;
use crate::runtime::App;
use crate::runtime::part::AuthsignalPart;

/// Why two headers `Authorization` are refused: a proxy may check the one, and the mock the other.
pub(crate) const REPEATED: &str = "the header Authorization is given more than once, so nobody can tell which one counts; send it once";

/// Counts a request of a tenant where requests are limited.
///
/// # Errors
/// The answer to one too many.
pub(crate) fn within_rate(app: &App, tenant: &AuthsignalPart) -> Result<(), Reply> {
    let Some(limit) = app.behaviour.rate_limit else {
        return Ok(());
    };
    tenant.ledger().within_rate(limit).map_err(|wait| Reply {
        retry_after: Some(wait),
        ..failure(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            &format!(
                "more than --rate-limit {limit} allows within a minute; wait, or start the mock without it"
            ),
        )
    })
}

/// The tenant that a token names, which is not proved by that.
pub(crate) fn named_tenant<'a>(app: &'a App, token: &str) -> Option<&'a Arc<AuthsignalPart>> {
    #[derive(Deserialize)]
    struct Claims<'a> {
        #[serde(borrow)]
        other: Other<'a>,
    }
    #[derive(Deserialize)]
    struct Other<'a> {
        #[serde(borrow, rename = "tenantId")]
        tenant_id: Cow<'a, str>,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Claims<'_> = serde_json::from_slice(&payload).ok()?;
    app.authsignal(&claims.other.tenant_id)
}
