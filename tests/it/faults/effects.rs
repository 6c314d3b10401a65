//! The effects, one by one, as this project's client meets them.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stepup_client::Kind;
use stepup_mock::{Fault, WrongMember};

use super::Pair;
use crate::tenant::Tenant;

/// What a token says, whoever signed it.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A fault of one `track`.
fn track(effect: Value) -> Value {
    let mut fault = effect;
    fault["operation"] = "track".into();
    fault
}

#[tokio::test]
async fn a_late_answer_is_late_once_and_was_carried_out_before() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    for latency in [
        json!({"milliseconds": 300}),
        json!({"minMilliseconds": 300, "maxMilliseconds": 400}),
        json!({"medianMilliseconds": 300, "sigma": 0}),
    ] {
        let fault = track(json!({"latency": latency}));
        pair.plan(json!([fault])).await;
        pair.others_are_well().await;
        let (began, late) = (Instant::now(), pair.track("late"));
        let seen = async {
            while pair.tracked().await == 0 {
                tokio::task::yield_now().await;
            }
            began.elapsed()
        };
        let (answer, seen) = tokio::join!(late, seen);
        assert!(answer.unwrap().is_review_required());
        assert!(began.elapsed() >= Duration::from_millis(300), "{latency}");
        assert!(
            seen < Duration::from_millis(250),
            "carried out before the delay"
        );
        assert_eq!(pair.tracked().await, 1);
        pair.is_over(&fault).await;
    }
}

#[tokio::test]
async fn a_client_that_gives_up_on_a_late_answer_finds_its_action_once() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    let late = track(json!({"latency": {"milliseconds": 600_000}}));
    pair.fails(late, Kind::Timeout, 1).await;
    let never = track(json!({"connection": "timeout"}));
    pair.fails(never, Kind::Timeout, 1).await;
    let never = track(json!({"connection": "timeout", "carriedOut": false}));
    pair.fails(never, Kind::Timeout, 0).await;
}

#[tokio::test]
async fn an_error_by_its_name_has_its_status_and_its_code() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    for (name, status, kind) in [
        ("too_many_requests", 429, Kind::RateLimited),
        ("unauthorized", 401, Kind::Unauthorized),
        ("expired_token", 401, Kind::Unauthorized),
        ("invalid_configuration", 400, Kind::Rejected),
        ("internal_server_error", 500, Kind::Server),
    ] {
        let error = pair.fails(track(json!({"error": name})), kind, 0).await;
        assert_eq!((error.status(), error.code()), (Some(status), Some(name)));
    }
    let limited = track(json!({"error": "too_many_requests", "headers": {"Retry-After": "7"}}));
    let error = pair.fails(limited, Kind::RateLimited, 0).await;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    let other = track(json!({"error": "conflict", "status": 409, "carriedOut": true}));
    let error = pair.fails(other, Kind::Rejected, 1).await;
    assert_eq!(
        (error.status(), error.code()),
        (Some(409), Some("conflict"))
    );
}

#[tokio::test]
async fn any_status_comes_with_its_headers_and_its_body() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    let page = track(json!({
        "status": 502, "text": "<h1>Bad gateway</h1>", "contentType": "text/html", "headers": {"x-proxy": "p"},
    }));
    pair.fails(page.clone(), Kind::Server, 0).await;
    pair.plan(json!([page])).await;
    let request = Tenant::request("POST", "/v1/users/ada/actions/pay")
        .without("Authorization")
        .basic(pair.faulty.authsignal().api_secret())
        .json("{}");
    let answer = mock.answer(502, &request).await;
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(answer.header("x-proxy"), Some("p"));
    assert_eq!(answer.text(), "<h1>Bad gateway</h1>");
    pair.plan(json!([track(
        json!({"status": 200, "body": {"state": "ALLOW", "own": [1]}})
    )]))
    .await;
    let answer = mock.answer(200, &request).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json(), json!({"state": "ALLOW", "own": [1]}));
    pair.plan(json!([track(json!({"status": 204}))])).await;
    let answer = mock.answer(204, &request).await;
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn a_counted_limit_refuses_what_is_too_much_and_says_when_to_come_back() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    pair.plan(json!([{"operation": "track", "rateLimit": {"count": 2, "seconds": 60}}]))
        .await;
    for key in ["one", "two"] {
        drop(pair.track(key).await.unwrap());
    }
    let clock = pair.faulty.clock();
    clock.advance(Duration::from_secs(20));
    let limited = pair.track("three").await.unwrap_err();
    assert_eq!(limited.kind(), Kind::RateLimited);
    assert_eq!(limited.retry_after(), Some(Duration::from_secs(40)));
    assert_eq!(pair.tracked().await, 2);
    pair.others_are_well().await;
    clock.advance(Duration::from_secs(40));
    drop(pair.track("three").await.unwrap());
    pair.faulty.reset();
    assert_eq!(pair.waiting().await, json!([]));
}

#[tokio::test]
async fn a_connection_is_reset_before_the_answer() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    let lost = track(json!({"connection": "reset_before_answer"}));
    pair.fails(lost, Kind::Interrupted, 1).await;
    let lost = track(json!({"connection": "reset_before_answer", "carriedOut": false}));
    pair.fails(lost, Kind::Interrupted, 0).await;
}

#[tokio::test]
async fn a_connection_is_reset_after_the_answer() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    let fault = track(json!({"connection": "reset_after_answer"}));
    pair.plan(json!([fault])).await;
    pair.others_are_well().await;
    assert!(pair.track("last").await.unwrap().is_review_required());
    assert_eq!(pair.tracked().await, 1);
    pair.is_over(&fault).await;
}

#[tokio::test]
async fn a_body_is_cut_off_though_its_length_was_announced() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    for bytes in [0, 20, 1_000_000] {
        let cut = track(json!({"truncateAfter": bytes}));
        pair.fails(cut, Kind::Interrupted, 1).await;
    }
}

#[tokio::test]
async fn a_body_takes_its_time_and_comes_whole() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    let fault = track(json!({"bytesPerSecond": 2_000}));
    pair.plan(json!([fault])).await;
    pair.others_are_well().await;
    let began = Instant::now();
    let tracked = pair.track("slow").await.unwrap();
    assert!(tracked.is_review_required());
    // An answer of track has some 800 bytes.
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(200), "{took:?}");
    assert_eq!(pair.tracked().await, 1);
    pair.is_over(&fault).await;
}

#[tokio::test]
async fn a_body_is_no_json_or_breaks_its_schema() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    for wrong in [
        json!({"malformed": true}),
        json!({"wrongSchema": {"change": "drop", "member": "state"}}),
        json!({"wrongSchema": {"change": "rename", "member": "/state"}}),
        json!({"wrongSchema": {"change": "null", "member": "state"}}),
        json!({"wrongSchema": {"change": "type", "member": "isEnrolled"}}),
    ] {
        pair.fails(track(wrong), Kind::Decode, 1).await;
    }
}

#[tokio::test]
async fn a_token_is_stale_and_a_clock_is_off_for_one_request() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    let fault = track(json!({"skewSeconds": -86_400}));
    pair.plan(json!([fault])).await;
    let stale = pair.track("stale").await.unwrap().token;
    let fresh = pair.track("fresh").await.unwrap().token;
    let (stale, fresh) = (claims(stale.expose()), claims(fresh.expose()));
    for claim in ["iat", "exp"] {
        let ahead = stale[claim].as_i64().unwrap() - fresh[claim].as_i64().unwrap();
        assert_eq!(ahead, -86_400, "{claim}");
    }
    pair.plan(json!([{"operation": "get_user", "skewSeconds": 3_600}]))
        .await;
    let request = || {
        Tenant::request("GET", "/v1/users/ada")
            .without("Authorization")
            .basic(pair.faulty.authsignal().api_secret())
    };
    let date = |answer: crate::wire::Answer| answer.header("date").map(str::to_owned);
    let off = date(mock.answer(200, &request()).await);
    assert_eq!(off.as_deref(), Some("Thu, 01 Jan 2026 01:00:00 GMT"));
    let right = date(mock.answer(200, &request()).await);
    assert_eq!(right.as_deref(), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
    pair.faulty.reset();
    pair.is_over(&fault).await;
}

#[tokio::test]
async fn a_rust_test_plans_what_the_control_api_does() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    let authsignal = pair.faulty.authsignal();
    let faults = [
        Fault::latency_between(Duration::ZERO, Duration::from_millis(1)).always(),
        Fault::error("too_many_requests")
            .operation("track")
            .user("ada")
            .skip(1)
            .header("Retry-After", "3"),
        Fault::wrong_schema("state", WrongMember::Absent)
            .skip(2)
            .id("mine"),
    ];
    authsignal.set_faults(faults).unwrap();
    assert_eq!(
        pair.waiting().await,
        json!([
            {"id": "fault-1", "always": true, "latency": {"minMilliseconds": 0, "maxMilliseconds": 1}},
            {"id": "fault-2", "operation": "track", "userId": "ada", "skip": 1, "times": 1, "error": "too_many_requests",
                "headers": {"Retry-After": "3"}},
            {"id": "mine", "skip": 2, "times": 1, "wrongSchema": {"change": "drop", "member": "state"}},
        ])
    );
    drop(pair.track("one").await.unwrap());
    let limited = pair.track("two").await.unwrap_err();
    assert_eq!(limited.retry_after(), Some(Duration::from_secs(3)));
    assert_eq!(pair.track("three").await.unwrap_err().kind(), Kind::Decode);
    drop(pair.track("four").await.unwrap());
    let why = authsignal
        .set_faults([Fault::error("to_many")])
        .unwrap_err();
    assert!(why.to_string().contains("too_many_requests"), "{why}");
    assert_eq!(
        pair.waiting().await.as_array().unwrap().len(),
        1,
        "nothing changed"
    );
    authsignal.set_faults([]).unwrap();
    assert_eq!(pair.waiting().await, json!([]));
}
