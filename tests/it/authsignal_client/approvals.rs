//! Push notifications and QR codes: the page asks, a mobile app answers.

use serde_json::{Value, json};

use super::apps::public;
use super::{App, Page, REQUIRED, SUCCEEDED};
use crate::tenant::{Tenant, assert_refusal};

/// A user with an app that answers push notifications.
async fn with_phone<'a>(tenant: &'a Tenant, user: &str, app: &App) -> Page<'a> {
    let page = tenant.page(user).await;
    page.post("/user-authenticators/push", app.credential())
        .await;
    tenant.page(user).await
}

async fn waiting(tenant: &Tenant, app: &App) -> Value {
    let target = format!(
        "/user-authenticators/push/challenge?publicKey={}",
        app.in_query()
    );
    tenant.anonymously(200, "GET", &target, Value::Null).await
}

fn answer(app: &App, challenge_id: &str, approved: bool) -> Value {
    json!({
        "publicKey": app.public_key(), "challengeId": challenge_id, "approved": approved,
        "signature": app.sign(challenge_id), "verificationCode": null,
    })
}

fn id(challenge: &Value) -> &str {
    challenge["challengeId"].as_str().unwrap()
}

const ANSWER_PUSH: &str = "/user-authenticators/push/challenge";
const ANSWER_QR: &str = "/user-authenticators/qr-code/challenge";
const CLAIM: &str = "/user-authenticators/qr-code/challenge/claim";

#[tokio::test]
async fn a_push_is_approved_on_the_phone() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    let page = with_phone(&tenant, "ada", &app).await;
    assert_eq!(page.state().await, REQUIRED);
    let idle = waiting(&tenant, &app).await;
    assert_eq!(idle.as_object().unwrap().len(), 1, "nothing waits: {idle}");

    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    assert_eq!(challenge["deliveryResults"].as_array().unwrap().len(), 1);
    let asked = waiting(&tenant, &app).await;
    assert_eq!(asked["challengeId"], challenge["challengeId"]);
    assert_eq!(
        (&asked["userId"], &asked["actionCode"]),
        (&json!("ada"), &json!("signIn"))
    );

    let verify = json!({"challengeId": id(&challenge)});
    let open = page.post("/verify/push", verify.clone()).await;
    assert_eq!(open, json!({"isVerified": false, "isConsumed": false}));
    let taken = tenant
        .anonymously(200, "POST", ANSWER_PUSH, answer(&app, id(&challenge), true))
        .await;
    assert_eq!(taken, json!({"isVerified": true}));
    let passed = page.post("/verify/push", verify).await;
    assert_eq!(
        (&passed["isVerified"], &passed["isConsumed"]),
        (&json!(true), &json!(true))
    );
    let proof = tenant.validate(&passed["accessToken"]).await;
    assert_eq!(
        (&proof["state"], &proof["verificationMethod"]),
        (&json!(SUCCEEDED), &json!("PUSH"))
    );
    assert!(waiting(&tenant, &app).await.get("challengeId").is_none());
}

#[tokio::test]
async fn a_push_is_refused_on_the_phone() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    let page = with_phone(&tenant, "ada", &app).await;
    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    tenant
        .anonymously(
            200,
            "POST",
            ANSWER_PUSH,
            answer(&app, id(&challenge), false),
        )
        .await;
    let refused = page
        .post("/verify/push", json!({"challengeId": id(&challenge)}))
        .await;
    assert_eq!(refused, json!({"isVerified": false, "isConsumed": true}));
    assert_eq!(page.state().await, "CHALLENGE_FAILED");
    let again = answer(&app, id(&challenge), true);
    let cause = "already answered";
    let answer = tenant.anonymously(400, "POST", ANSWER_PUSH, again).await;
    assert!(
        answer["errorDescription"].as_str().unwrap().contains(cause),
        "{answer}"
    );
}

#[tokio::test]
async fn an_answer_needs_the_right_key_over_the_right_text() {
    let (tenant, app, other) = (Tenant::new().await, App::new(1), App::new(2));
    let page = with_phone(&tenant, "ada", &app).await;
    with_phone(&tenant, "eve", &other).await;
    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    let id = id(&challenge);
    let with = |member: &str, value: String| {
        let mut body = answer(&app, id, true);
        body[member] = json!(value);
        body
    };
    for (status, code, body) in [
        (400, "invalid_credential", with("signature", other.sign(id))),
        (
            400,
            "invalid_credential",
            with("signature", app.sign("another text")),
        ),
        (
            400,
            "invalid_credential",
            with("signature", "AAAA".to_owned()),
        ),
        (400, "invalid_request", answer(&other, id, true)),
        (404, "not_found", answer(&App::new(3), id, true)),
        (
            400,
            "invalid_request",
            with("publicKey", "no key".to_owned()),
        ),
    ] {
        let before = tenant.server.state();
        let request = Tenant::anonymous("POST", ANSWER_PUSH).json(body.to_string());
        assert_refusal(&tenant.answer(status, &request).await, code, "");
        assert_eq!(tenant.server.state(), before);
    }
    assert_eq!(page.state().await, REQUIRED);
}

#[tokio::test]
async fn a_push_expires_by_the_mocks_clock() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    let page = with_phone(&tenant, "ada", &app).await;
    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    tenant.later(600);
    assert!(waiting(&tenant, &app).await.get("challengeId").is_none());
    let late = answer(&app, id(&challenge), true);
    tenant.anonymously(400, "POST", ANSWER_PUSH, late).await;
    let page = tenant.page("ada").await;
    let answer = page
        .post("/verify/push", json!({"challengeId": id(&challenge)}))
        .await;
    assert_eq!(answer, json!({"isVerified": false, "isConsumed": true}));
}

#[tokio::test]
async fn a_push_challenge_is_hidden_from_other_users() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    let page = with_phone(&tenant, "ada", &app).await;
    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    let eve = tenant.page("eve").await;
    let body = json!({"challengeId": id(&challenge)});
    eve.refused(400, "invalid_request", "another user", "/verify/push", body)
        .await;
    let action = json!({"action": "signIn"});
    eve.refused(400, "invalid_request", "PUSH", "/challenge/push", action)
        .await;
}

/// A user with an app that reads QR codes.
async fn with_reader(tenant: &Tenant, user: &str, app: &App) {
    let page = tenant.page(user).await;
    page.post("/user-authenticators/qr-code", app.credential())
        .await;
}

fn signed(app: &App, challenge_id: &str) -> Value {
    json!({
        "publicKey": app.point(), "challengeId": challenge_id, "signature": app.sign(challenge_id),
    })
}

#[tokio::test]
async fn a_qr_code_logs_in_the_user_who_scans_and_approves_it() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    with_reader(&tenant, "ada", &app).await;
    public(&tenant, &[("amount", "action"), ("plan", "user")]).await;
    let plan = json!({"custom": {"plan": "gold", "risk": 1}});
    tenant.patch("/v1/users/ada", plan).await;
    let body =
        json!({"action": "signIn", "custom": {"amount": 5, "plan": "of the action", "note": "n"}});
    let code = tenant
        .anonymously(200, "POST", "/challenge/qr-code", body)
        .await;
    assert_eq!(code["expiresAt"], "2026-01-01T00:10:00.000Z");
    let verify = json!({"challengeId": id(&code), "deviceCode": code["deviceCode"]});
    let look = || tenant.anonymously(200, "POST", "/verify/qr-code", verify.clone());
    let flags = |claimed: bool, verified: bool, consumed: bool| json!({"isClaimed": claimed, "isVerified": verified, "isConsumed": consumed});
    assert_eq!(look().await, flags(false, false, false));

    let early = answer(&app, id(&code), true);
    let told = tenant.anonymously(400, "POST", ANSWER_QR, early).await;
    assert!(
        told["errorDescription"]
            .as_str()
            .unwrap()
            .contains("claim it first")
    );
    let claimed = tenant
        .anonymously(200, "POST", CLAIM, signed(&app, id(&code)))
        .await;
    assert_eq!(claimed["custom"], json!({"amount": 5}));
    assert_eq!(claimed["user"], json!({"custom": {"plan": "gold"}}));
    assert_eq!(claimed["actionCode"], "signIn");
    assert_eq!(look().await, flags(true, false, false));

    tenant
        .anonymously(200, "POST", ANSWER_QR, answer(&app, id(&code), true))
        .await;
    let approved = look().await;
    assert_eq!(approved["isVerified"], true);
    let proof = tenant.validate(&approved["accessToken"]).await;
    assert_eq!(
        (
            &proof["userId"],
            &proof["state"],
            &proof["verificationMethod"]
        ),
        (&json!("ada"), &json!(SUCCEEDED), &json!("QR_CODE"))
    );
}

#[tokio::test]
async fn a_denied_qr_code_is_claimed_and_consumed_but_not_verified() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    with_reader(&tenant, "ada", &app).await;
    tenant.enroll("ada").await;
    let page = tenant.page("ada").await;
    let code = page
        .post("/challenge/qr-code", json!({"action": "signIn"}))
        .await;
    tenant
        .anonymously(200, "POST", CLAIM, signed(&app, id(&code)))
        .await;
    tenant
        .anonymously(200, "POST", ANSWER_QR, answer(&app, id(&code), false))
        .await;
    let verify = json!({"challengeId": id(&code), "deviceCode": code["deviceCode"]});
    let seen = tenant
        .anonymously(200, "POST", "/verify/qr-code", verify)
        .await;
    assert_eq!(
        seen,
        json!({"isClaimed": true, "isVerified": false, "isConsumed": true})
    );
    assert_eq!(page.state().await, "CHALLENGE_FAILED");
}

#[tokio::test]
async fn a_qr_code_for_one_user_cannot_be_claimed_by_another() {
    let (tenant, app, other) = (Tenant::new().await, App::new(1), App::new(2));
    with_reader(&tenant, "ada", &app).await;
    with_reader(&tenant, "eve", &other).await;
    let page = tenant.page("ada").await;
    let code = page
        .post("/challenge/qr-code", json!({"action": "signIn"}))
        .await;
    let before = tenant.server.state();
    tenant
        .anonymously(400, "POST", CLAIM, signed(&other, id(&code)))
        .await;
    let guessed = json!({"challengeId": id(&code), "deviceCode": "guessed"});
    tenant
        .anonymously(404, "POST", "/verify/qr-code", guessed)
        .await;
    assert_eq!(tenant.server.state(), before);
    tenant
        .anonymously(200, "POST", CLAIM, signed(&app, id(&code)))
        .await;
}
