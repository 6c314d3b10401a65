//! The `Date` header, by the mock's clock.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::header::{DATE, HeaderValue};
use jiff::fmt::rfc2822::DateTimePrinter;
use tower::Service;
use tower::util::MapResponse;

use crate::runtime::App;

/// A router whose answers are dated by the mock's clock. Around it rather than a layer of it, which would box every request
/// once more.
pub fn dated(
    router: Router,
    app: &Arc<App>,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
    let app = Arc::clone(app);
    MapResponse::new(router, move |response: Response| date(&app, response))
}

/// Dates an answer by the mock's clock; hyper dates those that carry no date by the machine's, which is the same while
/// the clock was not moved.
fn date(app: &App, mut response: Response) -> Response {
    if !app.clock.is_system_time()
        && let Ok(text) = DateTimePrinter::new().timestamp_to_rfc9110_string(&app.clock.now())
        && let Ok(value) = HeaderValue::from_str(&text)
    {
        response.headers_mut().insert(DATE, value);
    }
    response
}
