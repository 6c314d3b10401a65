//! What only old SDKs send or read.

use serde_json::json;

use crate::tenant::Tenant;

#[tokio::test]
async fn version_0_of_the_python_sdk_gets_a_page_and_a_challenge_url() {
    let tenant = Tenant::new().await;
    assert!(tenant.get("/v1/users/u1").await.get("url").is_none());
    let user = tenant
        .get("/v1/users/u1?redirectUrl=http%3A%2F%2Fwww.yourapp.com%2Fpath-back")
        .await;
    let url = user["url"].as_str().unwrap();
    assert!(url.contains("?token="), "{url}");
    let identified = tenant
        .post("/v1/users/python:1", json!({"email": "new@email.com"}))
        .await;
    assert_eq!(identified["email"], "new@email.com");
    let legacy = json!({"oobChannel": "SMS", "phoneNumber": "+64277770770"});
    let enrolled = tenant
        .post("/v1/users/python:1/authenticators", legacy)
        .await;
    assert_eq!(enrolled["authenticator"]["verificationMethod"], "SMS");
    let tracked = tenant.track("python:1", "testPython", json!({})).await;
    assert_eq!(tracked["state"], "CHALLENGE_REQUIRED");
    assert_eq!(tracked["challengeUrl"], tracked["url"]);
}

#[tokio::test]
async fn each_legacy_channel_enrols_its_method_and_the_new_name_wins() {
    let tenant = Tenant::new().await;
    for (channel, address) in [
        ("SMS", json!({"phoneNumber": "+15550100"})),
        ("EMAIL_OTP", json!({"email": "a@example.com"})),
        ("EMAIL_MAGIC_LINK", json!({"email": "a@example.com"})),
    ] {
        let mut body = address;
        body["oobChannel"] = channel.into();
        let enrolled = tenant.post("/v1/users/u1/authenticators", body).await;
        let enrolled = &enrolled["authenticator"];
        assert_eq!(enrolled["verificationMethod"], channel);
        assert_eq!(enrolled["authenticatorType"], "OOB");
        assert_eq!(enrolled["oobChannel"], channel);
    }
    let both =
        json!({"oobChannel": "SMS", "verificationMethod": "EMAIL_OTP", "email": "b@example.com"});
    let enrolled = tenant.post("/v1/users/u2/authenticators", both).await;
    assert_eq!(enrolled["authenticator"]["verificationMethod"], "EMAIL_OTP");
    assert_eq!(enrolled["authenticator"]["oobChannel"], "EMAIL_OTP");
    let new = json!({"verificationMethod": "EMAIL_OTP", "email": "b@example.com"});
    let enrolled = tenant.post("/v1/users/u2/authenticators", new).await;
    for member in ["authenticatorType", "oobChannel"] {
        assert_eq!(enrolled["authenticator"].get(member), None, "{enrolled}");
    }
    tenant
        .refused_body(
            "POST",
            "/v1/users/u1/authenticators",
            json!({"oobChannel": "PUSH"}),
            "/oobChannel",
        )
        .await;
}

#[tokio::test]
async fn login_with_email_finds_or_creates_the_user_of_an_address() {
    let tenant = Tenant::new().await;
    tenant
        .patch("/v1/users/u1", json!({"email": "known@example.com"}))
        .await;
    for (email, user) in [
        ("known@example.com", "u1"),
        ("new@example.com", "new@example.com"),
    ] {
        let target = format!("/v1/users/email/{}/challenge", email.replace('@', "%40"));
        let body = json!({"email": email, "redirectUrl": "https://example.com"});
        let started = tenant.post(&target, body).await;
        let (_, token) = started["url"]
            .as_str()
            .unwrap()
            .split_once("?token=")
            .unwrap();
        assert_eq!(tenant.validate(&json!(token)).await["userId"], user);
        let found = tenant.get(&format!("/v1/users?email={email}")).await;
        assert_eq!(found["users"][0]["userId"], user);
    }
}

#[tokio::test]
async fn a_user_token_belongs_to_no_action() {
    let tenant = Tenant::new().await;
    let made = tenant.post("/v1/token", json!({"userId": "u1"})).await;
    let validated = tenant.validate(&made["accessToken"]).await;
    assert_eq!(validated["isValid"], false);
    assert!(validated["error"].is_string());
}
