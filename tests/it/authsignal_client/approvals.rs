//! Push notifications and QR codes: the page asks, a mobile app answers.

use serde_json::{Value, json};

use super::{App, Mock, Page, REQUIRED, SUCCEEDED, assert_refusal};

/// A user with an app that answers push notifications.
async fn with_phone<'a>(mock: &'a Mock, user: &str, app: &App) -> Page<'a> {
    let page = mock.page(user).await;
    page.post("/user-authenticators/push", app.credential())
        .await;
    mock.page(user).await
}

async fn waiting(mock: &Mock, app: &App) -> Value {
    let target = format!(
        "/user-authenticators/push/challenge?publicKey={}",
        app.in_query()
    );
    mock.anonymously(200, "GET", &target, Value::Null).await
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
    let (mock, app) = (Mock::new().await, App::new(1));
    let page = with_phone(&mock, "ada", &app).await;
    assert_eq!(page.state().await, REQUIRED);
    let idle = waiting(&mock, &app).await;
    assert_eq!(idle.as_object().unwrap().len(), 1, "nothing waits: {idle}");

    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    assert_eq!(challenge["deliveryResults"].as_array().unwrap().len(), 1);
    let asked = waiting(&mock, &app).await;
    assert_eq!(asked["challengeId"], challenge["challengeId"]);
    assert_eq!(
        (&asked["userId"], &asked["actionCode"]),
        (&json!("ada"), &json!("signIn"))
    );

    let verify = json!({"challengeId": id(&challenge)});
    let open = page.post("/verify/push", verify.clone()).await;
    assert_eq!(open, json!({"isVerified": false, "isConsumed": false}));
    let taken = mock
        .anonymously(200, "POST", ANSWER_PUSH, answer(&app, id(&challenge), true))
        .await;
    assert_eq!(taken, json!({"isVerified": true}));
    let passed = page.post("/verify/push", verify).await;
    assert_eq!(
        (&passed["isVerified"], &passed["isConsumed"]),
        (&json!(true), &json!(true))
    );
    let proof = mock.validate(&passed["accessToken"]).await;
    assert_eq!(
        (&proof["state"], &proof["verificationMethod"]),
        (&json!(SUCCEEDED), &json!("PUSH"))
    );
    assert!(waiting(&mock, &app).await.get("challengeId").is_none());
}

#[tokio::test]
async fn a_push_is_refused_on_the_phone() {
    let (mock, app) = (Mock::new().await, App::new(1));
    let page = with_phone(&mock, "ada", &app).await;
    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    mock.anonymously(
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
    let cause = "was answered before";
    let answer = mock.anonymously(400, "POST", ANSWER_PUSH, again).await;
    assert!(
        answer["errorDescription"].as_str().unwrap().contains(cause),
        "{answer}"
    );
}

#[tokio::test]
async fn an_answer_needs_the_right_key_over_the_right_text() {
    let (mock, app, other) = (Mock::new().await, App::new(1), App::new(2));
    let page = with_phone(&mock, "ada", &app).await;
    with_phone(&mock, "eve", &other).await;
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
        let before = mock.server.state();
        let request = Mock::anonymous("POST", ANSWER_PUSH).json(body.to_string());
        assert_refusal(&mock.answer(status, &request).await, code, "");
        assert_eq!(mock.server.state(), before);
    }
    assert_eq!(page.state().await, REQUIRED);
}

#[tokio::test]
async fn a_push_expires_by_the_mocks_clock() {
    let (mock, app) = (Mock::new().await, App::new(1));
    let page = with_phone(&mock, "ada", &app).await;
    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    mock.later(600);
    assert!(waiting(&mock, &app).await.get("challengeId").is_none());
    let late = answer(&app, id(&challenge), true);
    mock.anonymously(400, "POST", ANSWER_PUSH, late).await;
    let page = mock.page("ada").await;
    let answer = page
        .post("/verify/push", json!({"challengeId": id(&challenge)}))
        .await;
    assert_eq!(answer, json!({"isVerified": false, "isConsumed": true}));
}

#[tokio::test]
async fn a_push_is_no_other_users_to_ask_about() {
    let (mock, app) = (Mock::new().await, App::new(1));
    let page = with_phone(&mock, "ada", &app).await;
    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    let eve = mock.page("eve").await;
    let body = json!({"challengeId": id(&challenge)});
    eve.refused(400, "invalid_request", "another user", "/verify/push", body)
        .await;
    let action = json!({"action": "signIn"});
    eve.refused(400, "invalid_request", "PUSH", "/challenge/push", action)
        .await;
}

/// A user with an app that reads QR codes.
async fn with_reader(mock: &Mock, user: &str, app: &App) {
    let page = mock.page(user).await;
    page.post("/user-authenticators/qr-code", app.credential())
        .await;
}

fn signed(app: &App, challenge_id: &str) -> Value {
    json!({
        "publicKey": app.point(), "challengeId": challenge_id, "signature": app.sign(challenge_id),
    })
}

#[tokio::test]
async fn a_qr_code_logs_in_whoever_reads_and_approves_it() {
    let (mock, app) = (Mock::new().await, App::new(1));
    with_reader(&mock, "ada", &app).await;
    let body = json!({"action": "signIn", "custom": {"amount": 5}});
    let code = mock
        .anonymously(200, "POST", "/challenge/qr-code", body)
        .await;
    assert_eq!(code["expiresAt"], "2026-01-01T00:10:00.000Z");
    let verify = json!({"challengeId": id(&code), "deviceCode": code["deviceCode"]});
    let look = || mock.anonymously(200, "POST", "/verify/qr-code", verify.clone());
    let flags = |claimed: bool, verified: bool, consumed: bool| json!({"isClaimed": claimed, "isVerified": verified, "isConsumed": consumed});
    assert_eq!(look().await, flags(false, false, false));

    let early = answer(&app, id(&code), true);
    let told = mock.anonymously(400, "POST", ANSWER_QR, early).await;
    assert!(
        told["errorDescription"]
            .as_str()
            .unwrap()
            .contains("claim it first")
    );
    let claimed = mock
        .anonymously(200, "POST", CLAIM, signed(&app, id(&code)))
        .await;
    assert_eq!(claimed["custom"], json!({"amount": 5}));
    assert_eq!(claimed["actionCode"], "signIn");
    assert_eq!(look().await, flags(true, false, false));

    mock.anonymously(200, "POST", ANSWER_QR, answer(&app, id(&code), true))
        .await;
    let approved = look().await;
    assert_eq!(approved["isVerified"], true);
    let proof = mock.validate(&approved["accessToken"]).await;
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
async fn a_refused_qr_code_is_claimed_consumed_and_not_verified() {
    let (mock, app) = (Mock::new().await, App::new(1));
    with_reader(&mock, "ada", &app).await;
    mock.enroll_sms("ada").await;
    let page = mock.page("ada").await;
    let code = page
        .post("/challenge/qr-code", json!({"action": "signIn"}))
        .await;
    mock.anonymously(200, "POST", CLAIM, signed(&app, id(&code)))
        .await;
    mock.anonymously(200, "POST", ANSWER_QR, answer(&app, id(&code), false))
        .await;
    let verify = json!({"challengeId": id(&code), "deviceCode": code["deviceCode"]});
    let seen = mock
        .anonymously(200, "POST", "/verify/qr-code", verify)
        .await;
    assert_eq!(
        seen,
        json!({"isClaimed": true, "isVerified": false, "isConsumed": true})
    );
    assert_eq!(page.state().await, "CHALLENGE_FAILED");
}

#[tokio::test]
async fn a_qr_code_of_a_user_is_no_other_users() {
    let (mock, app, other) = (Mock::new().await, App::new(1), App::new(2));
    with_reader(&mock, "ada", &app).await;
    with_reader(&mock, "eve", &other).await;
    let page = mock.page("ada").await;
    let code = page
        .post("/challenge/qr-code", json!({"action": "signIn"}))
        .await;
    let before = mock.server.state();
    mock.anonymously(400, "POST", CLAIM, signed(&other, id(&code)))
        .await;
    let guessed = json!({"challengeId": id(&code), "deviceCode": "guessed"});
    mock.anonymously(404, "POST", "/verify/qr-code", guessed)
        .await;
    assert_eq!(mock.server.state(), before);
    mock.anonymously(200, "POST", CLAIM, signed(&app, id(&code)))
        .await;
}
