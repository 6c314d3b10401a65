//! Failures that a test plans: as many as it says, in place of the answers to its own requests, and then no more.

use serde_json::{Value, json};

use crate::tenant::Tenant;
use crate::wire::Request;
use crate::world::API_SECRET;

fn track() -> Request {
    Tenant::request("POST", "/v1/users/ada/actions/pay").json("{}")
}

async fn plan(tenant: &Tenant, failures: Value) -> Value {
    let answer = tenant
        .control("/_mock/failures", json!({"failures": failures}))
        .await;
    answer["failures"].clone()
}

/// The failures that are still to come.
async fn waiting(tenant: &Tenant) -> Value {
    let answer = tenant
        .answer(200, &Request::new("GET", "/_mock/failures"))
        .await;
    answer.json()["tenants"][0]["failures"].clone()
}

#[tokio::test]
async fn so_many_requests_fail_and_the_next_succeeds() {
    let tenant = Tenant::new().await;
    let failures = json!([
        {"operation": "track", "times": 2, "status": 503, "headers": {"Retry-After": "0", "x-request-id": "r"}},
        {"operation": "track", "status": 499},
    ]);
    plan(&tenant, failures).await;
    let before = tenant.server.state();
    for left in [
        "1 more of its entry in /_mock/failures",
        "the last of its entry in /_mock/failures",
    ] {
        let failed = tenant.answer(503, &track()).await;
        assert_eq!(failed.header("retry-after"), Some("0"));
        assert_eq!(failed.header("x-request-id"), Some("r"));
        let told = failed.json()["errorDescription"].to_string();
        assert!(told.contains("a failure that was planned"), "{told}");
        let warning = tenant.server.journal()[0].warning.clone().unwrap();
        assert!(warning.ends_with(left), "{warning}");
    }
    tenant.answer(499, &track()).await;
    assert_eq!(tenant.server.state(), before, "nothing was carried out");
    tenant.answer(200, &track()).await;
    assert_eq!(waiting(&tenant).await, json!([]));
}

#[tokio::test]
async fn only_an_admitted_request_to_the_operation_fails() {
    let tenant = Tenant::new().await;
    plan(&tenant, json!([{"operation": "track", "status": 401}])).await;
    let anonymous = Request::new("POST", "/v1/users/ada/actions/pay").json("{}");
    let refused = tenant.answer(401, &anonymous).await;
    tenant.get("/v1/users/ada").await;
    assert_eq!(waiting(&tenant).await[0]["times"], 1);
    // The same words as without a good secret, because clients compare them.
    let failed = tenant.answer(401, &track()).await;
    assert_eq!(failed.json(), refused.json());
    tenant.answer(200, &track()).await;
}

#[tokio::test]
async fn a_reset_and_an_empty_list_take_failures_back() {
    let tenant = Tenant::new().await;
    plan(&tenant, json!([{"status": 500, "times": 9}])).await;
    assert_eq!(plan(&tenant, json!([])).await, json!([]));
    tenant.answer(200, &track()).await;
    plan(&tenant, json!([{"status": 500, "times": 9}])).await;
    tenant.server.reset();
    tenant.answer(200, &track()).await;
}

#[tokio::test]
async fn a_seed_and_a_test_plan_failures_as_the_control_api_does() {
    let id = "00000000-0000-4000-8000-000000000001";
    let seed = json!({"tenants": [{
        "authsignal": {"id": id, "secret": API_SECRET},
        "failures": [{"operation": "track", "status": 503}],
    }]});
    let tenant = Tenant::of(|builder| builder.seed_value(seed).unwrap()).await;
    tenant.answer(503, &track()).await;
    tenant.answer(200, &track()).await;
    tenant.server.reset();
    tenant.answer(503, &track()).await;
    let limited = stepup_mock::Failure::new(429)
        .operation("track")
        .header("retry-after", "3");
    let authsignal = tenant.server.authsignal();
    authsignal.set_failures([limited]).unwrap();
    let failed = tenant.answer(429, &track()).await;
    assert_eq!(failed.header("retry-after"), Some("3"));
    let unknown = stepup_mock::Failure::new(429).operation("trak");
    let why = authsignal.set_failures([unknown]).unwrap_err().to_string();
    assert!(why.contains("did you mean track?"), "{why}");
}
