//! The vendor's form of an error. Knows no operation.

use http::StatusCode;

use crate::domain::activeconnect::Refusal;
use crate::generated::activeconnect::types as wire;
use crate::http::surface::Reply;

/// The answer to a request that failed, with the reason.
pub(crate) fn failure(status: StatusCode, reason: impl Into<String>) -> Reply {
    Reply::json(status, &failed(reason))
}

pub(crate) fn failed(reason: impl Into<String>) -> wire::Failure {
    wire::Failure {
        status: false,
        reason: reason.into(),
    }
}

pub(crate) fn not_found(refusal: &Refusal) -> wire::Failure {
    failed(refusal.to_string())
}

/// Why an answer refuses, if it does.
pub(super) fn why(reply: &Reply) -> Option<String> {
    if reply.status.as_u16() < 400 {
        return None;
    }
    let failure: wire::Failure = serde_json::from_slice(&reply.body).ok()?;
    Some(failure.reason)
}
