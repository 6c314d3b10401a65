//! Managing authenticators on a page: who may, and what it does.

use serde_json::json;

use super::{EMAIL, Visit, text};

/// A user with two methods who has passed the challenge of an action that leads to the settings.
async fn at_settings() -> Visit {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    visit.enroll("EMAIL_OTP").await;
    let tracked = visit.track(json!({"redirectToSettings": true})).await;
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.heading(), "Check your text messages");
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.heading(), "Sign-in methods");
    visit
}

async fn methods(visit: &Visit) -> serde_json::Value {
    let user = visit.tenant.call("GET", "/v1/users/ada", json!({})).await;
    json!([
        user["enrolledVerificationMethods"],
        user["defaultVerificationMethod"]
    ])
}

#[tokio::test]
async fn a_challenge_comes_before_the_settings() {
    let mut visit = at_settings().await;
    assert!(visit.html.contains("8 recovery codes are left."));
    assert!(!visit.html.contains(EMAIL), "addresses are masked");
    visit.left_to = visit.link("Done");
    assert_eq!(visit.proof().await["state"], "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn a_user_changes_the_default_and_removes_a_method() {
    let mut visit = at_settings().await;
    assert_eq!(methods(&visit).await, json!([["SMS", "EMAIL_OTP"], "SMS"]));
    visit.submit("/challenge/default", &[]).await;
    assert!(visit.html.contains("Default method changed."));
    assert_eq!(
        methods(&visit).await,
        json!([["SMS", "EMAIL_OTP"], "EMAIL_OTP"])
    );
    visit.submit("/challenge/remove", &[]).await;
    assert!(visit.html.contains("Method removed."));
    assert_eq!(methods(&visit).await, json!([["EMAIL_OTP"], "EMAIL_OTP"]));
    visit
        .submit("/challenge/remove", &[("authenticator", "nobody's")])
        .await;
    assert_eq!(visit.status, 422);
    assert!(visit.alert().unwrap().contains("nobody's"));
}

#[tokio::test]
async fn adding_a_method_returns_to_the_settings() {
    let mut visit = at_settings().await;
    visit.follow("Add another").await;
    assert_eq!(visit.heading(), "Add a sign-in method");
    visit.follow("Email link").await;
    visit
        .submit("/challenge/enroll", &[("address", EMAIL)])
        .await;
    let link = visit.tenant.server.messages()[0].url.clone().unwrap();
    let opened = crate::wire::Request::new("GET", super::local(&link));
    assert_eq!(visit.tenant.send(&opened).await.status, 200);
    visit.submit("/challenge/verify", &[]).await;
    assert_eq!(visit.heading(), "Sign-in methods");
    assert!(visit.html.contains("Method added."));
    assert_eq!(
        methods(&visit).await[0],
        json!(["SMS", "EMAIL_OTP", "EMAIL_MAGIC_LINK"])
    );
}

#[tokio::test]
async fn an_allowed_action_opens_the_settings_at_once() {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    visit
        .tenant
        .control("/_mock/authsignal", json!({"defaultOutcome": "ALLOW"}))
        .await;
    let tracked = visit.track(json!({})).await;
    assert_eq!(tracked["state"], "ALLOW");
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.heading(), "Sign-in methods");
    visit.submit("/challenge/remove", &[]).await;
    assert!(visit.html.contains("You have no sign-in methods yet."));
}

#[tokio::test]
async fn settings_cannot_be_changed_before_the_challenge_is_passed() {
    let mut visit = Visit::challenged(&["SMS", "EMAIL_OTP"]).await;
    let token = visit.token();
    let before = methods(&visit).await;
    for (target, rest) in [
        ("/challenge/default", "method=EMAIL_OTP"),
        ("/challenge/remove", "authenticator=any"),
    ] {
        let mut request = crate::wire::Request::new("POST", target);
        request.body = format!("token={token}&{rest}").into_bytes();
        visit.go(request).await;
        assert_eq!(visit.status, 409, "{target}");
        assert_eq!(visit.heading(), "You cannot do this here");
        assert_eq!(methods(&visit).await, before);
    }
}
