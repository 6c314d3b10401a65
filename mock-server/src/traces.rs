//! Traces by OpenTelemetry: a span for each request that the mock answers, and one for each webhook that it sends. Knows
//! no API. A span holds nothing secret and nothing of a user: no query, no header, no body, and a path only where it is
//! the same for everybody.
//!
//! The names are those of OpenTelemetry's semantic conventions for HTTP, and `stepup.*` for what only the mock has.
//! Nothing is traced until somebody says where to.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::header::HeaderValue;
use http::{HeaderMap, Method, Request, StatusCode, Version};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{
    FutureExt as _, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracer;
use reqwest::Url;

use crate::bounds::DELIVERIES;

/// W3C's header that names the span which a request belongs to. `tracestate` is what a caller likes, so the mock neither
/// keeps it nor hands it on.
const TRACEPARENT: &str = "traceparent";

const METHOD: &str = "http.request.method";
const ROUTE: &str = "http.route";
const STATUS: &str = "http.response.status_code";
const ERROR: &str = "error.type";

/// Where spans go; nowhere at first.
#[derive(Clone, Debug, Default)]
pub struct Traces(Arc<OnceLock<SdkTracer>>);

impl Traces {
    /// Sends spans there from now on.
    pub fn begin(&self, tracer: SdkTracer) {
        // A mock begins once.
        let _ = self.0.set(tracer);
    }

    /// The span of a request that came by this scheme, below the span that the request names.
    pub fn request<B>(&self, request: &Request<B>, scheme: &'static str) -> Served {
        let Some(tracer) = self.0.get() else {
            return Served(None);
        };
        let method = known(request.method());
        let parent = TraceContextPropagator::new()
            .extract_with_context(&Context::new(), &Parent(request.headers()));
        let span = tracer
            .span_builder(method.unwrap_or("HTTP"))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new(METHOD, method.unwrap_or("_OTHER")),
                KeyValue::new("url.scheme", scheme),
                KeyValue::new("network.protocol.version", version(request.version())),
            ])
            .start_with_context(tracer, &parent);
        let asked = Asked {
            method: method.unwrap_or("HTTP"),
            path: request.uri().path().to_owned(),
        };
        Served(Some(parent.with_span(span).with_value(asked)))
    }

    /// The span of a webhook of this type, below the request that sends it now, or else below the one that caused it.
    pub fn delivery(&self, event: &'static str, url: &str, cause: Option<SpanContext>) -> Sent {
        let Some(tracer) = self.0.get() else {
            return Sent(None);
        };
        let current = Context::current();
        let parent = match cause {
            Some(cause) if !current.has_active_span() => {
                Context::new().with_remote_span_context(cause)
            }
            _ => current,
        };
        // Of its URL, the path and the query may be private.
        let url: Option<Url> = url.parse().ok();
        let mut attributes = vec![
            KeyValue::new(METHOD, "POST"),
            KeyValue::new("stepup.webhook", event),
        ];
        if let Some(url) = &url {
            attributes.push(KeyValue::new("url.scheme", url.scheme().to_owned()));
            let host = url.host_str().map(str::to_owned);
            attributes.extend(host.map(|host| KeyValue::new("server.address", host)));
            let port = url.port_or_known_default().map(i64::from);
            attributes.extend(port.map(|port| KeyValue::new("server.port", port)));
        }
        let span = tracer
            .span_builder("POST")
            .with_kind(SpanKind::Client)
            .with_attributes(attributes)
            .start_with_context(tracer, &parent);
        Sent(Some(parent.with_span(span)))
    }
}

/// What a request asks for, until the operation is known.
struct Asked {
    method: &'static str,
    path: String,
}

/// Marks what the mock does for a request by requests of its own, which are no requests of the caller.
struct Aside;

/// The span of a request. It ends when this is dropped.
#[derive(Debug)]
pub struct Served(Option<Context>);

impl Served {
    /// Whether the request has none.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The work of the request, which the span then hears of.
    pub fn during<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        let context = self.0.clone();
        async move {
            match context {
                None => work.await,
                Some(context) => work.with_context(context).await,
            }
        }
    }

    /// The request has its answer, which may still be on its way.
    pub fn answered(&self, status: StatusCode) {
        if let Some(context) = &self.0 {
            let span = context.span();
            span.set_attribute(KeyValue::new(STATUS, i64::from(status.as_u16())));
            if status.is_server_error() {
                span.set_attribute(KeyValue::new(ERROR, status.as_str().to_owned()));
                span.set_status(Status::error(""));
            }
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // What it has started may hold the context for longer.
        if let Some(context) = &self.0 {
            context.span().end();
        }
    }
}

/// The span of a webhook. It ends when this is dropped.
#[derive(Debug)]
pub struct Sent(Option<Context>);

impl Sent {
    /// The header by which the receiver continues the trace.
    pub fn traceparent(&self) -> Option<(&'static str, HeaderValue)> {
        let mut header = Header(None);
        TraceContextPropagator::new().inject_context(self.0.as_ref()?, &mut header);
        Some((TRACEPARENT, header.0?))
    }

    /// The receiver has answered, or not.
    pub fn answered(&self, status: Option<u16>) {
        let Some(context) = &self.0 else {
            return;
        };
        let span = context.span();
        if let Some(status) = status {
            span.set_attribute(KeyValue::new(STATUS, i64::from(status)));
        }
        match status {
            Some(..400) => {}
            Some(status) => {
                span.set_attribute(KeyValue::new(ERROR, status.to_string()));
                span.set_status(Status::error(""));
            }
            None => {
                span.set_attribute(KeyValue::new(ERROR, "no_answer"));
                span.set_status(Status::error("the receiver did not answer"));
            }
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if let Some(context) = &self.0 {
            context.span().end();
        }
    }
}

/// The spans that the deliveries of a tenant were made under, for those that are sent later.
#[derive(Debug, Default)]
pub struct Causes(Mutex<VecDeque<(u64, SpanContext)>>);

impl Causes {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, SpanContext)>> {
        // Nothing that holds the lock can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the request of this task has made the deliveries after the one with the number `before`.
    pub fn note(&self, before: u64, last: u64) {
        if last <= before {
            return;
        }
        let cause = Context::map_current(|context| context.span().span_context().clone());
        if !cause.is_valid() {
            return;
        }
        let mut causes = self.lock();
        for number in before + 1..=last {
            if causes.len() == DELIVERIES {
                causes.pop_front();
            }
            causes.push_back((number, cause.clone()));
        }
    }

    /// What a delivery was made under.
    pub fn of(&self, number: u64) -> Option<SpanContext> {
        // After a reset, the numbers begin anew.
        let causes = self.lock();
        let found = causes.iter().rev().find(|(of, _)| *of == number);
        found.map(|(_, cause)| cause.clone())
    }
}

/// What a task does that the request of this task has started.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> + use<F> {
    work.with_context(Context::current())
}

/// What the mock does by requests of its own: the span of the caller's request hears nothing of them.
pub fn aside<F: Future>(work: F) -> impl Future<Output = F::Output> + use<F> {
    work.with_context(Context::current().with_value(Aside))
}

/// Tells the span of this task's request.
fn tell(what: impl FnOnce(&Context)) {
    Context::map_current(|context| {
        if context.has_active_span() && context.get::<Aside>().is_none() {
            what(context);
        }
    });
}

/// The request is one of this operation, or of a page, at a path of this form.
pub fn routed(route: &str, operation: Option<&'static str>) {
    tell(|context| {
        let span = context.span();
        span.set_attribute(KeyValue::new(ROUTE, route.to_owned()));
        if let Some(asked) = context.get::<Asked>() {
            span.update_name(format!("{} {route}", asked.method));
            // A path with parameters has users and tokens in it.
            if asked.path == route {
                span.set_attribute(KeyValue::new("url.path", route.to_owned()));
            }
        }
        if let Some(operation) = operation {
            span.set_attribute(KeyValue::new("stepup.operation", operation));
        }
    });
}

/// The request is one to this API, of this tenant if it is known.
pub fn belongs(api: &'static str, tenant: Option<&str>) {
    tell(|context| {
        let span = context.span();
        span.set_attribute(KeyValue::new("stepup.api", api));
        if let Some(tenant) = tenant {
            span.set_attribute(KeyValue::new("stepup.tenant", tenant.to_owned()));
        }
    });
}

/// Somebody has planned this for the request.
pub fn planned(what: &str) {
    tell(|context| {
        let fault = KeyValue::new("stepup.fault", what.to_owned());
        context.span().set_attribute(fault);
    });
}

/// A method by its name, if it is one that the conventions know: a caller can invent any other.
fn known(method: &Method) -> Option<&'static str> {
    let known = [
        "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE",
    ];
    known.into_iter().find(|known| method == known)
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    }
}

/// The header `traceparent` of a request.
struct Parent<'a>(&'a HeaderMap);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        // Of two, nobody knows which is right.
        let mut values = self.0.get_all(TRACEPARENT).iter();
        let value = values.next().filter(|_| key == TRACEPARENT)?;
        values.next().is_none().then(|| value.to_str().ok())?
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

/// The header `traceparent` of a webhook.
struct Header(Option<HeaderValue>);

impl Injector for Header {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = value.try_into().ok();
        }
    }
}
