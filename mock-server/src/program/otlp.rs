//! Where traces go: to an OpenTelemetry collector that a flag or the standard environment variables name, by OTLP over
//! HTTP. Does not know what is in them.
//!
//! A collector that is away costs the spans, and nothing else: a thread of its own exports them, a full queue drops new
//! ones, and the log says it once.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest::Url;
use tokio::runtime::Handle;

use crate::authorities;
use crate::bounds::TRACES_FLUSH;
use crate::runtime::is_loopback;
use crate::traces::Traces;

/// The path of traces below the URL of a collector.
const PATH: &str = "/v1/traces";
/// What the mock is called where nobody says.
const SERVICE: &str = "stepup-mock";
/// How long a collector has to take a batch, where nobody says; as the specification has it.
const TIME: Duration = Duration::from_secs(10);

/// What exports spans, if anything does.
pub(super) struct Export(Option<Begun>);

struct Begun {
    provider: SdkTracerProvider,
    /// Whether the log says already that spans were lost.
    told: Arc<AtomicBool>,
}

/// Begins to export spans if the flag or the environment names a collector.
///
/// # Errors
/// The flag's collector cannot be used. If that of the environment cannot, which is for every program, the log says so.
pub(super) fn export(endpoint: Option<&str>, traces: &Traces) -> anyhow::Result<Export> {
    let begun = match begin(endpoint) {
        Err(error) if endpoint.is_none() => {
            tracing::warn!("no traces are exported: {error:#}");
            None
        }
        begun => begun?,
    };
    if let Some(begun) = &begun {
        traces.begin(begun.provider.tracer(SERVICE));
    }
    Ok(Export(begun))
}

impl Export {
    /// Sends the last spans. An absent collector delays this only so long.
    pub(super) async fn finish(self) {
        let Some(Begun { provider, told }) = self.0 else {
            return;
        };
        // It waits for the thread that exports, which needs this runtime.
        let flush = move || provider.shutdown_with_timeout(TRACES_FLUSH);
        let flushed = tokio::task::spawn_blocking(flush).await;
        if !matches!(flushed, Ok(Ok(()))) && !told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the collector did not take the last traces within {TRACES_FLUSH:?}; they are lost"
            );
        }
    }
}

fn begin(flag: Option<&str>) -> anyhow::Result<Option<Begun>> {
    let Some(endpoint) = endpoint(flag, variable)? else {
        return Ok(None);
    };
    let told = Arc::default();
    let client = Client {
        http: client(&endpoint, time()?)?,
        runtime: Handle::current(),
        collector: endpoint.origin().ascii_serialization(),
        told: Arc::clone(&told),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint.as_str())
        .with_protocol(protocol()?)
        .with_http_client(client)
        // The next batch comes soon, and nobody waits for this one when the mock stops.
        .with_retry_policy(RetryPolicy::disabled())
        .build()
        // Its reason could repeat a header.
        .map_err(|_| anyhow::anyhow!("the settings OTEL_EXPORTER_OTLP_* are not valid"))?;
    let mut resource = Resource::builder();
    if !is_named() {
        resource = resource.with_service_name(SERVICE);
    }
    let provider = SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_batch_exporter(exporter)
        .build();
    Ok(Some(Begun { provider, told }))
}

/// The URL that spans go to, if they go anywhere.
fn endpoint(
    flag: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Option<Url>> {
    let is = |name: &str, value: &str| {
        variable(name).is_some_and(|found| found.trim().eq_ignore_ascii_case(value))
    };
    if flag.is_none() && (is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none")) {
        return Ok(None);
    }
    let (name, text, path) = if let Some(flag) = flag {
        ("--otlp-endpoint", flag.to_owned(), PATH)
    } else if let Some(text) = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", text, "")
    } else if let Some(text) = variable("OTEL_EXPORTER_OTLP_ENDPOINT") {
        ("OTEL_EXPORTER_OTLP_ENDPOINT", text, PATH)
    } else {
        return Ok(None);
    };
    // The text may hold a password, so no message repeats it.
    let wrong = || format!("{name} is not the URL of a collector, such as http://127.0.0.1:4318");
    let mut url: Url = text.trim().parse().ok().with_context(wrong)?;
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    anyhow::ensure!(is_http, wrong());
    anyhow::ensure!(
        url.scheme() == "http" || cfg!(feature = "https"),
        "{name} is https, and this build of the mock speaks http only; build it with its feature `https`, which is a default"
    );
    if !path.is_empty() {
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&(base + path));
    }
    Ok(Some(url))
}

/// How spans are written.
fn protocol() -> anyhow::Result<Protocol> {
    let named = [
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
    ];
    let Some((name, value)) = named
        .into_iter()
        .find_map(|name| Some((name, variable(name)?)))
    else {
        return Ok(Protocol::HttpBinary);
    };
    match value.trim() {
        "http/protobuf" => Ok(Protocol::HttpBinary),
        "http/json" => Ok(Protocol::HttpJson),
        _ => anyhow::bail!(
            "{name} names a protocol that the mock does not speak; it speaks http/protobuf and http/json, mostly at port 4318"
        ),
    }
}

/// How long a collector may take.
fn time() -> anyhow::Result<Duration> {
    let named = [
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
    ];
    let Some((name, value)) = named
        .into_iter()
        .find_map(|name| Some((name, variable(name)?)))
    else {
        return Ok(TIME);
    };
    let time = value.trim().parse().map(Duration::from_millis).ok();
    time.with_context(|| format!("{name} must be a whole number of milliseconds"))
}

/// Whether somebody has named the service.
fn is_named() -> bool {
    let attributes = variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let mut keys = attributes
        .split(',')
        .filter_map(|pair| pair.split_once('='));
    variable("OTEL_SERVICE_NAME").is_some() || keys.any(|(key, _)| key.trim() == "service.name")
}

/// A variable of the environment. An empty one counts as unset, as the specification has it.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok()?;
    (!value.trim().is_empty()).then_some(value)
}

/// A client that asks a proxy of the environment only for collectors elsewhere.
fn client(endpoint: &Url, time: Duration) -> anyhow::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(time);
    let client = match is_loopback(endpoint.host_str().unwrap_or_default()) {
        true => client.no_proxy(),
        false => client,
    };
    let client = authorities::of_machine(client, endpoint.scheme() == "https");
    client.build().context("cannot create the HTTP client")
}

/// Sends batches on the runtime of the mock, because the thread that exports has none.
struct Client {
    http: reqwest::Client,
    runtime: Handle,
    /// Its scheme, host and port.
    collector: String,
    /// Whether the log says already that batches were lost.
    told: Arc<AtomicBool>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("collector", &self.collector)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Says once that spans are lost.
    fn lost(&self, why: &str) {
        if !self.told.swap(true, Ordering::Relaxed) {
            let collector = &self.collector;
            tracing::warn!(
                "the collector at {collector} did not take traces, which are lost: {why}. This warning is not repeated"
            );
        }
    }
}

type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: http::Request<Bytes>,
    ) -> Sending<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let (http, request) = (self.http.clone(), request.try_into()?);
            // Whole, because the client sets its alarm before its first turn.
            let sent = async move { http.execute(request).await };
            let answer = self.runtime.spawn(sent).await;
            let answer = match answer {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => {
                    self.lost(&why(&error));
                    return Err(error.without_url().into());
                }
                // The mock has stopped.
                Err(error) => return Err(error.into()),
            };
            let status = answer.status();
            if !status.is_success() {
                self.lost(&format!("it answered {status}"));
            }
            let mut response = http::Response::new(Bytes::new());
            *response.status_mut() = status;
            Ok(response)
        })
    }
}

/// Why no answer came: the cause at the bottom, without the URL.
fn why(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    match error.is_timeout() {
        true => "no answer came in time".to_owned(),
        false => last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    /// The URL that spans go to with this flag and these variables.
    fn to(flag: Option<&str>, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let variable = |name: &str| {
            let mut found = variables.iter().filter(|(of, _)| *of == name);
            found.next().map(|(_, value)| (*value).to_owned())
        };
        let url = endpoint(flag, variable).map_err(|error| error.to_string())?;
        Ok(url.map(String::from))
    }

    #[test]
    fn a_collector_is_the_one_of_the_flag_or_of_the_standard_variables() {
        const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        let whole = |url: &str| Ok(Some(url.to_owned()));
        assert_eq!(to(None, &[]), Ok(None));
        for base in ["http://c:4318", "http://c:4318/"] {
            assert_eq!(to(Some(base), &[]), whole("http://c:4318/v1/traces"));
            assert_eq!(to(None, &[(ALL, base)]), whole("http://c:4318/v1/traces"));
        }
        assert_eq!(
            to(None, &[(ALL, "http://c/x/")]),
            whole("http://c/x/v1/traces")
        );
        let both = [(ALL, "http://c"), (TRACES, "http://t/spans")];
        assert_eq!(to(None, &both), whole("http://t/spans"));
        assert_eq!(to(Some("http://f"), &both), whole("http://f/v1/traces"));
        for off in [
            ("OTEL_SDK_DISABLED", "TRUE"),
            ("OTEL_TRACES_EXPORTER", "none"),
        ] {
            assert_eq!(to(None, &[off, (ALL, "http://c")]), Ok(None));
            assert_eq!(to(Some("http://f"), &[off]), whole("http://f/v1/traces"));
        }
    }

    #[test]
    fn what_is_no_url_of_a_collector_is_refused_and_not_repeated() {
        for text in ["", "MARKED", "ftp://ada:MARKED@c", "http://"] {
            for error in [
                to(Some(text), &[]).unwrap_err(),
                to(None, &[("OTEL_EXPORTER_OTLP_ENDPOINT", text)]).unwrap_err(),
            ] {
                assert!(error.contains("is not the URL of a collector"), "{error}");
                assert!(!error.contains("MARKED"), "{error}");
            }
        }
    }
}
