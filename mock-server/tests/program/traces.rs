//! Traces of the program: what a collector gets, and what becomes of a mock without one. Must not use the mock as a library.

use conformance::receiver::{Receiver, Reply};
use conformance::wire::{self, Request};
use serde_json::Value;

use crate::running::{Running, Stopped, command, run};
use crate::{API_SECRET, FREE_PORT, MANAGEMENT_SECRET, fails};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
/// A word in everything that no span may have.
const MARK: &str = "MARKED";

/// A mock with these flags, in this environment.
fn start(flags: &[&str], environment: &[(&str, &str)]) -> Running {
    let mut command = command(&[&FREE_PORT[..], flags].concat());
    command.envs(environment.iter().copied());
    Running::of(command)
}

/// Stops a mock while its collector still answers.
async fn stop(running: Running) -> Stopped {
    let stopped = tokio::task::spawn_blocking(|| running.signal("TERM"));
    stopped.await.unwrap()
}

/// The spans that a collector got as JSON.
fn spans(collector: &Receiver) -> Vec<Value> {
    let batches = collector.take();
    let mut spans = Vec::new();
    for batch in &batches {
        assert_eq!(
            (batch.method.as_str(), batch.target.as_str()),
            ("POST", "/v1/traces")
        );
        let body = batch.json();
        let resource = &body["resourceSpans"][0];
        let service = word(&resource["resource"], "service.name");
        assert_eq!(service.as_deref(), Some("stepup-mock"));
        let scopes = resource["scopeSpans"].as_array().unwrap();
        spans.extend(
            scopes
                .iter()
                .flat_map(|scope| scope["spans"].as_array().unwrap().clone()),
        );
    }
    spans
}

/// An attribute as text, if it is there.
fn word(of: &Value, key: &str) -> Option<String> {
    let mut attributes = of["attributes"].as_array()?.iter();
    let value = &attributes.find(|one| one["key"] == key)?["value"];
    let value = value.as_object()?.values().next()?;
    Some(
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
    )
}

/// The only span with this name.
fn named<'a>(spans: &'a [Value], name: &str) -> &'a Value {
    let mut found = spans.iter().filter(|span| span["name"] == name);
    let span = found
        .next()
        .unwrap_or_else(|| panic!("no {name} in {spans:#?}"));
    assert_eq!(found.next(), None, "{name} is there twice");
    span
}

/// What a span says, attribute by attribute.
fn says(span: &Value, attributes: &[(&str, Option<&str>)]) {
    for (key, value) in attributes {
        assert_eq!(word(span, key).as_deref(), *value, "{key} of {span:#}");
    }
}

#[tokio::test]
async fn a_collector_gets_a_span_of_each_request_and_webhook_and_nothing_secret() {
    let (collector, hook) = (Receiver::start().await, Receiver::start().await);
    let webhook = format!("{}/{MARK}?key={MARK}", hook.base());
    let flags = ["--otlp-endpoint", &collector.base(), "--webhook", &webhook];
    let running = start(&flags, &[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]);
    let address = running.address();
    let ask = async |request: Request| wire::send(address, &request).await.status;
    let of_user = |method: &str, rest: &str| {
        Request::new(method, &format!("/v1/users/{MARK}{rest}?filter={MARK}"))
            .header("User-Agent", MARK)
            .header("traceparent", &format!("00-{TRACE}-{PARENT}-01"))
            .header("tracestate", &format!("vendor={MARK}"))
    };
    let phone = format!(
        r#"{{"verificationMethod":"SMS","phoneNumber":"+6427{}"}}"#,
        "0".repeat(7)
    );
    let enroll = of_user("POST", "/authenticators")
        .basic(API_SECRET)
        .json(phone);
    assert_eq!(ask(enroll).await, 200);
    hook.next().await;
    let plan = r#"{"faults":[{"operation":"track","status":503,"latency":{"milliseconds":1}}]}"#;
    assert_eq!(
        ask(Request::new("POST", "/_mock/faults").json(plan)).await,
        200
    );
    let track = of_user("POST", &format!("/actions/{MARK}")).basic(API_SECRET);
    assert_eq!(
        ask(track.json(format!(r#"{{"email":"{MARK}@a.test"}}"#))).await,
        503
    );
    assert_eq!(ask(of_user("GET", "").basic(MARK)).await, 401);
    let forced = Request::new("GET", "/v1/management/tenant").header("Prefer", "code=429");
    assert_eq!(ask(forced.basic(MANAGEMENT_SECRET)).await, 429);
    assert_eq!(
        ask(Request::new("GET", &format!("/challenge?token={MARK}"))).await,
        403
    );
    assert_eq!(ask(Request::new(MARK, &format!("/{MARK}"))).await, 404);
    let sent = hook.take();
    let stopped = stop(running).await;
    assert_eq!(stopped.code, Some(0));
    let spans = spans(&collector);
    let text = serde_json::to_string(&spans).unwrap();
    for secret in [MARK, API_SECRET, MANAGEMENT_SECRET, "+6427", "@a.test"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }

    let enroll = named(&spans, "POST /v1/users/{userId}/authenticators");
    assert_eq!(
        (&enroll["traceId"], &enroll["parentSpanId"]),
        (&TRACE.into(), &PARENT.into())
    );
    assert_eq!(enroll["kind"], 2, "a server's");
    says(
        enroll,
        &[
            ("http.request.method", Some("POST")),
            ("http.route", Some("/v1/users/{userId}/authenticators")),
            ("http.response.status_code", Some("200")),
            ("url.scheme", Some("http")),
            ("url.path", None),
            ("network.protocol.version", Some("1.1")),
            ("stepup.api", Some("authsignal")),
            ("stepup.operation", Some("enroll_verified_authenticator")),
            ("stepup.tenant", Some("mock-app")),
            ("stepup.fault", None),
        ],
    );
    let delivery = named(&spans, "POST");
    assert_eq!(
        (&delivery["traceId"], &delivery["parentSpanId"]),
        (&TRACE.into(), &enroll["spanId"])
    );
    assert_eq!(delivery["kind"], 3, "a client's");
    says(
        delivery,
        &[
            ("http.request.method", Some("POST")),
            ("http.response.status_code", Some("200")),
            ("server.address", Some("127.0.0.1")),
            ("server.port", Some(&hook.port().to_string())),
            ("stepup.webhook", Some("authenticator.created")),
            ("url.full", None),
        ],
    );
    let own = delivery["spanId"].as_str().unwrap();
    assert_eq!(sent[0].text("traceparent"), format!("00-{TRACE}-{own}-01"));
    assert_eq!(sent[0].header("tracestate"), None);

    let track = named(&spans, "POST /v1/users/{userId}/actions/{action}");
    says(
        track,
        &[
            ("http.response.status_code", Some("503")),
            ("error.type", Some("503")),
        ],
    );
    let fault = word(track, "stepup.fault").unwrap();
    assert!(
        fault.contains("fault-1") && fault.contains("status 503"),
        "{fault}"
    );
    assert_eq!(track["status"]["code"], 2, "an error");
    let refused = named(&spans, "GET /v1/users/{userId}");
    says(
        refused,
        &[
            ("http.response.status_code", Some("401")),
            ("stepup.tenant", None),
        ],
    );
    let forced = named(&spans, "GET /v1/management/tenant");
    says(
        forced,
        &[
            ("url.path", Some("/v1/management/tenant")),
            ("stepup.fault", Some("the header Prefer")),
        ],
    );
    assert_ne!(forced["traceId"], TRACE, "nobody has named its parent");
    says(
        named(&spans, "GET /challenge"),
        &[("stepup.api", Some("pages"))],
    );
    let control = named(&spans, "POST /_mock/faults");
    says(
        control,
        &[("stepup.api", Some("control")), ("stepup.tenant", None)],
    );
    let unknown = named(&spans, "HTTP");
    says(
        unknown,
        &[
            ("http.request.method", Some("_OTHER")),
            ("http.route", None),
            ("url.path", None),
        ],
    );
}

#[tokio::test]
async fn a_phone_of_the_mock_adds_nothing_to_the_span_of_who_uses_it() {
    let collector = Receiver::start().await;
    let running = start(
        &["--seed", "demo", "--otlp-endpoint", &collector.base()],
        &[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")],
    );
    let approve = Request::new("POST", "/_mock/phone/approve").json(r#"{"userId":"nobody"}"#);
    wire::send(running.address(), &approve).await;
    stop(running).await;
    let spans = spans(&collector);
    assert_eq!(spans.len(), 1, "{spans:#?}");
    says(
        named(&spans, "POST /_mock/phone/approve"),
        &[
            ("stepup.api", Some("control")),
            ("stepup.operation", Some("phone_approve")),
        ],
    );
}

#[tokio::test]
async fn the_standard_variables_name_the_collector_the_service_and_the_form() {
    let collector = Receiver::start().await;
    let to = ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.base());
    let health = Request::new("GET", "/_mock/health");
    for off in [
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_SDK_DISABLED", "true"),
    ] {
        let running = start(&[], &[to, off]);
        wire::send(running.address(), &health).await;
        stop(running).await;
        assert!(collector.take().is_empty(), "{off:?}");
    }
    let named = [
        to,
        ("OTEL_SERVICE_NAME", "shop-mock"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=k1"),
    ];
    let running = start(&[], &named);
    wire::send(running.address(), &health).await;
    stop(running).await;
    let [batch] = collector.take().try_into().unwrap();
    assert_eq!(batch.target, "/v1/traces");
    assert_eq!(batch.text("content-type"), "application/x-protobuf");
    assert_eq!(batch.text("api-key"), "k1");
    let holds = |text: &str| {
        batch
            .body
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("shop-mock") && holds("/_mock/health"));
    assert!(!holds("stepup-mock-"));
}

#[tokio::test]
async fn a_collector_that_is_away_or_refuses_costs_the_spans_and_one_line_of_the_log() {
    let (_socket, away) = wire::silent();
    let refusing = Receiver::that(Reply::Status(500)).await;
    for (endpoint, why) in [
        (format!("http://{away}"), "refused"),
        (refusing.base(), "it answered 500"),
    ] {
        // Each span is a batch.
        let running = start(
            &["--otlp-endpoint", &endpoint],
            &[
                ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1"),
                ("OTEL_BSP_SCHEDULE_DELAY", "1"),
            ],
        );
        for _ in 0..20 {
            let health = Request::new("GET", "/_mock/health");
            assert_eq!(wire::send(running.address(), &health).await.status, 200);
        }
        let stopped = stop(running).await;
        assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
        let told = stopped.stderr.matches("did not take traces").count();
        assert_eq!(told, 1, "{}", stopped.stderr);
        assert!(stopped.stderr.contains(why), "{}", stopped.stderr);
    }
}

#[tokio::test]
async fn a_collector_that_says_nothing_holds_up_neither_requests_nor_the_end() {
    let silent = Receiver::that(Reply::Silence).await;
    let running = start(
        &["--otlp-endpoint", &silent.base()],
        &[("OTEL_BSP_SCHEDULE_DELAY", "1")],
    );
    let health = Request::new("GET", "/_mock/health");
    assert_eq!(wire::send(running.address(), &health).await.status, 200);
    // The export is under way.
    silent.next().await;
    assert_eq!(wire::send(running.address(), &health).await.status, 200);
    let stopped = stop(running).await;
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    let said = "did not take the last traces within 2s";
    assert!(stopped.stderr.contains(said), "{}", stopped.stderr);
}

#[tokio::test]
async fn a_wrong_flag_ends_the_start_and_a_wrong_variable_is_in_the_log() {
    let wrong = ["--otlp-endpoint", "ftp://ada:MARKED@host"];
    let output = run(&[&FREE_PORT[..], &wrong].concat());
    fails(&output, &["--otlp-endpoint is not the URL of a collector"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains(MARK));

    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let mut flag = command(&[&FREE_PORT[..], &["--otlp-endpoint", "http://127.0.0.1:9"]].concat());
    fails(
        &flag.envs([grpc]).output().unwrap(),
        &["http/protobuf and http/json"],
    );
    let running = start(
        &[],
        &[grpc, ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")],
    );
    let said = stop(running).await.stderr;
    assert!(said.contains("no traces are exported"), "{said}");
}
