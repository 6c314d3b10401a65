//! `GET /_mock/metrics`: what the mock counts, as Prometheus reads it. Knows no operation.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::runtime::App;

/// The text format that the library writes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of `app`.
pub(super) fn router(app: &Arc<App>) -> Router {
    let app = Arc::clone(app);
    let metrics = move || std::future::ready(metrics(&app));
    Router::new().route("/_mock/metrics", get(metrics))
}

fn metrics(app: &App) -> Response {
    match text(app) {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        // Writing into a text does not fail.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Collects when somebody asks, so that requests pay for nothing but the count.
fn text(app: &App) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("stepup_mock");
    let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The mock", build);
    let requests = Family::<[(&str, String); 3], Counter>::default();
    for (counted, count) in app.counts() {
        let labels = [
            ("api", counted.api.to_owned()),
            (
                "operation",
                counted.operation.unwrap_or_default().to_owned(),
            ),
            ("status", counted.status.to_string()),
        ];
        requests.get_or_create(&labels).inc_by(count);
    }
    let help = "Requests to the vendors' APIs and the hosted pages that the mock has answered";
    registry.register("requests", help, requests);
    let gauge = |value: usize| {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        gauge
    };
    registry.register("tenants", "Tenants", gauge(app.tenants().len()));
    let kept = gauge(app.recorded());
    registry.register("journal_entries", "Requests that the journals keep", kept);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}
