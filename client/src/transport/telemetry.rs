//! Names of spans, events and their fields: the one place that knows them. Must not be given
//! secrets, ids, or URLs with paths and queries; templates stand for paths.

use tracing::{Span, field};

use super::Operation;

/// Target of all spans and events, for filters such as `stepup_client=debug`.
const TARGET: &str = "stepup_client";

/// The span of one logical call, all attempts and waits included. Field names are OpenTelemetry's
/// where it has one.
pub(crate) fn call(api: &'static str, operation: &Operation, server: &url::Url) -> Span {
    tracing::info_span!(
        target: TARGET,
        "call",
        otel.name = operation.id,
        otel.kind = "client",
        otel.status_code = field::Empty,
        stepup.api = api,
        stepup.operation = operation.id,
        http.request.method = operation.method,
        url.template = (!operation.path.is_empty()).then_some(operation.path),
        server.address = server.host_str(),
        server.port = server.port_or_known_default(),
        http.response.status_code = field::Empty,
        http.request.resend_count = field::Empty,
        error.r#type = field::Empty,
    )
}

/// Completes the span of a call.
pub(crate) fn finished(span: &Span, status: Option<u16>, attempts: u32, error_type: Option<&str>) {
    span.record("http.request.resend_count", attempts.saturating_sub(1));
    if let Some(status) = status {
        span.record("http.response.status_code", status);
    }
    if let Some(error_type) = error_type {
        span.record("error.type", error_type);
        span.record("otel.status_code", "ERROR");
    }
}

/// One attempt that was answered.
pub(crate) fn answered(attempt: u32, status: u16) {
    tracing::debug!(target: TARGET, attempt, http.response.status_code = status, "answered");
}

/// One attempt without a whole answer. `error_type` is a word of ours, since error texts can hold
/// URLs.
pub(crate) fn unanswered(attempt: u32, error_type: &'static str) {
    tracing::debug!(target: TARGET, attempt, error.r#type = error_type, "not answered");
}

/// A wait between two attempts.
pub(crate) fn waiting(attempt: u32, wait: std::time::Duration) {
    tracing::debug!(target: TARGET, attempt, wait_ms = wait.as_millis() as u64, "trying again after a wait");
}

/// A repetition that the client's retry budget does not allow.
pub(crate) fn out_of_budget(attempt: u32) {
    tracing::debug!(target: TARGET, attempt, "not tried again, because the retry budget is used up");
}
