//! Credentials of mobile apps: found by whichever form their key is written in, updated and removed by signature.

use serde_json::{Value, json};

use super::{App, SUCCEEDED};
use crate::tenant::Tenant;
use crate::world::NOW;

const KINDS: [&str; 3] = ["push", "qr-code", "in-app"];

#[tokio::test]
async fn a_credential_is_found_by_every_form_of_its_key() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    for kind in KINDS {
        let page = tenant.page(kind).await;
        let target = format!("/user-authenticators/{kind}");
        let added = page.post(&target, app.credential()).await;
        assert_eq!(added["userId"], kind);
        assert!(added["verifiedAt"].is_string());
        let escape = |text: String| {
            text.replace('+', "%2B")
                .replace('=', "%3D")
                .replace('/', "%2F")
        };
        for key in [
            app.in_query(),
            escape(app.public_key()),
            escape(app.point()),
        ] {
            let target = format!("{target}?publicKey={key}");
            let found = tenant.anonymously(200, "GET", &target, Value::Null).await;
            assert_eq!(found, added);
        }
        let unknown = format!("{target}?publicKey={}", App::new(2).in_query());
        tenant.anonymously(404, "GET", &unknown, Value::Null).await;
        tenant
            .anonymously(
                400,
                "GET",
                &format!("{target}?publicKey=nonsense"),
                Value::Null,
            )
            .await;
    }
}

#[tokio::test]
async fn a_key_stays_with_its_user_whoever_adds_it() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    for kind in KINDS {
        let target = format!("/user-authenticators/{kind}");
        let (ada, eve) = (format!("ada-{kind}"), format!("eve-{kind}"));
        for _ in 0..2 {
            // With the right to add: the second time by scope.
            let page = tenant
                .page_with(&ada, json!({"scope": "add:authenticators"}))
                .await;
            page.post(&target, app.credential()).await;
        }
        let page = tenant.page(&eve).await;
        let code = "invalid_credential";
        page.refused(400, code, "another user", &target, app.credential())
            .await;
        for (user, count) in [(&ada, 1), (&eve, 0)] {
            let own = tenant.authenticators(user).await;
            assert_eq!(own.as_array().map(Vec::len), Some(count), "{user}");
        }
    }
}

#[tokio::test]
async fn a_credential_is_removed_by_a_signature_over_the_time() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    let period = NOW / 600;
    for kind in KINDS {
        let target = format!("/user-authenticators/{kind}");
        let remove = format!("{target}/remove");
        // As the SDKs write it, as the documentation does, and one period off.
        for text in [
            format!("{period}.0"),
            period.to_string(),
            format!("{}.0", period - 1),
        ] {
            let page = tenant
                .page(&format!("{kind} {text}").replace([' ', '.'], "-"))
                .await;
            let added = page.post(&target, app.credential()).await;
            let wrong = json!({"publicKey": app.public_key(), "signature": app.sign("1.0")});
            tenant.anonymously(400, "POST", &remove, wrong).await;
            let body = json!({"publicKey": app.public_key(), "signature": app.sign(&text)});
            let removed = tenant.anonymously(200, "POST", &remove, body.clone()).await;
            assert_eq!(
                removed["removedAuthenticatorId"],
                added["userAuthenticatorId"]
            );
            tenant.anonymously(404, "POST", &remove, body).await;
        }
    }
}

#[tokio::test]
async fn a_push_token_is_set_by_a_signature_over_a_fresh_challenge() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    let page = tenant.page("ada").await;
    page.post("/user-authenticators/push", app.credential())
        .await;
    let sign = format!(
        "/user-authenticators/push/sign?publicKey={}",
        app.in_query()
    );
    let to_sign = tenant.anonymously(200, "POST", &sign, Value::Null).await;
    let message = to_sign["message"].as_str().unwrap();
    let update = json!({
        "challengeId": to_sign["challengeId"], "publicKey": app.public_key(),
        "signature": app.sign(message), "pushToken": "to here", "resetExpiry": true,
    });
    let target = "/user-authenticators/push";
    let updated = tenant
        .anonymously(200, "PATCH", target, update.clone())
        .await;
    assert_eq!(updated["pushToken"], "to here");
    tenant.anonymously(400, "PATCH", target, update).await;
    // An update without a token leaves it, and answers without it.
    let to_sign = tenant.anonymously(200, "POST", &sign, Value::Null).await;
    let update = json!({
        "challengeId": to_sign["challengeId"], "publicKey": app.public_key(),
        "signature": app.sign(to_sign["message"].as_str().unwrap()),
    });
    let updated = tenant.anonymously(200, "PATCH", target, update).await;
    assert_eq!(updated.get("pushToken"), None, "{updated}");
}

#[tokio::test]
async fn an_app_passes_the_challenge_that_it_started() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    let page = tenant.page("ada").await;
    page.post("/user-authenticators/in-app", app.credential())
        .await;
    let started = tenant
        .anonymously(200, "POST", "/challenge", json!({"action": "pay"}))
        .await;
    let id = started["challengeId"].as_str().unwrap();
    let body = json!({"challengeId": id, "publicKey": app.public_key(), "signature": app.sign(id)});
    let verified = tenant
        .anonymously(200, "POST", "/verify/in-app", body.clone())
        .await;
    assert_eq!(verified["userId"], "ada");
    let proof = tenant.validate(&verified["token"]).await;
    assert_eq!(
        (
            &proof["action"],
            &proof["state"],
            &proof["verificationMethod"]
        ),
        (&json!("pay"), &json!(SUCCEEDED), &json!("IN_APP"))
    );
    tenant
        .anonymously(400, "POST", "/verify/in-app", body)
        .await;
    let tracked = tenant.track("ada", "pay", json!({"challengeId": id})).await;
    assert_eq!(tracked["state"], SUCCEEDED, "track knows the challenge");
}

#[tokio::test]
async fn an_app_must_sign_the_message_that_it_was_given() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    let page = tenant.page("ada").await;
    page.post("/user-authenticators/push", app.credential())
        .await;
    let tracked = json!({"custom": {"amount": 5, "note": "n", "tier": "of the action"}});
    let page = tenant.page_with("ada", tracked).await;
    let push = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    let sign = format!(
        "/user-authenticators/push/challenge/sign?publicKey={}",
        app.in_query()
    );
    let message = tenant.anonymously(200, "POST", &sign, Value::Null).await["message"].clone();
    let read = format!(
        "/user-authenticators/push/challenge?publicKey={}",
        app.in_query()
    );
    let custom = json!({"custom": {"tier": "gold"}});
    let all = json!({"custom": {"tier": "gold", "risk": "high"}});
    tenant.patch("/v1/users/ada", all).await;
    public(&tenant, &[("amount", "action"), ("tier", "user")]).await;
    // Anybody may know the public key; what the application told of the user is for the app alone.
    let unsigned = tenant.anonymously(200, "GET", &read, Value::Null).await;
    assert_eq!(unsigned["challengeId"], push["challengeId"]);
    for member in ["user", "custom"] {
        assert_eq!(unsigned.get(member), None, "{unsigned}");
    }
    for (signature, status) in [
        (app.sign(message.as_str().unwrap()), 200),
        (app.sign("x"), 400),
    ] {
        let request = Tenant::anonymous("GET", &read).header("X-Authsignal-Signature", &signature);
        let answer = tenant.answer(status, &request).await.json();
        if status == 200 {
            assert_eq!(answer["challengeId"], push["challengeId"]);
            assert_eq!(answer["user"], custom);
            assert_eq!(answer["custom"], json!({"amount": 5}));
        }
    }
    // Nothing is public by itself.
    public(&tenant, &[]).await;
    let signature = app.sign(message.as_str().unwrap());
    let request = Tenant::anonymous("GET", &read).header("X-Authsignal-Signature", &signature);
    let answer = tenant.answer(200, &request).await.json();
    for member in ["user", "custom"] {
        assert_eq!(answer.get(member), None, "{answer}");
    }
}

#[tokio::test]
async fn a_push_credential_expires_unless_the_app_renews_it() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    tenant
        .configure(json!({"credentialLifetimeInMinutes": 60}))
        .await;
    let page = tenant.page("ada").await;
    let target = "/user-authenticators/push";
    let added = page.post(target, app.credential()).await;
    assert_eq!(added["expiresAt"], "2026-01-01T01:00:00.000Z");
    let update = async |reset: bool| {
        let sign = format!("{target}/sign?publicKey={}", app.in_query());
        let to_sign = tenant.anonymously(200, "POST", &sign, Value::Null).await;
        let update = json!({
            "challengeId": to_sign["challengeId"], "publicKey": app.public_key(),
            "signature": app.sign(to_sign["message"].as_str().unwrap()), "resetExpiry": reset,
        });
        let updated = tenant.anonymously(200, "PATCH", target, update).await;
        updated["expiresAt"].clone()
    };
    let answer = async |status: u16| {
        let page = tenant.page("ada").await;
        let push = page
            .post("/challenge/push", json!({"action": "signIn"}))
            .await;
        let id = push["challengeId"].as_str().unwrap();
        let body = json!({
            "publicKey": app.public_key(), "challengeId": id, "approved": true, "signature": app.sign(id),
        });
        let target = "/user-authenticators/push/challenge";
        tenant.anonymously(status, "POST", target, body).await
    };
    tenant.later(1800);
    assert_eq!(update(false).await, "2026-01-01T01:00:00.000Z");
    assert_eq!(update(true).await, "2026-01-01T01:30:00.000Z");
    tenant.later(3599);
    answer(200).await;
    tenant.later(1);
    let refused = answer(400).await;
    assert_eq!(refused["error"], "invalid_credential");
    assert!(
        refused["errorDescription"]
            .as_str()
            .unwrap()
            .contains("resetExpiry"),
        "{refused}"
    );
    assert_eq!(update(true).await, "2026-01-01T02:30:00.000Z");
    answer(200).await;
    // Keys of other kinds have no such setting.
    let page = tenant.page("grace").await;
    let qr = page
        .post("/user-authenticators/qr-code", App::new(2).credential())
        .await;
    assert_eq!(qr.get("expiresAt"), None, "{qr}");
}

/// Makes these data points public, and no others.
pub(super) async fn public(tenant: &Tenant, points: &[(&str, &str)]) {
    let points = points
        .iter()
        .map(|(name, model)| json!({"name": name, "modelType": model, "isPublic": true}));
    let hidden = json!({"name": "hidden", "isPublic": false});
    let points: Vec<_> = points.chain([hidden]).collect();
    tenant
        .control("/_mock/authsignal/facts", json!({"dataPoints": points}))
        .await;
}
