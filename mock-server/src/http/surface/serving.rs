//! One request, from its first byte to its answer. Knows no API.
//!
//! A request passes, in this order: the body is read (only if the operation has one, and never beyond the limit), the
//! caller is admitted, path, query and body are parsed, the operation answers, [`Surface::answered`] sees the answer.
//! So bad credentials are reported before a bad body, and an oversized body is never buffered.

use std::future::Future;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONNECTION, HeaderValue};

use super::incoming::{End, Incoming};
use super::operation::Operation;
use super::rejection::Rejection;
use super::reply::Reply;

/// Why an operation answers with an error that its caller asked for.
pub const FORCED: &str = "the header Prefer asked for this answer; without it the mock would have carried out the request";

/// What an API adds to its generated router: credentials, the form of errors, and what happens after an answer.
pub trait Surface: Send + Sync + 'static {
    /// The admitted caller, for operations that change something. Each request clones it, so a clone must be cheap.
    type Caller: Clone + Send + Into<Self::Reader>;

    /// The caller for operations that only read: the same caller, without a way to change anything.
    type Reader: Send;

    /// Checks the credentials of a request.
    ///
    /// # Errors
    ///
    /// The answer to a request that is not admitted.
    fn admit(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
    ) -> Result<Self::Caller, Reply>;

    /// The answer to a request that cannot be read.
    fn reject(&self, operation: &'static Operation, rejection: Rejection) -> Reply;

    /// The answer with an error of the spec that the caller asked for by the header `Prefer: code=STATUS`.
    fn forced(&self, operation: &'static Operation, status: StatusCode) -> Reply;

    /// Sees each answer before it is sent, with the caller if the request was admitted.
    fn answered(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: Option<&Self::Caller>,
        reply: &Reply,
    );

    /// Largest request body, in bytes.
    fn body_limit(&self) -> usize;
}

/// Answers one request; what generated handlers call.
pub async fn serve<S, Q, F>(
    surface: &S,
    operation: &'static Operation,
    request: Request,
    decode: impl FnOnce(&Incoming) -> Result<Q, Rejection>,
    act: impl FnOnce(S::Caller, Q) -> F,
) -> Response
where
    S: Surface,
    F: Future<Output: Into<Reply>>,
{
    let (parts, body) = request.into_parts();
    let mut incoming = Incoming {
        parts,
        body: Bytes::new(),
    };
    let read = incoming.read(operation, body, surface.body_limit()).await;
    let cut_short = !matches!(read, Ok(End::Reached));
    let (caller, reply) = match read {
        Err(rejection) => (None, surface.reject(operation, rejection)),
        Ok(_) => match surface.admit(operation, &incoming) {
            Err(reply) => (None, reply),
            Ok(caller) => {
                let reply = match preferred(operation, &incoming) {
                    Some(status) => surface.forced(operation, status),
                    None => match decode(&incoming) {
                        Err(rejection) => surface.reject(operation, rejection),
                        Ok(request) => act(caller.clone(), request).await.into(),
                    },
                };
                (Some(caller), reply)
            }
        },
    };
    surface.answered(operation, &incoming, caller.as_ref(), &reply);
    let mut response = reply.into_response();
    if cut_short {
        // The next bytes on this connection would count as the rest of the body.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// The error that a request asks for: `Prefer: code=404`, a custom that spec-driven mocks share. Statuses that the spec
/// does not list for the operation, and those of success, cannot be asked for.
pub(super) fn preferred(operation: &Operation, incoming: &Incoming) -> Option<StatusCode> {
    let preferences = incoming.header("prefer")?.split([',', ';']);
    let code = preferences
        .filter_map(|one| one.trim().strip_prefix("code="))
        .next()?;
    let code = code.trim_matches('"').parse().ok()?;
    if code < 400 || !operation.statuses.contains(&code) {
        return None;
    }
    StatusCode::from_u16(code).ok()
}
