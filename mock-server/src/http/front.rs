//! The front of the whole server: what applies to every request and every answer of every route.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CACHE_CONTROL, DATE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use tower::Service;

use super::date::http_date;
use super::gate;
use crate::runtime::App;

/// The router behind the gate. This wraps the router, because a layer inside it would box every request once more and
/// would not see requests that match no route.
pub fn front(
    router: Router,
    app: &Arc<App>,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + use<>
{
    let app = Arc::clone(app);
    tower::service_fn(move |request: Request| {
        let (app, mut router) = (Arc::clone(&app), router.clone());
        async move {
            let mut response = match gate::refusal(&app, &request) {
                Some(refusal) => refusal,
                None => {
                    // The router's error type has no value.
                    let Ok(response) = router.call(request).await;
                    response
                }
            };
            finish(&app, &mut response);
            Ok(response)
        }
    })
}

/// Adds the headers that every answer has. Answers contain codes, links and tokens, so no cache may keep them. Nor may
/// a browser guess another type for an answer, such as a script.
fn finish(app: &App, response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // hyper dates an answer by the machine's clock. That is right until somebody moves the mock's clock.
    if !app.clock.is_system_time()
        && let Ok(value) = HeaderValue::from_str(&http_date(app.clock.now()))
    {
        headers.insert(DATE, value);
    }
}
