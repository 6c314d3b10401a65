//! What is bounded: requests within a minute, and what the mock keeps. How many challenges and actions it keeps are
//! constants of the domain; its own tests fill them.

use serde_json::json;

use crate::tenant::{Tenant, assert_refusal};
use crate::wire::Request;
use crate::world::{TENANT, WRONG_SECRET, basic};

#[tokio::test]
async fn the_request_limit_is_exact_and_its_window_slides() {
    let tenant = Tenant::of(|builder| builder.rate_limit(3)).await;
    let get = Tenant::request("GET", "/v1/users/u1");
    let track = Tenant::request("POST", "/v1/users/u1/actions/signIn").json("{}");
    tenant.answer(200, &get).await;
    tenant.later(30);
    tenant.answer(200, &track).await;
    // A request that is refused for another reason counts; one without good credentials does not.
    let stranger =
        Request::new("GET", "/v1/users/u1").header("Authorization", &basic(WRONG_SECRET));
    tenant.answer(401, &stranger).await;
    let bad = Tenant::request("GET", "/v1/users/%zz");
    tenant.answer(400, &bad).await;
    for request in [&get, &track, &bad] {
        let before = tenant.server.state();
        let answer = tenant.answer(429, request).await;
        assert_refusal(
            &answer,
            "too_many_requests",
            "--rate-limit 3 allows within a minute",
        );
        assert_eq!(tenant.server.state(), before);
    }
    // What takes no credentials is nobody's.
    let keys = format!("/v1/client/public/{TENANT}/.well-known/jwks");
    tenant.answer(200, &Request::new("GET", &keys)).await;
    tenant.later(29);
    tenant.answer(429, &get).await;
    tenant.later(1);
    tenant.answer(200, &get).await;
    tenant.answer(429, &get).await;
    tenant.server.reset();
    tenant.answer(200, &get).await;
}

#[tokio::test]
async fn the_journal_and_the_outbox_keep_the_newest_entries() {
    let tenant = Tenant::of(|builder| builder.journal(5).outbox(3)).await;
    for number in 0..10 {
        let body = json!({"verificationMethod": "SMS", "action": "a", "phoneNumber": format!("+1555010{number}")});
        tenant.post("/v1/challenge", body).await;
        // Those that belong to no tenant have a journal of their own, as bounded.
        let nobody = Request::new("GET", "/v1/users/u1");
        tenant.answer(401, &nobody).await;
    }
    let messages = tenant.server.messages();
    let to: Vec<_> = messages.iter().map(|message| message.to.as_str()).collect();
    assert_eq!(to, ["+15550109", "+15550108", "+15550107"]);
    let journal = tenant.server.journal();
    let numbers: Vec<_> = journal.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [20, 19, 18, 17, 16, 15, 14, 13, 12, 11]);
    assert_eq!(
        journal.iter().filter(|entry| entry.status == 401).count(),
        5
    );
    let all = Request::new("GET", "/_mock/journal?limit=10000");
    let listed = tenant.answer(200, &all).await.json();
    assert_eq!(listed["requests"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn the_journal_shows_no_secret() {
    let tenant = Tenant::new().await;
    let id_token = "eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImFAZXhhbXBsZS5jb20ifQ.";
    for name in ["token", "%74oken", "to%6ben"] {
        tenant
            .get(&format!("/v1/users?{name}={id_token}&limit=1"))
            .await;
    }
    let token = tenant.proof("u1").await;
    let text = format!("{:?}", tenant.server.journal());
    for secret in [
        id_token,
        token.as_str().unwrap(),
        "eyJ",
        crate::world::API_SECRET,
    ] {
        assert!(!text.contains(secret), "{secret} is in the journal");
    }
    assert_eq!(text.matches("token=***").count(), 3, "{text}");
}

#[tokio::test]
async fn a_new_device_replaces_the_oldest_when_a_user_has_too_many() {
    let tenant = Tenant::new().await;
    for number in 0..=100 {
        tenant
            .track("u1", "signIn", json!({"deviceId": format!("d{number}")}))
            .await;
    }
    let devices = tenant.get("/v1/users/u1/devices").await;
    let devices = devices.as_array().unwrap();
    assert_eq!(
        (devices.len(), &devices[0]["deviceId"]),
        (100, &json!("d1"))
    );
}
