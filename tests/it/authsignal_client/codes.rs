//! Codes by e-mail, SMS and WhatsApp: enrolment, challenge, verification.

use serde_json::{Value, json};

use super::{Mock, REQUIRED, SUCCEEDED, failed, wrong};

#[tokio::test]
async fn an_address_is_the_users_once_its_code_has_come_back() {
    let mock = Mock::new().await;
    for (name, body, member, to) in [
        (
            "email-otp",
            json!({"email": "ada@example.com"}),
            "email",
            "ada@example.com",
        ),
        (
            "sms",
            json!({"phoneNumber": "+64270000000"}),
            "phoneNumber",
            "+64270000000",
        ),
    ] {
        let page = mock.page(name).await;
        let enrolled = page
            .post(&format!("/user-authenticators/{name}"), body)
            .await;
        assert_eq!(enrolled["userId"], name);
        assert_eq!(mock.newest_message().await["to"], to);
        assert_eq!(
            mock.authenticators(name).await,
            json!([]),
            "pending ones are not listed"
        );
        assert_eq!(
            mock.server("GET", &format!("/v1/users/{name}"), Value::Null)
                .await["isEnrolled"],
            false
        );

        let (verify, code) = (format!("/verify/{name}"), mock.code().await);
        assert_eq!(
            page.verify(&verify, wrong(&code)).await,
            failed("CODE_INVALID_OR_EXPIRED")
        );
        let verified = page.verify(&verify, &code).await;
        assert_eq!(verified["isVerified"], true);
        let authenticator = &verified["userAuthenticator"];
        assert_eq!(
            authenticator["userAuthenticatorId"],
            enrolled["userAuthenticatorId"]
        );
        assert_eq!(authenticator[member], to);
        assert_eq!(mock.authenticators(name).await[0][member], to);

        let proof = mock.validate(&verified["accessToken"]).await;
        assert_eq!(
            (&proof["isValid"], &proof["state"]),
            (&json!(true), &json!(SUCCEEDED))
        );
        assert_eq!(
            page.state().await,
            SUCCEEDED,
            "the token of track is of the same action"
        );
        let again = page.verify(&verify, &code).await;
        assert_eq!(
            again,
            failed("CODE_INVALID_OR_EXPIRED"),
            "a code works once"
        );
    }
}

#[tokio::test]
async fn a_challenge_is_passed_by_its_code_and_tells_how() {
    let mock = Mock::new().await;
    mock.enroll_sms("ada").await;
    for (name, method, channel) in [("sms", "SMS", "sms"), ("whatsapp", "WHATSAPP", "whatsapp")] {
        let page = mock.page("ada").await;
        assert_eq!(page.state().await, REQUIRED);
        let challenge = page.post_nothing(&format!("/challenge/{name}")).await;
        assert!(challenge["challengeId"].is_string());
        assert_eq!(mock.newest_message().await["channel"], channel);
        let verified = page
            .verify(&format!("/verify/{name}"), &mock.code().await)
            .await;
        assert_eq!(
            verified.get("userAuthenticator"),
            None,
            "nothing was enrolled"
        );
        let proof = mock.validate(&verified["accessToken"]).await;
        assert_eq!(proof["verificationMethod"], method);
        let listed = mock.authenticators("ada").await;
        assert!(listed[0]["lastVerifiedAt"].is_string());
    }
}

#[tokio::test]
async fn a_code_that_is_sent_again_takes_the_place_of_the_one_before() {
    let mock = Mock::new().await;
    mock.enroll(
        "ada",
        json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"}),
    )
    .await;
    let page = mock.page("ada").await;
    let first = page.post_nothing("/challenge/email-otp").await;
    let old = mock.code().await;
    let second = page.post("/challenge/email-otp", json!({})).await;
    assert_eq!(first, second, "one challenge while it is open");
    let new = mock.code().await;
    assert_ne!(old, new);
    assert_eq!(
        page.verify("/verify/email-otp", &old).await,
        failed("CODE_INVALID_OR_EXPIRED")
    );
    assert_eq!(
        page.verify("/verify/email-otp", &new).await["isVerified"],
        true
    );
    let third = page.post_nothing("/challenge/email-otp").await;
    assert_ne!(third, first, "a passed challenge is not sent again");
}

#[tokio::test]
async fn a_code_expires_by_the_mocks_clock() {
    let mock = Mock::new().await;
    mock.enroll_sms("ada").await;
    let page = mock.page_with("ada", json!({"idempotencyKey": "k"})).await;
    page.post_nothing("/challenge/sms").await;
    let code = mock.code().await;
    mock.later(600);
    // The token has as short a life.
    let page = mock.page_with("ada", json!({"idempotencyKey": "k"})).await;
    assert_eq!(
        page.verify("/verify/sms", &code).await,
        failed("CODE_INVALID_OR_EXPIRED")
    );
    assert_eq!(page.state().await, REQUIRED);
}

#[tokio::test]
async fn a_code_is_good_for_the_action_and_user_it_was_sent_for() {
    let mock = Mock::new().await;
    mock.enroll_sms("ada").await;
    mock.enroll_sms("eve").await;
    let (ada, other, eve) = (
        mock.page("ada").await,
        mock.page("ada").await,
        mock.page("eve").await,
    );
    ada.post_nothing("/challenge/sms").await;
    let body = json!({"verificationCode": mock.code().await});
    for page in [&other, &eve] {
        let cause = "no code was sent for this action";
        page.refused(400, "invalid_request", cause, "/verify/sms", body.clone())
            .await;
        assert_eq!(page.state().await, REQUIRED);
    }
    assert_eq!(ada.post("/verify/sms", body).await["isVerified"], true);
}

#[tokio::test]
async fn what_was_blocked_is_not_opened_by_a_code() {
    let mock = Mock::new().await;
    mock.enroll_sms("ada").await;
    let request = crate::wire::Request::new("POST", "/_mock/authsignal")
        .json(json!({"defaultUserActionResult": "BLOCK"}).to_string());
    mock.send(&request).await;
    let tracked = mock.track("ada", json!({"idempotencyKey": "k"})).await;
    let target = "/v1/users/ada/actions/signIn/k";
    mock.server("PATCH", target, json!({"state": "BLOCK"}))
        .await;
    let page = mock.with_token(&tracked["token"]);
    page.post_nothing("/challenge/sms").await;
    let verified = page.verify("/verify/sms", &mock.code().await).await;
    assert_eq!(verified["isVerified"], true);
    assert_eq!(mock.state(&verified["accessToken"]).await, "BLOCK");
}

#[tokio::test]
async fn sending_and_verifying_have_the_documented_limits() {
    let mock = Mock::of(|builder| builder.code_limits(true)).await;
    mock.enroll_sms("ada").await;
    let page = mock.page("ada").await;
    for _ in 0..6 {
        page.post_nothing("/challenge/sms").await;
    }
    let cause = "6 codes were sent to this address";
    page.refused(429, "too_many_requests", cause, "/challenge/sms", json!({}))
        .await;
    let code = mock.code().await;
    for _ in 0..10 {
        page.verify("/verify/sms", wrong(&code)).await;
    }
    assert_eq!(
        page.verify("/verify/sms", &code).await,
        failed("MAX_ATTEMPTS_EXCEEDED")
    );
    assert_eq!(page.state().await, REQUIRED);
}

#[tokio::test]
async fn the_server_and_the_client_share_their_challenges() {
    let mock = Mock::new().await;
    mock.enroll_sms("ada").await;
    let page = mock.page("ada").await;
    let challenge = page.post_nothing("/challenge/sms").await;
    let target = format!(
        "/v1/challenges?challengeId={}",
        challenge["challengeId"].as_str().unwrap()
    );
    let found = mock.server("GET", &target, Value::Null).await;
    assert_eq!(found["phoneNumber"], "+64270000000");
    assert_eq!(found["action"], "signIn");
}

#[tokio::test]
async fn without_an_authenticator_there_is_nothing_to_send_to() {
    let mock = Mock::new().await;
    let page = mock.page("ada").await;
    for name in ["email-otp", "sms", "whatsapp", "email-magic-link"] {
        let (cause, target) = ("enrol one first", format!("/challenge/{name}"));
        page.refused(400, "invalid_request", cause, &target, json!({}))
            .await;
    }
    let unknown = json!({"userAuthenticatorId": "x"});
    page.refused(
        404,
        "not_found",
        "authenticator x",
        "/challenge/email-otp",
        unknown,
    )
    .await;
}

#[tokio::test]
async fn sms_and_whatsapp_verify_each_others_codes() {
    let mock = Mock::new().await;
    let page = mock.page("ada").await;
    page.post(
        "/user-authenticators/sms",
        json!({"phoneNumber": "+64270000000"}),
    )
    .await;
    let verified = page.verify("/verify/whatsapp", &mock.code().await).await;
    assert_eq!(verified["userAuthenticator"]["verificationMethod"], "SMS");

    let page = mock.page("ada").await;
    page.post("/challenge/sms", json!({"smsChannel": "WHATSAPP"}))
        .await;
    assert_eq!(mock.newest_message().await["channel"], "whatsapp");
    let verified = page.verify("/verify/sms", &mock.code().await).await;
    let proof = mock.validate(&verified["accessToken"]).await;
    assert_eq!(proof["verificationMethod"], "WHATSAPP");
}

#[tokio::test]
async fn the_same_calls_give_the_same_bytes() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let mock = Mock::new().await;
        let page = mock.page("ada").await;
        let email = json!({"email": "ada@example.com"}).to_string();
        let qr = json!({"action": "signIn"}).to_string();
        let post = |target: &str| page.request("POST", &format!("/user-authenticators/{target}"));
        let requests = [
            post("email-otp").json(email.as_str()),
            post("email-magic-link").json(email.as_str()),
            post("totp"),
            post("passkey/registration-options").json("{}"),
            Mock::anonymous("POST", "/challenge/qr-code").json(qr),
            Mock::anonymous("POST", "/challenge").json("{}"),
        ];
        let mut run = Vec::new();
        for request in &requests {
            run.push(mock.answer(200, request).await.bytes);
        }
        run.push(mock.newest_message().await.to_string().into_bytes());
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
}
