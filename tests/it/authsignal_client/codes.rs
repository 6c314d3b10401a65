//! Codes by email, SMS and WhatsApp: enrolment, challenge, verification.

use serde_json::{Value, json};

use super::links::open;
use super::{REQUIRED, SUCCEEDED, failed, wrong};
use crate::tenant::Tenant;
use crate::world::{API_SECRET, TENANT};

#[tokio::test]
async fn an_address_belongs_to_the_user_once_its_code_is_verified() {
    let tenant = Tenant::new().await;
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
        let page = tenant.page(name).await;
        let enrolled = page
            .post(&format!("/user-authenticators/{name}"), body)
            .await;
        assert_eq!(enrolled["userId"], name);
        assert_eq!(tenant.newest_message().await["to"], to);
        assert_eq!(
            tenant.authenticators(name).await,
            json!([]),
            "pending ones are not listed"
        );
        assert_eq!(
            tenant
                .call("GET", &format!("/v1/users/{name}"), Value::Null)
                .await["isEnrolled"],
            false
        );

        let (verify, code) = (format!("/verify/{name}"), tenant.code().await);
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
        assert_eq!(tenant.authenticators(name).await[0][member], to);

        let proof = tenant.validate(&verified["accessToken"]).await;
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
async fn a_challenge_is_passed_by_its_code_and_shows_the_method() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    for (name, method, channel) in [("sms", "SMS", "sms"), ("whatsapp", "WHATSAPP", "whatsapp")] {
        let page = tenant.page("ada").await;
        assert_eq!(page.state().await, REQUIRED);
        let challenge = page.post_nothing(&format!("/challenge/{name}")).await;
        assert!(challenge["challengeId"].is_string());
        assert_eq!(tenant.newest_message().await["channel"], channel);
        let verified = page
            .verify(&format!("/verify/{name}"), &tenant.code().await)
            .await;
        assert_eq!(
            verified.get("userAuthenticator"),
            None,
            "nothing was enrolled"
        );
        let proof = tenant.validate(&verified["accessToken"]).await;
        assert_eq!(proof["verificationMethod"], method);
        let listed = tenant.authenticators("ada").await;
        assert!(listed[0]["lastVerifiedAt"].is_string());
    }
}

#[tokio::test]
async fn a_new_code_replaces_the_one_before() {
    let tenant = Tenant::new().await;
    tenant
        .enroll_with(
            "ada",
            json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"}),
        )
        .await;
    let page = tenant.page("ada").await;
    let first = page.post_nothing("/challenge/email-otp").await;
    let old = tenant.code().await;
    let second = page.post("/challenge/email-otp", json!({})).await;
    assert_eq!(first, second, "one challenge while it is open");
    let new = tenant.code().await;
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
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    let page = tenant
        .page_with("ada", json!({"idempotencyKey": "k"}))
        .await;
    page.post_nothing("/challenge/sms").await;
    let code = tenant.code().await;
    tenant.later(600);
    // The token has as short a life.
    let page = tenant
        .page_with("ada", json!({"idempotencyKey": "k"}))
        .await;
    assert_eq!(
        page.verify("/verify/sms", &code).await,
        failed("CODE_INVALID_OR_EXPIRED")
    );
    assert_eq!(page.state().await, REQUIRED);
}

#[tokio::test]
async fn a_code_is_valid_only_for_the_action_and_user_it_was_sent_for() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    tenant.enroll("eve").await;
    let (ada, other, eve) = (
        tenant.page("ada").await,
        tenant.page("ada").await,
        tenant.page("eve").await,
    );
    ada.post_nothing("/challenge/sms").await;
    let body = json!({"verificationCode": tenant.code().await});
    for page in [&other, &eve] {
        let cause = "no code was sent by";
        page.refused(400, "invalid_request", cause, "/verify/sms", body.clone())
            .await;
        assert_eq!(page.state().await, REQUIRED);
    }
    assert_eq!(ada.post("/verify/sms", body).await["isVerified"], true);
}

#[tokio::test]
async fn no_code_is_sent_for_an_action_that_is_blocked() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    let request = crate::wire::Request::new("POST", "/_mock/authsignal")
        .json(json!({"defaultUserActionResult": "BLOCK"}).to_string());
    tenant.send(&request).await;
    let tracked = tenant
        .track("ada", "signIn", json!({"idempotencyKey": "k"}))
        .await;
    let target = "/v1/users/ada/actions/signIn/k";
    tenant
        .call("PATCH", target, json!({"state": "BLOCK"}))
        .await;
    let page = tenant.with_token(&tracked["token"]);
    page.refused(400, "invalid_request", "BLOCK", "/challenge/sms", json!({}))
        .await;
    assert!(tenant.server.messages().is_empty());
}

#[tokio::test]
async fn sending_and_verifying_have_the_documented_limits() {
    let tenant = Tenant::of(|builder| builder.code_limits(true)).await;
    tenant.enroll("ada").await;
    let page = tenant.page("ada").await;
    for _ in 0..6 {
        page.post_nothing("/challenge/sms").await;
    }
    let cause = "6 codes were sent to this address";
    page.refused(429, "too_many_requests", cause, "/challenge/sms", json!({}))
        .await;
    let code = tenant.code().await;
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
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    let page = tenant.page("ada").await;
    let challenge = page.post_nothing("/challenge/sms").await;
    let target = format!(
        "/v1/challenges?challengeId={}",
        challenge["challengeId"].as_str().unwrap()
    );
    let found = tenant.call("GET", &target, Value::Null).await;
    assert_eq!(found["phoneNumber"], "+64270000000");
    assert_eq!(found["action"], "signIn");
}

#[tokio::test]
async fn a_code_cannot_be_sent_without_an_authenticator() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
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
async fn sms_and_whatsapp_accept_each_others_codes() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    page.post(
        "/user-authenticators/sms",
        json!({"phoneNumber": "+64270000000"}),
    )
    .await;
    let verified = page.verify("/verify/whatsapp", &tenant.code().await).await;
    assert_eq!(verified["userAuthenticator"]["verificationMethod"], "SMS");

    let page = tenant.page("ada").await;
    page.post("/challenge/sms", json!({"smsChannel": "WHATSAPP"}))
        .await;
    assert_eq!(tenant.newest_message().await["channel"], "whatsapp");
    let verified = page.verify("/verify/sms", &tenant.code().await).await;
    let proof = tenant.validate(&verified["accessToken"]).await;
    assert_eq!(proof["verificationMethod"], "WHATSAPP");
}

#[tokio::test]
async fn the_same_calls_give_the_same_bytes() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let tenant = Tenant::new().await;
        let page = tenant.page("ada").await;
        let email = json!({"email": "ada@example.com"}).to_string();
        let qr = json!({"action": "signIn"}).to_string();
        let post = |target: &str| page.request("POST", &format!("/user-authenticators/{target}"));
        let requests = [
            post("email-otp").json(email.as_str()),
            post("email-magic-link").json(email.as_str()),
            post("totp"),
            post("passkey/registration-options").json("{}"),
            Tenant::anonymous("POST", "/challenge/qr-code").json(qr),
            Tenant::anonymous("POST", "/challenge").json("{}"),
        ];
        let mut run = Vec::new();
        for request in &requests {
            run.push(tenant.answer(200, request).await.bytes);
        }
        run.push(tenant.newest_message().await.to_string().into_bytes());
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
}

/// What the application names of a user whose first sign-in this is: to send, verify and see.
const NAMED: [(&str, &str, &str, &str); 4] = [
    ("email-otp", "EMAIL_OTP", "email", "ada@example.com"),
    (
        "email-magic-link",
        "EMAIL_MAGIC_LINK",
        "email",
        "ada@example.com",
    ),
    ("sms", "SMS", "phoneNumber", "+64270000000"),
    ("whatsapp", "WHATSAPP", "phoneNumber", "+64270000000"),
];

#[tokio::test]
async fn an_address_that_track_names_is_challenged_and_then_verified() {
    let tenant = Tenant::new().await;
    for (name, method, member, to) in NAMED {
        let page = tenant.page_with(name, json!({member: to})).await;
        let sent = page.post_nothing(&format!("/challenge/{name}")).await;
        let again = page.post_nothing(&format!("/challenge/{name}")).await;
        assert_eq!(sent, again, "one challenge while it is open");
        let message = tenant.newest_message().await;
        assert_eq!(message["to"], to);
        assert_eq!(tenant.authenticators(name).await, json!([]), "not proved");
        let verified = if let Some(url) = message["url"].as_str() {
            open(&tenant, url).await;
            page.post("/verify/email-magic-link/finalize", json!({}))
                .await
        } else {
            page.verify(&format!("/verify/{name}"), &tenant.code().await)
                .await
        };
        assert_eq!(verified["isVerified"], true);
        assert_eq!(page.state().await, SUCCEEDED);
        let proof = tenant.validate(&verified["accessToken"]).await;
        assert_eq!(
            (&proof["isValid"], &proof["verificationMethod"]),
            (&json!(true), &json!(method))
        );
        let own = &tenant.authenticators(name).await[0];
        assert_eq!(
            (&own["verificationMethod"], &own[member]),
            (&json!(method), &json!(to))
        );
        assert!(own["verifiedAt"].is_string(), "{own}");
        let user = tenant.get(&format!("/v1/users/{name}")).await;
        let flag = format!("{member}Verified");
        assert_eq!((&user[member], &user[&flag]), (&json!(to), &json!(true)));
        assert_eq!(user["isEnrolled"], true);
    }
}

#[tokio::test]
async fn an_attribute_of_the_user_is_challenged_too() {
    let tenant = Tenant::new().await;
    for (name, _, member, to) in NAMED {
        let user = format!("/v1/users/{name}");
        tenant.patch(&user, json!({member: to})).await;
        let page = tenant.page(name).await;
        page.post_nothing(&format!("/challenge/{name}")).await;
        assert_eq!(tenant.newest_message().await["to"], to);
    }
    // A token of no action will do.
    let created = tenant
        .post("/v1/token", json!({"userId": "email-otp"}))
        .await;
    let page = tenant.with_token(&created["accessToken"]);
    page.post_nothing("/challenge/email-otp").await;
    let verified = page.verify("/verify/email-otp", &tenant.code().await).await;
    assert_eq!(verified["isVerified"], true);
}

#[tokio::test]
async fn only_enrolled_addresses_are_challenged_where_the_setting_says_so() {
    let by_flag = Tenant::of(|builder| builder.challenge_enrolled_only(true)).await;
    let seed = json!({"tenants": [{"authsignal": {
        "id": TENANT, "secret": API_SECRET, "challengeEnrolledOnly": true,
    }}]});
    let by_seed = Tenant::of(|builder| builder.seed_value(seed).unwrap()).await;
    let by_control = Tenant::new().await;
    by_control
        .configure(json!({"challengeEnrolledOnly": true}))
        .await;
    for tenant in [by_flag, by_seed, by_control] {
        for (name, _, member, to) in NAMED {
            let page = tenant.page_with("ada", json!({member: to})).await;
            let (cause, target) = ("enrol one first", format!("/challenge/{name}"));
            page.refused(400, "invalid_request", cause, &target, json!({}))
                .await;
        }
        tenant
            .configure(json!({"challengeEnrolledOnly": false}))
            .await;
        let page = tenant.page("ada").await;
        page.post_nothing("/challenge/sms").await;
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_by_its_fault() {
    let tenant = Tenant::new().await;
    for (name, _, member, to) in NAMED {
        // As live suites do, track and the user may have any text.
        let (bad, fault) = if member == "email" {
            ("ada", "email has no @")
        } else {
            ("0270000000", "phoneNumber does not start with +")
        };
        let page = tenant.page_with(name, json!({member: bad})).await;
        let target = format!("/challenge/{name}");
        page.refused(400, "invalid_request", fault, &target, json!({}))
            .await;
        if name != "whatsapp" {
            let target = format!("/user-authenticators/{name}");
            page.refused(400, "invalid_request", fault, &target, json!({member: bad}))
                .await;
            page.refused(400, "invalid_request", to, &target, json!({member: bad}))
                .await;
        }
    }
    assert!(tenant.server.messages().is_empty());
}
