//! The mock's software devices: that they pass challenges as true ones do, from the embedded mock and from the control API.
//! Must not know how their keys come to be.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stepup_mock::ActionState;

use crate::tenant::{Tenant, with_body};
use crate::wire::Request;
use crate::world::TENANT;

/// The page of an application.
const ORIGIN: &str = "http://localhost:3000";
const SUCCEEDED: &str = "CHALLENGE_SUCCEEDED";

impl Tenant {
    /// A request of a page that has a token.
    async fn page_sends(&self, token: &Value, target: &str, body: Value) -> Value {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        let request = Request::new("POST", &format!("/v1/client{target}"))
            .header("Authorization", &bearer)
            .header("Origin", ORIGIN);
        self.answer(200, &with_body(request, body)).await.json()
    }

    /// A request of a page that knows the tenant alone.
    async fn anybody_sends(&self, target: &str, body: Value) -> Value {
        let request = Request::new("POST", &format!("/v1/client{target}"))
            .basic(TENANT)
            .header("Origin", ORIGIN);
        self.answer(200, &with_body(request, body)).await.json()
    }

    /// What a device of the control API answers.
    async fn device(&self, target: &str, body: Value) -> (u16, Value) {
        let request = Request::new("POST", &format!("/_mock/{target}"));
        let answer = self.send(&with_body(request, body)).await;
        (answer.status, answer.json())
    }
}

#[tokio::test]
async fn a_passkey_is_enrolled_and_passes_a_challenge() {
    let tenant = Tenant::new().await;
    let enrolled = tenant
        .server
        .authsignal()
        .passkey("ada")
        .enroll()
        .await
        .unwrap();
    assert_eq!((&*enrolled.tenant_id, &*enrolled.user_id), (TENANT, "ada"));
    let listed = tenant.authenticators("ada").await;
    assert_eq!(listed[0]["verificationMethod"], "PASSKEY");
    assert_eq!(
        listed[0]["userAuthenticatorId"].as_str(),
        enrolled.authenticator_id.as_deref()
    );
    let credential = &listed[0]["webauthnCredential"];
    assert_eq!(
        credential["credentialId"].as_str(),
        enrolled.credential_id.as_deref()
    );
    assert_eq!(credential["credentialBackedUp"], true);
    assert_eq!(credential["credentialDeviceType"], "multiDevice");
    assert_eq!(credential["authenticatorAttachment"], "platform");

    let token = tenant.token("ada", "signIn").await;
    let done = tenant
        .server
        .authsignal()
        .passkey("ada")
        .approve()
        .await
        .unwrap();
    assert_eq!(done.authenticator_id, enrolled.authenticator_id);
    let action = done.action.unwrap();
    assert_eq!(
        (&*action.action, action.state),
        ("signIn", ActionState::ChallengeSucceeded)
    );
    let valid = tenant.validate(&token).await;
    assert_eq!(
        (&valid["isValid"], &valid["state"]),
        (&json!(true), &json!(SUCCEEDED))
    );
    assert_eq!(valid["verificationMethod"], "PASSKEY");
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_token() {
    let tenant = Tenant::new().await;
    let authsignal = tenant.server.authsignal();
    let passkey = || authsignal.passkey("ada").origin(ORIGIN);
    let none = passkey().sign_in().await.unwrap_err();
    assert_eq!(none.to_string(), "user ada has no passkey; enrol one first");
    passkey().enroll().await.unwrap();
    authsignal
        .passkey("eve")
        .origin(ORIGIN)
        .enroll()
        .await
        .unwrap();

    let token = passkey().sign_in().await.unwrap();
    let valid = tenant.validate(&json!(token)).await;
    assert_eq!(
        (&valid["isValid"], &valid["userId"], &valid["action"]),
        (&json!(true), &json!("ada"), &json!("signIn"))
    );
    assert_eq!(valid["state"], SUCCEEDED);
    // Another authenticator does not hold ada's passkey.
    let other = passkey().device("another").sign_in().await.unwrap_err();
    assert!(other.to_string().contains("NotAllowedError"), "{other}");
}

#[tokio::test]
async fn a_security_key_is_enrolled_and_passes_a_challenge() {
    let tenant = Tenant::new().await;
    let key = tenant.server.authsignal().passkey("ada").security_key();
    key.enroll().await.unwrap();
    let listed = tenant.authenticators("ada").await;
    assert_eq!(listed[0]["verificationMethod"], "SECURITY_KEY");
    let credential = &listed[0]["webauthnCredential"];
    assert_eq!(credential["credentialDeviceType"], "singleDevice");
    assert_eq!(credential["authenticatorAttachment"], "cross-platform");
    let token = tenant.token("ada", "signIn").await;
    // What the user has enrolled is what approves.
    tenant
        .server
        .authsignal()
        .passkey("ada")
        .approve()
        .await
        .unwrap();
    let valid = tenant.validate(&token).await;
    assert_eq!(valid["verificationMethod"], "SECURITY_KEY");
    assert_eq!(valid["isValid"], true);
}

#[tokio::test]
async fn enrolling_for_an_action_passes_it() {
    let tenant = Tenant::new().await;
    tenant
        .server
        .authsignal()
        .passkey("ada")
        .enroll()
        .await
        .unwrap();
    let first = tenant.token("ada", "pay").await;
    let second = tenant.token("ada", "signIn").await;
    let other = tenant.server.authsignal().passkey("ada").device("another");
    let done = other.enroll_for("pay").await.unwrap();
    assert_eq!(done.action.unwrap().state, ActionState::ChallengeSucceeded);
    assert_eq!(tenant.validate(&first).await["isValid"], true);
    assert_eq!(tenant.validate(&second).await["isValid"], false);
    other.approve_action("signIn").await.unwrap();
    assert_eq!(tenant.validate(&second).await["isValid"], true);
    let trouble = other.approve_action("signIn").await.unwrap_err();
    assert!(trouble.to_string().contains("track one first"), "{trouble}");
}

#[tokio::test]
async fn an_authenticator_holds_one_passkey_for_each_user() {
    let tenant = Tenant::new().await;
    tenant
        .server
        .authsignal()
        .passkey("ada")
        .enroll()
        .await
        .unwrap();
    let trouble = tenant
        .server
        .authsignal()
        .passkey("ada")
        .enroll()
        .await
        .unwrap_err();
    assert!(
        trouble.to_string().contains("InvalidStateError"),
        "{trouble}"
    );
    tenant
        .server
        .authsignal()
        .passkey("bob")
        .enroll()
        .await
        .unwrap();
    tenant.token("ada", "signIn").await;
    let other = tenant.server.authsignal().passkey("ada").device("another");
    let trouble = other.approve().await.unwrap_err();
    assert!(trouble.to_string().contains("NotAllowedError"), "{trouble}");
    tenant.token("eve", "signIn").await;
    let trouble = tenant
        .server
        .authsignal()
        .passkey("eve")
        .approve()
        .await
        .unwrap_err();
    assert!(trouble.to_string().contains("eve"), "{trouble}");
}

#[tokio::test]
async fn a_passkey_belongs_to_the_domain_of_its_page() {
    let tenant = Tenant::new().await;
    let elsewhere = tenant
        .server
        .authsignal()
        .passkey("ada")
        .origin("https://app.example.com");
    elsewhere.enroll().await.unwrap();
    tenant.token("ada", "signIn").await;
    let trouble = tenant
        .server
        .authsignal()
        .passkey("ada")
        .approve()
        .await
        .unwrap_err();
    assert!(trouble.to_string().contains("localhost"), "{trouble}");
    elsewhere.approve().await.unwrap();
    let odd = tenant.server.authsignal().passkey("ada").origin("nowhere");
    assert!(odd.enroll().await.is_err());
}

#[tokio::test]
async fn the_same_steps_create_the_same_credential() {
    let (one, two) = (Tenant::new().await, Tenant::new().await);
    let first = one
        .server
        .authsignal()
        .passkey("ada")
        .enroll()
        .await
        .unwrap();
    assert_eq!(
        first,
        two.server
            .authsignal()
            .passkey("ada")
            .enroll()
            .await
            .unwrap()
    );
    one.server.reset();
    assert_eq!(
        first,
        one.server
            .authsignal()
            .passkey("ada")
            .enroll()
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_passkey_that_the_server_enrolled_with_its_key_passes_a_challenge() {
    let tenant = Tenant::new().await;
    let token = tenant.token("bob", "signIn").await;
    let started = tenant
        .page_sends(
            &token,
            "/user-authenticators/passkey/registration-options",
            json!({}),
        )
        .await;
    let body = json!({"options": started["options"], "origin": ORIGIN});
    let (status, made) = tenant.device("passkey/create", body).await;
    assert_eq!(status, 200, "{made}");
    let credential = &made["credential"];
    let data = credential.pointer("/response/authenticatorData").unwrap();
    let data = URL_SAFE_NO_PAD.decode(data.as_str().unwrap()).unwrap();
    // WebAuthn Level 3, 6.1 and 6.5.1: 37 bytes, the model of 16, the length of the id, the id, the key.
    let length = usize::from(u16::from_be_bytes([data[53], data[54]]));
    let key = URL_SAFE_NO_PAD.encode(&data[55 + length..]);
    let enrollment = json!({
        "verificationMethod": "PASSKEY",
        "credentialId": credential["id"],
        "credentialPublicKey": key,
    });
    tenant
        .call("POST", "/v1/users/ada/authenticators", enrollment)
        .await;
    let token = tenant.token("ada", "signIn").await;
    tenant
        .server
        .authsignal()
        .passkey("ada")
        .approve()
        .await
        .unwrap();
    assert_eq!(tenant.validate(&token).await["isValid"], true);
}

#[tokio::test]
async fn the_control_api_answers_webauthn_options_without_a_browser() {
    let tenant = Tenant::new().await;
    let token = tenant.token("ada", "signIn").await;
    let started = tenant
        .page_sends(
            &token,
            "/user-authenticators/passkey/registration-options",
            json!({}),
        )
        .await;
    let body = json!({"options": started["options"], "origin": ORIGIN});
    let (_, made) = tenant.device("passkey/create", body).await;
    let body = json!({"registrationCredential": made["credential"], "challengeId": started["challengeId"]});
    let enrolled = tenant
        .page_sends(&token, "/user-authenticators/passkey", body)
        .await;
    assert_eq!(enrolled["isVerified"], true);

    // Without a token the credential identifies the user.
    let started = tenant
        .anybody_sends(
            "/user-authenticators/passkey/authentication-options",
            json!({}),
        )
        .await;
    let mut body = json!({"options": started["options"], "origin": ORIGIN});
    let (status, problem) = tenant.device("passkey/get", body.clone()).await;
    assert_eq!((status, &problem["error"]), (409, &json!("impossible")));
    body["credentialIds"] = json!([made["credential"]["id"]]);
    let (_, signed) = tenant.device("passkey/get", body).await;
    let body = json!({"authenticationCredential": signed["credential"], "challengeId": started["challengeId"]});
    let verified = tenant.anybody_sends("/verify/passkey", body).await;
    assert_eq!(
        (&verified["isVerified"], &verified["userId"]),
        (&json!(true), &json!("ada"))
    );
}

#[tokio::test]
async fn a_phone_approves_and_denies_push_notifications() {
    let tenant = Tenant::new().await;
    let phone = tenant.server.authsignal().phone("ada");
    let trouble = phone.approve().await.unwrap_err();
    assert!(trouble.to_string().contains("register"), "{trouble}");
    let registered = phone.register().await.unwrap();
    assert_eq!(
        tenant.authenticators("ada").await[0]["verificationMethod"],
        "PUSH"
    );
    let trouble = phone.approve().await.unwrap_err();
    assert!(
        trouble.to_string().contains("no push notification"),
        "{trouble}"
    );
    for approves in [true, false] {
        let token = tenant.token("ada", "signIn").await;
        let started = tenant
            .page_sends(&token, "/challenge/push", json!({"action": "signIn"}))
            .await;
        let done = match approves {
            true => phone.approve().await.unwrap(),
            false => phone.deny().await.unwrap(),
        };
        assert_eq!(done.authenticator_id, registered.authenticator_id);
        assert_eq!(
            done.challenge_id.as_deref(),
            started["challengeId"].as_str()
        );
        let body = json!({"challengeId": started["challengeId"]});
        let verified = tenant.page_sends(&token, "/verify/push", body).await;
        assert_eq!(verified["isVerified"], approves);
        assert_eq!(verified["isConsumed"], true);
        assert_eq!(tenant.validate(&token).await["isValid"], approves);
        assert!(phone.approve().await.is_err(), "it was answered");
    }
}

#[tokio::test]
async fn a_phone_reads_and_answers_qr_codes() {
    let tenant = Tenant::new().await;
    let phone = tenant.server.authsignal().phone("ada");
    for approves in [true, false] {
        let shown = tenant
            .anybody_sends("/challenge/qr-code", json!({"action": "signIn"}))
            .await;
        let challenge_id = shown["challengeId"].as_str().unwrap();
        let poll = json!({"challengeId": challenge_id, "deviceCode": shown["deviceCode"]});
        phone.claim(challenge_id).await.unwrap();
        let claimed = tenant.anybody_sends("/verify/qr-code", poll.clone()).await;
        assert_eq!(
            ["isClaimed", "isVerified", "isConsumed"].map(|member| claimed[member].clone()),
            [json!(true), json!(false), json!(false)]
        );
        match approves {
            true => phone.approve_code(challenge_id).await.unwrap(),
            false => phone.deny_code(challenge_id).await.unwrap(),
        };
        let answered = tenant.anybody_sends("/verify/qr-code", poll).await;
        assert_eq!(
            ["isVerified", "isConsumed"].map(|member| answered[member].clone()),
            [json!(approves), json!(true)]
        );
    }
    let trouble = phone.claim("unknown").await.unwrap_err();
    assert!(trouble.to_string().contains("unknown"), "{trouble}");
}

#[tokio::test]
async fn the_mock_shows_the_code_of_an_authenticator_app() {
    let tenant = Tenant::new().await;
    assert!(tenant.server.authsignal().totp("ada").is_err());
    let token = tenant.token("ada", "signIn").await;
    tenant
        .page_sends(&token, "/user-authenticators/totp", json!({}))
        .await;
    let code = tenant.server.authsignal().totp("ada").unwrap();
    let request = Request::new("GET", "/_mock/totp?userId=ada");
    let told = tenant.answer(200, &request).await.json();
    assert_eq!(told["code"].as_str(), Some(&*code));
    let body = json!({"verificationCode": code});
    let verified = tenant.page_sends(&token, "/verify/totp", body).await;
    assert_eq!(verified["isVerified"], true);
}
