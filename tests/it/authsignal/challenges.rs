//! One-time codes: sending, verifying, claiming, and the vendor's limits.

use serde_json::{Value, json};

use crate::tenant::{Tenant, assert_refusal};
use crate::wire::Request;

fn sms(rest: Value) -> Value {
    let mut body =
        json!({"verificationMethod": "SMS", "action": "signIn", "phoneNumber": "+64270000000"});
    for (member, value) in rest.as_object().unwrap() {
        body[member] = value.clone();
    }
    body
}

fn email() -> Value {
    json!({"verificationMethod": "EMAIL_OTP", "action": "signIn", "email": "a@example.com"})
}

async fn verify(tenant: &Tenant, challenge: &Value, code: &str) -> Value {
    let body = json!({"challengeId": challenge["challengeId"], "verificationCode": code});
    tenant.post("/v1/verify", body).await
}

fn failed(reason: &str) -> Value {
    json!({"isVerified": false, "failureReason": reason})
}

/// Another code of six digits.
fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn a_code_from_the_outbox_verifies_once() {
    let tenant = Tenant::new().await;
    for (body, channel, to, verified) in [
        (
            sms(json!({})),
            "sms",
            "+64270000000",
            json!({"isVerified": true, "phoneNumber": "+64270000000", "verificationMethod": "SMS"}),
        ),
        (
            sms(json!({"verificationMethod": "WHATSAPP"})),
            "whatsapp",
            "+64270000000",
            json!({"isVerified": true, "phoneNumber": "+64270000000", "verificationMethod": "WHATSAPP"}),
        ),
        (
            email(),
            "email",
            "a@example.com",
            json!({"isVerified": true, "email": "a@example.com", "verificationMethod": "EMAIL_OTP"}),
        ),
    ] {
        let challenge = tenant.post("/v1/challenge", body).await;
        // Unix seconds, which fit 32 bits.
        assert_eq!(challenge["expiresAt"], crate::world::NOW + 600);
        let request = crate::wire::Request::new("GET", "/_mock/messages?limit=1");
        let message = tenant.answer(200, &request).await.json()["messages"][0].clone();
        assert_eq!(
            (&message["channel"], &message["to"]),
            (&json!(channel), &json!(to))
        );
        let code = tenant.code().await;
        assert!(message["text"].as_str().unwrap().contains(&code));
        let wrong = verify(&tenant, &challenge, wrong(&code)).await;
        assert_eq!(wrong, failed("CODE_INVALID_OR_EXPIRED"));
        assert_eq!(verify(&tenant, &challenge, &code).await, verified);
        let again = verify(&tenant, &challenge, &code).await;
        assert_eq!(
            again,
            failed("CODE_INVALID_OR_EXPIRED"),
            "a code works once"
        );
    }
}

#[tokio::test]
async fn a_code_expires_after_ten_minutes_and_a_new_one_replaces_it() {
    let tenant = Tenant::new().await;
    let challenge = tenant.post("/v1/challenge", sms(json!({}))).await;
    let first = tenant.code().await;
    tenant.later(599);
    let again = json!({"challengeId": challenge["challengeId"]});
    let resent = tenant.post("/v1/challenge", again).await;
    assert_eq!(resent["challengeId"], challenge["challengeId"]);
    assert_eq!(resent["idempotencyKey"], challenge["idempotencyKey"]);
    assert_eq!(resent["expiresAt"], crate::world::NOW + 599 + 600);
    let second = tenant.code().await;
    assert_ne!(first, second);
    assert_eq!(
        verify(&tenant, &challenge, &first).await,
        failed("CODE_INVALID_OR_EXPIRED")
    );
    tenant.later(599);
    assert_eq!(
        verify(&tenant, &challenge, &second).await["isVerified"],
        true
    );

    let late = tenant.post("/v1/challenge", sms(json!({}))).await;
    let code = tenant.code().await;
    tenant.later(600);
    assert_eq!(
        verify(&tenant, &late, &code).await,
        failed("CODE_INVALID_OR_EXPIRED")
    );
}

#[tokio::test]
async fn a_challenge_is_sent_again_as_it_is_and_never_as_another() {
    let tenant = Tenant::new().await;
    let first = json!({"verificationMethod": "EMAIL_OTP", "email": "zoe@example.com", "action": "pay", "userId": "zoe", "idempotencyKey": "k"});
    let challenge = tenant.post("/v1/challenge", first.clone()).await;
    let id = challenge["challengeId"].clone();
    let with = |members: Value| {
        let mut body = json!({"challengeId": id});
        let members = members.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(members);
        body
    };
    for (members, cause) in [
        (
            json!({"verificationMethod": "SMS", "phoneNumber": "+15550133"}),
            "another verificationMethod",
        ),
        (json!({"phoneNumber": "+15550133"}), "another address"),
        (json!({"email": "other@example.com"}), "another address"),
        (json!({"action": "signIn"}), "another action"),
        (json!({"userId": "ada"}), "another userId"),
        (json!({"idempotencyKey": "l"}), "another idempotencyKey"),
    ] {
        let body = with(members).to_string();
        let request = Tenant::request("POST", "/v1/challenge").json(body);
        let answer = tenant.answer(400, &request).await;
        assert_refusal(&answer, "invalid_request", cause);
        assert_refusal(
            &answer,
            "invalid_request",
            "is for EMAIL_OTP and the action pay",
        );
        assert!(!answer.text().contains("@example.com"), "no address");
    }
    let resent = tenant.post("/v1/challenge", with(first)).await;
    assert_eq!(resent["challengeId"], id);
    let messages = tenant
        .answer(200, &Request::new("GET", "/_mock/messages"))
        .await
        .json();
    assert_eq!(messages["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn ten_wrong_codes_close_a_challenge() {
    let tenant = Tenant::new().await;
    let challenge = tenant.post("/v1/challenge", sms(json!({}))).await;
    let code = tenant.code().await;
    for _ in 0..10 {
        let answer = verify(&tenant, &challenge, wrong(&code)).await;
        assert_eq!(answer, failed("CODE_INVALID_OR_EXPIRED"));
    }
    for code in [wrong(&code), code.as_str()] {
        assert_eq!(
            verify(&tenant, &challenge, code).await,
            failed("MAX_ATTEMPTS_EXCEEDED")
        );
    }
}

#[tokio::test]
async fn a_claimed_challenge_proves_its_action_for_the_user() {
    let tenant = Tenant::new().await;
    let challenge = tenant
        .post("/v1/challenge", sms(json!({"idempotencyKey": "k"})))
        .await;
    assert_eq!(challenge["idempotencyKey"], "k");
    let id = challenge["challengeId"].as_str().unwrap();
    let claim = json!({"challengeId": id, "userId": "u1"});
    tenant
        .refused_body("POST", "/v1/claim", claim.clone(), "is not verified")
        .await;
    verify(&tenant, &challenge, &tenant.code().await).await;
    let claimed = tenant.post("/v1/claim", claim).await;
    assert_eq!(claimed["verificationMethod"], "SMS");
    let validated = tenant.validate(&claimed["token"]).await;
    assert_eq!(
        (
            &validated["isValid"],
            &validated["userId"],
            &validated["action"],
            &validated["idempotencyKey"],
            &validated["verificationMethod"]
        ),
        (
            &json!(true),
            &json!("u1"),
            &json!("signIn"),
            &json!("k"),
            &json!("SMS")
        )
    );
    // It is this user's now.
    tenant
        .refused_body(
            "POST",
            "/v1/claim",
            json!({"challengeId": id, "userId": "u2"}),
            "another user",
        )
        .await;
    let track = Tenant::request("POST", "/v1/users/u2/actions/signIn");
    let track = track.json(json!({"challengeId": id}).to_string());
    tenant
        .refused(&track, 401, "challenge_already_claimed", "another user")
        .await;
    // And passes the challenge of an action that is tracked with it.
    tenant.enroll("u1").await;
    let named = json!({"challengeId": id});
    let tracked = tenant.track("u1", "signIn", named.clone()).await;
    assert_eq!(tracked["state"], "CHALLENGE_SUCCEEDED");
    // Not that of another action.
    let started = "was started for the action signIn";
    tenant
        .refused_body("POST", "/v1/users/u1/actions/pay", named, started)
        .await;
    let found = tenant.get("/v1/challenges?userId=u1").await;
    assert_eq!(found["challengeId"], id);
}

/// The vendor's kiosk demo takes this status for "already claimed or expired".
#[tokio::test]
async fn an_action_is_not_tracked_with_a_challenge_that_ran_out() {
    let tenant = Tenant::new().await;
    let challenge = tenant.post("/v1/challenge", sms(json!({}))).await;
    let named = json!({"challengeId": challenge["challengeId"]});
    let track = |user: &str| {
        let request = Tenant::request("POST", &format!("/v1/users/{user}/actions/signIn"));
        request.json(named.to_string())
    };
    tenant.answer(200, &track("u1")).await;
    tenant.later(599);
    tenant.answer(200, &track("u1")).await;
    tenant.later(1);
    // Neither for the user who has claimed it before, nor for anybody where nobody has.
    let (status, code, why) = (401, "challenge_expired", "start a new one");
    tenant.refused(&track("u1"), status, code, why).await;
    let challenge = tenant.post("/v1/challenge", sms(json!({}))).await;
    tenant.later(600);
    let named = json!({"challengeId": challenge["challengeId"]});
    let request = Tenant::request("POST", "/v1/users/u1/actions/signIn");
    let request = request.json(named.to_string());
    tenant.refused(&request, status, code, why).await;
    let unknown = json!({"challengeId": "00000000-0000-4000-8000-00000000ffff"});
    tenant
        .refused_body("POST", "/v1/users/u1/actions/signIn", unknown, "challenge")
        .await;
}

#[tokio::test]
async fn a_challenge_that_is_not_verified_can_be_claimed_and_proves_nothing() {
    let tenant = Tenant::new().await;
    let challenge = tenant.post("/v1/challenge", sms(json!({}))).await;
    let claim = json!({"challengeId": challenge["challengeId"], "userId": "u1", "skipVerificationCheck": true});
    let claimed = tenant.post("/v1/claim", claim).await;
    let validated = tenant.validate(&claimed["token"]).await;
    assert_eq!(
        (&validated["isValid"], &validated["state"]),
        (&json!(false), &json!("CHALLENGE_REQUIRED"))
    );
}

#[tokio::test]
async fn a_code_does_not_unblock_an_action_or_end_its_review() {
    let tenant = Tenant::new().await;
    for (outcome, state) in [("BLOCK", "BLOCK"), ("REVIEW", "REVIEW_REQUIRED")] {
        tenant.configure(json!({"defaultOutcome": "ALLOW"})).await;
        let of = |key: &str| sms(json!({"userId": "u1", "idempotencyKey": key}));
        let refused = async |target: &str, body: Value| {
            tenant.refused_body("POST", target, body, state).await;
        };
        // What was started before the decision ends with it: one whose code came, and one whose code did not.
        let (late, early) = (format!("{outcome} late"), format!("{outcome} early"));
        for (key, comes_first) in [(&late, false), (&early, true)] {
            let track = json!({"idempotencyKey": key});
            let token = tenant.track("u1", "signIn", track).await["token"].clone();
            let challenge = tenant.post("/v1/challenge", of(key)).await;
            let code = tenant.code().await;
            if comes_first {
                verify(&tenant, &challenge, &code).await;
            }
            let action = format!("/v1/users/u1/actions/signIn/{}", key.replace(' ', "%20"));
            tenant.patch(&action, json!({"state": state})).await;
            let id = &challenge["challengeId"];
            let code = json!({"challengeId": id, "verificationCode": code});
            refused("/v1/verify", code).await;
            refused("/v1/challenge", json!({"challengeId": id})).await;
            let claim = json!({
                "challengeId": id, "userId": "u1", "skipVerificationCheck": !comes_first,
            });
            refused("/v1/claim", claim).await;
            assert_eq!(tenant.state(&token).await, state);
        }
        // And nothing starts after it.
        tenant.configure(json!({"defaultOutcome": outcome})).await;
        tenant
            .track("u1", "signIn", json!({"idempotencyKey": outcome}))
            .await;
        let sent = tenant.server.messages().len();
        refused("/v1/challenge", of(outcome)).await;
        assert_eq!(tenant.server.messages().len(), sent, "no code was sent");
        // A claim without a track is decided then, and its action stays as it was decided.
        let anybody = tenant.post("/v1/challenge", sms(json!({}))).await;
        verify(&tenant, &anybody, &tenant.code().await).await;
        let claim = json!({"challengeId": anybody["challengeId"], "userId": "u1"});
        let claim = Tenant::request("POST", "/v1/claim").json(claim.to_string());
        let told = tenant.answer(400, &claim).await.text();
        assert!(told.contains(state), "{told}");
    }
    tenant.configure(json!({"defaultOutcome": "ALLOW"})).await;
    let allowed = sms(json!({"userId": "u1", "idempotencyKey": "allowed"}));
    let allowed = tenant.post("/v1/challenge", allowed).await;
    verify(&tenant, &allowed, &tenant.code().await).await;
    let claim = json!({"challengeId": allowed["challengeId"], "userId": "u1"});
    let claimed = tenant.post("/v1/claim", claim).await;
    assert_eq!(tenant.state(&claimed["token"]).await, "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn every_filter_finds_challenges_newest_first() {
    let tenant = Tenant::new().await;
    let a = tenant
        .post("/v1/challenge", sms(json!({"userId": "u1"})))
        .await;
    let b = tenant
        .post(
            "/v1/challenge",
            sms(json!({"userId": "u1", "action": "pay"})),
        )
        .await;
    let c = tenant.post("/v1/challenge", email()).await;
    for (query, found) in [
        ("", Some(&c)),
        ("userId=u1", Some(&b)),
        ("userId=u1&action=signIn", Some(&a)),
        ("verificationMethod=EMAIL_OTP", Some(&c)),
        ("verificationMethod=EMAIL_OTP&userId=u1", None),
        ("verificationMethod=VERIFF", None),
        ("challengeId=none", None),
    ] {
        let answer = tenant.get(&format!("/v1/challenges?{query}")).await;
        match found {
            Some(found) => {
                assert_eq!(answer["challengeId"], found["challengeId"], "{query}");
                assert_eq!(answer["expiresAt"], found["expiresAt"], "{query}");
            }
            None => assert_eq!(answer, json!({}), "{query}"),
        }
    }
    let id = a["challengeId"].as_str().unwrap();
    let answer = tenant
        .get(&format!("/v1/challenges?challengeId={id}"))
        .await;
    assert_eq!(answer["phoneNumber"], "+64270000000");
}

#[tokio::test]
async fn a_scope_lets_a_verified_code_enrol_or_update_an_authenticator_of_the_user() {
    const ADD: &str = "add:authenticators";
    const UPDATE: &str = "update:authenticators";
    let tenant = Tenant::new().await;
    let both = format!("{ADD} {UPDATE}");
    let prove = async |more: Value| {
        let challenge = tenant.post("/v1/challenge", sms(more)).await;
        let code = tenant.code().await;
        verify(&tenant, &challenge, wrong(&code)).await;
        let before = tenant.authenticators("u1").await;
        verify(&tenant, &challenge, &code).await;
        let all = tenant.authenticators("u1").await;
        let claim = json!({"challengeId": challenge["challengeId"], "userId": "u1"});
        tenant.post("/v1/claim", claim).await;
        (before, all, tenant.authenticators("u1").await)
    };
    // Without a scope or without a user, a challenge proves an action alone. So does an update of what is not there.
    for more in [
        json!({"userId": "u1"}),
        json!({"scope": ADD}),
        json!({"userId": "u1", "scope": UPDATE}),
        json!({"userId": "u1", "scope": "read:authenticators"}),
    ] {
        let (_, all, claimed) = prove(more).await;
        assert_eq!((all, claimed), (json!([]), json!([])));
    }
    let (before, all, claimed) = prove(json!({"userId": "u1", "scope": both})).await;
    assert_eq!(before, json!([]));
    assert_eq!(all[0]["verificationMethod"], "SMS");
    assert_eq!(all[0]["phoneNumber"], "+64270000000");
    assert_eq!(
        claimed[0]["userAuthenticatorId"],
        all[0]["userAuthenticatorId"]
    );
    let user = tenant.get("/v1/users/u1").await;
    assert_eq!(user["phoneNumber"], "+64270000000");
    assert_eq!(user["phoneNumberVerified"], true);

    let id = all[0]["userAuthenticatorId"].clone();
    for (scope, number, stays) in [
        (UPDATE, "+64270000001", true),
        (&both, "+64270000002", true),
        (ADD, "+64270000003", false),
    ] {
        let more = json!({"userId": "u1", "scope": scope, "phoneNumber": number});
        let (before, all, claimed) = prove(more).await;
        assert_ne!(before[0]["phoneNumber"], number);
        for all in [all, claimed] {
            assert_eq!(all.as_array().unwrap().len(), 1);
            assert_eq!(all[0]["phoneNumber"], number);
            assert_eq!(all[0]["userAuthenticatorId"] == id, stays, "{scope}");
        }
    }
    // The next code goes there.
    let more = json!({"userId": "u1", "scope": UPDATE, "phoneNumber": "+64270000004"});
    prove(more).await;
    let action = json!({"idempotencyKey": "next"});
    let token = tenant.track("u1", "signIn", action).await["token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let challenge = Request::new("POST", "/v1/client/challenge/sms").json("{}");
    let challenge = challenge.header("Authorization", &bearer);
    tenant.answer(200, &challenge).await;
    assert_eq!(tenant.newest_message().await["to"], "+64270000004");
}

#[tokio::test]
async fn a_found_challenge_names_a_method_once_it_is_passed() {
    let tenant = Tenant::new().await;
    let challenge = tenant.post("/v1/challenge", sms(json!({}))).await;
    let id = challenge["challengeId"].as_str().unwrap();
    let query = format!("/v1/challenges?challengeId={id}");
    let method = async || {
        let found = tenant.get(&query).await;
        assert_eq!(found["challengeId"], id);
        found.get("verificationMethod").cloned()
    };
    assert_eq!(method().await, None);
    let code = tenant.code().await;
    verify(&tenant, &challenge, wrong(&code)).await;
    assert_eq!(method().await, None);
    // A claim without a check proves nothing.
    let claim = json!({"challengeId": id, "userId": "u1", "skipVerificationCheck": true});
    tenant.post("/v1/claim", claim).await;
    assert_eq!(method().await, None);
    verify(&tenant, &challenge, &code).await;
    assert_eq!(method().await, Some(json!("SMS")));
    tenant
        .post("/v1/challenge", json!({"challengeId": id}))
        .await;
    assert_eq!(method().await, None, "the new code has not come yet");
}

#[tokio::test]
async fn a_new_challenge_names_the_member_that_is_missing() {
    let tenant = Tenant::new().await;
    for (body, cause) in [
        (json!({}), "verificationMethod"),
        (json!({"verificationMethod": "SMS"}), "action"),
        (
            json!({"verificationMethod": "SMS", "action": "a"}),
            "phoneNumber",
        ),
        (
            json!({"verificationMethod": "WHATSAPP", "action": "a", "email": "x"}),
            "phoneNumber",
        ),
        (
            json!({"verificationMethod": "EMAIL_OTP", "action": "a", "phoneNumber": "+15550100"}),
            "email",
        ),
        (
            json!({"verificationMethod": "EMAIL_OTP", "action": "a", "email": ""}),
            "email",
        ),
        (
            json!({"verificationMethod": "PASSKEY", "action": "a"}),
            "/verificationMethod",
        ),
        (
            json!({"verificationMethod": "SMS", "action": "a b", "phoneNumber": "+15550100"}),
            "/action",
        ),
        (
            json!({"verificationMethod": "SMS", "action": "a", "phoneNumber": 1}),
            "/phoneNumber",
        ),
    ] {
        tenant
            .refused_body("POST", "/v1/challenge", body, cause)
            .await;
    }
    assert!(tenant.server.messages().is_empty());
}

/// The seconds that a refused request is told to wait.
async fn wait(tenant: &Tenant, request: &Request) -> String {
    let limited = tenant.answer(429, request).await;
    limited.header("retry-after").unwrap().to_owned()
}

#[tokio::test]
async fn the_sending_limits_are_exact_when_they_are_on() {
    let tenant = Tenant::of(|builder| builder.code_limits(true)).await;
    for (body, limit) in [(sms(json!({})), 6), (email(), 12)] {
        let send = || Tenant::request("POST", "/v1/challenge").json(body.to_string());
        let first = tenant.answer(200, &send()).await.json();
        for _ in 1..limit {
            tenant.later(1);
            tenant.answer(200, &send()).await;
        }
        let again = json!({"challengeId": first["challengeId"]}).to_string();
        let again = Tenant::request("POST", "/v1/challenge").json(again);
        for request in [send(), again] {
            tenant
                .refused(&request, 429, "too_many_requests", "within 10 minutes")
                .await;
        }
        // The window slides: the first leaves it ten minutes after it was sent, and makes room for one.
        assert_eq!(wait(&tenant, &send()).await, (601 - limit).to_string());
        tenant.later(600 - limit);
        tenant
            .refused(&send(), 429, "too_many_requests", "codes")
            .await;
        assert_eq!(wait(&tenant, &send()).await, "1");
        tenant.later(1);
        tenant.answer(200, &send()).await;
        tenant
            .refused(&send(), 429, "too_many_requests", "codes")
            .await;
    }
    // Others are not concerned.
    let other = sms(json!({"phoneNumber": "+64270000001"}));
    tenant.post("/v1/challenge", other).await;
}

#[tokio::test]
async fn the_verification_limit_spans_challenges_when_it_is_on() {
    let tenant = Tenant::of(|builder| builder.code_limits(true)).await;
    let first = tenant.post("/v1/challenge", sms(json!({}))).await;
    let code = tenant.code().await;
    for _ in 0..9 {
        verify(&tenant, &first, wrong(&code)).await;
    }
    let second = tenant.post("/v1/challenge", sms(json!({}))).await;
    let code = tenant.code().await;
    assert_eq!(
        verify(&tenant, &second, wrong(&code)).await,
        failed("CODE_INVALID_OR_EXPIRED")
    );
    // The eleventh within five minutes, and the right code.
    assert_eq!(
        verify(&tenant, &second, &code).await,
        failed("MAX_ATTEMPTS_EXCEEDED")
    );
    tenant.later(299);
    assert_eq!(
        verify(&tenant, &second, &code).await,
        failed("MAX_ATTEMPTS_EXCEEDED")
    );
    tenant.later(1);
    assert_eq!(verify(&tenant, &second, &code).await["isVerified"], true);
}

#[tokio::test]
async fn limits_are_off_by_default() {
    let tenant = Tenant::new().await;
    for _ in 0..30 {
        let challenge = tenant.post("/v1/challenge", sms(json!({}))).await;
        let code = tenant.code().await;
        assert_eq!(verify(&tenant, &challenge, &code).await["isVerified"], true);
    }
}
