//! The checks of callers that both Authsignal APIs share. It must not know any operation.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::StatusCode;
use http::header::AUTHORIZATION;
use serde::Deserialize;

use super::refusal::failure;
use crate::http::origin::is_foreign;
use crate::http::surface::{Incoming, Reply};
use crate::runtime::App;
use crate::runtime::part::AuthsignalPart;

/// Why two headers `Authorization` are refused: a proxy may check the one, and the mock the other.
pub(crate) const REPEATED: &str = "the header Authorization is given more than once, so nobody can tell which one counts; send it once";

/// The credentials of a request from a server of an application. Refuses what no such server sends: a request of a web page,
/// with `foreign` as the reason, and one that has credentials twice.
///
/// # Errors
/// The answer to such a request.
pub(crate) fn from_a_server<'a>(
    app: &App,
    incoming: &'a Incoming,
    foreign: &str,
) -> Result<Option<&'a str>, Reply> {
    let parts = &incoming.parts;
    if is_foreign(app, &parts.headers, &parts.extensions) {
        return Err(failure(StatusCode::FORBIDDEN, "forbidden", foreign));
    }
    if incoming.repeats(AUTHORIZATION) {
        return Err(failure(StatusCode::UNAUTHORIZED, "unauthorized", REPEATED));
    }
    Ok(incoming.header(AUTHORIZATION))
}

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

/// The tenant of the secret in a request. The credential is Basic, and the secret its user name. Any password will do: the
/// vendor's policies for Azure AD B2C send the secret there once more.
pub(crate) fn by_secret(
    authorization: Option<&str>,
    find: impl Fn(&str) -> Option<Arc<AuthsignalPart>>,
) -> Option<Arc<AuthsignalPart>> {
    let (scheme, credential) = authorization?.split_at_checked("basic ".len())?;
    if !scheme.eq_ignore_ascii_case("basic ") {
        return None;
    }
    let decoded = STANDARD.decode(credential.trim()).ok()?;
    let (secret, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    // A seed can name a secret with a colon, which RFC 7617 does not foresee: the last colon then ends it.
    find(secret).or_else(|| {
        let rest = password.strip_suffix(':')?;
        find(&format!("{secret}:{rest}"))
    })
}

/// The tenant that a token names, which is not proved by that.
pub(crate) fn named_tenant(app: &App, token: &str) -> Option<Arc<AuthsignalPart>> {
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
