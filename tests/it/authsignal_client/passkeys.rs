//! Passkeys and security keys, by a software authenticator: the flows around the ceremony. What a ceremony accepts is
//! tested where it is verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stepup_mock::SoftwareAuthenticator;

use super::{Page, SUCCEEDED};
use crate::tenant::Tenant;
use crate::wire::Request;

/// A page of an application, which passkeys are bound to.
const APP: &str = "http://localhost:3000";

async fn from_app(page: &Page<'_>, status: u16, target: &str, body: Value) -> Value {
    let request = page.request("POST", target).json(body.to_string());
    page.tenant
        .answer(status, &request.header("Origin", APP))
        .await
        .json()
}

async fn anonymously(tenant: &Tenant, status: u16, target: &str, body: Value) -> Value {
    let request = Tenant::anonymous("POST", target).json(body.to_string());
    tenant
        .answer(status, &request.header("Origin", APP))
        .await
        .json()
}

async fn enrolled(tenant: &Tenant, user: &str, key: &SoftwareAuthenticator) -> Value {
    let page = tenant.page(user).await;
    let target = "/user-authenticators/passkey/registration-options";
    let started = from_app(&page, 200, target, json!({"username": user})).await;
    assert_eq!(started["options"]["rp"]["id"], "localhost");
    let made = key.create(&started["options"], APP).unwrap();
    let body = json!({
        "registrationCredential": made, "conditionalCreate": false, "challengeId": started["challengeId"],
    });
    from_app(&page, 200, "/user-authenticators/passkey", body).await
}

fn held(registered: &Value) -> Vec<String> {
    let id = &registered["userAuthenticator"]["webauthnCredential"]["credentialId"];
    vec![id.as_str().unwrap().to_owned()]
}

#[tokio::test]
async fn a_passkey_is_enrolled_and_passes_the_next_action() {
    let (tenant, key) = (Tenant::new().await, SoftwareAuthenticator::new("ada"));
    let registered = enrolled(&tenant, "ada", &key).await;
    assert_eq!(
        (&registered["isVerified"], &registered["userId"]),
        (&json!(true), &json!("ada"))
    );
    assert_eq!(tenant.state(&registered["accessToken"]).await, SUCCEEDED);

    let page = tenant.page("ada").await;
    let target = "/user-authenticators/passkey/authentication-options";
    let started = from_app(&page, 200, target, json!({})).await;
    let signed = key
        .get(&started["options"], APP, &held(&registered))
        .unwrap();
    let body = json!({"authenticationCredential": signed, "challengeId": started["challengeId"]});
    let verified = from_app(&page, 200, "/verify/passkey", body.clone()).await;
    let proof = tenant.validate(&verified["accessToken"]).await;
    assert_eq!(
        (&proof["state"], &proof["verificationMethod"]),
        (&json!(SUCCEEDED), &json!("PASSKEY"))
    );
    assert_eq!(
        proof["idempotencyKey"],
        tenant.validate(&json!(page.token)).await["idempotencyKey"]
    );
    from_app(&page, 400, "/verify/passkey", body).await;
}

#[tokio::test]
async fn a_passkey_has_the_names_that_it_was_made_for_or_else_those_of_the_user() {
    let tenant = Tenant::new().await;
    let own = json!({"username": "attr-name", "displayName": "Attr D"});
    for (user, attributes, named, username, display_name) in [
        (
            "nick",
            json!({}),
            json!({"username": "nick", "displayName": "Nick N"}),
            json!("nick"),
            json!("Nick N"),
        ),
        (
            "both",
            own.clone(),
            json!({"username": "nick", "displayName": "Nick N"}),
            json!("nick"),
            json!("Nick N"),
        ),
        (
            "blank",
            own,
            json!({"username": "", "displayName": "Nick N"}),
            json!("attr-name"),
            json!("Nick N"),
        ),
        ("nobody", json!({}), json!({}), Value::Null, Value::Null),
    ] {
        let key = SoftwareAuthenticator::new(user);
        tenant.patch(&format!("/v1/users/{user}"), attributes).await;
        let page = tenant.page(user).await;
        let target = "/user-authenticators/passkey/registration-options";
        let started = from_app(&page, 200, target, named).await;
        let made = key.create(&started["options"], APP).unwrap();
        let body = json!({"registrationCredential": made});
        let registered = from_app(&page, 200, "/user-authenticators/passkey", body).await;
        let all = tenant.authenticators(user).await;
        for written in [&registered["userAuthenticator"], &all[0]] {
            assert_eq!(written["username"], username, "{user}");
            assert_eq!(written["displayName"], display_name, "{user}");
        }
        let target = "/user-authenticators/passkey/authentication-options";
        let options = anonymously(&tenant, 200, target, json!({})).await;
        let signed = key.get(&options["options"], APP, &held(&registered));
        let body = json!({"authenticationCredential": signed.unwrap()});
        let verified = anonymously(&tenant, 200, "/verify/passkey", body).await;
        assert_eq!(verified["username"], username, "{user}");
        assert_eq!(verified["userDisplayName"], display_name, "{user}");
    }
}

#[tokio::test]
async fn a_device_that_an_app_names_is_known_from_then_on() {
    let (tenant, key) = (Tenant::new().await, SoftwareAuthenticator::new("ada"));
    let page = tenant.page("ada").await;
    let target = "/user-authenticators/passkey/registration-options";
    let started = from_app(&page, 200, target, json!({})).await;
    let made = key.create(&started["options"], APP).unwrap();
    let body = json!({"registrationCredential": made, "deviceId": "phone"});
    let registered = from_app(&page, 200, "/user-authenticators/passkey", body).await;
    let credential = &registered["userAuthenticator"]["webauthnCredential"];
    assert_eq!(credential["deviceId"], "phone");
    for (device, expected) in [
        ("phone", vec!["phone"]),
        ("tablet", vec!["phone", "tablet"]),
        ("", vec!["phone", "tablet"]),
    ] {
        tenant.later(60);
        let target = "/user-authenticators/passkey/authentication-options";
        let options = anonymously(&tenant, 200, target, json!({})).await;
        let signed = key
            .get(&options["options"], APP, &held(&registered))
            .unwrap();
        let body = json!({"authenticationCredential": signed, "deviceId": device});
        anonymously(&tenant, 200, "/verify/passkey", body).await;
        let devices = tenant.get("/v1/users/ada/devices").await;
        let devices = devices.as_array().unwrap();
        let ids: Vec<_> = devices.iter().map(|one| &one["deviceId"]).collect();
        assert_eq!(ids, expected);
        for device in devices {
            assert!(device["authenticatedAt"].is_string(), "{device}");
            assert_eq!(device["lastVerificationMethod"], "PASSKEY");
        }
    }
}

#[tokio::test]
async fn a_passkey_alone_identifies_the_user() {
    let (tenant, key) = (Tenant::new().await, SoftwareAuthenticator::new("ada"));
    let registered = enrolled(&tenant, "ada", &key).await;
    let started = anonymously(&tenant, 200, "/challenge", json!({"action": "logIn"})).await;
    let id = json!({"challengeId": started["challengeId"]});
    let target = "/user-authenticators/passkey/authentication-options";
    let options = anonymously(&tenant, 200, target, id).await;
    assert_eq!(options["challengeId"], started["challengeId"]);
    let signed = key
        .get(&options["options"], APP, &held(&registered))
        .unwrap();
    let body = json!({"authenticationCredential": signed, "challengeId": started["challengeId"]});
    let verified = anonymously(&tenant, 200, "/verify/passkey", body).await;
    assert_eq!(verified["userId"], "ada");
    let proof = tenant.validate(&verified["accessToken"]).await;
    assert_eq!(
        (&proof["action"], &proof["state"]),
        (&json!("logIn"), &json!(SUCCEEDED))
    );

    let options = anonymously(&tenant, 200, target, json!({})).await;
    let signed = key
        .get(&options["options"], APP, &held(&registered))
        .unwrap();
    let body = json!({"authenticationCredential": signed});
    let verified = anonymously(&tenant, 200, "/verify/passkey", body).await;
    let proof = tenant.validate(&verified["accessToken"]).await;
    assert_eq!(
        (&proof["userId"], &proof["action"], &proof["state"]),
        (&json!("ada"), &json!("signIn"), &json!(SUCCEEDED)),
        "who names no action signs in"
    );
}

#[tokio::test]
async fn a_passkey_of_another_user_is_refused() {
    let (tenant, key) = (Tenant::new().await, SoftwareAuthenticator::new("ada"));
    let registered = enrolled(&tenant, "ada", &key).await;
    enrolled(&tenant, "eve", &SoftwareAuthenticator::new("eve")).await;
    let page = tenant.page("eve").await;
    let target = "/user-authenticators/passkey/authentication-options";
    let mut started = from_app(&page, 200, target, json!({})).await;
    started["options"]["allowCredentials"] = json!([]);
    let signed = key
        .get(&started["options"], APP, &held(&registered))
        .unwrap();
    let body = json!({"authenticationCredential": signed});
    let refused = from_app(&page, 400, "/verify/passkey", body).await;
    assert_eq!(refused["errorCode"], "invalid_credential");
    assert_eq!(page.state().await, "CHALLENGE_REQUIRED");
}

#[tokio::test]
async fn a_passkey_that_was_deleted_is_unknown() {
    let (tenant, key) = (Tenant::new().await, SoftwareAuthenticator::new("ada"));
    let registered = enrolled(&tenant, "ada", &key).await;
    let id = registered["userAuthenticatorId"].as_str().unwrap();
    let credential = held(&registered)[0].clone();
    let find = format!("/user-authenticators/passkey?credentialIds=unknown,{credential}");
    let found = tenant.anonymously(200, "GET", &find, Value::Null).await;
    assert_eq!(found["credentialId"], json!(credential));
    let target = "/user-authenticators/passkey/authentication-options";
    let options = anonymously(&tenant, 200, target, json!({})).await;
    let target = format!("/v1/users/ada/authenticators/{id}");
    tenant.call("DELETE", &target, Value::Null).await;
    let none = tenant.anonymously(404, "GET", &find, Value::Null).await;
    assert_eq!(
        none["errorCode"], "invalid_credential",
        "apps prompt for a new one"
    );
    let signed = key
        .get(&options["options"], APP, &held(&registered))
        .unwrap();
    let body = json!({"authenticationCredential": signed});
    let refused = anonymously(&tenant, 404, "/verify/passkey", body).await;
    assert_eq!(refused["errorCode"], "unknown_credential");
}

/// The public key in what a registration returns, as the server's API takes it: the end of the authenticator data, after
/// the hash, the flags, the counter, the model and the id.
fn cose(made: &Value) -> String {
    let data = made["response"]["authenticatorData"].as_str().unwrap();
    let data = URL_SAFE_NO_PAD.decode(data).unwrap();
    let length = usize::from(u16::from_be_bytes([data[53], data[54]]));
    URL_SAFE_NO_PAD.encode(&data[55 + length..])
}

#[tokio::test]
async fn a_passkey_that_the_server_enrolled_passes_a_challenge() {
    let (tenant, key) = (Tenant::new().await, SoftwareAuthenticator::new("ada"));
    let page = tenant.page("somebody").await;
    let target = "/user-authenticators/passkey/registration-options";
    let started = from_app(&page, 200, target, json!({})).await;
    let made = key.create(&started["options"], APP).unwrap();
    let body = json!({
        "verificationMethod": "PASSKEY", "credentialId": made["id"], "credentialPublicKey": cose(&made),
    });
    tenant.enroll_with("ada", body).await;
    let page = tenant.page("ada").await;
    let target = "/user-authenticators/passkey/authentication-options";
    let started = from_app(&page, 200, target, json!({})).await;
    let held = [made["id"].as_str().unwrap().to_owned()];
    let signed = key.get(&started["options"], APP, &held).unwrap();
    let body = json!({"authenticationCredential": signed});
    let verified = from_app(&page, 200, "/verify/passkey", body).await;
    assert_eq!(tenant.state(&verified["accessToken"]).await, SUCCEEDED);
}

#[tokio::test]
async fn a_security_key_is_enrolled_and_passes_the_next_action() {
    let (tenant, key) = (Tenant::new().await, SoftwareAuthenticator::new("ada"));
    let page = tenant.page("ada").await;
    let base = "/user-authenticators/security-key";
    let options = from_app(
        &page,
        200,
        &format!("{base}/registration-options"),
        json!({}),
    )
    .await;
    let made = key.create(&options, APP).unwrap();
    let registered = from_app(&page, 200, base, made).await;
    let page = tenant.page("ada").await;
    let options = from_app(
        &page,
        200,
        &format!("{base}/authentication-options"),
        json!({}),
    )
    .await;
    let signed = key.get(&options, APP, &held(&registered)).unwrap();
    let verified = from_app(&page, 200, "/verify/security-key", signed).await;
    let proof = tenant.validate(&verified["accessToken"]).await;
    assert_eq!(proof["verificationMethod"], "SECURITY_KEY");
}

#[tokio::test]
async fn without_an_origin_header_the_mocks_own_origin_is_assumed() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    for (origin, rp_id) in [
        (None, "mock.test"),
        (Some("null"), "mock.test"),
        (Some("https://app.example.com"), "app.example.com"),
        (Some("http://localhost:3000"), "localhost"),
    ] {
        let target = "/user-authenticators/passkey/registration-options";
        let mut request: Request = page.request("POST", target).json("{}");
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        let options = tenant.answer(200, &request).await.json();
        assert_eq!(options["options"]["rp"]["id"], rp_id);
    }
}
