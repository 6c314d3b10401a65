//! Links by email. What opens one is the mock's page; here it is opened as a mail program would, by its URL.

use serde_json::{Value, json};

use super::{REQUIRED, SUCCEEDED};
use crate::tenant::Tenant;
use crate::wire::Request;

async fn link(tenant: &Tenant) -> String {
    let message = tenant.newest_message().await;
    let url = message["url"].as_str().unwrap().to_owned();
    assert!(message["text"].as_str().unwrap().contains(&url));
    assert_eq!(message.get("code"), None);
    url
}

/// Follows a link.
pub(super) async fn open(tenant: &Tenant, url: &str) {
    let target = url.strip_prefix("http://mock.test:4750").unwrap();
    assert!(target.starts_with("/magic-link?token="), "{target}");
    tenant.answer(200, &Request::new("GET", target)).await;
}

const FINALIZE: &str = "/verify/email-magic-link/finalize";

#[tokio::test]
async fn a_page_polls_until_the_link_is_opened() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    let body = json!({"email": "ada@example.com"});
    let enrolled = page
        .post("/user-authenticators/email-magic-link", body)
        .await;
    assert!(enrolled["challengeId"].is_string());
    for _ in 0..2 {
        assert_eq!(
            page.post(FINALIZE, json!({})).await,
            json!({"isVerified": false})
        );
    }
    let url = link(&tenant).await;
    open(&tenant, &url).await;
    let id = json!({"challengeId": enrolled["challengeId"]});
    let verified = page.post(FINALIZE, id).await;
    assert_eq!(verified["isVerified"], true);
    assert_eq!(verified["userAuthenticator"]["email"], "ada@example.com");
    assert_eq!(tenant.state(&verified["accessToken"]).await, SUCCEEDED);
    let again = page.post(FINALIZE, json!({})).await;
    assert_eq!(
        again["isVerified"], true,
        "who asks once more is told once more"
    );
    assert_eq!(
        tenant.authenticators("ada").await.as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn a_link_that_is_not_opened_in_time_ends_the_polling() {
    let tenant = Tenant::new().await;
    tenant
        .enroll_with(
            "ada",
            json!({"verificationMethod": "EMAIL_MAGIC_LINK", "email": "ada@example.com"}),
        )
        .await;
    let page = tenant
        .page_with("ada", json!({"idempotencyKey": "k"}))
        .await;
    page.post_nothing("/challenge/email-magic-link").await;
    tenant.later(600);
    let page = tenant
        .page_with("ada", json!({"idempotencyKey": "k"}))
        .await;
    page.refused(400, "invalid_request", "expired", FINALIZE, json!({}))
        .await;
    assert_eq!(page.state().await, REQUIRED);
}

#[tokio::test]
async fn a_link_is_valid_only_for_the_action_and_user_it_was_sent_for() {
    let tenant = Tenant::new().await;
    tenant
        .enroll_with(
            "ada",
            json!({"verificationMethod": "EMAIL_MAGIC_LINK", "email": "ada@example.com"}),
        )
        .await;
    let (page, eve) = (tenant.page("ada").await, tenant.page("eve").await);
    let challenge = page.post_nothing("/challenge/email-magic-link").await;
    let cause = "no link was sent";
    eve.refused(400, "invalid_request", cause, FINALIZE, json!({}))
        .await;
    eve.refused(404, "not_found", "not found", FINALIZE, challenge.clone())
        .await;
    let code = json!({"challengeId": challenge["challengeId"], "verificationCode": "000000"});
    let tried: Value = tenant.call("POST", "/v1/verify", code).await;
    assert_eq!(tried["isVerified"], false, "a link has no code");
}
