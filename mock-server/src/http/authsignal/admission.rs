//! What both of Authsignal's APIs check of a caller, whoever it is. Knows no operation.

use http::header::{HOST, HeaderValue};

use super::refusal::{failure, rejected};
use crate::http::origin::is_host;
use crate::http::surface::{Incoming, Rejection, Reply};
use crate::runtime::App;
use crate::runtime::part::AuthsignalPart;
use http::StatusCode;

/// The host that a caller used, of which the URLs of the answer are made.
///
/// # Errors
/// The answer to a request that names none.
pub(crate) fn reached(incoming: &Incoming) -> Result<&HeaderValue, Reply> {
    let host = incoming.parts.headers.get(HOST);
    host.filter(|host| is_host(host)).ok_or_else(|| {
        let reason = "is missing or is no host: the answer's URLs are made of it";
        rejected(&Rejection::malformed("header Host", reason))
    })
}

/// Counts a request of a tenant where requests are limited.
///
/// # Errors
/// The answer to one too many.
pub(crate) fn within_rate(app: &App, tenant: &AuthsignalPart) -> Result<(), Reply> {
    match app.behaviour.rate_limit {
        Some(limit) if !tenant.ledger().within_rate(limit) => Err(failure(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            &format!(
                "more than {limit} requests within a minute; wait, or start the mock without --rate-limit"
            ),
        )),
        _ => Ok(()),
    }
}
