//! The front of the whole server: what applies to every request and every answer of every route. Knows no operation.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CACHE_CONTROL, DATE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use tower::{Layer as _, Service, ServiceExt as _};

use super::authsignal::{client::admission::cors, server::admission::is_public};
use super::date::http_date;
use super::origin::scheme;
use super::outlet::Outlet;
use super::settling::{self, Settling};
use super::unmatched::Form;
use super::{forwarded, gate};
use crate::outgoing::Outgoing;
use crate::runtime::App;
use crate::runtime::idle::during;

/// The router behind the gate. This wraps the router, because a layer inside it would box every request once more and
/// would not see requests that match no route.
pub fn front(
    router: Router,
    app: &Arc<App>,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + use<>
{
    // One piece, because each request clones it twice.
    let front = Arc::new((Arc::clone(app), router, Outlet::new()));
    tower::service_fn(move |mut request: Request| {
        let front = Arc::clone(&front);
        async move {
            let (app, router, outlet) = &*front;
            forwarded::settle(app, &mut request).await;
            let span = app.traces.request(&request, scheme(request.extensions()));
            // In its place from the beginning: each wrapper would copy it otherwise, which cost each request 2,000 of 40,000
            // instructions.
            let answer = pin!(answered(app, router.clone(), outlet, request));
            let (mut response, uses) = span.during(during(answer)).await;
            finish(app, &mut response);
            span.answered(response.status());
            // A tenant that expires without requests is in use until its answer is sent. The span of the request lasts as long,
            // too.
            Ok(match uses.is_empty() && span.is_none() {
                true => response,
                false => response.map(|body| Body::new(Outgoing::new(body, (uses, span)))),
            })
        }
    })
}

/// The answer to a request, before the headers that every answer has.
async fn answered(app: &App, mut router: Router, outlet: &Outlet, request: Request) -> Response {
    if let Some(refusal) = gate::refusal(app, &request)
        .or_else(|| gate::repeated_host(app, &request))
        .or_else(|| gate::coded(app, &request))
    {
        return refusal;
    }
    let settling = match Settling::begin(app, &request).await {
        Ok(settling) => settling,
        Err(why) => return settling::refusal(app, &request, &why),
    };
    // Not the path itself, because a copy of it would cost each request more.
    let form = request
        .method()
        .is_safe()
        .then(|| Form::of(request.uri().path()));
    // The router's error type has no value.
    let Ok(response) = if is_public(request.uri().path()) {
        readable(router, request).await
    } else {
        router.call(request).await
    };
    let response = match settling {
        Some(settling) => settling.end(response).await,
        None => response,
    };
    match form {
        Some(form) => outlet.guard(form, response),
        None => response,
    }
}

/// The answer to a request that a page of any origin may read. On the heap, so that no other request pays for its size.
fn readable(
    router: Router,
    request: Request,
) -> Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>> {
    Box::pin(cors().layer(router).oneshot(request))
}

/// Fetch's header for which pages may load an answer without CORS.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Adds the headers that every answer has. Answers contain codes, links and tokens, so no cache may keep them. Nor may
/// a browser guess another type for an answer, such as a script, or a page of another origin load it as its own.
fn finish(app: &App, response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    // hyper dates an answer by the machine's clock. That is right until somebody moves the mock's clock. An answer to a
    // tenant has the tenant's date already.
    if !app.clock.is_system_time()
        && !headers.contains_key(DATE)
        && let Ok(value) = HeaderValue::from_str(&http_date(app.clock.now()))
    {
        headers.insert(DATE, value);
    }
}
