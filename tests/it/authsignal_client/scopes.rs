//! Who may enrol, what is listed, and what a page is told to start with.

use serde_json::{Value, json};

use super::{App, SUCCEEDED};
use crate::tenant::Tenant;

#[tokio::test]
async fn another_authenticator_needs_the_scope_or_a_passed_challenge() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    let page = tenant.page("ada").await;
    let email = || json!({"email": "ada@example.com"});
    for (target, body) in [
        ("/user-authenticators/email-otp", email()),
        ("/user-authenticators/email-magic-link", email()),
        (
            "/user-authenticators/sms",
            json!({"phoneNumber": "+15550100"}),
        ),
        ("/user-authenticators/totp", json!({})),
        (
            "/user-authenticators/passkey/registration-options",
            json!({}),
        ),
        (
            "/user-authenticators/security-key/registration-options",
            json!({}),
        ),
        ("/user-authenticators/push", App::new(1).credential()),
        ("/user-authenticators/qr-code", App::new(1).credential()),
        ("/user-authenticators/in-app", App::new(1).credential()),
    ] {
        page.refused(403, "forbidden", "add:authenticators", target, body)
            .await;
    }
    page.post_nothing("/challenge/sms").await;
    let verified = page.verify("/verify/sms", &tenant.code().await).await;
    for token in [json!(page.token), verified["accessToken"].clone()] {
        let page = tenant.with_token(&token);
        page.post("/user-authenticators/email-otp", email()).await;
    }
    let scoped = tenant
        .page_with(
            "ada",
            json!({"scope": "read:authenticators add:authenticators"}),
        )
        .await;
    scoped.post("/user-authenticators/email-otp", email()).await;
    let claimed = scoped
        .verify("/verify/email-otp", &tenant.code().await)
        .await;
    assert_eq!(tenant.state(&claimed["accessToken"]).await, SUCCEEDED);
}

#[tokio::test]
async fn a_method_that_the_tenant_has_not_configured_cannot_be_enrolled() {
    let tenant = Tenant::new().await;
    let request = crate::wire::Request::new("POST", "/_mock/authsignal")
        .json(json!({"verificationMethods": ["SMS"]}).to_string());
    tenant.answer(200, &request).await;
    let page = tenant.page("ada").await;
    let (code, cause) = ("invalid_configuration", "AUTHENTICATOR_APP");
    page.refused(400, code, cause, "/user-authenticators/totp", json!({}))
        .await;
}

#[tokio::test]
async fn addresses_and_numbers_are_masked_in_lists() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    tenant
        .enroll_with(
            "ada",
            json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"}),
        )
        .await;
    let page = tenant.page("ada").await;
    let list = page.get("/user-authenticators").await;
    assert_eq!(list[0]["phoneNumber"], "+********000");
    assert_eq!(list[1]["email"], "a****@example.com");
    assert_eq!(list[0]["authenticatorType"], "OOB");
    assert_eq!(list[0]["isDefault"], true);

    let init = page.post("/init", json!({})).await;
    let options = &init["challengeOptions"];
    assert_eq!(options["verificationMethods"], json!(["SMS", "EMAIL_OTP"]));
    assert_eq!(options["defaultVerificationMethod"], "SMS");
    assert_eq!(
        options["user"],
        json!({"email": "a****@example.com", "phoneNumber": "+********000"})
    );
    let again = tenant.with_token(&options["token"]);
    assert_eq!(again.state().await, page.state().await);
    again
        .refused(
            403,
            "forbidden",
            "scope",
            "/user-authenticators/totp",
            json!({}),
        )
        .await;
}

#[tokio::test]
async fn a_new_user_has_empty_lists() {
    let tenant = Tenant::new().await;
    let page = tenant.page("nobody").await;
    assert_eq!(page.get("/user-authenticators").await, json!([]));
    let configured: Value = page.get("/authenticators").await;
    assert!(
        configured
            .as_array()
            .is_some_and(|all| all.iter().all(|one| one["isActive"] == true))
    );
    let init = page.post_nothing("/init").await;
    assert_eq!(init["challengeOptions"]["verificationMethods"], json!([]));
}

#[tokio::test]
async fn a_users_first_authenticator_brings_one_set_of_recovery_codes() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    page.post(
        "/user-authenticators/sms",
        json!({"phoneNumber": "+64270000001"}),
    )
    .await;
    page.post(
        "/user-authenticators/sms",
        json!({"phoneNumber": "+64270000002"}),
    )
    .await;
    page.verify("/verify/sms", &tenant.code().await).await;
    let own = tenant.authenticators("ada").await;
    assert_eq!(
        own.as_array().map(Vec::len),
        Some(1),
        "the newest took the place of the other"
    );
    assert_eq!(own[0]["phoneNumber"], "+64270000002");
    tenant.call("DELETE", "/v1/users/ada", Value::Null).await;
    assert_eq!(tenant.authenticators("ada").await, json!([]));
}
