//! The extractor with requests of every kind, and with an application's own limit.

use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use tower::ServiceExt as _;

use super::*;
use crate::authsignal::webhook::sign;
use crate::transport::recording;

const SECRET: &str = "the secret";
const EVENT: &str = r#"{"version":1,"id":"1","source":"https://authsignal.com","time":"2025-01-01T00:00:00.000Z",
    "tenantId":"t","type":"sms.created","data":{"to":"+15550100","code":"MARKED"}}"#;

async fn hook(webhook: VerifiedWebhook) -> String {
    let kinds = webhook.events().iter().map(|event| event.data.kind());
    kinds.collect::<Vec<_>>().join(" ")
}

fn app() -> Router {
    let app = Router::new().route("/hook", post(hook));
    app.with_state(Verifier::new(SECRET))
}

fn request(signatures: &[String], body: impl Into<Body>) -> Request {
    let mut request = Request::post("/hook").body(body.into()).unwrap();
    for signature in signatures {
        let value = signature.parse().unwrap();
        request.headers_mut().append(SIGNATURE_HEADER, value);
    }
    request
}

fn signed(body: &str) -> Vec<String> {
    vec![sign(SECRET, body.as_bytes(), SystemTime::now())]
}

async fn answer(app: Router, request: Request) -> (u16, String) {
    let response = app.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_genuine_webhook_reaches_the_handler_with_its_events() {
    let (status, text) = answer(app(), request(&signed(EVENT), EVENT)).await;
    assert_eq!((status, text.as_str()), (200, "sms.created"));
    let batch = r#"{"records":[]}"#;
    assert_eq!(answer(app(), request(&signed(batch), batch)).await.0, 200);
}

#[tokio::test]
async fn what_is_not_genuine_is_refused_without_details() {
    let hour = Duration::from_secs(3600);
    let old = sign(SECRET, EVENT.as_bytes(), SystemTime::now() - hour);
    let other = sign("another", EVENT.as_bytes(), SystemTime::now());
    let twice = [signed(EVENT), signed(EVENT)].concat();
    let header = "the request needs one header X-Signature-V2";
    let mismatch = "the signature of this webhook is not accepted";
    for (signatures, text) in [
        (vec![], header),
        (twice, header),
        (vec!["é".to_owned()], header),
        (vec![String::new()], mismatch),
        (vec![old], mismatch),
        (vec![other], mismatch),
        (signed("{}"), mismatch),
    ] {
        let answered = answer(app(), request(&signatures, EVENT)).await;
        assert_eq!(answered, (401, text.to_owned()), "{signatures:?}");
    }
}

#[tokio::test]
async fn an_unknown_form_is_an_error_of_the_receiver_and_shows_nothing_of_the_body() {
    let body = r#"{"MARKED":"MARKED"}"#;
    let (status, text) = answer(app(), request(&signed(body), body)).await;
    assert_eq!(status, 500);
    assert!(!text.contains("MARKED"), "{text}");
}

/// The sender learns nothing, so the application must.
#[tokio::test]
async fn the_log_says_why_a_webhook_is_refused() {
    let old = sign(SECRET, EVENT.as_bytes(), SystemTime::UNIX_EPOCH);
    let other = sign("MARKED", EVENT.as_bytes(), SystemTime::now());
    for (signatures, why) in [
        (
            vec![old],
            "not genuine: Timestamp is outside the tolerance zone.",
        ),
        (
            vec![other],
            "The verifier has another secret than the sender, or",
        ),
        (vec![], "the request needs one header"),
        (signed(EVENT), ""),
    ] {
        recording::start();
        let (status, _) = answer(app(), request(&signatures, EVENT)).await;
        let log = recording::finish();
        let is_logged = log.contains("WARN") && log.contains("a webhook is refused: ");
        assert_eq!(is_logged, status != 200, "{log}");
        assert!(log.contains(why), "{log}");
        assert!(!log.contains("MARKED"), "{log}");
    }
}

#[tokio::test]
async fn a_body_has_a_bound_of_ours_and_one_of_the_application() {
    let long = format!("{EVENT}{}", " ".repeat(MAX_WEBHOOK_BODY));
    let generous = app().layer(DefaultBodyLimit::disable());
    for app in [app(), generous] {
        let (status, _) = answer(app, request(&signed(&long), long.clone())).await;
        assert_eq!(status, 413);
    }
    let strict = app().layer(DefaultBodyLimit::max(EVENT.len() - 1));
    assert_eq!(answer(strict, request(&signed(EVENT), EVENT)).await.0, 413);
    let exact = app().layer(DefaultBodyLimit::max(EVENT.len()));
    assert_eq!(answer(exact, request(&signed(EVENT), EVENT)).await.0, 200);
}

#[tokio::test]
async fn a_body_without_a_signature_is_not_read() {
    let body = Body::from_stream(Unread);
    assert_eq!(answer(app(), request(&[], body)).await.0, 401);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_bad_request() {
    let body = Body::from_stream(Broken);
    let (status, text) = answer(app(), request(&signed(EVENT), body)).await;
    assert_eq!(
        (status, text.as_str()),
        (400, "the body did not arrive as a whole")
    );
}

/// A body that nobody may read.
struct Unread;

impl futures_core::Stream for Unread {
    type Item = Result<bytes::Bytes, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        panic!("the body was read")
    }
}

/// A body whose connection is lost.
struct Broken;

impl futures_core::Stream for Broken {
    type Item = Result<bytes::Bytes, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let lost = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        std::task::Poll::Ready(Some(Err(lost)))
    }
}
