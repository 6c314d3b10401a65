//! An answer: a status, and JSON.

use std::cell::Cell;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER as RETRY_AFTER_HEADER};
use serde::Serialize;

use super::damage::Planned;

/// Largest [`SCRATCH`] that is kept.
const SCRATCH_LIMIT: usize = 64 * 1024;

thread_local! {
    /// A buffer for writing answers. Copying them out at their exact size costs less than growing each one.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// The JSON body. Empty if the answer has none.
    pub body: Bytes,
    /// Seconds after which the caller may ask again, where the answer says so. A 429 always does.
    pub retry_after: Option<u64>,
    /// What was planned for this answer, if anything was.
    pub planned: Option<Arc<Planned>>,
}

/// What a 429 says of which nobody knows when the limit is over: the window of most limits.
const RETRY_AFTER: u64 = 60;

/// Seconds that the `Retry-After` of an answer says, if it has one: those that are known, or a guess for every 429.
pub fn retry_after(status: StatusCode, known: Option<u64>) -> Option<u64> {
    let limited = status == StatusCode::TOO_MANY_REQUESTS;
    known.or(limited.then_some(RETRY_AFTER))
}

impl Reply {
    /// An answer without a body.
    pub const fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: Bytes::new(),
            retry_after: None,
            planned: None,
        }
    }

    /// An answer with a JSON body.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Self {
        let mut written = SCRATCH.take();
        written.clear();
        let reply = match sonic_rs::to_writer(&mut written, body) {
            Ok(()) => Self {
                status,
                body: Bytes::copy_from_slice(&written),
                retry_after: None,
                planned: None,
            },
            // Only a map with keys that are not strings gets here, and no spec can describe one.
            Err(_) => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                body: Bytes::from_static(
                    br#"{"error":"the mock cannot write its answer as JSON"}"#,
                ),
                retry_after: None,
                planned: None,
            },
        };
        if written.capacity() <= SCRATCH_LIMIT {
            SCRATCH.set(written);
        }
        reply
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let empty = self.body.is_empty();
        let retry_after = retry_after(self.status, self.retry_after);
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        if !empty {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        if let Some(seconds) = retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER_HEADER, seconds.into());
        }
        if let Some(planned) = self.planned {
            add(&planned, &mut response);
        }
        response
    }
}

/// Adds what was planned for an answer.
fn add(planned: &Planned, response: &mut Response) {
    if let Some(instead) = &planned.instead {
        let headers = response.headers_mut();
        if let Some(kind) = &instead.content_type {
            headers.insert(CONTENT_TYPE, kind.clone());
        }
        for (name, value) in &instead.headers {
            headers.insert(name.clone(), value.clone());
        }
    }
    if let Some(wreck) = &planned.wreck {
        response.extensions_mut().insert(wreck.clone());
    }
}
