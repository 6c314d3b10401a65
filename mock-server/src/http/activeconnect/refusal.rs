//! The vendor's form of an error. Knows no operation.

use http::StatusCode;

use crate::domain::activeconnect::Refusal;
use crate::generated::activeconnect::types as wire;
use crate::http::surface::Reply;

/// An answer that tells why a request failed.
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
