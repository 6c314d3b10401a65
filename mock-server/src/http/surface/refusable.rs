//! What the generated answers of an operation have in common: its refusals. Knows no API.

use http::StatusCode;

#[cfg(test)]
use super::operation::Operation;
#[cfg(test)]
use super::reply::Reply;

/// The answers of an operation as far as refusals go: generated for each operation with 400 in its spec.
pub trait Refusable: Sized {
    /// What a refusal holds.
    type Body;

    /// The refusal with this status; none if the spec does not list the status for the operation.
    fn refused(status: StatusCode, body: Self::Body) -> Option<Self>;

    /// The refusal with the status 429, and the seconds that its `Retry-After` says; none if the spec does not list 429 for
    /// the operation.
    fn limited(_body: Self::Body, _retry_after: u64) -> Option<Self> {
        None
    }

    /// The refusal with the status 400.
    fn bad_request(body: Self::Body) -> Self;
}

/// Sees every operation of an API that can refuse.
#[cfg(test)]
pub trait VisitRefusable<B> {
    /// Sees one of them.
    fn visit<R: Refusable<Body = B> + Into<Reply>>(&mut self, operation: &'static Operation);
}
