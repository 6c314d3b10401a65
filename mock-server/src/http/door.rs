//! Requests to the vendors' APIs from inside the process, without a network. Knows no operation.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Limited};
use tower::ServiceExt as _;

use crate::sim::phone::{Line, Phones};
use crate::traces;

/// The simulated phones of a mock, writing straight into its router.
pub type MockPhones = Phones<Door>;

/// The vendor's API without a network, for callers inside the process. It makes its router when it is first used, because
/// most mocks never use it.
#[derive(Debug)]
pub struct Door(LazyLock<Router, Box<dyn FnOnce() -> Router + Send>>);

impl Door {
    /// A door to what `make` makes.
    pub(super) fn new(make: impl FnOnce() -> Router + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(make)))
    }
}

/// Marks a request that comes from inside the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inside;

impl Line for Door {
    async fn send(
        &self,
        method: &str,
        host: &str,
        target: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> (u16, Bytes) {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(http::header::HOST, host)
            .extension(Inside);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let Ok(request) = request.body(Body::from(body)) else {
            return (StatusCode::BAD_REQUEST.as_u16(), Bytes::new());
        };
        // The router's error type has no value.
        let Ok(response) = traces::aside(Router::clone(&self.0).oneshot(request)).await;
        let status = response.status().as_u16();
        // Answers are the mock's own and small; the limit is against a mistake of ours.
        let body = Limited::new(response.into_body(), 16 * 1024 * 1024)
            .collect()
            .await;
        (
            status,
            body.map(http_body_util::Collected::to_bytes)
                .unwrap_or_default(),
        )
    }
}
