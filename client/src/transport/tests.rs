//! [`Transport`] against doubles that answer, break off, or keep silent.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use std::error::Error as _;

use super::*;

const DIALECT: Dialect = Dialect {
    api: "test",
    accepts: |body| body.starts_with(b"{\"ours\""),
    recast: |body| {
        let reason = redact::foreign_reason(body).unwrap_or_default();
        format!("{{\"ours\":\"{reason}\"}}").into_bytes()
    },
};

const OURS: &str = concat!("stepup-client/", env!("CARGO_PKG_VERSION"));

const SAFE: Operation = Operation {
    id: "safe",
    method: "GET",
    path: "/{id}",
    retry: RetryClass::Safe,
    security: &[],
};
const NEVER: Operation = Operation {
    id: "never",
    method: "GET",
    path: "/{id}",
    retry: RetryClass::Never,
    security: &[],
};

struct Reply {
    result: reqwest::Result<Answer>,
    facts: Facts,
    signatures: u32,
}

impl Reply {
    fn status(&self) -> u16 {
        self.result.as_ref().unwrap().status().as_u16()
    }

    fn text(self) -> String {
        String::from_utf8(self.result.unwrap().body().to_vec()).unwrap()
    }
}

async fn call(url: &str, operation: &Operation, limits: Limits) -> Reply {
    let transport = Transport {
        limits,
        ..Transport::new(DIALECT)
    };
    call_by(&transport, url, operation).await
}

async fn call_by(transport: &Transport, url: &str, operation: &Operation) -> Reply {
    let http = http_client(CONNECT_TIMEOUT, Limits::default().attempt, OURS, true, None).unwrap();
    let request = Request::new(reqwest::Method::GET, url.parse().unwrap());
    let facts = Facts::default();
    let signer = Counting::default();
    let result = transport
        .execute(&http, &mut Some(request), operation, &facts, &signer)
        .await;
    Reply {
        result,
        facts,
        signatures: signer.0.into_inner(),
    }
}

/// Signs with the number of the signature.
#[derive(Default)]
struct Counting(AtomicU32);

impl Sign for Counting {
    type Error = std::fmt::Error;

    fn sign(&self, _: &Operation, request: &mut Request) -> Result<(), std::fmt::Error> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        request
            .headers_mut()
            .insert("authentication", HeaderValue::from(number));
        Ok(())
    }
}

/// Signs nothing.
struct Failing;

impl Sign for Failing {
    type Error = std::fmt::Error;

    fn sign(&self, _: &Operation, _: &mut Request) -> Result<(), std::fmt::Error> {
        Err(std::fmt::Error)
    }
}

async fn answering(statuses: &[(u16, Option<&str>)]) -> MockServer {
    let server = MockServer::start().await;
    for (index, (status, retry_after)) in statuses.iter().enumerate() {
        let mut template = ResponseTemplate::new(*status).set_body_string("{\"ours\":\"as sent\"}");
        if let Some(value) = retry_after {
            template = template.insert_header("retry-after", *value);
        }
        let mock = Mock::given(method("GET"))
            .and(path("/x"))
            .respond_with(template);
        let last = index + 1 == statuses.len();
        let mock = if last { mock } else { mock.up_to_n_times(1) };
        mock.with_priority(u8::try_from(index + 1).unwrap())
            .mount(&server)
            .await;
    }
    server
}

/// A server that takes each connection, reads the head of a request, writes these bytes and closes.
fn breaking_off(bytes: &'static [u8], connections: usize) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            stream.write_all(bytes).unwrap();
        }
    });
    address
}

#[tokio::test]
async fn two_failures_and_a_success_are_a_success_signed_three_times() {
    let server = answering(&[(503, None), (503, None), (200, None)]).await;
    let reply = call(&format!("{}/x", server.uri()), &SAFE, Limits::default()).await;
    assert_eq!(
        (reply.status(), reply.facts.attempts(), reply.signatures),
        (200, 3, 3)
    );

    let received = server.received_requests().await.unwrap();
    let signatures: Vec<_> = received
        .iter()
        .map(|request| request.headers["authentication"].to_str().unwrap())
        .collect();
    assert_eq!(signatures, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_foreign_error_body_becomes_ours_with_status_and_headers_kept() {
    let server = MockServer::start().await;
    let page = "<html>SECRET</html>".repeat(10_000);
    let template = ResponseTemplate::new(502)
        .set_body_raw(page, "text/html")
        .insert_header("x-kept", "yes");
    Mock::given(path("/page"))
        .respond_with(template)
        .mount(&server)
        .await;
    let template = ResponseTemplate::new(404).set_body_raw("no such thing\n", "text/plain");
    Mock::given(path("/text"))
        .respond_with(template)
        .mount(&server)
        .await;

    let reply = call(&format!("{}/page", server.uri()), &SAFE, Limits::default()).await;
    assert_eq!((reply.status(), reply.facts.attempts()), (502, 3));
    let headers = reply.result.as_ref().unwrap().headers();
    assert_eq!(
        (&headers["content-type"], &headers["x-kept"]),
        (
            &"application/json".parse().unwrap(),
            &"yes".parse().unwrap()
        )
    );
    assert_eq!(reply.text(), "{\"ours\":\"\"}");

    let reply = call(&format!("{}/text", server.uri()), &SAFE, Limits::default()).await;
    assert_eq!(reply.status(), 404);
    assert_eq!(reply.text(), "{\"ours\":\"no such thing\"}");
}

#[tokio::test]
async fn an_error_body_is_read_up_to_a_limit() {
    let server = MockServer::start().await;
    let body = format!("{{\"ours\":\"{}\"}}", "x".repeat(2 * LARGEST_ERROR));
    Mock::given(path("/x"))
        .respond_with(ResponseTemplate::new(400).set_body_string(body))
        .mount(&server)
        .await;
    let reply = call(&format!("{}/x", server.uri()), &SAFE, Limits::default()).await;
    assert_eq!(reply.text().len(), LARGEST_ERROR);
}

#[tokio::test]
async fn a_callers_own_client_does_not_follow_redirects_either() {
    let server = MockServer::start().await;
    let template = ResponseTemplate::new(302).insert_header("location", "/y");
    Mock::given(path("/x"))
        .respond_with(template)
        .mount(&server)
        .await;
    let eager: HttpBuilder = Box::new(|builder| {
        builder
            .redirect(reqwest::redirect::Policy::limited(5))
            .user_agent("mine/1")
    });
    let http = http_client(
        CONNECT_TIMEOUT,
        Limits::default().attempt,
        OURS,
        true,
        Some(eager),
    )
    .unwrap();
    let answer = http
        .get(format!("{}/x", server.uri()))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 302);
    let received = server.received_requests().await.unwrap();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].headers["user-agent"], "mine/1");
}

#[test]
fn the_url_of_a_path_begins_with_that_of_the_server() {
    for (server, path, url) in [
        ("http://a:1", "/v1/users/b%2Fc", "http://a:1/v1/users/b%2Fc"),
        ("http://a:1/", "/v1", "http://a:1/v1"),
        ("https://a/stem", "/v1/%3F%23", "https://a/stem/v1/%3F%23"),
        ("https://a/stem/", "/v1/b:c", "https://a/stem/v1/b:c"),
    ] {
        let transport = Transport {
            server: Arc::new(server.parse().unwrap()),
            ..Transport::new(DIALECT)
        };
        assert_eq!(transport.url(path).as_str(), url);
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_signed_is_not_sent() {
    let server = answering(&[(200, None)]).await;
    let http = http_client(CONNECT_TIMEOUT, Limits::default().attempt, OURS, true, None).unwrap();
    let request = Request::new(
        reqwest::Method::GET,
        format!("{}/x", server.uri()).parse().unwrap(),
    );
    let facts = Facts::default();
    let transport = Transport::new(DIALECT);
    let mut request = Some(request);
    let sent = transport.execute(&http, &mut request, &SAFE, &facts, &Failing);
    let result = sent.await;
    assert!(result.unwrap_err().is_builder());
    let error = facts.take_unsendable().unwrap();
    assert_eq!(error.kind(), Kind::Signing);
    assert!(error.source().unwrap().is::<std::fmt::Error>());
    assert_eq!(facts.attempts(), 0);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn limits_that_no_clock_can_hold_are_no_limits() {
    let server = answering(&[(200, None)]).await;
    let limits = Limits {
        attempt: Duration::MAX,
        call: Duration::MAX,
        retries: u32::MAX,
        ..Limits::default()
    };
    let reply = call(&format!("{}/x", server.uri()), &SAFE, limits).await;
    assert_eq!(reply.status(), 200);
}

/// Limits without a wait that a test would feel: only answers that ask for none are repeated.
const NO_WAIT: Option<&str> = Some("0");

#[tokio::test]
async fn a_client_without_budget_sends_a_call_once_and_ten_successes_are_worth_a_retry() {
    let server = answering(&[(429, NO_WAIT)]).await;
    let well = answering(&[(200, None)]).await;
    let transport = Transport {
        budget: Arc::new(Budget::new(1)),
        ..Transport::new(DIALECT)
    };
    let failing = format!("{}/x", server.uri());
    // A copy with options draws on the same budget.
    let copy = transport.with(CallOptions::new().retries(9));
    assert_eq!(call_by(&copy, &failing, &SAFE).await.facts.attempts(), 2);
    assert_eq!(
        call_by(&transport, &failing, &SAFE).await.facts.attempts(),
        1
    );
    for _ in 0..10 {
        call_by(&transport, &format!("{}/x", well.uri()), &SAFE).await;
    }
    let reply = call_by(&transport, &failing, &SAFE).await;
    assert_eq!((reply.status(), reply.facts.attempts()), (429, 2));
}

#[tokio::test]
async fn options_change_limits_headers_and_class_of_a_call() {
    let server = answering(&[(503, NO_WAIT)]).await;
    let url = format!("{}/x", server.uri());
    let plain = Transport::new(DIALECT);
    let options = CallOptions::new()
        .idempotency_key("order-1")
        .retries(1)
        .header("x-gateway", "yes");
    let reply = call_by(&plain.with(options), &url, &NEVER).await;
    assert_eq!(reply.facts.attempts(), 2);
    for request in server.received_requests().await.unwrap() {
        assert_eq!(request.headers["idempotency-key"], "order-1");
        assert_eq!(request.headers["x-gateway"], "yes");
    }
    assert_eq!(call_by(&plain, &url, &NEVER).await.facts.attempts(), 1);

    let slow = MockServer::start().await;
    let template = ResponseTemplate::new(200).set_delay(Duration::from_secs(3_600));
    Mock::given(path("/x"))
        .respond_with(template)
        .mount(&slow)
        .await;
    let hasty = plain.with(CallOptions::new().timeout(Duration::from_millis(20)));
    let reply = call_by(&hasty, &format!("{}/x", slow.uri()), &SAFE).await;
    assert!(reply.result.unwrap_err().is_timeout());
}

#[tokio::test]
async fn options_that_cannot_be_sent_send_nothing() {
    let server = answering(&[(200, None)]).await;
    let transport = Transport::new(DIALECT).with(CallOptions::new().header("host", "x"));
    let reply = call_by(&transport, &format!("{}/x", server.uri()), &SAFE).await;
    let error = Error::unanswered(reply.result.unwrap_err(), "safe", &reply.facts);
    assert_eq!((error.kind(), error.attempts()), (Kind::InvalidInput, 0));
    assert!(server.received_requests().await.unwrap().is_empty());
}

/// What a transport tells the application's function.
fn observed(transport: Transport) -> (Transport, Arc<Mutex<Vec<FinishedCall>>>) {
    let calls = Arc::<Mutex<Vec<FinishedCall>>>::default();
    let kept = Arc::clone(&calls);
    let on_call: OnCall = Arc::new(move |call| kept.lock().unwrap().push(call.clone()));
    let transport = Transport {
        on_call: Some(on_call),
        server: Arc::new("http://127.0.0.1".parse().unwrap()),
        ..transport
    };
    (transport, calls)
}

#[tokio::test]
async fn each_call_is_told_once_with_its_facts() {
    let server = answering(&[(429, NO_WAIT), (200, None)]).await;
    let (transport, calls) = observed(Transport::new(DIALECT));
    let url = format!("{}/x", server.uri());
    call_by(&transport, &url, &SAFE).await;
    let refusing = answering(&[(404, None)]).await;
    call_by(&transport, &format!("{}/x", refusing.uri()), &NEVER).await;
    let address = breaking_off(b"", 1);
    call_by(&transport, &format!("http://{address}/x"), &NEVER).await;

    let told: Vec<_> = calls.lock().unwrap().drain(..).collect();
    let short = told.iter().map(|call| {
        let error_type = call.error_type.as_deref();
        (call.operation, call.status, error_type, call.attempts)
    });
    assert_eq!(
        short.collect::<Vec<_>>(),
        [
            ("safe", Some(200), None, 2),
            ("never", Some(404), Some("404"), 1),
            ("never", None, Some("lost"), 1),
        ]
    );
    let first = &told[0];
    assert_eq!(
        (first.api, first.method, first.url_template, first.retries()),
        ("test", "GET", "/{id}", 1)
    );
    assert_eq!(first.server_address, "127.0.0.1");
}

#[tokio::test]
async fn timeouts_refused_connections_and_dropped_calls_are_told_by_their_own_words() {
    let slow = MockServer::start().await;
    let template = ResponseTemplate::new(200).set_delay(Duration::from_secs(3_600));
    Mock::given(path("/x"))
        .respond_with(template)
        .mount(&slow)
        .await;
    let (transport, calls) = observed(Transport::new(DIALECT));
    let last = || {
        calls
            .lock()
            .unwrap()
            .pop()
            .unwrap()
            .error_type
            .unwrap()
            .into_owned()
    };
    let url = format!("{}/x", slow.uri());

    let hasty = transport.with(CallOptions::new().timeout(Duration::from_millis(20)));
    call_by(&hasty, &url, &SAFE).await;
    assert_eq!(last(), "timeout");

    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let refusing = format!("http://{}/x", free.local_addr().unwrap());
    drop(free);
    let once = transport.with(CallOptions::new().retries(0));
    call_by(&once, &refusing, &SAFE).await;
    assert_eq!(last(), "connect");

    let mut dropped = Box::pin(call_by(&transport, &url, &SAFE));
    let waker = std::task::Waker::noop();
    let polled = dropped
        .as_mut()
        .poll(&mut std::task::Context::from_waker(waker));
    assert!(polled.is_pending());
    drop(dropped);
    assert_eq!(last(), "cancelled");
}

#[tokio::test]
async fn a_call_is_a_span_with_opentelemetrys_names_and_an_event_for_each_attempt() {
    recording::start();
    let server = answering(&[(429, NO_WAIT), (503, None)]).await;
    let once = Transport::new(DIALECT).with(CallOptions::new().retries(1));
    call_by(&once, &format!("{}/x", server.uri()), &SAFE).await;
    let log = recording::finish();
    for expected in [
        "otel.name=\"safe\"",
        "otel.kind=\"client\"",
        "http.request.method=\"GET\"",
        "url.template=\"/{id}\"",
        "server.address=\"127.0.0.1\"",
        "server.port=",
        "http.response.status_code=503",
        "http.request.resend_count=1",
        "error.type=\"503\"",
        "otel.status_code=\"ERROR\"",
        "answered attempt=1 http.response.status_code=429",
        "answered attempt=2 http.response.status_code=503",
    ] {
        assert!(log.contains(expected), "{expected} is not in {log}");
    }
}

#[tokio::test]
async fn a_request_that_could_have_content_says_that_it_has_none() {
    let server = MockServer::start().await;
    Mock::given(path("/x"))
        .respond_with(ResponseTemplate::new(200).set_body_string("{\"ours\":1}"))
        .mount(&server)
        .await;
    let http = http_client(CONNECT_TIMEOUT, Limits::default().attempt, OURS, true, None).unwrap();
    for (verb, body, length) in [
        (Method::POST, None, Some("0")),
        (Method::PATCH, None, Some("0")),
        (Method::POST, Some("ab"), Some("2")),
        (Method::GET, None, None),
        (Method::DELETE, None, None),
    ] {
        let url = format!("{}/x", server.uri()).parse().unwrap();
        let mut request = Request::new(verb.clone(), url);
        *request.body_mut() = body.map(reqwest::Body::from);
        let transport = Transport::new(DIALECT);
        let (signer, facts) = (Counting::default(), Facts::default());
        let mut request = Some(request);
        let sent = transport.execute(&http, &mut request, &NEVER, &facts, &signer);
        assert_eq!(sent.await.unwrap().status().as_u16(), 200);
        let received = server.received_requests().await.unwrap().pop().unwrap();
        let shown = received.headers.get("content-length");
        let shown = shown.map(|value| value.to_str().unwrap());
        assert_eq!(shown, length, "{verb}");
    }
}
