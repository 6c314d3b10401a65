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

/// A user with a number and an email address who has passed the challenge of an action.
async fn passed(visit: &mut Visit, more: Value) {
    let tracked = visit.track(more).await;
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.heading(), "Check your text messages");
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
}

#[tokio::test]
async fn an_action_asks_for_a_passkey_once_it_has_passed_and_the_user_may_decline() {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    let action = json!({"actionCode": "signIn", "defaultUserActionResult": "CHALLENGE",
        "promptToEnrollVerificationMethods": ["PASSKEY"]});
    set(&visit, "POST", "/action-configurations", action).await;
    passed(&mut visit, json!({})).await;
    assert_eq!(
        (visit.status, visit.heading().as_str()),
        (200, "Create a passkey")
    );
    assert_eq!(visit.link("Use another method"), None);
    visit.left_to = visit.link("Not now");
    assert_eq!(visit.proof().await["state"], "CHALLENGE_SUCCEEDED");
    // Who has one is not asked.
    let passkey = json!({"verificationMethod": "PASSKEY", "credentialId": "one",
        "credentialPublicKey": "pQECAyYgASFYIA"});
    visit.tenant.enroll_with("ada", passkey).await;
    passed(&mut visit, json!({})).await;
    assert_eq!(visit.proof().await["state"], "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn users_keep_the_methods_that_the_tenant_says() {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    let settings = json!({"redirectToSettings": true});
    passed(&mut visit, settings).await;
    assert!(visit.html.contains("/challenge/remove"));
    let address = visit.address.clone();
    for setting in ["allowDisablingMfa", "allowDeletingUserAuthenticators"] {
        visit
            .tenant
            .configure(json!({"tenant": {setting: false}}))
            .await;
        visit.reload().await;
        assert!(!visit.html.contains("/challenge/remove"), "{setting}");
        visit
            .tenant
            .configure(json!({"tenant": {setting: true}}))
            .await;
    }
    visit
        .tenant
        .configure(json!({"tenant": {"allowDisablingMfa": false}}))
        .await;
    visit.enroll("EMAIL_OTP").await;
    visit.open(&address).await;
    visit.submit("/challenge/remove", &[]).await;
    assert!(visit.html.contains("Method removed."), "{}", visit.html);
    assert!(
        !visit.html.contains("/challenge/remove"),
        "it is the last one"
    );
}

#[tokio::test]
async fn the_line_about_the_mock_is_hidden_with_the_logo_of_the_vendor() {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    let tracked = visit.track(json!({})).await;
    for hides in [false, true, false] {
        let change = json!({"tenant": {"hideAuthsignalLogo": hides}});
        visit.tenant.configure(change).await;
        visit.open(text(&tracked["url"])).await;
        let shown = visit.html.contains("This page is from stepup-mock");
        assert_eq!(shown, !hides, "{}", visit.html);
    }
}

#[tokio::test]
async fn an_enrolment_leads_to_the_application_if_its_screen_is_hidden() {
    let mut visit = Visit::new().await;
    let hides = json!({"hideSuccessScreenOnEnrollment": true, "disableRecoveryCodes": true});
    set(&visit, "PATCH", "/tenant", hides).await;
    for hides in [true, false] {
        let change = json!({"hideSuccessScreenOnEnrollment": hides});
        set(&visit, "PATCH", "/tenant", change).await;
        let user = format!("user-{hides}");
        let body = json!({"redirectUrl": super::APP});
        let tracked = visit.tenant.track(&user, "signIn", body).await;
        visit.open(text(&tracked["url"])).await;
        visit.follow("Email code").await;
        visit
            .submit("/challenge/enroll", &[("address", "b@example.com")])
            .await;
        let code = visit.tenant.code().await;
        visit.submit("/challenge/verify", &[("code", &code)]).await;
        if hides {
            assert_eq!(visit.proof().await["state"], "CHALLENGE_SUCCEEDED");
        } else {
            assert!(visit.html.contains("Method added."), "{}", visit.html);
        }
    }
}

#[tokio::test]
async fn recovery_codes_are_hidden_after_an_enrolment_if_the_tenant_hides_them() {
    let mut visit = Visit::new().await;
    let hides = json!({"tenant": {"hideRecoveryCodesOnEnrollment": true}});
    visit.tenant.configure(hides).await;
    let tracked = visit.track(json!({})).await;
    visit.open(text(&tracked["url"])).await;
    visit.follow("Email code").await;
    visit
        .submit("/challenge/enroll", &[("address", "a@example.com")])
        .await;
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.heading(), "Sign-in methods");
}

#[tokio::test]
async fn a_page_goes_back_when_its_token_expires_if_the_tenant_says_so() {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    visit
        .tenant
        .configure(json!({"tenant": {"redirectOnSessionExpiry": true}}))
        .await;
    let tracked = visit.track(json!({})).await;
    visit.tenant.later(600);
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.proof().await["isValid"], false);
}

#[tokio::test]
async fn the_page_of_a_challenge_says_what_its_action_has_it_say() {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    let texts = json!({"en": {"defaultTemplate": "Confirm <the> payment."},
        "de": {"defaultTemplate": "Zahlung bestätigen"}});
    let action = json!({"actionCode": "signIn", "defaultUserActionResult": "CHALLENGE",
        "messagingTemplates": texts});
    set(&visit, "POST", "/action-configurations", action).await;
    let english = "Confirm &lt;the&gt; payment.";
    let german = "Zahlung bestätigen";
    for (locale, tracked, says) in [
        ("fr", json!({}), english),
        ("de-AT", json!({}), german),
        // The language that track names holds over the user's.
        ("en", json!({"locale": "de"}), german),
    ] {
        let user = json!({"locale": locale});
        visit.tenant.patch("/v1/users/ada", user).await;
        let tracked = visit.track(tracked).await;
        visit.open(text(&tracked["url"])).await;
        assert!(visit.html.contains(says), "{}", visit.html);
    }
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.proof().await["state"], "CHALLENGE_SUCCEEDED");
}
