//! The vendor's form of an error, which both of Authsignal's APIs share. Knows no operation.

use http::StatusCode;

use crate::domain::authsignal::Refusal;
use crate::domain::whole_seconds;
use crate::generated::authsignal::types as wire;
use crate::http::surface::{Refusable, Rejection, Reply};

/// The answer to a request that failed, with the reason.
pub(crate) fn failure(status: StatusCode, code: &str, description: &str) -> Reply {
    Reply::json(status, &failed(code, description))
}

pub(crate) fn failed(code: &str, description: &str) -> wire::ErrorResponse {
    wire::ErrorResponse {
        error: code.to_owned(),
        error_code: code.to_owned(),
        error_description: description.to_owned(),
        message: Some(description.to_owned()),
    }
}

/// A refusal in the vendor's words.
pub(crate) fn told(refusal: &Refusal) -> wire::ErrorResponse {
    failed(code_of(refusal), &refusal.to_string())
}

/// The vendor's code of a refusal; `forbidden`, `not_found` and those of a challenge are ours.
pub(crate) fn code_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Invalid(_) => "invalid_request",
        Refusal::Conflict => "conflict",
        Refusal::AuthenticatorNotFound => "AUTHENTICATOR_NOT_FOUND",
        Refusal::NotFound(_) => "not_found",
        Refusal::Unauthorized(_) => "unauthorized",
        Refusal::Expired => "expired_token",
        Refusal::Forbidden(_) => "forbidden",
        Refusal::Unconfigured(_) => "invalid_configuration",
        Refusal::Credential(_) => "invalid_credential",
        Refusal::UnknownCredential(_) => "unknown_credential",
        Refusal::InvalidAction(_) => "invalid_action",
        Refusal::InvalidCode(_) => "invalid_code",
        Refusal::ChallengeClaimed(_) => "challenge_already_claimed",
        Refusal::ChallengeExpired(_) => "challenge_expired",
        Refusal::TooMany { .. } => "too_many_requests",
    }
}

/// The answer to a caller who is refused.
pub(crate) fn refused(refusal: &Refusal) -> Reply {
    failure(
        StatusCode::UNAUTHORIZED,
        code_of(refusal),
        &refusal.to_string(),
    )
}

/// A refusal of an operation with this status; with 400 if the spec does not list the status for the operation.
pub(super) fn as_listed<R: Refusable>(status: StatusCode, body: impl Fn() -> R::Body) -> R {
    R::refused(status, body()).unwrap_or_else(|| R::bad_request(body()))
}

/// A refusal of an operation with this status; with 400 if the spec does not list the status for the operation.
pub(super) fn refuse<R: Refusable>(
    status: StatusCode,
    refusal: &Refusal,
    told: impl Fn(&Refusal) -> R::Body,
) -> R {
    let limited = match refusal {
        Refusal::TooMany { wait, .. } => R::limited(told(refusal), whole_seconds(*wait).max(1)),
        _ => None,
    };
    limited.unwrap_or_else(|| as_listed(status, || told(refusal)))
}

/// One refusal of each kind.
#[cfg(test)]
pub(super) fn every() -> [Refusal; 15] {
    let why = || "why".to_owned();
    [
        Refusal::Invalid(why()),
        Refusal::Conflict,
        Refusal::AuthenticatorNotFound,
        Refusal::NotFound(why()),
        Refusal::Unauthorized(why()),
        Refusal::Expired,
        Refusal::Forbidden(why()),
        Refusal::Unconfigured(why()),
        Refusal::Credential(why()),
        Refusal::UnknownCredential(why()),
        Refusal::InvalidAction(why()),
        Refusal::InvalidCode(why()),
        Refusal::ChallengeClaimed(why()),
        Refusal::ChallengeExpired(why()),
        Refusal::TooMany {
            why: why(),
            wait: jiff::SignedDuration::from_millis(1_001),
        },
    ]
}

/// The answer to a request that cannot be read.
pub(crate) fn rejected(rejection: &Rejection) -> Reply {
    failure(
        rejection.kind.status(),
        "invalid_request",
        &rejection.to_string(),
    )
}

/// The answer with an error that was asked for; each API has its own for one without credentials.
pub(crate) fn forced(status: StatusCode, why: &str, unauthorized: impl FnOnce() -> Reply) -> Reply {
    let code = match status {
        StatusCode::UNAUTHORIZED => return unauthorized(),
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        status if status.is_server_error() => "internal_server_error",
        _ => "invalid_request",
    };
    failure(status, code, why)
}

/// The answer with an error by its name; each API has its own for one without credentials.
pub(crate) fn named(
    status: StatusCode,
    error: &str,
    why: &str,
    unauthorized: impl FnOnce() -> Reply,
) -> Reply {
    match (status, error) {
        (StatusCode::UNAUTHORIZED, "unauthorized") => unauthorized(),
        _ => failure(status, error, why),
    }
}

/// Why an answer refuses, if it does.
pub(crate) fn why(reply: &Reply) -> Option<String> {
    if reply.status.as_u16() < 400 {
        return None;
    }
    let failure: wire::ErrorResponse = serde_json::from_slice(&reply.body).ok()?;
    Some(failure.error_description)
}

#[cfg(test)]
mod tests {
    use super::{code_of, every};
    use crate::wire::errors::named;

    #[test]
    fn every_error_of_the_mock_can_be_planned_by_its_name() {
        for refusal in every() {
            let name = code_of(&refusal);
            assert!(named(name).is_some(), "{name}");
        }
    }
}
