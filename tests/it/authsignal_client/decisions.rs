//! What was decided about an action stands before every challenge: nothing starts for one that was decided against, and
//! a sign-in without a track is decided, too.

use serde_json::{Value, json};
use stepup_mock::SoftwareAuthenticator;

use super::{App, Page, REQUIRED, SUCCEEDED};
use crate::tenant::{Tenant, assert_refusal, with_body};
use crate::wire::Request;

/// A page of an application, which passkeys are bound to.
const APP: &str = "http://localhost:3000";
const SIGN_IN: &str = "/v1/client/user-authenticators/passkey/authentication-options";

/// A user with a means for every challenge.
async fn equipped(tenant: &Tenant, user: &str) -> App {
    for body in [
        json!({"verificationMethod": "SMS", "phoneNumber": "+64270000000"}),
        json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"}),
        json!({"verificationMethod": "EMAIL_MAGIC_LINK", "email": "ada@example.com"}),
    ] {
        tenant.enroll_with(user, body).await;
    }
    tenant
        .control("/_mock/passkey/enroll", json!({"userId": user}))
        .await;
    let app = App::new(1);
    let page = tenant
        .page_with(user, json!({"scope": "add:authenticators"}))
        .await;
    page.post("/user-authenticators/push", app.credential())
        .await;
    app
}

/// Whatever an application can start with the token of an action.
fn starts(app: &App) -> Vec<(&'static str, Value)> {
    let action = json!({"action": "signIn"});
    let email = json!({"email": "eve@example.com"});
    vec![
        ("/challenge/sms", Value::Null),
        ("/challenge/whatsapp", Value::Null),
        ("/challenge/email-otp", json!({})),
        ("/challenge/email-magic-link", Value::Null),
        ("/challenge/push", action.clone()),
        ("/challenge/qr-code", action.clone()),
        ("/challenge", action.clone()),
        ("/challenge", json!({})),
        ("/challenge/web", action),
        (
            "/user-authenticators/passkey/authentication-options",
            json!({}),
        ),
        (
            "/user-authenticators/passkey/authentication-options/web",
            json!({}),
        ),
        (
            "/user-authenticators/security-key/authentication-options",
            Value::Null,
        ),
        ("/verify/totp", json!({"verificationCode": "000000"})),
        ("/user-authenticators/email-otp", email.clone()),
        ("/user-authenticators/email-magic-link", email),
        (
            "/user-authenticators/sms",
            json!({"phoneNumber": "+64270000001"}),
        ),
        ("/user-authenticators/totp", Value::Null),
        (
            "/user-authenticators/passkey/registration-options",
            json!({}),
        ),
        (
            "/user-authenticators/security-key/registration-options",
            Value::Null,
        ),
        ("/user-authenticators/push", app.credential()),
        ("/user-authenticators/qr-code", app.credential()),
        ("/user-authenticators/in-app", app.credential()),
    ]
}

async fn decided<'a>(tenant: &'a Tenant, user: &str, outcome: &str) -> Page<'a> {
    let plan = json!({"userId": user, "outcome": outcome});
    tenant.control("/_mock/authsignal/next-outcome", plan).await;
    tenant
        .page_with(user, json!({"scope": "add:authenticators"}))
        .await
}

#[tokio::test]
async fn nothing_starts_for_an_action_that_is_decided_against() {
    for (outcome, state) in [("BLOCK", "BLOCK"), ("REVIEW", "REVIEW_REQUIRED")] {
        let tenant = Tenant::new().await;
        let app = equipped(&tenant, "ada").await;
        let page = decided(&tenant, "ada", outcome).await;
        for (target, body) in starts(&app) {
            let request = with_body(page.request("POST", target), body).header("Origin", APP);
            tenant
                .refused(&request, 400, "invalid_request", state)
                .await;
        }
        assert_eq!(page.state().await, state);
        let waiting = tenant.get("/_mock/phone/requests").await;
        assert_eq!(waiting["requests"], json!([]), "no phone rings");
        // The application's own update opens it.
        let proof = tenant.validate(&json!(page.token)).await;
        let key = proof["idempotencyKey"].as_str().unwrap();
        let target = format!("/v1/users/ada/actions/signIn/{key}");
        tenant.patch(&target, json!({"state": REQUIRED})).await;
        page.post("/challenge/push", json!({"action": "signIn"}))
            .await;
    }
}

#[tokio::test]
async fn an_action_that_is_allowed_can_still_be_challenged_and_passes() {
    let tenant = Tenant::new().await;
    let app = equipped(&tenant, "ada").await;
    let page = decided(&tenant, "ada", "ALLOW").await;
    assert_eq!(page.state().await, "ALLOW");
    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    let id = challenge["challengeId"].as_str().unwrap();
    let approved = json!({
        "publicKey": app.public_key(), "challengeId": id, "approved": true, "signature": app.sign(id),
    });
    let target = "/user-authenticators/push/challenge";
    tenant.anonymously(200, "POST", target, approved).await;
    assert_eq!(page.state().await, SUCCEEDED);
}

/// Signs ada in with her passkey and no token: the answer.
async fn sign_in(tenant: &Tenant, status: u16) -> Value {
    let anonymous = |target: &str, body: &Value| {
        Tenant::anonymous("POST", target)
            .json(body.to_string())
            .header("Origin", APP)
    };
    let target = SIGN_IN.strip_prefix("/v1/client").unwrap();
    let started = tenant.answer(200, &anonymous(target, &json!({}))).await;
    let listed = tenant.authenticators("ada").await;
    let held = listed.as_array().unwrap().iter();
    let held: Vec<String> = held
        .filter_map(|one| one["webauthnCredential"]["credentialId"].as_str())
        .map(str::to_owned)
        .collect();
    let key = SoftwareAuthenticator::new("ada");
    let signed = key.get(&started.json()["options"], APP, &held).unwrap();
    let body = json!({"authenticationCredential": signed});
    let verify = anonymous("/verify/passkey", &body);
    tenant.answer(status, &verify).await.json()
}

/// Enrols ada's passkey as her browser does.
async fn with_passkey(tenant: &Tenant) {
    let page = tenant.page("ada").await;
    let send = async |target: &str, body: Value| {
        let request = page.request("POST", target).json(body.to_string());
        let answer = tenant.answer(200, &request.header("Origin", APP)).await;
        answer.json()
    };
    let base = "/user-authenticators/passkey";
    let started = send(&format!("{base}/registration-options"), json!({})).await;
    let key = SoftwareAuthenticator::new("ada");
    let made = key.create(&started["options"], APP).unwrap();
    let body = json!({"registrationCredential": made, "conditionalCreate": false});
    send(base, body).await;
}

async fn newest(tenant: &Tenant) -> Value {
    let user = Request::new("GET", "/_mock/user?userId=ada");
    let mut detail = tenant.answer(200, &user).await.json();
    let mut newest = detail["actions"][0].take();
    newest["waiting"] = detail["nextOutcomes"].take();
    newest
}

#[tokio::test]
async fn a_sign_in_without_a_track_is_decided_and_uses_up_the_outcome_that_waits() {
    let tenant = Tenant::new().await;
    with_passkey(&tenant).await;
    for (outcome, state) in [("BLOCK", "BLOCK"), ("REVIEW", "REVIEW_REQUIRED")] {
        tenant
            .control(
                "/_mock/authsignal/next-outcome",
                json!({"outcome": outcome}),
            )
            .await;
        assert_eq!(
            newest(&tenant).await["waiting"],
            json!([{"outcome": outcome}])
        );
        let refused = sign_in(&tenant, 400).await;
        assert_eq!(refused["errorCode"], "invalid_request");
        let told = refused["errorDescription"].as_str().unwrap();
        assert!(told.contains(state), "{told}");
        let action = newest(&tenant).await;
        assert_eq!(
            (&action["state"], &action["decidedBy"], &action["waiting"]),
            (&json!(state), &json!("next-outcome"), &json!([]))
        );
    }
    let verified = sign_in(&tenant, 200).await;
    assert_eq!(tenant.state(&verified["accessToken"]).await, SUCCEEDED);
    assert_eq!(newest(&tenant).await["decidedBy"], "default-outcome");
}

#[tokio::test]
async fn a_sign_in_without_a_track_is_decided_by_rules_and_settings_of_its_action() {
    let tenant = Tenant::new().await;
    with_passkey(&tenant).await;
    let rule = json!({
        "ruleId": "r", "name": "Not ada", "priority": 1, "action": "signIn", "outcome": "BLOCK",
        "conditions": {"==": [{"var": "user.id"}, "ada"]},
    });
    tenant
        .control("/_mock/authsignal", json!({"rules": [rule]}))
        .await;
    sign_in(&tenant, 400).await;
    let action = newest(&tenant).await;
    assert_eq!(
        (&action["decidedBy"], &action["rule"]),
        (&json!("rule"), &json!("Not ada"))
    );
    let allowed = json!([{"action": "signIn", "outcome": "ALLOW"}]);
    tenant
        .control(
            "/_mock/authsignal",
            json!({"rules": [], "actions": allowed}),
        )
        .await;
    let verified = sign_in(&tenant, 200).await;
    assert_eq!(tenant.state(&verified["accessToken"]).await, SUCCEEDED);
    assert_eq!(newest(&tenant).await["decidedBy"], "action-outcome");
}

#[tokio::test]
async fn a_qr_code_that_is_decided_against_when_it_is_approved_passes_nothing() {
    let (tenant, app) = (Tenant::new().await, App::new(2));
    tenant
        .page("ada")
        .await
        .post("/user-authenticators/qr-code", app.credential())
        .await;
    let shown = json!({"action": "signIn"});
    let shown = tenant
        .anonymously(200, "POST", "/challenge/qr-code", shown)
        .await;
    let id = shown["challengeId"].as_str().unwrap();
    let mut signed = json!({
        "publicKey": app.public_key(), "challengeId": id, "signature": app.sign(id),
    });
    let target = "/user-authenticators/qr-code/challenge";
    let claim = format!("{target}/claim");
    tenant
        .anonymously(200, "POST", &claim, signed.clone())
        .await;
    let plan = json!({"userId": "ada", "outcome": "BLOCK"});
    tenant.control("/_mock/authsignal/next-outcome", plan).await;
    signed["approved"] = true.into();
    let approve = with_body(Tenant::anonymous("POST", target), signed);
    let refused = tenant.answer(400, &approve).await;
    assert_refusal(&refused, "invalid_request", "BLOCK");
    let asked = json!({"challengeId": id, "deviceCode": shown["deviceCode"]});
    let asked = tenant
        .anonymously(200, "POST", "/verify/qr-code", asked)
        .await;
    assert_eq!(
        (&asked["isVerified"], &asked["isConsumed"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(newest(&tenant).await["state"], "BLOCK");
}

#[tokio::test]
async fn a_challenge_for_a_user_who_has_nothing_enrolled_says_so() {
    let tenant = Tenant::new().await;
    let plan = json!({"userId": "ada", "outcome": "CHALLENGE"});
    let planned = tenant
        .control("/_mock/authsignal/next-outcome", plan.clone())
        .await;
    let warning = planned["warning"].as_str().unwrap();
    assert!(
        warning.contains("user ada has no authenticator"),
        "{warning}"
    );
    assert_eq!(tenant.page("ada").await.state().await, "ALLOW");
    let warning = newest(&tenant).await["warning"].take();
    assert!(warning.as_str().unwrap().contains("ALLOW"), "{warning}");
    // By default every new user is let through: that is no news.
    tenant.page("ada").await;
    assert_eq!(newest(&tenant).await["warning"], Value::Null);
    tenant.enroll("ada").await;
    let planned = tenant.control("/_mock/authsignal/next-outcome", plan).await;
    assert_eq!(planned.get("warning"), None);
    assert_eq!(tenant.page("ada").await.state().await, REQUIRED);
}
