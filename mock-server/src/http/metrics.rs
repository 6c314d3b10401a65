//! `GET /_mock/metrics`: what the mock counts, as Prometheus reads it. Knows no operation.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::runtime::{App, Counted};

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
fn text(app: &App) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("stepup_mock");
    let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The mock", build);
    registry.register_collector(Box::new(Requests(app.counts())));
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

/// The counted requests, in the same order each time.
#[derive(Debug)]
struct Requests(Vec<(Counted, u64)>);

impl Collector for Requests {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut requests = encoder.encode_descriptor(
            "requests",
            "Requests to the vendors' APIs and the hosted pages that the mock has answered.",
            None,
            MetricType::Counter,
        )?;
        for (counted, count) in &self.0 {
            let status = counted.status.to_string();
            let labels = [
                ("api", counted.api),
                ("operation", counted.operation.unwrap_or_default()),
                ("status", &status),
            ];
            ConstCounter::new(*count).encode(requests.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
