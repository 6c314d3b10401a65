//! What the client does besides its calls, against a mock with faults: repeating, options, replies, endpoints without a
//! method, metrics. Must not read or write messages by itself.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use stepup_client::authsignal::{
    ActionCode, Authsignal, AuthsignalBuilder, TrackAttributes, TrackOutcome, UserAttributes,
    UserId, UserQuery,
};
use stepup_client::http::Method;
use stepup_client::{CallOptions, reqwest};

use crate::tenant::Tenant;
use crate::world::API_SECRET;

fn builder(tenant: &Tenant) -> AuthsignalBuilder {
    Authsignal::builder(API_SECRET).api_url(format!("{}/v1", tenant.server.url()))
}

/// Plans that so many of the next answers to an operation are this status.
async fn failing(tenant: &Tenant, operation: &str, times: u32, status: u16) {
    let fault = json!({"operation": operation, "times": times, "status": status});
    tenant
        .control("/_mock/faults", json!({"faults": [fault]}))
        .await;
}

async fn actions(tenant: &Tenant) -> usize {
    let target = "/_mock/actions";
    let answer = tenant
        .answer(200, &crate::wire::Request::new("GET", target))
        .await;
    answer.json()["actions"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_track_that_fails_twice_is_repeated_by_its_key_and_records_one_action() {
    for status in [500, 503] {
        let tenant = Tenant::new().await;
        failing(&tenant, "track", 2, status).await;
        let client = builder(&tenant).build().unwrap();
        let track =
            async |client: Authsignal| client.track("ada", "pay", TrackAttributes::new()).await;
        let reply = client.reply(track).await.unwrap();
        assert_eq!((reply.status(), reply.attempts()), (200, 3));
        assert_eq!(reply.headers()["content-type"], "application/json");
        assert_eq!(reply.value().outcome(), TrackOutcome::Allowed);
        assert_eq!(actions(&tenant).await, 1);
        let key = reply.value().idempotency_key();
        let (user, code) = (UserId::new("ada"), ActionCode::new("pay"));
        client.get_action(user, code, key).await.unwrap();
    }
}

#[tokio::test]
async fn a_call_by_options_is_sent_once_and_its_client_goes_on_repeating() {
    let tenant = Tenant::new().await;
    let client = builder(&tenant).build().unwrap();
    let once = client.with(CallOptions::new().retries(0));
    failing(&tenant, "get_user", 2, 503).await;
    let error = once.get_user("ada").await.unwrap_err();
    assert!(error.is_server() && error.is_retryable());
    assert_eq!((error.status(), error.attempts()), (Some(503), 1));
    let reply = client
        .reply(async |client| client.get_user("ada").await)
        .await
        .unwrap();
    assert_eq!(reply.attempts(), 2);

    let careful = builder(&tenant).keyed_retries(false).build().unwrap();
    failing(&tenant, "track", 1, 503).await;
    let error = careful
        .track("ada", "pay", TrackAttributes::new())
        .await
        .unwrap_err();
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_client_whose_budget_is_used_up_sends_calls_once() {
    let tenant = Tenant::new().await;
    let client = builder(&tenant).retry_budget(1).build().unwrap();
    failing(&tenant, "get_user", 5, 503).await;
    let mut attempts = Vec::new();
    for _ in 0..3 {
        attempts.push(client.clone().get_user("ada").await.unwrap_err().attempts());
    }
    assert_eq!(attempts, [2, 1, 1]);
}

#[tokio::test]
async fn an_endpoint_is_reached_without_a_method_for_it() {
    let tenant = Tenant::new().await;
    let client = builder(&tenant).build().unwrap();
    failing(&tenant, "get_user", 1, 503).await;
    let user = client
        .send_raw(Method::GET, "/v1/users/ada", None)
        .await
        .unwrap();
    assert_eq!(user["isEnrolled"], json!(false));
    let body = json!({"email": "ada@example.com"});
    let path = "/v1/users/ada";
    let updated = client.send_raw(Method::PATCH, path, body).await.unwrap();
    assert_eq!(updated["email"], "ada@example.com");
    let error = client
        .send_raw(Method::GET, "/v1/no-such-endpoint", Value::Null)
        .await;
    assert!(error.unwrap_err().is_not_found());
    let stranger = Authsignal::builder("another-secret").api_url(tenant.server.url());
    let error = stranger
        .build()
        .unwrap()
        .send_raw(Method::GET, path, None)
        .await;
    assert!(error.unwrap_err().is_unauthorized());
}

#[tokio::test]
async fn metrics_count_what_calls_took() {
    let tenant = Tenant::new().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = builder(&tenant)
        .http_client(http)
        .app_name("shop/1.2")
        .on_call(move |call| {
            let error = call.error_type.as_deref().map(str::to_owned);
            kept.lock()
                .unwrap()
                .push((call.operation, call.status, error, call.retries()));
        });
    let client = client.build().unwrap();
    failing(&tenant, "get_user", 1, 503).await;
    client.get_user("ada").await.unwrap();
    client.get_action("ada", "pay", "none").await.unwrap_err();
    let not_found = ("get_action", Some(404), Some("404".to_owned()), 0);
    let expected = [("get_user", Some(200), None, 1), not_found];
    assert_eq!(*told.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_stream_lists_the_users_of_all_pages() {
    let tenant = Tenant::new().await;
    let client = builder(&tenant).build().unwrap();
    for user in ["u1", "u2", "u3"] {
        let attributes = UserAttributes::new().username("shared");
        client.update_user(user, attributes).await.unwrap();
    }
    let query = UserQuery::new().username("shared").limit(2);
    let users = client.user_pages(query).into_stream();
    let users = users.map(|user| user.unwrap().user_id);
    let mut found: Vec<String> = users.collect().await;
    found.sort();
    assert_eq!(found, ["u1", "u2", "u3"]);
}
