//! What the client does besides its calls: endpoints without a method, metrics. What it does when something goes wrong is in
//! `behaviours`. Must not read or write messages by itself.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stepup_client::authsignal::{Authsignal, AuthsignalBuilder};
use stepup_client::http::Method;
use stepup_client::reqwest;

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
