//! The `Date` header, by the mock's clock.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::header::{DATE, HeaderValue};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tower::Service;
use tower::util::MapResponse;

use crate::runtime::App;

/// A router that dates its answers by the mock's clock. This wraps the router: a layer of it would box every request
/// once more.
pub fn dated(
    router: Router,
    app: &Arc<App>,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
    let app = Arc::clone(app);
    MapResponse::new(router, move |response: Response| date(&app, response))
}

/// Dates an answer by the mock's clock. hyper dates an answer without a date by the machine's clock, which shows the same
/// time until the mock's is moved.
fn date(app: &App, mut response: Response) -> Response {
    if !app.clock.is_system_time()
        && let Ok(value) = HeaderValue::from_str(&http_date(app.clock.now()))
    {
        response.headers_mut().insert(DATE, value);
    }
    response
}

/// A time as HTTP writes it.
pub(crate) fn http_date(at: Timestamp) -> String {
    // Fails only for years before our era.
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_else(|_| at.to_string())
}
