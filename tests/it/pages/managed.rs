//! What the Management API sets, on pages.

use serde_json::{Value, json};

use super::{Visit, text};
use crate::tenant::with_body;
use crate::wire::Request;
use crate::world::MANAGEMENT_SECRET;

/// Changes a resource of the Management API.
async fn set(visit: &Visit, method: &str, target: &str, body: Value) {
    let request = Request::new(method, &format!("/v1/management{target}")).basic(MANAGEMENT_SECRET);
    visit.tenant.answer(200, &with_body(request, body)).await;
}

#[tokio::test]
async fn a_number_without_a_country_is_of_the_default_one_and_other_countries_are_refused() {
    let mut visit = Visit::new().await;
    let countries = json!({"smsCountryCodes": ["NZ", "AU"], "defaultCountryCode": "NZ"});
    set(
        &visit,
        "PATCH",
        "/authenticator-configurations/sms",
        countries,
    )
    .await;
    let tracked = visit.track(json!({})).await;
    visit.open(text(&tracked["url"])).await;
    visit.follow("Text message").await;
    assert!(
        visit
            .html
            .contains("A number without a country code gets +64."),
        "{}",
        visit.html
    );
    visit
        .submit("/challenge/enroll", &[("address", "+1 212 555 0100")])
        .await;
    assert_eq!(visit.status, 422);
    let alert = visit.alert().unwrap();
    assert!(alert.contains("of US"), "{alert}");
    visit
        .submit("/challenge/enroll", &[("address", "027 000 0000")])
        .await;
    assert_eq!(visit.heading(), "Check your text messages");
    assert_eq!(visit.tenant.newest_message().await["to"], "+64270000000");
}

#[tokio::test]
async fn the_default_method_of_an_action_comes_first() {
    let mut visit = Visit::new().await;
    visit.enroll("EMAIL_OTP").await;
    visit.enroll("SMS").await;
    let action = json!({"actionCode": "signIn", "defaultUserActionResult": "CHALLENGE"});
    set(&visit, "POST", "/action-configurations", action).await;
    for (method, heading) in [
        ("SMS", "Check your text messages"),
        ("EMAIL_OTP", "Check your email"),
    ] {
        let first = json!({"defaultVerificationMethod": method});
        set(&visit, "PATCH", "/action-configurations/signIn", first).await;
        let tracked = visit.track(json!({})).await;
        visit.open(text(&tracked["url"])).await;
        assert_eq!(visit.heading(), heading);
    }
}

#[tokio::test]
async fn a_page_is_open_as_long_as_the_tenant_says() {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    set(
        &visit,
        "PATCH",
        "/tenant",
        json!({"tokenDurationInMinutes": 2}),
    )
    .await;
    let tracked = visit.track(json!({})).await;
    visit.tenant.later(119);
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.heading(), "Check your text messages");
    visit.tenant.later(1);
    visit.reload().await;
    assert_eq!(visit.heading(), "This link has expired");
}

#[tokio::test]
async fn the_last_passkey_stays_if_the_tenant_wants_it() {
    let mut visit = Visit::new().await;
    let keeps = json!({"preventRemovingLastPasskey": true});
    set(
        &visit,
        "PATCH",
        "/authenticator-configurations/passkey",
        keeps,
    )
    .await;
    let passkey = json!({"verificationMethod": "PASSKEY", "credentialId": "one",
        "credentialPublicKey": "pQECAyYgASFYIA"});
    let enrolled = visit.tenant.enroll_with("ada", passkey).await;
    visit.enroll("SMS").await;
    let allow = json!({"actionCode": "signIn", "defaultUserActionResult": "ALLOW"});
    set(&visit, "POST", "/action-configurations", allow).await;
    let tracked = visit.track(json!({"redirectToSettings": true})).await;
    visit.open(text(&tracked["url"])).await;
    let id = text(&enrolled["userAuthenticatorId"]);
    visit
        .submit("/challenge/remove", &[("authenticator", id)])
        .await;
    assert_eq!(visit.status, 422);
    let alert = visit.alert().unwrap();
    assert!(alert.contains("last passkey"), "{alert}");
    // The application may.
    let target = format!("/v1/users/ada/authenticators/{id}");
    visit.tenant.delete(&target).await;
}
