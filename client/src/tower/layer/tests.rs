//! The layer against a vendor that answers as each test says: what passes, what is redirected, and what is refused.

use std::convert::Infallible;

use serde_json::{Value, json};
use tower::{ServiceExt as _, service_fn};
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::tower::StepUpLayerBuilder;
use crate::transport::recording;

const TRACK: &str = "/v1/users/ada/actions/pay";

#[derive(Clone)]
struct SignedIn(&'static str);

fn builder(server: &MockServer) -> StepUpLayerBuilder {
    let authsignal = Authsignal::builder("MARKED-secret").api_url(server.uri());
    let authsignal = authsignal.retries(0).build().unwrap();
    StepUpLayer::builder(authsignal, "pay", [7; 32])
        .base_url("https://shop.example")
        .user(|request| {
            let SignedIn(id) = request.extensions.get()?;
            Some(StepUpUser::new(*id))
        })
}

fn get(uri: &str) -> Request<String> {
    let mut request = Request::get(uri).body(String::new()).unwrap();
    request.extensions_mut().insert(SignedIn("ada"));
    request
}

/// What the application answers, below the layer: why the request came through.
async fn send(layer: &StepUpLayer, request: Request<String>) -> Response<String> {
    let app = service_fn(async |request: Request<String>| {
        let why = request.extensions().get::<StepUp>();
        Ok::<_, Infallible>(Response::new(format!("passed {why:?}")))
    });
    layer.layer(app).oneshot(request).await.unwrap()
}

async fn vendor(at: &str, status: u16, answer: Value) -> MockServer {
    let server = MockServer::start().await;
    let template = ResponseTemplate::new(status).set_body_json(answer);
    Mock::given(method("POST"))
        .and(path(at))
        .respond_with(template)
        .mount(&server)
        .await;
    server
}

fn decided(state: &str, enrolled: bool) -> Value {
    json!({
        "state": state, "idempotencyKey": "k", "isEnrolled": enrolled, "token": "MARKED-token",
        "url": "https://challenge.example/?token=MARKED-token",
    })
}

fn header<'a>(response: &'a Response<String>, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

/// The cookie that an answer sets, as the browser sends it.
fn cookie(response: &Response<String>) -> String {
    let set = header(response, "set-cookie");
    set.split(';').next().unwrap().to_owned()
}

/// What the vendor was asked last.
async fn asked(server: &MockServer) -> Value {
    let requests = server.received_requests().await.unwrap();
    requests.last().unwrap().body_json().unwrap()
}

#[track_caller]
fn assert_refused(response: &Response<String>, refusal: Refusal) {
    assert_eq!(response.extensions().get(), Some(&refusal));
    assert_eq!(response.status(), refusal.status());
    assert_eq!(response.body(), &refusal.to_string());
    assert_eq!(header(response, "cache-control"), "no-store");
    assert_eq!(header(response, "set-cookie"), "");
}

/// Otherwise the user is challenged for ever, and nothing says why.
#[tokio::test]
async fn a_token_without_the_cookie_is_logged() {
    let server = vendor(TRACK, 200, decided("CHALLENGE_REQUIRED", true)).await;
    let layer = builder(&server).build().unwrap();
    for (uri, is_logged) in [("/pay", false), ("/pay?token=MARKED", true)] {
        recording::start();
        let response = send(&layer, get(uri)).await;
        let log = recording::finish();
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{uri}");
        assert_eq!(log.contains("is base_url the address"), is_logged, "{log}");
        assert!(!log.contains("MARKED"), "{log}");
    }
}

#[tokio::test]
async fn a_request_of_nobody_is_logged_with_the_likely_cause() {
    let server = MockServer::start().await;
    let layer = builder(&server).build().unwrap();
    let nobody = Request::get("/pay").body(String::new()).unwrap();
    recording::start();
    let response = send(&layer, nobody).await;
    let log = recording::finish();
    assert_refused(&response, Refusal::NotSignedIn);
    assert!(
        log.contains("NotSignedIn; is the sign-in outside of this layer?"),
        "{log}"
    );
}

#[tokio::test]
async fn every_decision_of_the_vendor_has_its_answer() {
    for (state, enrolled, refusal) in [
        ("ALLOW", false, Refusal::NotEnrolled),
        ("CHALLENGE_REQUIRED", false, Refusal::NotEnrolled),
        ("BLOCK", true, Refusal::Blocked),
        ("REVIEW_REQUIRED", true, Refusal::ReviewRequired),
        ("CHALLENGE_SUCCEEDED", true, Refusal::Unavailable),
        ("ASK_THE_ORACLE", true, Refusal::Unavailable),
    ] {
        let server = vendor(TRACK, 200, decided(state, enrolled)).await;
        let layer = builder(&server).build().unwrap();
        assert_refused(&send(&layer, get("/pay")).await, refusal);
    }
    let server = vendor(TRACK, 200, decided("ALLOW", true)).await;
    let allowed = send(&builder(&server).build().unwrap(), get("/pay")).await;
    assert!(
        allowed.body().starts_with("passed Some(Allowed"),
        "{}",
        allowed.body()
    );
    assert_eq!(header(&allowed, "set-cookie"), "");
    for (state, enrolled) in [
        ("CHALLENGE_REQUIRED", true),
        ("CHALLENGE_REQUIRED", false),
        ("ALLOW", false),
    ] {
        let server = vendor(TRACK, 200, decided(state, enrolled)).await;
        let layer = builder(&server).enrol_new_users().build().unwrap();
        let response = send(&layer, get("/pay")).await;
        assert_eq!(response.status(), 303, "{state}");
        assert_eq!(
            header(&response, "location"),
            "https://challenge.example/?token=MARKED-token"
        );
        assert!(cookie(&response).starts_with("__Host-stepup-pay="));
    }
}

#[tokio::test]
async fn an_error_of_the_vendor_lets_nobody_pass() {
    for (status, refusal) in [
        (500, Refusal::Unavailable),
        (401, Refusal::Unavailable),
        (400, Refusal::Unavailable),
    ] {
        let server = vendor(TRACK, status, json!({"error": "MARKED"})).await;
        assert_refused(
            &send(&builder(&server).build().unwrap(), get("/pay")).await,
            refusal,
        );
    }
    let server = vendor(TRACK, 200, json!({"state": "ALLOW"})).await;
    let layer = builder(&server).build().unwrap();
    assert_refused(&send(&layer, get("/pay")).await, Refusal::Unavailable);

    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "7");
    Mock::given(path(TRACK))
        .respond_with(busy)
        .mount(&server)
        .await;
    let response = send(&builder(&server).build().unwrap(), get("/pay")).await;
    assert_refused(&response, Refusal::Unavailable);
    assert_eq!(header(&response, "retry-after"), "7");

    // Nobody listens.
    let layer = builder(&server).build().unwrap();
    drop(server);
    assert_refused(&send(&layer, get("/pay")).await, Refusal::Unavailable);
}

#[tokio::test]
async fn a_url_that_is_no_header_is_not_sent() {
    let mut answer = decided("CHALLENGE_REQUIRED", true);
    answer["url"] = "https://challenge.example/\r\nset-cookie: a=b".into();
    let server = vendor(TRACK, 200, answer).await;
    let layer = builder(&server).build().unwrap();
    assert_refused(&send(&layer, get("/pay")).await, Refusal::Unavailable);
}

#[tokio::test]
async fn only_requests_that_need_a_step_up_and_have_a_user_reach_the_vendor() {
    let server = MockServer::start().await;
    let layer = builder(&server)
        .only_if(|request| request.uri.path() == "/pay")
        .build()
        .unwrap();
    let free = send(&layer, Request::get("/cart").body(String::new()).unwrap()).await;
    assert_eq!(free.body(), "passed None");
    let anonymous = Request::get("/pay").body(String::new()).unwrap();
    assert_refused(&send(&layer, anonymous).await, Refusal::NotSignedIn);
    let mut script = get("/pay");
    script
        .headers_mut()
        .insert("sec-fetch-mode", HeaderValue::from_static("cors"));
    assert_refused(&send(&layer, script).await, Refusal::NotNavigation);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn every_method_needs_a_step_up_and_comes_back_to_a_page_of_the_application() {
    let server = vendor(TRACK, 200, decided("CHALLENGE_REQUIRED", true)).await;
    let (same, page) = (
        builder(&server),
        builder(&server).page_after_form("/cart?from=form"),
    );
    let (same, page) = (same.build().unwrap(), page.build().unwrap());
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND",
    ] {
        for (layer, form) in [
            (&same, "https://shop.example//evil.example/pay?a=1"),
            (&page, "https://shop.example/cart?from=form"),
        ] {
            let mut request = get("//evil.example/pay?a=1&token=forged");
            *request.method_mut() = method.parse().unwrap();
            request
                .headers_mut()
                .insert("host", HeaderValue::from_static("evil.example"));
            let response = send(layer, request).await;
            assert_eq!(response.status(), 303, "{method}");
            let back = match method {
                "GET" | "HEAD" => "https://shop.example//evil.example/pay?a=1",
                _ => form,
            };
            let body = asked(&server).await;
            assert_eq!(body["redirectUrl"], back, "{method}");
        }
    }
}

#[tokio::test]
async fn each_try_has_a_key_of_its_own_and_the_attributes_of_the_application() {
    let server = vendor(TRACK, 200, decided("CHALLENGE_REQUIRED", true)).await;
    let layer = builder(&server).build().unwrap();
    let mut request = get("/pay");
    request
        .headers_mut()
        .insert("user-agent", HeaderValue::from_static("Browser/1"));
    send(&layer, request).await;
    let first = asked(&server).await;
    assert_eq!(first["userAgent"], "Browser/1");
    send(&layer, get("/pay")).await;
    let second = asked(&server).await;
    assert_eq!(first["idempotencyKey"].as_str().unwrap().len(), 36);
    assert_ne!(first["idempotencyKey"], second["idempotencyKey"]);

    let own = |_: &Parts| {
        let attributes = crate::authsignal::TrackAttributes::new().custom("total", 120);
        attributes
            .redirect_url("https://evil.example")
            .idempotency_key("mine")
    };
    let layer = builder(&server).attributes(own).build().unwrap();
    send(&layer, get("/pay")).await;
    let body = asked(&server).await;
    assert_eq!(body["custom"]["total"], 120);
    assert_eq!(body["redirectUrl"], "https://shop.example/pay");
    assert_ne!(body["idempotencyKey"], "mine");
}

/// A vendor that challenges, and then says this of every token. The second member is the cookie of the try, the third its key.
async fn begun(validated: impl FnOnce(&str) -> Value) -> (MockServer, String, String) {
    let server = vendor(TRACK, 200, decided("CHALLENGE_REQUIRED", true)).await;
    let response = send(&builder(&server).build().unwrap(), get("/pay?order=7")).await;
    let key = asked(&server).await["idempotencyKey"]
        .as_str()
        .unwrap()
        .to_owned();
    let template = ResponseTemplate::new(200).set_body_json(validated(&key));
    let asked = json!({"token": "proof", "userId": "ada", "action": "pay"});
    let validation = Mock::given(path("/v1/validate")).and(body_partial_json(asked));
    validation.respond_with(template).mount(&server).await;
    (server, cookie(&response), key)
}

fn proof(key: &str) -> Value {
    json!({
        "isValid": true, "state": "CHALLENGE_SUCCEEDED", "userId": "ada", "actionCode": "pay", "idempotencyKey": key,
    })
}

fn with(uri: &str, cookie: &str) -> Request<String> {
    let mut request = get(uri);
    request
        .headers_mut()
        .insert("cookie", cookie.parse().unwrap());
    request
}

#[tokio::test]
async fn a_token_that_proves_the_try_is_remembered_and_leaves_the_url() {
    let (server, begun, key) = begun(proof).await;
    let layer = builder(&server).build().unwrap();
    let back = send(&layer, with("/pay?order=7&token=proof", &begun)).await;
    assert_eq!(back.status(), 303);
    assert_eq!(
        header(&back, "location"),
        "https://shop.example/pay?order=7"
    );
    assert_eq!(header(&back, "cache-control"), "no-store");
    let passed = cookie(&back);
    for method in ["GET", "POST"] {
        let mut request = with("/pay?order=7", &passed);
        *request.method_mut() = method.parse().unwrap();
        let response = send(&layer, request).await;
        assert!(
            response
                .body()
                .contains("Passed { idempotency_key: IdempotencyKey(..)"),
            "{}",
            response.body()
        );
    }
    assert!(!passed.contains(&key));
    // A script of the page is below the layer, too.
    let mut script = with("/pay", &passed);
    script
        .headers_mut()
        .insert("sec-fetch-mode", HeaderValue::from_static("cors"));
    assert_eq!(send(&layer, script).await.status(), 200);
    // Another user of the same browser.
    let mut other = with("/pay", &passed);
    other.extensions_mut().insert(SignedIn("bob"));
    assert_refused(&send(&layer, other).await, Refusal::Unavailable);
}

#[tokio::test]
async fn a_token_that_proves_something_else_proves_nothing() {
    for (member, value) in [
        ("isValid", json!(false)),
        ("userId", json!("bob")),
        ("userId", Value::Null),
        ("actionCode", json!("read")),
        ("actionCode", Value::Null),
        ("idempotencyKey", json!("of another try")),
        ("idempotencyKey", Value::Null),
    ] {
        let (server, begun, _) = begun(|key| {
            let mut proof = proof(key);
            proof[member] = value.clone();
            proof
        })
        .await;
        let layer = builder(&server).build().unwrap();
        let response = send(&layer, with("/pay?token=proof", &begun)).await;
        assert_refused(&response, Refusal::NotPassed);
    }
}

#[tokio::test]
async fn a_token_counts_only_by_get_and_only_with_the_cookie_of_its_try() {
    let (server, begun, _) = begun(proof).await;
    let now = SystemTime::now();
    let minutes = Duration::from_secs(15 * 60);
    let layer = builder(&server).build().unwrap();
    let later = builder(&server)
        .clock(move || now + minutes + Duration::from_secs(2))
        .build()
        .unwrap();
    let other_key = builder(&server);
    let mut form = with("/pay?token=proof", &begun);
    *form.method_mut() = Method::POST;
    let mut bob = with("/pay?token=proof", &begun);
    bob.extensions_mut().insert(SignedIn("bob"));
    for (layer, request, status) in [
        (&layer, form, 303),
        (&layer, get("/pay?token=proof"), 303),
        (&layer, bob, 503),
        (&later, with("/pay?token=proof", &begun), 303),
    ] {
        let response = send(layer, request).await;
        assert_eq!(response.status(), status);
        assert!(!header(&response, "location").starts_with("https://shop.example"));
    }
    // An older key still opens, and seals nothing.
    let rotated = StepUpLayer::builder(
        Authsignal::builder("s")
            .api_url(server.uri())
            .build()
            .unwrap(),
        "pay",
        [8; 32],
    );
    let rotated = rotated
        .base_url("https://shop.example")
        .user(|_| Some(StepUpUser::new("ada")));
    let rotated = rotated.accepting([7; 32]).build().unwrap();
    let passed = send(&rotated, with("/pay?token=proof", &begun)).await;
    assert_eq!(passed.status(), 303);
    let old = other_key.build().unwrap();
    let response = send(&old, with("/pay", &cookie(&passed))).await;
    assert_eq!(
        header(&response, "location"),
        "https://challenge.example/?token=MARKED-token"
    );
}

#[tokio::test]
async fn a_step_up_is_forgotten_after_its_time() {
    let (server, begun, _) = begun(proof).await;
    let layer = builder(&server)
        .remember_for(Duration::from_secs(60))
        .build()
        .unwrap();
    let passed = cookie(&send(&layer, with("/pay?token=proof", &begun)).await);
    let now = SystemTime::now();
    for (after, status) in [(50, 200), (62, 303)] {
        let later = builder(&server).clock(move || now + Duration::from_secs(after));
        let response = send(&later.build().unwrap(), with("/pay", &passed)).await;
        assert_eq!(response.status(), status, "{after}");
    }
    let forget = layer.forget();
    assert!(forget.to_str().unwrap().starts_with("__Host-stepup-pay=;"));
}

#[tokio::test]
async fn a_vendor_that_fails_at_the_way_back_lets_nobody_pass() {
    let server = vendor(TRACK, 200, decided("CHALLENGE_REQUIRED", true)).await;
    let layer = builder(&server).build().unwrap();
    let begun = cookie(&send(&layer, get("/pay")).await);
    for (status, refusal) in [
        (500, Refusal::Unavailable),
        (401, Refusal::Unavailable),
        (400, Refusal::NotPassed),
    ] {
        let template = ResponseTemplate::new(status).set_body_json(json!({"error": "x"}));
        let _scope = Mock::given(path("/v1/validate"))
            .respond_with(template)
            .mount_as_scoped(&server)
            .await;
        let response = send(&layer, with("/pay?token=proof", &begun)).await;
        assert_refused(&response, refusal);
    }
}

#[tokio::test]
async fn a_builder_says_what_is_missing_or_wrong() {
    let server = MockServer::start().await;
    let authsignal = || {
        Authsignal::builder("s")
            .api_url(server.uri())
            .build()
            .unwrap()
    };
    let layer = |action: &str| StepUpLayer::builder(authsignal(), action, [7; 32]);
    let whole = |action: &str| {
        let layer = layer(action).base_url("https://shop.example");
        layer.user(|_| Some(StepUpUser::new("ada")))
    };
    for (builder, why) in [
        (layer("pay").user(|_| None), "no base URL is named"),
        (
            layer("pay").base_url("https://shop.example"),
            "no user is named",
        ),
        (
            whole("pay").base_url("http://shop.example"),
            "must be https",
        ),
        (whole("pay").base_url("shop.example"), "is not a URL"),
        (whole("pay").base_url("https://shop.example/?a"), "query"),
        (whole(""), "action code"),
        (whole("a;b"), "action code"),
        (whole(&"a".repeat(65)), "action code"),
        (
            whole("pay").remember_for(Duration::from_millis(999)),
            "remember_for",
        ),
        (
            whole("pay").challenge_within(Duration::ZERO),
            "challenge_within",
        ),
        (
            whole("pay").page_after_form("https://evil.example"),
            "page_after_form",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    assert!(
        whole("pay")
            .base_url("http://localhost:3000")
            .build()
            .is_ok()
    );
    let layer = whole("pay").build().unwrap();
    assert_eq!(format!("{layer:?}"), "StepUpLayer { action: \"pay\", .. }");
}
