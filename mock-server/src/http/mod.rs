//! The HTTP face: one router over every API, the answers to what no operation matches, and the `Date` header. The only
//! module that knows axum, with the generated routers and `server`.

pub mod activeconnect;
pub mod control;
pub mod surface;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{DATE, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use jiff::fmt::rfc2822::DateTimePrinter;
use tower::ServiceExt as _;

use self::control::Control;
use crate::generated::{activeconnect as activeconnect_api, mock_control as control_api};
use crate::runtime::App;
use crate::runtime::journal::Entry;
use crate::sim::phone::{Line, Phones};

/// The simulated phones of a mock, writing straight into its router.
pub type MockPhones = Phones<Door>;

/// The vendor's API without a network, for callers inside the process.
#[derive(Clone, Debug)]
pub struct Door(Router);

impl Line for Door {
    async fn post(
        &self,
        host: &str,
        target: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> (u16, Bytes) {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(target)
            .header(http::header::HOST, host);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let Ok(request) = request.body(Body::from(body)) else {
            return (StatusCode::BAD_REQUEST.as_u16(), Bytes::new());
        };
        // The router's error type has no value.
        let Ok(response) = self.0.clone().oneshot(request).await;
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

/// The router over everything, and the phones that write into it.
pub fn router(app: &Arc<App>) -> (Router, Arc<MockPhones>) {
    let unmatched = {
        let app = Arc::clone(app);
        move |request: Request| std::future::ready(unmatched(&app, &request, StatusCode::NOT_FOUND))
    };
    let wrong_method = {
        let app = Arc::clone(app);
        move |request: Request| std::future::ready(unmatched_method(&app, &request))
    };
    let vendors = activeconnect_api::routes::router(Arc::new(activeconnect::Activeconnect::new(
        Arc::clone(app),
    )))
    .method_not_allowed_fallback(wrong_method.clone())
    .fallback(unmatched);
    let phones = Arc::new(Phones::new(Door(vendors.clone())));
    let control = Control::new(Arc::clone(app), Arc::clone(&phones));
    let all = control_api::routes::router(Arc::new(control))
        .method_not_allowed_fallback(wrong_method)
        .fallback_service(vendors)
        .layer(middleware::map_response_with_state(Arc::clone(app), date));
    (all, phones)
}

/// Dates an answer by the mock's clock; hyper dates those that carry no date by the machine's, which is the same while
/// the clock was not moved.
async fn date(State(app): State<Arc<App>>, mut response: Response) -> Response {
    if !app.clock.is_system_time()
        && let Ok(text) = DateTimePrinter::new().timestamp_to_rfc9110_string(&app.clock.now())
        && let Ok(value) = HeaderValue::from_str(&text)
    {
        response.headers_mut().insert(DATE, value);
    }
    response
}

fn unmatched_method(app: &App, request: &Request) -> Response {
    unmatched(app, request, StatusCode::METHOD_NOT_ALLOWED)
}

/// The answer to a request that is no operation's.
fn unmatched(app: &App, request: &Request, status: StatusCode) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let reason = if status == StatusCode::METHOD_NOT_ALLOWED {
        format!("{method} is not a method of {path}; the Allow header lists those that are")
    } else if path.starts_with("//") {
        format!(
            "no operation has the path {path}: it starts with two slashes; end the base URL without one"
        )
    } else if path.len() > 1 && path.ends_with('/') {
        format!("no operation has the path {path}: it ends with a slash; remove it")
    } else {
        format!("no operation has the path {path}; the paths are those of the specs in openapi/")
    };
    if is_control(path) {
        return control::problem(status, "unknown", &reason).into_response();
    }
    let target = request
        .uri()
        .path_and_query()
        .map_or(path, http::uri::PathAndQuery::as_str)
        .to_owned();
    app.record(None, |number, at| Entry {
        number,
        at,
        operation: None,
        method: method.to_string(),
        target,
        status: status.as_u16(),
        reason: Some(reason.clone()),
    });
    activeconnect::failure(status, reason).into_response()
}

fn is_control(path: &str) -> bool {
    path == "/_mock" || path.starts_with("/_mock/")
}
