//! Requests to a mock without a network: any target, any header, any body.
//!
//! The promises: no answer is a fault of the mock; a refused request changes nothing; what is said to be JSON is JSON; no
//! token that the mock did not issue is good.

use std::panic::AssertUnwindSafe;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response};
use serde_json::{Value, json};
use stepup_mock::fuzz::{Mock, Operation, operations};

const HOST: &str = "localhost:4750";
const SECRET: &str = "mock-authsignal-secret-0123456789abcdef";
const TENANT: &str = "00000000-0000-4000-8000-000000000001";

fn basic(name: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:")))
}

fn request(method: &str, target: &str, body: Vec<u8>) -> Request<Vec<u8>> {
    let request = Request::builder().method(method).uri(target);
    request.header("host", HOST).body(body).unwrap()
}

/// A request with the API secret.
fn by_server(method: &str, target: &str, body: Vec<u8>) -> Request<Vec<u8>> {
    let mut request = request(method, target, body);
    let secret = basic(SECRET).parse().unwrap();
    request.headers_mut().insert("authorization", secret);
    request
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(body);
        panic!("{error}: {text}")
    })
}

fn get(mock: &Mock, target: &str) -> Value {
    json_of(
        mock.send(request("GET", target, Vec::new()))
            .unwrap()
            .body(),
    )
}

/// A token for an action of ada, who has authenticators.
fn token(mock: &Mock) -> String {
    let body = json!({"scope": "read:authenticators add:authenticators update:authenticators"});
    let track = by_server(
        "POST",
        "/v1/users/ada/actions/signIn",
        body.to_string().into(),
    );
    let answer = json_of(mock.send(track).unwrap().body());
    answer["token"].as_str().unwrap().to_owned()
}

/// Sends a request and checks the promises.
fn keep_promises(mock: &Mock, request: Request<Vec<u8>>) -> Response<()> {
    let before = get(mock, "/_mock/state");
    let asks = format!("{request:?}");
    let answer = mock.send(request).unwrap();
    let status = answer.status();
    assert!(!status.is_server_error(), "{status}: {asks}");
    if status.is_client_error() {
        assert_eq!(get(mock, "/_mock/state"), before, "{status}: {asks}");
    }
    let kind = answer.headers().get("content-type");
    if kind.is_some_and(|kind| kind == "application/json") {
        json_of(answer.body());
    }
    answer.map(|_| ())
}

/// A request written as HTTP does, one line each for the request and its headers, then an empty one, then the body. `$B`,
/// `$P` and `$T` stand for an API secret, a tenant's id and a token that are good.
fn read(text: &[u8], token: &str) -> Option<Request<Vec<u8>>> {
    let end = text.windows(2).position(|two| two == b"\n\n");
    let (head, body) = match end {
        Some(end) => (text.get(..end)?, text.get(end + 2..)?),
        None => (text, &b""[..]),
    };
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split('\n');
    let (method, target) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(target);
    request = request.header("host", HOST);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        // An answer that was asked for says nothing about the mock.
        if name.eq_ignore_ascii_case("prefer") || name.eq_ignore_ascii_case("host") {
            continue;
        }
        let value = value
            .trim()
            .replace("$B", &basic(SECRET))
            .replace("$P", &basic(TENANT))
            .replace("$T", &format!("Bearer {token}"));
        request = request.header(name, value);
    }
    request.body(body.to_vec()).ok()
}

/// Any request.
#[test]
fn request_head() {
    let mock = AssertUnwindSafe(Mock::start().unwrap());
    bolero::check!(name = "request_head")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| {
            mock.reset();
            let token = token(&mock);
            let Some(request) = read(bytes, &token) else {
                return;
            };
            // It never ends.
            if request.uri().path() != "/_mock/events" {
                keep_promises(&mock, request);
            }
        });
}

/// An operation with good credentials, and the ids that there are.
fn call(operation: &Operation, body: &[u8], token: &str) -> Request<Vec<u8>> {
    let target: Vec<&str> = operation
        .path
        .split('/')
        .map(|segment| match segment {
            "{applicationId}" | "{application_id}" => "mock-app",
            "{tenantId}" => TENANT,
            "{action}" => "signIn",
            segment if segment.starts_with('{') => "ada",
            segment => segment,
        })
        .collect();
    let mut request = request(operation.method, &target.join("/"), body.to_vec());
    let credentials = match operation.security.first().and_then(|set| set.first()) {
        Some(&"basicAuth") => basic(SECRET),
        Some(&"tenantId") => basic(TENANT),
        _ => format!("Bearer {token}"),
    };
    let credentials = credentials.parse().unwrap();
    request.headers_mut().insert("authorization", credentials);
    request
}

/// Any body of any operation.
#[test]
fn body() {
    let mock = AssertUnwindSafe(Mock::start().unwrap());
    let operations: Vec<_> = operations()
        .into_iter()
        .filter(|operation| operation.body.is_some())
        .collect();
    bolero::check!(name = "body")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| {
            let Some((first, body)) = bytes.split_first() else {
                return;
            };
            let operation = operations[usize::from(*first) % operations.len()];
            mock.reset();
            let token = token(&mock);
            keep_promises(&mock, call(operation, body, &token));
        });
}

/// A token that the mock did not issue.
#[test]
fn jwt() {
    let mock = AssertUnwindSafe(Mock::start().unwrap());
    let good = token(&mock);
    bolero::check!(name = "jwt")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| {
            let Ok(text) = std::str::from_utf8(bytes) else {
                return;
            };
            // So that the fuzzer has parts that fit.
            let mut parts = good.split('.');
            let text = text
                .replace("$H", parts.next().unwrap())
                .replace("$C", parts.next().unwrap())
                .replace("$S", parts.next().unwrap());
            if text == good {
                return;
            }
            let body = json!({"token": text}).to_string();
            let validate = by_server("POST", "/v1/validate", body.into());
            let answer = json_of(mock.send(validate).unwrap().body());
            assert_ne!(answer["isValid"], true, "{text}");
            let mut list = request("GET", "/v1/client/user-authenticators", Vec::new());
            if let Ok(bearer) = format!("Bearer {text}").parse() {
                list.headers_mut().insert("authorization", bearer);
                let status = mock.send(list).unwrap().status();
                assert_eq!(status, 401, "{text}");
            }
        });
}

/// An otpauth URI that an application enrols: it is refused, or it gives codes.
#[test]
fn otpauth_uri() {
    let mock = AssertUnwindSafe(Mock::start().unwrap());
    bolero::check!(name = "otpauth_uri")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| {
            let Ok(uri) = std::str::from_utf8(bytes) else {
                return;
            };
            mock.reset();
            let body = json!({"verificationMethod": "AUTHENTICATOR_APP", "otpUri": uri});
            let target = "/v1/users/new/authenticators";
            let enroll = by_server("POST", target, body.to_string().into());
            let answer = keep_promises(&mock, enroll);
            if answer.status() == 200 {
                let code = get(&mock, "/_mock/totp?userId=new");
                assert!(code["code"].is_string(), "{uri}: {code}");
            }
        });
}

/// A message to the WebSocket.
#[test]
fn websocket_message() {
    let mock = AssertUnwindSafe(Mock::start().unwrap());
    bolero::check!(name = "websocket_message")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| {
            let Ok(message) = std::str::from_utf8(bytes) else {
                return;
            };
            mock.reset();
            if let Some(answer) = mock.heard(message) {
                json_of(answer.as_bytes());
            }
        });
}
